//! Facts that take two to show: panics, readers beside a writer, waiting, and many writers.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::world::{Stored, WAIT, asked, kept, new_storage, new_storage_id, piece, seen, submit};
use crate::ports::{Page, Store, StoreError, Transaction, Verdict};
use crate::shared::{Money, Sequence, StorageId, Version};
use crate::storage::{ModifyStorage, Storage};

pub(super) fn a_panic_undoes_its_work_alone(store: &Arc<dyn Store>) {
    let (tell, told) = channel();
    let panicking = piece(
        |tx| {
            new_storage(tx, "undone").expect("a work can write");
            panic!("on purpose, by the store contract")
        },
        {
            let tell = tell.clone();
            move |outcome| tell.send((2, outcome)).expect("the fact listens")
        },
    );
    let keep = |n: u32, name: &'static str| {
        let tell = tell.clone();
        piece(
            move |tx| {
                new_storage(tx, name).expect("a work can write");
                Verdict::Keep
            },
            move |outcome| tell.send((n, outcome)).expect("the fact listens"),
        )
    };
    submit(store, vec![keep(1, "before"), panicking, keep(3, "after")], WAIT);
    let mut outcomes: Vec<_> = (0..3).map(|_| told.recv_timeout(WAIT).expect("everybody is told")).collect();
    outcomes.sort_by_key(|(n, _)| *n);
    assert!(matches!(&outcomes[..], [(1, Ok(())), (2, Err(StoreError::Aborted(_))), (3, Ok(()))]), "{outcomes:?}");
    let names = seen(store, |q| q.storages(Page::default()));
    let names: Vec<_> = names.iter().map(|row| (row.storage_id.get(), row.description.as_str())).collect();
    assert_eq!(names, [(1, "before"), (2, "after")]);
    assert_eq!(kept(store, |tx| new_storage_id(tx, "later")), StorageId::new(3), "the store goes on");
    assert_eq!(seen(store, |q| q.check_log(10)), []);
}

pub(super) fn works_are_told_only_when_readers_see_them(store: &Arc<dyn Store>) {
    let (tell, told) = channel::<(Stored<()>, Sender<()>)>();
    let group = (0..3)
        .map(|_| {
            let tell = tell.clone();
            let run = |tx: &mut dyn Transaction| {
                new_storage(tx, "told").expect("a work can write");
                Verdict::Keep
            };
            let done = move |outcome: Stored<()>| {
                let (answer, answered) = channel();
                tell.send((outcome, answer)).expect("the reader listens");
                // The reader looks while this work is being told, and says itself what it saw.
                answered.recv_timeout(WAIT).expect("a reader is not kept waiting while works are told");
            };
            piece(run, done)
        })
        .collect();
    drop(tell);
    std::thread::scope(|threads| {
        let reader = threads.spawn(move || {
            let mut seen_when_told = Vec::new();
            while let Ok((outcome, answer)) = told.recv_timeout(WAIT) {
                seen_when_told.push((outcome, seen(store, |q| q.storages(Page::default())).len()));
                answer.send(()).expect("the work waits for the answer");
            }
            seen_when_told
        });
        submit(store, group, WAIT);
        let seen_when_told = reader.join().expect("the reader does not panic");
        assert_eq!(
            seen_when_told,
            [(Ok(()), 3), (Ok(()), 3), (Ok(()), 3)],
            "told once, when all of the group is there"
        );
    });
}

pub(super) fn readers_see_only_what_is_committed(store: &Arc<dyn Store>) {
    kept(store, |tx| new_storage_id(tx, "before"));
    let (ask, asked) = channel::<()>();
    let (answer, answered) = channel::<usize>();
    std::thread::scope(|threads| {
        threads.spawn(move || {
            asked.recv_timeout(WAIT).expect("the work asks");
            answer.send(seen(store, |q| q.storages(Page::default())).len()).expect("the work waits");
        });
        kept(store, move |tx| {
            new_storage(tx, "not yet")?;
            ask.send(()).expect("the reader listens");
            let rows = answered.recv_timeout(WAIT).expect("a reader is not kept waiting by a writer");
            assert_eq!(rows, 1, "what is not committed is not read");
            Ok(())
        });
    });
    assert_eq!(seen(store, |q| q.storages(Page::default())).len(), 2);
}

