// @ts-check
/**
 * Lanes: one per correlation id, each the notes of one request, from the command to the message and the view. Pure: it is
 * told what happened and says what there is to see; it never asks.
 *
 * @typedef {'command' | 'event' | 'policy' | 'outside' | 'view'} NoteKind
 * @typedef {'done' | 'waits' | 'busy' | 'unknown' | 'refused'} NoteState
 * @typedef {{ id: string, kind: NoteKind, word: string, code: string, state: NoteState, sequence?: number, count?: number,
 *   aggregate?: { kind: string, id: number }, by?: string | null, outcome?: string, json?: unknown, causes: string[], say?: string }} Note
 * @typedef {'running' | 'done' | 'refused' | 'declined' | 'notTaken' | 'unknown' | 'expired' | 'waits' | 'cancelling'} LaneState
 * @typedef {Record<string, any> & { sequence: number, eventType: string, correlationId: string, causationId: number | null, occurredAt: string, storageId: number }} Event
 * @typedef {{ key: string, kind: string, outcome: string | null, json: any }} Outside
 * @typedef {Record<string, { cursor: number, paused: boolean }>} Cursors
 * @typedef {{ id: string, command: string, json: any, who: string | null, at: number, events: Event[], outside: Outside[],
 *   refusal: { code: string, messages: { ko: string, en: string } } | null, answered: boolean, changed: number, storageId?: number }} Lane
 */

/** What begins a lane whose command this page did not send. */
const BEGUN_BY = /** @type {Record<string, string>} */ ({
  StorageRegistered: 'registerStorage',
  StorageModified: 'modifyStorage',
  StorageDeleted: 'deleteStorage',
  ReservationCreated: 'reserve',
  ReservationCancelRequested: 'cancelReservation',
  RentalEndSet: 'endRental',
  ReviewCreated: 'addReview',
  ReviewModified: 'modifyReview',
  ReviewDeleted: 'deleteReview',
});
/** The outside call an event tells the outcome of. */
const TELLS = /** @type {Record<string, [string, string]>} */ ({
  PaymentApproved: ['charge', 'captured'],
  PaymentDeclined: ['charge', 'declined'],
  PaymentVoided: ['charge', 'notTaken'],
  PaymentCancelled: ['refund', 'refunded'],
});
const STORAGE_ACTS = new Set([
  'ReservationConfirmed',
  'RentalStarted',
  'RentalEnded',
  'ReservationCancelled',
  'ReviewCreated',
  'ReviewModified',
  'ReviewDeleted',
]);
const MESSAGE_ACTS = new Set([
  'ReservationConfirmed',
  'ReservationRejected',
  'ReservationExpired',
  'ReservationCancelRequested',
  'ReservationCancelled',
  'RentalStarted',
  'RentalEnded',
  'RentalEndSet',
]);
/** So many events of one kind and cause become one note. */
const STACK_MIN = 4;

/** @param {Event} e */
const storageActs = (e) => STORAGE_ACTS.has(e.eventType) && (e.eventType !== 'ReservationConfirmed' || e.started);
/** @param {Event} e */
const paymentActs = (e) => e.eventType === 'ReservationCancelRequested' || (e.eventType === 'PaymentApproved' && e.holdStands === false);
/** @param {Event} e */
const messageActs = (e) => MESSAGE_ACTS.has(e.eventType) || (e.eventType === 'PaymentCancelled' && !e.cancelsReservation);

/** Who began it, as far as the log says: the manager reserves as guest, and may cancel and end for anybody. @param {Event} e */
const begunBy = (e) =>
  !(e.eventType in BEGUN_BY) || ['ReservationCancelRequested', 'RentalEndSet'].includes(e.eventType)
    ? null
    : (e.customer ?? 'guest') === 'guest'
      ? 'manager'
      : e.customer;

export class Lanes {
  /** @type {Map<string, Lane>} */
  #lanes = new Map();
  #changes = 0;

