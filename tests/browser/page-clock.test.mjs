// The site's clock on the page: a day that begins by itself, and the times beside what happened.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrive } from './person.mjs';

test('the page notices that a day has begun, and its clock goes on', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  const day = () => page.locator('.site-day').textContent();
  const before = await day();
  const clock = await page.locator('.clock-now').textContent();
  await page.waitForFunction((shown) => document.querySelector('.clock-now')?.textContent !== shown, clock);
  await page.locator('input#auto').uncheck();
  // Fifteen hours go by, in the page and in the engine: it is after midnight.
  await page.evaluate(async () => {
    const { desk } = await import('/app/main.js');
    const now = Date.now;
    Date.now = () => now() + 15 * 3_600_000;
    await desk.site.bench.advance({ minutes: 15 * 60 });
  });
  await page.waitForFunction((shown) => document.querySelector('.site-day')?.textContent !== shown, before);
  assert.equal(await page.evaluate(async () => (await import('/app/main.js')).desk.today), (await person.ask({ query: 'status' })).today);
});

test('a lane tells the time of the site, whoever began it', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  await person.be('kim');
  await page.locator('rent-top').getByRole('button', { name: '+1 day' }).click();
  await person.press(/^Holds lapse/);
  await person.reserve(1);
  const lane = person.lane('kim reserves storage 1');
  await person.says(lane, 'done');
  const { now, zone } = await person.ask({ query: 'status' });
  const minute = (/** @type {number} */ ago) =>
    new Intl.DateTimeFormat('en-GB', { timeZone: zone, hour: '2-digit', minute: '2-digit' }).format(Date.parse(now) - ago);
  const shown = (await lane.locator('.lane-id').textContent()) ?? '';
  assert.ok([minute(0), minute(60_000)].some((at) => shown.includes(` ${at}:`)), `${shown} at ${now}`);
});
