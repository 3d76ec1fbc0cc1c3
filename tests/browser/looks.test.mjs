// Every room, in both languages, dark and light, wide, middling and at 360 px: axe-core finds nothing, nothing is cut off at the side.
// With SHOTS=folder, a picture of each is written there, to be looked at.
import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { overflow, violations } from './looks.mjs';
import { visit } from './person.mjs';

const SHOTS = process.env.SHOTS;
const SIZES = { wide: { width: 1440, height: 900 }, middling: { width: 1024, height: 768 }, phone: { width: 360, height: 740 } };
const ROOMS = ['board', 'storm', 'bench'];
// In the dark the page differs in its colours alone, and they are not those of one width.
const COLOURS = ['color-contrast', 'link-in-text-block'];

if (SHOTS) await mkdir(SHOTS, { recursive: true });

/** A site with something of everything in it. @param {import('./person.mjs').Person} person */
async function story(person) {
  await person.page.evaluate(async () => {
    const { desk } = await import('/app/main.js');
    const send = (command, who) => desk.send(command, who).catch((error) => error);
    await send({ command: 'reserve', storageId: 1 }, 'kim');
    await send({ command: 'reserve', storageId: 1 }, 'lee');
    await send({ command: 'addReview', reservationId: 1, rate: 5, content: '깨끗하고 따뜻해요. Dry and warm.' }, 'kim');
    await send({ command: 'reserve', storageId: 7, from: null, until: null }, 'park');
    await send({ command: 'cancelReservation', reservationId: 2 }, 'park');
    await desk.runDue();
    await desk.site.bench.payment('decline');
    await send({ command: 'reserve', storageId: 3 }, 'lee');
    await send({ command: 'pauseConsumer', name: 'message' }, 'manager');
    await desk.site.bench.payment('approve');
    await send({ command: 'reserve', storageId: 5 }, 'kim');
    await desk.site.bench.payment('lostReply');
    desk.auto = false;
    await send({ command: 'reserve', storageId: 4 }, 'kim');
    await desk.site.bench.payment('approve');
  });
}

for (const lang of ['ko', 'en']) {
  for (const theme of ['light', 'dark']) {
    test(`nothing is to be found wrong: ${lang}, ${theme}`, async (t) => {
      const found = /** @type {string[]} */ ([]);
      const site = await visit({
        locale: lang === 'ko' ? 'ko-KR' : 'en-GB',
        colorScheme: /** @type {'light' | 'dark'} */ (theme),
        reducedMotion: 'reduce',
      });
      t.after(() => site.leave());
      const person = await site.open();
      await story(person);
      await person.be('kim');
      const look = async (/** @type {string} */ name) => {
        await person.page.waitForTimeout(100);
        if (SHOTS) await person.page.screenshot({ path: join(SHOTS, `${name}-${lang}-${theme}.png`) });
        found.push(
          ...(await violations(person.page, theme === 'dark' ? COLOURS : undefined)).map((v) => `${name}: ${v}`),
          ...(await overflow(person.page)).map((e) => `${name}: ${e} sticks out`),
        );
      };
      for (const [size, viewport] of Object.entries(SIZES)) {
        if (theme === 'dark' && size === 'middling') continue;
        await person.page.setViewportSize(viewport);
        for (const room of size === 'wide' ? ['board'] : ROOMS) {
          if (size !== 'wide') await person.page.locator(`rent-rooms [data-room=${room}]`).click();
          await look(`${size}-${room}`);
        }
        if (size !== 'wide') await person.page.locator('rent-rooms [data-room=board]').click();
        await person.part('mine');
        await look(`${size}-mine`);
        await person.part('messages');
        await look(`${size}-messages`);
        await person.part('storages');
        for (const [storage, name] of /** @type {[number, string][]} */ ([
          [6, 'storage'],
          [1, 'taken'],
        ])) {
          await person.card(storage).click();
          await person.page.locator('.sheet.storage .bill > *').first().waitFor();
          await look(`${size}-${name}`);
          await person.page.keyboard.press('Escape');
        }
        if (size !== 'wide') await person.page.locator('rent-rooms [data-room=storm]').click();
        await person.page.locator('.note[data-kind=event]').first().click();
        await look(`${size}-note`);
        await person.page.keyboard.press('Escape');
        await person.page.locator('[data-promise=p1]').click();
        await look(`${size}-promise`);
        await person.page.keyboard.press('Escape');
        if (size !== 'wide') await person.page.locator('rent-rooms [data-room=board]').click();
        await person.page.locator('[data-switch=tour]').click();
        await look(`${size}-tour`);
        await person.page.locator('rent-tour [data-key=leave]').click();
        await person.be('manager');
        await person.page.locator('.filters button').click();
        await look(`${size}-register`);
        await person.page.keyboard.press('Escape');
        await person.be('kim');
      }
      assert.deepEqual([...new Set(found)], []);
      assert.deepEqual(site.troubles, []);
    });
  }
}

