// @ts-check
import { WORDS } from './words.js';

/** @typedef {'ko' | 'en'} Lang */

const listeners = /** @type {Set<() => void>} */ (new Set());
let lang = /** @type {Lang} */ (kept() ?? (navigator.language.toLowerCase().startsWith('ko') ? 'ko' : 'en'));
document.documentElement.lang = lang;

function kept() {
  const word = recall('language');
  return word === 'ko' || word === 'en' ? word : null;
}

/** What this page kept in the browser under a name; nothing where storage is not allowed. @param {string} name */
export function recall(name) {
  try {
    return localStorage.getItem(`storagerent.${name}`);
  } catch {
    return null;
  }
}

/** @param {string} name @param {string} value */
export function keep(name, value) {
  try {
    localStorage.setItem(`storagerent.${name}`, value);
  } catch {
    /* then it is not kept */
  }
}

export const language = () => lang;

/** @param {Lang} to */
export function speak(to) {
  lang = to;
  keep('language', to);
  document.documentElement.lang = to;
  for (const tell of listeners) tell();
}

/** @param {() => void} tell */
export function onLanguage(tell) {
  listeners.add(tell);
}

/** The word for a key, filled in; of two words after a number, the first is for one. @param {string} key @param {Record<string, string | number>} [fill] */
export function t(key, fill = {}) {
  const words = WORDS[key]?.[lang === 'en' ? 0 : 1] ?? key;
  return words.replace(/\{(\w+)\}( \[(\w+)\|(\w+)\])?/g, (all, name, forms, one, many) => {
    const filled = String(fill[name] ?? all);
    return forms ? `${filled} ${filled === '1' ? one : many}` : filled;
  });
}
