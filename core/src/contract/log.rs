//! Facts about the log.

use std::sync::Arc;

use super::world::{
    Stored, asked, at, caused, correlation, flat, kept, new_hold, new_rental, new_review, new_storage, new_storage_id,
    paged, period, refused_as_corrupt, register, seen, step,
};
use super::world::{WAIT, day};
use crate::event::{AggregateKind, Envelope, Event, EventHash, Trace};
use crate::ports::{EventFilter, Head, Page, Store, StoreError, Transaction, write};
use crate::review::{Review, ReviewCreated, Stars};
use crate::shared::{Description, ReservationId, ReviewContent, Sequence, StorageId, Version};
use crate::storage::{ModifyStorage, Storage, StorageDeleted, StorageRegistered};

fn all(store: &Arc<dyn Store>) -> Vec<Envelope> {
    seen(store, |q| q.events(&EventFilter::default(), Page::default()))
}

/// A storage, a hold with its payment, a rental, and a review: events of every context.
fn some_events(tx: &mut dyn Transaction) -> Stored<()> {
    let storage = new_storage_id(tx, "강남 소형")?;
    new_hold(tx, storage, "kim", period(1, Some(3)), at(600))?;
    let rental = new_rental(tx, storage, "lee", period(3, None), day(3))?;
    new_review(tx, &rental, 4)?;
    Ok(())
}

pub(super) fn an_empty_log_ends_at_zero(store: &Arc<dyn Store>) {
    assert_eq!(seen(store, |q| q.head()), Head { sequence: Sequence::ZERO, hash: EventHash::ZERO });
    assert_eq!(all(store), []);
    assert_eq!(seen(store, |q| q.check_log(10)), []);
}

pub(super) fn the_log_is_gapless_and_its_chain_holds(store: &Arc<dyn Store>) {
    kept(store, some_events);
    let undone = write(store.as_ref(), WAIT, |tx| {
        some_events(tx)?;
        Err::<(), _>(StoreError::Other("on purpose".to_owned()))
    });
    assert!(undone.is_err());
    kept(store, some_events);
    let events = all(store);
    assert_eq!(events.len(), 14);
    let sequences: Vec<u64> = events.iter().map(|e| e.sequence.get()).collect();
    assert_eq!(sequences, (1..=14).collect::<Vec<_>>());
    let last = events.last().expect("there are events");
    assert_eq!(seen(store, |q| q.head()), Head { sequence: last.sequence, hash: last.hash });
    let hashes: std::collections::HashSet<_> = events.iter().map(|e| e.hash).collect();
    assert_eq!(hashes.len(), 14, "no two events share a hash");
    assert_eq!(seen(store, |q| q.check_log(10)), []);
}

pub(super) fn events_keep_what_they_were_raised_under(store: &Arc<dyn Store>) {
    let id = kept(store, |tx| new_storage_id(tx, "first"));
    kept(store, move |tx| {
        let mut storage = Storage::load(id, tx.storage(id)?).expect("the storage is there");
        let event = storage.occupy(ReservationId::new(7)).expect("it is free");
        let trace = Trace {
            correlation_id: correlation("second"),
            causation_id: Some(Sequence::new(1)),
            occurred_at: at(-86_400 * 30_000),
        };
        let sequence = tx.save_storage(&storage, event.into(), &trace)?;
        assert_eq!(sequence, Sequence::new(2), "saving says where the event is");
        assert_eq!(tx.head()?.sequence, sequence);
        let inside = tx.events(&EventFilter::default(), Page { after: 1, limit: None })?;
        assert_eq!(inside.len(), 1, "a work sees its own events");
        Ok(())
    });
    let events = all(store);
    let [first, second] = &events[..] else { panic!("two events were raised: {events:?}") };
    let description = Description::new("first").expect("a description");
    assert_eq!(first.event, Event::from(StorageRegistered { storage_id: id, description, rate: flat(59_000) }));
    assert_eq!((&first.correlation_id, first.causation_id), (&correlation("first"), None));
    assert_eq!((first.occurred_at, first.schema_version), (at(0), Event::SCHEMA_VERSION));
    assert_eq!((&second.correlation_id, second.causation_id), (&correlation("second"), Some(Sequence::new(1))));
    assert_eq!(second.occurred_at, at(-86_400 * 30_000), "moments before 1970 too, to the microsecond");
    assert_eq!((second.aggregate.kind, second.aggregate.id), (AggregateKind::Storage, id.get()));
    assert_eq!((first.aggregate_version, second.aggregate_version), (Version::new(1), Version::new(2)));
}

