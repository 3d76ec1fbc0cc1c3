// @ts-check
import { h, dated, fill, icon, perFrame, say, svg } from './dom.js';
import { t, onLanguage } from './language.js';
import { clock, number } from './format.js';
import { isInTheDark, lastOfReservation, notesOf, stateOf } from './lanes.js';
import { announce, empty, wordsOf, workButton } from './notices.js';
import { openNote } from './note.js';
import { askNow } from './storage.js';

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./lanes.js').Lane} Lane */
/** @typedef {import('./lanes.js').Note} Note */

const LANES_AT_FIRST = 20;
const KINDS = ['command', 'aggregate', 'event', 'policy', 'outside', 'view'];
const TONES = /** @type {Record<string, string>} */ ({
  running: 'hold',
  done: 'free',
  refused: 'bad',
  declined: 'bad',
  notTaken: 'bad',
  unknown: 'hold',
  expired: 'off',
  waits: 'hold',
  cancelling: 'hold',
});

/** The storm: what happens, as event-storming notes, one lane per request, newest on top. */
export class RentStorm extends HTMLElement {
  /** @type {Desk} */ #desk;
  #shown = LANES_AT_FIRST;
  #list = h('ol', { class: 'lanes' });
  #legend = h('ul', { class: 'legend' });
  #foot = h('div', { class: 'lanes-foot' });
  #older = h('button', { type: 'button', class: 'small', onclick: () => this.#showOlder() });
  /** @type {Map<string, { element: HTMLElement, signature: string, notes: Set<string> }>} */ #lanes = new Map();
  #first = true;
  #newest = '';

  /** @param {Desk} desk */
  constructor(desk) {
    super();
    this.#desk = desk;
  }

