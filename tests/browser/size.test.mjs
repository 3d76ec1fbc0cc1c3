// The page without comments and indentation works as it does with them, and weighs no more than was promised.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, sep } from 'node:path';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { visit } from './person.mjs';

const PAGE_MAX = 60_000;
let lean = '';

before(async () => {
  lean = await mkdtemp(join(tmpdir(), 'storagerent-lean-'));
  execFileSync(join(import.meta.dirname, '../../wasm/lean.sh'), [lean]);
});
after(() => rm(lean, { recursive: true, force: true }));

test('the page without the engine is at most 60 kB gzipped, file by file', async (t) => {
  const files = (await readdir(lean, { recursive: true })).filter((f) => /\.(js|css|html|svg)$/.test(f) && !f.startsWith('pkg'));
  const weigh = async (/** @type {string[]} */ some) =>
    (await Promise.all(some.map(async (f) => gzipSync(await readFile(join(lean, f)), { level: 9 }).length))).reduce((a, b) => a + b, 0);
  const page = await weigh(files.filter((f) => !f.startsWith(`engine${sep}`)));
  t.diagnostic(`${page} bytes, ${await weigh(files)} with engine.js and worker.js`);
  assert.ok(page <= PAGE_MAX, `${page} bytes`);
});

test('without comments and indentation it is the same page', async (t) => {
  const site = await visit({ www: lean });
  t.after(() => site.leave());
  const person = await site.open();
  await person.be('kim');
  await person.reserve(1);
  await person.says(person.card(1), 'Reserved');
  await person.says(person.lane('kim reserves storage 1'), 'In the inbox');
  assert.deepEqual(site.troubles, []);
});
