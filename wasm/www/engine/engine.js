// The engine as a page sees it: the same commands, queries, answers and refusals as the command line's, over SQLite in a worker.
// Outside calls (charges, voids, refunds, deliveries) are made here, on the page's side; no transaction is open meanwhile.

import { Bench } from './bench.js';
import { Refusal, WorkerPort } from './port.js';

/**
 * @import { Order, Port } from './port.js'
 * @import { Available, By, Charge, Command, ConsumerRow, ConsumerStatus, DeadLetter, Effect, EffectsDone, Envelope, MessageRow, Outcome, PaymentRow, Query, Quote, RanDue, ReservationRow, Reserve, Reserving, ReviewRow, Settings, Settled, Status, StorageId, StorageRow, StorageViewRow, Ticked, Told, Verified } from './types.d.ts'
 */

/**
 * @typedef {'ko' | 'en'} Lang
 * @typedef {{ caller?: By, idempotencyKey?: string, correlationId?: string }} Asks
 * @typedef {{ signal: AbortSignal, deadlineMs: number }} CallOptions
 * @typedef {{ name?: string, charge: GatewayCall, void: GatewayCall, refund: GatewayCall }} Gateway
 * @typedef {(charge: Charge, options: CallOptions) => Promise<Outcome>} GatewayCall
 * @typedef {{ phase: 'begun' | 'done', effect: Effect, outcome?: Outcome }} EffectNews
 * @typedef {{ gateway?: Gateway, kept?: 'file' | 'memory', why?: 'secondTab' | 'noFileSystem' | null, head?: number, lang?: Lang, release?: () => void }} SiteOptions
 */

/**
 * What a command is answered with.
 *
 * @template {Command['command']} Name
 * @typedef {Name extends 'registerStorage' | 'modifyStorage' | 'deleteStorage' ? StorageRow
 *   : Name extends 'importStorages' ? StorageId[]
 *   : Name extends 'reserve' | 'cancelReservation' | 'endRental' ? ReservationRow
 *   : Name extends 'addReview' | 'modifyReview' | 'deleteReview' ? ReviewRow
 *   : Name extends 'pauseConsumer' | 'resumeConsumer' | 'replayConsumer' ? ConsumerRow
 *   : Name extends 'runConsumers' ? { consumed: number, effects: EffectsDone }
 *   : Name extends 'retryDeadLetter' | 'discardDeadLetter' ? DeadLetter
 *   : Name extends 'set' ? Settings
 *   : Name extends 'tick' ? Ticked
 *   : Name extends 'settle' ? Settled & { effects: EffectsDone }
 *   : Name extends 'runDue' ? RanDue : never} Done
 */

/**
 * What a query is answered with.
 *
 * @template {Query['query']} Name
 * @typedef {{
 *   storage: StorageRow, storages: StorageRow[], quote: Quote, available: Available[], reservation: ReservationRow,
 *   reservations: ReservationRow[], payment: PaymentRow, payments: PaymentRow[], messages: MessageRow[], reviews: ReviewRow[],
 *   view: StorageViewRow, views: StorageViewRow[], events: Envelope[], consumers: ConsumerStatus[], deadLetters: DeadLetter[],
 *   settings: Settings, status: Status, verify: Verified,
 * }[Name]} Found
 */

/** A page that was just left may hold its lock for so long. */
const LOCK_PATIENCE_MS = 1000;
/** So many events are replayed, and so many effects done, at a time. */
const EVENTS_MAX = 1000;
const EFFECTS_MAX = 10;
/** The log that cannot be read is read again after a pause, which doubles up to so long. */
const REPLAY_PAUSE_MS = 100;
const REPLAY_PAUSE_MAX_MS = 10_000;
/** So many batches of effects are done in one `runDue`. */
const ROUNDS_MAX = 20;

/** What can come of each call; all but the plain ones have a reason. */
const OUTCOMES = {
  charge: ['captured', 'declined', 'notTaken', 'unknown'],
  void: ['captured', 'notTaken', 'unavailable', 'refused'],
  refund: ['refunded', 'unavailable', 'refused'],
};

/** A refusal, in the words of the command line. */
export class StoragerentError extends Error {
  /** @param {Told} failure @param {Lang} lang */
  constructor(failure, lang) {
    super(failure.message[lang]);
    this.name = 'StoragerentError';
    /** What programs match on, such as `storageTaken`. */
    this.code = failure.code;
    /** The sort of refusal, such as `conflict`. */
    this.kind = failure.kind;
    /** The words in both languages. */
    this.messages = failure.message;
    /** What to do. */
    this.hint = failure.hint[lang];
    /** The same in both languages. */
    this.hints = failure.hint;
    /** When to try again, in milliseconds. */
    this.retryAfter = failure.retryAfterMs ?? undefined;
    /** With `outcomeUnknown`: the reservation as it stands. */
    this.reservation = failure.reservation ?? undefined;
  }
}

