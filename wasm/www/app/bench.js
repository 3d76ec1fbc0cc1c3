// @ts-check
import { h, fill, icon, perFrame, say } from './dom.js';
import { t, language, onLanguage } from './language.js';
import { clock, headDay, money, number, size } from './format.js';
import { complain, eachButton, notice, openDialog, sureButton, workButton, wordsOf } from './notices.js';
import { RentBreaker } from './breaker.js';
import { RentConsumers } from './consumers.js';
import { rivals } from './experiments.js';
import { FILE } from './desk.js';
import { many, twelve } from './seed.js';
import { isOff, settledWords } from './storage.js';

/** @typedef {import('./desk.js').Desk} Desk */

/** What `verify` looks at, by the names its findings have; what has another name speaks against the last. */
const CHECKS = ['paid', 'exclusive', 'effect', 'message', 'consumer', 'causation', 'state', 'chain'];
const WAYS = ['approve', 'decline', 'down', 'slow', 'lostReply'];

/** The bench: what can be broken, and how it stands. */
export class RentBench extends HTMLElement {
  /** @type {Desk} */ #desk;
  way = 'approve';
  #breaker;
  #consumers;
  #say = h('p', { class: 'quiet way-say' });
  #books = h('p', { class: 'quiet' });
  #clock = h('p', { class: 'clock-now' });
  #checks = h('ul', { class: 'checks', role: 'list' });
  #race = h('p', { class: 'quiet', role: 'status' });
  /** How the last race went, in the language of the page. */ #raced = () => '';
  /** Ends with the next race. */
  #awaits = new AbortController();
  /** The length of the log and the calls made when the books were last looked at. */ #booked = '';

  /** @param {Desk} desk */
  constructor(desk) {
    super();
    this.#desk = desk;
    this.#breaker = new RentBreaker(desk);
    this.#consumers = new RentConsumers(desk);
  }

