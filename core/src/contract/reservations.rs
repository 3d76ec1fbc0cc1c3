//! Facts about reservations and payments.

use std::sync::Arc;

use super::world::{
    Stored, asked, at, customer, day, kept, new_hold, new_rental, new_storage_id, paged, period, refused_as_corrupt,
    seen, step,
};
use crate::payment::{Payment, PaymentEvent, PaymentRow, PaymentStatus};
use crate::ports::{Bookings, ReservationFilter, Store, Transaction};
use crate::reservation::{Reservation, ReservationEvent, ReservationRow, ReservationStatus};
use crate::shared::{Booking, PaymentId, ReservationId, StorageId};

type Step = fn(&mut Reservation) -> Option<ReservationEvent>;

/// Ways through all states, from a hold on.
const WAYS: &[&[Step]] = &[
    &[|r| r.confirm(day(5)), |r| r.cancel(day(5)).ok()?, |r| r.complete_cancel()],
    &[|r| r.confirm(day(0)), |r| r.start(day(5)), |r| r.set_end(day(7), day(6)).ok()?, |r| r.finish(day(7))],
    &[|r| r.reject("no money")],
    &[|r| r.expire(at(600))],
];

pub(super) fn reservations_survive_in_every_state(store: &Arc<dyn Store>) {
    let mut statuses = Vec::new();
    for until in [None, Some(9)] {
        for way in WAYS {
            let hold = kept(store, move |tx| {
                let storage = new_storage_id(tx, "one each")?;
                Ok(new_hold(tx, storage, "김 \"kim\"", period(5, until), at(600))?.0)
            });
            let id = hold.row().booking.reservation_id;
            assert_eq!(seen(store, |q| q.reservation(id)).as_ref(), Some(hold.row()));
            for take in *way {
                let expected = kept(store, move |tx| {
                    let mut reservation = Reservation::load(id, tx.reservation(id)?).expect("it is there");
                    let event = take(&mut reservation);
                    step(tx, &reservation, event)?;
                    assert_eq!(tx.reservation(id)?.as_ref(), Some(reservation.row()), "a work reads what it saved");
                    Ok(reservation.row().clone())
                });
                statuses.push(expected.reservation_status);
                assert_eq!(seen(store, |q| q.reservation(id)), Some(expected));
            }
        }
    }
    let missed: Vec<_> = ReservationStatus::ALL.iter().filter(|s| !statuses.contains(s)).collect();
    assert_eq!(missed, [&ReservationStatus::ReqReserve], "the ways lead through all states");
    assert_eq!(seen(store, |q| q.reservation(ReservationId::new(99))), None);
}

pub(super) fn reservations_are_filtered_and_paged(store: &Arc<dyn Store>) {
    let all: Vec<ReservationRow> = kept(store, |tx| {
        let storages = [new_storage_id(tx, "one")?, new_storage_id(tx, "two")?];
        let mut rows = Vec::new();
        for n in 0..8u64 {
            let who = if n % 2 == 0 { "kim" } else { "lee" };
            let (mut reservation, _) =
                new_hold(tx, storages[usize::from(n >= 3)], who, period(n, Some(n + 1)), at(600))?;
            let event = match n {
                0 | 4 | 5 => reservation.confirm(day(0)),
                6 => reservation.reject("no money"),
                _ => None,
            };
            if event.is_some() {
                step(tx, &reservation, event)?;
            }
            rows.push(reservation.row().clone());
        }
        Ok(rows)
    });
    let customers = [None, Some(customer("kim")), Some(customer("lee")), Some(customer("choi"))];
    let storages = [None, Some(StorageId::new(1)), Some(StorageId::new(2)), Some(StorageId::new(3))];
    let statuses = [None, Some(ReservationStatus::Reserved), Some(ReservationStatus::ReqReserve)];
    for customer in &customers {
        for storage_id in storages {
            for status in statuses {
                let filter = ReservationFilter { customer: customer.clone(), storage_id, status };
                let expected: Vec<_> = all
                    .iter()
                    .filter(|row| customer.as_ref().is_none_or(|c| *c == row.booking.customer))
                    .filter(|row| storage_id.is_none_or(|id| id == row.booking.storage_id))
                    .filter(|row| status.is_none_or(|s| s == row.reservation_status))
                    .cloned()
                    .collect();
                paged(
                    store,
                    &expected,
                    |row| row.booking.reservation_id.get(),
                    |q, page| q.reservations(&filter, page),
                );
            }
        }
    }
}

