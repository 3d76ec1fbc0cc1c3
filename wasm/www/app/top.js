// @ts-check
import { h, fill, icon, say } from './dom.js';
import { t, language, speak, keep, recall, onLanguage } from './language.js';
import { headDay } from './format.js';
import { eachButton } from './notices.js';

/** @typedef {import('./desk.js').Desk} Desk */

const PEOPLE = ['manager', 'kim', 'lee', 'park', 'choi'];
const ROOMS = /** @type {const} */ (['board', 'storm', 'bench']);

/** Dark or light as chosen, else as the system has it. */
export function isDark() {
  const chosen = recall('theme');
  return chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches;
}

function dress() {
  document.documentElement.dataset.theme = isDark() ? 'dark' : 'light';
}
dress();
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', dress);

/** The top: who one is, the site's day, language, theme, tour; and the way between the rooms where one is in sight. */
export class RentTop extends HTMLElement {
  /** @type {Desk} */ #desk;
  #day = h('span', { class: 'site-day' });
  /** @type {() => void} */ tour = () => {};

  /** @param {Desk} desk */
  constructor(desk) {
    super();
    this.#desk = desk;
  }

  connectedCallback() {
    this.#desk.on('status', () => this.#drawDay());
    this.#desk.on('who', () => this.render());
    onLanguage(() => this.render());
    this.render();
  }

  render() {
    document.title = t('page.title');
    const desk = this.#desk;
    const dark = isDark();
    const had = this.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement).dataset.switch : undefined;
    fill(
      this,
      h(
        'div',
        { class: 'brand' },
        h('h1', {}, 'storagerent', h('span', { lang: 'ko', class: 'brand-ko' }, '창고대여')),
        h('p', { class: 'quiet tagline' }, t('page.tagline')),
      ),
      h(
        'label',
        { class: 'who' },
        h('span', { class: 'quiet' }, t('who.label')),
        h(
          'select',
          { name: 'who', 'data-switch': 'who', 'aria-label': t('who.label'), onchange: (/** @type {any} */ e) => desk.be(e.target.value) },
          ...PEOPLE.map((name) => h('option', { value: name, selected: name === desk.who }, name === 'manager' ? t('who.manager') : name)),
        ),
      ),
      h('div', { class: 'day-now' }, h('span', { class: 'unseen' }, t('day.label')), this.#day, nextDay(desk)),
      h(
        'div',
        { class: 'switches' },
        h(
          'button',
          { type: 'button', class: 'plain', title: t('tour.open'), 'data-switch': 'tour', onclick: () => this.tour() },
          icon('compass'),
          h('span', { class: 'tour-word' }, t('tour.open')),
        ),
        h(
          'button',
          {
            type: 'button',
            class: 'plain',
            lang: language() === 'ko' ? 'en' : 'ko',
            'data-switch': 'language',
            onclick: () => speak(language() === 'ko' ? 'en' : 'ko'),
          },
          t('language.other'),
        ),
        h(
          'button',
          {
            type: 'button',
            class: 'plain',
            'aria-label': t(dark ? 'theme.light' : 'theme.dark'),
            title: t(dark ? 'theme.light' : 'theme.dark'),
            'data-switch': 'theme',
            onclick: () => {
              keep('theme', isDark() ? 'light' : 'dark');
              dress();
              this.render();
            },
          },
          icon(dark ? 'sun' : 'moon'),
        ),
      ),
    );
    this.#drawDay();
    if (had) this.focusOn(had);
  }

  /** @param {string} name */
  focusOn(name) {
    /** @type {HTMLElement | null} */ (this.querySelector(`[data-switch=${name}]`))?.focus();
  }

  #drawDay() {
    if (this.#desk.status) say(this.#day, headDay(this.#desk.today));
  }
}
customElements.define('rent-top', RentTop);

/** @param {Desk} desk */
function nextDay(desk) {
  const button = eachButton(t('day.next'), 'small', () => desk.advance({ days: 1 }));
  button.title = t('day.next.say');
  return button;
}

/** The way between the rooms: tabs, on a phone a bar at the bottom. */
export class RentRooms extends HTMLElement {
  connectedCallback() {
    onLanguage(() => this.render());
    this.show('board');
  }

  /** @param {string} room */
  show(room) {
    document.body.dataset.room = room;
    this.render();
  }

  render() {
    fill(
      this,
      h(
        'nav',
        { 'aria-label': t('rooms') },
        ...ROOMS.map((room) =>
          h(
            'button',
            {
              type: 'button',
              'data-room': room,
              'aria-current': room === document.body.dataset.room ? 'true' : null,
              onclick: () => {
                this.show(room);
                /** @type {HTMLElement | null} */ (this.querySelector(`[data-room=${room}]`))?.focus();
              },
            },
            icon(room),
            t(`room.${room}`),
          ),
        ),
      ),
    );
  }
}
customElements.define('rent-rooms', RentRooms);
