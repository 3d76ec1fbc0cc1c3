//! Groups, savepoints, waiting, and COMMITs that fail.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use storagerent_core::ports::write;

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
