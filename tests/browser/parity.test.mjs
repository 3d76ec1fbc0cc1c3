import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { openNatively } from './native.mjs';
import { run } from './parity.mjs';
import { engineLines, stage } from './support.mjs';

test('200 commands are answered, logged and shown alike natively and in the browser, byte for byte', async (t) => {
  const world = await stage();
  t.after(() => world.close());
  const native = openNatively(engineLines, join(world.folder, 'rent.db'));
  await native.site.keepLanguage();
  const there = await run(native.site);
  native.end();

  const page = await world.page();
  const here = await page.evaluate(async () => (await import('/test/parity.mjs')).run(globalThis.site));

  assert.equal(there.length, 200 + 13);
  there.forEach((line, n) => assert.equal(here[n], line, `line ${n}`));
  assert.equal(here.length, there.length);

  // The list is worth comparing: much is done, much is refused, and most that can happen happens.
  const refused = there.filter((line) => / refused /.test(line.slice(0, 40)));
  assert.ok(refused.length > 40 && refused.length < 150, `${refused.length} refused`);
  const events = JSON.parse(/** @type {string} */ (there.find((line) => line.startsWith('events '))).slice(7));
  const types = new Set(events.map((event) => event.eventType));
  assert.ok(types.size >= 20, [...types].join(' '));
  assert.match(/** @type {string} */ (there.find((line) => line.startsWith('verify '))), /"ok":true/);
});
