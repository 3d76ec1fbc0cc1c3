// The site of engine.js without a browser and without an engine: what answers it is played here.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';

const { open, Site } = await import(join(import.meta.dirname, '../../wasm/www/engine/engine.js'));
const sleep = (/** @type {number} */ ms) => new Promise((resume) => setTimeout(resume, ms));

/** A worker that is played: what is asked of it, `answer` answers. @param {(request: any) => any} answer */
function port(answer) {
  /** @type {(json: string) => void} */ let publish = () => {};
  let breaks = () => {};
  return {
    order: async (/** @type {any} */ order) => (order.ask ? JSON.stringify(await answer(JSON.parse(order.ask))) : null),
    onEvents: (/** @type {typeof publish} */ fn) => (publish = fn),
    onBroken: (/** @type {() => void} */ fn) => (breaks = fn),
    end() {},
    publish: (/** @type {object[]} */ events) => publish(JSON.stringify(events)),
    breaks: () => breaks(),
  };
}

const event = (/** @type {number} */ sequence) => ({ sequence });

/** A log whose first so many readings fail. @param {number} failures */
function log(failures) {
  const events = [1, 2, 3].map(event);
  const played = port(({ query: { page } }) => {
    reads += 1;
    if (reads <= failures) throw new Error('away for a moment');
    return events.filter(({ sequence }) => sequence > page.after);
  });
  let reads = 0;
  const commit = () => {
    events.push(event(events.length + 1));
    played.publish(events.slice(-1));
  };
  return { played, commit, reads: () => reads };
}

test('who listens hears every event once, though the first readings of the log failed', async (t) => {
  t.mock.method(console, 'error', () => {});
  const { played, commit } = log(2);
  const site = new Site(played, { head: 3, gateway: {} });
  t.after(() => site.close());
  const heard = /** @type {number[]} */ ([]);
  site.subscribe((/** @type {any[]} */ events) => heard.push(...events.map(({ sequence }) => sequence)), { after: 0 });
  await sleep(0);
  commit();
  for (let tries = 0; heard.length < 4 && tries < 100; tries++) await sleep(20);
  commit();
  assert.deepEqual(heard, [1, 2, 3, 4, 5]);
});

test('the log is not read again for who does not listen any more, nor once the engine has stopped or the site is closed', async (t) => {
  t.mock.method(console, 'error', () => {});
  const ends = {
    unsubscribed: (/** @type {any} */ _site, /** @type {any} */ _played, /** @type {() => void} */ stop) => stop(),
    stopped: (/** @type {any} */ _site, /** @type {any} */ played) => played.breaks(),
    closed: (/** @type {any} */ site) => site.close(),
  };
  for (const [how, end] of Object.entries(ends)) {
    const { played, reads } = log(Infinity);
    const site = new Site(played, { head: 3, gateway: {} });
    const stop = site.subscribe(() => {}, { after: 0 });
    await sleep(0);
    await end(site, played, stop);
    if (how !== 'unsubscribed') site.subscribe(() => {}, { after: 0 });
    await sleep(300);
    assert.equal(reads(), 1, how);
  }
});

/** What is told of a charge by a payment service that does so. @param {(charge: any, options: any) => any} charge */
async function charged(charge) {
  const task = { kind: 'charge', key: 'k', price: 1, currency: 'KRW' };
  let outcome = /** @type {any} */ (null);
  const played = port((request) => {
    if (request.ask === 'beginReserve') return { effect: { effectId: 1, task, deadlineSeconds: 0.05 } };
    outcome = request.outcome;
    return { reservation: {} };
  });
  await new Site(played, { gateway: { name: 'acme', charge } }).execute({ command: 'reserve', storageId: 1 });
  await sleep(100);
  return outcome;
}

test('a payment service that throws at once, rejects or is late leaves no rejection behind that nobody handles', async (t) => {
  const unhandled = /** @type {unknown[]} */ ([]);
  const note = (/** @type {unknown} */ reason) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  const no = () => {
    throw new Error('no route');
  };
  const late = async () => (await sleep(80), no());
  assert.match((await charged(no)).reason, /no route/);
  assert.match((await charged(async () => no())).reason, /no route/);
  assert.match((await charged(late)).reason, /no answer .* within/);
  assert.deepEqual(unhandled, []);
});

test('the signal is given when time is up, and only then', async () => {
  const reasons = /** @type {any[]} */ ([]);
  const note = (/** @type {AbortSignal} */ signal) => signal.addEventListener('abort', () => reasons.push(signal.reason.name));
  assert.equal((await charged(async (_, { signal }) => (note(signal), { outcome: 'captured' }))).outcome, 'captured');
  assert.deepEqual(reasons, []);
  assert.equal((await charged((_, { signal }) => (note(signal), new Promise(() => {})))).outcome, 'unknown');
  assert.deepEqual(reasons, ['TimeoutError']);
});

test('who is not the manager is passed on to the core with what only the manager may', async () => {
  const asked = /** @type {any[]} */ ([]);
  const site = new Site(port((request) => (asked.push(request), {})), { gateway: {} });
  for (const command of ['settle', 'runDue']) await site.execute({ command }, { caller: { customer: 'kim' } });
  assert.deepEqual(asked, ['settle', 'runDue'].map((command) => ({ ask: 'execute', caller: { by: { customer: 'kim' } }, command: { command } })));
});

test('where locks are denied and there are no workers, opening is refused as such, and nothing is left behind', async (t) => {
  const denied = () => Promise.reject(new DOMException('denied', 'SecurityError'));
  const unhandled = /** @type {unknown[]} */ ([]);
  const note = (/** @type {unknown} */ reason) => unhandled.push(reason);
  process.on('unhandledRejection', note);
  t.after(() => process.off('unhandledRejection', note));
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { locks: { request: denied, query: denied } } });
  let query = 0;
  navigator.locks.query = () => ((query += 1), denied());
  // There is no `Worker` in Node.
  await assert.rejects(open({ lang: 'en' }), { code: 'engineNotLoaded' });
  await sleep(1200);
  assert.deepEqual([unhandled, query], [[], 0]);
});

test('what can be no site, no gateway and no listener is refused at once, by name', async (t) => {
  const call = async () => ({ outcome: 'captured' });
  for (const [options, words] of /** @type {[any, RegExp][]} */ ([
    [{ name: 5 }, /a site's name/],
    [{ name: null }, /a site's name/],
    [{ name: 'a/b' }, /a site's name/],
    [{ lang: '' }, /lang is/],
    [{ lang: 'fr' }, /lang is 'ko' or 'en', not fr/],
    [{ gateway: { charge: call, refund: call } }, /void is no function/],
    [{ gateway: { name: 7, charge: call, void: call, refund: call } }, /a gateway's name is a string/],
  ]))
    await assert.rejects(open(options), (error) => error instanceof TypeError && words.test(error.message), JSON.stringify(options));
  const asked = /** @type {any[]} */ ([]);
  const site = new Site(port((request) => (asked.push(request), [])), { gateway: {} });
  t.after(() => site.close());
  for (const after of [-5, 1.5, NaN, '3', null]) assert.throws(() => site.subscribe(() => {}, { after }), /after is the sequence/, String(after));
  assert.throws(() => site.subscribe(undefined), /takes a function/);
  assert.deepEqual(asked, []);
});
