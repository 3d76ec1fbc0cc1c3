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
/** So long after they could not be read, events are read again. */
const RETRY_MS = 1000;
/** So many events are sent at a time. */
const EVENTS_MAX = 1000;

/** @param {string} code @param {string} kind @param {{ en: string, ko: string }} message @param {{ en: string, ko: string }} hint */
const refusal = (code, kind, message, hint) => JSON.stringify({ code, kind, message, hint, retryAfterMs: null, reservation: null });

/** @param {string} field @param {string} en @param {string} ko */
const invalid = (field, en, ko) =>
  refusal(
    'invalidValue',
    'invalid',
    { en: `${field}: ${en}`, ko: `${field}: ${ko}` },
    { en: `correct ${field} and try again`, ko: `${field} 값을 고쳐 다시 시도하세요` },
  );
const NO_FILE = invalid('upload', 'must be the bytes of a file, a Uint8Array', '파일의 바이트(Uint8Array)여야 합니다');
const NO_REQUEST = invalid('request', 'it cannot be read', '읽을 수 없습니다');

/** How far it came before the error, nobody knows. @param {unknown} error */
const brokeOff = (error) =>
  refusal(
    'commitUnknown',
    'unavailable',
    { en: `whether the change was kept is not known: ${error}`, ko: `변경이 저장되었는지 알 수 없습니다: ${error}` },
    { en: 'look before you repeat: show what it was about', ko: '반복하기 전에 먼저 현재 상태를 확인하세요' },
  );

/** What the engine said of its panic; the trap that follows says nothing. */
let lastWords = '';
const log = console.error;
console.error = (...words) => {
  lastWords = words.join(' ');
  log(...words);
};

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
  while (engine) {
    const query = { query: 'events', page: { after: sent, limit: EVENTS_MAX } };
    const events = engine.ask(JSON.stringify({ ask: 'query', query }));
    if (events === '[]') return;
    sent = JSON.parse(events).at(-1).sequence;
    postMessage({ events });
  }
}

let retry = 0;

/** Events could not be read: they are sent later, or the engine is broken. @param {unknown} error */
function sendLater(error) {
  if (isBroken(error)) return postMessage({ broke: lastWords || String(error) });
  console.warn(error);
  clearTimeout(retry);
  retry = setTimeout(() => {
    try {
      sendEvents();
    } catch (again) {
      sendLater(again);
    }
  }, RETRY_MS);
}

/**
 * Whether nothing more can be asked of the engine: it is not there, it trapped, or it was left in the middle of a request.
 *
 * @param {unknown} error
 */
function isBroken(error) {
  // It refuses in JSON text.
  if (typeof error === 'string') return false;
  if (!engine || error instanceof WebAssembly.RuntimeError) return true;
  try {
    head(engine);
    return false;
  } catch (again) {
    return typeof again !== 'string';
  }
}

/** @param {Order} order */
async function obey(order) {
  const { open: wanted, ask, download, upload, close } = order;
  if (wanted) return open(wanted);
  if (!engine) throw new Error('the engine is not open');
  if (download) return engine.download();
  if (close) {
    engine.free();
    engine = undefined;
    return null;
  }
  if ('upload' in order) {
    if (!(upload instanceof Uint8Array)) throw NO_FILE;
    engine.upload(upload);
    sent = head(engine);
    return { head: sent };
  }
  if (typeof ask !== 'string') throw NO_REQUEST;
  return engine.ask(ask);
}

/** What came of an order. @param {Order} order @returns {Promise<{ answer: unknown } | { refused: string } | { broke: string }>} */
async function outcomeOf(order) {
  lastWords = '';
  try {
    return { answer: await obey(order) };
  } catch (error) {
    if (typeof error === 'string') return { refused: error };
    return isBroken(error) ? { broke: lastWords || String(error) } : { refused: brokeOff(error) };
  }
}

/** A refusal may have committed something too: an expired hold, a rejected reservation. @param {Order} order */
const mayCommit = ({ ask }) => ask !== undefined && !/^\{"ask":"(query|books|gateway)"/.test(ask);

/** One order after the other: opening waits for the file system. */
let last = Promise.resolve();

addEventListener('message', (/** @type {MessageEvent<Order>} */ { data }) => {
  last = last.then(async () => {
    const outcome = await outcomeOf(data);
    /** @type {unknown} */
    let trouble;
    if (!('broke' in outcome) && mayCommit(data)) {
      try {
        sendEvents();
      } catch (error) {
        trouble = error;
      }
    }
    // What was done is answered, whatever became of its events.
    postMessage({ id: data.id, ...outcome });
    if (trouble !== undefined) sendLater(trouble);
  });
});
