// What a person would do, in a real browser: every fact of the issue, through the page alone.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { visit } from './person.mjs';

describe('one visit, from the first storage to the reload', () => {
  /** @type {Awaited<ReturnType<typeof visit>>} */
  let site;
  /** @type {import('./person.mjs').Person} */
  let person;
  before(async () => {
    site = await visit();
    person = await site.open();
  });
  after(() => site.leave());

  test('a first visit has twelve storages', async () => {
    await person.says(person.page.locator('.count'), '12 of 12');
    assert.equal(await person.card(1).locator('.chip').textContent(), 'Free');
  });

  test('the manager registers a storage, and it is on the board', async () => {
    await person.press('Register');
    await person.page.getByLabel('Description').fill('Test corner 1 m²');
    await person.page.getByLabel('Price', { exact: true }).fill('12000');
    await person.page.locator('.sheet.register button.main').click();
    await person.says(person.page.locator('.count'), '13 of 13');
    await person.page.getByRole('searchbox').fill('test corner');
    await person.says(person.page.locator('.count'), '1 of 13');
    assert.match((await person.card(13).textContent()) ?? '', /₩12,000/);
    await person.page.getByRole('searchbox').fill('');
  });

  test('a price that is none is refused in words, and nothing is registered', async () => {
    await person.press('Register');
    await person.page.getByLabel('Description').fill('No price');
    await person.page.getByLabel('Price', { exact: true }).fill('12.5');
    await person.page.locator('.sheet.register button.main').click();
    await person.says(person.page.locator('#storage-wrong'), /above 0/);
    await person.closeDialog();
    await person.says(person.page.locator('.count'), '13 of 13');
  });

  test('kim reserves, and one request is one lane, from the command to the message and the view', async () => {
    await person.be('kim');
    await person.reserve(1);
    await person.says(person.lane('kim reserves storage 1'), 'done');
    await person.says(person.lane('kim reserves storage 1'), 'In the inbox');
    assert.deepEqual(await person.notes('kim reserves storage 1'), [
      'Reserve',
      'ReservationCreated',
      'PaymentRequested',
      'charge effect',
      'PaymentApproved',
      'ReservationConfirmed',
      'storage consumer',
      'StorageReserved',
      'message consumer',
      'Message',
      'StorageView',
    ]);
    await person.says(person.card(1), 'Reserved');
    await person.part('messages');
    await person.says(person.page.locator('.inbox'), 'Your reservation 1 of storage 1 is confirmed');
    assert.match((await person.page.locator('.inbox .whole').first().textContent()) ?? '', /^\d{4}-\d{2}-\d{2}$/, 'no line breaks a date');
  });

  test('a note tells its cause, its effects and how it is stored', async () => {
    await person.lane('kim reserves storage 1').locator('.note', { hasText: 'PaymentApproved' }).click();
    const sheet = person.page.locator('.sheet.note');
    assert.match((await sheet.locator('pre').textContent()) ?? '', /"eventType": "PaymentApproved"/);
    const kin = sheet.locator('.kin-row');
    assert.match((await kin.nth(0).textContent()) ?? '', /Charge/);
    assert.match((await kin.nth(1).textContent()) ?? '', /Confirmed/);
    await person.closeDialog();
  });

  test('a second customer is refused: the calendar shows it taken, and in the same instant one loses', async () => {
    await person.be('lee');
    await person.look(1);
    assert.equal((await person.page.locator('.day.taken').count()) > 0, true);
    await person.closeDialog();
    const before = (await person.ask({ query: 'status' })).counts.reservations;
    await person.press('Send both');
    await person.says(person.page.locator('[data-tour=rivals]'), /was refused/);
    await person.says(person.page.locator('.lane[data-state=refused]').first(), 'Refused before anything was written');
    const now = (await person.ask({ query: 'status' })).counts.reservations;
    assert.equal(now.reserved, before.reserved + 1);
    assert.equal(now.rejected, before.rejected);
  });

  test('a declined payment holds nothing', async () => {
    await person.be('kim');
    await person.payment('Declines');
    await person.reserve(3);
    await person.says(person.page.locator('.sheet.storage .told'), 'Not reserved');
    await person.closeDialog();
    await person.says(person.lane('kim reserves storage 3'), 'The storage is free for the next');
    await person.says(person.card(3), 'Free');
  });

  test('an outage opens the breaker, and a probe closes it', async () => {
    await person.payment('Is down');
    for (let failures = 0; failures < 5; failures++) {
      await person.reserve(4);
      await person.says(person.page.locator('.sheet.storage .told'), 'Not reserved');
      await person.closeDialog();
    }
    await person.page.locator('[data-breaker=open]').waitFor();
    const events = (await person.ask({ query: 'status' })).events;
    await person.reserve(4);
    await person.says(person.page.locator('.sheet.storage .told'), 'unavailable');
    await person.closeDialog();
    assert.equal((await person.ask({ query: 'status' })).events, events, 'nothing is written while it is open');
    await person.payment('Approves');
    await person.press(/^Let \d+ min go by$/);
    await person.page.locator('[data-breaker=halfOpen]').waitFor();
    await person.reserve(4);
    await person.page.locator('[data-breaker=closed]').waitFor();
    await person.says(person.card(4), 'Reserved');
  });

  test('a lost reply is pending, never failed, and settles', async () => {
    await person.payment('Loses the reply');
    await person.reserve(5);
    await person.says(person.page.locator('.sheet.storage .told'), 'Payment pending');
    assert.equal(await person.page.locator('.sheet.storage .refused').count(), 0);
    await person.closeDialog();
    await person.part('mine');
    await person.page.locator('.reservation[data-status=reqReserve]', { hasText: 'you never pay twice' }).waitFor();
    await person.payment('Approves');
    await person.lane('kim reserves storage 5').getByRole('button', { name: 'Ask now' }).click();
    await person.says(person.lane('kim reserves storage 5'), 'void effect');
    await person.part('storages');
    await person.says(person.card(5), 'Reserved');
  });

  test('a hold that lapses while its reply is lost ends, and the money goes back', async () => {
    await person.payment('Loses the reply');
    await person.reserve(10);
    await person.says(person.page.locator('.sheet.storage .told'), 'Payment pending');
    await person.closeDialog();
    await person.press(/^Holds lapse/);
    await person.says(person.lane('kim reserves storage 10'), 'PaymentCancelled');
    await person.says(person.card(10), 'Free');
    await person.payment('Approves');
    const { total } = await person.page.evaluate(async () => (await import('/app/main.js')).desk.site.bench.books());
    assert.equal(total.KRW.refunded, 64000);
  });

  test('paused messages are caught up, each told once', async () => {
    await person.press('Pause Messages');
    await person.reserve(8);
    await person.says(person.lane('kim reserves storage 8'), 'catching up');
    await person.lane('kim reserves storage 8').locator('.note[data-state=waits]', { hasText: 'Tell the customer' }).waitFor();
    await person.says(person.page.locator('[data-consumer=message]'), /[1-9]\d* behind/);
    await person.press('Resume Messages');
    await person.says(person.page.locator('[data-consumer=message]'), 'up to date');
    await person.says(person.lane('kim reserves storage 8'), 'In the inbox');
    const told = (await person.ask({ query: 'messages', customer: 'kim' })).filter((/** @type {any} */ m) => m.storageId === 8);
    assert.equal(told.length, 1);
  });

  test('a consumer that crashes after its effect does it once', async () => {
    await person.press('Crash Messages after its effect');
    await person.reserve(12);
    await person.says(person.card(12), 'Reserved');
    await person.says(person.page.locator('[data-consumer=message]'), /behind/);
    await person.press('Crash Messages after its effect');
    await person.says(person.page.locator('[data-consumer=message]'), 'up to date');
    const told = (await person.ask({ query: 'messages', customer: 'kim' })).filter((/** @type {any} */ m) => m.storageId === 12);
    assert.equal(told.length, 1);
  });

  test('a review shows on the board', async () => {
    await person.part('mine');
    await person.reservation(1).getByRole('button', { name: 'Review' }).click();
    await person.page.getByLabel('How was it?').fill('Dry and warm. <b>Good</b>');
    await person.press('Publish');
    await person.says(person.page.locator('#review-wrong'), 'one to five stars');
    await person.page.locator('.sheet.ask label', { hasText: '4 stars' }).click();
    await person.press('Publish');
    await person.part('storages');
    await person.says(person.card(1), '4.0');
    await person.look(1);
    await person.says(person.page.locator('.reviews'), 'Dry and warm. <b>Good</b>');
    await person.closeDialog();
  });

  test('a cancelled reservation is refunded, and the days are free again', async () => {
    await person.part('mine');
    await person.reservation(1).getByRole('button', { name: 'Cancel' }).click();
    await person.press('Cancel and refund');
    await person.page.locator('.reservation[data-reservation="1"][data-status=cancelled]').waitFor();
    await person.page.waitForFunction(() => !document.querySelector('dialog') && document.activeElement?.closest('.reservation'));
    await person.part('storages');
    await person.says(person.card(1), 'Free');
    // The storm draws what happened when it is told, which may be later than the card.
    await person.lane('kim cancels reservation 1').locator('.note-code', { hasText: 'PaymentCancelled' }).first().waitFor({ state: 'attached' });
    assert.deepEqual((await person.notes('kim cancels reservation 1')).slice(0, 5), [
      'CancelReservation',
      'ReservationCancelRequested',
      'payment consumer',
      'refund effect',
      'PaymentCancelled',
    ]);
  });

  test('a day later the rental cannot be cancelled, but ended', async () => {
    await person.page.locator('rent-top').getByRole('button', { name: '+1 day' }).click();
    await person.part('mine');
    const rented = person.page.locator('.reservation[data-status=reserved]').first();
    await rented.getByRole('button', { name: 'Move out' }).waitFor();
    assert.equal(await rented.getByRole('button', { name: 'Cancel' }).count(), 0);
    await rented.getByRole('button', { name: 'Move out' }).click();
    await person.press('Set the end');
    await person.says(person.page.locator('.lane').first(), 'RentalEndSet');
  });

  test('what was done is there after a reload, and verifies', async () => {
    const before = await person.ask({ query: 'status' });
    await person.page.reload();
    await person.card(1).waitFor();
    const now = await person.ask({ query: 'status' });
    assert.deepEqual([now.events, now.counts, now.today], [before.events, before.counts, before.today]);
    const { ok, findings } = await person.verify();
    assert.deepEqual({ ok, findings }, { ok: true, findings: [] });
    await person.page.locator('.promise[data-state=ok]').nth(4).waitFor();
    await person.page.locator('[data-promise=p5]').click();
    await person.says(person.page.locator('.promise-sheet'), 'without a gap');
    await person.page.keyboard.press('Escape');
  });

  test('a second tab says so kindly, and keeps to itself', async () => {
    const second = await site.open();
    await second.says(second.page.locator('.banner'), 'Another tab has this site open');
    await second.page.close();
  });

  test('none of it made the browser complain', () => assert.deepEqual(site.troubles, []));
});

