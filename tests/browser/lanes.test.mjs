// Lanes, without a browser: from the events as the engine pins them in its snapshot to the notes of the storm.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';

const ROOT = join(import.meta.dirname, '../..');
const { isInTheDark, Lanes, notesOf, stateOf } = await import(join(ROOT, 'wasm/www/app/lanes.js'));
const { WORDS } = await import(join(ROOT, 'wasm/www/app/words.js'));
const snapshot = await readFile(join(ROOT, 'tests/tests/whole/snapshots/whole__snapshots__events.snap'), 'utf8');
/** One of each type the engine knows. */
const EVENTS = snapshot
  .split('\n')
  .filter((line) => line.startsWith('{'))
  .map((line) => JSON.parse(line))
  .sort((a, b) => a.sequence - b.sequence);
const ALL = { storage: { cursor: 999 }, payment: { cursor: 999 }, message: { cursor: 999 }, view: { cursor: 999 } };

const lanesOf = (/** @type {any[]} */ events) => {
  const lanes = new Lanes();
  lanes.take(events);
  return lanes;
};

test('every event the engine knows has a word in both languages', () => {
  assert.ok(EVENTS.length >= 22);
  for (const { eventType } of EVENTS) assert.ok(WORDS[`event.${eventType}`], eventType);
});

test('every note of every event is caused by a note that is there, and only by earlier ones', () => {
  for (const lane of lanesOf(EVENTS).newest) {
    const seen = new Set();
    for (const note of notesOf(lane, ALL)) {
      for (const cause of note.causes) assert.ok(seen.has(cause), `${note.id} is caused by ${cause}`);
      assert.ok(!seen.has(note.id), note.id);
      seen.add(note.id);
      assert.ok(WORDS[note.word], note.word);
    }
  }
});

test('lanes are by correlation id, the newest first', () => {
  const ids = [...new Set(EVENTS.map((e) => e.correlationId))];
  assert.deepEqual(
    lanesOf(EVENTS).newest.map((/** @type {any} */ l) => l.id),
    ids.reverse(),
  );
});

test('what a paused consumer has not seen waits, and the lane says so', () => {
  const reserve = EVENTS.filter((e) => e.correlationId === EVENTS.find((x) => x.eventType === 'ReservationConfirmed').correlationId);
  const [lane] = lanesOf(reserve).newest;
  const waiting = (/** @type {any} */ cursors) =>
    notesOf(lane, cursors)
      .filter((/** @type {any} */ n) => n.state === 'waits')
      .map((/** @type {any} */ n) => n.word);
  assert.deepEqual(waiting(ALL), []);
  assert.equal(stateOf(lane, notesOf(lane, ALL)), 'done');
  const paused = { ...ALL, message: { cursor: 0 } };
  assert.deepEqual(waiting(paused), ['policy.message']);
  assert.equal(stateOf(lane, notesOf(lane, paused)), 'waits');
});

test('a refusal is a lane of its own, with nothing written', () => {
  const lanes = new Lanes();
  lanes.begin('r-1', { command: 'reserve', storageId: 1 }, 'lee', 0);
  lanes.answer('r-1', { code: 'storageTaken', messages: { ko: '이미', en: 'taken' } });
  const [lane] = lanes.newest;
  assert.deepEqual(
    notesOf(lane, ALL).map((/** @type {any} */ n) => n.state),
    ['refused'],
  );
  assert.equal(stateOf(lane, notesOf(lane, ALL)), 'refused');
});

test('what was answered without an event is done', () => {
  const lanes = new Lanes();
  lanes.begin('r-1', { command: 'endRental', reservationId: 1, on: '2026-12-09' }, 'kim', 0, 6);
  const state = () => stateOf(lanes.lane('r-1'), notesOf(lanes.lane('r-1'), ALL));
  assert.equal(state(), 'running');
  lanes.answer('r-1', null);
  assert.deepEqual([state(), lanes.lane('r-1').storageId], ['done', 6]);
});

test('a change that may have been kept is not refused, and the lane does not say that nothing was written', () => {
  for (const code of ['commitUnknown', 'enginePanicked']) {
    const lanes = new Lanes();
    lanes.begin('r-1', { command: 'importStorages', storages: [] }, 'manager', 0);
    lanes.answer('r-1', { code, messages: { ko: '모름', en: 'not known' } });
    const [lane] = lanes.newest;
    assert.deepEqual([stateOf(lane, notesOf(lane, ALL)), notesOf(lane, ALL)[0].state, isInTheDark(lane)], ['unknown', 'unknown', true], code);
    // What comes of it is told by its events.
    lanes.take([{ ...EVENTS.find((e) => e.eventType === 'StorageRegistered'), correlationId: 'r-1' }]);
    assert.deepEqual([stateOf(lane, notesOf(lane, ALL)), isInTheDark(lane)], ['done', false], code);
  }
});

test('a charge without an answer is unknown, patient, and no failure', () => {
  const lanes = new Lanes();
  lanes.begin('r-2', { command: 'reserve', storageId: 1 }, 'lee', 0);
  lanes.take(
    EVENTS.filter((e) => ['ReservationCreated', 'PaymentRequested'].includes(e.eventType)).map((e) => ({ ...e, correlationId: 'r-2' })),
  );
  lanes.outside('r-2', 'charge:1', 'charge', null, {});
  assert.equal(stateOf(lanes.lane('r-2'), notesOf(lanes.lane('r-2'), ALL)), 'running');
  lanes.outside('r-2', 'charge:1', 'charge', 'unknown', {});
  assert.equal(stateOf(lanes.lane('r-2'), notesOf(lanes.lane('r-2'), ALL)), 'unknown');
  assert.ok(notesOf(lanes.lane('r-2'), ALL).every((/** @type {any} */ n) => n.state !== 'refused'));
});

test('a lane is not said to be begun by whom the log does not tell of', () => {
  const begun = (/** @type {string} */ type, /** @type {object} */ more) => {
    const [lane] = lanesOf([{ ...EVENTS.find((e) => e.eventType === type), correlationId: 'r-3', ...more }]).newest;
    return [lane.who, notesOf(lane, ALL)[0].by];
  };
  assert.deepEqual(begun('ReservationCreated', { customer: 'kim' }), ['kim', 'kim']);
  assert.deepEqual(begun('ReservationCreated', { customer: 'guest' }), ['manager', 'manager'], 'as guest the manager reserves');
  assert.deepEqual(begun('ReviewCreated', { customer: 'kim' }), ['kim', 'kim']);
  assert.deepEqual(begun('StorageRegistered', {}), ['manager', 'manager']);
  // The manager may do so for kim, of which the log says nothing.
  assert.deepEqual(begun('ReservationCancelRequested', { customer: 'kim' }), [null, undefined]);
  assert.deepEqual(begun('RentalEndSet', { customer: 'kim' }), [null, undefined]);
  assert.deepEqual(begun('RentalStarted', { customer: 'kim' }), [null, null], 'the clock');
});

test('many events of one kind are one note', () => {
  const registered = EVENTS.find((e) => e.eventType === 'StorageRegistered');
  const [lane] = lanesOf(Array.from({ length: 1000 }, (_, i) => ({ ...registered, sequence: i + 1, causationId: null }))).newest;
  const notes = notesOf(lane, ALL);
  assert.deepEqual(
    notes.map((/** @type {any} */ n) => n.count ?? 1),
    [1, 1000, 1],
  );
});
