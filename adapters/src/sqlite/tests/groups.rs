//! Groups, savepoints, waiting, and COMMITs that fail.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use storagerent_core::consumer::ConsumerRow;
use storagerent_core::effect::{Action, EffectRow, EffectStatus};
use storagerent_core::message::MessageRow;
use storagerent_core::payment::Payment;
use storagerent_core::ports::{EventFilter, MessageFilter, ViewFilter, write};
use storagerent_core::reservation::{HoldTerms, Reservation};
use storagerent_core::shared::{Booking, Key, Period};
use storagerent_core::storage::StorageStatus;
use storagerent_core::storage_view::StorageViewRow;
use storagerent_core::{CustomerId, ModifyStorage, ReservationId, Sequence};

use super::*;
use crate::sqlite::queue::{Batch, Queue};

fn commits(store: &SqliteStore) -> Arc<AtomicUsize> {
    let count = Arc::new(AtomicUsize::new(0));
    let counting = Arc::clone(&count);
    let hook = move || {
        counting.fetch_add(1, Ordering::SeqCst);
        false
    };
    store.writer().conn.commit_hook(Some(hook)).unwrap();
    count
}

#[test]
fn submissions_that_wait_together_share_one_commit() {
    let (_folder, store, _) = in_file();
    let (count, outcomes) = (commits(&store), Told::default());
    let names = ["a", "b", "c"];
    assert!(names.iter().all(|name| store.submit(vec![keeping(name, &outcomes)], WAIT)));
    store.drive();
    assert_eq!(told(&outcomes), names.map(|name| (name, Ok(()))));
    assert_eq!((count.load(Ordering::SeqCst), storages(&store)), (1, 3));
}

#[test]
fn a_group_is_bounded_but_a_submission_is_never_split() {
    let (_folder, store, _) = in_file();
    let (count, outcomes) = (commits(&store), Told::default());
    for works in [200, 56, 1, 300] {
        store.submit((0..works).map(|_| keeping("any", &outcomes)).collect(), WAIT);
    }
    store.drive();
    assert_eq!((count.load(Ordering::SeqCst), storages(&store)), (3, 557), "256, 1 and 300");
    assert_eq!(told(&outcomes).len(), 557);
}

/// A work that waits, and whose caller would lead.
struct WouldLead;

impl Work for WouldLead {
    fn run(&mut self, _: &mut dyn Transaction) -> Verdict {
        Verdict::Keep
    }

    fn take_over(&self) -> bool {
        true
    }

    fn done(self: Box<Self>, _: Result<(), StoreError>) {}
}

#[test]
fn who_is_asked_to_lead_can() {
    let queue = Queue::default();
    assert!(queue.push(Batch::new(vec![Box::new(WouldLead)], WAIT)));
    let leader = queue.lead().unwrap();
    assert!(queue.lead().is_none(), "one leads");
    assert!(leader.hand_over());
    assert!(queue.lead().is_some());
    let nobody = Queue::default();
    assert!(nobody.push(Batch::new(vec![keeping("any", &Told::default())], WAIT)));
    assert!(!nobody.lead().unwrap().hand_over(), "nobody waits who would");
}

#[test]
fn a_group_with_nothing_to_keep_does_not_commit() {
    let (_folder, store, _) = in_file();
    let (count, outcomes) = (commits(&store), Told::default());
    let undo = piece("undo", &outcomes, |tx| {
        register(tx).unwrap();
        Verdict::Undo
    });
    store.submit(vec![undo], WAIT);
    store.drive();
    assert_eq!((told(&outcomes), count.load(Ordering::SeqCst)), (vec![("undo", Ok(()))], 0));
    assert_eq!(storages(&store), 0);
}

#[test]
fn a_panic_or_undo_among_several_submissions_touches_only_itself() {
    let (_folder, store, _) = in_file();
    let outcomes = Told::default();
    let panics = piece("panics", &outcomes, |tx| {
        register(tx).unwrap();
        panic!("on purpose");
    });
    let undoes = piece("undoes", &outcomes, |tx| {
        register(tx).unwrap();
        Verdict::Undo
    });
    for work in [keeping("a", &outcomes), panics, keeping("b", &outcomes), undoes, keeping("c", &outcomes)] {
        store.submit(vec![work], WAIT);
    }
    store.drive();
    let aborted = Err(StoreError::Aborted("on purpose".to_owned()));
    assert_eq!(told(&outcomes), [("a", Ok(())), ("panics", aborted), ("b", Ok(())), ("undoes", Ok(())), ("c", Ok(()))]);
    assert_eq!(storages(&store), 3);
    assert_eq!(read(&store, |q| q.check_log(9)).unwrap(), []);
}

