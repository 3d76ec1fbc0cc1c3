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
fn whoever_has_another_version_in_mind_is_refused() {
    let reservation = reserved(1, None, 1);
    let version = reservation.row().version;
    assert_eq!(reservation.must_be_in(None), Ok(()));
    assert_eq!(reservation.must_be_in(Some(version)), Ok(()));
    let refused = reservation.must_be_in(Some(version.next())).unwrap_err();
    assert!(
        matches!(refused, ReservationError::Changed { expected, found, .. } if expected != found && found == version)
    );
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

#[test]
fn a_stored_reservation_is_taken_up_as_it_is_and_none_is_not_found() {
    let stored = reserved(5, Some(9), 5);
    let id = stored.row().booking.reservation_id;
    assert_eq!(Reservation::load(id, Some(stored.row().clone())), Ok(stored));
    assert_eq!(Reservation::load(id, None), Err(ReservationError::NotFound { reservation_id: id }));
}

#[test]
fn a_hold_may_be_ended_from_its_very_moment_on() {
    assert_eq!(HoldTerms::expiry(at(0), 10), at(10));
    let mut reservation = hold(5, None);
    assert_eq!(reservation.row().hold_expires_at, Some(at(10)));
    assert!(!reservation.is_overdue(at(9)) && reservation.is_overdue(at(10)));
    reservation.confirm(day(5)).unwrap();
    assert!(!reservation.is_overdue(at(99)), "a reservation that stands is no hold");
    assert_eq!(reservation.expire(at(99)), None);
}

#[test]
fn a_refusal_says_what_was_asked_of_which_reservation_and_where_it_stands() {
    let mut over = reserved(5, Some(9), 5);
    over.finish(day(9)).unwrap();
    let (reservation_id, status) = (ReservationId::new(1), ReservationStatus::Completed);
    let refused = |action| ReservationError::WrongState { reservation_id, status, action };
    assert_eq!(over.cancel(day(5)), Err(refused("cancelled")));
    assert_eq!(over.set_end(day(8), day(5)), Err(refused("ended")));
    let mut begun = reserved(5, Some(9), 5);
    assert_eq!(begun.cancel(day(6)), Err(ReservationError::FirstDayPast { reservation_id, from: day(5) }));
}

#[test]
fn the_event_of_a_new_end_says_what_the_end_was_before() {
    let mut open = reserved(5, None, 5);
    let event = open.set_end(day(6), day(5)).unwrap();
    assert!(matches!(event, Some(ReservationEvent::RentalEndSet(e)) if e.previous_until.is_none()));
    let event = reserved(5, Some(9), 5).set_end(day(8), day(5)).unwrap();
    assert!(matches!(event, Some(ReservationEvent::RentalEndSet(e)) if e.previous_until == Some(day(9))));
}

#[test]
fn an_end_beyond_the_year_9999_is_refused() {
    let mut open = reserved(5, None, 5);
    let beyond = NaiveDate::from_ymd_opt(10_000, 1, 1).unwrap();
    assert!(matches!(open.set_end(beyond, day(5)), Err(ReservationError::Invalid(_))));
    assert_eq!(open.row().booking.period.until(), None);
}

/// Every state a reservation can be in.
fn in_every_state() -> Vec<Reservation> {
    let mut asked = reserved(5, Some(9), 5);
    asked.cancel(day(5)).unwrap();
    let mut cancelled = asked.clone();
    cancelled.complete_cancel().unwrap();
    let mut completed = reserved(5, Some(9), 5);
    completed.finish(day(9)).unwrap();
    let mut rejected = hold(5, Some(9));
    rejected.reject("no funds").unwrap();
    let mut expired = hold(5, Some(9));
    expired.expire(at(10)).unwrap();
    vec![hold(5, Some(9)), reserved(5, Some(9), 5), asked, cancelled, completed, rejected, expired]
}

#[test]
fn only_holds_reservations_and_cancellations_under_way_block_their_days() {
    let live: Vec<_> = ReservationStatus::ALL.into_iter().filter(|s| s.is_live()).collect();
    assert_eq!(live, [ReservationStatus::ReqReserve, ReservationStatus::Reserved, ReservationStatus::ReqCancel]);
    let states: Vec<_> = in_every_state().iter().map(|r| r.row().reservation_status).collect();
    assert_eq!(states, ReservationStatus::ALL, "the tests here know every state");
}

#[test]
fn final_states_stay_whatever_is_asked() {
    for reservation in in_every_state().into_iter().filter(|r| !r.row().reservation_status.is_live()) {
        let mut after = reservation.clone();
        assert_eq!(after.confirm(day(5)), None);
        assert_eq!(after.reject("late"), None);
        assert_eq!(after.expire(at(99)), None);
        assert!(!matches!(after.cancel(day(5)), Ok(Some(_))));
        assert_eq!(after.complete_cancel(), None);
        assert!(after.set_end(day(8), day(5)).is_err());
        assert_eq!(after.start(day(20)), None);
        assert_eq!(after.finish(day(20)), None);
        assert_eq!(after, reservation);
    }
}

#[test]
fn a_reservation_told_again_by_its_events_is_the_same() {
    let mut events = Vec::new();
    let terms = HoldTerms {
        hold_expires_at: at(10),
        pays_until: Some(day(9)),
        correlation_id: CorrelationId::from(Key::new(1)),
    };
    let (mut reservation, created) = Reservation::place_hold(booking(5, Some(9)), terms);
    events.push(created);
    events.extend(reservation.confirm(day(4)));
    events.extend(reservation.start(day(5)));
    events.extend(reservation.set_end(day(8), day(6)).unwrap());
    events.extend(reservation.finish(day(8)));
    assert_eq!(events.len(), 5);
    let mut row = hold(1, None).row().clone();
    for event in &events {
        row.apply(event);
    }
    let version = row.version;
    assert_eq!(row, ReservationRow { version, ..reservation.row().clone() });
    assert_eq!(version, Version::new(5), "its first event begins it anew");
}

#[test]
fn the_present_end_lies_within_the_period() {
    let present = booking(5, Some(9)).period;
    assert_eq!(end_within(&present, day(9), day(5)), Ok(present));
    assert!(end_within(&present, day(10), day(5)).is_err());
}