test('hostile names are shown as they are, and do nothing', async (t) => {
  const site = await visit();
  t.after(() => site.leave());
  const person = await site.open();
  const rows = parse(await readFile(join(import.meta.dirname, 'storages-hostile.csv'), 'utf8')).slice(1);
  const taken = [];
  for (const [description, price, currency] of rows) {
    await person.press('Register');
    await person.page.getByLabel('Description').fill(description);
    await person.page.getByLabel('Price', { exact: true }).fill(price);
    await person.page.locator('#storage-currency').evaluate((select, value) => {
      // What is not on the list is put there, as one with developer tools could.
      if (![...select.options].some((o) => o.value === value)) select.append(new Option(value, value));
      select.value = value;
    }, currency);
    const before = (await person.ask({ query: 'status' })).counts.storages;
    await person.page.locator('.sheet.register button.main').click();
    const refused = person.page.locator('#storage-wrong:not(:empty), .sheet.register :invalid');
    await Promise.race([refused.first().waitFor(), person.page.locator('.sheet.register').waitFor({ state: 'detached' })]);
    if ((await person.ask({ query: 'status' })).counts.storages > before) taken.push(description);
    else await person.closeDialog();
  }
  assert.ok(taken.length >= 5, `taken: ${taken}`);
  assert.ok(taken.some((d) => d.includes('<img')));
  for (const description of taken.filter((d) => d.length < 60)) {
    await person.page.getByRole('searchbox').fill(description);
    await person.page.locator('.card').first().waitFor();
    assert.equal(await person.page.locator('.card-name').first().textContent(), description.trim());
    await person.page.locator('.card').first().click();
    await person.page.locator('.sheet.storage').waitFor();
    await person.closeDialog();
  }
  assert.equal(await person.page.locator('img, script:not([src]), iframe, table:not(.calendar), [onerror], a[href^="http"]').count(), 0);
  assert.deepEqual(site.troubles, []);
});