/** @returns {Lang} */
const pageLang = () => (globalThis.document?.documentElement.lang.startsWith('ko') ? 'ko' : 'en');

/** @param {number} ms */
const sleep = (ms) => new Promise((resume) => setTimeout(resume, ms));

/**
 * Opens the site of that name in this browser, and makes it if there is none.
 *
 * @param {{ name?: string, gateway?: Gateway, lang?: Lang }} [options] without a gateway: the simulated payment service
 * @returns {Promise<Site>}
 */
export async function open({ name = 'rent.db', gateway, lang } = {}) {
  if (typeof name !== 'string' || !/^[\w.-]{1,60}$/.test(name)) throw new TypeError(`a site's name is 1 to 60 of A-Z a-z 0-9 _ . -, not ${name}`);
  if (!['ko', 'en'].includes(lang ?? 'en')) throw new TypeError(`lang is 'ko' or 'en', not ${lang}`);
  if (gateway) {
    // One that lacks a call would leave every payment unknown.
    for (const call of /** @type {const} */ (['charge', 'void', 'refund']))
      if (typeof gateway[call] !== 'function') throw new TypeError(`a gateway has charge, void and refund; ${call} is no function`);
    if (gateway.name && typeof gateway.name !== 'string') throw new TypeError(`a gateway's name is a string, not ${gateway.name}`);
  }
  const release = await lock(`storagerent:${name}`);
  /** @type {WorkerPort | undefined} */
  let port;
  try {
    port = new WorkerPort();
    const gatewayName = gateway ? gateway.name || 'host' : 'simulated';
    const opened = await port.order({ open: { name, gateway: gatewayName, keep: Boolean(release) } });
    const why = opened.kept ? null : release ? 'noFileSystem' : 'secondTab';
    const site = new Site(port, { gateway, kept: opened.kept ? 'file' : 'memory', why, head: opened.head, lang, release });
    if (opened.head === 0) await site.keepLanguage();
    return site;
  } catch (error) {
    port?.end();
    release?.();
    throw refused(error, lang ?? pageLang());
  }
}

/**
 * Takes a Web Lock for as long as the page lives; `undefined` while another tab has it.
 *
 * @param {string} name @returns {Promise<(() => void) | undefined>}
 */
function lock(name) {
  if (!navigator.locks) return Promise.resolve(() => {});
  const waiting = new AbortController();
  let isOver = false;
  const giveUpIfHeld = async () => {
    // A busy machine may take longer to answer at all: only who is seen to hold it has it.
    do await sleep(LOCK_PATIENCE_MS);
    while (!isOver && !(await navigator.locks.query()).held?.some((held) => held.name === name));
    waiting.abort();
  };
  return new Promise((resolve) => {
    const asked = navigator.locks.request(name, { signal: waiting.signal }, () => {
      isOver = true;
      return new Promise((release) => resolve(() => release(undefined)));
    });
    asked.catch(() => {
      isOver = true;
      resolve(undefined);
    });
    giveUpIfHeld().catch(() => waiting.abort());
  });
}

/** @param {unknown} error @param {Lang} lang */
function refused(error, lang) {
  return error instanceof Refusal ? new StoragerentError(error.failure, lang) : error;
}

/**
 * Calls back to the host. One that throws is its own trouble: it is said, and neither money nor others who listen miss anything.
 *
 * @template T @param {(news: T) => void} fn @param {T} news
 */
function tell(fn, news) {
  try {
    fn(news);
  } catch (error) {
    console.error(error);
  }
}

/** An opened site. */
export class Site {
  #port;
  #gateway;
  #release;
  #head;
  /** @type {Set<{ hear: (events: Envelope[]) => void, restart: (head: number) => void }>} */
  #subscribers = new Set();
  /** @type {Set<(news: EffectNews) => void>} */
  #watchers = new Set();
  /** @type {Set<() => void>} */
  #mourners = new Set();
  /** @type {Promise<RanDue> | undefined} */
  #running;
  /** Nothing is heard of it any more: it stopped, or was closed. */
  #isOver = false;

