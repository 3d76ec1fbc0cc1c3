// What can be played with in the browser: the simulated payment service, the clock, the consumers.

/**
 * @import { Charge, Key, Money, Status } from './types.d.ts'
 * @import { Gateway } from './engine.js'
 */

/**
 * @typedef {{ key: Key, captured: number, refunded: number, currency: string }} Booked money under one key, in minor units
 * @typedef {{ now: string, today: string, offsetMs: number }} Moment
 */

/** How long a call of the simulated payment service takes, so that it can be seen. */
const DELAY_MS = 250;

/** What can be played with: the simulated payment service, the clock, the consumers. */
export class Bench {
  #ask;
  #text;
  #aheadMs = 0;
  /** How long a call of the simulated payment service takes. */
  delayMs = DELAY_MS;

  /** @param {(request: object) => Promise<any>} ask @param {(request: object) => Promise<string>} text */
  constructor(ask, text) {
    this.#ask = ask;
    this.#text = text;
  }

  /** The simulated payment service, as a gateway. @returns {Gateway} */
  get gateway() {
    const call = (/** @type {string} */ call) => async (/** @type {Charge} */ charge) => {
      await new Promise((resume) => setTimeout(resume, this.delayMs));
      return this.#ask({ ask: 'gateway', call, charge });
    };
    return { name: 'simulated', charge: call('charge'), void: call('void'), refund: call('refund') };
  }

  /** How the payment service behaves from now on. @param {'approve' | 'decline' | 'down' | 'slow' | 'lostReply'} behaviour */
  async payment(behaviour) {
    await this.#ask({ ask: 'payment', behaviour: behaviour === 'lostReply' ? 'lost-reply' : behaviour });
  }

  /** Makes a consumer fail after it has acted, or no longer. @param {'storage' | 'payment' | 'message' | 'view'} consumer @param {boolean} on */
  async sabotage(consumer, on) {
    await this.#ask({ ask: 'sabotage', consumer, on });
  }

  /** Moves the clock forward. @param {{ days?: number, minutes?: number }} by */
  async advance({ days = 0, minutes = 0 }) {
    const all = days * 24 * 60 + minutes;
    await this.#ask({ ask: 'advance', minutes: all });
    this.#aheadMs += all * 60_000;
  }

  /** The time by the engine's clock. @returns {Promise<Moment>} */
  async now() {
    /** @type {Status} */
    const { now, today } = await this.#ask({ ask: 'query', query: { query: 'status' } });
    return { now, today, offsetMs: this.#aheadMs };
  }

  /**
   * What the payment service has booked, in minor units, and the sums by currency.
   *
   * @returns {Promise<{ payments: Booked[], total: Record<string, { captured: number, refunded: number }> }>}
   */
  async books() {
    /** @type {[Key, Money, Money][]} */
    const entries = await this.#ask({ ask: 'books' });
    const payments = entries.map(([key, captured, refunded]) => {
      return { key, captured: captured.price, refunded: refunded.price, currency: captured.currency };
    });
    /** @type {Record<string, { captured: number, refunded: number }>} */
    const total = {};
    for (const { currency, captured, refunded } of payments) {
      const sum = (total[currency] ??= { captured: 0, refunded: 0 });
      sum.captured += captured;
      sum.refunded += refunded;
    }
    return { payments, total };
  }

  /** Makes the engine panic: for the test of what the page does then. */
  async panic() {
    await this.#ask({ ask: 'panic' });
  }

  /** The clock stands and keys count up: for tests. @param {{ now: string, seed: number }} to */
  async fixed({ now, seed }) {
    await this.#ask({ ask: 'fixed', now, seed });
    this.#aheadMs = 0;
  }

  /** One request of the worker's protocol, answered with the engine's own text: for tests. @param {object} request */
  async text(request) {
    return this.#text(request);
  }
}
