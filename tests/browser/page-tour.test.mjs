// The tour and what it tries: a race whose payment is not known, steps that fail, and what they point at.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrive } from './person.mjs';

test('a race whose payment is not known says so, and how it ended once it is', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  const race = page.locator('[data-tour=rivals]');
  await page.locator('input#auto').uncheck();
  await person.payment('Loses the reply');
  await person.press('Send both');
  await person.says(race, 'kim holds storage 1; whether the money was taken is not known yet. lee was refused.');
  await person.payment('Approves');
  await person.lane('kim reserves storage 1').getByRole('button', { name: 'Ask now' }).click();
  await person.says(race, 'kim has storage 1. lee was refused.');
  await person.payment('Loses the reply');
  await person.press('Send both');
  await person.says(race, 'kim holds storage 2');
  await person.press(/^Holds lapse/);
  await person.says(race, 'Neither got it: No answer came in time. Reservation 2 of kim has lapsed');
});

test('a step of the tour that fails leaves the site as it was, and says why', async (t) => {
  const person = await arrive(t, { tour: true, locale: 'ko-KR' });
  const { page } = person;
  await page.evaluate(async () => {
    const { desk } = await import('/app/main.js');
    const { later } = await import('/app/format.js');
    for (const { storageId } of desk.storages.values())
      await desk.send({ command: 'reserve', storageId, from: desk.today, until: later(desk.today, 7) }, 'park');
  });
  const tour = page.locator('rent-tour');
  const step = async (/** @type {number} */ at) => {
    await page.evaluate(() => document.querySelectorAll('.notice').forEach((n) => n.remove()));
    await tour.filter({ hasText: `6단계 중 ${at}단계` }).locator('[data-key=show]').click();
    await person.says(page.locator('.notice.bad'), '오늘부터 빈 창고가 없습니다.');
    await page.locator('rent-tour [data-key=show][aria-disabled=false]').waitFor();
  };
  for (let i = 1; i < 4; i++) await tour.locator('[data-key=next]').click();
  await step(4);
  assert.equal(await page.locator('input[name=way]:checked').getAttribute('value'), 'approve');
  await tour.locator('[data-key=next]').click();
  await step(5);
  await page.locator('[data-consumer=message][data-paused=no]').waitFor();
});

test('what a step of the tour points at is in sight, and the card does not stand on it', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  for (const viewport of [{ width: 1440, height: 900 }, { width: 1024, height: 768 }, { width: 390, height: 844 }, { width: 320, height: 640 }]) {
    await page.setViewportSize(viewport);
    await page.locator('[data-switch=tour]').click();
    for (let step = 1; step <= 6; step++) {
      await page.locator(`rent-tour[data-step="${step}"]`).waitFor();
      if (step === 6) await page.locator('[data-promise=p1]').click();
      await page.waitForTimeout(250);
      if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/tour-${viewport.width}-${step}.png` });
      const wrong = await page.evaluate((step) => {
        const card = /** @type {Element} */ (document.querySelector('rent-tour')).getBoundingClientRect();
        const target = /** @type {Element} */ (document.querySelector(step === 6 ? '.promise-sheet' : '.toured'));
        const view = (target.closest('.scroll') ?? document.documentElement).getBoundingClientRect();
        // At 320 px there is no room for all of it beside the card.
        const parts = innerWidth > 320 ? 'h2, h3, .way, .consumer-switches button, .actions button' : 'h3';
        return [...target.querySelectorAll(parts)]
          .map((e) => ({ text: e.textContent, box: e.getBoundingClientRect() }))
          .filter(({ box }) => {
            const covered = box.left < card.right && box.right > card.left && box.top < card.bottom && box.bottom > card.top;
            return covered || box.top < view.top - 1 || box.bottom > view.bottom + 1;
          })
          .map(({ text }) => text);
      }, step);
      if (step > 2 && !(step === 6 && viewport.width === 320)) assert.deepEqual(wrong, [], `${viewport.width}: step ${step}`);
      if (step === 6) await page.keyboard.press('Escape');
      await page.locator('rent-tour [data-key=next]').click();
    }
  }
});
