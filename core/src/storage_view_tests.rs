use super::*;
use crate::event::tests::{booking, every_event};
use crate::payment::{PaymentApproved, PaymentCancelled};
use crate::reservation::{
    RentalEndSet, RentalEnded, RentalStarted, ReservationCancelled, ReservationConfirmed, ReservationCreated,
};

/// Whether the event changes the row, and what the row is then.
fn folded(mut row: Option<StorageViewRow>, event: &Event) -> (bool, Option<StorageViewRow>) {
    (fold(&mut row, event), row)
}

fn changed(row: Option<StorageViewRow>, event: &Event) -> StorageViewRow {
    match folded(row, event) {
        (true, Some(row)) => row,
        other => panic!("there should be another row: {other:?}"),
    }
}

fn sample(event_type: &str) -> Event {
    every_event().into_iter().find(|e| e.event_type() == event_type).unwrap()
}

/// The row of a storage nothing has happened to.
fn fresh() -> StorageViewRow {
    changed(None, &sample("StorageRegistered"))
}

/// The row after these events; those that change nothing are passed over.
fn after(events: impl IntoIterator<Item = Event>) -> StorageViewRow {
    events.into_iter().fold(fresh(), |row, event| folded(Some(row), &event).1.expect("nobody removed it"))
}

fn booking_of(reservation: u64) -> Booking {
    Booking { reservation_id: ReservationId::new(reservation), payment_id: PaymentId::new(reservation), ..booking() }
}

fn created(reservation: u64) -> Event {
    let at = chrono::DateTime::from_timestamp(0, 0).unwrap();
    ReservationCreated { booking: booking_of(reservation), hold_expires_at: at, pays_until: None }.into()
}

fn confirmed(reservation: u64, started: bool) -> Event {
    ReservationConfirmed { booking: booking_of(reservation), started, paid_until: None }.into()
}

#[test]
fn a_registered_storage_is_available_and_shows_nobody() {
    let row = fresh();
    assert_eq!((row.storage_id, row.storage_status), (booking().storage_id, StorageStatus::Available));
    assert_eq!((row.price, row.review_cnt, row.rating), (Money::krw(59_000), 0, None));
    assert_eq!((row.reservation_id, row.payment_id, row.occupant), (None, None, None));
}

#[test]
fn events_of_a_storage_without_a_row_are_no_ops() {
    for event in every_event().into_iter().filter(|e| e.event_type() != "StorageRegistered") {
        assert_eq!(folded(None, &event), (false, None), "{event:?}");
    }
}

#[test]
fn a_deleted_storage_leaves_the_screen() {
    assert_eq!(folded(Some(fresh()), &sample("StorageDeleted")), (true, None));
}

#[test]
fn the_row_follows_the_storages_own_events() {
    let modified = after([sample("StorageModified")]);
    assert_eq!((modified.review_cnt, modified.rating), (2, Rating::average(9, 2)));
    let reserved = after([sample("StorageReserved")]);
    assert_eq!(reserved.storage_status, StorageStatus::Reserved);
    let cancelled = after([sample("StorageReserved"), sample("StorageCancelled")]);
    assert_eq!(cancelled.storage_status, StorageStatus::Available);
}

#[test]
fn reviews_change_nothing_until_the_storage_has_counted_them() {
    for review in ["ReviewCreated", "ReviewModified", "ReviewDeleted"] {
        assert_eq!(folded(Some(fresh()), &sample(review)), (false, Some(fresh())));
    }
}

