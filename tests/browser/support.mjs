// What every browser test needs: where things are, a served page, a browser, and the command line.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { launch } from './browser.mjs';
import { serve } from './server.mjs';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const built = process.env.STORAGERENT_PROGRAMS ?? join(root, 'target/debug');
export const engineLines = join(built, 'engine_lines');
export const tool = join(built, 'storagerent');

/** Runs the command line; answers with its exit code and what it printed. @param {string[]} words */
export async function storagerent(...words) {
  try {
    const { stdout, stderr } = await promisify(execFile)(tool, words, { env: { PATH: process.env.PATH, LANG: 'C' } });
    return { code: 0, stdout, stderr };
  } catch (error) {
    const { code, stdout, stderr } = /** @type {{ code: number, stdout: string, stderr: string }} */ (error);
    return { code, stdout, stderr };
  }
}

/** A served page in a browser of its own, and a folder for files; all gone afterwards. */
export async function stage(options = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'storagerent-'));
  const server = await serve({ '': join(root, 'wasm/www'), test: join(root, 'tests/browser'), example: join(root, 'wasm/example'), npm: join(root, 'wasm/npm') });
  const browser = await launch(options);
  const context = browser.context;
  /** @type {string[]} */
  const complaints = [];
  return {
    folder,
    context,
    url: server.url,
    /** What pages said of errors. */
    complaints,
    /** A bare page, the site of that name opened in it as `site`. @param {string} [name] */
    async page(name = 'rent.db') {
      const page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (line) => line.type() === 'error' && complaints.push(line.text()));
      await page.goto(`${server.url}/test/bare.html`);
      await openIn(page, name);
      return page;
    },
    async close() {
      await browser.close();
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Opens the site in a page. @param {import('playwright-core').Page} page */
export function openIn(page, name = 'rent.db') {
  return page.evaluate(async (name) => {
    const { open } = await import('/engine/engine.js');
    const site = await open({ name, lang: 'en' });
    site.bench.delayMs = 0;
    Object.assign(globalThis, { site, events: [] });
    site.subscribe((more) => globalThis.events.push(...more), { after: 0 });
    // A refusal as data, to look at from outside.
    globalThis.attempt = (promise) => promise.then((answer) => ({ answer }), (e) => ({ code: e.code, kind: e.kind, message: e.message, hint: e.hint, retryAfter: e.retryAfter, reservation: e.reservation, isError: e instanceof Error }));
    return { kept: site.kept, why: site.why };
  }, name);
}
