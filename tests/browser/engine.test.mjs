// The engine behind engine.js in a real browser: kept over a reload, apart from a second tab, exchanged with the command line.
import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { launch } from './browser.mjs';
import { openIn, stage, storagerent } from './support.mjs';

/** @type {Awaited<ReturnType<typeof stage>>} */
let world;
before(async () => (world = await stage()));
after(() => world.close());

/** A site of its own for each test. @param {string} name */
const withSite = async (name) => {
  const page = await world.page(name);
  /** Runs in the page; `site` is there. @type {(f: (site: any) => Promise<any>) => Promise<any>} */
  const on = (f) => page.evaluate(`(${f})(globalThis.site)`);
  await on((site) => site.execute({ command: 'registerStorage', description: '강남 소형 1평', price: 59000, currency: 'KRW', per: 'rental' }));
  return { page, on };
};

test('a reservation is paid for, its events are told in order, and a rival is refused in the words of the command line', async () => {
  const { page, on } = await withSite('reserve.db');
  const { answer } = await on((site) => attempt(site.execute({ command: 'reserve', storageId: 1 }, { caller: { customer: 'kim' }, correlationId: 'thread-1' })));
  assert.equal(answer.reservationStatus, 'reserved');
  assert.equal(answer.correlationId, 'thread-1');

  const rival = await on((site) => attempt(site.execute({ command: 'reserve', storageId: 1 }, { caller: { customer: 'lee' } })));
  assert.equal(rival.isError, true);
  assert.equal(rival.code, 'storageTaken');
  assert.equal(rival.kind, 'conflict');
  const db = join(world.folder, 'words.db');
  await storagerent('--db', db, 'storage', 'register', '--description', 'x', '--price', '59000');
  await storagerent('--db', db, 'reserve', '1');
  const told = JSON.parse((await storagerent('--db', db, '--json', '--lang', 'en', 'reserve', '1')).stderr).error;
  assert.deepEqual([rival.code, rival.message, rival.hint], [told.code, told.message, told.hint]);

  const events = await page.evaluate(() => globalThis.events);
  assert.deepEqual(events.map((e) => e.sequence), events.map((_, n) => n + 1));
  const thread = events.filter((e) => e.correlationId === 'thread-1').map((e) => e.eventType);
  assert.deepEqual(thread, ['ReservationCreated', 'PaymentRequested', 'PaymentApproved', 'ReservationConfirmed', 'StorageReserved']);
  const books = await on((site) => site.bench.books());
  assert.deepEqual(books.total, { KRW: { captured: 59000, refunded: 0 } });
  await page.close();
});

test('each charge, void and refund is seen as it begins and ends', async () => {
  const { page, on } = await withSite('effects.db');
  const seen = await on(async (site) => {
    const seen = [];
    site.onEffect(({ phase, effect, outcome }) => seen.push([phase, effect.task.kind, outcome?.outcome ?? null]));
    await site.execute({ command: 'reserve', storageId: 1 }, { caller: { customer: 'kim' } });
    const row = await site.execute({ command: 'cancelReservation', reservationId: 1 }, { caller: { customer: 'kim' } });
    seen.push(row.reservationStatus);
    const ran = await site.runDue();
    seen.push(ran.effects, (await site.query({ query: 'reservation', reservationId: 1 })).reservationStatus);
    return seen;
  });
  assert.deepEqual(seen, [
    ['begun', 'charge', null], ['done', 'charge', 'captured'], 'reqCancel', ['begun', 'refund', null], ['done', 'refund', 'refunded'],
    { done: 1, failed: 0 }, 'cancelled',
  ]);
  await page.close();
});

test('a decline is told as such, and nothing is held', async () => {
  const { page, on } = await withSite('decline.db');
  const refused = await on(async (site) => {
    await site.bench.payment('decline');
    return attempt(site.execute({ command: 'reserve', storageId: 1 }, { caller: { customer: 'kim' } }));
  });
  assert.equal(refused.code, 'paymentDeclined');
  const free = await on((site) => site.query({ query: 'available' }));
  assert.equal(free.length, 1);
  await page.close();
});

