// @ts-check
import { keep, recall } from './language.js';
import { dayOf } from './format.js';
import { Lanes } from './lanes.js';

/**
 * The front desk: the one place of the page that talks to the engine. It keeps what was last read, asks again for what
 * events touched, and tells whoever listens: `rows` (storages, reservations), `log` (lanes), `status`, `verified`, `who`, `told`,
 * `settled` (a reservation whose payment had not been known).
 *
 * @typedef {Record<string, any>} Row
 * @typedef {{ command: string } & Record<string, any>} Command
 */

/** Beyond so many storages touched at once, everything is read again. */
const TOUCHED_MAX = 40;
/** An unknown outcome is left to be seen for so long before the service is asked. */
const PATIENCE_MS = 4000;
/** The site's file, in this browser. */
export const FILE = 'rent.db';
const IDLE_MS = 15000;
/** So often it is looked whether a new day has begun at the site. */
const DAY_LOOK_MS = 1000;
const VERIFY_MS = 900;

export class Desk extends EventTarget {
  /** @type {any} */ site;
  who = recall('who') ?? 'manager';
  lanes = new Lanes();
  /** @type {Map<number, Row>} */ storages = new Map();
  /** @type {Map<number, Row>} */ views = new Map();
  /** @type {Map<number, Row>} */ reservations = new Map();
  /** Reservations that have their review. @type {Set<number>} */ reviewed = new Set();
  /** @type {Map<string, Row>} */ consumers = new Map();
  /** @type {Row | null} */ status = null;
  /** @type {Row | null} */ settings = null;
  /** @type {{ ok: boolean, events: number, rows: number, findings: Row[], at: number } | null} */ verified = null;
  /** What was tried against the promises in this visit. */
  tried = { refused: 0, declined: 0, lost: 0, down: 0, paused: 0, crashed: 0, reloads: 0, refunds: 0, takenPaused: 0 };
  /** Calls in a row that failed, as the breaker counts them. */
  failures = 0;
  /** Calls of the payment service that are over. */
  calls = 0;
  auto = true;
  /** What is live of each storage, by its first day; null once a reservation was read. @type {Map<number, Row[]> | null} */ #live = null;
  /** storageId by sequence, as far as events were seen. @type {Map<number, number>} */ #storageOf = new Map();
  /** @type {Set<number>} */ #touchedReservations = new Set();
  /** @type {Set<number>} */ #touchedStorages = new Set();
  #viewCursor = 0;
  #syncing = false;
  #again = false;
  #pulse = 0;
  #verifyTimer = 0;
  #known = 0;
  /** Reservations whose payment is not known; what became of it is told. @type {Set<number>} */ #unsettled = new Set();
  /** Minutes this site's clock was moved ahead; kept, so that a reload does not go back in time. */
  #ahead = 0;
  /** How far the site's clock was ahead of this page's when it was last read. */
  #aheadMs = 0;
  #stop = () => {};

