// The engine's worker over an engine that is played: what a page hears when the engine itself throws.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { stage } from './support.mjs';

/** @type {Awaited<ReturnType<typeof stage>>} */
let world;
before(async () => (world = await stage()));
after(() => world.close());

/** Takes the engine's place; every command commits an event. It throws what `throws` makes of the request, if anything. */
const ENGINE = `
export default async () => {};
export const keepIn = async () => {};
const events = [];
let isBusy = false;
let readings = 0;
export class Engine {
  ask(json) {
    if (isBusy) throw new Error('recursive use of an object detected');
    const { ask, query, command } = JSON.parse(json);
    if (ask === 'query' && query.query === 'events') readings += 1;
    const error = THROWS({ ask, query: query?.query, command: command?.command, readings });
    if (error) {
      isBusy = Boolean(error.isBusy);
      throw error;
    }
    if (ask === 'execute') return JSON.stringify(events.push({ sequence: events.length + 1 }));
    if (query.query === 'status') return JSON.stringify({ events: events.length });
    if (query.query === 'settings') return JSON.stringify({ language: 'en' });
    return JSON.stringify(events.filter(({ sequence }) => sequence > query.page.after));
  }
  download() {
    throw new RangeError('no memory for so many bytes');
  }
}`;

/** A page with a site over that engine. @param {(request: any) => any} throws @param {(site: any) => Promise<any>} f */
async function on(throws, f) {
  const page = await world.context.newPage();
  const body = ENGINE.replace('THROWS', `(${throws})`);
  await page.route('**/pkg/storagerent_wasm.js', (route) => route.fulfill({ contentType: 'text/javascript', body }));
  await page.goto(`${world.url}/test/bare.html`);
  const told = await page.evaluate(`(async () => {
    const { open } = await import('/engine/engine.js');
    globalThis.attempt = (promise) => promise.then((answer) => answer, (error) => error.code ?? String(error));
    globalThis.said = [];
    console.error = (...words) => said.push(words.join(' '));
    const site = await open({ lang: 'en' });
    globalThis.broken = 0;
    site.onBroken(() => (broken += 1));
    globalThis.heard = [];
    site.subscribe((events) => heard.push(...events.map(({ sequence }) => sequence)));
    return (${f})(site);
  })()`);
  await page.close();
  return told;
}

test('a command that was carried out is answered though its events cannot be read then; they are told later', async () => {
  const told = await on(
    ({ readings, query }) => query === 'events' && readings === 1 && '{"code":"storeFailed","kind":"internal","message":{"en":"","ko":""},"hint":{"en":"","ko":""}}',
    async (site) => {
      const answer = await attempt(site.execute({ command: 'tick' }));
      for (let tries = 0; heard.length === 0 && tries < 100; tries++) await new Promise((resume) => setTimeout(resume, 50));
      await site.execute({ command: 'tick' });
      return { answer, heard, broken };
    },
  );
  assert.deepEqual(told, { answer: 1, heard: [1, 2], broken: 0 });
});

test('a command that was carried out is answered though the engine stops at its events', async () => {
  const told = await on(
    ({ query }) => query === 'events' && Object.assign(new WebAssembly.RuntimeError('unreachable'), { isBusy: true }),
    async (site) => {
      const answer = await attempt(site.execute({ command: 'tick' }));
      return { answer, then: await attempt(site.query({ query: 'status' })), broken, said };
    },
  );
  assert.deepEqual(told, { answer: 1, then: 'enginePanicked', broken: 1, said: ['RuntimeError: unreachable'] });
});

test('an error that leaves the engine as it was is of that request alone', async () => {
  const told = await on(
    ({ command }) => command === 'settle' && new TypeError('of JavaScript'),
    async (site) => {
      const told = [await attempt(site.execute({ command: 'settle' }, { caller: { customer: 'kim' } })), await attempt(site.download())];
      return [...told, await attempt(site.execute({ command: 'tick' })), broken];
    },
  );
  assert.deepEqual(told, ['commitUnknown', 'commitUnknown', 1, 0]);
});

test('an error that leaves the engine in the middle of a request stops it', async () => {
  const told = await on(
    ({ command }) => command === 'settle' && Object.assign(new RangeError('Maximum call stack size exceeded'), { isBusy: true }),
    async (site) => [await attempt(site.execute({ command: 'settle' }, { caller: { customer: 'kim' } })), broken, said],
  );
  assert.deepEqual(told, ['enginePanicked', 1, ['RangeError: Maximum call stack size exceeded']]);
});
