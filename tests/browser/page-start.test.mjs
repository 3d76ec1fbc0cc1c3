// What the page offers when what it kept cannot be read.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { visit } from './person.mjs';

test('data that cannot be read can be thrown away', async (t) => {
  const site = await visit();
  t.after(() => site.leave());
  const person = await site.open();
  const { page } = person;
  const url = page.url();
  await person.be('kim');
  await person.reserve(1);
  await person.says(person.card(1), 'Reserved');
  await page.goto(`${url}icon.svg`);
  await page.evaluate(async () => {
    const spoil = async (/** @type {any} */ folder) => {
      for await (const handle of folder.values()) {
        if (handle.kind === 'directory') {
          await spoil(handle);
          continue;
        }
        // A file's name is at its beginning; what was written last may be beside it.
        const [name] = (await (await handle.getFile()).slice(0, 20).text()).split('\0');
        if (!/^rent\.db(-wal)?$/.test(name)) continue;
        const file = await handle.createWritable({ keepExistingData: true });
        if (name === 'rent.db') await file.write({ type: 'write', position: 4096, data: new Uint8Array(30_000).fill(65) });
        else await file.truncate(4096);
        await file.close();
      }
    };
    await spoil(await navigator.storage.getDirectory());
  });
  await page.goto(url);
  await person.says(page.locator('.failed'), 'damaged');
  assert.deepEqual(await page.locator('.failed button').allTextContents(), ['Try again', 'Start over']);
  await page.getByRole('button', { name: 'Start over' }).dblclick();
  await page.getByRole('button', { name: 'Everything goes. Sure?' }).click();
  await person.says(person.card(1), 'Free');
  assert.equal((await person.verify()).ok, true);
});