  /** Newest first. @returns {Lane[]} */
  get newest() {
    return [...this.#lanes.values()].reverse();
  }

  /** @param {string} id */
  lane(id) {
    return this.#lanes.get(id);
  }

  clear() {
    this.#lanes.clear();
  }

  /** A command is sent. @param {string} id @param {any} command @param {string} who @param {number} at @param {number} [storageId] what it is about */
  begin(id, command, who, at, storageId = command.storageId) {
    this.#open(id, { command: command.command, json: command, who, at, storageId });
  }

  /** It was answered, or refused. @param {string} id @param {Lane['refusal']} refusal */
  answer(id, refusal) {
    const lane = this.#lanes.get(id);
    if (lane) this.#touch(Object.assign(lane, { answered: true, refusal }));
  }

  /** @param {Event[]} events */
  take(events) {
    for (const e of events) {
      const begun = {
        command: BEGUN_BY[e.eventType] ?? 'clock',
        json: null,
        who: begunBy(e),
        at: Date.parse(e.occurredAt),
      };
      const lane = this.#lanes.get(e.correlationId) ?? this.#open(e.correlationId, { ...begun, answered: true });
      if (lane.events.length > 0 && lane.events[lane.events.length - 1].sequence >= e.sequence) continue;
      lane.events.push(e);
      if (lane.command === 'registerStorage' && lane.events.length > 1) lane.command = 'importStorages';
      this.#touch(lane);
    }
  }

  /** An outside call begins or is done. @param {string} id the lane's @param {string} key @param {string} kind @param {string | null} outcome @param {any} json */
  outside(id, key, kind, outcome, json) {
    const lane = this.#lanes.get(id);
    if (!lane) return;
    const known = lane.outside.find((o) => o.key === key);
    if (known) Object.assign(known, { outcome, json });
    else lane.outside.push({ key, kind, outcome, json });
    this.#touch(lane);
  }

  /** @param {string} id @param {Pick<Lane, 'command' | 'json' | 'who' | 'at' | 'storageId'> & { answered?: boolean }} begun @returns {Lane} */
  #open(id, begun) {
    const lane = { id, events: [], outside: [], refusal: null, answered: false, changed: 0, ...begun };
    this.#lanes.set(id, lane);
    this.#touch(lane);
    return lane;
  }

  /** @param {Lane} lane */
  #touch(lane) {
    lane.changed = ++this.#changes;
  }
}

/** Whether it was refused, and nothing is known of what it was about: it may be done, or not. @param {Lane} lane */
export const isInTheDark = (lane) => lane.events.length === 0 && ['commitUnknown', 'enginePanicked', 'closed'].includes(lane.refusal?.code ?? '');

/** The last event of the reservation a lane is about. @param {Lane} lane */
export const lastOfReservation = (lane) => lane.events.findLast((e) => /^(Reservation|Rental)/.test(e.eventType))?.eventType;

/** How a lane stands. @param {Lane} lane @param {Note[]} notes its notes @returns {LaneState} */
export function stateOf(lane, notes) {
  const last = lastOfReservation(lane);
  if (isInTheDark(lane)) return 'unknown';
  if (lane.events.length === 0) return lane.refusal ? 'refused' : lane.answered ? 'done' : 'running';
  if (last === 'ReservationRejected') return lane.events.some((e) => e.eventType === 'PaymentVoided') ? 'notTaken' : 'declined';
  if (last === 'ReservationExpired') return 'expired';
  if (last === 'ReservationCreated') return lane.answered || lane.outside.some((o) => o.outcome === 'unknown') ? 'unknown' : 'running';
  if (last === 'ReservationCancelRequested') return 'cancelling';
  return notes.some((n) => n.state === 'waits') ? 'waits' : lane.answered ? 'done' : 'running';
}

