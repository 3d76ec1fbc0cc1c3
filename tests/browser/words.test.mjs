// The words of the page: every key in both languages, the same blanks to fill, and no word that is missing.
import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

const APP = join(import.meta.dirname, '../../wasm/www/app');
const { WORDS } = await import(join(APP, 'words.js'));

test('every key has a word in English and one in Korean', () => {
  for (const [key, words] of Object.entries(WORDS)) {
    assert.equal(words.length, 2, key);
    for (const word of words) assert.ok(word.trim(), key);
  }
});

test('both languages fill in the same blanks', () => {
  const blanks = (/** @type {string} */ words) => [...words.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const [key, [en, ko]] of Object.entries(WORDS)) assert.deepEqual(blanks(ko), blanks(en), key);
});

test('Korean is Korean, and English is English', () => {
  const alike = Object.entries(WORDS)
    .filter(([, [en, ko]]) => en === ko || /[가-힣]/.test(en))
    .map(([key]) => key);
  assert.deepEqual(alike.sort(), ['language.other']);
});

test('every word asked for by name is there, and every word there is asked for', async () => {
  const source =
    (await Promise.all((await readdir(APP)).filter((f) => f !== 'words.js').map((f) => readFile(join(APP, f), 'utf8')))).join('\n') +
    (await readFile(join(APP, '../index.html'), 'utf8'));
  const asked = [...source.matchAll(/\bt\(\s*'([\w.]+)'/g)].map(([, key]) => key);
  for (const key of asked) assert.ok(key in WORDS, key);
  // Keys put together from a beginning and a variable, such as t(`event.${name}`).
  const beginnings = [...source.matchAll(/`([\w.]+\.)\$\{/g)].map(([, beginning]) => beginning);
  const unused = Object.keys(WORDS).filter(
    (key) => !source.includes(`'${key}'`) && !source.includes(`"${key}"`) && !beginnings.some((b) => key.startsWith(b)),
  );
  assert.deepEqual(
    unused.filter((key) => !/^p\d(\.(title|say))?$|^tour\.\d(\.say)?$|^room\./.test(key)),
    [],
  );
});
