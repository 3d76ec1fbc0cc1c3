// One list of commands for the engine in the browser and the engine natively; what each answers, as text. Runs in both.

const COMMANDS = 200;
const NOW = '2026-11-22T03:00:00Z';
/** Until everything that was begun is over. */
export const AFTER_DAYS = 30;

/** The same numbers everywhere. @param {number} seed */
function dice(seed) {
  let state = seed;
  return (/** @type {number} */ sides) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * sides);
  };
}

/** What is asked, with what the bench does before. */
export function* story() {
  const roll = dice(20261122);
  const pick = (/** @type {any[]} */ of) => of[roll(of.length)];
  const id = () => 1 + roll(14);
  const customer = () => ({ customer: pick(['kim', 'kim', 'lee']) });
  let ahead = 0;
  const day = (/** @type {number} */ offset) => new Date(Date.parse(NOW) + (ahead + offset) * 86_400_000).toISOString().slice(0, 10);
  const makers = [
    () => ({ command: { command: 'registerStorage', description: pick(['강남 소형', 'Mapo large', '부산 "중형" <b>']), price: pick([59000, 900, 12000, 59000, 0]), currency: pick(['KRW', 'USD', 'KRW']), per: pick(['rental', 'day', 'month']) } }),
    () => ({ command: { command: 'importStorages', storages: [{ description: 'A', price: 1000, currency: 'KRW' }, { description: 'B', price: 2000, currency: 'USD', per: 'month' }] } }),
    () => ({ command: { command: 'modifyStorage', storageId: id(), price: 61000, currency: 'KRW', withdrawn: pick([true, false, null]) } }),
    () => ({ command: { command: 'deleteStorage', storageId: id() } }),
    ...Array(8).fill(() => {
      const from = roll(4);
      return { command: { command: 'reserve', storageId: id(), from: pick([day(from), null, day(from), day(from), day(from), day(from - 25)]), until: pick([day(from + 1), day(from + 2), day(from + 40), null]), price: pick([null, null, null, null, 59000]) }, caller: customer(), idempotencyKey: pick([undefined, undefined, `key-${roll(12)}`]) };
    }),
    ...Array(2).fill(() => ({ command: { command: 'cancelReservation', reservationId: 1 + roll(9) }, caller: pick(['manager', 'manager', customer()]) })),
    () => ({ command: { command: 'endRental', reservationId: 1 + roll(9), on: pick([null, day(roll(12))]) }, caller: pick(['manager', customer()]) }),
    ...Array(3).fill(() => ({ command: { command: 'addReview', reservationId: 1 + roll(8), rate: pick([1, 4, 5, 5, 9]), content: '깨끗해요' }, caller: customer() })),
    () => ({ command: { command: 'modifyReview', reviewId: 1 + roll(4), rate: 3 }, caller: customer() }),
    () => ({ command: { command: 'deleteReview', reviewId: 1 + roll(4) }, caller: customer() }),
    () => ({ command: { command: pick(['pauseConsumer', 'resumeConsumer', 'replayConsumer']), name: pick(['storage', 'payment', 'message', 'view', 'nobody']) } }),
    () => ({ command: { command: pick(['runConsumers', 'tick']) } }),
    () => ({ command: { command: pick(['settle', 'runDue']) } }),
    () => ({ command: { command: 'set', key: pick(['holdMinutes', 'language', 'zone', 'colour']), value: pick(['5', 'en', 'UTC']) } }),
    () => ({ command: { command: pick(['retryDeadLetter', 'discardDeadLetter']), deadLetterId: 1, reason: 'x' } }),
  ];
  const kim = { customer: 'kim' };
  const flat = { command: 'registerStorage', description: '강남 소형', price: 59000, currency: 'KRW', per: 'rental' };
  /** What chance might leave out: a reservation reviewed and cancelled. */
  const beginning = [
    { command: flat },
    { command: { ...flat, price: 120000, per: 'month' } },
    { command: { command: 'reserve', storageId: 1 }, caller: kim },
    { command: { command: 'reserve', storageId: 1 }, caller: { customer: 'lee' } },
    { command: { command: 'addReview', reservationId: 1, rate: 5, content: '깨끗해요' }, caller: kim },
    { command: { command: 'modifyReview', reviewId: 1, rate: 4, content: null }, caller: kim },
    { command: { command: 'cancelReservation', reservationId: 1 }, caller: kim },
    { command: { command: 'runDue' } },
    { command: { command: 'cancelReservation', reservationId: 1 }, caller: kim },
  ];
  yield* beginning.map((asked) => ({ before: 'none', pay: '', caller: 'manager', ...asked }));
  for (let n = beginning.length; n < COMMANDS; n++) {
    const before = pick(['none', 'none', 'none', 'none', 'pay', 'pay', 'hour', 'day']);
    if (before === 'day') ahead += 1;
    const asked = pick(makers)();
    yield { before, pay: pick(['approve', 'approve', 'approve', 'decline', 'down', 'slow', 'lostReply']), caller: 'manager', ...asked };
  }
}