/// Gives a storage another description.
fn rename(tx: &mut dyn Transaction, id: StorageId, name: &str) {
    let mut storage = Storage::load(id, tx.storage(id).unwrap()).unwrap();
    let asked_for = ModifyStorage { description: Some(Description::new(name).unwrap()), ..ModifyStorage::new(id) };
    let event = storage.modify(&asked_for).unwrap().unwrap();
    tx.save_storage(&storage, event.into(), &trace()).unwrap();
}

fn name_of(q: &mut (impl Queries + ?Sized), id: StorageId) -> String {
    q.storage(id).unwrap().unwrap().description.as_str().to_owned()
}

fn names(q: &mut (impl Queries + ?Sized)) -> Vec<String> {
    q.storages(Page::default()).unwrap().into_iter().map(|row| row.description.as_str().to_owned()).collect()
}

#[test]
fn what_a_group_keeps_is_seen_by_its_later_works_whether_sqlite_has_it_or_not_and_undone_alone() {
    let (_folder, store, _) = in_file();
    register_many(&store, 2);
    let (one, two) = (StorageId::new(1), StorageId::new(2));
    let outcomes = Told::default();
    let keeps = piece("keeps", &outcomes, move |tx| {
        rename(tx, one, "kept");
        Verdict::Keep
    });
    // A list is asked of SQLite: what was kept before and what this one has kept is written for it.
    let undoes = piece("undoes", &outcomes, move |tx| {
        assert_eq!(name_of(tx, one), "kept");
        rename(tx, one, "undone");
        rename(tx, two, "undone");
        assert_eq!(names(tx), ["undone", "undone"]);
        rename(tx, one, "undone again");
        assert_eq!(name_of(tx, one), "undone again");
        register(tx).unwrap();
        assert_eq!(tx.head().unwrap().sequence.get(), 7);
        Verdict::Undo
    });
    let panics = piece("panics", &outcomes, move |tx| {
        assert_eq!((name_of(tx, one).as_str(), name_of(tx, two).as_str()), ("kept", "강남 소형 1평"));
        rename(tx, two, "broken");
        panic!("on purpose");
    });
    let looks = piece("looks", &outcomes, move |tx| {
        assert_eq!((name_of(tx, one).as_str(), name_of(tx, two).as_str()), ("kept", "강남 소형 1평"));
        rename(tx, two, "last");
        assert_eq!(names(tx), ["kept", "last"]);
        assert_eq!(tx.events(&EventFilter::default(), Page { after: 2, limit: None }).unwrap().len(), 2);
        Verdict::Keep
    });
    store.submit(vec![keeps, undoes, panics, looks], WAIT);
    store.drive();
    let aborted = Err(StoreError::Aborted("on purpose".to_owned()));
    assert_eq!(told(&outcomes), [("keeps", Ok(())), ("undoes", Ok(())), ("panics", aborted), ("looks", Ok(()))]);
    assert_eq!(read(&store, |q| Ok(names(q))).unwrap(), ["kept", "last"]);
    assert_eq!(read(&store, |q| q.check_log(9)).unwrap(), []);
}

