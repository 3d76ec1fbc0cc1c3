// @ts-check
import { h, fill, icon } from './dom.js';
import { t, keep, recall, onLanguage } from './language.js';
import { complain, notice } from './notices.js';
import { pause, reserveFirst } from './experiments.js';

/** @typedef {import('./desk.js').Desk} Desk */
/** @typedef {{ room: string | null, target: string, done: (seen: { events: any[], saw: string[], unknown: boolean }) => boolean, show: () => unknown }} Step */

/** Where the card may stand: below, unless it would cover what it points at. */
const SIDES = ['bottom', 'right', 'left', 'top'];

/** What two boxes have in common, in square pixels. @param {DOMRect} a @param {DOMRect} b */
const overlap = (a, b) =>
  Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) * Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));

/** The tour: six steps, each done by oneself or shown; it can be left at any moment and found again. */
export class RentTour extends HTMLElement {
  /** @type {Desk} */ #desk;
  #room;
  /** What takes the focus once the tour is left. @type {() => void} */ left = () => {};
  #at = -1;
  #done = false;
  #busy = false;
  /** What happened since the step began. */
  #seen = /** @type {{ events: any[], saw: string[], unknown: boolean }} */ ({ events: [], saw: [], unknown: false });
  /** @type {Step[]} */ #steps;

