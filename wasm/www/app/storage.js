// @ts-check
import { h, dated, fill, icon } from './dom.js';
import { t } from './language.js';
import { clock, day, later, major, minor, money, number } from './format.js';
import { RentCalendar } from './calendar.js';
import { perWord, ratingOf, standing } from './card.js';
import { isLive } from './desk.js';
import { announce, complain, during, notice, openDialog, submits, sureButton, wordsOf, workButton } from './notices.js';

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./desk.js').Row} Row */

const CURRENCIES = ['KRW', 'USD', 'EUR', 'JPY'];

/** Whether one is being opened: a second press means the same one. */
let opening = false;

/** Opens a storage: what it is, its reviews, reserving it, and, for the manager, changing it. @param {Desk} desk @param {number} storageId */
export async function openStorage(desk, storageId) {
  if (opening || document.querySelector('dialog[open]')) return;
  opening = true;
  try {
    const [storage, reservations, reviews] = await Promise.all([
      desk.ask({ query: 'storage', storageId }),
      desk.ask({ query: 'reservations', storageId }),
      desk.ask({ query: 'reviews', storageId }),
      // The calendar begins today.
      desk.sync(),
    ]);
    const state = h('span', { class: 'facts' });
    const drawState = () => {
      const view = desk.views.get(storageId);
      if (!view) return fill(state);
      const { tone, word, until } = standing(desk, view);
      if (state.textContent === word + until) return;
      fill(
        state,
        h('span', { class: 'chip', 'data-tone': tone }, h('span', { class: 'dot' }), word),
        until ? h('span', { class: 'quiet' }, until) : null,
      );
    };
    drawState();
    const dialog = openDialog(
      storage.description,
      'storage',
      h(
        'div',
        { class: 'facts' },
        h('span', { class: 'card-number' }, storageId),
        state,
        h('span', {}, h('b', {}, money(storage.price, storage.currency)), ' ', h('span', { class: 'quiet' }, perWord(storage.per))),
        ratingOf(storage) ?? h('span', { class: 'quiet' }, t('rating.none')),
      ),
    );
    desk.on(['rows', 'status'], drawState, whileOpen(dialog));
    const taken = reservations
      .filter(isLive)
      .map((/** @type {Row} */ r) => ({ from: r.from, until: r.until }));
    dialog
      .querySelector('.sheet-body')
      ?.append(
        storage.withdrawn ? h('p', { class: 'stale' }, t('reserve.withdrawn')) : reserving(desk, storage, taken, dialog),
        reviewsOf(reviews),
        ...(desk.isManager ? [changing(desk, storage, dialog)] : []),
      );
  } catch (error) {
    complain(error);
  } finally {
    opening = false;
  }
}

/** Until the dialog is closed. @param {HTMLDialogElement} dialog */
function whileOpen(dialog) {
  const ends = new AbortController();
  dialog.addEventListener('close', () => ends.abort());
  return ends.signal;
}

/** Whether it came to nothing. @param {Row} r */
export const isOff = (r) => ['rejected', 'expired'].includes(r.reservationStatus);

/** The outcome of a payment that had not been known, as a pair of words. @param {Row} r @returns {[title: string, words: string]} */
export function settledWords(r) {
  const end = isOff(r) ? r.reservationStatus : 'reserved';
  return [t(`settled.${end}.title`), t(`settled.${end}`, { id: r.reservationId, who: r.customer })];
}

/** Tells of it, unless the dialog that waits for it is open still. @param {Row} r */
export function tellSettled(r) {
  if (document.querySelector(`dialog[data-awaits="${r.reservationId}"]`)) return;
  notice(settledWords(r)[1], isOff(r) ? 'bad' : 'good');
}

/** Asks the payment service what became of what is not known; if it may not be asked now, says why. @param {Desk} desk */
export async function askNow(desk) {
  if ((await desk.settle()) || !desk.status?.counts.reservations.reqReserve) return;
  const next = Date.parse(desk.status.nextAt ?? '');
  const holds = [...desk.reservations.values()].map((r) => Date.parse(r.holdExpiresAt ?? ''));
  const words =
    desk.status.breaker === 'open'
      ? t('settle.open')
      : next > desk.now && !holds.includes(next)
        ? t('settle.at', { time: clock(next, desk.zone) })
        : t('settle.soon');
  notice(words, 'wait');
}

/** @param {'pending' | 'refused' | 'good'} kind @param {string} title @param {string} words */
const box = (kind, title, words) =>
  h(
    'div',
    { class: `${kind} box` },
    icon(kind === 'pending' ? 'wait' : kind === 'good' ? 'check' : 'cross'),
    h('div', {}, h('b', {}, title), h('p', {}, dated(words))),
  );