#[test]
fn nothing_is_remembered_of_what_was_written_for_a_list_and_undone() {
    let (_folder, store, _) = in_file();
    let outcomes = Told::default();
    let (reservation_id, payment_id, effect_id) = (1.into(), 1.into(), 1.into());
    let all = move |q: &mut dyn Queries| {
        let reservation = q.reservation(reservation_id).unwrap().unwrap().reservation_status;
        let payment = q.payment(payment_id).unwrap().unwrap().payment_status;
        let effect = q.effect(effect_id).unwrap().unwrap().status;
        let view = q.view(1.into()).unwrap().unwrap().review_cnt;
        (reservation.as_str(), payment.as_str(), effect, view)
    };
    let before = ("reqReserve", "requested", EffectStatus::Due, 0);
    let keeps = piece("keeps", &outcomes, |tx| {
        let storage_id = register(tx).unwrap();
        let booking = Booking {
            reservation_id: tx.next_reservation_id().unwrap(),
            storage_id,
            customer: "kim".parse().unwrap(),
            period: Period::open_ended(trace().occurred_at.date_naive()).unwrap(),
            price: Money::krw(59_000),
            payment_id: tx.next_payment_id().unwrap(),
        };
        let correlation_id = trace().correlation_id;
        let terms = HoldTerms { hold_expires_at: trace().occurred_at, pays_until: None, correlation_id };
        let (hold, created) = Reservation::place_hold(booking.clone(), terms);
        tx.save_reservation(&hold, created.into(), &trace()).unwrap();
        let (payment, requested) = Payment::request(booking, Key::new(1), trace().correlation_id);
        let causation_id = tx.save_payment(&payment, requested.into(), &trace()).unwrap();
        let effect = EffectRow {
            effect_id: tx.next_effect_id().unwrap(),
            key: Key::new(1),
            action: Action::Charge { payment_id: payment.row().payment_id },
            status: EffectStatus::Due,
            attempts: 0,
            due_at: trace().occurred_at,
            lease: None,
            correlation_id: trace().correlation_id,
            causation_id,
        };
        tx.put_effect(&effect).unwrap();
        tx.put_view(&view(storage_id, 0)).unwrap();
        Verdict::Keep
    });
    let undoes = piece("undoes", &outcomes, move |tx| {
        let mut reservation = Reservation::load(reservation_id, tx.reservation(reservation_id).unwrap()).unwrap();
        let booking = reservation.row().booking.clone();
        let mut payment = Payment::load(payment_id, tx.payment(payment_id).unwrap()).unwrap();
        let approved = payment.approve(&booking, true).unwrap();
        tx.save_payment(&payment, approved.into(), &trace()).unwrap();
        let confirmed = reservation.confirm(booking.period.from()).unwrap();
        tx.save_reservation(&reservation, confirmed.into(), &trace()).unwrap();
        let effect = tx.effect(effect_id).unwrap().unwrap();
        tx.put_effect(&EffectRow { status: EffectStatus::Done, ..effect }).unwrap();
        tx.put_view(&view(booking.storage_id, 9)).unwrap();
        assert_eq!(tx.payments(Page::default()).unwrap().len(), 1);
        assert_eq!(all(tx), ("reserved", "paid", EffectStatus::Done, 9));
        Verdict::Undo
    });
    let looks = piece("looks", &outcomes, move |tx| {
        assert_eq!(all(tx), before);
        Verdict::Keep
    });
    store.submit(vec![keeps, undoes, looks], WAIT);
    store.drive();
    assert_eq!(told(&outcomes), [("keeps", Ok(())), ("undoes", Ok(())), ("looks", Ok(()))]);
    assert_eq!(read(&store, |q| Ok(all(q))).unwrap(), before);
}

fn view(storage_id: StorageId, review_cnt: u64) -> StorageViewRow {
    StorageViewRow {
        storage_id,
        storage_status: StorageStatus::Available,
        description: Description::new("강남 소형 1평").unwrap(),
        price: Money::krw(59_000),
        reservation_id: None,
        reservation_status: None,
        from: None,
        until: None,
        payment_id: None,
        payment_status: None,
        review_cnt,
        rating: None,
        occupant: None,
    }
}

#[test]
fn more_rows_of_the_view_than_are_remembered_are_each_as_they_were_put() {
    let (_folder, store, _) = in_file();
    let counted = write(&store, WAIT, |tx| {
        let all = ViewFilter::default();
        // From here on it is known which there are none of.
        tx.clear_views()?;
        (1..=3_000).try_for_each(|id| tx.put_view(&view(id.into(), 0)))?;
        assert_eq!(tx.views(&all, Page::first(1))?.len(), 1, "for a list they are written");
        (1..=3_000).try_for_each(|id| tx.put_view(&view(id.into(), id)))?;
        assert_eq!(tx.views(&all, Page::first(1))?.len(), 1);
        (1..=3_000).map(|id| Ok(tx.view(StorageId::new(id))?.map(|row| row.review_cnt))).collect()
    });
    let expected: Vec<_> = (1..=3_000).map(Some).collect();
    assert_eq!(counted, Ok::<_, StoreError>(expected));
}

