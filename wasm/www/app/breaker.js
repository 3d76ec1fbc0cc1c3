// @ts-check
import { h, fill, perFrame, svg } from './dom.js';
import { t, language, onLanguage } from './language.js';
import { workButton } from './notices.js';

/** @typedef {import('./desk.js').Desk} Desk */

const ARC = 'M8 40A32 32 0 0 1 72 40';
/** Of each step of the scale, so much is drawn. */
const [MARK, GAP] = [0.84, 0.16];

/** The breaker as a gauge: a mark for each failure in a row, the needle for its state. */
export class RentBreaker extends HTMLElement {
  /** @type {Desk} */ #desk;
  #signature = '';

  /** @param {Desk} desk */
  constructor(desk) {
    super();
    this.#desk = desk;
  }

  connectedCallback() {
    // It is put in place again whenever the bench is drawn anew.
    if (this.firstChild) return;
    const draw = () => this.#draw();
    this.#desk.on(['status', 'log'], perFrame(draw));
    onLanguage(draw);
    draw();
  }

  #draw() {
    const desk = this.#desk;
    const state = desk.status?.breaker ?? 'closed';
    const max = desk.settings?.breakerFailures ?? 5;
    const failures = state === 'closed' ? Math.min(desk.failures, max) : max;
    const signature = `${state}${failures}${language()}`;
    if (this.#signature === signature) return;
    this.#signature = signature;
    this.dataset.state = state;
    const scale = { d: ARC, pathLength: max };
    const had = this.contains(document.activeElement);
    const minutes = Math.ceil((desk.settings?.breakerOpenSeconds ?? 30) / 60);
    fill(
      this,
      svg(
        'svg',
        { viewBox: '0 0 80 46', width: 80, height: 46, 'aria-hidden': 'true' },
        svg('path', { ...scale, class: 'pip', 'stroke-dasharray': `${MARK} ${GAP}` }),
        svg('path', { ...scale, class: 'pip on', 'stroke-dasharray': `${`${MARK} ${GAP} `.repeat(failures)}0 ${max}` }),
        svg('path', { d: 'M40 40L40 16', class: `needle ${state}` }),
        svg('circle', { cx: 40, cy: 40, r: 4, class: 'hub' }),
      ),
      h(
        'div',
        {},
        h('p', {}, h('span', { class: 'quiet' }, `${t('breaker')} `), h('b', { 'data-breaker': state, tabindex: -1 }, t(`breaker.${state}`))),
        h('p', { class: 'quiet' }, t(`breaker.${state}.say`)),
        state === 'closed' && failures > 0 ? h('p', { class: 'quiet' }, t('breaker.failures', { count: failures, max })) : null,
        state === 'open' ? workButton(t('breaker.wait', { minutes }), 'small', () => desk.advance({ minutes })) : null,
      ),
    );
    if (had) /** @type {HTMLElement | null} */ (this.querySelector('button') ?? this.querySelector('b'))?.focus({ preventScroll: true });
  }
}
customElements.define('rent-breaker', RentBreaker);
