// @ts-check
import { h, icon, fill, focusKey, perFrame, say } from './dom.js';
import { t, onLanguage } from './language.js';
import { number, won } from './format.js';
import { card, dress, standing } from './card.js';
import { mine } from './mine.js';
import { messages } from './messages.js';
import { openStorage, openRegister } from './storage.js';
import { empty } from './notices.js';

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {import('./desk.js').Row} Row */

const CARD_HEIGHT = 140;
const CARD_WIDTH_MIN = 164;
const GAP = 8;
/** So many reservations or messages are shown at first, and more at a time. */
const MOST = 100;
/** Rows of cards kept above and below what is seen. */
const SPARE = 3;

/** The board: every storage; one's reservations; one's messages. Only the cards in sight exist. */
export class RentBoard extends HTMLElement {
  /** @type {Desk} */ #desk;
  #part = 'storages';
  #search = '';
  #status = 'all';
  #max = '';
  /** So many reservations or messages are shown. */
  #most = MOST;
  /** Counts the times these were asked for: only the last is drawn. */
  #asked = 0;
  /** @type {Row[]} */ #rows = [];
  #at = 0;
  #columns = 1;
  /** As last told by the browser: to ask again would make it lay out the whole page. */
  #width = 0;
  #height = 0;
  #top = 0;
  /** @type {Map<number, { item: HTMLLIElement, button: HTMLButtonElement, seen: string, place: string }>} */ #cards = new Map();
  #list = h('ul', { class: 'cards', role: 'list' });
  #scroll = h('div', { class: 'scroll' });
  #count = h('p', { class: 'quiet count', 'aria-live': 'polite' });
  #wrong = h('p', { class: 'refused wrong', id: 'max-wrong', role: 'status' });
  #stale = h('p', { class: 'stale', hidden: true });
  #body = h('div', { class: 'board-body' });
  #tabs = h('div', { class: 'parts' });
  #bar = h('form', { class: 'filters', role: 'search', onsubmit: (/** @type {Event} */ e) => e.preventDefault() });

  /** @param {Desk} desk */
  constructor(desk) {
    super();
    this.#desk = desk;
  }

