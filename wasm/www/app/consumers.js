// @ts-check
import { h, fill, focusKey, icon, perFrame } from './dom.js';
import { t, language, onLanguage } from './language.js';
import { number, time } from './format.js';
import { complain, workButton } from './notices.js';

/** @typedef {import('./desk.js').Desk} Desk */

const CONSUMERS = ['storage', 'payment', 'message', 'view'];

/** Whether money hangs on a dead letter. @param {any} d */
const isMoney = (d) => d.consumer === 'payment' || ['charge', 'void', 'refund'].includes(d.action);

/** The consumers: how far behind each is, and what can be done to it; and what waits for a decision. */
export class RentConsumers extends HTMLElement {
  /** @type {Desk} */ #desk;
  /** @type {Set<string>} */ #crashing = new Set();
  #rows = h('ul', { class: 'consumers', role: 'list' });
  #dead = h('div', { class: 'dead' });

  /** @param {Desk} desk */
  constructor(desk) {
    super();
    this.#desk = desk;
  }

  connectedCallback() {
    // It is put in place again whenever the bench is drawn anew.
    if (this.firstChild) return;
    this.append(this.#rows, this.#dead);
    const draw = () => {
      this.#drawConsumers();
      this.#drawDead();
    };
    this.#desk.on('status', perFrame(draw));
    onLanguage(draw);
    draw();
  }

  #drawConsumers() {
    const signature = JSON.stringify([...this.#desk.consumers.values(), [...this.#crashing], language()], (key, value) =>
      key === 'cursor' ? undefined : value,
    );
    if (this.#rows.dataset.signature === signature) return;
    this.#rows.dataset.signature = signature;
    const focus = /** @type {HTMLElement} */ (document.activeElement)?.dataset?.key;
    const most = Math.max(10, ...CONSUMERS.map((name) => this.#desk.consumers.get(name)?.behind ?? 0));
    fill(
      this.#rows,
      ...CONSUMERS.map((name) => {
        const row = this.#desk.consumers.get(name);
        const word = t(`consumer.${name}`);
        const behind = row?.behind ?? 0;
        const bar = h(
          'span',
          { class: 'bar', role: 'img', 'aria-label': behind ? t('consumer.behind', { count: number(behind) }) : t('consumer.behind.none') },
          h('span', { class: 'bar-fill' }),
        );
        const filled = /** @type {HTMLElement} */ (bar.firstElementChild);
        filled.style.width = `${(behind / most) * 100}%`;
        const state = [
          row?.paused ? t('consumer.paused') : null,
          behind ? t('consumer.behind', { count: number(behind) }) : row?.paused ? null : t('consumer.behind.none'),
          row?.retryAt && !row.paused ? t('consumer.retry', { time: time(row.retryAt, this.#desk.zone) }) : null,
        ]
          .filter(Boolean)
          .join(' · ');
        return h(
          'li',
          { 'data-consumer': name, 'data-paused': row?.paused ? 'yes' : 'no', 'data-behind': behind ? 'yes' : 'no' },
          h('span', { class: 'consumer-name' }, h('b', {}, word), h('span', { class: 'quiet' }, state)),
          bar,
          h(
            'span',
            { class: 'consumer-switches' },
            h(
              'button',
              {
                type: 'button',
                // Its name says what it does next; that it is pressed would say the opposite.
                class: row?.paused ? 'small toggle on' : 'small toggle',
                'data-key': `pause-${name}`,
                'aria-label': t(row?.paused ? 'consumer.resume' : 'consumer.pause', { name: word }),
                title: t(row?.paused ? 'consumer.resume' : 'consumer.pause', { name: word }),
                onclick: () => this.hold(name, !row?.paused).catch(complain),
              },
              icon(row?.paused ? 'play' : 'pause'),
            ),
            h(
              'button',
              {
                type: 'button',
                class: 'small toggle',
                'data-key': `crash-${name}`,
                'aria-pressed': String(this.#crashing.has(name)),
                'aria-label': t('consumer.crash', { name: word }),
                title: t('consumer.crash', { name: word }),
                onclick: () => this.#crash(name).catch(complain),
              },
              icon('crash'),
            ),
          ),
        );
      }),
    );
    if (focus) /** @type {HTMLElement | null} */ (this.#rows.querySelector(`[data-key="${focus}"]`))?.focus();
  }

  /** Pauses a consumer, or lets it go on. @param {string} name @param {boolean} paused */
  async hold(name, paused) {
    await this.#desk.send({ command: paused ? 'pauseConsumer' : 'resumeConsumer', name }, 'manager');
    if (paused) this.#desk.tried.paused++;
    else await this.#desk.runDue();
    await this.#desk.sync();
  }

  /** @param {string} name */
  async #crash(name) {
    const on = !this.#crashing.has(name);
    await this.#desk.site.bench.sabotage(name, on);
    if (on) {
      this.#crashing.add(name);
      this.#desk.tried.crashed++;
    } else {
      this.#crashing.delete(name);
      // It waits with backoff; whoever mends it need not.
      await this.#desk.site.execute({ command: 'runConsumers' }, { caller: 'manager' });
    }
    this.#drawConsumers();
    this.#desk.changed();
  }

  async #drawDead() {
    const none = !this.#desk.status?.counts.deadLetters;
    const asked = none ? Promise.resolve([]) : this.#desk.ask({ query: 'deadLetters' });
    const letters = await asked.catch((/** @type {any} */ error) => (this.#desk.fail(error), null));
    if (!letters) return;
    const had = this.#dead.contains(document.activeElement) ? /** @type {HTMLElement} */ (document.activeElement) : null;
    const button = (/** @type {any} */ d, /** @type {string} */ key, /** @type {any} */ command) => {
      const made = workButton(t(`bench.dead.${key}`), 'small', () => this.#desk.send(command, 'manager'));
      made.dataset.key = `${key}-${d.deadLetterId}`;
      return made;
    };
    const one = (/** @type {any} */ d) => {
      const { deadLetterId } = d;
      return h(
        'li',
        {},
        h('p', {}, d.consumer ? `${d.consumer} · ${d.sequence}` : d.action, ' ', h('span', { class: 'quiet' }, d.reason)),
        h(
          'span',
          { class: 'actions' },
          button(d, 'retry', { command: 'retryDeadLetter', deadLetterId }),
          // Money is never given up.
          isMoney(d) ? null : button(d, 'discard', { command: 'discardDeadLetter', deadLetterId, reason: 'bench' }),
        ),
      );
    };
    if (letters.length === 0) fill(this.#dead);
    else fill(this.#dead, h('h4', {}, t('bench.dead')), h('ul', { role: 'list' }, ...letters.slice(0, 5).map(one)));
    if (!had || focusKey(this.#dead, had.dataset.key ?? '')) return;
    /** @type {HTMLElement | null} */ (this.querySelector('.dead button') ?? this.querySelector('button'))?.focus({ preventScroll: true });
  }
}
customElements.define('rent-consumers', RentConsumers);
