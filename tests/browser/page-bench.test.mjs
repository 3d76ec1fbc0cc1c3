// The bench and the storm: asking about what is not known, the books, what the lanes and the promises say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrive } from './person.mjs';

test('who asks what became of a payment is told why nobody was asked', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  await page.locator('input#auto').uncheck();
  await person.be('kim');
  await person.payment('Loses the reply');
  await person.reserve(1);
  await person.says(page.locator('.sheet.storage .told'), 'Payment pending');
  await person.closeDialog();
  const lane = person.lane('kim reserves storage 1');
  await person.says(lane, 'the service is asked until it answers');
  await person.says(page.locator('[data-tour=payment]'), '₩59,000 kept');
  await person.payment('Is down');
  const ask = lane.getByRole('button', { name: 'Ask now' });
  await ask.click();
  await page.waitForFunction(async () => (await import('/app/main.js')).desk.calls === 2);
  await page.locator('.lane button.small:not([aria-disabled])').waitFor();
  await ask.click();
  await person.says(page.locator('.notice.wait'), /Not asked just now. It is asked again (at \d\d:\d\d:\d\d|shortly)/);
  await page.evaluate(async () => {
    const { desk } = await import('/app/main.js');
    for (let i = 0; i < 5; i++) await desk.send({ command: 'reserve', storageId: 3 }, 'lee').catch(() => {});
  });
  await person.says(lane, 'The breaker is open');
  await ask.click();
  await person.says(page.locator('.notice.wait'), 'the circuit breaker is open');
  assert.equal((await person.ask({ query: 'status' })).counts.reservations.reqReserve, 1);
});

test('a broken promise says so, and what speaks against it alone', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  await page.evaluate(async () => {
    const { desk } = await import('/app/main.js');
    const ask = desk.ask.bind(desk);
    const findings = [
      { check: 'exclusive', subject: 'storage 1', detail: 'two at once' },
      { check: 'state', subject: 'storage 2', detail: 'is not what its events say' },
    ];
    desk.ask = async (query) => (query.query === 'verify' ? { ...(await ask(query)), ok: false, findings } : ask(query));
    await desk.verify();
  });
  const sheet = page.locator('.promise-sheet');
  await page.locator('[data-promise=p2][data-state=not]').click();
  await person.says(sheet, 'verify found 1 against it');
  assert.deepEqual(await sheet.locator('.refused').allTextContents(), ['exclusive: storage 1: two at once']);
  await page.locator('[data-promise=p5]').click();
  assert.deepEqual(await sheet.locator('.refused').allTextContents(), ['state: storage 2: is not what its events say']);
  await page.locator('[data-promise=p1][data-state=ok]').click();
  await person.says(sheet, 'paid in full');
  assert.equal(await sheet.locator('.refused').count(), 0);
});

test('a lane that waits speaks of its own kind: a reservation stands, anything else is stored', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  await person.press('Pause Messages');
  await person.press('Pause View');
  await person.be('kim');
  await person.reserve(1);
  await person.says(person.lane('kim reserves storage 1'), 'The reservation stands already');
  await page.evaluate(async () => {
    const { desk } = await import('/app/main.js');
    await desk.send({ command: 'modifyStorage', storageId: 2, description: 'Else', price: 100, currency: 'KRW', per: 'rental', withdrawn: false }, 'manager');
    await desk.send({ command: 'endRental', reservationId: 1, on: null }, 'kim');
  });
  await person.says(person.lane('Manager changes storage 2'), 'It is done and stored');
  await person.says(person.lane('kim moves out of storage 1'), 'It is done and stored');
});