  connectedCallback() {
    this.append(this.#tabs, this.#body);
    this.#scroll.addEventListener(
      'scroll',
      () => {
        this.#top = this.#scroll.scrollTop;
        this.#paint();
      },
      { passive: true },
    );
    this.#list.addEventListener('keydown', (e) => this.#walk(e));
    this.#list.addEventListener('focusin', (e) => {
      const id = Number(/** @type {HTMLElement} */ (e.target).dataset.storage);
      const at = this.#rows.findIndex((r) => r.storageId === id);
      if (at >= 0) this.#at = at;
    });
    const sizes = new ResizeObserver((all) => {
      for (const { target, contentRect } of all) {
        if (target === this.#list) this.#width = contentRect.width;
        else this.#height = contentRect.height;
      }
      this.#paint();
    });
    sizes.observe(this.#scroll);
    sizes.observe(this.#list);
    this.#desk.on(
      ['rows', 'status'],
      perFrame(() => this.#refresh()),
    );
    this.#desk.on('who', () => this.render());
    onLanguage(() => this.render());
    this.render();
  }

  /** @param {string} part */
  show(part) {
    this.#part = part;
    this.#most = MOST;
    this.render();
  }

  /** Puts the focus on the first free storage. */
  pointAtFree() {
    const at = this.#rows.findIndex((r) => standing(this.#desk, r).tone === 'free');
    if (at >= 0) this.#go(at);
  }

  /** Draws all of it. */
  render() {
    this.#cards.clear();
    fill(this.#list);
    const desk = this.#desk;
    const parts = [
      ['storages', t('board.storages')],
      ['mine', desk.isManager ? t('board.all') : t('board.mine')],
      ['messages', t('board.messages')],
    ];
    this.#tabs.setAttribute('role', 'group');
    this.#tabs.setAttribute('aria-label', t('board.tabs'));
    fill(
      this.#tabs,
      ...parts.map(([part, word]) =>
        h(
          'button',
          { type: 'button', class: 'part', 'aria-pressed': String(part === this.#part), 'data-part': part, onclick: () => this.show(part) },
          word,
        ),
      ),
    );
    if (this.#part !== 'storages') {
      const name = parts.find((p) => p[0] === this.#part)?.[1];
      fill(this.#body, h('div', { class: 'scroll part-body', tabindex: 0, role: 'group', 'aria-label': name }));
      this.#redrawPart();
      return;
    }
    this.#drawBar();
    this.#list.setAttribute('aria-label', t('board.list'));
    fill(this.#body, this.#bar, this.#stale, this.#scroll);
    this.#refresh();
  }

  #drawBar() {
    const option = (/** @type {string} */ value) => h('option', { value, selected: value === this.#status }, t(`board.status.${value}`));
    fill(
      this.#bar,
      h(
        'label',
        { class: 'search' },
        h('span', { class: 'unseen' }, t('board.search')),
        icon('search'),
        h('input', {
          type: 'search',
          name: 'search',
          placeholder: t('board.search.hint'),
          value: this.#search,
          autocomplete: 'off',
          oninput: (/** @type {any} */ e) => this.#filter({ search: e.target.value }),
        }),
      ),
      this.#desk.isManager
        ? h('button', { type: 'button', class: 'small', onclick: () => openRegister(this.#desk) }, icon('add'), t('board.register'))
        : null,
      h(
        'label',
        {},
        h('span', { class: 'unseen' }, t('board.status')),
        h(
          'select',
          { name: 'status', onchange: (/** @type {any} */ e) => this.#filter({ status: e.target.value }) },
          ...['all', 'free', 'reserved', 'hold'].map(option),
        ),
      ),
      h(
        'label',
        { class: 'most' },
        h('span', { class: 'unseen' }, t('board.max')),
        h('input', {
          type: 'text',
          inputmode: 'numeric',
          name: 'max',
          placeholder: `≤ ₩`,
          value: this.#max,
          autocomplete: 'off',
          oninput: (/** @type {any} */ e) => this.#filter({ max: e.target.value }),
        }),
      ),
      this.#count,
      this.#wrong,
    );
  }

  /** @param {{ search?: string, status?: string, max?: string }} filter */
  #filter({ search = this.#search, status = this.#status, max = this.#max }) {
    [this.#search, this.#status, this.#max] = [search, status, max];
    this.#scroll.scrollTop = this.#top = 0;
    this.#at = 0;
    this.#refresh();
  }

  /** Chooses the rows again, and paints. */
  #refresh() {
    if (this.#part !== 'storages') {
      this.#redrawPart();
      return;
    }
    const words = this.#search.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const most = won(this.#max);
    const bad = most === undefined;
    const max = this.#bar.querySelector('[name=max]');
    max?.setAttribute('aria-invalid', String(bad));
    if (bad) max?.setAttribute('aria-describedby', this.#wrong.id);
    else max?.removeAttribute('aria-describedby');
    say(this.#wrong, bad ? t('board.max.bad') : '');
    const all = [...this.#desk.views.values()].sort((a, b) => a.storageId - b.storageId);
    this.#rows = all.filter((row) => {
      const text = `${row.storageId} ${row.description}`.toLowerCase();
      return (
        words.every((w) => text.includes(w)) &&
        (typeof most !== 'number' || (row.currency === 'KRW' && row.price <= most)) &&
        (this.#status === 'all' || standing(this.#desk, row).tone === this.#status)
      );
    });
    this.#at = Math.min(this.#at, Math.max(0, this.#rows.length - 1));
    say(this.#count, t('board.count', { shown: number(this.#rows.length), all: number(all.length) }));
    this.#stale.hidden = !this.#desk.isStale;
    const view = this.#desk.consumers.get('view');
    if (!this.#stale.hidden) say(this.#stale, t(view?.paused ? 'board.stale' : 'board.stale.fails', { cursor: view?.cursor ?? 0 }));
    if (this.#rows.length === 0) {
      this.#cards.clear();
      fill(this.#list);
      fill(
        this.#scroll,
        all.length === 0
          ? empty(t('board.empty'), this.#desk.isManager ? t('board.empty.say') : t('board.empty.customer'))
          : empty(
              t('board.none'),
              t('board.none.say'),
              h(
                'button',
                {
                  type: 'button',
                  class: 'small',
                  onclick: () => {
                    this.#filter({ search: '', status: 'all', max: '' });
                    this.#drawBar();
                    /** @type {HTMLElement | null} */ (this.#bar.querySelector('[name=search]'))?.focus();
                  },
                },
                t('board.none.clear'),
              ),
            ),
      );
      return;
    }
    if (this.#list.parentElement !== this.#scroll) fill(this.#scroll, this.#list);
    this.#paint();
  }

  async #redrawPart() {
    const more = (/** @type {number} */ left) =>
      left <= 0
        ? null
        : h(
            'button',
            {
              type: 'button',
              class: 'small',
              'data-key': 'more',
              onclick: () => {
                this.#most += MOST;
                this.#redrawPart();
              },
            },
            t('mine.more', { count: number(Math.min(left, MOST)) }),
          );
    const asked = ++this.#asked;
    const told = () => messages(this.#desk, this.#most, more).catch((/** @type {any} */ error) => (this.#desk.fail(error), null));
    const content = this.#part === 'mine' ? mine(this.#desk, this.#most, more) : await told();
    if (!content || asked !== this.#asked) return;
    const body = this.#body.querySelector('.part-body');
    if (!body || (body.contains(document.activeElement) && document.activeElement !== body && document.querySelector('dialog[open]')))
      return;
    const at = body.scrollTop;
    // What is read stays where it is, whatever comes above it.
    const top = body.getBoundingClientRect().top;
    const first = /** @type {HTMLElement | undefined} */ (
      at > 0 ? [...body.querySelectorAll('[data-row]')].find((row) => row.getBoundingClientRect().bottom > top) : undefined
    );
    const offset = first?.getBoundingClientRect().top ?? 0;
    const focus = /** @type {HTMLElement | null} */ (document.activeElement);
    const key = body.contains(focus) ? focus?.dataset.key : undefined;
    fill(body, content);
    body.scrollTop = at;
    const same = first ? body.querySelector(`[data-row="${first.dataset.row}"]`) : null;
    if (same) body.scrollTop += same.getBoundingClientRect().top - offset;
    if (key && !focusKey(body, key)) /** @type {HTMLElement} */ (body).focus();
  }

  /** Puts the cards in sight in place, and takes away the others. */
  #paint() {
    if (this.#rows.length === 0 || this.#list.parentElement !== this.#scroll) return;
    const width = this.#width;
    if (width === 0) return;
    this.#columns = Math.max(1, Math.floor((width + GAP) / (CARD_WIDTH_MIN + GAP)));
    const cell = (width - GAP * (this.#columns - 1)) / this.#columns;
    const lines = Math.ceil(this.#rows.length / this.#columns);
    const step = CARD_HEIGHT + GAP;
    const height = `${lines * step - GAP}px`;
    if (this.#list.style.height !== height) this.#list.style.height = height;
    const first = Math.max(0, Math.floor(this.#top / step) - SPARE);
    const last = Math.min(lines, Math.ceil((this.#top + this.#height) / step) + SPARE);
    const wanted = new Map();
    for (let i = first * this.#columns; i < Math.min(last * this.#columns, this.#rows.length); i++) wanted.set(this.#rows[i].storageId, i);
    // The one with the focus stays, wherever it is.
    if (this.#rows[this.#at]) wanted.set(this.#rows[this.#at].storageId, this.#at);
    for (const [id, { item }] of this.#cards) {
      if (wanted.has(id)) continue;
      item.remove();
      this.#cards.delete(id);
    }
    let before = /** @type {Element | null} */ (null);
    for (const [id, i] of [...wanted].sort((a, b) => a[1] - b[1])) {
      const row = this.#rows[i];
      const seen = JSON.stringify([row, this.#desk.storages.get(id), standing(this.#desk, row)]);
      let kept = this.#cards.get(id);
      if (!kept) {
        const button = card(this.#desk, row, (s) => openStorage(this.#desk, s));
        kept = { item: h('li', {}, button), button, seen, place: '' };
        this.#cards.set(id, kept);
      } else if (kept.seen !== seen) {
        dress(kept.button, this.#desk, row);
        kept.seen = seen;
      }
      // In the order they are seen in; those that stay are not moved, or the focus would go.
      const next = before ? before.nextElementSibling : this.#list.firstElementChild;
      if (next !== kept.item) this.#list.insertBefore(kept.item, next);
      before = kept.item;
      kept.button.tabIndex = i === this.#at ? 0 : -1;
      const place = `${i} ${cell} ${this.#rows.length}`;
      if (kept.place === place) continue;
      kept.place = place;
      const { style } = kept.item;
      style.width = `${cell}px`;
      style.height = `${CARD_HEIGHT}px`;
      style.transform = `translate(${(i % this.#columns) * (cell + GAP)}px, ${Math.floor(i / this.#columns) * step}px)`;
      kept.item.setAttribute('aria-posinset', String(i + 1));
      kept.item.setAttribute('aria-setsize', String(this.#rows.length));
    }
  }

  /** @param {KeyboardEvent} e */
  #walk(e) {
    const page = Math.max(1, Math.floor(this.#scroll.clientHeight / (CARD_HEIGHT + GAP))) * this.#columns;
    const steps = /** @type {Record<string, number>} */ ({
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: this.#columns,
      ArrowUp: -this.#columns,
      PageDown: page,
      PageUp: -page,
      Home: -Infinity,
      End: Infinity,
    });
    const step = steps[e.key];
    if (step === undefined || e.altKey || e.ctrlKey || e.metaKey) return;
    e.preventDefault();
    this.#go(Math.max(0, Math.min(this.#rows.length - 1, this.#at + step)));
  }

  /** @param {number} at */
  #go(at) {
    this.#at = at;
    const step = CARD_HEIGHT + GAP;
    const top = Math.floor(at / this.#columns) * step;
    if (top < this.#top) this.#top = top;
    else if (top + step > this.#top + this.#height) this.#top = top + step - this.#height;
    this.#scroll.scrollTop = this.#top;
    this.#paint();
    this.#cards.get(this.#rows[at].storageId)?.button.focus({ preventScroll: true });
  }
}
customElements.define('rent-board', RentBoard);