  /** @param {Port} port @param {SiteOptions} options */
  constructor(port, { gateway, kept = 'file', why = null, head = 0, lang, release }) {
    this.#port = port;
    this.#head = head;
    this.#release = release;
    /** Where the site is kept: in a file of this browser, or in memory until the page is left. */
    this.kept = kept;
    /** Why it is kept in memory. */
    this.why = why;
    /** The language of refusals; the page's if not given. @type {Lang | undefined} */
    this.lang = lang;
    const ask = (/** @type {object} */ request) => this.#ask(request);
    /** What can be done to the simulated payment service, the clock and the consumers; only with that service. */
    this.bench = gateway ? undefined : new Bench(ask, (request) => this.#port.order({ ask: JSON.stringify(request) }));
    this.#gateway = gateway ?? /** @type {Gateway} */ (/** @type {Bench} */ (this.bench).gateway);
    port.onEvents((json) => this.#publish(json));
    port.onBroken(() => {
      this.#isOver = true;
      this.#mourners.forEach((fn) => tell(fn, undefined));
    });
  }

  /**
   * Executes a command. `reserve` is answered once the payment service has: with the reservation, or a refusal.
   *
   * @template {Command} C @param {C} command @param {Asks} [asks] without a caller: the manager
   * @returns {Promise<Done<C['command']>>}
   */
  async execute(command, { caller = 'manager', idempotencyKey, correlationId } = {}) {
    const asker = { by: caller, idempotencyKey, correlationId };
    /** @type {Command} */
    const wanted = command;
    /** @type {Promise<any>} */
    let done;
    if (wanted.command === 'reserve') {
      const { command: _, ...reserve } = wanted;
      done = this.#reserve(asker, reserve);
    } else if (wanted.command === 'runDue' && caller === 'manager') done = this.runDue();
    else if (wanted.command === 'settle' && caller === 'manager') done = this.settle();
    // Whether others may is the core's to say.
    else done = this.#ask({ ask: 'execute', caller: asker, command });
    return done;
  }

  /** @template {Query} Q @param {Q} query @returns {Promise<Found<Q['query']>>} */
  async query(query) {
    return this.#ask({ ask: 'query', query });
  }

  /** Does everything that is due, the outside calls too; says when to call again. @returns {Promise<RanDue>} */
  runDue() {
    this.#running ??= this.#runDue().finally(() => (this.#running = undefined));
    return this.#running;
  }

  /** Asks the payment service now about charges whose outcome is not known. @returns {Promise<Settled & { effects: EffectsDone }>} */
  async settle() {
    const settled = await this.#ask({ ask: 'settle' });
    return { ...settled, effects: await this.#doEffects() };
  }

  /**
   * Hands over events as they are committed, in order; those after a sequence first, if one is given.
   *
   * @param {(events: Envelope[]) => void} fn @param {{ after?: number }} [from]
   * @returns {() => void} ends it
   */
  subscribe(fn, { after } = {}) {
    if (typeof fn !== 'function') throw new TypeError('subscribe takes a function');
    if (after !== undefined && !(Number.isSafeInteger(after) && after >= 0)) throw new TypeError(`after is the sequence of an event, or 0, not ${after}`);
    let cursor = after ?? this.#head;
    let live = after === undefined;
    const take = (/** @type {Envelope[]} */ events) => {
      const fresh = events.filter((event) => event.sequence > cursor);
      cursor = fresh.at(-1)?.sequence ?? cursor;
      if (fresh.length > 0) tell(fn, fresh);
    };
    const subscriber = {
      hear: (/** @type {Envelope[]} */ events) => live && take(events),
      // Another log: what it tells from now on is news.
      restart: (/** @type {number} */ head) => [cursor, live] = [head, true],
    };
    this.#subscribers.add(subscriber);
    const replay = async () => {
      const events = await this.query({ query: 'events', page: { after: cursor, limit: EVENTS_MAX } });
      // What is committed later is heard later: the worker answers and tells in order.
      live = events.length === 0;
      take(events);
    };
    const follow = async () => {
      let pause = REPLAY_PAUSE_MS;
      while (!live && !this.#isOver && this.#subscribers.has(subscriber)) {
        try {
          await replay();
          pause = REPLAY_PAUSE_MS;
        } catch (error) {
          console.error(error);
          await sleep(pause);
          pause = Math.min(2 * pause, REPLAY_PAUSE_MAX_MS);
        }
      }
    };
    follow();
    return () => this.#subscribers.delete(subscriber);
  }

  /** Tells of outside calls as they happen. @param {(news: EffectNews) => void} fn @returns {() => void} ends it */
  onEffect(fn) {
    this.#watchers.add(fn);
    return () => this.#watchers.delete(fn);
  }

  /** Tells that the engine has stopped for good. @param {() => void} fn @returns {() => void} ends it */
  onBroken(fn) {
    this.#mourners.add(fn);
    return () => this.#mourners.delete(fn);
  }

  /** The whole site as one SQLite file. @returns {Promise<Uint8Array<ArrayBuffer>>} */
  async download() {
    return this.#order({ download: true });
  }

  /** Replaces the site by the one in such a file, as `storagerent db backup` writes; if refused, the old one stays. @param {Uint8Array} bytes */
  async upload(bytes) {
    const { head } = await this.#order({ upload: bytes });
    this.#head = head;
    for (const { restart } of this.#subscribers) restart(head);
  }

  /** Lets the file go. */
  async close() {
    await this.#port.order({ close: true }).catch(() => {});
    this.#port.end();
    this.#isOver = true;
    this.#release?.();
  }

  /** A new site speaks to customers in the language it was made in. */
  async keepLanguage() {
    const lang = this.lang ?? pageLang();
    const { language } = await this.query({ query: 'settings' });
    if (language !== lang) await this.execute({ command: 'set', key: 'language', value: lang });
  }

  /** @param {object} request */
  async #ask(request) {
    return JSON.parse(await this.#order({ ask: JSON.stringify(request) }));
  }

  /** @param {Order} order */
  async #order(order) {
    try {
      return await this.#port.order(order);
    } catch (error) {
      throw refused(error, this.lang ?? pageLang());
    }
  }

  /** @param {string} json */
  #publish(json) {
    const events = JSON.parse(json);
    this.#head = events.at(-1).sequence;
    for (const { hear } of [...this.#subscribers]) hear(events);
  }

  /** @param {object} caller @param {Reserve} reserve @returns {Promise<ReservationRow>} */
  async #reserve(caller, reserve) {
    /** @type {Reserving} */
    let step = await this.#ask({ ask: 'beginReserve', caller, reserve });
    while (step.effect) {
      const outcome = await this.#do(step.effect);
      step = await this.#ask({ ask: 'resumeReserve', effectId: step.effect.effectId, outcome });
    }
    return step.reservation;
  }

  /** @returns {Promise<RanDue>} */
  async #runDue() {
    /** @type {RanDue} */
    const ran = await this.#ask({ ask: 'runDue' });
    const effects = await this.#doEffects();
    if (effects.done + effects.failed === 0) return { ...ran, effects };
    /** @type {RanDue} */
    const after = await this.#ask({ ask: 'runDue' });
    return { ...ran, effects, consumed: ran.consumed + after.consumed, nextAt: after.nextAt };
  }

  /** @returns {Promise<EffectsDone>} */
  async #doEffects() {
    const count = { done: 0, failed: 0 };
    for (let round = 0; round < ROUNDS_MAX; round++) {
      /** @type {Effect[]} */
      const effects = await this.#ask({ ask: 'dueEffects', limit: EFFECTS_MAX });
      if (effects.length === 0) break;
      const outcomes = await Promise.all(effects.map((effect) => this.#do(effect)));
      for (const [at, effect] of effects.entries()) {
        const outcome = outcomes[at];
        await this.#ask({ ask: 'complete', effectId: effect.effectId, outcome });
        count[['unavailable', 'refused', 'unknown'].includes(outcome.outcome) ? 'failed' : 'done'] += 1;
      }
    }
    return count;
  }

  /** Does one effect. Never fails: what went wrong is an outcome. @param {Effect} effect @returns {Promise<Outcome>} */
  async #do(effect) {
    for (const fn of this.#watchers) tell(fn, { phase: 'begun', effect });
    const outcome = await this.#outcome(effect);
    for (const fn of this.#watchers) tell(fn, { phase: 'done', effect, outcome });
    return outcome;
  }

  /** @param {Effect} effect @returns {Promise<Outcome>} */
  async #outcome({ task, deadlineSeconds }) {
    if (task.kind === 'deliver') {
      // What a page shows has arrived; other channels are for whoever registered them.
      return task.channel === 'inbox' ? { outcome: 'delivered' } : { outcome: 'unavailable', reason: 'no notifier for this channel here' };
    }
    // Of a charge that got no answer, nobody knows whether the money was taken; the others are repeated.
    const noAnswer = (/** @type {string} */ reason) => /** @type {Outcome} */ ({ outcome: task.kind === 'charge' ? 'unknown' : 'unavailable', reason });
    const { kind, ...charge } = task;
    const deadlineMs = deadlineSeconds * 1000;
    const deadline = new AbortController();
    const { signal } = deadline;
    const timer = setTimeout(() => deadline.abort(new DOMException('the deadline is past', 'TimeoutError')), deadlineMs);
    const late = new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
    try {
      const outcome = await Promise.race([this.#gateway[kind](charge, { signal, deadlineMs }), late]);
      const { outcome: came, reason = '' } = /** @type {{ outcome?: string, reason?: unknown }} */ (outcome ?? {});
      if (!came || !OUTCOMES[kind].includes(came)) return noAnswer(`the payment service gave no outcome that a ${kind} can have`);
      return /** @type {Outcome} */ ({ outcome: came, reason: String(reason) });
    } catch (error) {
      if (signal.aborted) return noAnswer(`no answer from the payment service within ${deadlineSeconds} s`);
      return noAnswer(`the payment service failed: ${error instanceof Error ? error.message : error}`);
    } finally {
      clearTimeout(timer);
    }
  }
}