test('the gauge counts as the breaker does: what fails again, and what is promised never to be taken, count for nothing', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  const failures = page.getByText('failures in a row').or(page.getByText('failure in a row'));
  const send = (/** @type {object} */ command) =>
    page.evaluate(async (command) => (await import('/app/main.js')).desk.send(command, 'kim'), command);
  await send({ command: 'reserve', storageId: 1 });
  await person.payment('Is down');
  await send({ command: 'cancelReservation', reservationId: 1 });
  for (let calls = 2; calls < 5; calls++) {
    await page.waitForFunction(async (calls) => (await import('/app/main.js')).desk.calls >= calls, calls);
    await page.evaluate(async () => (await import('/app/main.js')).desk.advance({ minutes: 10 }));
  }
  await person.says(failures, '1 of 5 failure');
  assert.equal((await person.ask({ query: 'status' })).breaker, 'closed');
  await person.payment('Approves');
  await page.evaluate(async () => (await import('/app/main.js')).desk.advance({ minutes: 60 }));
  await failures.waitFor({ state: 'detached' });

  // The page is left between the hold and the call: the charge was never made, which the service says once it is asked.
  await page.evaluate(async () => {
    const { desk } = await import('/app/main.js');
    const reserve = { storageId: 2, from: null, until: null, price: null };
    await desk.site.bench.text({ ask: 'beginReserve', caller: { by: { customer: 'kim' } }, reserve });
    desk.tried.down = 0;
    await desk.advance({ minutes: 2 });
    await desk.settle();
  });
  await page.waitForFunction(async () => (await import('/app/main.js')).desk.reservations.get(2)?.reservationStatus === 'rejected');
  assert.deepEqual(await page.evaluate(async () => (({ failures, tried }) => [failures, tried.down])((await import('/app/main.js')).desk)), [0, 0]);
});

test('of a change that may have been kept the lane says just that', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  await page.evaluate(async () => {
    const { desk } = await import('/app/main.js');
    const message = { en: 'whether the change was kept is not known: the disk is full', ko: '알 수 없습니다' };
    desk.site.execute = async () => Promise.reject(Object.assign(new Error(message.en), { code: 'commitUnknown', messages: message }));
    await desk.send({ command: 'registerStorage', description: 'Full', price: 1, currency: 'KRW', per: 'rental' }, 'manager').catch(() => {});
  });
  const lane = page.locator('.lane').first();
  await person.says(lane, 'Whether the change was kept is not known: the disk is full.');
  assert.equal(await lane.locator('.chip').textContent(), 'pending');
  assert.doesNotMatch((await lane.textContent()) ?? '', /efused/);
});

test('after a reload no lane says that a customer did what the manager did', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  const send = (/** @type {object} */ command, /** @type {string} */ who) =>
    page.evaluate(async ([command, who]) => (await import('/app/main.js')).desk.send(command, who), /** @type {[any, string]} */ ([command, who]));
  await send({ command: 'reserve', storageId: 1 }, 'kim');
  await send({ command: 'reserve', storageId: 2 }, 'manager');
  await send({ command: 'cancelReservation', reservationId: 1 }, 'manager');
  await send({ command: 'endRental', reservationId: 2, on: null }, 'manager');
  const titles = () => page.locator('.lane h3').allTextContents();
  await person.says(person.lane('Manager moves out of storage 2'), 'done');
  assert.deepEqual((await titles()).slice(0, 2), ['Manager moves out of storage 2', 'Manager cancels reservation 1']);
  await page.reload();
  await person.says(person.lane('Storage 2 is moved out of'), 'done');
  assert.deepEqual(await titles(), [
    'Storage 2 is moved out of',
    'Reservation 1 is cancelled',
    'Manager reserves storage 2',
    'kim reserves storage 1',
    'Manager registers 12 storages',
  ]);
  assert.equal(await person.lane('Reservation 1 is cancelled').locator('.note-foot').first().textContent(), '');
});

test('what changes nothing is done, and the lane says so; it says what it is about, refused or not', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  await person.look(5);
  await page.locator('.changing summary').click();
  await person.press('Save');
  const lane = person.lane('Manager changes storage 5');
  await person.says(lane, 'It was so already: nothing was written.');
  assert.equal(await lane.locator('.chip').textContent(), 'done');
  await page.evaluate(async () => {
    const { desk } = await import('/app/main.js');
    const { later } = await import('/app/format.js');
    const [from, until] = [later(desk.today, 1), later(desk.today, 8)];
    await desk.send({ command: 'reserve', storageId: 6, from, until }, 'kim');
    await desk.sync();
    await desk.send({ command: 'endRental', reservationId: 1, on: until }, 'kim');
    await desk.send({ command: 'addReview', reservationId: 1, rate: 5, content: 'Too early' }, 'kim').catch(() => {});
  });
  await person.says(person.lane('kim moves out of storage 6'), 'It was so already');
  await person.says(person.lane('kim reviews storage 6'), 'Refused before anything was written');
});