pub(super) fn payments_survive_in_every_state(store: &Arc<dyn Store>) {
    type Change = fn(&mut Payment, &Booking) -> Option<PaymentEvent>;
    let ways: [&[Change]; 4] = [
        &[],
        &[|p, b| p.approve(b, true), |p, b| p.refund(b, true)],
        &[|p, b| p.decline(b, true, "no")],
        &[|p, b| p.void(b, false, "refused")],
    ];
    let mut rows: Vec<PaymentRow> = Vec::new();
    let mut statuses = vec![PaymentStatus::Requested];
    for way in ways {
        let (reservation, payment) = kept(store, |tx| {
            let storage = new_storage_id(tx, "one each")?;
            new_hold(tx, storage, "kim", period(1, None), at(600))
        });
        let (id, booking) = (payment.row().payment_id, reservation.row().booking.clone());
        assert_eq!(seen(store, |q| q.payment(id)).as_ref(), Some(payment.row()));
        let mut row = payment.row().clone();
        for change in way {
            let booking = booking.clone();
            row = kept(store, move |tx| {
                let mut payment = Payment::load(id, tx.payment(id)?).expect("it is there");
                let event = change(&mut payment, &booking).expect("the payment takes this step");
                tx.save_payment(&payment, event.into(), &asked("step"))?;
                assert_eq!(tx.payment(id)?.as_ref(), Some(payment.row()), "a work reads what it saved");
                Ok(payment.row().clone())
            });
            statuses.push(row.payment_status);
            assert_eq!(seen(store, |q| q.payment(id)).as_ref(), Some(&row));
        }
        rows.push(row);
    }
    assert!(PaymentStatus::ALL.iter().all(|status| statuses.contains(status)), "the ways lead through all states");
    paged(store, &rows, |row| row.payment_id.get(), |q, page| q.payments(page));
    assert_eq!(seen(store, |q| q.payment(PaymentId::new(99))), None);
}

fn overlapping(store: &Arc<dyn Store>, id: StorageId, from: u64, until: Option<u64>) -> Vec<u64> {
    let rows = seen(store, |q| q.live_overlapping(id, &period(from, until)));
    rows.iter().map(|row| row.booking.reservation_id.get()).collect()
}

pub(super) fn live_reservations_that_share_a_day_are_found(store: &Arc<dyn Store>) {
    let (id, quiet) = kept(store, |tx| {
        let (id, other) = (new_storage_id(tx, "asked about")?, new_storage_id(tx, "another")?);
        for way in WAYS {
            let (mut over, _) = new_hold(tx, id, "kim", period(5, None), at(600))?;
            for take in *way {
                let event = take(&mut over);
                step(tx, &over, event)?;
            }
            assert!(!over.row().reservation_status.is_live());
        }
        new_hold(tx, id, "kim", period(20, None), at(600))?;
        new_rental(tx, id, "kim", period(5, Some(8)), day(0))?;
        let mut to_cancel = new_rental(tx, id, "kim", period(10, Some(12)), day(0))?;
        let event = to_cancel.cancel(day(0)).expect("it has not begun");
        step(tx, &to_cancel, event)?;
        new_hold(tx, other, "kim", period(0, None), at(600))?;
        Ok((id, new_storage_id(tx, "without any")?))
    });
    assert_eq!(overlapping(store, id, 0, None), [6, 7, 5], "in order of their first day");
    assert_eq!(overlapping(store, id, 0, Some(5)), [0; 0], "a neighbour that touches shares no day");
    assert_eq!(overlapping(store, id, 8, Some(10)), [0; 0]);
    assert_eq!(overlapping(store, id, 12, Some(20)), [0; 0]);
    assert_eq!(overlapping(store, id, 4, Some(6)), [6]);
    assert_eq!(overlapping(store, id, 7, Some(8)), [6], "the last day");
    assert_eq!(overlapping(store, id, 7, Some(11)), [6, 7], "what is to be refunded is still in the way");
    assert_eq!(overlapping(store, id, 11, Some(21)), [7, 5]);
    assert_eq!(overlapping(store, id, 8, None), [7, 5]);
    assert_eq!(overlapping(store, id, 400, Some(401)), [5], "an open end has no last day");
    assert_eq!(overlapping(store, id, 400, None), [5]);
    assert_eq!(overlapping(store, quiet, 0, None), [0; 0]);
    let live = |n| seen(store, move |q| q.live_booking(StorageId::new(n))).map(ReservationId::get);
    assert_eq!([live(id.get()), live(quiet.get())], [Some(6), None]);
}

