// @ts-check
import { DECIMALS } from '../engine/currencies.js';
import { language } from './language.js';

const tag = () => (language() === 'ko' ? 'ko-KR' : 'en-GB');
const made = /** @type {Map<string, any>} */ (new Map());

/** Intl objects are costly to make; one each per language and kind. @template T @param {string} key @param {() => T} make @returns {T} */
function once(key, make) {
  const full = `${tag()} ${key}`;
  if (!made.has(full)) made.set(full, make());
  return made.get(full);
}

/** How many decimals a currency has: the engine's count, not the browser's. @param {string} currency */
export const decimals = (currency) => DECIMALS[currency] ?? 2;

/** @param {string} currency */
function currencyFormat(currency) {
  const [minimumFractionDigits, maximumFractionDigits] = [decimals(currency), decimals(currency)];
  const like = { style: /** @type {const} */ ('currency'), currency, currencyDisplay: /** @type {const} */ ('narrowSymbol') };
  return once(`money ${currency}`, () => new Intl.NumberFormat(tag(), { ...like, minimumFractionDigits, maximumFractionDigits }));
}

/** Minor units as money. @param {number} minor @param {string} currency */
export const money = (minor, currency) => currencyFormat(currency).format(minor / 10 ** decimals(currency));

/** Without the commas between its thousands; as it is where commas stand elsewhere. @param {string} typed */
const ungrouped = (typed) => (/^\d{1,3}(,\d{3})+(\.\d+)?$/.test(typed) ? typed.replaceAll(',', '') : typed);

/** Major units as typed to minor units; null if it is no such amount. @param {string} typed @param {string} currency */
export function minor(typed, currency) {
  const parts = /^(\d{1,15})(?:\.(\d+))?$/.exec(ungrouped(typed.trim()));
  const places = decimals(currency);
  if (!parts || (parts[2] ?? '').length > places) return null;
  const amount = Number(parts[1] + (parts[2] ?? '').padEnd(places, '0'));
  return amount > 0 && Number.isSafeInteger(amount) ? amount : null;
}

/** A price in won as people type it: null for none, undefined for what is no price. @param {string} typed */
export function won(typed) {
  const bare = ungrouped(typed.replace(/[₩￦원\s]/g, ''));
  return typed.trim() === '' ? null : /^\d{1,15}$/.test(bare) ? Number(bare) : undefined;
}

/** Minor units as one types them. @param {number} amount @param {string} currency */
export const major = (amount, currency) => (amount / 10 ** decimals(currency)).toFixed(decimals(currency));

/** @param {number} n */
export const number = (n) => once('number', () => new Intl.NumberFormat(tag())).format(n);

/** A day `YYYY-MM-DD`, the year only if it is not this one. @param {string} iso @param {string} [today] */
export function day(iso, today = '') {
  const year = iso.slice(0, 4) === today.slice(0, 4) ? undefined : 'numeric';
  return once(`day ${year}`, () => new Intl.DateTimeFormat(tag(), { timeZone: 'UTC', year, month: 'short', day: 'numeric' })).format(
    noon(iso),
  );
}

/** With its weekday. @param {string} iso */
export const longDay = (iso) =>
  once('longDay', () => new Intl.DateTimeFormat(tag(), { timeZone: 'UTC', month: 'long', day: 'numeric', weekday: 'long' })).format(
    noon(iso),
  );

/** @param {string} iso */
export const headDay = (iso) =>
  once(
    'headDay',
    () => new Intl.DateTimeFormat(tag(), { timeZone: 'UTC', year: 'numeric', month: 'short', day: 'numeric', weekday: 'short' }),
  ).format(noon(iso));

/** @param {string} iso */
export const month = (iso) =>
  once('month', () => new Intl.DateTimeFormat(tag(), { timeZone: 'UTC', year: 'numeric', month: 'long' })).format(noon(iso));

/** The seven weekdays from Monday. */
export const weekdays = () =>
  once('weekdays', () => {
    const format = new Intl.DateTimeFormat(tag(), { timeZone: 'UTC', weekday: 'narrow' });
    const long = new Intl.DateTimeFormat(tag(), { timeZone: 'UTC', weekday: 'long' });
    return [5, 6, 7, 8, 9, 10, 11].map((d) => ({ short: format.format(Date.UTC(2026, 0, d)), long: long.format(Date.UTC(2026, 0, d)) }));
  });

/** A moment as a time of the site's day. @param {string} at @param {string} zone */
export const time = (at, zone) =>
  once(
    `time ${zone}`,
    () => new Intl.DateTimeFormat(tag(), { timeZone: zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
  ).format(new Date(at));

/** @param {string | number} at @param {string} zone */
export const clock = (at, zone) =>
  once(
    `clock ${zone}`,
    () => new Intl.DateTimeFormat(tag(), { timeZone: zone, hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' }),
  ).format(new Date(at));

/** The day of a moment in a zone, `YYYY-MM-DD`. @param {number} at @param {string} zone */
export const dayOf = (at, zone) =>
  once(
    `dayOf ${zone}`,
    () => new Intl.DateTimeFormat('en-CA', { timeZone: zone, year: 'numeric', month: '2-digit', day: '2-digit' }),
  ).format(at);

/** How long ago, in whole seconds or minutes. @param {number} milliseconds */
export function ago(milliseconds) {
  const format = once('ago', () => new Intl.RelativeTimeFormat(tag(), { numeric: 'always', style: 'short' }));
  const seconds = Math.round(milliseconds / 1000);
  return seconds < 60 ? format.format(-seconds, 'second') : format.format(-Math.round(seconds / 60), 'minute');
}

/** @param {number} bytes */
export const size = (bytes) =>
  once('size', () => new Intl.NumberFormat(tag(), { style: 'unit', unit: 'kilobyte', maximumFractionDigits: 0 })).format(bytes / 1000);

/** Noon of a day, in UTC. @param {string} iso */
const noon = (iso) => new Date(`${iso}T12:00:00Z`);

/** The day so many days later. @param {string} iso @param {number} days */
export function later(iso, days) {
  const date = noon(iso);
  date.setUTCDate(date.getUTCDate() + days);
  return date.toISOString().slice(0, 10);
}

/** The first day of the month so many months later. @param {string} iso @param {number} months */
export function monthLater(iso, months) {
  const date = noon(`${iso.slice(0, 7)}-01`);
  date.setUTCMonth(date.getUTCMonth() + months);
  return date.toISOString().slice(0, 10);
}

/** 0 for Monday. @param {string} iso */
export const weekday = (iso) => (noon(iso).getUTCDay() + 6) % 7;
