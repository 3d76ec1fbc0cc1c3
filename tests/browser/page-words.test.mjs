// Small things the page says and shows: one day is not "1 days", what is not possible is not offered, cards stand in the order they are seen in.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrive, visit } from './person.mjs';

test('one is one: a day, a star, a message, an event', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  const words = (/** @type {string} */ key, /** @type {object} */ fill) =>
    page.evaluate(async ([key, fill]) => (await import('/app/language.js')).t(key, fill), /** @type {[string, any]} */ ([key, fill]));
  assert.equal(await words('reserve.days', { days: '1' }), '1 day');
  assert.equal(await words('reserve.days', { days: '1,000' }), '1,000 days');
  assert.equal(await words('reserve.months', { months: 1 }), '1 month');
  assert.equal(await words('rating', { rating: 4, count: 1 }), '4 of 5 from 1 review');
  assert.equal(await words('promise.checked', { rows: '1', events: '2', findings: '0' }), 'verify held 1 row against 2 events: 0 findings.');
  await page.evaluate(async () => (await import('/app/main.js')).desk.send({ command: 'reserve', storageId: 1 }, 'kim'));
  await page.locator('[data-promise=p4]').click();
  await person.says(page.locator('.promise-sheet'), '1 message told, none twice. Every consumer is up to date.');
  await page.keyboard.press('Escape');
  await person.press('+1,000 storages');
  await person.says(person.lane('Manager registers 1,000 storages'), 'done');
});

test('a price is not cut off, and the cards are in the order they are seen in', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  assert.deepEqual(
    await page.evaluate(() => [...document.querySelectorAll('.card-price')].filter((p) => p.scrollWidth > p.clientWidth).map((p) => p.textContent)),
    [],
  );
  await person.press('+1,000 storages');
  await person.says(page.locator('.count'), '1,012');
  const inOrder = async () => {
    const ids = await page.locator('.card').evaluateAll((cards) => cards.map((card) => Number(/** @type {HTMLElement} */ (card).dataset.storage)));
    assert.deepEqual(ids, ids.toSorted((a, b) => a - b));
  };
  const scroll = (/** @type {number} */ top) => page.locator('.board-body .scroll').evaluate((s, top) => (s.scrollTop = top), top);
  await page.locator('.card').first().focus();
  for (const top of [3000, 1500, 0]) {
    await scroll(top);
    await page.waitForTimeout(100);
    await inOrder();
    assert.equal(await page.evaluate(() => document.activeElement?.dataset.storage), '1');
  }
  await page.getByRole('searchbox').fill('medium');
  await person.says(page.locator('.count'), /^\d{3} of/);
  await page.getByRole('searchbox').fill('');
  await person.says(page.locator('.count'), '1,012 of');
  await inOrder();
});

test('what would be refused is not offered: a second review, giving up a refund', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  await page.locator('input#auto').uncheck();
  const send = (/** @type {object} */ command) =>
    page.evaluate(async (command) => (await import('/app/main.js')).desk.send(command, 'kim'), command);
  await send({ command: 'reserve', storageId: 1 });
  await person.be('kim');
  await person.part('mine');
  const review = person.reservation(1).getByRole('button', { name: 'Review' });
  await review.waitFor();
  const { reviewId } = await send({ command: 'addReview', reservationId: 1, rate: 5, content: 'Dry' });
  await review.waitFor({ state: 'detached' });
  await send({ command: 'deleteReview', reviewId });
  await review.waitFor();
  await send({ command: 'cancelReservation', reservationId: 1 });
  await page.evaluate(async () => {
    const { desk } = await import('/app/main.js');
    const [{ effectId }] = JSON.parse(await desk.site.bench.text({ ask: 'dueEffects', limit: 10 }));
    await desk.site.bench.text({ ask: 'complete', effectId, outcome: { outcome: 'refused', reason: 'no such account' } });
    await desk.sync();
  });
  await person.says(page.locator('.dead'), 'no such account');
  assert.deepEqual(await page.locator('.dead button').allTextContents(), ['Retry']);
});

test('what is said already follows the language: the bar of a second tab, and how a race went', async (t) => {
  const site = await visit();
  t.after(() => site.leave());
  await site.open();
  const person = await site.open();
  const { page } = person;
  await person.press('Send both');
  await person.says(page.locator('[data-tour=rivals]'), 'has storage 1');
  await page.locator('[data-switch=language]').click();
  await person.says(page.locator('.banner'), '다른 탭이 이 사이트를 열고 있습니다');
  await person.says(page.locator('[data-tour=rivals]'), '창고 1번은');
  await page.getByRole('complementary', { name: '알림' }).getByRole('button', { name: '치우기' }).click();
  await page.locator('.banner').waitFor({ state: 'detached' });
});

test('a switch whose name changes is not pressed: “Resume Messages” alone says that they are paused', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  const pause = page.locator('[data-key=pause-message]');
  const look = () => pause.evaluate((button) => [button.getAttribute('aria-label'), button.getAttribute('aria-pressed'), getComputedStyle(button).backgroundColor]);
  const before = await look();
  await person.press('Pause Messages');
  await page.getByRole('button', { name: 'Resume Messages' }).waitFor();
  await page.mouse.move(0, 0);
  await page.waitForTimeout(300);
  const after = await look();
  assert.deepEqual([before.slice(0, 2), after.slice(0, 2)], [['Pause Messages', null], ['Resume Messages', null]]);
  assert.notEqual(before[2], after[2], 'it is seen that they are paused');
  await person.press('Crash Messages after its effect');
  await page.getByRole('button', { name: 'Crash Messages after its effect', pressed: true }).waitFor();
});

test('whether one is sure is asked again after a while', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  await person.look(1);
  await page.locator('.changing summary').click();
  await page.getByRole('button', { name: 'Delete', exact: true }).dblclick();
  await page.getByRole('button', { name: 'Delete for good?' }).waitFor();
  await page.getByRole('button', { name: 'Delete', exact: true }).waitFor();
  assert.equal((await person.ask({ query: 'status' })).counts.storages, 12);
});