pub(super) fn events_of_every_kind_keep_what_they_were_raised_under(store: &Arc<dyn Store>) {
    let traces = [11, 12, 13].map(|n| Trace { occurred_at: at(n), ..caused(Sequence::new(n as u64 % 4 + 1)) });
    let (of_reservation, of_payment, of_review) = (traces[0].clone(), traces[1].clone(), traces[2].clone());
    let raised: Vec<(Sequence, Event)> = kept(store, move |tx| {
        let storage = new_storage_id(tx, "first")?;
        let (mut reservation, mut payment) = new_hold(tx, storage, "kim", period(1, None), at(600))?;
        let approved = Event::from(payment.approve(&reservation.row().booking, true).expect("it is open"));
        let confirmed = Event::from(reservation.confirm(day(1)).expect("it stands"));
        let (mut review, created) = Review::create(ReviewCreated {
            review_id: tx.next_review_id()?,
            reservation_id: reservation.row().booking.reservation_id,
            storage_id: storage,
            customer: reservation.row().booking.customer.clone(),
            rate: Stars::new(5).expect("1 to 5"),
            content: ReviewContent::new("좋아요").expect("a review"),
        });
        let created = Event::from(created);
        let mut raised = vec![
            (tx.save_payment(&payment, approved.clone(), &of_payment)?, approved),
            (tx.save_reservation(&reservation, confirmed.clone(), &of_reservation)?, confirmed),
            (tx.save_review(&review, created.clone(), &of_review)?, created),
        ];
        let deleted = Event::from(review.delete());
        raised.push((tx.save_review(&review, deleted.clone(), &of_review)?, deleted));
        Ok(raised)
    });
    let expected: Vec<_> = [(&traces[1], 2), (&traces[0], 2), (&traces[2], 1), (&traces[2], 2)]
        .into_iter()
        .zip(&raised)
        .map(|((trace, version), (sequence, event))| (*sequence, trace.clone(), event.clone(), Version::new(version)))
        .collect();
    let events = all(store);
    let found: Vec<_> = events[3..]
        .iter()
        .map(|e| {
            assert_eq!((e.aggregate, e.schema_version), (e.event.aggregate(), Event::SCHEMA_VERSION));
            let (correlation_id, causation_id, occurred_at) = (e.correlation_id.clone(), e.causation_id, e.occurred_at);
            let trace = Trace { correlation_id, causation_id, occurred_at };
            (e.sequence, trace, e.event.clone(), e.aggregate_version)
        })
        .collect();
    assert_eq!(found, expected, "saving says where the event is");
}

pub(super) fn the_events_of_a_request_are_found_however_they_were_kept(store: &Arc<dyn Store>) {
    let of = |name: &str| EventFilter { correlation_id: Some(correlation(name)) };
    let raise =
        |tx: &mut dyn Transaction, names: &[&str]| names.iter().try_for_each(|name| new_storage(tx, name).map(drop));
    for (names, keep) in [
        (&["a", "a", "b"][..], true),
        (&["b", "b"], true),
        // Another's work is undone between two of the same request.
        (&["b", "c"], false),
        (&["b", "a", "a", "c"], true),
        (&["c"], false),
        (&["c"], true),
        (&["a"], true),
    ] {
        let written = write(store.as_ref(), WAIT, move |tx| {
            let before = tx.events(&of("b"), Page::default())?.len();
            raise(tx, names)?;
            // Asked for, so that what was kept so far is where it is looked for; then some more.
            let inside = tx.events(&of("b"), Page::default())?.len();
            assert_eq!(inside, before + names.iter().filter(|name| **name == "b").count());
            raise(tx, &names[..1])?;
            if keep { Ok(()) } else { Err(StoreError::Other("on purpose".to_owned())) }
        });
        assert_eq!(written.is_ok(), keep);
    }
    let events = all(store);
    let name = |e: &Envelope| ["a", "b", "c"].into_iter().find(|name| e.correlation_id == correlation(name));
    let requests: String = events.iter().filter_map(name).collect();
    assert_eq!(requests, "aababbbbaacbccaa");
    for request in ["a", "b", "c", "nobody"] {
        let expected: Vec<_> = events.iter().filter(|e| e.correlation_id == correlation(request)).cloned().collect();
        paged(store, &expected, |e| e.sequence.get(), |q, page| q.events(&of(request), page));
        for after in 0..=events.len() as u64 {
            let page = Page { after, limit: Some(3) };
            let expected: Vec<_> = expected.iter().filter(|e| e.sequence.get() > after).take(3).cloned().collect();
            assert_eq!(seen(store, |q| q.events(&of(request), page)), expected, "{request} after {after}");
        }
    }
    assert_eq!(seen(store, |q| q.check_log(10)), []);
}

