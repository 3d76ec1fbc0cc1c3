//! Both stores, given the same works in the same groups, answer the same: each work, and each reader afterwards. The one in the
//! file is opened twice, and the two take turns, as two processes do.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::prelude::*;
use storagerent::chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use storagerent::memory::MemoryStore;
use storagerent::ports::{EffectFilter, IdempotencyRow, Queries, Transaction, Verdict, Work};
use storagerent::sqlite::SqliteStore;
use storagerent::*;
use storagerent_core::payment::Payment;
use storagerent_core::reservation::{HoldTerms, Reservation};
use storagerent_core::review::Review;
use storagerent_core::storage::Storage;

const WAIT: Duration = Duration::from_secs(60);
const NAMES: [&str; 3] = ["kim", "lee", "park"];
const CHANNELS: [&str; 3] = ["inbox", "mail", "sms"];

/// What one work does: a kind of step, and three numbers that say to what.
type Step = (u8, u8, u8, u8);

/// How a work ends.
#[derive(Debug, Clone, Copy)]
enum End {
    Keep,
    Undo,
    Panic,
}

#[derive(Debug, Clone)]
struct Script {
    steps: Vec<Step>,
    end: End,
    /// It runs after the others of its group.
    rides: bool,
}

fn scripts() -> impl Strategy<Value = Vec<Script>> {
    // Holds, storages that change, messages and the latest events more often than the rest.
    let kind = prop_oneof![6 => 0..KINDS, 2 => 5..9u8, 2 => 2..5u8, 1 => 16..18u8, 2 => Just(29u8)];
    let steps = proptest::collection::vec((kind, 0..12u8, 0..12u8, 0..12u8), 1..14);
    let end = prop_oneof![12 => Just(End::Keep), 3 => Just(End::Undo), 1 => Just(End::Panic)];
    proptest::collection::vec((steps, end).prop_map(|(steps, end)| Script { steps, end, rides: false }), 0..5)
        .prop_flat_map(|group| (Just(group), proptest::option::weighted(0.3, 0..2usize)))
        .prop_map(|(mut group, rides)| {
            let rides = rides.unwrap_or(0);
            let from = group.len().saturating_sub(rides);
            group.iter_mut().skip(from).for_each(|script| script.rides = true);
            group
        })
}

/// A work that plays its script, and notes each answer.
struct Play {
    script: Script,
    number: usize,
    notes: Notes,
}

type Notes = Arc<Mutex<Vec<(usize, String)>>>;

impl Play {
    fn note(&self, what: impl Debug) {
        self.notes.lock().unwrap().push((self.number, format!("{what:?}")));
    }
}

impl Work for Play {
    fn run(&mut self, tx: &mut dyn Transaction) -> Verdict {
        let mut may_keep = true;
        for step in &self.script.steps {
            let answer = play(tx, *step);
            // What was refused after an id was given out for it: that id may come again or not.
            may_keep &= answer.is_ok();
            self.note((step, answer));
        }
        match self.script.end {
            End::Keep if may_keep => Verdict::Keep,
            End::Keep | End::Undo => Verdict::Undo,
            End::Panic => panic!("on purpose"),
        }
    }

    fn rides_as(&self) -> Option<&'static str> {
        // Each by itself: a store may let one of several of a name stand for all.
        self.script.rides.then(|| ["a", "b", "c", "d", "e"][self.number % 5])
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        self.note(outcome);
    }
}

fn code(error: StoreError) -> &'static str {
    error.code()
}

fn day(n: u8) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 12, 1).unwrap() + Days::new(n.into())
}

fn at(n: u8) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap() + TimeDelta::seconds(n.into())
}

fn period(from: u8, days: u8) -> Period {
    Period::new(day(from), (days < 10).then(|| day(from) + Days::new(u64::from(days) + 1))).unwrap()
}

fn page(after: u8, limit: u8) -> Page {
    Page { after: after.into(), limit: (limit < 9).then(|| limit.into()) }
}