  /** @param {Desk} desk @param {(room: string) => void} room shows a room where only one is in sight */
  constructor(desk, room) {
    super();
    this.#desk = desk;
    this.#room = room;
    const bench = () => /** @type {any} */ (document.querySelector('rent-bench'));
    const consumers = () => /** @type {any} */ (document.querySelector('rent-consumers'));
    const reserved = (/** @type {{ events: any[] }} */ s) => s.events.some((e) => e.eventType === 'ReservationConfirmed');
    this.#steps = [
      {
        room: 'board',
        target: '.room[data-room=board]',
        done: reserved,
        show: () => reserveFirst(desk, 'kim'),
      },
      {
        room: 'storm',
        target: '.room[data-room=storm]',
        done: (s) => s.saw.includes('note'),
        show: () => /** @type {HTMLElement | null} */ (document.querySelector('.note[data-kind=event]'))?.click(),
      },
      { room: 'bench', target: '[data-tour=rivals]', done: (s) => s.saw.includes('rivals'), show: () => bench().race() },
      {
        room: 'bench',
        target: '[data-tour=payment]',
        done: (s) => s.unknown,
        show: async () => {
          desk.choose('lostReply');
          try {
            await pause(100);
            await reserveFirst(desk, 'lee').catch((/** @type {any} */ e) => {
              if (e.code !== 'outcomeUnknown') throw e;
            });
          } finally {
            desk.choose('approve');
          }
        },
      },
      {
        room: 'bench',
        target: '[data-tour=consumers]',
        done: (s) => s.saw.includes('resumed') && reserved(s),
        show: async () => {
          await consumers().hold('message', true);
          try {
            await reserveFirst(desk, 'kim');
            this.#room('storm');
            await pause(3000);
          } finally {
            await consumers().hold('message', false);
          }
        },
      },
      {
        room: null,
        target: 'rent-promises',
        done: (s) => s.saw.includes('promise'),
        show: () => /** @type {any} */ (document.querySelector('rent-promises')).toggle('p1'),
      },
    ];
  }

  connectedCallback() {
    this.setAttribute('role', 'region');
    this.#desk.on('log', (e) => this.#look(() => this.#seen.events.push(...(e.detail ?? []))));
    this.#desk.on('saw', (e) => this.#look(() => this.#seen.saw.push(e.detail)));
    this.#desk.on('refused', (e) =>
      this.#look(() => {
        if (e.detail.code === 'outcomeUnknown') this.#seen.unknown = true;
      }),
    );
    onLanguage(() => this.render());
    window.addEventListener('resize', () => this.#point());
    this.hidden = true;
    if (!recall('tour')) this.begin();
  }

  begin() {
    this.#desk.be('kim');
    this.#go(0);
  }

  #leave() {
    const had = this.contains(document.activeElement);
    this.#at = -1;
    keep('tour', 'left');
    this.render();
    if (had) this.left();
    notice(t('tour.left'));
  }

  /** @param {number} step */
  #go(step) {
    this.#at = step;
    this.#done = false;
    this.#seen = { events: [], saw: [], unknown: false };
    const { room } = this.#steps[step];
    if (room) this.#room(room);
    this.render();
    this.#point();
  }

  /** Brings what the step is about into sight. */
  #point() {
    const target = this.#at < 0 ? null : document.querySelector(this.#steps[this.#at].target);
    if (target?.closest('.scroll')) target.scrollIntoView({ block: 'start' });
    if (target) this.#stand(target);
  }

  /** Stands where the least of it is covered; of a whole room there is always enough to be seen. @param {Element} target */
  #stand(target) {
    const shown = [target, ...document.querySelectorAll('.promise-sheet')].map((e) => e.getBoundingClientRect());
    const sides = target.matches('.room') ? SIDES.slice(0, 1) : SIDES;
    const covered = sides.map((side) => {
      this.dataset.side = side;
      const card = this.getBoundingClientRect();
      return shown.reduce((sum, box) => sum + overlap(card, box), 0);
    });
    this.dataset.side = sides[covered.indexOf(Math.min(...covered))];
  }

  /** @param {() => void} note */
  #look(note) {
    if (this.#at < 0) return;
    note();
    if (this.#done || !this.#steps[this.#at].done(this.#seen)) return;
    this.#done = true;
    this.render();
    const target = document.querySelector(this.#steps[this.#at].target);
    if (target) this.#stand(target);
  }

  async #show() {
    if (this.#busy) return;
    this.#busy = true;
    this.render();
    try {
      await this.#steps[this.#at].show();
    } catch (error) {
      complain(error);
    }
    this.#busy = false;
    this.render();
  }

  render() {
    for (const old of document.querySelectorAll('.toured')) old.classList.remove('toured');
    this.hidden = this.#at < 0;
    if (this.#at < 0) return;
    const at = this.#at;
    this.dataset.step = String(at + 1);
    this.setAttribute('aria-label', t('tour.title'));
    document.querySelector(this.#steps[at].target)?.classList.add('toured');
    const last = at === this.#steps.length - 1;
    const focused = this.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.key : null;
    fill(
      this,
      h(
        'div',
        { class: 'tour-head' },
        h('span', { class: 'quiet' }, t('tour.step', { step: at + 1, all: this.#steps.length })),
        h(
          'button',
          {
            type: 'button',
            class: 'plain',
            'data-key': 'leave',
            'aria-label': t('tour.leave'),
            title: t('tour.leave'),
            onclick: () => this.#leave(),
          },
          icon('close'),
        ),
      ),
      h(
        'h2',
        {},
        t(`tour.${at + 1}`),
        this.#done ? h('span', { class: 'chip', 'data-tone': 'free' }, icon('check'), t('tour.done')) : null,
      ),
      h('p', {}, t(`tour.${at + 1}.say`)),
      h(
        'div',
        { class: 'tour-foot' },
        h('span', { class: 'dots', 'aria-hidden': 'true' }, ...this.#steps.map((_, i) => h('span', { class: i === at ? 'now' : '' }))),
        at > 0
          ? h('button', { type: 'button', class: 'small', 'data-key': 'before', onclick: () => this.#go(at - 1) }, t('tour.before'))
          : null,
        this.#done
          ? null
          : h(
              'button',
              { type: 'button', class: 'small', 'data-key': 'show', 'aria-disabled': String(this.#busy), onclick: () => this.#show() },
              t('tour.show'),
            ),
        h(
          'button',
          {
            type: 'button',
            class: this.#done ? 'small main' : 'small',
            'data-key': 'next',
            onclick: () => (last ? this.#leave() : this.#go(at + 1)),
          },
          t(last ? 'tour.end' : 'tour.next'),
        ),
      ),
    );
    if (focused)
      /** @type {HTMLElement | null} */ (
        this.querySelector(`[data-key="${focused}"]`) ?? /** @type {HTMLElement | null} */ (this.querySelector('[data-key=next]'))
      )?.focus();
  }
}
customElements.define('rent-tour', RentTour);