  connectedCallback() {
    this.#desk.on(
      ['status', 'log'],
      perFrame(() => this.#refresh()),
    );
    window.setInterval(() => this.#drawClock(), 1000);
    this.#desk.on('verified', () => this.#drawChecks());
    this.#desk.on('way', (e) => this.#choose(e.detail));
    onLanguage(() => this.render());
    this.render();
  }

  render() {
    const desk = this.#desk;
    const settings = desk.settings ?? {};
    const section = (/** @type {string} */ key, /** @type {string} */ word, /** @type {any[]} */ ...content) =>
      h(
        'section',
        { class: 'panel', 'data-tour': key, 'aria-labelledby': `bench-${key}` },
        h('h3', { id: `bench-${key}` }, t(word)),
        ...content,
      );
    this.#booked = '';
    say(this.#race, this.#raced());
    fill(
      this,
      h(
        'div',
        { class: 'scroll panels' },
        section(
          'payment',
          'bench.payment',
          h('p', { class: 'quiet' }, t('bench.payment.say')),
          h(
            'div',
            { class: 'ways', role: 'radiogroup', 'aria-label': t('bench.payment') },
            ...WAYS.map((way) =>
              h(
                'label',
                { class: 'way' },
                h('input', {
                  type: 'radio',
                  name: 'way',
                  value: way,
                  checked: way === this.way,
                  class: 'unseen',
                  onchange: () => this.#choose(way),
                }),
                h('span', {}, t(`payment.${way}`)),
              ),
            ),
          ),
          this.#say,
          this.#breaker,
          this.#books,
        ),
        section('consumers', 'bench.consumers', h('p', { class: 'quiet' }, t('bench.consumers.say')), this.#consumers),
        section(
          'clock',
          'bench.clock',
          this.#clock,
          h(
            'div',
            { class: 'actions' },
            eachButton(t('day.next'), 'small', () => desk.advance({ days: 1 })),
            eachButton(t('clock.week'), 'small', () => desk.advance({ days: 7 })),
            workButton(`${t('clock.hold')} ${t('clock.hold.say', { minutes: settings.holdMinutes ?? 10 })}`, 'small', () =>
              desk.advance({ minutes: settings.holdMinutes ?? 10 }),
            ),
          ),
          h(
            'label',
            { class: 'check', for: 'auto' },
            h('input', {
              type: 'checkbox',
              id: 'auto',
              checked: desk.auto,
              onchange: (/** @type {any} */ e) => {
                desk.auto = e.target.checked;
                desk.beat(0);
              },
            }),
            t('clock.auto'),
          ),
          workButton(t('clock.run'), 'small', () => desk.settle()),
        ),
        section(
          'rivals',
          'bench.rivals',
          h('p', { class: 'quiet' }, t('bench.rivals.say')),
          h(
            'div',
            { class: 'actions' },
            workButton(t('bench.rivals.do'), 'small', () => this.race()),
          ),
          this.#race,
        ),
        section('checks', 'bench.checks', this.#checks),
        section(
          'data',
          'bench.data',
          h('p', { class: 'quiet' }, t('bench.data.say')),
          h(
            'div',
            { class: 'actions' },
            workButton(t('data.download'), 'small', () => this.#download()),
            this.#uploader(),
            workButton(t('data.twelve'), 'small', () => this.#add(twelve(language()))),
            workButton(t('data.thousand'), 'small', () => this.#add(many(language(), 1000))),
            sureButton(t('data.reset'), t('data.reset.sure'), 'small bad', () => desk.startOver()),
          ),
        ),
      ),
    );
    this.#drawChecks();
    this.#refresh();
  }

  /** The invariants, each by its name, as `verify` last found them. */
  #drawChecks() {
    const { verified } = this.#desk;
    const against = (verified?.findings ?? []).map(({ check }) => (CHECKS.includes(check) ? check : 'chain'));
    const state = (/** @type {string} */ check) => (!verified ? 'wait' : against.includes(check) ? 'not' : 'ok');
    const marks = /** @type {const} */ ({ wait: 'wait', not: 'cross', ok: 'check' });
    fill(this.#checks, ...CHECKS.map((check) => h('li', { 'data-state': state(check) }, icon(marks[state(check)]), t(`check.${check}`))));
  }

  /** @param {string} way */
  async #choose(way) {
    this.way = way;
    for (const input of this.querySelectorAll('input[name=way]'))
      /** @type {HTMLInputElement} */ (input).checked = /** @type {HTMLInputElement} */ (input).value === way;
    say(this.#say, t(`payment.${way}.say`, { failures: this.#desk.settings?.breakerFailures ?? 5 }));
    await this.#desk.site.bench.payment(way).catch(complain);
    this.#desk.changed();
  }

  #refresh() {
    const desk = this.#desk;
    say(this.#say, t(`payment.${this.way}.say`, { failures: desk.settings?.breakerFailures ?? 5 }));
    this.#drawClock();
    this.#drawBooks();
  }

  #drawClock() {
    const { today, now, zone, status } = this.#desk;
    if (status) say(this.#clock, `${headDay(today)} ${clock(now, zone)}`);
  }

  async #drawBooks() {
    // A call may move money that no event tells of yet.
    const now = `${this.#desk.status?.events} ${this.#desk.calls}`;
    if (this.#booked === now) return;
    this.#booked = now;
    const books = await this.#desk.site.bench.books().catch((/** @type {any} */ error) => (this.#desk.fail(error), null));
    // What the service has booked is not nothing because it could not be read.
    if (!books) {
      this.#booked = '';
      return;
    }
    const kept = Object.entries(/** @type {Record<string, { captured: number, refunded: number }>} */ (books.total));
    say(
      this.#books,
      kept.length === 0
        ? t('bench.books.none')
        : t('bench.books', { money: kept.map(([currency, sum]) => money(sum.captured - sum.refunded, currency)).join(', ') }),
    );
  }

  /** Two customers at once. Where a payment is not known, how it ended is said once it is. */
  async race() {
    this.#awaits.abort();
    this.#awaits = new AbortController();
    const end = await rivals(this.#desk);
    const loser = end?.loser ?? '';
    if (!end) this.#tellRace(() => t('bench.rivals.none'));
    else if (end.winner) this.#tellWinner(end.winner, loser, end.storageId);
    else if (end.unknown) {
      const { who, id } = end.unknown;
      this.#tellRace(() => t('bench.rivals.unknown', { who, loser, storage: end.storageId }));
      const tell = (/** @type {import('./desk.js').Row | undefined} */ row) => {
        if (row?.reservationId !== id || row.reservationStatus === 'reqReserve') return;
        if (isOff(row)) this.#tellRace(() => t('bench.rivals.both', { why: settledWords(row)[1] }));
        else this.#tellWinner(who, loser, end.storageId);
      };
      this.#desk.on('settled', (e) => tell(e.detail), this.#awaits.signal);
      // It may be known by now.
      tell(this.#desk.reservations.get(id));
    } else this.#tellRace(() => t('bench.rivals.both', { why: wordsOf(end.error) }));
    this.#desk.saw('rivals');
  }

  /** @param {() => string} words */
  #tellRace(words) {
    this.#raced = words;
    say(this.#race, words());
  }

  /** @param {string} winner @param {string} loser @param {number} storage */
  #tellWinner(winner, loser, storage) {
    this.#tellRace(() => t('bench.rivals.won', { winner, loser, storage }));
  }

  /** @param {import('./seed.js').NewStorage[]} storages */
  async #add(storages) {
    await this.#desk.send({ command: 'importStorages', storages }, 'manager');
    notice(t('data.added', { count: number(storages.length) }));
  }

  async #download() {
    const bytes = await this.#desk.site.download();
    const link = h('a', { href: URL.createObjectURL(new Blob([bytes], { type: 'application/vnd.sqlite3' })), download: FILE });
    link.click();
    window.setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    notice(t('data.downloaded', { name: FILE, size: size(bytes.length) }));
  }

  #uploader() {
    const input = h('input', {
      type: 'file',
      hidden: true,
      accept: '.db,.sqlite,.sqlite3',
      onchange: async () => {
        const file = input.files?.[0];
        input.value = '';
        if (file) this.#askUpload(file, button);
      },
    });
    const button = h('button', { type: 'button', class: 'small', onclick: () => input.click() }, t('data.upload'));
    return h('span', {}, button, input);
  }

  /** Asks before a file takes the place of all there is. @param {File} file @param {HTMLElement} button */
  #askUpload(file, button) {
    const counts = { storages: number(this.#desk.storages.size), events: number(this.#desk.status?.events ?? 0) };
    button.focus({ preventScroll: true });
    const dialog = openDialog(
      t('data.upload.title'),
      'ask',
      h('p', {}, t('data.upload.say', { ...counts, name: file.name })),
      h(
        'div',
        { class: 'sheet-foot' },
        h('button', { type: 'button', onclick: () => dialog.close() }, t('mine.keep')),
        workButton(t('data.download'), '', () => this.#download()),
        workButton(t('data.upload.do'), 'main', async () => {
          try {
            await this.#desk.site.upload(new Uint8Array(await file.arrayBuffer()));
            await this.#desk.reopen();
            notice(t('data.uploaded'));
          } catch (error) {
            // What to do is a command on another machine, and nothing on this page.
            notice([wordsOf(error), /** @type {any} */ (error).hints?.[language()]].filter(Boolean).join(' '), 'bad');
          } finally {
            dialog.close();
          }
        }),
      ),
    );
  }
}
customElements.define('rent-bench', RentBench);
