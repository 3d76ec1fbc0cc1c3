// @ts-check
import { h, fill, icon } from './dom.js';
import { t } from './language.js';
import { day, later, money, time } from './format.js';
import { complainIn, empty, notice, openDialog, submits, workButton } from './notices.js';
import { askNow, openStorage } from './storage.js';

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./desk.js').Row} Row */

const TONES = /** @type {Record<string, string>} */ ({
  reqReserve: 'hold',
  reserved: 'reserved',
  reqCancel: 'hold',
  cancelled: 'off',
  completed: 'off',
  rejected: 'bad',
  expired: 'off',
});

/** The reservations of the one who sits here, the newest so many; of everybody for the manager.
 * @param {Desk} desk @param {number} most @param {(left: number) => HTMLElement | null} more offers the rest */
export function mine(desk, most, more) {
  const rows = [...desk.reservations.values()].filter((r) => desk.isManager || r.customer === desk.who).reverse();
  if (rows.length === 0) return empty(t('mine.empty'), t('mine.empty.say'));
  const shown = rows.slice(0, most).map((r) => h('li', { 'data-row': r.reservationId }, one(desk, r)));
  return h('div', { class: 'lanes-foot' }, h('ol', { class: 'mine', role: 'list' }, ...shown), more(rows.length - shown.length));
}

/** @param {Desk} desk @param {Row} r */
function one(desk, r) {
  const span = `${day(r.from, desk.today)} – ${r.until ? day(later(r.until, -1), desk.today) : t('status.openEnded')}`;
  const coming = r.reservationStatus === 'reserved' && r.from > desk.today;
  const storage = desk.views.get(r.storageId) ?? desk.storages.get(r.storageId);
  return h(
    'article',
    { class: 'reservation', 'data-reservation': r.reservationId, 'data-status': r.reservationStatus },
    h(
      'div',
      { class: 'card-top' },
      h('span', { class: 'card-number' }, r.reservationId),
      h(
        'span',
        { class: 'chip', 'data-tone': TONES[r.reservationStatus] },
        h('span', { class: 'dot' }),
        t(coming ? 'reservation.coming' : `reservation.${r.reservationStatus}`),
      ),
    ),
    h(
      'button',
      { type: 'button', class: 'link', 'data-key': `storage-${r.reservationId}`, onclick: () => openStorage(desk, r.storageId) },
      storage?.description ?? t('reservation.ofStorage', { id: r.storageId }),
    ),
    h(
      'p',
      { class: 'quiet' },
      desk.isManager ? h('b', {}, `${r.customer} · `) : null,
      `${span} · ${money(r.price, r.currency)}`,
      r.paidUntil && r.reservationStatus === 'reserved' ? ` · ${t('reservation.paidUntil', { day: day(r.paidUntil, desk.today) })}` : null,
    ),
    r.reservationStatus === 'reqReserve'
      ? h(
          'p',
          { class: 'pending' },
          icon('wait'),
          t('reservation.pending.say', { time: r.holdExpiresAt ? time(r.holdExpiresAt, desk.zone) : '…' }),
        )
      : null,
    h('div', { class: 'actions' }, ...actions(desk, r)),
  );
}

/** @param {Desk} desk @param {Row} r */
function actions(desk, r) {
  const button = (/** @type {string} */ key, /** @type {() => void} */ act) =>
    h('button', { type: 'button', class: 'small', 'data-key': `${key}-${r.reservationId}`, onclick: act }, t(`mine.${key}`));
  const all = [];
  if (r.reservationStatus === 'reqReserve') all.push(button('settle', () => askNow(desk)));
  if (r.reservationStatus === 'reserved' && r.from >= desk.today) all.push(button('cancel', () => askCancel(desk, r)));
  if (r.reservationStatus === 'reserved') all.push(button('end', () => askEnd(desk, r)));
  const isReviewed = desk.reviewed.has(r.reservationId);
  if (!desk.isManager && ['reserved', 'completed'].includes(r.reservationStatus) && r.from <= desk.today && !isReviewed)
    all.push(button('review', () => askReview(desk, r)));
  return all;
}