test('a panic is said, and after a reload everything acknowledged is there', async (t) => {
  const site = await visit();
  t.after(() => site.leave());
  const person = await site.open();
  await person.be('kim');
  await person.reserve(1);
  await person.says(person.card(1), 'Reserved');
  const events = (await person.ask({ query: 'status' })).events;
  await person.page.evaluate(async () => (await import('/app/main.js')).desk.site.bench.panic().catch(() => {}));
  await person.says(person.page.getByRole('alertdialog'), 'safe in the file');
  await person.press('Reload and go on');
  await person.card(1).waitFor();
  assert.equal((await person.ask({ query: 'status' })).events, events);
  assert.equal((await person.verify()).ok, true);
});

test('what cannot be asked or read is said, and never passed off as nothing', async (t) => {
  const site = await visit();
  t.after(() => site.leave());
  const person = await site.open();
  await person.be('kim');
  await person.reserve(1);
  await person.says(person.card(1), 'Reserved');
  const books = person.page.getByText('₩', { exact: false }).and(person.page.locator('[data-tour=payment] p.quiet'));
  await books.waitFor();
  await person.page.evaluate(async () => {
    const { desk } = await import('/app/main.js');
    const no = (/** @type {string} */ what) => () => Promise.reject(Object.assign(new Error(`no ${what}`), { code: 'storeFailed' }));
    desk.auto = false;
    desk.site.settle = no('settling');
    desk.site.bench.books = no('books');
    const ask = desk.ask.bind(desk);
    desk.ask = (/** @type {any} */ query) => (['verify', 'messages'].includes(query.query) ? no(query.query)() : ask(query));
  });
  const told = (/** @type {string} */ words) => person.page.locator('.notice').getByText(words).first().waitFor();
  await person.part('messages');
  await told('No messages.');
  await person.page.evaluate(async () => (await import('/app/main.js')).desk.choose('lostReply'));
  await person.part('storages');
  await person.reserve(2);
  await Promise.all([told('No books.'), told('No verify.')]);
  await person.closeDialog();
  await person.lane('kim reserves storage 2').getByRole('button', { name: 'Ask now' }).click();
  await told('No settling.');
  assert.equal(await books.count(), 1);
  assert.deepEqual(site.troubles, []);
});

