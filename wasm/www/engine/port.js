// The way to the worker that the engine runs in: one order, one answer or refusal.

/**
 * @import { Told } from './types.d.ts'
 */

/**
 * @typedef {{ id?: number, open?: { name: string, gateway: string, keep: boolean }, ask?: string, download?: true, upload?: Uint8Array, close?: true }} Order
 * @typedef {{ order: (order: Order) => Promise<any>, onEvents: (fn: (json: string) => void) => void, onBroken: (fn: () => void) => void, end: () => void }} Port
 */

/** @type {Told} */
const PANICKED = {
  code: 'enginePanicked',
  kind: 'internal',
  message: { ko: '엔진이 멈췄습니다. 저장된 데이터는 안전합니다', en: 'the engine has stopped; what was stored is safe' },
  hint: { ko: '페이지를 새로 고치세요', en: 'reload the page' },
  retryAfterMs: null,
  reservation: null,
};

/** @param {{ ko: string, en: string }} reason @returns {Told} */
const notLoaded = (reason) => ({
  code: 'engineNotLoaded',
  kind: 'internal',
  message: { ko: `엔진을 불러올 수 없습니다: ${reason.ko}`, en: `the engine cannot be loaded: ${reason.en}` },
  hint: {
    ko: '최신 브라우저를 쓰고, 연결이 되어 있고 pkg 폴더의 파일이 모두 있는지 확인하세요',
    en: 'use a current browser, and check the connection and that all files are there, those in pkg too',
  },
  retryAfterMs: null,
  reservation: null,
});

/** @type {Told} */
const CLOSED = {
  code: 'closed',
  kind: 'conflict',
  message: { ko: '사이트를 닫았습니다', en: 'the site is closed' },
  hint: { ko: '사이트를 다시 여세요', en: 'open the site again' },
  retryAfterMs: null,
  reservation: null,
};

/** What the browser said, which it says in one language. @param {string} said */
const saidBoth = (said) => ({ ko: said, en: said });
const NO_WORKERS = { ko: '이 브라우저에는 웹 워커가 없습니다', en: 'this browser has no web workers' };
const NOT_FETCHED = { ko: '파일을 받지 못했습니다', en: 'its files did not come' };

/** @returns {Worker} */
function startWorker() {
  if (typeof Worker === 'undefined') throw new Refusal(notLoaded(NO_WORKERS));
  return new Worker(new URL('./worker.js', import.meta.url), { type: 'module' });
}

/** A refusal on its way from the worker. */
export class Refusal extends Error {
  /** @param {Told} failure */
  constructor(failure) {
    super(failure.message.en);
    this.failure = failure;
  }
}

/** The worker, one order at a time. @implements {Port} */
export class WorkerPort {
  #worker = startWorker();
  /** @type {Map<number, { resolve: (answer: any) => void, reject: (error: Refusal) => void }>} */
  #waiting = new Map();
  #next = 0;
  /** @type {Told | undefined} */
  #over;
  /** @type {(json: string) => void} */
  #events = () => {};
  #broken = () => {};

  constructor() {
    this.#worker.onmessage = ({ data }) => this.#hear(data);
    this.#worker.onerror = ({ message }) => this.#break(notLoaded(message ? saidBoth(message) : NOT_FETCHED));
  }

  /** @param {{ id: number, answer?: any, refused?: string, broke?: string, events?: string }} news */
  #hear({ id, answer, refused, broke, events }) {
    if (events) return this.#events(events);
    if (broke !== undefined) {
      console.error(broke);
      return this.#break(this.#next > 1 ? PANICKED : notLoaded(saidBoth(broke)));
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (refused === undefined) waiting?.resolve(answer);
    else waiting?.reject(new Refusal(JSON.parse(refused)));
  }

  /** Whatever happened to it, nothing more can be asked of it; its files are let go. @param {Told} failure */
  #break(failure) {
    const wasOver = this.#over;
    this.#over ??= failure;
    this.#worker.terminate();
    this.#refuseAll(this.#over);
    if (!wasOver) this.#broken();
  }

  /** Nobody waits for good. @param {Told} failure */
  #refuseAll(failure) {
    for (const { reject } of this.#waiting.values()) reject(new Refusal(failure));
    this.#waiting.clear();
  }

  /** @param {Order} order */
  order(order) {
    if (this.#over) return Promise.reject(new Refusal(this.#over));
    const id = this.#next++;
    // Who asks for more once it is closing comes too late, and nothing has broken.
    if (order.close) this.#over = CLOSED;
    return new Promise((resolve, reject) => {
      this.#worker.postMessage({ ...order, id });
      this.#waiting.set(id, { resolve, reject });
    });
  }

  /** @param {(json: string) => void} fn */
  onEvents(fn) {
    this.#events = fn;
  }

  /** @param {() => void} fn */
  onBroken(fn) {
    this.#broken = fn;
  }

  end() {
    this.#over ??= CLOSED;
    this.#worker.terminate();
    this.#refuseAll(this.#over);
  }
}
