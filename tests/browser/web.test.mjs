// `storagerent web`, and the package on a bare page.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { launch } from './browser.mjs';
import { HEADERS } from './server.mjs';
import { openIn, root, stage, storagerent, tool } from './support.mjs';

/** Starts `storagerent web` on a free port. */
async function web() {
  const program = spawn(tool, ['--json', 'web', '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const line = await new Promise((told) => createInterface({ input: program.stdout }).once('line', told));
  return { url: JSON.parse(line).url, end: () => program.kill() };
}

/** @param {string} url @param {object} [headers] @param {string} [method] */
const ask = (url, headers = {}, method = 'GET') =>
  new Promise((resolve, reject) => {
    request(url, { method, headers }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part)).on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) }));
    }).on('error', reject).end();
  });

test('`storagerent web` serves the engine with the headers of these tests, and nothing else, to nobody else', async (t) => {
  const { url, end } = await web();
  t.after(end);
  for (const [path, type] of [['engine/engine.js', 'text/javascript; charset=utf-8'], ['engine/worker.js', 'text/javascript; charset=utf-8'], ['pkg/storagerent_wasm_bg.wasm', 'application/wasm']]) {
    const { status, headers, body } = await ask(url + path);
    assert.deepEqual([status, headers['content-type']], [200, type]);
    for (const [name, value] of Object.entries(HEADERS)) assert.equal(headers[name.toLowerCase()], value, name);
    assert.deepEqual(body, await readFile(join(root, 'wasm/www', path)));
  }
  assert.equal((await ask(`${url}engine/types.d.ts`)).status, 404);
  assert.equal((await ask(`${url}../../Cargo.toml`)).status, 404);
  assert.equal((await ask(`${url}engine/engine.js`, { host: 'evil.example' })).status, 421);
  assert.equal((await ask(`${url}engine/engine.js`, {}, 'POST')).status, 405);
  const head = await ask(`${url}engine/engine.js`, {}, 'HEAD');
  assert.deepEqual([head.status, head.body.length], [200, 0]);

  // Who says nothing, or too much, does not keep others waiting.
  const { port } = new URL(url);
  const silent = createConnection({ host: '127.0.0.1', port: Number(port) });
  const loud = createConnection({ host: '127.0.0.1', port: Number(port) });
  loud.on('error', () => {}).write(`GET / HTTP/1.1\r\n${'x'.repeat(100_000)}`);
  assert.equal((await ask(`${url}engine/engine.js`)).status, 200);
  silent.destroy();
  loud.destroy();

  const taken = await storagerent('--json', '--lang', 'en', 'web', '--port', port);
  assert.equal(taken.code, 7);
  assert.equal(JSON.parse(taken.stderr).error.code, 'portFailed');
});

test('the engine runs from `storagerent web`', async (t) => {
  const { url, end } = await web();
  const { context, close } = await launch();
  t.after(async () => (await close(), end()));
  const page = await context.newPage();
  await page.goto(`${url}engine/engine.js`);
  assert.deepEqual(await openIn(page), { kept: 'file', why: null });
});

test('a bare page uses the package: it reserves, and shows it', async (t) => {
  const world = await stage();
  t.after(() => world.close());
  const page = await world.context.newPage();
  await page.goto(`${world.url}/example/index.html`);
  await page.getByText('0 storages, kept in file').waitFor();
  await page.getByRole('button').click();
  await page.getByText('1 storages, kept in file').waitFor();
  await page.getByText(/^창고 .*: reserved$/).waitFor();
});

for (const way of ['approve', 'decline']) {
  test(`the example of the package goes through to its end when payments are answered by: ${way}`, async (t) => {
    const world = await stage();
    t.after(() => world.close());
    const example = (await readFile(join(root, 'wasm/npm/README.md'), 'utf8')).match(/```js\n(.*?)```/s)[1];
    const code = example
      .replace("import { open } from 'storagerent';", "const { open } = await import('/engine/engine.js');")
      .replace(/^const site = .*$/m, `$&\nawait site.bench.payment('${way}');`);
    const page = await world.page('other.db');
    const verified = await page.evaluate(`(async () => { ${code}; return site.query({ query: 'verify' }); })()`);
    assert.equal(verified.ok, true);
  });
}

test('the package is whole: its exports are there, and its types hold', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'storagerent-npm-'));
  t.after(() => rm(folder, { recursive: true }));
  const shape = JSON.parse(await readFile(join(root, 'wasm/npm/package.json'), 'utf8'));
  for (const target of Object.values(shape.exports).flatMap((to) => (typeof to === 'string' ? to : Object.values(to)))) {
    assert.ok((await readFile(join(root, 'wasm/npm', target))).length > 0, target);
  }
  await mkdir(join(folder, 'node_modules'));
  await symlink(join(root, 'wasm/npm'), join(folder, 'node_modules/storagerent'));
  const source = `import { open, StoragerentError } from 'storagerent';
import type { ReservationRow } from 'storagerent/types';
const site = await open({ name: 'a.db' });
const row: ReservationRow = await site.execute({ command: 'reserve', storageId: 1 }, { caller: { customer: 'kim' } });
// @ts-expect-error no such command
await site.execute({ command: 'fly' });
// @ts-expect-error an id is a number
await site.execute({ command: 'reserve', storageId: 'one' });
site.subscribe((events) => events.forEach((e) => e.eventType === 'PaymentDeclined' && console.log(e.reason.length, e.sequence, row.price)));
export const isTaken = (e: unknown) => e instanceof StoragerentError && e.code === 'storageTaken';
`;
  await writeFile(join(folder, 'use.ts'), source);
  const tsc = join(root, 'tests/browser/node_modules/.bin/tsc');
  const words = ['--noEmit', '--strict', '--target', 'ES2022', '--module', 'ES2022', '--moduleResolution', 'bundler', '--lib', 'ES2023,DOM', 'use.ts'];
  const checked = await promisify(execFile)(tsc, words, { cwd: folder }).catch((e) => e);
  assert.equal(checked.stdout, '');
});