/// Of so many things one, counted from 1; now and then one that is not there.
fn id(n: u8) -> u64 {
    u64::from(n) % 9 + 1
}

fn customer(n: u8) -> CustomerId {
    NAMES[usize::from(n) % NAMES.len()].parse().unwrap()
}

fn trace(request: u8, cause: Option<u64>) -> Trace {
    Trace {
        correlation_id: format!("req-{}", request % 4).parse().unwrap(),
        causation_id: cause.map(Sequence::new),
        occurred_at: at(request),
    }
}

const KINDS: u8 = 58;

/// Does one step, and answers what came of it.
fn play(tx: &mut dyn Transaction, (kind, a, b, c): Step) -> Result<String, &'static str> {
    let played = match kind {
        0..=27 => change(tx, kind, a, b, c),
        _ => ask(tx, kind - 28, a, b, c),
    };
    played.map_err(code)
}

fn nothing() -> Result<String, StoreError> {
    Ok("nothing to do".to_owned())
}

fn told(answer: impl Debug) -> Result<String, StoreError> {
    Ok(format!("{answer:?}"))
}

fn change(tx: &mut dyn Transaction, kind: u8, a: u8, b: u8, c: u8) -> Result<String, StoreError> {
    match kind {
        0 | 1 => {
            let rate = Rate::flat(Money::krw(i64::from(b) + 1)).unwrap();
            let command = RegisterStorage { description: format!("storage {a}").parse().unwrap(), rate };
            let (storage, event) = Storage::register(tx.next_storage_id()?, command);
            told(tx.save_storage(&storage, event.into(), &trace(c, None))?)
        }
        2..=4 => {
            let storage_id = StorageId::new(id(a) % 4 + 1);
            let Ok(mut storage) = Storage::load(storage_id, tx.storage(storage_id)?) else { return nothing() };
            // An event of the log, or a little before.
            let head = tx.head()?.sequence.get();
            let cause = (c > 3).then(|| head.saturating_sub(u64::from(c - 4)).max(1));
            let event = match (kind, b) {
                (2, _) => {
                    let price = Some(Money::krw(i64::from(b) + 1));
                    let command =
                        ModifyStorage { price, withdrawn: Some(c.is_multiple_of(3)), ..ModifyStorage::new(storage_id) };
                    storage.modify(&command).unwrap()
                }
                (3, 0) => Some(storage.delete()),
                (3, _) => storage.occupy(ReservationId::new(id(b))),
                _ => storage.release(ReservationId::new(id(b))),
            };
            let Some(event) = event else { return nothing() };
            told(tx.save_storage(&storage, event.into(), &trace(b, cause))?)
        }
        5..=8 => hold(tx, kind == 5, a, b, c),
        9..=12 => step_reservation(tx, kind, a, b, c),
        13 => {
            let payment_id = PaymentId::new(id(a));
            let Ok(mut payment) = Payment::load(payment_id, tx.payment(payment_id)?) else { return nothing() };
            let Some(row) = tx.reservation(payment.row().reservation_id)? else { return nothing() };
            let event = match b % 4 {
                0 => payment.approve(&row.booking, true),
                1 => payment.decline(&row.booking, false, "no"),
                2 => payment.void(&row.booking, true, "away"),
                _ => payment.refund(&row.booking, true),
            };
            let Some(event) = event else { return nothing() };
            told(tx.save_payment(&payment, event.into(), &trace(c, None))?)
        }
        14 => {
            let of = ReservationId::new(id(a));
            let Some(row) = tx.reservation(of)? else { return nothing() };
            let created = ReviewCreated {
                review_id: tx.next_review_id()?,
                reservation_id: of,
                storage_id: row.booking.storage_id,
                customer: row.booking.customer,
                rate: Stars::new(i64::from(b % 5) + 1).unwrap(),
                content: ReviewContent::new("좋아요").unwrap(),
            };
            let (review, event) = Review::create(created);
            told(tx.save_review(&review, event.into(), &trace(c, None))?)
        }
        15 => {
            let review_id = ReviewId::new(id(a));
            let Ok(mut review) = Review::load(review_id, tx.review(review_id)?) else { return nothing() };
            let rate = Stars::new(i64::from(b % 5) + 1).ok();
            let event = match c % 3 {
                0 => Some(review.delete()),
                _ => review.modify(&ModifyReview { review_id, rate, content: None }),
            };
            let Some(event) = event else { return nothing() };
            told(tx.save_review(&review, event.into(), &trace(c, None))?)
        }
        16 | 17 => {
            let of = ReservationId::new(id(a));
            let Some(row) = tx.reservation(of)? else { return nothing() };
            let head = tx.head()?.sequence.get();
            let message = MessageRow {
                message_id: tx.next_message_id()?,
                reservation_id: of,
                storage_id: row.booking.storage_id,
                customer: row.booking.customer,
                kind: "told".to_owned(),
                content: format!("안내 {b}"),
                event_sequence: Sequence::new(head.saturating_sub(u64::from(b % 3))),
                channel: CHANNELS[usize::from(c) % 3].to_owned(),
                correlation_id: row.correlation_id,
            };
            told(tx.add_message(&message)?)
        }
        18 | 19 => effect(tx, kind == 18, a, b, c),
        20 | 21 => {
            let storage_id = StorageId::new(id(a) * 3);
            let row = StorageViewRow {
                storage_id,
                storage_status: if b.is_multiple_of(2) { StorageStatus::Available } else { StorageStatus::Reserved },
                description: format!("view {b}").parse().unwrap(),
                price: Money::krw(i64::from(c) + 1),
                reservation_id: (b > 5).then(|| ReservationId::new(id(b))),
                reservation_status: (b > 5).then_some(ReservationStatus::Reserved),
                from: (b > 5).then(|| day(b)),
                until: (b > 8).then(|| day(b + 1)),
                payment_id: (b > 7).then(|| PaymentId::new(id(c))),
                payment_status: (b > 7).then_some(PaymentStatus::Paid),
                review_cnt: c.into(),
                rating: Rating::average(u64::from(c) * 3, c.into()),
                occupant: (b > 9).then(|| ReservationId::new(id(b))),
            };
            told(tx.put_view(&row)?)
        }
        22 if b < 4 => told(tx.clear_views()?),
        22 => told(tx.remove_view(StorageId::new(id(a) * 3))?),
        23 => {
            let row = ConsumerRow {
                cursor: Sequence::new(b.into()),
                paused: c.is_multiple_of(2),
                attempts: c.into(),
                retry_at: (c > 5).then(|| at(b)),
                last_error: (c > 6).then(|| "away".to_owned()),
                lease: (c > 8).then(|| Lease { owner: Key::new(c.into()), until: at(c) }),
                ..ConsumerRow::new(["view", "own", "message"][usize::from(a) % 3])
            };
            told(tx.put_consumer(&row)?)
        }
        24 => {
            let known = tx.dead_letter(id(a))?.filter(|_| c < 9);
            let letter = match known {
                Some(letter) => {
                    let open = letter.closed_at.is_some();
                    let (closed_at, resolution) =
                        if open { (None, None) } else { (Some(at(c)), Some("done".to_owned())) };
                    DeadLetter { closed_at, resolution, ..letter }
                }
                None => DeadLetter {
                    dead_letter_id: tx.next_dead_letter_id()?,
                    subject: match b % 4 {
                        0 => DeadSubject::Effect { effect_id: EffectId::new(id(b)), action: "refund".to_owned() },
                        _ => DeadSubject::Event {
                            consumer: ["view", "own"][usize::from(b) % 2].to_owned(),
                            sequence: Sequence::new(c.into()),
                            key: format!("storage:{}", b % 3),
                        },
                    },
                    reason: "no".to_owned(),
                    parked_at: at(b),
                    closed_at: None,
                    resolution: None,
                },
            };
            told(tx.put_dead_letter(&letter)?)
        }
        25 => told(tx.put_idempotency(&IdempotencyRow {
            scope: NAMES[usize::from(a) % 3].to_owned(),
            command: "reserve".to_owned(),
            key: format!("key-{}", b % 3).parse().unwrap(),
            body: format!("body {c}"),
            reservation_id: ReservationId::new(id(c)),
        })?),
        26 => {
            let mut settings = tx.settings()?;
            settings.hold_minutes = u32::from(a) + 1;
            told(tx.put_settings(&settings)?)
        }
        _ => told(tx.add_channel(CHANNELS[usize::from(a) % 3])?),
    }
}