#[test]
fn what_rides_along_and_cannot_be_written_is_undone_without_its_group() {
    struct Ride(Told);
    impl Work for Ride {
        fn run(&mut self, tx: &mut dyn Transaction) -> Verdict {
            for event in 1..=2 {
                let message = MessageRow {
                    message_id: tx.next_message_id().unwrap(),
                    reservation_id: ReservationId::new(1),
                    storage_id: StorageId::new(1),
                    customer: CustomerId::new("kim").unwrap(),
                    kind: "the same".to_owned(),
                    content: "안내".to_owned(),
                    event_sequence: Sequence::new(event),
                    channel: "inbox".to_owned(),
                    correlation_id: CorrelationId::new("test").unwrap(),
                };
                tx.add_message(&message).unwrap();
            }
            tx.put_consumer(&ConsumerRow { cursor: Sequence::new(2), ..ConsumerRow::new("message") }).unwrap();
            Verdict::Keep
        }

        fn rides_as(&self) -> Option<&'static str> {
            Some("message")
        }

        fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
            self.0.lock().unwrap().push(("ride", outcome));
        }
    }
    let (_folder, store, path) = in_file();
    let other = stranger(&path);
    other.execute_batch("CREATE UNIQUE INDEX strange ON messages (kind)").unwrap();
    let outcomes = Told::default();
    store.submit(vec![keeping("a", &outcomes), Box::new(Ride(Arc::clone(&outcomes))), keeping("b", &outcomes)], WAIT);
    store.drive();
    let mut outcomes = told(&outcomes);
    let (_, ride) = outcomes.remove(outcomes.iter().position(|(name, _)| *name == "ride").unwrap());
    assert!(matches!(&ride, Err(StoreError::Aborted(why)) if why.contains("UNIQUE")), "{ride:?}");
    assert_eq!(outcomes, [("a", Ok(())), ("b", Ok(()))]);
    assert_eq!(storages(&store), 2);
    let told =
        read(&store, |q| Ok((q.messages(&MessageFilter::default(), Page::default())?.len(), q.consumer("message")?)));
    assert_eq!(told.unwrap(), (0, None), "neither messages nor the cursor");
    other.execute_batch("DROP INDEX strange").unwrap();
    assert_eq!(read(&store, |q| q.check_log(9)).unwrap(), []);
}

#[test]
fn what_rides_along_and_meets_what_another_ride_could_not_write_is_undone_without_the_group() {
    struct Ride(&'static str, Told);
    impl Work for Ride {
        fn run(&mut self, tx: &mut dyn Transaction) -> Verdict {
            if self.0 == "looks" {
                // A list is asked of SQLite, which is told of what was kept before.
                return tx
                    .messages(&MessageFilter::default(), Page::default())
                    .map_or(Verdict::Undo, |_| Verdict::Keep);
            }
            tx.put_consumer(&ConsumerRow { cursor: Sequence::new(2), ..ConsumerRow::new(self.0) }).unwrap();
            let message = MessageRow {
                message_id: tx.next_message_id().unwrap(),
                reservation_id: ReservationId::new(1),
                storage_id: StorageId::new(1),
                customer: CustomerId::new("kim").unwrap(),
                kind: "strange".to_owned(),
                content: "안내".to_owned(),
                event_sequence: Sequence::new(1),
                channel: "inbox".to_owned(),
                correlation_id: CorrelationId::new("test").unwrap(),
            };
            tx.add_message(&message).unwrap();
            Verdict::Keep
        }

        fn rides_as(&self) -> Option<&'static str> {
            Some(self.0)
        }

        fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
            self.1.lock().unwrap().push((self.0, outcome));
        }
    }
    let (_folder, store, path) = in_file();
    let other = stranger(&path);
    other.execute_batch("CREATE UNIQUE INDEX strange ON messages (kind) WHERE kind = 'strange'").unwrap();
    other.execute_batch("INSERT INTO messages VALUES (9, 9, 9, 'lee', 'strange', 'x', 9, 'inbox', 'test')").unwrap();
    let outcomes = Told::default();
    let ride = |name| Box::new(Ride(name, Arc::clone(&outcomes))) as Box<dyn Work>;
    store.submit(vec![keeping("a", &outcomes), ride("keeps"), ride("looks"), ride("last")], WAIT);
    store.submit(vec![keeping("b", &outcomes)], WAIT);
    store.drive();
    let (rides, works): (Vec<_>, Vec<_>) =
        told(&outcomes).into_iter().partition(|(name, _)| ["keeps", "looks", "last"].contains(name));
    assert_eq!(works, [("a", Ok(())), ("b", Ok(()))]);
    let aborted = |outcome: &Result<(), StoreError>| matches!(outcome, Err(StoreError::Aborted(_)));
    assert!(rides.len() == 3 && rides.iter().all(|(_, outcome)| aborted(outcome)), "{rides:?}");
    assert_eq!(storages(&store), 2);
    assert_eq!(read(&store, |q| q.consumers()).unwrap(), [], "no cursor moved");
    other.execute_batch("DELETE FROM messages; DROP INDEX strange").unwrap();
    register_many(&store, 1);
    assert_eq!(read(&store, |q| q.check_log(9)).unwrap(), []);
}