pub(super) fn events_are_read_in_pages_and_by_request(store: &Arc<dyn Store>) {
    kept(store, some_events);
    let events = all(store);
    paged(store, &events, |e| e.sequence.get(), |q, page| q.events(&EventFilter::default(), page));
    for request in ["kim", "lee", "review", "step", "nobody"] {
        let filter = EventFilter { correlation_id: Some(correlation(request)) };
        let expected: Vec<_> = events.iter().filter(|e| e.correlation_id == correlation(request)).cloned().collect();
        assert_eq!(expected.is_empty(), request == "nobody");
        paged(store, &expected, |e| e.sequence.get(), |q, page| q.events(&filter, page));
    }
}

pub(super) fn a_save_that_skips_or_repeats_a_version_is_refused(store: &Arc<dyn Store>) {
    let id = kept(store, |tx| new_storage_id(tx, "first"));
    refused_as_corrupt(store, "the first version a second time", move |tx| {
        let (storage, event) = Storage::register(id, register("again"));
        tx.save_storage(&storage, event.into(), &asked("again"))
    });
    refused_as_corrupt(store, "a version whose predecessor was not saved", move |tx| {
        let mut storage = Storage::load(id, tx.storage(id)?).expect("the storage is there");
        storage.occupy(ReservationId::new(1)).expect("it is free");
        let event = storage.release(ReservationId::new(1)).expect("it is occupied");
        tx.save_storage(&storage, event.into(), &asked("skipped"))
    });
    refused_as_corrupt(store, "a second version of what is not there", |tx| {
        let (mut storage, _) = Storage::register(StorageId::new(2), register("never saved"));
        let event = storage.delete();
        tx.save_storage(&storage, event.into(), &asked("never saved"))
    });
    refused_as_corrupt(store, "an event of another storage", move |tx| {
        let mut storage = Storage::load(id, tx.storage(id)?).expect("the storage is there");
        storage.delete();
        let other = StorageDeleted { storage_id: StorageId::new(2) };
        tx.save_storage(&storage, other.into(), &asked("another's"))
    });
    refused_as_corrupt(store, "an event of another reservation", move |tx| {
        let (mut one, _) = new_hold(tx, id, "kim", period(1, Some(2)), at(600))?;
        let (mut other, _) = new_hold(tx, id, "kim", period(2, None), at(600))?;
        one.confirm(day(1)).expect("it stands");
        let event = other.confirm(day(1));
        step(tx, &one, event)
    });
    refused_as_corrupt(store, "an event of another payment", move |tx| {
        let (one, mut payment) = new_hold(tx, id, "kim", period(1, Some(2)), at(600))?;
        let (other, mut others) = new_hold(tx, id, "kim", period(2, None), at(600))?;
        payment.approve(&one.row().booking, true).expect("it is open");
        let event = others.approve(&other.row().booking, true).expect("it is open");
        tx.save_payment(&payment, event.into(), &asked("kim"))
    });
    refused_as_corrupt(store, "an event of another review", move |tx| {
        let rentals = [
            new_rental(tx, id, "kim", period(1, Some(2)), day(1))?,
            new_rental(tx, id, "kim", period(2, None), day(2))?,
        ];
        let (mut one, mut other) = (new_review(tx, &rentals[0], 5)?, new_review(tx, &rentals[1], 5)?);
        one.delete();
        tx.save_review(&one, other.delete().into(), &asked("kim"))
    });
    refused_as_corrupt(store, "a reservation saved twice", move |tx| {
        let (mut reservation, _) = new_hold(tx, id, "kim", period(1, None), at(600))?;
        let confirmed = reservation.confirm(day(1));
        step(tx, &reservation, confirmed.clone())?;
        step(tx, &reservation, confirmed)
    });
    refused_as_corrupt(store, "a payment saved twice", move |tx| {
        let (reservation, mut payment) = new_hold(tx, id, "kim", period(1, None), at(600))?;
        let event = payment.approve(&reservation.row().booking, true).expect("it is open");
        tx.save_payment(&payment, event.clone().into(), &asked("kim"))?;
        tx.save_payment(&payment, event.into(), &asked("kim"))
    });
    refused_as_corrupt(store, "a review saved twice", move |tx| {
        let rental = new_rental(tx, id, "kim", period(1, None), day(1))?;
        let mut review = new_review(tx, &rental, 5)?;
        let event = review.delete();
        tx.save_review(&review, event.clone().into(), &asked("kim"))?;
        tx.save_review(&review, event.into(), &asked("kim"))
    });
    assert_eq!(all(store).len(), 1, "nothing of it was kept");
}