/// A hold with its payment; looked for rivals before, or not.
fn hold(tx: &mut dyn Transaction, blindly: bool, a: u8, b: u8, c: u8) -> Result<String, StoreError> {
    let (storage_id, period) = (StorageId::new(id(a) % 4 + 1), period(b, c));
    if !blindly && !tx.live_overlapping(storage_id, &period)?.is_empty() {
        return nothing();
    }
    let booking = Booking {
        reservation_id: tx.next_reservation_id()?,
        storage_id,
        customer: customer(a),
        period,
        price: Money::krw(i64::from(b) + 1),
        payment_id: tx.next_payment_id()?,
    };
    let key = Key::new(u128::from(booking.payment_id.get()) << 90);
    let correlation_id = trace(c, None).correlation_id;
    let terms =
        HoldTerms { hold_expires_at: at(c), pays_until: period.until(), correlation_id: correlation_id.clone() };
    let (reservation, created) = Reservation::place_hold(booking.clone(), terms);
    let created = tx.save_reservation(&reservation, created.into(), &trace(c, None))?;
    let (payment, requested) = Payment::request(booking, key, correlation_id);
    told((created, tx.save_payment(&payment, requested.into(), &trace(c, None).caused_by(created))?))
}

fn step_reservation(tx: &mut dyn Transaction, kind: u8, a: u8, b: u8, c: u8) -> Result<String, StoreError> {
    let of = ReservationId::new(id(a));
    let Ok(mut reservation) = Reservation::load(of, tx.reservation(of)?) else { return nothing() };
    let event = match (kind, b) {
        (9 | 10, _) => reservation.confirm(day(c)),
        (11, 0..4) => reservation.start(day(c)),
        (11, 4..8) => reservation.finish(day(c)),
        (11, _) => reservation.set_end(day(c), day(b - 8)).ok().flatten(),
        (12, 0..3) => reservation.reject("no"),
        (12, 3..6) => reservation.expire(at(c)),
        (12, 6..9) => reservation.cancel(day(c)).ok().flatten(),
        _ => reservation.complete_cancel(),
    };
    let Some(event) = event else { return nothing() };
    told(tx.save_reservation(&reservation, event.into(), &trace(c, None))?)
}