/** Each request has an id of its own, the same wherever it is asked. @param {number} n */
export const correlationOf = (n) => `c-${n}`;

/** Makes the outside calls that are due, as whoever runs the consumers by hand does. @param {import('../../wasm/www/engine/bench.js').Bench} bench */
async function doEffects(bench) {
  const ask = async (/** @type {object} */ request) => JSON.parse(await bench.text(request));
  for (;;) {
    const effects = await ask({ ask: 'dueEffects', limit: 1 });
    if (effects.length === 0) return;
    for (const { effectId, task: { kind, ...charge } } of effects) {
      const outcome = kind === 'deliver' ? { outcome: 'delivered' } : await ask({ ask: 'gateway', call: kind, charge });
      await ask({ ask: 'complete', effectId, outcome });
    }
  }
}

/** Does everything that is due, now, whatever waits for later. @param {import('../../wasm/www/engine/engine.js').Site} site */
async function runDue(site) {
  await /** @type {import('../../wasm/www/engine/bench.js').Bench} */ (site.bench).text({ ask: 'execute', caller: { by: 'manager' }, command: { command: 'tick' } });
  await site.settle();
  return site.runDue();
}

/**
 * Does all of it, and tells every answer, event and row as text.
 *
 * @param {import('../../wasm/www/engine/engine.js').Site} site @returns {Promise<string[]>}
 */
export async function run(site) {
  const bench = /** @type {import('../../wasm/www/engine/bench.js').Bench} */ (site.bench);
  bench.delayMs = 0;
  await bench.fixed({ now: NOW, seed: 7 });
  const told = [];
  const refusal = (/** @type {any} */ e) => JSON.stringify({ code: e.code, kind: e.kind, messages: e.messages, hints: e.hints, retryAfter: e.retryAfter, reservation: e.reservation });
  let n = 0;
  for (const { before, pay, command, caller, idempotencyKey } of story()) {
    if (before === 'pay') await bench.payment(pay);
    if (before === 'hour') await bench.advance({ minutes: 60 });
    if (before === 'day') await bench.advance({ days: 1 });
    const correlationId = correlationOf(n++);
    const asks = { caller, idempotencyKey, correlationId };
    try {
      const byHost = ['reserve', 'settle'].includes(command.command);
      const answer = command.command === 'runDue'
        ? JSON.stringify(await runDue(site))
        : byHost
          ? JSON.stringify(await site.execute(/** @type {any} */ (command), /** @type {any} */ (asks)))
          : await bench.text({ ask: 'execute', caller: { by: caller, idempotencyKey, correlationId }, command });
      if (command.command === 'runConsumers') await doEffects(bench);
      told.push(`${command.command} ${answer}`);
    } catch (error) {
      told.push(`${command.command} refused ${refusal(error.failure ? { ...error.failure, messages: error.failure.message, hints: error.failure.hint } : error)}`);
    }
  }
  await bench.payment('approve');
  await site.settle();
  await bench.advance({ days: AFTER_DAYS });
  await runDue(site);
  for (const query of ['events', 'views', 'storages', 'reservations', 'payments', 'messages', 'reviews', 'consumers', 'deadLetters', 'settings', 'status', 'verify']) {
    told.push(`${query} ${await bench.text({ ask: 'query', query: { query } })}`);
  }
  told.push(`books ${await bench.text({ ask: 'books' })}`);
  return told;
}