/** @param {Desk} desk @param {Row} storage @param {{ from: string, until: string | null }[]} taken @param {HTMLDialogElement} dialog */
function reserving(desk, storage, taken, dialog) {
  const bill = h('div', { class: 'bill', 'aria-live': 'polite' });
  const told = h('div', { class: 'told', role: 'status' });
  const go = h('button', { class: 'main', type: 'button', 'aria-disabled': 'true' }, t('reserve.title'));
  const openEnded = h('input', { type: 'checkbox', id: 'open-ended', onchange: () => calendar.openEnded(openEnded.checked) });
  let asked = 0;
  /** Whether it was asked for, and what is said is about that. */
  let sent = false;
  let quoted = /** @type {Row | null} */ (null);

  const refresh = async () => {
    if (sent) return;
    const mark = ++asked;
    openEnded.checked = calendar.open;
    openEnded.disabled = storage.per === 'day' || !calendar.from || !calendar.mayStayOpen(calendar.from);
    quoted = null;
    go.setAttribute('aria-disabled', 'true');
    fill(told);
    go.hidden = !calendar.from;
    if (!calendar.from) return fill(bill, h('p', { class: 'stale' }, t('reserve.full')));
    const quote = await desk
      .ask({ query: 'quote', storageId: storage.storageId, from: calendar.from, until: calendar.until })
      .catch((/** @type {any} */ error) => error);
    if (mark !== asked) return;
    if (quote instanceof Error) return fill(bill, h('p', { class: 'refused' }, wordsOf(quote)));
    quoted = quote;
    const last = calendar.until ? day(later(calendar.until, -1), desk.today) : t('status.openEnded');
    fill(
      bill,
      h(
        'dl',
        { class: 'span' },
        h('div', {}, h('dt', {}, t('reserve.first')), h('dd', {}, day(calendar.from, desk.today))),
        h(
          'div',
          {},
          h('dt', {}, t('reserve.last')),
          h(
            'dd',
            {},
            last,
            calendar.until ? h('span', { class: 'quiet' }, t('reserve.freeAgain', { day: day(calendar.until, desk.today) })) : null,
          ),
        ),
      ),
      h(
        'p',
        { class: 'total' },
        h('span', { class: 'quiet' }, t('reserve.price')),
        h('b', {}, money(quote.price, quote.currency)),
        h('span', { class: 'quiet' }, howPriced(quote)),
      ),
      h(
        'p',
        { class: 'quiet rule' },
        t('reserve.refund', { day: day(calendar.from, desk.today) }),
        desk.isManager ? ` ${t('reserve.asManager')}` : '',
      ),
    );
    go.textContent = t('reserve.do', { money: money(quote.price, quote.currency) });
    go.removeAttribute('aria-disabled');
  };
  const calendar = new RentCalendar(desk.today, taken, storage.per !== 'day', refresh);
  go.addEventListener(
    'click',
    () =>
      quoted &&
      during(go, async () => {
        const words = go.textContent;
        go.textContent = t('reserve.busy');
        announce(t('reserve.busy'));
        try {
          const { customer } = await desk.send({
            command: 'reserve',
            storageId: storage.storageId,
            from: calendar.from,
            until: calendar.until,
            price: quoted?.price,
          });
          dialog.close();
          notice(t('reserve.done', { who: customer, day: day(calendar.from ?? desk.today, desk.today) }));
        } catch (error) {
          // Closed while it asked: there is nobody to tell in there.
          if (!dialog.open) throw error;
          const unknown = /** @type {any} */ (error).code === 'outcomeUnknown';
          if (unknown) return awaitOutcome(/** @type {any} */ (error).reservation);
          fill(told, box('refused', t('reserve.refused.title'), wordsOf(error)));
          go.textContent = words;
        }
      }),
  );
  /** Says that nobody knows yet and, once somebody does, what became of it. @param {Row | undefined} reservation */
  const awaitOutcome = (reservation) => {
    sent = true;
    const leave = h('button', { type: 'button', class: 'main', onclick: () => dialog.close() }, t('reserve.unknown.leave'));
    const had = go.contains(document.activeElement);
    fill(told, box('pending', t('reserve.unknown.title'), t('reserve.unknown')));
    go.replaceWith(leave);
    if (had) leave.focus();
    if (!reservation) return;
    const id = reservation.reservationId;
    dialog.dataset.awaits = id;
    desk.on(
      'settled',
      ({ detail }) => {
        if (detail.reservationId !== id) return;
        fill(told, box(isOff(detail) ? 'refused' : 'good', ...settledWords(detail)));
        leave.textContent = t('done');
      },
      whileOpen(dialog),
    );
  };
  refresh();
  return h(
    'section',
    { class: 'reserving', 'aria-label': t('reserve.title') },
    h(
      'div',
      { class: 'when' },
      h('p', { class: 'quiet' }, t('reserve.pick')),
      calendar,
      h('label', { class: 'check', for: 'open-ended' }, openEnded, t('reserve.open')),
    ),
    h('div', { class: 'what' }, bill, told, h('div', { class: 'sheet-foot' }, go)),
  );
}