#[test]
fn who_waits_too_long_for_another_process_is_told_busy_and_the_others_go_on_waiting() {
    let (_folder, store, path) = in_file();
    let other = stranger(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let outcomes = Told::default();
    store.submit(vec![keeping("patient", &outcomes)], WAIT);
    store.submit(vec![keeping("hasty", &outcomes)], Duration::from_millis(50));
    std::thread::scope(|threads| {
        let began = Instant::now();
        threads.spawn(|| store.drive());
        while told(&outcomes).is_empty() {
            assert!(began.elapsed() < WAIT, "the hasty one is told long before the lock is free");
            std::thread::sleep(Duration::from_millis(1));
        }
        let busy = Err(StoreError::Busy { retry_after: Duration::from_secs(1) });
        assert_eq!(told(&outcomes), [("hasty", busy)]);
        other.execute_batch("COMMIT").unwrap();
    });
    assert_eq!(told(&outcomes).last(), Some(&("patient", Ok(()))));
    assert_eq!(storages(&store), 1);
}

#[test]
fn who_does_not_wait_at_all_is_told_busy_at_once_when_the_file_is_locked() {
    let (_folder, store, path) = in_file();
    let other = stranger(&path);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let tried = write(&store, Duration::ZERO, register);
    assert!(matches!(tried, Err(StoreError::Busy { .. })), "{tried:?}");
    other.execute_batch("ROLLBACK").unwrap();
    assert!(write(&store, Duration::ZERO, register).is_ok());
}

#[test]
fn a_failed_commit_is_unknown_to_all_members_and_nothing_of_it_is_there() {
    let (_folder, store, _) = in_file();
    store.writer().conn.commit_hook(Some(|| true)).unwrap();
    let outcomes = Told::default();
    let panics = piece("panics", &outcomes, |_| panic!("on purpose"));
    store.submit(vec![keeping("a", &outcomes), panics], WAIT);
    store.submit(vec![piece("b", &outcomes, |_| Verdict::Undo)], WAIT);
    store.drive();
    let outcomes = told(&outcomes);
    assert!(matches!(outcomes[0], ("a", Err(StoreError::OutcomeUnknown(_)))), "{outcomes:?}");
    assert!(matches!(outcomes[1], ("panics", Err(StoreError::Aborted(_)))), "that is certain: {outcomes:?}");
    assert!(matches!(outcomes[2], ("b", Err(StoreError::OutcomeUnknown(_)))), "{outcomes:?}");
    store.writer().conn.commit_hook(None::<fn() -> bool>).unwrap();
    assert_eq!(storages(&store), 0);
    register_many(&store, 1);
    assert_eq!(storages(&store), 1, "the store goes on");
}

#[test]
fn a_full_disk_fails_the_whole_group_and_even_a_work_that_ignores_it_commits_nothing() {
    let (_folder, store, _) = in_file();
    register_many(&store, 1);
    let pages: i64 = store.writer().conn.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    store.writer().conn.pragma_update(None, "max_page_count", pages).unwrap();
    let outcomes = Told::default();
    let stubborn = piece("stubborn", &outcomes, |tx| {
        for _ in 0..1_000 {
            let _ = register(tx);
            let _ = tx.add_channel("late");
        }
        Verdict::Keep
    });
    let group = vec![keeping("a", &outcomes), stubborn, keeping("b", &outcomes)];
    store.submit(group, WAIT);
    store.drive();
    let full = told(&outcomes);
    // Either SQLite gave up the transaction, and all failed, or it undid a statement, and that work alone failed.
    match &full[..] {
        [("a", Err(_)), ("stubborn", Err(_)), ("b", Err(_))] => assert_eq!(storages(&store), 1),
        [("a", Ok(())), ("stubborn", Err(StoreError::Aborted(_))), ("b", Ok(()))] => assert_eq!(storages(&store), 3),
        other => panic!("{other:?}"),
    }
    assert_eq!(read(&store, |q| q.channels()).unwrap(), ["inbox"]);
    assert_eq!(read(&store, |q| q.check_log(9)).unwrap(), []);
    store.writer().conn.pragma_update(None, "max_page_count", 1 << 30).unwrap();
    let before = storages(&store);
    register_many(&store, 1);
    assert_eq!(storages(&store), before + 1, "the store goes on");
}

#[test]
fn a_transaction_given_up_by_sqlite_leaves_nothing_of_its_group() {
    let (_folder, store, _) = in_file();
    // Breaking off a statement that writes makes SQLite give up the whole transaction, as some I/O errors do.
    let breaks = Arc::new(AtomicUsize::new(0));
    let armed = Arc::clone(&breaks);
    store.writer().conn.progress_handler(1, Some(move || armed.load(Ordering::SeqCst) == 1)).unwrap();
    let outcomes = Told::default();
    let stubborn = piece("stubborn", &outcomes, move |tx| {
        register(tx).unwrap();
        breaks.store(1, Ordering::SeqCst);
        assert!(tx.add_channel("broken").is_err());
        breaks.store(0, Ordering::SeqCst);
        assert!(tx.add_channel("late").is_err(), "it would be committed by itself");
        assert!(register(tx).is_err());
        Verdict::Keep
    });
    store.submit(vec![keeping("a", &outcomes), stubborn], WAIT);
    store.submit(vec![keeping("b", &outcomes)], WAIT);
    store.drive();
    let outcomes = told(&outcomes);
    assert_eq!(outcomes.len(), 3);
    let gave_up = |outcome: &Result<(), StoreError>| matches!(outcome, Err(StoreError::Other(why)) if why.contains("interrupted"));
    assert!(outcomes.iter().all(|(_, outcome)| gave_up(outcome)), "{outcomes:?}");
    assert_eq!(storages(&store), 0);
    assert_eq!(read(&store, |q| q.channels()).unwrap(), ["inbox"]);
    register_many(&store, 1);
    assert_eq!(storages(&store), 1, "the store goes on");
}

#[test]
fn whoever_is_told_may_write_and_read_and_drive() {
    struct Chain {
        store: Arc<SqliteStore>,
        left: u32,
    }
    impl Work for Chain {
        fn run(&mut self, tx: &mut dyn Transaction) -> Verdict {
            register(tx).unwrap();
            Verdict::Keep
        }

        fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
            outcome.unwrap();
            let Chain { store, left } = *self;
            if left > 0 {
                let before = storages(&store);
                write(store.as_ref(), WAIT, register).unwrap();
                assert_eq!(storages(&store), before + 1);
                store.drive();
                store.submit(vec![Box::new(Chain { store: Arc::clone(&store), left: left - 1 })], WAIT);
            }
        }
    }
    for store in [SqliteStore::in_memory().unwrap(), in_file().1] {
        let store = Arc::new(store);
        store.submit(vec![Box::new(Chain { store: Arc::clone(&store), left: 3 })], WAIT);
        store.drive();
        assert_eq!(storages(&store), 7);
    }
}

