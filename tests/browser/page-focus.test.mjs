// Where the focus is after what was pressed is gone: near it, and never nowhere.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrive } from './person.mjs';

/** Puts the focus on a button and presses it by key. @param {import('playwright-core').Locator} button */
async function enter(button) {
  await button.focus();
  await button.page().keyboard.press('Enter');
}

/** Waits until what has the focus is of that kind. @param {import('./person.mjs').Person} person @param {string} selector @param {string} [after] */
async function focusIsOn(person, selector, after) {
  await person.page
    .waitForFunction((selector) => document.activeElement?.matches(selector), selector, { timeout: 5000 })
    .catch(async () => assert.fail(`after ${after ?? selector}: ${await person.page.evaluate(() => document.activeElement?.outerHTML.slice(0, 120))}`));
}

test('the focus stays near what was pressed', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  await page.locator('[data-promise=p1]').click();
  await enter(page.locator('.promise-sheet button'));
  await page.waitForTimeout(400);
  await focusIsOn(person, '.promise-sheet button', 'Check again');
  await page.keyboard.press('Escape');

  await page.getByRole('searchbox').fill('zzz');
  await enter(page.getByRole('button', { name: 'Clear the search' }));
  await focusIsOn(person, '[name=search]', 'Clear the search');

  const tell = () => page.evaluate(async () => (await import('/app/notices.js')).notice('hello'));
  await page.locator('[data-switch=language]').focus();
  await tell();
  await enter(page.locator('.notice button').last());
  await focusIsOn(person, '[data-switch=language]', 'dismissing a notice');
  await tell();
  await page.locator('.notice button').last().focus();
  await page.locator('.notice').waitFor({ state: 'detached' });
  await focusIsOn(person, '[data-switch=language]', 'a notice that passed');

  await person.be('kim');
  await person.reserve(1);
  await person.says(person.lane('kim reserves storage 1'), 'done');
  await enter(person.lane('kim reserves storage 1').locator('.note[data-kind=event]').first());
  await enter(page.locator('.kin-note').first());
  await focusIsOn(person, '.sheet.note h2', 'a related note');
  await page.keyboard.press('Escape');

  await person.look(2);
  await enter(page.locator('[data-turn=on]'));
  await enter(page.locator('[data-turn=back]'));
  await focusIsOn(person, '[data-turn=on]', 'the first month');
  await page.keyboard.press('Escape');
});

test('the focus stays where money, the breaker and a parked letter were waited for', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  await page.locator('input#auto').uncheck();
  const send = (/** @type {object} */ command) =>
    page.evaluate(async (command) => (await import('/app/main.js')).desk.send(command, 'kim').catch(() => {}), command);
  await person.payment('Loses the reply');
  await send({ command: 'reserve', storageId: 1 });
  await person.payment('Approves');
  await enter(person.lane('kim reserves storage 1').getByRole('button', { name: 'Ask now' }));
  await person.says(person.lane('kim reserves storage 1'), 'done');
  await focusIsOn(person, '.lane .note', 'Ask now');

  await send({ command: 'cancelReservation', reservationId: 1 });
  await page.evaluate(async () => {
    const { desk } = await import('/app/main.js');
    const [{ effectId }] = JSON.parse(await desk.site.bench.text({ ask: 'dueEffects', limit: 10 }));
    await desk.site.bench.text({ ask: 'complete', effectId, outcome: { outcome: 'refused', reason: 'no such account' } });
    await desk.sync();
  });
  const dead = page.locator('.dead');
  await person.says(dead, 'no such account');
  await enter(dead.getByRole('button', { name: 'Retry' }));
  await dead.getByRole('button').first().waitFor({ state: 'detached' });
  await focusIsOn(person, 'rent-consumers button', 'Retry');
  await page.evaluate(async () => (await import('/app/main.js')).desk.runDue());

  await person.payment('Is down');
  for (let i = 0; i < 5; i++) await send({ command: 'reserve', storageId: 2 });
  await enter(page.getByRole('button', { name: /^Let \d+ min go by$/ }));
  await page.locator('[data-breaker=halfOpen]').waitFor();
  await focusIsOn(person, '[data-breaker]', 'letting time go by');

  await page.evaluate(async () => {
    const { desk } = await import('/app/main.js');
    for (let i = 0; i < 50; i++) await desk.send({ command: 'reserve', storageId: 3, from: '2020-01-01' }, 'kim').catch(() => {});
  });
  const older = page.getByRole('button', { name: 'Show older lanes' });
  await enter(older);
  await page.waitForTimeout(300);
  await focusIsOn(person, '.lanes-foot button', 'older lanes');
  await page.keyboard.press('Enter');
  await older.waitFor({ state: 'detached' });
  await focusIsOn(person, '.lane .note', 'the last older lanes');
});

test('the way to the board leads there from every room', async (t) => {
  const person = await arrive(t, { viewport: { width: 1024, height: 768 } });
  const { page } = person;
  for (const room of ['storm', 'bench']) {
    await page.locator(`rent-rooms [data-room=${room}]`).click();
    await enter(page.locator('.skip'));
    await focusIsOn(person, '#room-board', `skipping from the ${room}`);
    assert.ok(await page.locator('#room-board').isVisible());
  }
});

test('what is announced while a dialog is open is there for a screen reader', async (t) => {
  const person = await arrive(t);
  const { page } = person;
  const cdp = await page.context().newCDPSession(page);
  const told = async () => {
    const { nodes } = /** @type {{ nodes: any[] }} */ (await cdp.send('Accessibility.getFullAXTree'));
    const text = (/** @type {any} */ node) => [node.name?.value ?? '', ...(node.childIds ?? []).map((/** @type {string} */ id) => text(nodes.find((n) => n.nodeId === id)))].join('');
    return nodes.filter((node) => node.role?.value === 'status').map(text);
  };
  const isTold = async (/** @type {RegExp} */ words) => {
    for (let tries = 0; tries < 20 && !(await told()).some((said) => words.test(said)); tries++) await page.waitForTimeout(50);
    assert.ok((await told()).some((said) => words.test(said)), `${words} among ${JSON.stringify(await told())}`);
  };
  await person.look(2);
  await page.locator('.changing summary').click();
  await page.getByRole('button', { name: 'Delete', exact: true }).click();
  await isTold(/Delete for good/);
  await page.evaluate(async () => (await import('/app/notices.js')).notice('Something else is done'));
  await isTold(/Something else is done/);
  await page.keyboard.press('Escape');
  await page.locator('dialog').waitFor({ state: 'detached' });
  await page.evaluate(async () => (await import('/app/notices.js')).notice('All is well'));
  await isTold(/All is well/);
});