test('an outage opens the breaker; after its time one call closes it again', async () => {
  const { page, on } = await withSite('outage.db');
  const story = await on(async (site) => {
    const story = [];
    await site.bench.payment('down');
    for (let n = 0; n < 6; n++) {
      const { code } = await attempt(site.execute({ command: 'reserve', storageId: 1 }, { caller: { customer: 'kim' } }));
      story.push(`${code} ${(await site.query({ query: 'status' })).breaker}`);
    }
    await site.bench.payment('approve');
    story.push((await attempt(site.execute({ command: 'reserve', storageId: 1 }))).code);
    await site.bench.advance({ minutes: 1 });
    story.push((await attempt(site.execute({ command: 'reserve', storageId: 1 }))).answer.reservationStatus);
    story.push((await site.query({ query: 'status' })).breaker);
    return story;
  });
  assert.deepEqual(story, [
    ...Array(4).fill('paymentUnavailable closed'), ...Array(2).fill('paymentUnavailable open'), 'paymentUnavailable', 'reserved', 'closed',
  ]);
  await page.close();
});

test('a lost reply is unknown, stays pending, and is settled with the money where it is', async () => {
  const { page, on } = await withSite('lost.db');
  const story = await on(async (site) => {
    await site.bench.payment('lostReply');
    const first = await attempt(site.execute({ command: 'reserve', storageId: 1 }, { caller: { customer: 'kim' }, idempotencyKey: 'once' }));
    await site.bench.payment('approve');
    const again = await attempt(site.execute({ command: 'reserve', storageId: 1 }, { caller: { customer: 'kim' }, idempotencyKey: 'once' }));
    return { first, again, books: (await site.bench.books()).total };
  });
  assert.equal(story.first.code, 'outcomeUnknown');
  assert.equal(story.first.reservation.reservationStatus, 'reqReserve');
  assert.ok(story.first.retryAfter >= 1000, 'milliseconds');
  assert.equal(story.again.answer.reservationStatus, 'reserved');
  assert.equal(story.again.answer.reservationId, 1);
  assert.deepEqual(story.books, { KRW: { captured: 59000, refunded: 0 } });

  const settled = await on(async (site) => {
    await site.execute({ command: 'registerStorage', description: 'b', price: 1000, currency: 'KRW', per: 'rental' });
    await site.bench.payment('slow');
    const slow = await attempt(site.execute({ command: 'reserve', storageId: 2 }, { caller: { customer: 'lee' } }));
    const ran = await site.settle();
    return [slow.code, ran, (await site.query({ query: 'reservation', reservationId: 2 })).reservationStatus];
  });
  assert.deepEqual(settled, ['outcomeUnknown', { asked: 1, effects: { done: 1, failed: 0 } }, 'reserved']);
  await page.close();
});