#[test]
fn a_panic_of_whoever_is_told_keeps_nobody_else_from_being_told() {
    struct Panics;
    impl Work for Panics {
        fn run(&mut self, _: &mut dyn Transaction) -> Verdict {
            Verdict::Keep
        }

        fn done(self: Box<Self>, _: Result<(), StoreError>) {
            panic!("on purpose");
        }
    }
    let store = SqliteStore::in_memory().unwrap();
    let outcomes = Told::default();
    store.submit(vec![Box::new(Panics), keeping("a", &outcomes)], WAIT);
    store.drive();
    assert_eq!(told(&outcomes), [("a", Ok(()))]);
}

#[test]
fn a_panic_of_a_reader_leaves_the_store_usable() {
    for store in [SqliteStore::in_memory().unwrap(), in_file().1] {
        let read = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| store.read(&mut |_| panic!("on purpose"))));
        assert!(read.is_err());
        register_many(&store, 1);
        assert_eq!(storages(&store), 1);
    }
}

#[test]
fn a_read_or_write_inside_a_read_is_nested() {
    for store in [SqliteStore::in_memory().unwrap(), in_file().1] {
        let mut answers = Vec::new();
        store
            .read(&mut |_| {
                answers.push(store.read(&mut |_| {}));
                answers.push(write(&store, WAIT, register).map(drop));
                answers.push(store.info().map(drop));
            })
            .unwrap();
        assert_eq!(answers, [Err(StoreError::Nested), Err(StoreError::Nested), Err(StoreError::Nested)]);
    }
}

