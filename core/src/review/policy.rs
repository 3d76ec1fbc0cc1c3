//! Who may review what, and when.

use chrono::NaiveDate;

use super::{Review, ReviewError};
use crate::shared::{Booking, Caller, NotAllowed, ReviewId, Who};

/// What the rules for writing a review look at.
pub(crate) struct ReviewCase<'a> {
    pub(crate) caller: &'a Caller,
    pub(crate) booking: &'a Booking,
    /// Whether the reservation is `reserved` or `completed`.
    pub(crate) rented: bool,
    /// Where it stands, in a word.
    pub(crate) status: &'static str,
    pub(crate) today: NaiveDate,
    /// The review it has already.
    pub(crate) existing: Option<ReviewId>,
}

type Rule = fn(&ReviewCase<'_>) -> Result<(), ReviewError>;

const RULES: &[Rule] = &[by_its_customer, of_what_was_rented, from_the_first_day_on, once];

/// Whether the caller may review the reservation: every rule must agree, in this order.
pub(crate) fn may_review(case: &ReviewCase<'_>) -> Result<(), ReviewError> {
    RULES.iter().try_for_each(|rule| rule(case))
}

fn by_its_customer(case: &ReviewCase<'_>) -> Result<(), ReviewError> {
    match case.caller.who() {
        Who::Customer(customer) if *customer == case.booking.customer => Ok(()),
        Who::Customer(_) => Err(NotAllowed {
            reason: "only the customer who reserved may review it",
            reason_ko: "예약한 고객만 후기를 쓸 수 있습니다",
        }
        .into()),
        Who::Manager | Who::System => Err(NotAllowed {
            reason: "reviews are written by customers, not by the manager",
            reason_ko: "후기는 관리자가 아니라 고객이 씁니다",
        }
        .into()),
    }
}

fn of_what_was_rented(case: &ReviewCase<'_>) -> Result<(), ReviewError> {
    if case.rented {
        Ok(())
    } else {
        Err(ReviewError::NotRented { reservation_id: case.booking.reservation_id, status: case.status })
    }
}

fn from_the_first_day_on(case: &ReviewCase<'_>) -> Result<(), ReviewError> {
    let from = case.booking.period.from();
    if from <= case.today {
        Ok(())
    } else {
        Err(ReviewError::TooEarly { reservation_id: case.booking.reservation_id, from })
    }
}

fn once(case: &ReviewCase<'_>) -> Result<(), ReviewError> {
    match case.existing {
        Some(review_id) => Err(ReviewError::AlreadyReviewed { reservation_id: case.booking.reservation_id, review_id }),
        None => Ok(()),
    }
}

/// Only its author changes a review; the manager puts no words into a customer's mouth.
pub(crate) fn author_only(caller: &Caller, review: &Review) -> Result<(), NotAllowed> {
    match caller.who() {
        Who::Customer(customer) if *customer == review.row().customer => Ok(()),
        Who::Customer(_) | Who::Manager | Who::System => Err(NotAllowed {
            reason: "only its author may change a review",
            reason_ko: "후기는 작성자만 고칠 수 있습니다",
        }),
    }
}

/// Its author takes a review away, and so may the manager.
pub(crate) fn author_or_manager(caller: &Caller, review: &Review) -> Result<(), NotAllowed> {
    if caller.may_act_for(&review.row().customer) {
        Ok(())
    } else {
        Err(NotAllowed {
            reason: "only its author or the manager may delete a review",
            reason_ko: "후기는 작성자나 관리자만 지울 수 있습니다",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::{CustomerId, Money, PaymentId, Period, ReservationId, StorageId};

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, n).unwrap()
    }

    fn judge(caller: &Caller, change: impl FnOnce(&mut ReviewCase<'_>)) -> Result<(), ReviewError> {
        let booking = Booking {
            reservation_id: ReservationId::new(1),
            storage_id: StorageId::new(1),
            customer: CustomerId::new("kim").unwrap(),
            period: Period::open_ended(day(5)).unwrap(),
            price: Money::krw(1),
            payment_id: PaymentId::new(1),
        };
        let (rented, status, today, existing) = (true, "reserved", day(5), None);
        let mut case = ReviewCase { caller, booking: &booking, rented, status, today, existing };
        change(&mut case);
        may_review(&case)
    }

    fn customer(name: &str) -> Caller {
        Caller::customer(CustomerId::new(name).unwrap())
    }

    #[test]
    fn the_customer_may_review_from_the_first_day_on() {
        assert_eq!(judge(&customer("kim"), |_| {}), Ok(()));
    }

    #[test]
    fn another_customer_and_the_manager_may_not_review() {
        for caller in [customer("lee"), Caller::manager()] {
            assert!(matches!(judge(&caller, |_| {}), Err(ReviewError::NotAllowed(_))));
        }
    }

    #[test]
    fn what_is_not_rented_cannot_be_reviewed() {
        assert!(matches!(judge(&customer("kim"), |c| c.rented = false), Err(ReviewError::NotRented { .. })));
    }

    #[test]
    fn reviewing_before_the_first_day_is_refused() {
        assert!(matches!(judge(&customer("kim"), |c| c.today = day(4)), Err(ReviewError::TooEarly { .. })));
    }

    #[test]
    fn a_second_review_is_refused() {
        let second = judge(&customer("kim"), |c| c.existing = Some(ReviewId::new(1)));
        assert!(matches!(second, Err(ReviewError::AlreadyReviewed { .. })));
    }

    fn review() -> Review {
        Review::create(crate::review::ReviewCreated {
            review_id: ReviewId::new(1),
            reservation_id: ReservationId::new(1),
            storage_id: StorageId::new(1),
            customer: CustomerId::new("kim").unwrap(),
            rate: crate::review::Stars::new(5).unwrap(),
            content: crate::shared::ReviewContent::new("좋아요").unwrap(),
        })
        .0
    }

    #[test]
    fn only_its_author_changes_a_review() {
        assert_eq!(author_only(&customer("kim"), &review()), Ok(()));
        for caller in [customer("lee"), Caller::manager(), Caller::system()] {
            assert!(author_only(&caller, &review()).is_err(), "{caller:?}");
        }
    }

    #[test]
    fn its_author_and_the_manager_take_a_review_away() {
        for caller in [customer("kim"), Caller::manager(), Caller::system()] {
            assert_eq!(author_or_manager(&caller, &review()), Ok(()), "{caller:?}");
        }
        assert!(author_or_manager(&customer("lee"), &review()).is_err());
    }
}