/// Runs `meanwhile` while a work of another thread is under way, and then lets that work end.
fn behind_another(store: &Arc<dyn Store>, meanwhile: impl FnOnce()) {
    let (began, has_begun) = channel::<()>();
    let (end, may_end): (Sender<()>, Receiver<()>) = channel();
    std::thread::scope(|threads| {
        let leader = threads.spawn(move || {
            kept(store, move |tx| {
                began.send(()).expect("the fact listens");
                may_end.recv_timeout(WAIT).expect("the fact lets it end");
                new_storage_id(tx, "leading")
            })
        });
        has_begun.recv_timeout(WAIT).expect("the work begins");
        meanwhile();
        end.send(()).expect("the work waits");
        assert_eq!(leader.join().expect("the leader does not panic"), StorageId::new(1));
    });
}

pub(super) fn who_will_not_wait_behind_others_is_told_busy(store: &Arc<dyn Store>) {
    let runs = Arc::new(AtomicU32::new(0));
    let (tell, told) = channel();
    behind_another(store, || {
        for wait_max in [Duration::ZERO, Duration::from_millis(1)] {
            let (runs, tell) = (Arc::clone(&runs), tell.clone());
            let run = move |_: &mut dyn Transaction| {
                runs.fetch_add(1, Ordering::SeqCst);
                Verdict::Keep
            };
            let queued = store.submit(vec![piece(run, move |o| tell.send(o).expect("the fact listens"))], wait_max);
            assert!(!queued, "another leads already");
        }
        // A channel that stays silent is the only way to let time pass here.
        let (_silent, silence) = channel::<()>();
        silence.recv_timeout(Duration::from_millis(50)).expect_err("nobody speaks");
    });
    for _ in 0..2 {
        let outcome = told.recv_timeout(WAIT).expect("everybody is told");
        assert!(
            matches!(outcome, Err(StoreError::Busy { retry_after }) if retry_after > Duration::ZERO),
            "{outcome:?}"
        );
    }
    assert_eq!(runs.load(Ordering::SeqCst), 0, "who is told Busy was not run");
}

pub(super) fn who_waits_behind_others_is_served(store: &Arc<dyn Store>) {
    let order = Arc::new(Mutex::new(Vec::new()));
    let (tell, told) = channel();
    behind_another(store, || {
        for n in 0..3 {
            let (order, tell) = (Arc::clone(&order), tell.clone());
            let run = move |_: &mut dyn Transaction| {
                order.lock().expect("nobody panics here").push(n);
                Verdict::Keep
            };
            store.submit(vec![piece(run, move |o| tell.send(o).expect("the fact listens"))], WAIT);
        }
    });
    for _ in 0..3 {
        assert_eq!(told.recv_timeout(WAIT), Ok(Ok(())));
    }
    assert_eq!(*order.lock().expect("nobody panics here"), [0, 1, 2], "in the order they were submitted");
}

pub(super) fn concurrent_writers_lose_nothing(store: &Arc<dyn Store>) {
    const THREADS: u64 = 8;
    const TIMES: u64 = 25;
    let id = kept(store, |tx| new_storage_id(tx, "contended"));
    std::thread::scope(|threads| {
        for _ in 0..THREADS {
            threads.spawn(|| {
                for _ in 0..TIMES {
                    kept(store, move |tx| {
                        let mut storage = Storage::load(id, tx.storage(id)?).expect("the storage is there");
                        let price = Money::krw(storage.row().rate.price().amount() + 1);
                        let dearer = ModifyStorage { price: Some(price), ..ModifyStorage::new(id) };
                        let event = storage.modify(&dearer).expect("a price").expect("a change");
                        tx.save_storage(&storage, event.into(), &asked("dearer"))
                    });
                }
            });
        }
    });
    let row = seen(store, |q| q.storage(id)).expect("the storage is there");
    assert_eq!(row.rate.price(), Money::krw(59_000 + (THREADS * TIMES) as i64));
    assert_eq!(row.version, Version::new(1 + THREADS * TIMES));
    assert_eq!(seen(store, |q| q.head()).sequence, Sequence::new(1 + THREADS * TIMES));
    assert_eq!(seen(store, |q| q.check_log(10)), []);
}