pub(super) fn an_end_brought_forward_frees_the_days_behind_it(store: &Arc<dyn Store>) {
    let end = |tx: &mut dyn Transaction, mut rental: Reservation, on: u64| -> Stored<()> {
        let event = rental.set_end(day(on), day(0)).expect("an end after the first day");
        step(tx, &rental, event).map(drop)
    };
    let id = kept(store, move |tx| {
        let id = new_storage_id(tx, "asked about")?;
        let open = new_rental(tx, id, "kim", period(20, None), day(0))?;
        let closed = new_rental(tx, id, "kim", period(5, Some(8)), day(0))?;
        assert_eq!(tx.live_overlapping(id, &period(7, Some(21)))?.len(), 2, "a work sees its own");
        end(tx, open, 30)?;
        end(tx, closed, 7)?;
        assert_eq!(tx.live_overlapping(id, &period(7, Some(20)))?.len(), 0, "a work sees its own");
        Ok(id)
    });
    assert_eq!(overlapping(store, id, 7, Some(20)), [0; 0]);
    assert_eq!(overlapping(store, id, 29, None), [1]);
    assert_eq!(overlapping(store, id, 30, None), [0; 0]);
    assert_eq!(overlapping(store, id, 6, Some(7)), [2]);
}

pub(super) fn a_live_reservation_that_overlaps_another_is_refused(store: &Arc<dyn Store>) {
    let id = kept(store, |tx| {
        let id = new_storage_id(tx, "asked about")?;
        new_rental(tx, id, "kim", period(5, Some(8)), day(0)).map(|_| id)
    });
    let before = seen(store, |q| q.head());
    for days in [period(7, Some(9)), period(0, None), period(5, Some(8))] {
        refused_as_corrupt(store, "an overlap", move |tx| new_hold(tx, id, "lee", days, at(600)).map(drop));
    }
    assert_eq!(seen(store, |q| q.head()), before, "nothing is written of it");
    kept(store, move |tx| new_hold(tx, id, "lee", period(8, None), at(600)).map(drop));
    refused_as_corrupt(store, "an overlap with what the same work has kept", |tx| {
        let id = new_storage_id(tx, "free until then")?;
        assert_eq!(tx.live_overlapping(id, &period(1, None))?, []);
        new_hold(tx, id, "kim", period(1, None), at(600))?;
        new_hold(tx, id, "lee", period(1, None), at(600)).map(drop)
    });
    refused_as_corrupt(store, "a period made longer than is free", move |tx| {
        let mut row = tx.reservation(ReservationId::new(1))?.expect("it is there");
        row.booking.period = period(5, Some(9));
        let mut longer = Reservation::load(ReservationId::new(1), Some(row)).expect("it is there");
        let event = longer.start(day(5));
        step(tx, &longer, event).map(drop)
    });
}
