use super::*;
use crate::shared::{CustomerId, Key, Money, PaymentId, StorageId};

fn day(n: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, n).unwrap()
}

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600 + minute * 60, 0).unwrap()
}

fn booking(from: u32, until: Option<u32>) -> Booking {
    Booking {
        reservation_id: ReservationId::new(1),
        storage_id: StorageId::new(1),
        customer: CustomerId::new("kim").unwrap(),
        period: Period::new(day(from), until.map(day)).unwrap(),
        price: Money::krw(59_000),
        payment_id: PaymentId::new(1),
    }
}

fn hold(from: u32, until: Option<u32>) -> Reservation {
    let terms = HoldTerms {
        hold_expires_at: HoldTerms::expiry(at(0), 10),
        pays_until: until.map(day),
        correlation_id: CorrelationId::from(Key::new(1)),
    };
    Reservation::place_hold(booking(from, until), terms).0
}

fn reserved(from: u32, until: Option<u32>, today: u32) -> Reservation {
    let mut reservation = hold(from, until);
    reservation.confirm(day(today)).unwrap();
    reservation
}

#[test]
fn a_confirmed_hold_is_reserved_and_paid() {
    let mut reservation = hold(5, Some(9));
    assert_eq!(reservation.row().paid_until, None, "null until paid");
    let event = reservation.confirm(day(5)).unwrap();
    assert!(matches!(event, ReservationEvent::ReservationConfirmed(e) if e.started));
    assert_eq!(reservation.row().reservation_status, ReservationStatus::Reserved);
    assert_eq!(reservation.row().paid_until, Some(day(9)));
    assert_eq!(reservation.row().hold_expires_at, None);
    assert_eq!(reservation.row().version, Version::new(2));
}

#[test]
fn a_rental_confirmed_before_its_first_day_has_not_started() {
    let mut reservation = hold(5, Some(9));
    assert!(matches!(reservation.confirm(day(4)), Some(ReservationEvent::ReservationConfirmed(e)) if !e.started));
    assert!(reservation.start(day(4)).is_none());
    assert!(reservation.start(day(5)).is_some());
    assert!(reservation.start(day(5)).is_none(), "only once");
}

#[test]
fn only_the_written_expiry_ends_a_hold() {
    let mut reservation = hold(5, None);
    assert!(reservation.expire(at(9)).is_none());
    assert!(reservation.is_overdue(at(10)) && reservation.hold_stands());
    assert!(reservation.clone().confirm(day(5)).is_some(), "overdue but not written: the money wins");
    assert!(reservation.expire(at(10)).is_some());
    assert!(reservation.confirm(day(5)).is_none());
    assert!(reservation.reject("late").is_none());
    assert_eq!(reservation.row().reservation_status, ReservationStatus::Expired);
}

#[test]
fn a_rejected_hold_stays_rejected() {
    let mut reservation = hold(5, None);
    assert!(reservation.reject("declined").is_some());
    assert!(reservation.reject("declined").is_none());
    assert!(reservation.confirm(day(5)).is_none());
    assert!(reservation.expire(at(99)).is_none());
    assert!(matches!(reservation.cancel(day(5)), Err(ReservationError::WrongState { .. })));
}

#[test]
fn cancelling_on_or_before_the_first_day_is_accepted_at_once() {
    for today in [1, 5] {
        let mut reservation = reserved(5, Some(9), today);
        assert!(reservation.cancel(day(today)).unwrap().is_some());
        assert_eq!(reservation.row().reservation_status, ReservationStatus::ReqCancel);
        assert!(reservation.row().reservation_status.is_live(), "blocked until refunded");
        assert_eq!(reservation.cancel(day(today)).unwrap(), None, "repeated, the same answer");
        assert!(reservation.complete_cancel().is_some());
        assert!(reservation.complete_cancel().is_none());
        assert_eq!(reservation.cancel(day(today)).unwrap(), None);
        assert!(!reservation.row().reservation_status.is_live());
    }
}

#[test]
fn cancelling_after_the_first_day_is_refused() {
    let mut reservation = reserved(5, Some(9), 5);
    assert!(matches!(reservation.cancel(day(6)), Err(ReservationError::FirstDayPast { .. })));
}

#[test]
fn cancelling_or_ending_a_hold_is_refused_as_unknown() {
    let mut reservation = hold(5, None);
    assert!(matches!(reservation.cancel(day(5)), Err(ReservationError::PaymentPending { .. })));
    assert!(matches!(reservation.set_end(day(7), day(5)), Err(ReservationError::PaymentPending { .. })));
    assert!(reservation.complete_cancel().is_none());
}

#[test]
fn an_end_is_set_or_brought_forward_but_never_put_off() {
    let mut open = reserved(5, None, 5);
    assert!(open.set_end(day(20), day(6)).unwrap().is_some());
    assert_eq!(open.row().booking.period.until(), Some(day(20)));
    assert_eq!(open.set_end(day(20), day(6)).unwrap(), None, "the old end again changes nothing");
    assert!(open.set_end(day(21), day(6)).is_err());
    assert!(open.set_end(day(19), day(6)).unwrap().is_some());
}

#[test]
fn an_end_before_today_or_not_after_the_first_day_is_refused() {
    let mut reservation = reserved(5, Some(20), 5);
    assert!(matches!(reservation.set_end(day(8), day(9)), Err(ReservationError::Invalid(_))));
    assert!(matches!(reservation.set_end(day(5), day(5)), Err(ReservationError::Invalid(_))));
    assert!(reservation.set_end(day(9), day(9)).unwrap().is_some(), "today is allowed after the first day");
}

#[test]
fn ending_a_cancelled_reservation_is_refused() {
    let mut reservation = reserved(5, Some(20), 5);
    reservation.cancel(day(5)).unwrap();
    assert!(matches!(reservation.set_end(day(9), day(6)), Err(ReservationError::WrongState { .. })));
    assert!(reservation.finish(day(20)).is_none(), "reqCancel does not end");
    assert!(reservation.start(day(20)).is_none(), "reqCancel does not start");
}

#[test]
fn a_rental_ends_on_its_first_free_day() {
    let mut reservation = reserved(5, Some(9), 5);
    assert!(reservation.finish(day(8)).is_none());
    assert!(reservation.finish(day(9)).is_some());
    assert!(reservation.finish(day(9)).is_none());
    assert_eq!(reservation.row().reservation_status, ReservationStatus::Completed);
    assert!(reserved(5, None, 5).finish(day(30)).is_none(), "open-ended");
}

#[test]
fn the_words_of_a_status_read_back() {
    for status in ReservationStatus::ALL {
        assert_eq!(ReservationStatus::parse(status.as_str()), Some(status));
    }
    assert_eq!(ReservationStatus::parse("paid"), None);
}