test('between the sizes nothing is cut off, and the head is not broken', async (t) => {
  for (const locale of ['en-GB', 'ko-KR']) {
    const site = await visit({ locale });
    t.after(() => site.leave());
    const { page } = await site.open();
    for (const width of [320, 701, 720, 768, 781, 1100, 1280]) {
      await page.setViewportSize({ width, height: 800 });
      for (const room of width < 1100 ? ROOMS : ['bench']) {
        if (width < 1100) await page.locator(`rent-rooms [data-room=${room}]`).click();
        assert.deepEqual(await overflow(page), [], `${locale} ${width} ${room}`);
      }
      const broken = await page.evaluate(() =>
        [...document.querySelectorAll('rent-top .brand-ko, rent-top .who .quiet, rent-top .switches button')]
          .filter((e) => e.checkVisibility() && e.getBoundingClientRect().height > 44)
          .map((e) => e.textContent),
      );
      assert.deepEqual(broken, [], `${locale} ${width}`);
      const parts = await page.evaluate(() =>
        ['rent-top h1 .brand-ko', '.who', '.day-now', '.switches'].map((s) => /** @type {Element} */ (document.querySelector(s)).getBoundingClientRect().toJSON()),
      );
      for (const [i, part] of parts.slice(1).entries())
        assert.ok(part.top >= parts[i].bottom || part.left >= parts[i].right || part.bottom <= parts[i].top, `${locale} ${width}: the head overlaps`);
    }
  }
});

test('on a phone zoomed in to twice its size no card, reservation or dialog sticks out', async (t) => {
  for (const [locale, buttons] of /** @type {[string, string[]][]} */ ([
    ['en-GB', ['Cancel', 'Move out']],
    ['ko-KR', ['취소', '퇴거']],
  ])) {
    const site = await visit({ locale, viewport: { width: 180, height: 370 } });
    t.after(() => site.leave());
    const person = await site.open();
    const { page } = person;
    await story(person);
    const sticksOut = (/** @type {string} */ what) =>
      page
        .evaluate(() =>
          [...document.querySelectorAll('.room *, dialog *')]
            .filter((e) => e.getBoundingClientRect().right > innerWidth + 1 && e.checkVisibility() && !e.closest('.unseen, pre'))
            .map((e) => `${e.className || e.tagName}: ${e.textContent}`),
        )
        .then((found) => assert.deepEqual(found, [], `${locale} ${what}`));
    const close = async () => {
      await page.keyboard.press('Escape');
      await page.locator('dialog').waitFor({ state: 'detached' });
    };
    await sticksOut('board');
    await person.part('mine');
    await person.says(page.locator('.reservation .pending'), /./);
    await sticksOut('reservations');
    for (const name of buttons) {
      await page.locator('.reservation').getByRole('button', { name, exact: true }).first().click();
      await sticksOut(name);
      await close();
    }
    await person.look(1);
    await sticksOut('a storage');
    await close();
  }
});

test('the tour can be left however small the window', async (t) => {
  const site = await visit({ locale: 'ko-KR', viewport: { width: 160, height: 284 } });
  t.after(() => site.leave());
  const { page } = await site.open();
  await page.locator('[data-switch=tour]').click();
  const { x, y, width, height } = /** @type {any} */ (await page.locator('rent-tour [data-key=leave]').boundingBox());
  assert.ok(x >= 0 && y >= 0 && x + width <= 160 && y + height <= 284, `${x} ${y} ${width} ${height}`);
  await page.locator('rent-tour [data-key=leave]').click();
});

test('a second tab says so, and nothing is to be found wrong with how', async (t) => {
  const site = await visit();
  t.after(() => site.leave());
  await site.open();
  const second = await site.open();
  await second.page.locator('.banner').waitFor();
  assert.deepEqual([await violations(second.page), await overflow(second.page)], [[], []]);
});