fn effect(tx: &mut dyn Transaction, is_new: bool, a: u8, b: u8, c: u8) -> Result<String, StoreError> {
    let row = match is_new {
        true => {
            let payment_id = PaymentId::new(id(b));
            let action = match a % 4 {
                0 => Action::Charge { payment_id },
                1 => Action::Void { payment_id },
                2 => Action::Refund { payment_id },
                _ => Action::Deliver {
                    message_id: MessageId::new(id(b)),
                    channel: CHANNELS[usize::from(c) % 3].to_owned(),
                },
            };
            EffectRow {
                effect_id: tx.next_effect_id()?,
                key: Key::new(u128::from(b % 3) << 100),
                action,
                status: EffectStatus::Due,
                attempts: 0,
                due_at: at(c),
                lease: None,
                correlation_id: trace(b, None).correlation_id,
                causation_id: Sequence::new(c.into()),
            }
        }
        false => {
            let Some(row) = tx.effect(EffectId::new(id(a)))? else { return nothing() };
            let is_charge = matches!(row.action, Action::Charge { .. });
            let (status, lease) = match b % 5 {
                0 => (EffectStatus::Due, None),
                1 => (EffectStatus::Leased, Some(Lease { owner: Key::new(c.into()), until: at(c) })),
                2 if is_charge => (EffectStatus::Unknown, None),
                2 | 3 => (EffectStatus::Parked, None),
                _ => (EffectStatus::Done, None),
            };
            EffectRow { status, lease, attempts: row.attempts + 1, due_at: at(c), ..row }
        }
    };
    told(tx.put_effect(&row)?)
}

