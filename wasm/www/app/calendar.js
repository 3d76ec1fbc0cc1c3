// @ts-check
import { h, icon, fill } from './dom.js';
import { t } from './language.js';
import { later, longDay, month, monthLater, weekday, weekdays } from './format.js';

/** @typedef {{ from: string, until: string | null }} Span */
const DAYS_AHEAD_MAX = 730;

/** A calendar of free days: taken ones are struck out. One picks the first day, then the last. */
export class RentCalendar extends HTMLElement {
  /** @type {Span[]} */ #taken;
  #today;
  #change;
  #month;
  /** @type {string | null} */ from;
  /** The first day that is free again; null until the last day is picked, or when open-ended. @type {string | null} */ until = null;
  open;
  #picking = 'from';
  #focus;

  /** @param {string} today @param {Span[]} taken periods that live reservations block @param {boolean} open whether it may be open-ended @param {() => void} change */
  constructor(today, taken, open, change) {
    super();
    this.#today = today;
    this.#taken = taken;
    this.#change = change;
    this.from = this.#firstFree();
    const wall = this.from ? this.#wall(this.from) : null;
    this.open = open && wall === null;
    if (!this.open && this.from) this.until = wall ?? later(this.from, 7);
    this.#focus = this.from ?? today;
    this.#month = `${this.#focus.slice(0, 7)}-01`;
  }

  connectedCallback() {
    this.addEventListener('keydown', (e) => this.#walk(e));
    this.render();
  }

  /** @param {boolean} open */
  openEnded(open) {
    this.open = open;
    if (open) this.until = null;
    else if (this.from) {
      const wall = this.#wall(this.from);
      const month = later(this.from, 30);
      this.until = wall && wall < month ? wall : month;
    }
    this.#picking = 'from';
    this.render();
    this.#change();
  }

  /** Whether nothing blocks from that day on, for good. @param {string} day */
  mayStayOpen(day) {
    return this.#wall(day) === null;
  }

  /** @param {string} day */
  #isTaken(day) {
    return this.#taken.some((s) => s.from <= day && (s.until === null || day < s.until));
  }

  #firstFree() {
    let day = this.#today;
    for (let i = 0; i < DAYS_AHEAD_MAX; i++, day = later(day, 1)) if (!this.#isTaken(day)) return day;
    return null;
  }

  /** The first taken day after one. @param {string} day @returns {string | null} */
  #wall(day) {
    return (
      this.#taken
        .map((s) => s.from)
        .filter((from) => from > day)
        .sort()[0] ?? null
    );
  }

  render() {
    const first = this.#month;
    const lead = weekday(first);
    const days = /** @type {string[]} */ ([]);
    for (let day = first; day.slice(0, 7) === first.slice(0, 7); day = later(day, 1)) days.push(day);
    if (!days.includes(this.#focus)) this.#focus = days[0];
    const weeks = /** @type {(string | null)[][]} */ ([]);
    const cells = [...Array(lead).fill(null), ...days];
    while (cells.length) weeks.push(Array.from({ length: 7 }, () => cells.shift() ?? null));
    while (weeks.length < 6) weeks.push(Array(7).fill(null));
    const had = this.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset : null;
    fill(
      this,
      h(
        'div',
        { class: 'calendar-head' },
        h(
          'button',
          {
            type: 'button',
            class: 'plain',
            'data-turn': 'back',
            'aria-label': t('reserve.month.before'),
            disabled: first <= this.#today,
            onclick: () => this.#turn(-1),
          },
          icon('left'),
        ),
        h('h3', { id: 'calendar-month', 'aria-live': 'polite' }, month(first)),
        h(
          'button',
          { type: 'button', class: 'plain', 'data-turn': 'on', 'aria-label': t('reserve.month.next'), onclick: () => this.#turn(1) },
          icon('right'),
        ),
      ),
      h(
        'table',
        { class: 'calendar', role: 'grid', 'aria-labelledby': 'calendar-month' },
        h('thead', {}, h('tr', {}, ...weekdays().map((d) => h('th', { scope: 'col', abbr: d.long }, d.short)))),
        h('tbody', {}, ...weeks.map((week) => h('tr', {}, ...week.map((day) => (day ? this.#cell(day) : h('td', {})))))),
      ),
    );
    if (had?.day) /** @type {HTMLElement | null} */ (this.querySelector(`[data-day="${this.#focus}"]`))?.focus();
    // There is no way back from the first month.
    if (had?.turn)
      /** @type {HTMLElement | null} */ (
        this.querySelector(`[data-turn="${had.turn}"]:enabled`) ?? this.querySelector('[data-turn=on]')
      )?.focus();
  }

  /** @param {string} day */
  #cell(day) {
    const past = day < this.#today;
    const taken = !past && this.#isTaken(day);
    const last = this.until ? later(this.until, -1) : null;
    const inside = this.from !== null && day >= this.from && (this.open || (last !== null && day <= last)) && !taken;
    const edge = day === this.from || day === last;
    return h(
      'td',
      {
        class: [inside ? 'inside' : '', day === this.from ? 'first' : '', day === last ? 'last' : ''].join(' ').trim() || null,
        'aria-selected': String(inside),
      },
      h(
        'button',
        {
          type: 'button',
          'data-day': day,
          class: `day${edge ? ' edge' : ''}${taken ? ' taken' : ''}${day === this.#today ? ' today' : ''}`,
          tabindex: day === this.#focus ? 0 : -1,
          'aria-disabled': String(past || taken),
          onclick: () => this.#pick(day),
        },
        h('span', { 'aria-hidden': 'true' }, Number(day.slice(8))),
        h(
          'span',
          { class: 'unseen' },
          t(past ? 'reserve.day.past' : taken ? 'reserve.day.taken' : 'reserve.day.free', { day: longDay(day) }),
        ),
      ),
    );
  }

  /** @param {string} day */
  #pick(day) {
    this.#focus = day;
    if (day < this.#today || this.#isTaken(day)) return this.render();
    const wall = this.from ? this.#wall(this.from) : null;
    const isLater = this.from !== null && (this.open ? day > this.from : day >= this.from);
    if (this.#picking === 'until' && isLater && (wall === null || day < wall)) {
      this.open = false;
      this.until = later(day, 1);
      this.#picking = 'from';
    } else {
      this.from = day;
      this.open = this.open && this.mayStayOpen(day);
      this.until = this.open ? null : later(day, 1);
      this.#picking = 'until';
    }
    this.render();
    this.#change();
  }

  /** @param {number} months */
  #turn(months) {
    this.#month = monthLater(this.#month, months);
    this.#focus = this.#month < this.#today ? this.#today : this.#month;
    this.render();
  }

  /** @param {KeyboardEvent} e */
  #walk(e) {
    if (!(/** @type {HTMLElement} */ (e.target).dataset.day)) return;
    const steps = /** @type {Record<string, number>} */ ({ ArrowRight: 1, ArrowLeft: -1, ArrowDown: 7, ArrowUp: -7 });
    let to =
      e.key in steps
        ? later(this.#focus, steps[e.key])
        : e.key === 'PageDown'
          ? later(this.#focus, 28)
          : e.key === 'PageUp'
            ? later(this.#focus, -28)
            : null;
    if (to === null) return;
    e.preventDefault();
    if (to < this.#today) to = this.#today;
    this.#focus = to;
    this.#month = `${to.slice(0, 7)}-01`;
    this.render();
  }
}
customElements.define('rent-calendar', RentCalendar);
