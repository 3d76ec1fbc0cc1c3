// The bench and the storm: asking about what is not known, the books, what the lanes and the promises say.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visit } from './person.mjs';

/** A site for one test. @param {import('node:test').TestContext} t @param {Parameters<typeof visit>[0]} [options] */
async function arrive(t, options) {
  const site = await visit(options);
  t.after(() => site.leave());
  return site.open();
}

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