  connectedCallback() {
    this.append(this.#legend, h('div', { class: 'scroll' }, this.#list, this.#foot));
    this.#desk.on(
      ['log', 'status'],
      perFrame(() => this.#paint()),
    );
    onLanguage(() => {
      this.#lanes.clear();
      fill(this.#list);
      this.#drawLegend();
      this.#paint();
    });
    for (const [over, on] of [
      ['pointerover', true],
      ['focusin', true],
      ['pointerout', false],
      ['focusout', false],
    ]) {
      this.#list.addEventListener(String(over), (e) => this.#trace(/** @type {HTMLElement} */ (e.target).closest('.note'), Boolean(on)));
    }
    this.#drawLegend();
    this.#paint();
  }

  #drawLegend() {
    this.#legend.setAttribute('aria-label', t('storm.legend'));
    fill(
      this.#legend,
      ...KINDS.map((kind) =>
        h('li', { title: t(`kind.${kind}.say`) }, h('span', { class: 'swatch', 'data-kind': kind }), t(`kind.${kind}`)),
      ),
    );
  }

  #paint() {
    const lanes = this.#desk.lanes.newest;
    const shown = lanes.slice(0, this.#shown);
    const cursors = this.#desk.cursors;
    this.#list.setAttribute('aria-label', t('storm.list'));
    if (shown.length === 0) {
      fill(this.#foot, empty(t('storm.empty'), t('storm.empty.say')));
    } else if (lanes.length > shown.length) {
      say(this.#older, t('storm.older'));
      if (!this.#older.isConnected) fill(this.#foot, this.#older);
    } else fill(this.#foot);
    const keep = new Set(shown.map((l) => l.id));
    for (const [id, { element }] of this.#lanes) {
      if (keep.has(id)) continue;
      element.remove();
      this.#lanes.delete(id);
    }
    let after = /** @type {Element | null} */ (null);
    for (const lane of shown) {
      const notes = notesOf(lane, cursors);
      const state = stateOf(lane, notes);
      const breaker = state === 'unknown' ? this.#desk.status?.breaker : '';
      const signature = `${lane.who} ${state} ${breaker} ${notes.map((n) => `${n.id}${n.state}${n.outcome}${n.count}`).join()}`;
      let kept = this.#lanes.get(lane.id);
      if (!kept) {
        kept = { element: h('li', { class: 'lane', 'data-lane': lane.id }), signature: '', notes: new Set() };
        this.#lanes.set(lane.id, kept);
      }
      if (kept.signature !== signature) {
        this.#draw(kept.element, lane, notes, state, kept.notes);
        kept.signature = signature;
        kept.notes = new Set(notes.map((n) => n.id));
      }
      const place = after ? after.nextElementSibling : this.#list.firstElementChild;
      if (place !== kept.element) this.#list.insertBefore(kept.element, place);
      after = kept.element;
    }
    if (shown[0] && shown[0].id !== this.#newest) {
      this.#newest = shown[0].id;
      if (!this.#first) announce(t('storm.live', { title: titleOf(shown[0]) }));
    }
    this.#first = false;
  }

  #showOlder() {
    const last = this.#list.lastElementChild;
    this.#shown += LANES_AT_FIRST;
    this.#paint();
    // None are older still: the first of those that came.
    if (!this.#older.isConnected)
      /** @type {HTMLElement | null | undefined} */ (last?.nextElementSibling?.querySelector('.note'))?.focus({ preventScroll: true });
  }

  /** @param {HTMLElement} element @param {Lane} lane @param {Note[]} notes @param {string} state @param {Set<string>} known */
  #draw(element, lane, notes, state, known) {
    const focused = element.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset : null;
    element.dataset.state = state;
    fill(
      element,
      h(
        'div',
        { class: 'lane-head' },
        h('h3', {}, titleOf(lane)),
        h('span', { class: 'chip', 'data-tone': TONES[state] }, h('span', { class: 'dot' }), t(`state.${state}`)),
        h('span', { class: 'quiet lane-id' }, h('code', {}, short(lane.id)), ` ${clock(new Date(lane.at).toISOString(), this.#desk.zone)}`),
      ),
      h('ol', { class: 'notes' }, ...notes.map((n) => h('li', {}, this.#note(lane, notes, n, !this.#first && !known.has(n.id))))),
      ...this.#next(lane, state),
    );
    if (!focused) return;
    const same = focused.note ? `[data-note="${CSS.escape(focused.note)}"]` : '.next button';
    const last = [...element.querySelectorAll('.note')].pop();
    /** @type {HTMLElement | null | undefined} */ (element.querySelector(same) ?? last)?.focus({ preventScroll: true });
  }

  /** @param {Lane} lane @param {Note[]} notes @param {Note} n @param {boolean} isNew */
  #note(lane, notes, n, isNew) {
    const outcome = n.kind === 'outside' ? (n.state === 'busy' ? t('note.busy') : n.outcome ? t(`outcome.${n.outcome}`) : '') : '';
    const state = n.state === 'waits' ? t('note.waits') : outcome;
    return h(
      'button',
      {
        type: 'button',
        class: `note${isNew ? ' new' : ''}`,
        'data-note': n.id,
        'data-kind': n.kind,
        'data-state': n.state,
        title: n.state === 'waits' ? t('note.waits.say') : null,
        onclick: () => {
          openNote(this.#desk, lane, notes, n);
          this.#desk.saw('note');
        },
      },
      h('span', { class: 'unseen' }, `${t(`kind.${n.kind}`)}: `),
      h(
        'span',
        { class: 'note-word' },
        n.count && n.count > 1
          ? h('span', { class: 'note-seq' }, `×${number(n.count)}`)
          : n.sequence
            ? h('span', { class: 'note-seq' }, n.sequence)
            : null,
        t(n.word),
      ),
      h('span', { class: 'note-code' }, ...humps(n.code)),
      h(
        'span',
        { class: 'note-foot' },
        n.aggregate && n.state !== 'waits'
          ? h('span', { class: 'aggregate' }, t(`aggregate.${n.aggregate.kind}`, { id: n.aggregate.id }))
          : n.by !== undefined
            ? h('span', {}, n.by ? who(n.by) : t('note.byClock'))
            : state
              ? h('span', { class: 'note-state' }, state)
              : null,
      ),
    );
  }

  /** What happens next, where something did not go the usual way. @param {Lane} lane @param {string} state */
  #next(lane, state) {
    if (state === 'done' && lane.events.length === 0)
      return [h('p', { class: 'next quiet' }, icon('check'), h('span', {}, t('next.same')))];
    if (lane.refusal && state === 'refused')
      return [
        h(
          'p',
          { class: 'next refused' },
          icon('cross'),
          h('span', {}, dated(wordsOf(lane.refusal)), ' ', h('span', { class: 'quiet' }, t('next.refused'))),
        ),
      ];
    if (lane.refusal && isInTheDark(lane)) return [h('p', { class: 'next pending' }, icon('wait'), h('span', {}, dated(wordsOf(lane.refusal))))];
    if (state === 'unknown')
      return [
        h(
          'p',
          { class: 'next pending' },
          icon('wait'),
          h('span', {}, t(this.#desk.status?.breaker === 'open' ? 'next.unknown.open' : 'next.unknown')),
          workButton(t('next.ask'), 'small', () => askNow(this.#desk)),
        ),
      ];
    if (state === 'declined' || state === 'notTaken')
      return [h('p', { class: 'next refused' }, icon('cross'), h('span', {}, t(`next.${state}`)))];
    if (state === 'expired' || state === 'waits' || state === 'cancelling') {
      const isOther = state === 'waits' && lastOfReservation(lane) !== 'ReservationConfirmed';
      return [h('p', { class: 'next pending' }, icon('wait'), h('span', {}, t(isOther ? 'next.behind' : `next.${state}`)))];
    }
    return [];
  }

  /** Lines from its cause and to its effects, while a note is looked at. @param {Element | null} note @param {boolean} on */
  #trace(note, on) {
    if (!note) return;
    const lane = /** @type {HTMLElement} */ (note.closest('.lane'));
    lane.querySelector('.trace')?.remove();
    for (const kin of lane.querySelectorAll('.kin')) kin.classList.remove('kin');
    if (!on) return;
    const model = this.#desk.lanes.lane(lane.dataset.lane ?? '');
    if (!model) return;
    const notes = notesOf(model, this.#desk.cursors);
    const id = /** @type {HTMLElement} */ (note).dataset.note ?? '';
    const pairs = notes.flatMap((n) => n.causes.map((cause) => [cause, n.id])).filter(([from, to]) => from === id || to === id);
    const base = lane.getBoundingClientRect();
    const find = (/** @type {string} */ key) => lane.querySelector(`[data-note="${CSS.escape(key)}"]`);
    const paths = pairs.flatMap(([from, to]) => {
      const [a, b] = [find(from), find(to)];
      if (!a || !b) return [];
      a.classList.add('kin');
      b.classList.add('kin');
      return [svg('path', { d: curve(a.getBoundingClientRect(), b.getBoundingClientRect(), base) })];
    });
    lane.append(svg('svg', { class: 'trace', width: base.width, height: base.height, 'aria-hidden': 'true' }, ...paths));
  }
}
customElements.define('rent-storm', RentStorm);

/** A line from the right of one note to the left of another; over the top if they stand beside each other. @param {DOMRect} a @param {DOMRect} b @param {DOMRect} base */
function curve(a, b, base) {
  const [x1, y1, x2, y2] = [a.right - base.left, a.top + a.height / 2 - base.top, b.left - base.left, b.top + b.height / 2 - base.top];
  if (Math.abs(y1 - y2) < 4 && x2 >= x1) {
    if (x2 - x1 < 24) return `M${x1} ${y1}L${x2} ${y2}`;
    const up = a.top - base.top - 6;
    const [c1, c2] = [a.left + a.width / 2 - base.left, b.left + b.width / 2 - base.left];
    return `M${c1} ${a.top - base.top}C${c1} ${up - 4} ${c2} ${up - 4} ${c2} ${b.top - base.top}`;
  }
  const [c1, c2] = [a.left + a.width / 2 - base.left, b.left + b.width / 2 - base.left];
  const [d1, d2] = y2 > y1 ? [a.bottom - base.top, b.top - base.top] : [a.top - base.top, b.bottom - base.top];
  return `M${c1} ${d1}C${c1} ${(d1 + d2) / 2} ${c2} ${(d1 + d2) / 2} ${c2} ${d2}`;
}

/** @param {string} name */
const who = (name) => (name === 'manager' ? t('who.manager') : name);

/** What a lane is about. @param {Lane} lane */
export function titleOf(lane) {
  const e = lane.events[0];
  const unsaid = !lane.who && lane.command !== 'clock' ? '.unsaid' : '';
  return t(`lane.${lane.command}${unsaid}`, {
    who: lane.who ? who(lane.who) : '',
    storage: e?.storageId ?? lane.storageId ?? '…',
    reservation: e?.reservationId ?? lane.json?.reservationId ?? '…',
    count: number(lane.json?.storages?.length ?? lane.events.length),
  });
}

/** @param {string} id */
const short = (id) => (id.length > 12 ? id.slice(0, 8) : id);

/** A code name that may break between its words. @param {string} code */
export const humps = (code) => code.split(/(?<=[a-z ])(?=[A-Z])/).flatMap((part, i) => (i ? [h('wbr'), part] : [part]));
