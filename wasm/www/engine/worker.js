// The engine's worker: one engine over one file, one request after the other. Its page talks to it through engine.js.
import init, { Engine, keepIn } from '../pkg/storagerent_wasm.js';

/** @typedef {{ id: number, open?: { name: string, gateway: string, keep: boolean }, ask?: string, download?: true, upload?: Uint8Array, close?: true }} Order */

/** @type {Engine | undefined} */
let engine;
/** The sequence up to which events were sent. */
let sent = 0;

/** So long a page that was just left may still hold the files. */
const HANDOVER_MS = 3000;
const PAUSE_MS = 100;
/** So many events are sent at a time. */
const EVENTS_MAX = 1000;

/** @param {string} folder */
async function keep(folder) {
  for (const until = Date.now() + HANDOVER_MS; ; ) {
    try {
      return await keepIn(folder);
    } catch (error) {
      if (Date.now() > until || !('storage' in navigator)) throw error;
      await new Promise((resume) => setTimeout(resume, PAUSE_MS));
    }
  }
}

/** @param {{ name: string, gateway: string, keep: boolean }} wanted */
async function open({ name, gateway, keep: wantsFile }) {
  await init({ module_or_path: new URL('../pkg/storagerent_wasm_bg.wasm', import.meta.url) });
  let kept = false;
  if (wantsFile) {
    // Without such a file system, as in some private windows, the site is kept in memory.
    kept = await keep(`.storagerent-${name}`).then(() => true, (error) => (console.warn(String(error)), false));
  }
  engine = new Engine(name, gateway);
  sent = head(engine);
  return { kept, head: sent };
}

/** @param {Engine} engine */
function head(engine) {
  return JSON.parse(engine.ask('{"ask":"query","query":{"query":"status"}}')).events;
}

/** Sends what was committed since the last time. */
function sendEvents() {
  for (;;) {
    const query = { query: 'events', page: { after: sent, limit: EVENTS_MAX } };
    const events = /** @type {Engine} */ (engine).ask(JSON.stringify({ ask: 'query', query }));
    if (events === '[]') return;
    sent = JSON.parse(events).at(-1).sequence;
    postMessage({ events });
  }
}

/** @param {Order} order */
async function obey({ open: wanted, ask, download, upload, close }) {
  if (wanted) return open(wanted);
  if (!engine) throw new Error('the engine is not open');
  if (download) return engine.download();
  if (close) {
    engine.free();
    engine = undefined;
    return null;
  }
  if (upload) {
    engine.upload(upload);
    sent = head(engine);
    return { head: sent };
  }
  try {
    return engine.ask(/** @type {string} */ (ask));
  } finally {
    // A refusal may have committed something too: an expired hold, a rejected reservation.
    if (!/^\{"ask":"(query|books|gateway)"/.test(/** @type {string} */ (ask))) sendEvents();
  }
}

/** One order after the other: opening waits for the file system. */
let last = Promise.resolve();

addEventListener('message', (/** @type {MessageEvent<Order>} */ { data }) => {
  last = last.then(async () => {
    try {
      const answer = await obey(data);
      postMessage({ id: data.id, answer });
    } catch (error) {
      // The engine refuses in JSON text; anything else is the engine itself breaking.
      postMessage(typeof error === 'string' ? { id: data.id, refused: error } : { id: data.id, broke: String(error) });
    }
  });
});