#[test]
fn every_event_of_a_reservation_and_its_payment_shows_where_both_stand() {
    use PaymentStatus as P;
    use ReservationStatus as R;
    for event in every_event() {
        let expected = match &event {
            Event::Storage(_) | Event::Review(_) => continue,
            Event::Reservation(e) => match e {
                ReservationEvent::ReservationCreated(_) => (R::ReqReserve, None),
                ReservationEvent::ReservationConfirmed(_)
                | ReservationEvent::RentalStarted(_)
                | ReservationEvent::RentalEndSet(_) => (R::Reserved, Some(P::Paid)),
                ReservationEvent::RentalEnded(_) => (R::Completed, Some(P::Paid)),
                ReservationEvent::ReservationCancelRequested(_) => (R::ReqCancel, Some(P::Paid)),
                ReservationEvent::ReservationCancelled(_) => (R::Cancelled, Some(P::Cancelled)),
                ReservationEvent::ReservationRejected(_) => (R::Rejected, None),
                ReservationEvent::ReservationExpired(_) => (R::Expired, Some(P::Requested)),
            },
            Event::Payment(e) => match e {
                PaymentEvent::PaymentRequested(_) => (R::ReqReserve, Some(P::Requested)),
                PaymentEvent::PaymentApproved(e) if e.hold_stands => (R::ReqReserve, Some(P::Paid)),
                PaymentEvent::PaymentDeclined(e) if e.hold_stands => (R::ReqReserve, Some(P::Declined)),
                PaymentEvent::PaymentVoided(e) if e.hold_stands => (R::ReqReserve, Some(P::Voided)),
                PaymentEvent::PaymentCancelled(e) if e.cancels_reservation => (R::ReqCancel, Some(P::Cancelled)),
                PaymentEvent::PaymentApproved(_) => (R::Expired, Some(P::Paid)),
                PaymentEvent::PaymentDeclined(_) => (R::Expired, Some(P::Declined)),
                PaymentEvent::PaymentVoided(_) => (R::Expired, Some(P::Voided)),
                PaymentEvent::PaymentCancelled(_) => (R::Expired, Some(P::Cancelled)),
            },
        };
        let row = changed(Some(fresh()), &event);
        assert_eq!((row.reservation_status.unwrap(), row.payment_status), expected, "{event:?}");
        assert_eq!((row.reservation_id, row.payment_id), (Some(booking().reservation_id), Some(booking().payment_id)));
        assert_eq!((row.from, row.until), (Some(booking().period.from()), booking().period.until()));
    }
}

#[test]
fn what_happens_to_others_is_not_shown_while_a_rental_occupies_the_storage() {
    let ended = RentalEnded { booking: booking_of(1) }.into();
    let occupied = after([created(1), confirmed(1, true), created(2)]);
    assert_eq!(
        (occupied.reservation_id, occupied.occupant),
        (Some(ReservationId::new(1)), Some(ReservationId::new(1)))
    );
    let next = after([created(1), confirmed(1, true), created(2), ended, confirmed(2, false)]);
    assert_eq!((next.reservation_id, next.occupant), (Some(ReservationId::new(2)), None));
}

#[test]
fn a_rental_to_come_occupies_the_storage_from_its_start_on() {
    let to_come = after([created(1), confirmed(1, false), created(2)]);
    assert_eq!(to_come.reservation_id, Some(ReservationId::new(2)), "the last one touched");
    let started = after([created(1), confirmed(1, false), created(2), RentalStarted { booking: booking_of(1) }.into()]);
    assert_eq!((started.reservation_id, started.occupant), (Some(ReservationId::new(1)), Some(ReservationId::new(1))));
}

#[test]
fn a_cancellation_frees_the_storage_only_if_it_is_the_occupants() {
    let cancelled = |n| Event::from(ReservationCancelled { booking: booking_of(n) });
    let by_the_occupant = after([created(1), confirmed(1, true), cancelled(1)]);
    assert_eq!(
        (by_the_occupant.occupant, by_the_occupant.reservation_status),
        (None, Some(ReservationStatus::Cancelled))
    );
    let by_another = after([created(1), confirmed(1, true), created(2), cancelled(2)]);
    assert_eq!(by_another.occupant, Some(ReservationId::new(1)));
}

#[test]
fn a_payment_status_that_an_event_does_not_tell_stays_but_never_passes_to_another_reservation() {
    let approved = PaymentApproved { booking: booking_of(1), hold_stands: true }.into();
    let rejected =
        |n| Event::from(crate::reservation::ReservationRejected { booking: booking_of(n), reason: String::new() });
    let same = after([created(1), approved, rejected(1)]);
    assert_eq!(same.payment_status, Some(PaymentStatus::Paid));
    let refunded = PaymentCancelled { booking: booking_of(1), cancels_reservation: false }.into();
    let other = after([created(1), refunded, created(2)]);
    assert_eq!(other.payment_status, None);
}

#[test]
fn a_new_end_is_shown() {
    let day = |n| chrono::NaiveDate::from_ymd_opt(2026, 1, n).unwrap();
    let period = crate::shared::Period::new(day(5), Some(day(7))).unwrap();
    let end_set = RentalEndSet { booking: Booking { period, ..booking_of(1) }, previous_until: Some(day(9)) }.into();
    assert_eq!(after([created(1), confirmed(1, true), end_set]).until, Some(day(7)));
}

#[test]
fn an_event_that_changes_nothing_leaves_the_row_alone() {
    let row = after([created(1)]);
    assert_eq!(folded(Some(row.clone()), &created(1)), (false, Some(row)));
}
