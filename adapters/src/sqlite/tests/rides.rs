//! What rides along with a group: once for all of it, after it, and undone without it.

use std::sync::atomic::{AtomicUsize, Ordering};

use storagerent_core::consumer::ConsumerRow;
use storagerent_core::message::MessageRow;
use storagerent_core::ports::MessageFilter;
use storagerent_core::{CustomerId, ReservationId, Sequence};

use super::*;

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
