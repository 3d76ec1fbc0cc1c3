// What the board and its dialogs say: prices as typed, what is free when, and why something was refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrive } from './person.mjs';

test('a comma in a price stands between thousands, or the price is refused', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  const max = page.locator('input[name=max]');
  await max.fill('50,00');
  assert.equal(await max.getAttribute('aria-invalid'), 'true');
  await max.fill('');
  await person.press('Register');
  await page.getByLabel('Description').fill('In euros');
  await page.locator('#storage-currency').selectOption('EUR');
  const price = page.getByLabel('Price', { exact: true });
  for (const typed of ['12,50', '1,2', ',5', '1,000,00', '1.000,00', '12.500']) {
    await price.fill(typed);
    await page.locator('.sheet.register button.main').click();
    await person.says(page.locator('#storage-wrong'), 'Commas stand between thousands only');
    await page.locator('#storage-wrong').evaluate((wrong) => (wrong.textContent = ''));
  }
  await price.fill('1,250.50');
  await page.locator('.sheet.register button.main').click();
  await person.says(person.card(13), '€1,250.50');
});

test('a card tells what is booked next, and what is held today is not free', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  /** Reserves so many days from today on. @param {number} storageId @param {number} from @param {number} until */
  const reserve = (storageId, from, until) =>
    page.evaluate(
      async ([storageId, from, until]) => {
        const { desk } = await import('/app/main.js');
        const { later } = await import('/app/format.js');
        const period = { from: later(desk.today, from), until: later(desk.today, until) };
        return desk.send({ command: 'reserve', storageId, ...period }, 'kim').catch((error) => error.reservation);
      },
      [storageId, from, until],
    );
  const chip = (/** @type {number} */ storage) => person.card(storage).locator('.chip');
  const until = (/** @type {number} */ days) =>
    page.evaluate(async (days) => {
      const { desk } = await import('/app/main.js');
      const { day, later } = await import('/app/format.js');
      return `until ${day(later(desk.today, days), desk.today)}`;
    }, days);
  await reserve(1, 4, 6);
  const { reservationId } = await reserve(1, 11, 13);
  await person.says(person.card(1).locator('.card-meta'), await until(4));
  assert.equal(await chip(1).textContent(), 'Free');
  await page.evaluate(async (reservationId) => (await import('/app/main.js')).desk.send({ command: 'cancelReservation', reservationId }, 'kim'), reservationId);
  await page.waitForFunction(async () => (await import('/app/main.js')).desk.reservations.get(2)?.reservationStatus === 'cancelled');
  await person.says(person.card(1).locator('.card-meta'), await until(4));

  await page.locator('input#auto').uncheck();
  await person.payment('Loses the reply');
  await reserve(2, 0, 2);
  await person.payment('Approves');
  await reserve(2, 5, 6);
  await person.says(chip(2), 'Pending');
  await page.locator('select[name=status]').selectOption('free');
  await person.says(page.locator('.count'), '11 of 12');
  // The first two are free today at best, not from now on.
  await person.press('Send both');
  await person.says(page.locator('[data-tour=rivals]'), 'has storage 3');

  await person.press('Pause View');
  await page.locator('select[name=status]').selectOption('all');
  await reserve(4, 0, 2);
  await person.says(page.locator('.stale'), 'this board is as of event');
  assert.equal(await chip(4).textContent(), 'Free', 'a board that says it is of earlier shows what was');
  await person.press('Resume View');
  await person.says(chip(4), 'Reserved');

  await person.press('Crash View after its effect');
  await reserve(5, 0, 2);
  await person.says(page.locator('.stale'), 'The view consumer fails, and is tried again: this board is as of event');
  assert.equal(await chip(5).textContent(), 'Free');
  await person.press('Crash Messages after its effect');
  await reserve(6, 0, 2);
  await person.part('messages');
  await person.says(page.locator('.messages'), 'The message consumer fails, and is tried again. What is missing here comes later');
  await person.part('storages');

  await person.press('Crash View after its effect');
  await person.says(chip(5), 'Reserved');
  await page.locator('.stale').waitFor({ state: 'hidden' });
});

