// What the board and its dialogs say: prices as typed, what is free when, and why something was refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visit } from './person.mjs';

/** A site for one test. @param {import('node:test').TestContext} t @param {Parameters<typeof visit>[0]} [options] */
async function arrive(t, options) {
  const site = await visit(options);
  t.after(() => site.leave());
  return site.open();
}

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
