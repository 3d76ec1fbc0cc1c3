//! Facts about works: their order, their savepoints, and what they are told.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::world::{Stored, WAIT, kept, new_storage, new_storage_id, piece, seen, submit};
use crate::consumer::ConsumerRow;
use crate::ports::{EventFilter, Page, Store, StoreError, Transaction, Verdict, write, write_all};
use crate::shared::{Lang, Sequence, StorageId};
use crate::storage::StorageError;

/// What works were told, by number.
type Told = Arc<Mutex<Vec<(u32, Stored<()>)>>>;

fn tell(told: &Told, number: u32) -> impl FnOnce(Stored<()>) + Send + 'static {
    let told = Arc::clone(told);
    move |outcome| told.lock().expect("nobody panics here").push((number, outcome))
}

fn told(told: &Told) -> Vec<(u32, Stored<()>)> {
    let mut told = told.lock().expect("nobody panics here").clone();
    told.sort_by_key(|(number, _)| *number);
    told
}

pub(super) fn works_of_a_submission_run_in_order_and_see_each_other(store: &Arc<dyn Store>) {
    let outcomes = Told::default();
    let group = (1..=5u32)
        .map(|n| {
            let run = move |tx: &mut dyn Transaction| {
                let before = tx.storages(Page::default()).expect("a work can read").len();
                assert_eq!(before, n as usize - 1, "work {n} sees what the works before it wrote");
                assert_eq!(new_storage_id(tx, "in order").expect("a work can write"), StorageId::new(n.into()));
                Verdict::Keep
            };
            piece(run, tell(&outcomes, n))
        })
        .collect();
    submit(store, group, WAIT);
    assert_eq!(told(&outcomes), (1..=5).map(|n| (n, Ok(()))).collect::<Vec<_>>());
    assert_eq!(seen(store, |q| q.storages(Page::default())).len(), 5);
}

pub(super) fn an_undone_work_leaves_nothing_and_its_neighbours_stand(store: &Arc<dyn Store>) {
    kept(store, |tx| tx.add_channel("mail"));
    let before = seen(store, |q| Ok((q.head()?, q.counts()?, q.settings()?, q.channels()?)));
    let undo = |tx: &mut dyn Transaction| {
        let id = new_storage_id(tx, "undone")?;
        let mut settings = tx.settings()?;
        settings.language = Lang::En;
        tx.put_settings(&settings)?;
        tx.put_consumer(&ConsumerRow::new("undone"))?;
        tx.add_channel("undone")?;
        assert!(tx.storage(id)?.is_some(), "a work sees its own rows");
        assert_eq!(tx.settings()?.language, Lang::En, "a work sees its own settings");
        assert!(tx.head()?.sequence > Sequence::ZERO, "a work sees its own events");
        Stored::Ok(())
    };
    let alone: Stored<()> = write(store.as_ref(), WAIT, move |tx| {
        undo(tx)?;
        Err(StoreError::Other("on purpose".to_owned()))
    });
    assert_eq!(alone, Err(StoreError::Other("on purpose".to_owned())));
    let after = seen(store, |q| Ok((q.head()?, q.counts()?, q.settings()?, q.channels()?)));
    assert_eq!(after, before, "nothing of an undone work is left");
    assert_eq!(seen(store, |q| q.consumer("undone")), None);

    let outcomes = Told::default();
    let keep = |n: u32, name: &'static str| {
        let run = move |tx: &mut dyn Transaction| {
            new_storage(tx, name).expect("a work can write");
            Verdict::Keep
        };
        piece(run, tell(&outcomes, n))
    };
    let undone = piece(
        move |tx| {
            undo(tx).expect("a work can write");
            Verdict::Undo
        },
        tell(&outcomes, 2),
    );
    submit(store, vec![keep(1, "before"), undone, keep(3, "after")], WAIT);
    assert_eq!(told(&outcomes), [(1, Ok(())), (2, Ok(())), (3, Ok(()))]);
    let names = seen(store, |q| q.storages(Page::default()));
    let names: Vec<_> = names.iter().map(|row| (row.storage_id.get(), row.description.as_str())).collect();
    assert_eq!(names, [(1, "before"), (2, "after")], "the neighbours stand, and no id is left out");
    assert_eq!(seen(store, |q| q.events(&EventFilter::default(), Page::default())).len(), 2);
    assert_eq!(seen(store, |q| q.check_log(10)), []);
    assert_eq!(seen(store, |q| q.settings()).language, Lang::Ko);
}

