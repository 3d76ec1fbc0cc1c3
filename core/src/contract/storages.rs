//! Facts about storages.

use std::sync::Arc;

use super::world::{
    Stored, asked, at, day, kept, new_hold, new_rental, new_storage, new_storage_id, paged, period, seen, step,
};
use crate::event::Event;
use crate::ports::{Offers, Page, Store, Transaction};
use crate::shared::{Currency, Description, Money, Per, Rate, ReservationId, StorageId};
use crate::storage::{ModifyStorage, Rating, RegisterStorage, Storage, StorageEvent, StorageRow};

fn save(tx: &mut dyn Transaction, storage: &Storage, event: Option<StorageEvent>) -> Stored<()> {
    let event: Event = event.expect("the storage changes").into();
    tx.save_storage(storage, event, &asked("change"))?;
    assert_eq!(tx.storage(storage.row().storage_id)?.as_ref(), Some(storage.row()), "a work reads what it saved");
    Ok(())
}

/// Holds that each state is read as it was saved, inside the work and after it.
pub(super) fn storages_survive_in_every_state(store: &Arc<dyn Store>) {
    let states: [fn(&mut Storage) -> Option<StorageEvent>; 7] = [
        |s| s.take_reviews(3, Rating::average(14, 3)),
        |s| s.occupy(ReservationId::new(u64::from(u32::MAX))),
        |s| s.modify(&ModifyStorage { withdrawn: Some(true), ..ModifyStorage::new(s.row().storage_id) }).ok()?,
        |s| s.release(ReservationId::new(u64::from(u32::MAX))),
        |s| s.take_reviews(0, None),
        |s| {
            let change = ModifyStorage {
                description: Some(Description::new("🚚 '); DROP \"x\" \\").ok()?),
                price: Some(Money::new(i64::MAX, Currency::USD)),
                per: Some(Per::Day),
                ..ModifyStorage::new(s.row().storage_id)
            };
            s.modify(&change).ok()?
        },
        |s| Some(s.delete()),
    ];
    let id = kept(store, |tx| {
        let rate = Rate::new(Money::new(18_900, Currency::USD), Per::Month).expect("a price");
        let description = Description::new("강남 소형 1평").expect("a description");
        let (storage, event) = Storage::register(tx.next_storage_id()?, RegisterStorage { description, rate });
        save(tx, &storage, Some(event))?;
        Ok(storage.row().storage_id)
    });
    assert_eq!(seen(store, |q| q.storage(StorageId::new(99))), None);
    for state in states {
        let before = seen(store, |q| q.storage(id));
        let expected = kept(store, move |tx| {
            let mut storage = Storage::load(id, before).expect("it is not deleted yet");
            let event = state(&mut storage);
            save(tx, &storage, event)?;
            Ok(storage.row().clone())
        });
        assert_eq!(seen(store, |q| q.storage(id)), Some(expected));
    }
    assert!(seen(store, |q| q.storage(id)).is_some_and(|row| row.deleted), "a deleted storage can still be looked up");
}

pub(super) fn deleted_storages_are_in_no_list(store: &Arc<dyn Store>) {
    let rows = kept(store, |tx| {
        let mut rows = Vec::new();
        for name in ["a", "b", "c", "d"] {
            rows.push(new_storage(tx, name)?);
        }
        let event = rows[1].delete();
        save(tx, &rows[1], Some(event))?;
        let withdrawn = ModifyStorage { withdrawn: Some(true), ..ModifyStorage::new(rows[2].row().storage_id) };
        let event = rows[2].modify(&withdrawn).expect("no price");
        save(tx, &rows[2], event)?;
        Ok(rows)
    });
    let listed: Vec<StorageRow> = rows.iter().map(|s| s.row().clone()).filter(|row| !row.deleted).collect();
    assert_eq!(listed.len(), 3);
    paged(store, &listed, |row| row.storage_id.get(), |q, page| q.storages(page));
    let offer = |n: u64| seen(store, |q| q.offer(StorageId::new(n))).map(|offer| offer.offered);
    assert_eq!([offer(1), offer(2), offer(3), offer(9)], [Some(true), None, Some(false), None]);
}

pub(super) fn free_storages_have_no_live_reservation_in_the_period(store: &Arc<dyn Store>) {
    kept(store, |tx| {
        let ids: Vec<StorageId> = (0..6).map(|_| new_storage_id(tx, "one of six")).collect::<Stored<_>>()?;
        new_rental(tx, ids[0], "kim", period(5, Some(8)), day(0))?;
        new_hold(tx, ids[1], "kim", period(8, None), at(600))?;
        let (mut rejected, _) = new_hold(tx, ids[2], "kim", period(0, None), at(600))?;
        let event = rejected.reject("no money");
        step(tx, &rejected, event)?;
        let mut withdrawn = Storage::load(ids[3], tx.storage(ids[3])?).expect("it is there");
        let change = ModifyStorage { withdrawn: Some(true), ..ModifyStorage::new(ids[3]) };
        let event = withdrawn.modify(&change).expect("no price");
        save(tx, &withdrawn, event)?;
        let mut deleted = Storage::load(ids[4], tx.storage(ids[4])?).expect("it is there");
        let event = deleted.delete();
        save(tx, &deleted, Some(event))
    });
    let free = |from, until| -> Vec<u64> {
        let rows = seen(store, |q| q.free_storages(&period(from, until), Page::default()));
        rows.iter().map(|row| row.storage_id.get()).collect()
    };
    assert_eq!(free(0, Some(5)), [1, 2, 3, 6], "neighbours that touch leave it free");
    assert_eq!(free(5, Some(8)), [2, 3, 6]);
    assert_eq!(free(7, Some(9)), [3, 6]);
    assert_eq!(free(8, Some(9)), [1, 3, 6]);
    assert_eq!(free(0, None), [3, 6]);
    let rows = seen(store, |q| q.free_storages(&period(0, Some(5)), Page::default()));
    paged(store, &rows, |row| row.storage_id.get(), |q, page| q.free_storages(&period(0, Some(5)), page));
}