/** The notes of a lane, left to right. @param {Lane} lane @param {Cursors} cursors @returns {Note[]} */
export function notesOf(lane, cursors) {
  const notes = /** @type {Note[]} */ ([]);
  const command = `${lane.id}:command`;
  const passed = (/** @type {string} */ name, /** @type {number} */ sequence) => (cursors[name]?.cursor ?? 0) >= sequence;
  notes.push({
    id: command,
    kind: 'command',
    word: `command.${lane.command}`,
    code: lane.command === 'clock' ? 'Tick' : lane.command[0].toUpperCase() + lane.command.slice(1),
    state: isInTheDark(lane) ? 'unknown' : lane.refusal && lane.events.length === 0 ? 'refused' : 'done',
    by: lane.who ?? (lane.command === 'clock' ? null : undefined),
    json: lane.json,
    causes: [],
  });
  /** Which note stands for an event; which policy or call stands between it and what it causes. */
  const events = /** @type {Map<number, string>} */ (new Map());
  const between = /** @type {Map<number, string>} */ (new Map());
  const calls = lane.outside.filter((o) => o.kind !== 'deliver');
  let last = command;

  const policy = (/** @type {Event} */ e, /** @type {string} */ name, /** @type {string} */ word) => {
    const id = `${lane.id}:${name}:${e.sequence}`;
    notes.push({
      id,
      kind: 'policy',
      word: `policy.${word}`,
      code: `${name} consumer`,
      state: passed(name, e.sequence) ? 'done' : 'waits',
      causes: [/** @type {string} */ (events.get(e.sequence))],
    });
    between.set(e.sequence, id);
    return id;
  };
  const call = (/** @type {string} */ kind, /** @type {string} */ cause, /** @type {string | null} */ told) => {
    const known = calls.find((o) => o.kind === kind);
    if (!known && !told) return null;
    const outcome = told && known?.outcome !== 'unknown' ? told : (known?.outcome ?? null);
    const id = `${lane.id}:${kind}`;
    if (notes.some((n) => n.id === id)) return id;
    notes.push({
      id,
      kind: 'outside',
      word: `outside.${kind}`,
      code: `${kind} effect`,
      state:
        outcome === null
          ? 'busy'
          : outcome === 'unknown' || outcome === 'unavailable'
            ? 'unknown'
            : outcome === 'declined' || outcome === 'refused' || outcome === 'notTaken'
              ? 'refused'
              : 'done',
      outcome: outcome ?? undefined,
      json: known?.json,
      causes: [cause],
    });
    return id;
  };

  for (const run of stacked(lane.events)) {
    const e = run[0];
    let cause = e.causationId === null ? command : (between.get(e.causationId) ?? events.get(e.causationId) ?? last);
    const tells = TELLS[e.eventType];
    if (tells) {
      const asked =
        tells[0] === 'charge'
          ? call('charge', cause, calls.some((o) => o.kind === 'void') ? null : tells[1])
          : call('refund', cause, tells[1]);
      const void_ = tells[0] === 'charge' && calls.some((o) => o.kind === 'void') ? call('void', asked ?? cause, tells[1]) : null;
      cause = void_ ?? asked ?? cause;
    }
    const id = `${lane.id}:${e.sequence}`;
    for (const each of run) events.set(each.sequence, id);
    notes.push({
      id,
      kind: 'event',
      word: `event.${e.eventType}`,
      code: e.eventType,
      state: 'done',
      sequence: e.sequence,
      count: run.length,
      aggregate: run.length > 1 ? undefined : { kind: e.aggregateKind, id: e.aggregateId },
      json: run.length > 1 ? run : e,
      causes: [cause],
    });
    last = id;
    if (paymentActs(e)) policy(e, 'payment', 'payment');
    if (storageActs(e)) policy(e, 'storage', e.aggregateKind === 'review' ? 'review' : 'storage');
  }
  // A call under way, or without an answer, stands where the answer will.
  for (const kind of ['charge', 'void', 'refund'])
    call(kind, notes.findLast((n) => n.id.endsWith(':charge'))?.id ?? between.get([...between.keys()].pop() ?? -1) ?? last, null);

  const told = lane.events.filter(messageActs);
  const deliveries = lane.outside.filter((o) => o.kind === 'deliver');
  told.forEach((e, i) => {
    const id = `${lane.id}:message:${e.sequence}`;
    const done = passed('message', e.sequence);
    notes.push({
      id,
      kind: 'policy',
      word: 'policy.message',
      code: 'message consumer',
      state: done ? 'done' : 'waits',
      causes: [/** @type {string} */ (events.get(e.sequence))],
    });
    const delivery = deliveries[i];
    if (delivery)
      notes.push({
        id: `${id}:deliver`,
        kind: 'outside',
        word: 'outside.deliver',
        code: 'deliver effect',
        state: delivery.outcome === null ? 'busy' : 'done',
        outcome: delivery.outcome ?? undefined,
        json: delivery.json,
        causes: [id],
      });
    else if (done)
      notes.push({ id: `${id}:inbox`, kind: 'view', word: 'view.inbox', code: 'Message', state: 'done', by: e.customer, causes: [id] });
  });
  const end = lane.events[lane.events.length - 1];
  if (end)
    notes.push({
      id: `${lane.id}:view`,
      kind: 'view',
      word: 'view.row',
      code: 'StorageView',
      state: passed('view', end.sequence) ? 'done' : 'waits',
      aggregate: lane.command === 'importStorages' ? undefined : { kind: 'storage', id: end.storageId },
      causes: [/** @type {string} */ (events.get(end.sequence))],
    });
  return notes;
}

/** Runs of many events of one kind with one cause, together. @param {Event[]} events @returns {Event[][]} */
function stacked(events) {
  const runs = /** @type {Event[][]} */ ([]);
  for (const e of events) {
    const run = runs[runs.length - 1];
    if (run && run[0].eventType === e.eventType && run[0].causationId === e.causationId) run.push(e);
    else runs.push([e]);
  }
  return runs.flatMap((run) => (run.length >= STACK_MIN ? [run] : run.map((e) => [e])));
}