/** @param {Row} q */
function howPriced(q) {
  if (q.per === 'rental') return t('reserve.flat');
  if (q.days !== null) return t('reserve.days', { days: number(q.days) });
  if (q.until === null) return t('reserve.firstMonth');
  const months = q.months ? t('reserve.months', { months: number(q.months) }) : null;
  return [months, q.partMonth ? t('reserve.partMonth', q.partMonth) : null].filter(Boolean).join(' + ');
}

/** @param {Row[]} reviews */
const reviewsOf = (reviews) =>
  h(
    'section',
    { class: 'reviews' },
    h('h3', {}, t('storage.reviews')),
    reviews.length === 0
      ? h('p', { class: 'quiet' }, t('rating.none'))
      : h(
          'ul',
          { role: 'list' },
          ...reviews
            .slice()
            .reverse()
            .map((r) =>
              h(
                'li',
                {},
                h(
                  'span',
                  { class: 'given', role: 'img', 'aria-label': t('mine.review.stars', { count: r.rate }) },
                  ...Array.from({ length: r.rate }, () => icon('star')),
                ),
                h('p', {}, r.content),
              ),
            ),
        ),
  );

/** @param {Desk} desk @param {Row} storage @param {HTMLDialogElement} dialog */
function changing(desk, storage, dialog) {
  const fields = rateFields(storage);
  const withdrawn = h('input', { type: 'checkbox', id: 'withdrawn', checked: storage.withdrawn });
  const act = (/** @type {any} */ command, /** @type {string} */ told) => async () => {
    await desk.send(command());
    dialog.close();
    notice(t(told, { id: storage.storageId }));
  };
  const deletes = act(() => ({ command: 'deleteStorage', storageId: storage.storageId }), 'told.deleted');
  const remove = sureButton(t('storage.delete'), t('storage.delete.sure'), 'bad', deletes);
  const save = workButton(t('storage.save'), '', async () => {
    const rate = fields.read();
    if (rate)
      await act(
        () => ({ command: 'modifyStorage', storageId: storage.storageId, ...rate, withdrawn: withdrawn.checked }),
        'told.modified',
      )();
  });
  return h(
    'details',
    { class: 'changing' },
    h('summary', {}, t('storage.edit.title')),
    ...fields.elements,
    h('label', { class: 'check', for: 'withdrawn' }, withdrawn, t('storage.withdrawn')),
    h('div', { class: 'sheet-foot' }, remove, save),
  );
}

/** Opens the registration of a new storage. @param {Desk} desk */
export function openRegister(desk) {
  const fields = rateFields(null);
  const go = h('button', { class: 'main' }, t('register.do'));
  const register = async () => {
    const rate = fields.read();
    if (!rate) return;
    const { storageId } = await desk.send({ command: 'registerStorage', ...rate });
    dialog.close();
    notice(t('told.registered', { id: storageId }));
  };
  const form = h('form', { onsubmit: submits(go, register) }, ...fields.elements, h('div', { class: 'sheet-foot' }, go));
  const dialog = openDialog(t('register.title'), 'register', form);
}

/** The fields of a storage. @param {Row | null} storage */
function rateFields(storage) {
  const currency = storage?.currency ?? 'KRW';
  const description = h('input', {
    type: 'text',
    id: 'storage-description',
    required: true,
    value: storage?.description ?? '',
    placeholder: t('register.hint'),
    autocomplete: 'off',
    'aria-describedby': 'storage-wrong',
  });
  const price = h('input', {
    type: 'text',
    inputmode: 'decimal',
    id: 'storage-price',
    required: true,
    value: storage ? major(storage.price, currency) : '',
    autocomplete: 'off',
    'aria-describedby': 'storage-wrong',
  });
  const choose = (
    /** @type {string} */ id,
    /** @type {string[]} */ values,
    /** @type {string} */ chosen,
    /** @type {(v: string) => string} */ word,
  ) => h('select', { id }, ...values.map((value) => h('option', { value, selected: value === chosen }, word(value))));
  const currencies = choose('storage-currency', CURRENCIES.includes(currency) ? CURRENCIES : [currency, ...CURRENCIES], currency, (c) => c);
  const per = choose('storage-per', ['rental', 'month', 'day'], storage?.per ?? 'rental', (p) => t(`per.${p}`));
  const wrong = h('p', { class: 'refused', id: 'storage-wrong', role: 'alert' });
  const field = (/** @type {string} */ word, /** @type {HTMLElement} */ input) =>
    h('div', { class: 'field' }, h('label', { for: input.id }, t(word)), input);
  return {
    elements: [
      field('storage.description', description),
      h('div', { class: 'fields' }, field('storage.price', price), field('storage.currency', currencies), field('storage.per', per)),
      wrong,
    ],
    read() {
      const amount = minor(price.value, currencies.value);
      if (amount === null) {
        wrong.textContent = t('register.price.bad');
        price.focus();
        return null;
      }
      wrong.textContent = '';
      return { description: description.value, price: amount, currency: currencies.value, per: per.value };
    },
  };
}
