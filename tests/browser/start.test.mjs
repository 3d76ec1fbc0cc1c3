// Where the page cannot start, it says so, in the middle of the window, and what to do.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { launch } from './browser.mjs';
import { overflow, violations } from './looks.mjs';
import { serve } from './server.mjs';
import { root } from './support.mjs';

/** A page that may not load what matches. @param {import('node:test').TestContext} t @param {RegExp} kept @param {object} [options] */
async function without(t, kept, options = {}) {
  const server = await serve({ '': join(root, 'wasm/www') });
  const browser = await launch({ viewport: { width: 390, height: 740 }, reducedMotion: 'reduce', ...options });
  t.after(() => browser.close().then(() => server.close()));
  await browser.context.route(kept, (route) => route.abort());
  const page = await browser.context.newPage();
  await page.goto(server.url);
  return page;
}

/** Whether all of it is in the window. @param {import('playwright-core').Locator} what */
async function inSight(what) {
  await what.waitFor();
  const box = await what.boundingBox();
  return box !== null && box.y > 0 && box.y + box.height < 740;
}

test('without the engine: in the language of the page, a heading, an alert, and a button to try again', async (t) => {
  const page = await without(t, /\/pkg\//, { locale: 'ko-KR' });
  const words = await page.getByRole('alert').innerText();
  assert.match(words, /엔진을 시작하지 못했습니다\s+엔진을 불러올 수 없습니다: 파일을 받지 못했습니다/);
  assert.doesNotMatch(words, /[a-z]{4}/);
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), '다시 시도');
  assert.deepEqual([await violations(page), await overflow(page)], [[], []]);
  await page.context().unroute(/\/pkg\//);
  await page.keyboard.press('Enter');
  await page.locator('.card').first().waitFor();
});

test('without workers: that this browser has none', async (t) => {
  const page = await without(t, /nothing/, { locale: 'en-GB' });
  await page.addInitScript(() => delete globalThis.Worker);
  await page.reload();
  assert.match(await page.getByRole('alert').innerText(), /engine cannot be loaded: this browser has no web workers/);
});

test('without the scripts: after a while, in both languages, that something is amiss', async (t) => {
  const page = await without(t, /\/app\//);
  const late = page.getByText('This takes longer than usual');
  assert.equal(await late.isVisible(), false);
  await page.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()));
  assert.ok(await inSight(late));
  assert.ok(await inSight(page.getByText('평소보다 오래 걸립니다')));
});

test('without JavaScript: what is needed, and nothing that moves', async (t) => {
  const page = await without(t, /nothing/, { javaScriptEnabled: false });
  assert.ok(await inSight(page.locator('noscript p[lang=en]')));
  assert.ok(await inSight(page.locator('noscript p[lang=ko]')));
  assert.equal(await page.locator('.loading-bar').isVisible(), false);
});