  /** Takes up an opened engine: everything is read once, then kept by events. @param {any} site */
  async take(site) {
    this.site = site;
    site.onEffect((/** @type {any} */ told) => this.#effect(told));
    site.onBroken((/** @type {any} */ error) => this.#tell('broken', error));
    this.#ahead = site.kept === 'file' ? Number(recall('ahead') ?? 0) : 0;
    if (this.#ahead > 0) await site.bench.advance({ minutes: this.#ahead });
    await this.#follow();
    window.setInterval(() => this.status && dayOf(this.now, this.zone) !== this.today && this.sync(), DAY_LOOK_MS);
  }

  /** Reads everything once, and then follows the log. */
  async #follow() {
    await this.readAll();
    this.#known = this.status?.events ?? 0;
    this.#unsettled = new Set([...this.reservations.values()].filter((r) => r.reservationStatus === 'reqReserve').map((r) => r.reservationId));
    this.#stop = this.site.subscribe((/** @type {any[]} */ events) => this.#took(events), { after: 0 });
  }

  get today() {
    return /** @type {string} */ (this.status?.today ?? new Date().toISOString().slice(0, 10));
  }
  /** The time by the site's clock, in milliseconds. */
  get now() {
    return Date.now() + this.#aheadMs;
  }
  get zone() {
    return /** @type {string} */ (this.status?.zone ?? 'Asia/Seoul');
  }
  get isManager() {
    return this.who === 'manager';
  }
  /** Whether the board is as of an earlier event, and says so. */
  get isStale() {
    const view = this.consumers.get('view');
    return Boolean(view && view.behind > 0 && (view.paused || view.retryAt));
  }
  get cursors() {
    return /** @type {any} */ (Object.fromEntries(this.consumers));
  }

  /** The reservations that block days of a storage, the first to come first. @param {number} storageId @returns {Row[]} */
  liveOf(storageId) {
    if (!this.#live) {
      const live = [...this.reservations.values()].filter(isLive).sort((a, b) => (a.from < b.from ? -1 : 1));
      this.#live = Map.groupBy(live, (r) => r.storageId);
    }
    return this.#live.get(storageId) ?? [];
  }

  /** @param {string} who */
  be(who) {
    if (who === this.who) return;
    this.who = who;
    keep('who', who);
    this.#tell('who');
  }

  /**
   * Sends a command as the one who sits here, or as another. Refusals are thrown, and are notes in the storm.
   * @param {Command} command @param {string} [who]
   */
  async send(command, who = this.who) {
    const correlationId = `r-${[...crypto.getRandomValues(new Uint8Array(4))].map((b) => b.toString(16).padStart(2, '0')).join('')}`;
    const shown = !['pauseConsumer', 'resumeConsumer', 'set', 'retryDeadLetter', 'discardDeadLetter'].includes(command.command);
    if (shown) {
      const storageId = command.storageId ?? this.reservations.get(command.reservationId)?.storageId;
      this.lanes.begin(correlationId, command, who, this.now, storageId);
      this.#tell('log');
    }
    try {
      const answer = await this.site.execute(command, { caller: who === 'manager' ? 'manager' : { customer: who }, correlationId });
      if (shown) this.lanes.answer(correlationId, null);
      if (command.command === 'resumeConsumer') this.saw('resumed');
      if (command.command === 'reserve' && [...this.consumers.values()].some((c) => c.paused)) this.tried.takenPaused++;
      return answer;
    } catch (error) {
      const code = /** @type {any} */ (error).code ?? 'error';
      if (shown) this.lanes.answer(correlationId, { code, messages: messagesOf(error) });
      if (code === 'storageTaken') this.tried.refused++;
      const reservation = /** @type {any} */ (error).reservation;
      if (code === 'outcomeUnknown' && reservation) this.#unsettled.add(reservation.reservationId);
      this.#tell('refused', error);
      throw error;
    } finally {
      this.#tell('log');
      this.changed();
    }
  }

  /** @param {{ query: string } & Record<string, any>} query */
  ask(query) {
    return this.site.query(query);
  }

  /** Something may have changed: look, and then do what is due. */
  async changed() {
    await this.sync();
    this.beat(60);
  }

  /** Lets time go by, and does what it brings. @param {{ days?: number, minutes?: number }} by */
  async advance(by) {
    await this.site.bench.advance(by);
    this.#ahead += (by.days ?? 0) * 1440 + (by.minutes ?? 0);
    if (this.site.kept === 'file') keep('ahead', String(this.#ahead));
    await this.runDue();
    await this.sync();
    this.#tell('rows');
  }

  /** How the payment service behaves from now on. @param {string} way */
  choose(way) {
    this.#tell('way', way);
  }

  /** Someone looked at something, or did something, that the tour waits for. @param {string} what */
  saw(what) {
    this.#tell('saw', what);
  }

  /** Another database is open: everything is read again. */
  async reopen() {
    this.#stop();
    this.lanes.clear();
    this.#storageOf.clear();
    this.reviewed.clear();
    this.#viewCursor = 0;
    // So has its breaker begun anew.
    this.failures = 0;
    await this.#follow();
    this.changed();
  }

  /** Throws everything away, also what cannot be opened, and begins as on a first visit. */
  async startOver() {
    keep('fresh', 'yes');
    await this.site?.close();
    // In memory there is nothing to throw away; the file is another tab's.
    if (this.site && this.site.kept !== 'file') return location.reload();
    keep('ahead', '0');
    // The worker may take a moment to let go of its files.
    for (let tries = 0; tries < 20; tries++) {
      try {
        const root = await navigator.storage.getDirectory();
        await root.removeEntry(`.storagerent-${FILE}`, { recursive: true });
        break;
      } catch (error) {
        if (/** @type {Error} */ (error).name === 'NotFoundError') break;
        await new Promise((done) => setTimeout(done, 100));
      }
    }
    location.reload();
  }

  /** Reads everything. */
  async readAll() {
    const [storages, views, reservations, settings, status] = await Promise.all([
      this.ask({ query: 'storages' }),
      this.ask({ query: 'views' }),
      this.ask({ query: 'reservations' }),
      this.ask({ query: 'settings' }),
      this.ask({ query: 'status' }),
    ]);
    this.storages = new Map(storages.map((/** @type {Row} */ s) => [s.storageId, s]));
    this.views = new Map(views.map((/** @type {Row} */ v) => [v.storageId, v]));
    this.reservations = new Map(reservations.map((/** @type {Row} */ r) => [r.reservationId, r]));
    this.#live = null;
    this.settings = settings;
    this.#hold(status);
    this.#viewCursor = this.consumers.get('view')?.cursor ?? 0;
    this.#tell('rows');
    this.#tell('status');
  }

  /** Reads again what events touched, at most once at a time. */
  async sync() {
    if (this.#syncing) {
      this.#again = true;
      return;
    }
    this.#syncing = true;
    try {
      do {
        this.#again = false;
        await this.#read();
      } while (this.#again);
    } catch (error) {
      this.fail(error);
    } finally {
      this.#syncing = false;
    }
  }

  async #read() {
    const status = await this.ask({ query: 'status' });
    this.#hold(status);
    const cursor = this.consumers.get('view')?.cursor ?? 0;
    const seen = new Set(this.#touchedStorages);
    for (let sequence = this.#viewCursor + 1; sequence <= cursor; sequence++) {
      const id = this.#storageOf.get(sequence);
      if (id !== undefined) seen.add(id);
    }
    const reservations = [...this.#touchedReservations];
    this.#touchedStorages.clear();
    this.#touchedReservations.clear();
    if (seen.size > TOUCHED_MAX || reservations.length > TOUCHED_MAX || cursor < this.#viewCursor) await this.readAll();
    else {
      this.#viewCursor = cursor;
      await Promise.all([...[...seen].map((id) => this.#readStorage(id)), ...reservations.map((id) => this.#readReservation(id))]);
      if (seen.size + reservations.length > 0) this.#tell('rows');
    }
    this.#tellSettled();
    this.#tell('status');
    if (!this.verified || this.verified.events !== status.events) this.verifySoon();
  }

  /** Tells of reservations whose payment is known by now. */
  #tellSettled() {
    for (const id of this.#unsettled) {
      const row = this.reservations.get(id);
      if (!row || row.reservationStatus === 'reqReserve') continue;
      this.#unsettled.delete(id);
      this.#tell('settled', row);
    }
  }

  /** @param {number} id */
  async #readStorage(id) {
    const [storage, view] = await Promise.all([
      absent(this.ask({ query: 'storage', storageId: id })),
      absent(this.ask({ query: 'view', storageId: id })),
    ]);
    if (storage) this.storages.set(id, storage);
    else this.storages.delete(id);
    if (view) this.views.set(id, view);
    else this.views.delete(id);
  }

  /** @param {number} id */
  async #readReservation(id) {
    const row = await absent(this.ask({ query: 'reservation', reservationId: id }));
    if (row) this.reservations.set(id, row);
    this.#live = null;
  }

  /** @param {Row} status */
  #hold(status) {
    this.status = status;
    this.#aheadMs = Date.parse(status.now) - Date.now();
    this.consumers = new Map(status.consumers.map((/** @type {Row} */ c) => [c.name, c]));
  }

  /** @param {any[]} events */
  #took(events) {
    this.lanes.take(events);
    for (const e of events) {
      this.#storageOf.set(e.sequence, e.storageId);
      if (e.eventType === 'ReviewCreated') this.reviewed.add(e.reservationId);
      if (e.eventType === 'ReviewDeleted') this.reviewed.delete(e.reservationId);
      if (e.sequence <= this.#known) continue;
      this.#touchedStorages.add(e.storageId);
      if (e.reservationId) this.#touchedReservations.add(e.reservationId);
      if (e.eventType === 'PaymentDeclined') this.tried.declined++;
      if (e.eventType === 'PaymentCancelled') this.tried.refunds++;
    }
    this.#tell('log', events);
    this.changed();
  }

  /** @param {any} told */
  #effect({ phase, effect, outcome }) {
    const { kind } = effect.task;
    const word = phase === 'done' ? outcome.outcome : null;
    if (word && kind !== 'deliver') this.calls++;
    this.lanes.outside(effect.correlationId, `${kind}:${effect.effectId}`, kind, word, { ...effect, ...(outcome ? { outcome } : {}) });
    // As the breaker counts: a void that is not taken is an answer, and only the first call that fails counts.
    const isDown = word === 'unavailable' || (word === 'notTaken' && kind === 'charge');
    if (word && kind !== 'deliver' && !isDown && word !== 'unknown') this.failures = 0;
    else if (word && kind !== 'deliver' && effect.attempts === 0) this.failures++;
    if (word === 'unknown') this.tried.lost++;
    if (isDown) this.tried.down++;
    this.#tell('log');
  }

  /** Does what is due, in so many milliseconds, unless told to wait for a hand. @param {number} wait */
  beat(wait) {
    clearTimeout(this.#pulse);
    if (!this.auto) return;
    const unknown = this.status?.counts.reservations.reqReserve > 0;
    this.#pulse = window.setTimeout(() => this.runDue(), unknown ? Math.max(wait, PATIENCE_MS) : wait);
  }

  /** Asks now about what is not known, and does what is due; tells whether the payment service was asked at all. */
  async settle() {
    const before = this.calls;
    await this.site.settle();
    await this.runDue();
    await this.sync();
    return this.calls > before;
  }

  /** Does what is due now. */
  async runDue() {
    clearTimeout(this.#pulse);
    try {
      const ran = await this.site.runDue();
      const did =
        ran.consumed +
        ran.effects.done +
        ran.effects.failed +
        ran.settled.asked +
        ran.ticked.expired +
        ran.ticked.started +
        ran.ticked.ended;
      if (did > 0) await this.sync();
      const next = ran.nextAt ? Date.parse(ran.nextAt) - this.now : IDLE_MS;
      this.beat(Math.min(IDLE_MS, Math.max(did > 0 ? 400 : 1500, next)));
    } catch (error) {
      if (this.fail(error)) this.beat(IDLE_MS);
    }
  }

  /** Verifies once things have calmed down. */
  verifySoon() {
    clearTimeout(this.#verifyTimer);
    const wait = Math.max(VERIFY_MS, (this.status?.events ?? 0) / 2);
    this.#verifyTimer = window.setTimeout(() => this.verify().catch((error) => this.fail(error)), wait);
  }

  async verify() {
    const verified = await this.ask({ query: 'verify' });
    this.verified = { ...verified, at: Date.now() };
    this.#tell('verified');
  }

  /** Tells of what went wrong; not once the engine has stopped, which is said already, or the page begins anew. @param {any} error */
  fail(error) {
    const goesOn = !['enginePanicked', 'closed'].includes(error.code);
    if (goesOn) this.#tell('told', error);
    return goesOn;
  }

  /** @param {string} type @param {any} [detail] */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  /** @param {string | string[]} types @param {(event: any) => void} listener @param {AbortSignal} [signal] ends it */
  on(types, listener, signal) {
    for (const type of [types].flat()) this.addEventListener(type, listener, { signal });
  }
}

/** Whether a reservation blocks its days. @param {Row} r */
export const isLive = (r) => ['reqReserve', 'reserved', 'reqCancel'].includes(r.reservationStatus);

/** What an engine's error says, in both languages. @param {any} error @returns {{ ko: string, en: string }} */
export function messagesOf(error) {
  return error.messages ?? { ko: String(error.message ?? error), en: String(error.message ?? error) };
}

/** Null for what is not there any more. @template T @param {Promise<T>} asked @returns {Promise<T | null>} */
async function absent(asked) {
  try {
    return await asked;
  } catch (error) {
    if (/** @type {any} */ (error).kind === 'notFound' || /NotFound$/.test(/** @type {any} */ (error).code ?? '')) return null;
    throw error;
  }
}
