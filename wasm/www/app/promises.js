// @ts-check
import { h, fill, icon, perFrame, say } from './dom.js';
import { t, onLanguage } from './language.js';
import { ago, number } from './format.js';
import { workButton } from './notices.js';

/** @typedef {import('./desk.js').Desk} Desk */

const PROMISES = ['p1', 'p2', 'p3', 'p4', 'p5'];
/** What was tried against each. */
const TRIED = /** @type {Record<string, string[]>} */ ({
  p1: ['declined', 'lost', 'down', 'refunds'],
  p2: ['refused'],
  p3: ['takenPaused', 'down'],
  p4: ['paused', 'crashed'],
  p5: ['reloads'],
});
/** Which checks of verify speak against which promise; the rest against the last. */
const AGAINST = /** @type {Record<string, RegExp>} */ ({
  p1: /^(paid|effect)$/,
  p2: /^exclusive$/,
  p4: /^(message|consumer|causation)$/,
  p5: /./,
});

/** The five promises, always in sight; each opens a sentence on what was just checked. */
export class RentPromises extends HTMLElement {
  /** @type {Desk} */ #desk;
  #list = h('ul', { class: 'promises', role: 'list' });
  #line = h('p', { class: 'verified quiet' });
  #open = '';
  #sheet = h('div', { class: 'promise-sheet', role: 'region', hidden: true });

  /** @param {Desk} desk */
  constructor(desk) {
    super();
    this.#desk = desk;
  }

  connectedCallback() {
    this.append(this.#sheet, this.#list, this.#line);
    this.#desk.on(
      ['verified', 'status'],
      perFrame(() => this.#refresh()),
    );
    onLanguage(() => this.render());
    window.setInterval(() => this.#drawLine(), 1000);
    this.addEventListener('keydown', (e) => e.key === 'Escape' && this.#open && this.toggle(this.#open));
    document.addEventListener(
      'pointerdown',
      (e) => this.#open && !this.contains(/** @type {Node} */ (e.target)) && this.toggle(this.#open),
    );
    this.render();
  }

  render() {
    this.#list.setAttribute('aria-label', t('promises'));
    fill(
      this.#list,
      ...PROMISES.map((p) =>
        h(
          'li',
          {},
          h(
            'button',
            {
              type: 'button',
              class: 'promise',
              'data-promise': p,
              'aria-expanded': String(this.#open === p),
              onclick: () => this.toggle(p),
            },
            h('span', { class: 'promise-mark' }),
            h('span', { class: 'promise-number' }, p.toUpperCase()),
            h('span', { class: 'promise-word' }, t(p)),
            h('span', { class: 'unseen promise-state' }),
          ),
        ),
      ),
    );
    this.#refresh();
  }

  /** @param {string} p */
  toggle(p) {
    this.#open = this.#open === p ? '' : p;
    this.#refresh();
    if (this.#open) this.#desk.saw('promise');
  }

  #refresh() {
    const { verified } = this.#desk;
    for (const button of this.#list.querySelectorAll('.promise')) {
      const p = /** @type {HTMLElement} */ (button).dataset.promise ?? '';
      const holds = verified ? this.#against(p).length === 0 : null;
      const state = holds === null ? 'wait' : holds ? 'ok' : 'not';
      button.setAttribute('aria-expanded', String(this.#open === p));
      if (/** @type {HTMLElement} */ (button).dataset.state === state) continue;
      /** @type {HTMLElement} */ (button).dataset.state = state;
      fill(
        /** @type {Element} */ (button.querySelector('.promise-mark')),
        icon(state === 'ok' ? 'check' : state === 'not' ? 'cross' : 'wait'),
      );
      say(
        /** @type {Element} */ (button.querySelector('.promise-state')),
        t(state === 'ok' ? 'promise.ok' : state === 'not' ? 'promise.not' : 'promise.never'),
      );
    }
    this.#drawLine();
    this.#drawSheet();
  }

  /** What verify found against a promise. @param {string} p */
  #against(p) {
    return (this.#desk.verified?.findings ?? []).filter((f) => Object.keys(AGAINST).find((p) => AGAINST[p].test(f.check)) === p);
  }

  #drawLine() {
    const { verified } = this.#desk;
    const since = verified ? Date.now() - verified.at : 0;
    const when = !verified ? t('promise.never') : since < 2000 ? t('promise.now') : t('promise.ago', { ago: ago(since) });
    say(
      this.#line,
      verified
        ? `${t('promise.checked', { rows: number(verified.rows), events: number(verified.events), findings: number(verified.findings.length) })} ${when}`
        : when,
    );
  }

  #drawSheet() {
    const p = this.#open;
    this.#sheet.hidden = !p;
    const { status, verified, tried, consumers } = this.#desk;
    if (!p || !status) return;
    const all = [...consumers.values()];
    const states = status.counts.reservations;
    const behind = Math.max(0, ...all.map((c) => c.behind));
    const paused =
      all
        .filter((c) => c.paused)
        .map((c) => t(`consumer.${c.name}`))
        .join(', ') || t('note.none');
    const attempts = TRIED[p].map((key) => [key, /** @type {any} */ (tried)[key]]).filter(([, count]) => count > 0);
    const findings = this.#against(p);
    const signature = JSON.stringify([p, states, verified?.at, attempts, paused, behind]);
    if (this.#sheet.dataset.signature === signature) return;
    this.#sheet.dataset.signature = signature;
    this.#sheet.setAttribute('aria-label', t(`${p}.title`));
    const had = this.#sheet.contains(document.activeElement);
    fill(
      this.#sheet,
      h('h3', {}, h('span', { class: 'promise-number' }, p.toUpperCase()), ' ', t(`${p}.title`)),
      h(
        'p',
        {},
        t(findings.length ? 'promise.broken' : `${p}.say`, {
          count: number(findings.length),
          reserved: number(states.reserved),
          live: number(states.reserved + states.reqReserve + states.reqCancel),
          paused,
          messages: number(status.counts.messages),
          behind: behind ? t('p4.behind', { count: number(behind) }) : t('p4.upToDate'),
          events: number(status.events),
        }),
      ),
      verified
        ? h(
            'p',
            { class: 'quiet' },
            t('promise.checked', {
              rows: number(verified.rows),
              events: number(verified.events),
              findings: number(verified.findings.length),
            }),
          )
        : null,
      ...findings.slice(0, 3).map((f) => h('p', { class: 'refused' }, `${f.check}: ${f.subject}: ${f.detail}`)),
      h(
        'p',
        { class: 'quiet' },
        `${t('promise.tried')}: `,
        attempts.length === 0
          ? t('promise.tried.none')
          : attempts.map(([key, count]) => t(`tried.${key}`, { count: number(count) })).join(' · '),
      ),
      workButton(t('promise.again'), 'small', () => this.#desk.verify()),
    );
    if (had) this.#sheet.querySelector('button')?.focus();
  }
}
customElements.define('rent-promises', RentPromises);
