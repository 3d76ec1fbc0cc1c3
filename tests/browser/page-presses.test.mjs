// Presses and keys: what happens once however often one presses, and where the focus is afterwards.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrive } from './person.mjs';

test('a double click acts once: a card, a registration, a review', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  await person.card(1).dblclick();
  await page.locator('.sheet.storage .reviews').waitFor();
  await page.waitForTimeout(300);
  assert.equal(await page.locator('dialog').count(), 1);
  await person.closeDialog();
  await person.press('Register');
  await page.getByLabel('Description').fill('Once');
  await page.getByLabel('Price', { exact: true }).fill('1000');
  await page.locator('.sheet.register button.main').dblclick();
  await person.says(page.locator('.count'), '13 of 13');
  await person.be('kim');
  await person.reserve(1);
  await person.says(person.card(1), 'Reserved');
  await person.part('mine');
  await person.reservation(1).getByRole('button', { name: 'Review' }).click();
  await page.getByLabel('How was it?').fill('Dry');
  await page.locator('.sheet.ask label', { hasText: '4 stars' }).click();
  await page.evaluate(() => {
    const form = /** @type {HTMLFormElement} */ (document.querySelector('.sheet.ask form'));
    form.requestSubmit();
    form.requestSubmit();
  });
  await person.says(page.locator('.notice'), 'Thank you');
  await page.waitForTimeout(300);
  assert.equal(await page.locator('.notice.bad').count(), 0);
  const { counts } = await person.ask({ query: 'status' });
  assert.deepEqual([counts.storages, counts.reviews], [13, 1]);
});