test('the tour can be shown step by step, left, and found again', async (t) => {
  const site = await visit({ tour: true });
  t.after(() => site.leave());
  const person = await site.open();
  const tour = person.page.locator('rent-tour');
  for (const step of ['Reserve', 'Follow the lane', 'Refuse a rival', 'Break the payment', 'Pause the messages', 'Verify']) {
    await person.says(tour.locator('h2'), step);
    await tour.getByRole('button', { name: 'Do it for me' }).click();
    await person.says(tour.locator('h2'), 'Done');
    if (await person.page.locator('dialog[open]').count()) await person.closeDialog();
    await tour.getByRole('button', { name: /^(Next|Finish)$/ }).click();
  }
  await tour.waitFor({ state: 'hidden' });
  await person.press('Tour');
  await person.says(tour, 'Step 1 of 6');
  await tour.getByRole('button', { name: 'Leave the tour' }).click();
  await tour.waitFor({ state: 'hidden' });
  assert.equal(await person.page.evaluate(() => /** @type {any} */ (document.activeElement).dataset.switch), 'tour', 'the focus is where it is found again');
  assert.equal((await person.verify()).ok, true);
  assert.deepEqual(site.troubles, []);
});

test('the board is walked with the arrow keys, and Enter opens', async (t) => {
  const site = await visit();
  t.after(() => site.leave());
  const person = await site.open();
  await person.page.locator('.card[tabindex="0"]').focus();
  const focused = () => person.page.evaluate(() => /** @type {any} */ (document.activeElement)?.dataset.storage);
  await person.page.keyboard.press('ArrowRight');
  assert.equal(await focused(), '2');
  await person.page.keyboard.press('End');
  assert.equal(await focused(), '12');
  const last = person.page.locator('.cards > li', { has: person.card(12) });
  assert.deepEqual([await last.getAttribute('aria-posinset'), await last.getAttribute('aria-setsize')], ['12', '12']);
  await person.page.keyboard.press('Home');
  assert.equal(await focused(), '1');
  await person.page.keyboard.press('Enter');
  await person.page.locator('.sheet.storage').waitFor();
  await person.page.getByRole('grid', { name: /^\w+ \d{4}$/ }).waitFor();
  await person.page.keyboard.press('Escape');
  assert.equal(await focused(), '1', 'the focus comes back to where it was');
});