const QUERIES: u8 = KINDS - 28;

fn ask<Q: Queries + ?Sized>(q: &mut Q, kind: u8, a: u8, b: u8, c: u8) -> Result<String, StoreError> {
    let page = page(a, b);
    let channels = [None, Some(vec![]), Some(vec!["mail".to_owned()]), Some(vec!["sms".to_owned(), "x".to_owned()])];
    let effects = EffectFilter { gateway: !b.is_multiple_of(3), channels: channels[usize::from(c) % 4].clone() };
    match kind {
        0 => told((q.settings()?, q.head()?, q.channels()?)),
        1 => {
            let correlation_id = (c < 6).then(|| trace(c, None).correlation_id);
            // From the beginning, or what came last.
            let after =
                if c.is_multiple_of(2) { page.after } else { q.head()?.sequence.get().saturating_sub(page.after / 3) };
            told(q.events(&EventFilter { correlation_id }, Page { after, ..page })?)
        }
        2 => {
            let since = Sequence::new(q.head()?.sequence.get().saturating_sub(b.into()));
            told(q.last_storage_cause(StorageId::new(id(a) % 4 + 1), since)?)
        }
        3 => told(q.check_log(10)?),
        4 => told(q.storage(StorageId::new(id(a)))?),
        5 => told(q.storages(page)?),
        6 => told(q.free_storages(&period(c, b), page)?),
        7 => told(q.reservation(ReservationId::new(id(a)))?),
        8 => {
            let filter = ReservationFilter {
                customer: (c.is_multiple_of(2)).then(|| customer(a)),
                storage_id: (c.is_multiple_of(3)).then(|| StorageId::new(id(b) % 4 + 1)),
                status: (c % 4 > 1).then(|| ReservationStatus::ALL[usize::from(a) % 7]),
            };
            told(q.reservations(&filter, page)?)
        }
        9 => told(q.live_overlapping(StorageId::new(id(a) % 4 + 1), &period(b, c))?),
        10 => told(q.overdue_holds(at(a), b.into())?),
        11 => told(q.holds_of(&customer(a), at(b), c.into())?),
        12 => told(q.due_rentals(day(a), b.into())?),
        13 => told((q.next_hold_expiry()?, q.next_rental_day()?)),
        14 => told(q.payment(PaymentId::new(id(a)))?),
        15 => told(q.payments(page)?),
        16 => told((q.review(ReviewId::new(id(a)))?, q.review_of(ReservationId::new(id(b)))?)),
        17 => {
            let storage_id = (c.is_multiple_of(2)).then(|| StorageId::new(id(c) % 4 + 1));
            told((q.reviews(&ReviewFilter { storage_id }, page)?, q.review_totals(StorageId::new(id(c) % 4 + 1))?))
        }
        18 => {
            let customer = (c.is_multiple_of(2)).then(|| customer(c));
            told((q.message(MessageId::new(id(a)))?, q.messages(&MessageFilter { customer }, page)?))
        }
        19 => {
            let head = q.head()?.sequence.get();
            let event = Sequence::new(head.saturating_sub(u64::from(b % 3)));
            told(q.was_told(ReservationId::new(id(a)), event, CHANNELS[usize::from(c) % 3])?)
        }
        20 => told(q.view(StorageId::new(id(a) * 3))?),
        21 => {
            let status = [None, Some(StorageStatus::Available), Some(StorageStatus::Reserved)][usize::from(c) % 3];
            told(q.views(&ViewFilter { status }, page)?)
        }
        22 => told(q.effect(EffectId::new(id(a)))?),
        23 => {
            let kind = ["charge", "void", "refund", "deliver"][usize::from(a) % 4];
            told(q.effect_under(kind, Key::new(u128::from(b % 3) << 100))?)
        }
        24 => told((q.open_effects(&effects, at(a), page.limit)?, q.backlog()?)),
        25 => told((q.loose_charges(at(c), page)?, q.next_effect_at(&effects, at(a))?)),
        26 => told((q.consumer(["view", "own", "none"][usize::from(a) % 3])?, q.consumers()?)),
        27 => {
            let consumer = ["view", "own", "none"][usize::from(c) % 3];
            let key = (a.is_multiple_of(2)).then(|| format!("storage:{}", a % 3));
            let dead = (q.dead_letters(page)?, q.dead_letter(id(a))?, q.has_dead_events(consumer)?);
            told((dead, q.dead_events(consumer, key.as_deref(), page.limit)?))
        }
        28 => told(q.idempotency(NAMES[usize::from(a) % 3], "reserve", &format!("key-{}", b % 3).parse().unwrap())?),
        _ => told(q.counts()?),
    }
}