test('nothing of a card is cut off, whatever the width: a day of another year, a rating beside how long', async (t) => {
  for (const locale of ['ko-KR', 'en-GB']) {
    const person = await arrive(t, { locale });
    const { page } = person;
    await page.evaluate(async () => {
      const { desk } = await import('/app/main.js');
      const { later } = await import('/app/format.js');
      await desk.send({ command: 'reserve', storageId: 1, from: later(desk.today, 40), until: later(desk.today, 60) }, 'kim');
      const { reservationId } = await desk.send({ command: 'reserve', storageId: 2, from: desk.today, until: null }, 'kim');
      await desk.send({ command: 'addReview', reservationId, rate: 4, content: '좋아요' }, 'kim');
      await desk.send({ command: 'reserve', storageId: 3, from: later(desk.today, 400), until: later(desk.today, 410) }, 'kim');
    });
    await person.card(2).locator('.rating').waitFor();
    await person.card(3).locator('.card-meta').waitFor();
    for (const width of [320, 360, 384, 720, 1024, 1280, 1440]) {
      await page.setViewportSize({ width, height: 800 });
      await page.waitForTimeout(150);
      const cut = await page.evaluate(() =>
        [...document.querySelectorAll('.card')].flatMap((card) => {
          const end = card.getBoundingClientRect().right;
          const all = [.../** @type {NodeListOf<HTMLElement>} */ (card.querySelectorAll('.chip, .card-meta > :first-child, .rating .icon, .rating .icon + span'))];
          return all.filter((e) => e.getBoundingClientRect().right > end - 8 || e.scrollWidth > e.clientWidth + 1 || e.offsetTop < 0).map((e) => e.textContent);
        }),
      );
      assert.deepEqual(cut, [], `${locale} ${width}`);
      const of = await person.card(2).locator('.rating').evaluate((rating) => [...rating.children].map((e) => e.getBoundingClientRect().top - rating.getBoundingClientRect().top));
      assert.ok(of[1] < 4, `${locale} ${width}: the rating itself is seen`);
    }
  }
});

test('a refusal is said in the dialog it was asked for in', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  const send = (/** @type {object} */ command, /** @type {string} */ who) =>
    page.evaluate(async ([command, who]) => (await import('/app/main.js')).desk.send(command, who), /** @type {[any, string]} */ ([command, who]));
  await send({ command: 'reserve', storageId: 1 }, 'kim');
  await person.look(1);
  await page.locator('.changing summary').click();
  await page.locator('.changing').getByRole('button', { name: 'Delete' }).click();
  await page.locator('.changing').getByRole('button', { name: 'Delete for good?' }).click();
  await person.says(page.locator('#storage-wrong'), /reserv/);
  await page.getByLabel('Description').fill(' ');
  await person.press('Save');
  await person.says(page.locator('#storage-wrong'), /escription/);
  await person.closeDialog();

  await person.be('kim');
  await person.part('mine');
  await person.reservation(1).getByRole('button', { name: 'Review' }).click();
  await page.locator('.sheet.ask label', { hasText: '4 stars' }).click();
  await page.getByLabel('How was it?').fill(' ');
  await person.press('Publish');
  await person.says(page.locator('#review-wrong'), /^Review: /);
  await person.closeDialog();

  await person.reservation(1).getByRole('button', { name: 'Cancel' }).click();
  await send({ command: 'endRental', reservationId: 1, on: null }, 'kim');
  await page.evaluate(async () => (await import('/app/main.js')).desk.site.bench.advance({ days: 3 }));
  await person.press('Cancel and refund');
  await person.says(page.locator('.sheet.ask [role=alert]'), /cancel/i);
  assert.equal(await page.locator('.notice.bad').count(), 0);
});

test('what becomes of a reservation whose dialog was closed meanwhile is told all the same', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  await person.be('kim');
  await page.evaluate(async () => ((await import('/app/main.js')).desk.site.bench.delayMs = 600));
  await person.payment('Declines');
  await person.reserve(1);
  await person.closeDialog();
  await person.says(page.locator('.notice.bad'), /declined/i);
  await person.payment('Loses the reply');
  await person.reserve(2);
  await person.closeDialog();
  await person.says(page.locator('.notice.wait'), 'unknown');
});

