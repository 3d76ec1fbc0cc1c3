//! What is remembered of rows, and undone with the work that kept them.

use storagerent_core::ModifyStorage;
use storagerent_core::effect::{Action, EffectRow, EffectStatus};
use storagerent_core::payment::Payment;
use storagerent_core::ports::{EventFilter, ViewFilter, write};
use storagerent_core::reservation::{HoldTerms, Reservation};
use storagerent_core::shared::{Booking, Key, Period};
use storagerent_core::storage::StorageStatus;
use storagerent_core::storage_view::StorageViewRow;

use super::*;

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