pub(super) fn a_refused_save_leaves_nothing_even_if_the_work_goes_on(store: &Arc<dyn Store>) {
    kept(store, |tx| {
        let storage = new_storage(tx, "first")?;
        let mut skipping = storage.clone();
        skipping.occupy(ReservationId::new(1)).expect("it is free");
        let event = skipping.release(ReservationId::new(1)).expect("it is occupied");
        assert!(tx.save_storage(&skipping, event.into(), &asked("refused")).is_err());
        new_storage(tx, "second")
    });
    let names: Vec<_> = all(store).iter().map(|e| (e.sequence.get(), e.event.event_type())).collect();
    assert_eq!(names, [(1, "StorageRegistered"), (2, "StorageRegistered")]);
    assert_eq!(seen(store, |q| q.check_log(10)), []);
}

pub(super) fn the_last_cause_of_a_storage_is_found(store: &Arc<dyn Store>) {
    let (one, two) = kept(store, |tx| {
        let (one, two) = (new_storage_id(tx, "one")?, new_storage_id(tx, "two")?);
        let (reservation, mut payment) = new_hold(tx, one, "kim", period(1, None), at(600))?;
        let approved = payment.approve(&reservation.row().booking, true).expect("it is open");
        tx.save_payment(&payment, approved.into(), &caused(Sequence::new(3)))?;
        Ok((one, two))
    });
    let cause = |id: StorageId| seen(store, move |q| q.last_storage_cause(id, Sequence::new(1)));
    assert_eq!(cause(one), None, "events of reservations and payments are not the storage's own");
    kept(store, move |tx| {
        let mut storage = Storage::load(one, tx.storage(one)?).expect("the storage is there");
        for (causing, occupy) in [(3, true), (5, false)] {
            let reservation = ReservationId::new(1);
            let event = if occupy { storage.occupy(reservation) } else { storage.release(reservation) };
            tx.save_storage(&storage, event.expect("a change").into(), &caused(Sequence::new(causing)))?;
        }
        assert_eq!(tx.last_storage_cause(one, Sequence::new(5))?, Some(Sequence::new(5)), "a work sees its own");
        let asked_for = ModifyStorage { withdrawn: Some(true), ..ModifyStorage::new(one) };
        let event = storage.modify(&asked_for).expect("no price").expect("a change");
        tx.save_storage(&storage, event.into(), &asked("manager"))
    });
    for cause in [4, 5] {
        refused_as_corrupt(store, "a second event of a storage by one cause, or by one before", move |tx| {
            let mut storage = Storage::load(one, tx.storage(one)?).expect("the storage is there");
            let event = storage.occupy(ReservationId::new(1)).expect("it is free");
            tx.save_storage(&storage, event.into(), &caused(Sequence::new(cause)))
        });
    }
    assert_eq!(cause(one), Some(Sequence::new(5)), "the latest cause, not the last event's");
    assert_eq!(seen(store, |q| q.last_storage_cause(one, Sequence::new(6))), None, "asked from later on");
    assert_eq!(cause(two), None);
}