test('the file can be downloaded, everything thrown away, and the file uploaded again', async (t) => {
  const site = await visit();
  t.after(() => site.leave());
  const person = await site.open();
  await person.be('kim');
  await person.reserve(2);
  await person.says(person.card(2), 'Reserved');
  const [download] = await Promise.all([person.page.waitForEvent('download'), person.press('Download')]);
  const file = await download.path();
  await person.press('Start over');
  await Promise.all([person.page.waitForEvent('load'), person.press('Everything goes. Sure?')]);
  await person.says(person.card(2), 'Free');
  await person.says(person.page.locator('.notice'), 'a fresh site');
  assert.equal(await person.page.evaluate(() => document.activeElement?.id), 'room-board');
  await person.page.locator('input[type=file]').setInputFiles(file);
  await person.says(person.page.locator('.sheet.ask'), 'with its 12 storages, 12 events');
  await person.says(person.page.locator('.sheet.ask'), 'books are not in the file: what they do not have cannot be refunded here');
  await person.press('Keep it');
  await person.page.locator('dialog').waitFor({ state: 'detached' });
  await person.says(person.card(2), 'Free');
  await person.page.locator('input[type=file]').setInputFiles(file);
  await person.press('Replace it');
  await person.says(person.card(2), 'Reserved');
  await person.says(person.lane('kim reserves storage 2'), 'done');
  await person.page
    .locator('input[type=file]')
    .setInputFiles({ name: 'x.db', mimeType: 'application/octet-stream', buffer: Buffer.from('not a database') });
  await person.press('Replace it');
  await person.page.locator('.notice.bad').waitFor();
  await person.says(person.card(2), 'Reserved');
});

test('a dialog left open says what became of its payment; once closed, a notice does', async (t) => {
  const site = await visit();
  t.after(() => site.leave());
  const person = await site.open();
  const settle = () => person.page.evaluate(async () => (await import('/app/main.js')).desk.settle());
  const dialog = person.page.locator('.sheet.storage');
  await person.be('kim');
  await person.payment('Loses the reply');
  await person.reserve(5);
  await person.says(dialog.locator('.told'), 'Payment pending');
  await person.says(dialog.locator('.chip'), 'Pending');
  await settle();
  await person.says(dialog.locator('.told'), 'Reservation 1 of kim stands');
  await person.says(dialog.locator('.chip'), 'Reserved');
  assert.equal(await person.page.locator('.notice').count(), 0);
  await dialog.getByRole('button', { name: 'Done' }).click();
  await person.reserve(6);
  await person.says(dialog.locator('.told'), 'Payment pending');
  await person.closeDialog();
  await settle();
  await person.says(person.page.locator('.notice'), 'Reservation 2 of kim stands');
  await person.reserve(7);
  await person.says(dialog.locator('.told'), 'Payment pending');
  await person.page.evaluate(async () => (await import('/app/main.js')).desk.advance({ minutes: 10 }));
  await person.says(dialog.locator('.told'), 'Reservation 3 of kim has lapsed');
  await person.says(dialog.locator('.chip'), 'Free');
});

test('the price filter takes a price as people type it, and says what it cannot read', async (t) => {
  const site = await visit();
  t.after(() => site.leave());
  const person = await site.open();
  await person.page.evaluate(async () => {
    const { desk } = await import('/app/main.js');
    await desk.send({ command: 'registerStorage', description: 'In dollars', price: 100, currency: 'USD', per: 'rental' }, 'manager');
  });
  await person.says(person.page.locator('.count'), '13 of 13');
  const max = person.page.locator('input[name=max]');
  for (const [typed, count, invalid] of [
    ['₩50,000', '3 of 13', 'false'],
    ['50000원', '3 of 13', 'false'],
    ['-1', '13 of 13', 'true'],
    ['abc', '13 of 13', 'true'],
    ['', '13 of 13', 'false'],
  ]) {
    await max.fill(typed);
    assert.equal(await max.getAttribute('aria-invalid'), invalid, typed);
    assert.equal(await person.page.locator('.count').textContent(), count, typed);
    assert.equal(await max.getAttribute('aria-describedby'), invalid === 'true' ? 'max-wrong' : null, typed);
  }
});

test('every press of +1 day counts', async (t) => {
  const site = await visit();
  t.after(() => site.leave());
  const person = await site.open();
  const day = async () => Date.parse((await person.ask({ query: 'status' })).today) / 86_400_000;
  const before = await day();
  const next = person.page.locator('rent-top').getByRole('button', { name: '+1 day' });
  await next.dblclick();
  await person.page.locator('rent-top button.small:not([aria-disabled])').waitFor();
  assert.equal(await day(), before + 2);
});

/** The rows of a CSV file. @param {string} text */
function parse(text) {
  return text
    .trim()
    .split(/\r?\n/)
    .map((line) =>
      [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell]) =>
        cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell,
      ),
    );
}
