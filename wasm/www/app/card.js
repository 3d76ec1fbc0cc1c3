// @ts-check
import { h, icon, fill } from './dom.js';
import { t } from './language.js';
import { isLive } from './desk.js';
import { day, money, number, time } from './format.js';

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./desk.js').Row} Row */

/** How a storage stands today, as the board shows it: from all that is booked, of which its row of the view tells one, and whether it
 * is offered. @param {Desk} desk @param {Row} view
 * @returns {{ tone: 'free' | 'reserved' | 'hold' | 'off', word: string, until: string }} */
export function standing(desk, view) {
  const booked = desk.isStale ? [view].filter(isLive) : desk.liveOf(view.storageId);
  const now = booked.find((r) => r.from <= desk.today && (!r.until || r.until > desk.today));
  if (now || view.storageStatus === 'reserved') {
    const { reservationId, reservationStatus, until } = now ?? view;
    const end = until ? t('status.until', { day: day(until, desk.today) }) : t('status.openEnded');
    if (reservationStatus === 'reqReserve') {
      const hold = desk.reservations.get(reservationId)?.holdExpiresAt;
      return { tone: 'hold', word: t('status.hold'), until: hold ? t('status.holdUntil', { time: time(hold, desk.zone) }) : end };
    }
    const isLeaving = reservationStatus === 'reqCancel';
    const tone = isLeaving && view.storageStatus !== 'reserved' ? 'hold' : 'reserved';
    return { tone, word: isLeaving ? t('status.reqCancel') : t('status.reserved'), until: end };
  }
  if (desk.storages.get(view.storageId)?.withdrawn) return { tone: 'off', word: t('status.withdrawn'), until: '' };
  const next = booked.find((r) => r.from > desk.today);
  return { tone: 'free', word: t('status.free'), until: next ? t('status.until', { day: day(next.from, desk.today) }) : '' };
}

/** What a price is for. @param {string | undefined} per */
export const perWord = (per) => (per && per !== 'rental' ? t(`per.${per}`) : t('per.rental'));

/** @param {Row} row */
export function ratingOf(row) {
  if (!row.reviewCnt) return null;
  return h(
    'span',
    { class: 'rating', title: t('rating', { rating: row.rating, count: row.reviewCnt }) },
    icon('star'),
    h('span', {}, Number(row.rating).toFixed(1)),
    h('span', { class: 'quiet' }, `(${number(row.reviewCnt)})`),
  );
}

/** A storage as a card. One button: Enter opens it. @param {Desk} desk @param {Row} view @param {(id: number) => void} open */
export function card(desk, view, open) {
  const button = h('button', {
    class: 'card',
    type: 'button',
    tabindex: -1,
    'data-storage': view.storageId,
    onclick: () => open(view.storageId),
  });
  dress(button, desk, view);
  return button;
}

/** @param {HTMLElement} button @param {Desk} desk @param {Row} view */
export function dress(button, desk, view) {
  const { tone, word, until } = standing(desk, view);
  button.dataset.tone = tone;
  const rating = ratingOf(view);
  // A name may have a line more where nothing else needs it.
  const meta = Boolean(until || rating);
  fill(
    button,
    h(
      'span',
      { class: 'card-top' },
      h('span', { class: 'card-number' }, view.storageId),
      h('span', { class: 'chip', 'data-tone': tone }, h('span', { class: 'dot' }), word),
    ),
    h('span', { class: meta ? 'card-name' : 'card-name long' }, view.description),
    meta ? h('span', { class: 'card-meta quiet' }, h('span', {}, until), rating) : null,
    h(
      'span',
      { class: 'card-price' },
      h('b', {}, money(view.price, view.currency)),
      ' ',
      h('span', { class: 'quiet' }, perWord(desk.storages.get(view.storageId)?.per)),
    ),
  );
}