#[test]
fn two_stores_are_not_nested_in_each_other() {
    let (outer, inner) = (SqliteStore::in_memory().unwrap(), Arc::new(SqliteStore::in_memory().unwrap()));
    let inside = Arc::clone(&inner);
    write(&outer, WAIT, move |tx| {
        register(tx)?;
        write(inside.as_ref(), WAIT, register)
    })
    .unwrap();
    assert_eq!((storages(&outer), storages(&inner)), (1, 1));
}

#[test]
fn a_large_group_in_memory_goes_on_beside_readers() {
    let store = SqliteStore::in_memory().unwrap();
    let stop = AtomicUsize::new(0);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            while stop.load(Ordering::SeqCst) == 0 {
                storages(&store);
            }
        });
        write(&store, WAIT, |tx| (0..5_000).try_for_each(|_| register(tx).map(drop))).unwrap();
        stop.store(1, Ordering::SeqCst);
    });
    assert_eq!(storages(&store), 5_000);
}

struct Ride {
    name: &'static str,
    stands_for: usize,
    ran: Arc<AtomicUsize>,
    told: Told,
}

impl Work for Ride {
    fn run(&mut self, tx: &mut dyn Transaction) -> Verdict {
        assert_eq!(tx.storages(Page::default()).unwrap().len(), 3, "what it rides with has been done");
        self.ran.fetch_add(self.stands_for, Ordering::SeqCst);
        Verdict::Keep
    }

    fn rides_as(&self) -> Option<&'static str> {
        Some(self.name)
    }

    fn stand_for(&mut self, works: usize) {
        self.stands_for = works;
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        self.told.lock().unwrap().push((self.name, outcome));
    }
}

#[test]
fn what_rides_runs_once_for_the_whole_group_after_it() {
    let (_folder, store, _) = in_file();
    let (ran, outcomes) = ([Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))], Told::default());
    for name in ["a", "b", "c"] {
        let ride = |n: usize, rides| {
            let (ran, told) = (Arc::clone(&ran[n]), Arc::clone(&outcomes));
            Box::new(Ride { name: rides, stands_for: 0, ran, told }) as Box<dyn Work>
        };
        store.submit(vec![keeping(name, &outcomes), ride(0, "first"), ride(1, "second")], WAIT);
    }
    store.drive();
    assert_eq!(ran.map(|ran| ran.load(Ordering::SeqCst)), [3, 3], "once each, for three");
    let names: Vec<_> = told(&outcomes).into_iter().map(|(name, outcome)| (name, outcome == Ok(()))).collect();
    let first = ["a", "b", "c", "first", "first", "first", "second", "second", "second"];
    assert_eq!(names, first.map(|name| (name, true)));
}

#[test]
fn what_is_remembered_is_undone_with_its_work_and_forgotten_when_others_write() {
    let (_folder, store, path) = in_file();
    let other = SqliteStore::open(&path).unwrap();
    for round in 1..=3 {
        write(&store, WAIT, register).unwrap();
        let refused = write(&store, WAIT, |tx| {
            register(tx)?;
            Err::<(), _>(StoreError::Other("refused".to_owned()))
        });
        assert!(refused.is_err());
        write(&other, WAIT, register).unwrap();
        assert_eq!(storages(&store), 2 * round);
        let head = write(&store, WAIT, |tx| tx.head()).unwrap();
        assert_eq!(head.sequence.get(), 2 * round as u64);
        assert_eq!(read(&store, |q| q.check_log(9)).unwrap(), []);
    }
}
