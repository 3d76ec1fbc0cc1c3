// What a person does on the page, for the tests: finds things by what they are called, as one with a screen reader would.
import { join } from 'node:path';
import { launch } from './browser.mjs';
import { serve } from './server.mjs';

/** The folder served as the page: the sources, or what `lean.sh` made of them. */
const WWW = process.env.WWW ?? join(import.meta.dirname, '../../wasm/www');

/** Serves the page and opens it. @param {import('playwright-core').BrowserContextOptions & { tour?: boolean, www?: string }} [options] */
export async function visit({ tour = false, www = WWW, ...options } = {}) {
  const server = await serve({ '': www });
  const { context, close } = await launch({ locale: 'en-GB', viewport: { width: 1440, height: 900 }, ...options });
  context.setDefaultTimeout(15_000);
  const troubles = /** @type {string[]} */ ([]);
  const open = async () => {
    const page = await context.newPage();
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('console', (message) => ['error', 'warning'].includes(message.type()) && troubles.push(message.text()));
    page.on('dialog', (dialog) => (troubles.push(`dialog: ${dialog.message()}`), dialog.dismiss()));
    // Ten in the morning in Seoul, or a story that lets half an hour go by would pass midnight at times.
    await page.addInitScript(() => {
      const minutes = (60 - Math.floor(Date.now() / 60_000) % 1440 + 1440) % 1440;
      localStorage.getItem('storagerent.ahead') ?? localStorage.setItem('storagerent.ahead', String(minutes));
    });
    if (!tour) await page.addInitScript(() => localStorage.getItem('storagerent.tour') ?? localStorage.setItem('storagerent.tour', 'left'));
    await page.goto(server.url);
    await page.locator('.card').first().waitFor();
    return new Person(page);
  };
  return {
    open,
    /** What the browser complained about. */
    troubles,
    async leave() {
      await close();
      await server.close();
    },
  };
}

/** Someone at a site that is there for one test. @param {import('node:test').TestContext} t @param {Parameters<typeof visit>[0]} [options] */
export async function arrive(t, options) {
  const site = await visit(options);
  t.after(() => site.leave());
  return site.open();
}

/** Someone at the page. */
export class Person {
  /** @param {import('playwright-core').Page} page */
  constructor(page) {
    this.page = page;
  }

  /** @param {string} who */
  async be(who) {
    await this.page.locator('select[name=who]').selectOption(who);
  }

  /** @param {number} storage */
  card(storage) {
    return this.page.locator(`.card[data-storage="${storage}"]`);
  }

  /** Opens a storage and confirms what the dialog offers. @param {number} storage */
  async reserve(storage) {
    await this.look(storage);
    await this.page.locator('.sheet.storage button.main:not([aria-disabled])').click();
  }

  /** @param {number} storage */
  async look(storage) {
    await this.part('storages');
    await this.card(storage).click();
    await this.page.locator('.sheet.storage').waitFor();
  }

  /** Shows a part of the board. @param {'storages' | 'mine' | 'messages'} part */
  async part(part) {
    await this.page.locator(`.part[data-part=${part}]`).click();
  }

  /** Closes whatever dialog is open. */
  async closeDialog() {
    await this.page.locator('dialog[open]').getByRole('button', { name: 'Close' }).click();
    await this.page.locator('dialog[open]').waitFor({ state: 'detached' });
  }

  /** @param {'Approves' | 'Declines' | 'Is down' | 'Is slow' | 'Loses the reply'} way */
  async payment(way) {
    await this.page.locator('label.way', { hasText: way }).click();
  }

  /** The newest lane of that title. @param {string} title */
  lane(title) {
    return this.page.locator('.lane', { has: this.page.getByRole('heading', { name: title, exact: true }) }).first();
  }

  /** The words of a lane's notes, left to right. @param {string} title */
  async notes(title) {
    return this.lane(title).locator('.note-code').allTextContents();
  }

  /** One of the reservations shown. @param {number} id */
  reservation(id) {
    return this.page.locator(`.reservation[data-reservation="${id}"]`);
  }

  /** Waits until an element says something. @param {import('playwright-core').Locator} locator @param {string | RegExp} words */
  async says(locator, words) {
    await locator.filter({ hasText: words }).first().waitFor();
  }

  /** Presses a button of that name. @param {string | RegExp} name */
  async press(name) {
    await this.page.getByRole('button', { name, exact: typeof name === 'string' }).click();
  }

  /** What the engine itself says: whether everything is as the log has it. */
  async verify() {
    return this.ask({ query: 'verify' });
  }

  /** @param {object} query */
  async ask(query) {
    return this.page.evaluate(async (asked) => (await import('/app/main.js')).desk.ask(asked), query);
  }
}
