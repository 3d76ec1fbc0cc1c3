//! What must hold before a hold is placed, and whose reservations a caller may touch.

use chrono::NaiveDate;

use super::{Quote, ReservationError, ReservationRow};
use crate::shared::{Caller, InvalidValue, Money, NotAllowed, Period, StorageId};

/// What the rules for placing a hold look at.
pub(crate) struct HoldCase {
    pub(crate) storage_id: StorageId,
    /// Whether the storage takes new reservations.
    pub(crate) offered: bool,
    pub(crate) today: NaiveDate,
    pub(crate) quote: Quote,
    pub(crate) expected_price: Option<i64>,
    /// A claim that overlaps the period.
    pub(crate) in_the_way: Option<Period>,
    /// So many reservations of the customer await their payment, if that is capped.
    pub(crate) holds: Option<Holds>,
}

/// How much a customer holds without having paid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Holds {
    pub(crate) now: u32,
    pub(crate) max: u32,
}

type Rule = fn(&HoldCase) -> Result<(), ReservationError>;

const RULES: &[Rule] = &[begins_today_or_later, is_offered, costs_what_was_expected, is_free, holds_few_enough];

/// Whether a hold may be placed: every rule must agree, in this order.
pub(crate) fn may_place_hold(case: &HoldCase) -> Result<(), ReservationError> {
    RULES.iter().try_for_each(|rule| rule(case))
}

fn begins_today_or_later(case: &HoldCase) -> Result<(), ReservationError> {
    Ok(not_past(&case.quote.period, case.today)?)
}

/// Refuses a period that began before today: nobody can reserve it any more, so nobody is told what it costs either.
///
/// # Errors
/// [`InvalidValue`] of `from`.
pub(crate) fn not_past(period: &Period, today: NaiveDate) -> Result<(), InvalidValue> {
    let from = period.from();
    if from >= today {
        return Ok(());
    }
    Err(InvalidValue::new(
        "from",
        format!("{from} lies in the past, today is {today}"),
        format!("{from}은 지난 날짜입니다. 오늘은 {today}입니다"),
    ))
}

fn is_offered(case: &HoldCase) -> Result<(), ReservationError> {
    if case.offered { Ok(()) } else { Err(ReservationError::Withdrawn { storage_id: case.storage_id }) }
}

fn costs_what_was_expected(case: &HoldCase) -> Result<(), ReservationError> {
    match case.expected_price {
        Some(expected) if expected != case.quote.total.amount() => Err(ReservationError::PriceChanged {
            expected: Money::new(expected, case.quote.total.currency()),
            quoted: case.quote.total,
        }),
        Some(_) | None => Ok(()),
    }
}

fn is_free(case: &HoldCase) -> Result<(), ReservationError> {
    match case.in_the_way {
        Some(taken) => Err(ReservationError::Taken { storage_id: case.storage_id, taken }),
        None => Ok(()),
    }
}

fn holds_few_enough(case: &HoldCase) -> Result<(), ReservationError> {
    match case.holds {
        Some(holds) if holds.now >= holds.max => Err(ReservationError::TooManyHolds { holds: holds.now }),
        Some(_) | None => Ok(()),
    }
}

/// A customer may cancel and end only their own; the manager all.
pub(crate) fn own_only(caller: &Caller, reservation: &ReservationRow) -> Result<(), NotAllowed> {
    if caller.may_act_for(&reservation.booking.customer) {
        Ok(())
    } else {
        Err(NotAllowed {
            reason: "this reservation belongs to another customer", reason_ko: "다른 고객의 예약입니다"
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reservation::Reservation;
    use crate::shared::{Per, Rate};

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, n).unwrap()
    }

    fn case() -> HoldCase {
        let rate = Rate::new(Money::krw(59_000), Per::Rental).unwrap();
        let storage_id = StorageId::new(1);
        HoldCase {
            storage_id,
            offered: true,
            today: day(5),
            quote: Quote::of(storage_id, rate, Period::open_ended(day(5)).unwrap()).unwrap(),
            expected_price: Some(59_000),
            in_the_way: None,
            holds: None,
        }
    }

    #[test]
    fn a_free_offered_storage_at_the_expected_price_may_be_held() {
        assert_eq!(may_place_hold(&case()), Ok(()));
        assert_eq!(may_place_hold(&HoldCase { expected_price: None, ..case() }), Ok(()));
    }

    #[test]
    fn a_past_first_day_is_refused() {
        assert!(matches!(may_place_hold(&HoldCase { today: day(6), ..case() }), Err(ReservationError::Invalid(_))));
    }

    #[test]
    fn one_more_hold_than_may_be_is_refused() {
        let holding = |now| HoldCase { holds: Some(Holds { now, max: 3 }), ..case() };
        assert_eq!(may_place_hold(&holding(2)), Ok(()));
        assert_eq!(may_place_hold(&holding(3)), Err(ReservationError::TooManyHolds { holds: 3 }));
    }

    #[test]
    fn a_withdrawn_storage_is_refused() {
        assert!(matches!(
            may_place_hold(&HoldCase { offered: false, ..case() }),
            Err(ReservationError::Withdrawn { .. })
        ));
    }

    #[test]
    fn another_price_than_expected_is_refused() {
        let case = HoldCase { expected_price: Some(58_999), ..case() };
        assert!(matches!(may_place_hold(&case), Err(ReservationError::PriceChanged { .. })));
    }

    #[test]
    fn a_reservation_is_its_customers_and_the_managers_to_change() {
        let booking = crate::event::tests::booking();
        let terms = crate::reservation::HoldTerms {
            hold_expires_at: chrono::DateTime::from_timestamp(0, 0).unwrap(),
            pays_until: None,
            correlation_id: crate::shared::CorrelationId::new("req-1").unwrap(),
        };
        let (reservation, _) = Reservation::place_hold(booking, terms);
        let customer = |name| Caller::customer(crate::shared::CustomerId::new(name).unwrap());
        for may in [customer("kim"), Caller::manager(), Caller::system()] {
            assert_eq!(own_only(&may, reservation.row()), Ok(()), "{may:?}");
        }
        assert!(own_only(&customer("lee"), reservation.row()).is_err());
    }

    #[test]
    fn the_first_rule_that_is_broken_is_the_one_told() {
        let taken = HoldCase { in_the_way: Some(Period::open_ended(day(9)).unwrap()), ..case() };
        let dearer = HoldCase { expected_price: Some(1), ..taken };
        assert!(matches!(may_place_hold(&dearer), Err(ReservationError::PriceChanged { .. })));
        let withdrawn = HoldCase { offered: false, ..dearer };
        assert!(matches!(may_place_hold(&withdrawn), Err(ReservationError::Withdrawn { .. })));
        let past = HoldCase { today: day(6), ..withdrawn };
        assert!(matches!(may_place_hold(&past), Err(ReservationError::Invalid(_))));
    }

    #[test]
    fn a_taken_period_is_refused() {
        let in_the_way = Some(Period::open_ended(day(9)).unwrap());
        assert!(matches!(may_place_hold(&HoldCase { in_the_way, ..case() }), Err(ReservationError::Taken { .. })));
    }
}