test("a host's own gateway makes the calls; one that throws, hangs or talks nonsense leaves the outcome unknown", async () => {
  const page = await world.page('other.db');
  const told = await page.evaluate(async () => {
    const { open } = await import('/engine/engine.js');
    const ways = {
      good: async () => ({ outcome: 'captured' }),
      throws: () => Promise.reject(new Error('no route')),
      nonsense: async () => 'yes',
      foreign: async () => ({ outcome: 'paid' }),
      unreasoned: async () => ({ outcome: 'declined' }),
      hangs: (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    };
    let way = 'good';
    const call = (charge, options) => ways[way](charge, options);
    const site = await open({ name: 'mine.db', gateway: { name: 'acme', charge: call, void: call, refund: call }, lang: 'en' });
    await site.execute({ command: 'set', key: 'deadlineSeconds', value: '1' });
    const told = {};
    for (way of Object.keys(ways)) {
      const { storageId } = await site.execute({ command: 'registerStorage', description: way, price: 1000, currency: 'KRW', per: 'rental' });
      const { answer, code } = await globalThis.attempt(site.execute({ command: 'reserve', storageId }));
      told[way] = code ?? answer.reservationStatus;
    }
    const bench = site.bench === undefined;
    // A refund that comes to what no refund can come to is tried again later.
    const { reservationId } = (await site.query({ query: 'reservations', status: 'reserved' }))[0];
    await site.execute({ command: 'cancelReservation', reservationId });
    way = 'good';
    told.refund = (await site.runDue()).effects.failed > 0;
    await site.close();
    const afterwards = await globalThis.attempt(site.query({ query: 'status' }));
    const other = await globalThis.attempt(open({ name: 'mine.db', lang: 'en' }));
    const nameless = await globalThis.attempt(open({ name: 'mine.db', gateway: { charge: call, void: call, refund: call }, lang: 'en' }));
    return { ...told, bench, afterwards: afterwards.code, other: other.code, nameless: nameless.code };
  });
  assert.deepEqual(told, { good: 'reserved', throws: 'outcomeUnknown', nonsense: 'outcomeUnknown', foreign: 'outcomeUnknown', unreasoned: 'paymentDeclined', refund: true, hangs: 'outcomeUnknown', bench: true, afterwards: 'closed', other: 'otherGateway', nameless: 'otherGateway' });
  await page.close();
});

test('what was done is there after a reload, the payment service’s books too', async () => {
  const { page, on } = await withSite('reload.db');
  await on((site) => site.execute({ command: 'reserve', storageId: 1 }, { caller: { customer: 'kim' } }));
  const log = await on((site) => site.bench.text({ ask: 'query', query: { query: 'events' } }));
  await page.reload();
  assert.deepEqual(await openIn(page, 'reload.db'), { kept: 'file', why: null });
  assert.equal(await on((site) => site.bench.text({ ask: 'query', query: { query: 'events' } })), log);
  assert.deepEqual((await on((site) => site.bench.books())).total, { KRW: { captured: 59000, refunded: 0 } });
  assert.equal((await on((site) => site.query({ query: 'verify' }))).ok, true);
  await page.close();
});

test('a second tab says so and works in memory; the first is not disturbed', async () => {
  const { page, on } = await withSite('tabs.db');
  const second = await world.page('tabs.db');
  assert.deepEqual(await second.evaluate(() => [globalThis.site.kept, globalThis.site.why]), ['memory', 'secondTab']);
  const theirs = await second.evaluate(() => globalThis.site.execute({ command: 'registerStorage', description: 'only here', price: 1000, currency: 'KRW', per: 'rental' }));
  assert.equal(theirs.storageId, 1);
  assert.equal((await second.evaluate(() => globalThis.site.download())).length > 0, true);
  assert.equal((await on((site) => site.query({ query: 'storages' })))[0].description, '강남 소형 1평');
  await second.close();
  await page.close();
  const third = await world.page('tabs.db');
  assert.deepEqual(await third.evaluate(() => [globalThis.site.kept, globalThis.site.why]), ['file', null]);
  await third.close();
});

test('a paused consumer catches up; one made to fail does not, until it is mended', async () => {
  const { page, on } = await withSite('consumers.db');
  const story = await on(async (site) => {
    const messages = async () => (await site.query({ query: 'messages' })).length;
    const behind = async (name) => (await site.query({ query: 'consumers' })).find((c) => c.name === name).behind;
    const story = [];
    await site.execute({ command: 'pauseConsumer', name: 'message' });
    await site.bench.sabotage('view', true);
    await site.execute({ command: 'reserve', storageId: 1 }, { caller: { customer: 'kim' } });
    story.push(await messages(), (await behind('message')) > 0, (await behind('view')) > 0);
    await site.bench.sabotage('view', false);
    await site.execute({ command: 'resumeConsumer', name: 'message' });
    await site.execute({ command: 'runConsumers' });
    story.push(await messages(), await behind('message'), await behind('view'));
    return story;
  });
  assert.deepEqual(story, [0, true, true, 1, 0, 0]);
  await page.close();
});

test('the clock moves: a hold lapses, a rental starts', async () => {
  const { page, on } = await withSite('clock.db');
  const story = await on(async (site) => {
    await site.bench.payment('lostReply');
    await attempt(site.execute({ command: 'reserve', storageId: 1 }));
    const before = await site.bench.now();
    await site.bench.advance({ minutes: 11 });
    const after = await site.bench.now();
    const { ticked } = await site.runDue();
    return [ticked.expired, after.offsetMs - before.offsetMs, (await site.query({ query: 'reservation', reservationId: 1 })).reservationStatus];
  });
  assert.deepEqual(story, [1, 660_000, 'expired']);
  await page.close();
});

test('a download is verified by the command line, and opens there', async () => {
  const { page, on } = await withSite('download.db');
  await on((site) => site.execute({ command: 'reserve', storageId: 1 }, { caller: { customer: 'kim' } }));
  const bytes = await page.evaluate(async () => [...(await globalThis.site.download())]);
  const file = join(world.folder, 'downloaded.db');
  await writeFile(file, Uint8Array.from(bytes));
  const verified = await storagerent('--db', file, '--json', 'verify');
  assert.equal(verified.code, 0, verified.stderr);
  assert.equal(JSON.parse(verified.stdout).ok, true);
  const shown = await storagerent('--db', file, '--json', 'reservation', 'show', '1');
  assert.equal(JSON.parse(shown.stdout).reservationStatus, 'reserved');
  await page.close();
});

test('a backup made by the command line is taken; a WAL file and junk are refused, and what was there stays', async () => {
  const db = join(world.folder, 'made.db');
  await storagerent('--db', db, 'storage', 'register', '--description', '명령줄에서', '--price', '31000');
  await storagerent('--db', db, 'reserve', '1', '--customer', 'park');
  const backup = join(world.folder, 'backup.db');
  assert.equal((await storagerent('--db', db, 'db', 'backup', backup)).code, 0);

  const { page, on } = await withSite('upload.db');
  const upload = async (bytes) => page.evaluate((bytes) => globalThis.attempt(globalThis.site.upload(Uint8Array.from(bytes))), [...bytes]);
  const wal = await upload(await readFile(db));
  assert.equal(wal.code, 'walMode');
  assert.match(wal.hint, /db backup/);
  const good = await readFile(backup);
  const damaged = Buffer.from(good);
  damaged.write('명렁줄', damaged.lastIndexOf('명령줄'));
  for (const junk of [Buffer.from('not a database at all'), Buffer.alloc(0), Buffer.alloc(8192, 7), good.subarray(0, good.length / 2), damaged]) {
    const { code } = await upload(junk);
    assert.ok(['corrupt', 'storeFailed'].includes(code), String(code));
  }
  assert.equal((await on((site) => site.query({ query: 'storages' })))[0].description, '강남 소형 1평', 'the old one stays');
  await on((site) => site.execute({ command: 'reserve', storageId: 1 }));

  assert.equal((await upload(good)).code, undefined);
  assert.equal((await on((site) => site.query({ query: 'storages' })))[0].description, '명령줄에서');
  assert.equal((await on((site) => site.query({ query: 'verify' }))).ok, true);
  const added = await on((site) => attempt(site.execute({ command: 'reserve', storageId: 1 })));
  assert.equal(added.code, 'storageTaken');
  const told = await page.evaluate(async () => {
    const before = globalThis.events.length;
    await globalThis.site.execute({ command: 'registerStorage', description: 'after', price: 1000, currency: 'KRW', per: 'rental' });
    return globalThis.events.slice(before).map((event) => event.eventType);
  });
  assert.deepEqual(told, ['StorageRegistered'], 'who listened hears of the new log');
  await page.reload();
  await openIn(page, 'upload.db');
  assert.equal((await on((site) => site.query({ query: 'storages' })))[0].description, '명령줄에서', 'for good');
  await page.close();
});

test('a panic breaks every later call, the page is told, and what was stored is safe', async () => {
  const { page, on } = await withSite('panic.db');
  const story = await on(async (site) => {
    let broken = 0;
    site.onBroken(() => (broken += 1));
    globalThis.said = [];
    console.error = (...words) => globalThis.said.push(words.join(' '));
    const waiting = attempt(site.bench.panic());
    const behind = attempt(site.query({ query: 'status' }));
    return [await waiting, await behind, await attempt(site.execute({ command: 'tick' })), broken];
  });
  assert.deepEqual(story.slice(0, 3).map((told) => told.code), Array(3).fill('enginePanicked'));
  assert.equal(story[3], 1);
  const said = await page.evaluate(() => globalThis.said);
  assert.deepEqual([said.length, /the bench asked for a panic/.test(said[0])], [1, true], String(said));
  await page.reload();
  assert.deepEqual(await openIn(page, 'panic.db'), { kept: 'file', why: null });
  assert.equal((await on((site) => site.query({ query: 'storages' }))).length, 1);
  assert.equal((await on((site) => site.query({ query: 'verify' }))).ok, true);
  await page.close();
});

test('what is no file and no request is refused as an invalid value, and the engine goes on', async () => {
  const { page, on } = await withSite('noFile.db');
  const codes = await on(async (site) => {
    let broken = 0;
    site.onBroken(() => (broken += 1));
    const codes = [];
    for (const junk of [undefined, null, 'bytes', new ArrayBuffer(8), new Blob(['x'])]) codes.push((await attempt(site.upload(junk))).code);
    codes.push(await site.bench.text(undefined).catch((refusal) => refusal.failure.code));
    codes.push((await attempt(site.query({ query: 'status' }))).code, broken);
    return codes;
  });
  assert.deepEqual(codes, [...Array(6).fill('invalidValue'), undefined, 0]);
  await page.close();
});

test('every reservation that was acknowledged is there after the browser was killed', { skip: process.platform !== 'linux' && 'finds the process by /proc' }, async (t) => {
  const first = await launch();
  const acknowledged = [];
  const page = await first.context.newPage();
  await page.exposeFunction('acknowledge', (id) => acknowledged.push(id));
  await page.goto(`${world.url}/test/bare.html`);
  await openIn(page, 'killed.db');
  const working = page.evaluate(async () => {
    for (let n = 1; ; n++) {
      await globalThis.site.execute({ command: 'registerStorage', description: `${n}`, price: 1000, currency: 'KRW', per: 'rental' });
      const { reservationId } = await globalThis.site.execute({ command: 'reserve', storageId: n });
      void globalThis.acknowledge(reservationId);
    }
  });
  working.catch(() => {});
  while (acknowledged.length < 40) await new Promise((resume) => setTimeout(resume, 20));
  assert.ok((await first.kill()) >= 1);

  const second = await launch({ profile: first.profile });
  t.after(() => second.close());
  const again = await second.context.newPage();
  await again.goto(`${world.url}/test/bare.html`);
  assert.deepEqual(await openIn(again, 'killed.db'), { kept: 'file', why: null });
  const rows = await again.evaluate(() => globalThis.site.query({ query: 'reservations' }));
  const stands = new Set(rows.filter((row) => row.reservationStatus === 'reserved').map((row) => row.reservationId));
  assert.deepEqual(acknowledged.filter((id) => !stands.has(id)), []);
  assert.ok(rows.length - stands.size <= 1, 'at most the one under way');
  assert.equal((await again.evaluate(() => globalThis.site.query({ query: 'verify' }))).ok, true);
  const books = await again.evaluate(() => globalThis.site.bench.books());
  assert.ok(books.payments.length >= stands.size, 'no reservation stands that was not paid for');
});

test('a request that cannot be read is refused as an invalid value', async () => {
  const { page, on } = await withSite('bad.db');
  const told = await on(async (site) => [await attempt(site.execute({ command: 'fly' })), await attempt(site.query({ query: 'storage' })), await attempt(site.execute({ command: 'tick' }, { caller: 'system' }))]);
  assert.deepEqual(told.map(({ code }) => code), Array(3).fill('invalidValue'));
  await page.close();
});

test('a customer neither settles nor does what is due', async () => {
  const { page, on } = await withSite('notAllowed.db');
  const codes = await on(async (site) => {
    const codes = [];
    for (const command of ['settle', 'runDue']) {
      codes.push((await attempt(site.execute({ command }, { caller: { customer: 'kim' } }))).code);
      codes.push((await attempt(site.execute({ command }, { caller: 'manager' }))).code);
    }
    return codes;
  });
  assert.deepEqual(codes, ['notAllowed', undefined, 'notAllowed', undefined]);
  await page.close();
});

test("a host's callback that throws takes nothing from the money or from others who listen", async () => {
  const page = await world.page('other.db');
  const told = await page.evaluate(async () => {
    const { open } = await import('/engine/engine.js');
    const site = await open({ name: 'throws.db', lang: 'en' });
    const heard = [];
    site.onEffect(() => { throw new Error('of the host'); });
    site.subscribe(() => { throw new Error('of the host'); }, { after: 0 });
    site.subscribe((events) => heard.push(...events.map((event) => event.eventType)));
    const { storageId } = await site.execute({ command: 'registerStorage', description: 'a', price: 1000, currency: 'KRW', per: 'rental' });
    const { reservationId, reservationStatus } = await site.execute({ command: 'reserve', storageId });
    await site.execute({ command: 'cancelReservation', reservationId });
    await site.runDue();
    const after = (await site.query({ query: 'reservation', reservationId })).reservationStatus;
    await site.close();
    return { reservationStatus, after, last: heard.at(-1), first: heard[0] };
  });
  assert.deepEqual(told, { reservationStatus: 'reserved', after: 'cancelled', first: 'StorageRegistered', last: told.last });
  assert.ok(told.last);
  await page.close();
});