test('reservations and messages stay where they are read, and all of them can be', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  await page.evaluate(async () => {
    const { desk } = await import('/app/main.js');
    const { later } = await import('/app/format.js');
    desk.site.bench.delayMs = 0;
    for (let i = 0; i < 120; i++)
      await desk.send({ command: 'reserve', storageId: 1, from: later(desk.today, i), until: later(desk.today, i + 1) }, 'kim');
  });
  await person.be('kim');
  const body = page.locator('.part-body');
  for (const part of /** @type {const} */ (['mine', 'messages'])) {
    await person.part(part);
    const rows = body.locator('[data-row]');
    await rows.nth(99).waitFor();
    assert.equal(await rows.count(), 100);
    await person.press(/^Show 2\d more$/);
    await rows.nth(119).waitFor();
    assert.equal(await person.page.evaluate(() => document.activeElement?.className), 'scroll part-body');
    await rows.nth(90).scrollIntoViewIfNeeded();
    const seen = rows.nth(90);
    const [key, before] = [await seen.getAttribute('data-row'), await seen.boundingBox()];
    const counted = await rows.count();
    await page.evaluate(async (part) => {
      const { desk } = await import('/app/main.js');
      await desk.send({ command: 'reserve', storageId: part === 'mine' ? 2 : 3 }, 'kim');
    }, part);
    await page.waitForFunction((n) => document.querySelectorAll('.part-body [data-row]').length > n, counted - 1);
    await page.waitForFunction(async (part) => (await import('/app/main.js')).desk.reservations.size === (part === 'mine' ? 121 : 122), part);
    await page.waitForTimeout(300);
    const now = await body.locator(`[data-row="${key}"]`).boundingBox();
    assert.ok(before && now && Math.abs(before.y - now.y) < 2, `${part}: ${before?.y} ${now?.y}`);
  }
});

test('moving out takes a day that is one, and says in Korean which there are', async (t) => {
  const person = await arrive(t, { locale: 'ko-KR' });
  const { page } = person;
  await page.evaluate(async () => (await import('/app/main.js')).desk.send({ command: 'reserve', storageId: 1 }, 'kim'));
  await person.be('kim');
  await person.part('mine');
  await person.reservation(1).getByRole('button', { name: '퇴거' }).click();
  const today = await page.evaluate(async () => (await import('/app/main.js')).desk.today);
  for (const typed of ['', today]) {
    await page.locator('#end-on').fill(typed);
    await person.press('종료일 정하기');
    await person.says(page.locator('#end-wrong'), /^\d+월 \d+일부터 고를 수 있습니다\.$/);
    await page.locator('#end-wrong').evaluate((wrong) => (wrong.textContent = ''));
  }
  assert.equal((await person.ask({ query: 'reservation', reservationId: 1 })).until, null);
  const words = await page.evaluate(async () => {
    const [{ desk }, { wordsOf }] = await Promise.all([import('/app/main.js'), import('/app/notices.js')]);
    return desk.send({ command: 'endRental', reservationId: 1, on: desk.today }, 'kim').catch(wordsOf);
  });
  assert.match(words, /^비는 첫날: /);
});

test('the second, later day picked is the last, also where none was needed', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  await person.be('kim');
  await person.look(1);
  const sheet = page.locator('.sheet.storage');
  const days = sheet.locator('.day:not([aria-disabled=true])');
  await sheet.locator('[data-turn=on]').click();
  const pick = (/** @type {number} */ at) => sheet.locator(`.day[data-day$="-${String(at).padStart(2, '0')}"]`).click();
  const isOpen = () => sheet.locator('#open-ended').isChecked();
  await days.first().waitFor();
  await pick(10);
  await person.says(sheet.locator('.span'), 'open-ended');
  await pick(10);
  assert.ok(await isOpen(), 'the same day again is no last day');
  await pick(8);
  assert.ok(await isOpen(), 'an earlier one is another first day');
  await pick(12);
  await person.says(sheet.locator('.span'), /First day8 \w+.*Last day12 /);
  assert.equal(await isOpen(), false);
  await sheet.locator('#open-ended').check();
  await person.says(sheet.locator('.span'), 'open-ended');
});