pub(super) fn ids_of_an_undone_work_are_given_out_again(store: &Arc<dyn Store>) {
    fn ids(tx: &mut dyn Transaction) -> Stored<[u64; 7]> {
        Ok([
            tx.next_storage_id()?.get(),
            tx.next_reservation_id()?.get(),
            tx.next_payment_id()?.get(),
            tx.next_review_id()?.get(),
            tx.next_message_id()?.get(),
            tx.next_effect_id()?.get(),
            tx.next_dead_letter_id()?.get(),
        ])
    }
    for _ in 0..2 {
        let undone = write(store.as_ref(), WAIT, |tx| match ids(tx) {
            Ok(ids) => Err::<(), _>(StoreError::Other(format!("{ids:?}"))),
            Err(error) => Err(error),
        });
        assert_eq!(undone, Err(StoreError::Other(format!("{:?}", [1; 7]))), "ids count from 1 and come again");
    }
    let first = kept(store, |tx| new_storage_id(tx, "first"));
    let second = kept(store, |tx| new_storage_id(tx, "second"));
    assert_eq!((first, second), (StorageId::new(1), StorageId::new(2)));
}

pub(super) fn every_work_is_told_once_kept_or_undone(store: &Arc<dyn Store>) {
    let outcomes = Told::default();
    let verdicts = [Verdict::Keep, Verdict::Undo, Verdict::Undo, Verdict::Keep];
    let group = (1..).zip(verdicts).map(|(n, verdict)| piece(move |_| verdict, tell(&outcomes, n))).collect();
    submit(store, group, WAIT);
    assert_eq!(told(&outcomes), (1..=4).map(|n| (n, Ok(()))).collect::<Vec<_>>(), "undone works are told Ok too");
    submit(store, vec![piece(|_| Verdict::Undo, tell(&outcomes, 5))], WAIT);
    store.drive();
    assert_eq!(told(&outcomes).len(), 5, "nobody is told twice");
    submit(store, Vec::new(), WAIT);
}

pub(super) fn a_read_or_write_inside_a_work_is_nested(store: &Arc<dyn Store>) {
    let inner = Arc::clone(store);
    kept(store, move |tx| {
        let read = inner.read(&mut |_| panic!("a read inside a work must not be done"));
        assert_eq!(read, Err(StoreError::Nested));
        let written = write(inner.as_ref(), WAIT, |tx| new_storage_id(tx, "nested"));
        assert_eq!(written, Err(StoreError::Nested));
        inner.drive();
        new_storage_id(tx, "outer")
    });
    let names = seen(store, |q| q.storages(Page::default()));
    assert_eq!(names.len(), 1, "the work itself stands");
    assert_eq!(names[0].description.as_str(), "outer");
}

pub(super) fn an_idle_store_serves_who_will_not_wait(store: &Arc<dyn Store>) {
    for n in 1..=20 {
        let id = write(store.as_ref(), Duration::ZERO, |tx| new_storage_id(tx, "at once"));
        assert_eq!(id, Ok(StorageId::new(n)), "nobody is ahead, so nobody has to wait");
    }
}

pub(super) fn driving_an_empty_queue_does_nothing(store: &Arc<dyn Store>) {
    store.drive();
    store.drive();
    assert_eq!(seen(store, |q| q.head()).sequence, Sequence::ZERO);
}

pub(super) fn a_refusal_is_told_as_it_was(store: &Arc<dyn Store>) {
    let refused: Result<(), StorageError> = write(store.as_ref(), WAIT, |tx| {
        new_storage(tx, "refused")?;
        Err(StorageError::NotFound { storage_id: StorageId::new(9) })
    });
    assert!(matches!(refused, Err(StorageError::NotFound { storage_id }) if storage_id == StorageId::new(9)));
    let outcomes = Told::default();
    let riding = piece(
        |tx| {
            new_storage(tx, "riding").expect("a riding work can write");
            Verdict::Keep
        },
        tell(&outcomes, 1),
    );
    let refused: Result<(), StorageError> = write_all(
        store.as_ref(),
        WAIT,
        |_| Err(StorageError::NotFound { storage_id: StorageId::new(9) }),
        vec![riding],
    );
    assert!(refused.is_err(), "the answer is the first work's, whatever rides along");
    assert_eq!(told(&outcomes), [(1, Ok(()))], "and it comes when all of the group was told");
    assert_eq!(seen(store, |q| q.storages(Page::default())).len(), 1, "what rides along stands without it");
}