/** @param {Desk} desk @param {Row} r */
function askCancel(desk, r) {
  const dialog = openDialog(
    t('mine.cancel.title', { id: r.reservationId }),
    'ask',
    h('p', {}, t('mine.cancel.say', { money: money(r.price, r.currency) })),
    h(
      'div',
      { class: 'sheet-foot' },
      h('button', { type: 'button', onclick: () => dialog.close() }, t('mine.keep')),
      workButton(t('mine.cancel.do'), 'main', async () => {
        await desk.send({ command: 'cancelReservation', reservationId: r.reservationId });
        dialog.close();
        notice(t('told.cancelled'));
      }),
    ),
  );
}

/** @param {Desk} desk @param {Row} r */
function askEnd(desk, r) {
  const [today, second] = [desk.today, later(r.from, 1)];
  const first = second > today ? second : today;
  const on = h('input', {
    type: 'date',
    id: 'end-on',
    required: true,
    value: later(today > r.from ? today : r.from, 1),
    min: first,
    max: r.until,
    'aria-describedby': 'end-wrong',
  });
  const go = h('button', { class: 'main' }, t('mine.end.do'));
  const end = async () => {
    if (on.value < first || (r.until && on.value > r.until)) {
      const [from, until] = [day(first, today), r.until ? day(r.until, today) : ''];
      complainIn(dialog, until ? t('mine.end.between', { from, until }) : t('mine.end.from', { from }));
      return on.focus();
    }
    await desk.send({ command: 'endRental', reservationId: r.reservationId, on: on.value });
    dialog.close();
    notice(t('told.ended'));
  };
  const dialog = openDialog(
    t('mine.end.title'),
    'ask',
    h('p', {}, t('mine.end.say')),
    h(
      'form',
      // What is wrong is said in the language of the page, which the browser's own words may not be in.
      { novalidate: true, onsubmit: submits(go, end) },
      h('div', { class: 'field' }, h('label', { for: 'end-on' }, t('mine.end.on')), on),
      h('p', { class: 'refused', id: 'end-wrong', role: 'alert' }),
      h('div', { class: 'sheet-foot' }, h('button', { type: 'button', onclick: () => dialog.close() }, t('mine.keep')), go),
    ),
  );
}

/** @param {Desk} desk @param {Row} r */
function askReview(desk, r) {
  const content = h('textarea', { id: 'review-content', rows: 4, maxlength: 2000, required: true });
  const wrong = h('p', { class: 'refused', id: 'review-wrong', role: 'alert' });
  const stars = h(
    'fieldset',
    { class: 'stars', 'aria-describedby': 'review-wrong', onchange: () => fill(wrong) },
    h('legend', {}, t('mine.review.rate')),
    ...[1, 2, 3, 4, 5].map((n) =>
      h(
        'label',
        {},
        h('input', { type: 'radio', name: 'rate', value: n, class: 'unseen' }),
        h('span', { class: 'unseen' }, t('mine.review.stars', { count: n })),
        icon('star'),
      ),
    ),
  );
  const go = h('button', { class: 'main' }, t('mine.review.do'));
  const publish = async () => {
    const rate = Number(new FormData(form).get('rate'));
    if (!rate) {
      wrong.textContent = t('mine.review.none');
      return stars.querySelector('input')?.focus();
    }
    await desk.send({ command: 'addReview', reservationId: r.reservationId, rate, content: content.value });
    dialog.close();
    notice(t('told.reviewed'));
  };
  const form = h(
    'form',
    { onsubmit: submits(go, publish) },
    stars,
    wrong,
    h('div', { class: 'field' }, h('label', { for: 'review-content' }, t('mine.review.content')), content),
    h('div', { class: 'sheet-foot' }, go),
  );
  const dialog = openDialog(t('mine.review.title', { id: r.storageId }), 'ask', form);
}