/// All answers to all questions, each in a few ways.
fn all_answers(store: &dyn Store) -> Vec<String> {
    let mut answers = Vec::new();
    store
        .read(&mut |q| {
            for kind in 0..QUERIES {
                for (a, b, c) in [(0, 11, 0), (1, 11, 3), (2, 2, 6), (5, 11, 9), (8, 11, 11), (11, 4, 2)] {
                    answers.push(format!("{kind} {a} {b} {c}: {:?}", ask(q, kind, a, b, c)));
                }
            }
        })
        .unwrap();
    answers
}

/// Plays a group of scripts, each submitted by itself, and answers what each was told.
fn group(store: &dyn Store, scripts: &[Script]) -> Vec<(usize, String)> {
    let notes = Notes::default();
    for (number, script) in scripts.iter().enumerate() {
        let play = Play { script: script.clone(), number, notes: Arc::clone(&notes) };
        store.submit(vec![Box::new(play)], WAIT);
    }
    store.drive();
    let mut notes = notes.lock().unwrap().clone();
    notes.sort_by_key(|(number, _)| *number);
    notes
}

fn same<T: PartialEq + Debug>(what: &str, memory: &[T], file: &[T]) -> Result<(), TestCaseError> {
    let differs = memory.iter().zip(file).find(|(memory, file)| memory != file);
    prop_assert!(differs.is_none() && memory.len() == file.len(), "{what}: memory and file differ: {differs:#?}");
    Ok(())
}

fn config() -> ProptestConfig {
    let asked_for = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: asked_for.unwrap_or(48), failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn both_stores_answer_alike(groups in proptest::collection::vec((scripts(), 0..2usize), 1..14)) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let files = [SqliteStore::open(&path).unwrap(), SqliteStore::open(&path).unwrap()];
        let (memory, mirrored) = (MemoryStore::new(), SqliteStore::in_memory().unwrap());
        for (n, (scripts, turn)) in groups.iter().enumerate() {
            let in_memory = group(&memory, scripts);
            same(&format!("works of group {n}"), &in_memory, &group(&files[*turn], scripts))?;
            same(&format!("works of group {n}, mirrored"), &in_memory, &group(&mirrored, scripts))?;
            if n % 4 == 3 || n + 1 == groups.len() {
                let answers = all_answers(&memory);
                same(&format!("readers after group {n}"), &answers, &all_answers(&files[1 - *turn]))?;
                same(&format!("readers after group {n}, mirrored"), &answers, &all_answers(&mirrored))?;
            }
        }
    }
}
