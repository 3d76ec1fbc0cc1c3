// The browser's 200 commands, sent over HTTP: the same events and the same view as from the engine itself.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openNatively } from '../browser/native.mjs';
import { AFTER_DAYS, correlationOf, run, story } from '../browser/parity.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const built = process.env.STORAGERENT_PROGRAMS ?? join(root, 'target/debug');

/** The gateway of the parity test. @param {string} file */
async function openGateway(file) {
  const server = spawn(join(built, 'http_parity'), [file], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((_, reject) => server.on('exit', (code) => reject(new Error(`the gateway ended with ${code}`))));
  ended.catch(() => {});
  const [line] = await Promise.race([new Promise((resolve) => createInterface({ input: server.stdout }).on('line', (line) => resolve([line]))), ended]);
  const { url, ...tokens } = JSON.parse(line);
  /** @param {string} method @param {string} path @param {{ by?: any, body?: any, headers?: Record<string, string> }} [more] */
  const ask = async (method, path, { by = 'manager', body, headers = {} } = {}) => {
    const token = tokens[by === 'manager' ? 'manager' : by.customer];
    const sent = body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await fetch(url + path, { method, ...sent, headers: { authorization: `Bearer ${token}`, ...sent.headers, ...headers } });
    const text = await answer.text();
    return { status: answer.status, body: text && JSON.parse(text) };
  };
  /** All pages of a collection. @param {string} name */
  const all = async (name) => {
    const rows = [];
    for (let after = 0; after !== null; ) {
      const { status, body } = await ask('GET', `/${name}?after=${after}&size=100`);
      assert.equal(status, 200, name);
      rows.push(...body._embedded[name].map(({ _links, ...row }) => row));
      after = body.page.nextAfter;
    }
    return rows;
  };
  return { ask, all, end: () => server.kill() };
}

/** How each command is asked over HTTP: method, path, body. @param {any} asked */
function routed({ command, ...fields }) {
  const { storageId, reservationId, reviewId, deadLetterId, ...body } = fields;
  const routes = {
    registerStorage: () => ['POST', '/storages', body],
    importStorages: () => ['POST', '/storages/import', body],
    modifyStorage: () => ['PATCH', `/storages/${storageId}`, body],
    deleteStorage: () => ['DELETE', `/storages/${storageId}`],
    reserve: () => ['POST', '/reservations', fields],
    cancelReservation: () => ['PATCH', `/reservations/${reservationId}`, { reservationStatus: 'reqCancel' }],
    endRental: () => ['POST', `/reservations/${reservationId}/end`, body],
    addReview: () => ['POST', '/reviews', fields],
    modifyReview: () => ['PATCH', `/reviews/${reviewId}`, body],
    deleteReview: () => ['DELETE', `/reviews/${reviewId}`],
    pauseConsumer: () => ['POST', `/consumers/${fields.name}/pause`],
    resumeConsumer: () => ['POST', `/consumers/${fields.name}/resume`],
    replayConsumer: () => ['POST', `/consumers/${fields.name}/replay`],
    runConsumers: () => ['POST', '/consumers/run'],
    tick: () => ['POST', '/tick'],
    settle: () => ['POST', '/settle'],
    runDue: () => ['POST', '/run-due'],
    set: () => ['PUT', `/settings/${fields.key}`, { value: fields.value }],
    retryDeadLetter: () => ['POST', `/dead-letters/${deadLetterId}/retry`],
    discardDeadLetter: () => ['POST', `/dead-letters/${deadLetterId}/discard`, { reason: fields.reason }],
  };
  return routes[command]();
}

/** The same story. @param {Awaited<ReturnType<typeof openGateway>>} gateway */
async function send(gateway) {
  const bench = async (/** @type {string} */ what) => assert.equal((await gateway.ask('POST', `/test/${what}`)).status, 204, what);
  const answers = [];
  for (const { before, pay, command, caller, idempotencyKey } of story()) {
    if (before === 'pay') await bench(`payment/${pay === 'lostReply' ? 'lost-reply' : pay}`);
    if (before === 'hour') await bench('advance/60');
    if (before === 'day') await bench(`advance/${24 * 60}`);
    const headers = { 'x-correlation-id': correlationOf(answers.length), ...(idempotencyKey && { 'idempotency-key': idempotencyKey }) };
    const [method, path, body] = routed(command);
    const answer = await gateway.ask(method, path, { by: caller, body, headers });
    if (command.command === 'settle') await bench('effects');
    answers.push({ command: command.command, ...answer });
  }
  await bench('payment/approve');
  await gateway.ask('POST', '/settle');
  await bench('effects');
  await bench(`advance/${AFTER_DAYS * 24 * 60}`);
  await gateway.ask('POST', '/run-due');
  return answers;
}

/** As text, fields by name: a JSON object has no order, and the gateway shows events in that one. @param {object} row */
const byName = (row) => JSON.stringify(Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1))));

test('200 commands over HTTP leave the same events and the same view as natively, down to each hash', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'storagerent-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const native = openNatively(join(built, 'engine_lines'), join(folder, 'native.db'));
  await native.site.keepLanguage();
  const told = await run(native.site);
  native.end();
  const gateway = await openGateway(join(folder, 'http.db'));
  t.after(() => gateway.end());
  const answers = await send(gateway);

  assert.equal(answers.length, 200);
  // What is accepted here is accepted there, and what is refused here is refused there.
  answers.forEach(({ command, status, body }, n) => {
    assert.ok(status < 500 || status === 503, `${n} ${command}: ${status}`);
    const there = told[n].startsWith(`${command} refused`) ? 'refused' : 'accepted';
    // A payment whose outcome is not known is told as 202 over HTTP.
    const here = status >= 400 || status === 202 ? 'refused' : 'accepted';
    assert.equal(here, there, `${n} ${command}: ${status} ${JSON.stringify(body)} but ${told[n]}`);
  });
  const text = (/** @type {string} */ name) => JSON.parse(/** @type {string} */ (told.find((line) => line.startsWith(`${name} `))).slice(name.length + 1));
  for (const [route, query] of [['events', 'events'], ['storageviews', 'views'], ['storages', 'storages'], ['reservations', 'reservations'], ['payments', 'payments'], ['reviews', 'reviews'], ['messages', 'messages']]) {
    const [there, here] = [text(query), await gateway.all(route)];
    there.forEach((row, n) => assert.equal(here[n] && byName(here[n]), byName(row), `${route}, row ${n}`));
    assert.equal(here.length, there.length, route);
    assert.ok(here.length > 0, route);
  }
  assert.equal((await gateway.ask('GET', '/verify')).body.ok, true);
});
