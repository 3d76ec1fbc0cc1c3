//! The payment and its rules.

use serde::{Deserialize, Serialize};

use super::{
    PaymentApproved, PaymentCancelled, PaymentDeclined, PaymentError, PaymentEvent, PaymentRequested, PaymentVoided,
};
use crate::shared::{Booking, CorrelationId, Key, Money, PaymentId, ReservationId, StorageId, Version};

/// Where the money is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum PaymentStatus {
    /// Asked for; the outcome is not known yet.
    Requested,
    /// Taken.
    Paid,
    /// Given back. Final.
    Cancelled,
    /// Refused by the gateway. Final.
    Declined,
    /// Certainly not taken. Final.
    Voided,
}

impl PaymentStatus {
    /// All of them.
    pub const ALL: [PaymentStatus; 5] = [
        PaymentStatus::Requested,
        PaymentStatus::Paid,
        PaymentStatus::Cancelled,
        PaymentStatus::Declined,
        PaymentStatus::Voided,
    ];

    /// The word as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            PaymentStatus::Requested => "requested",
            PaymentStatus::Paid => "paid",
            PaymentStatus::Cancelled => "cancelled",
            PaymentStatus::Declined => "declined",
            PaymentStatus::Voided => "voided",
        }
    }

    /// Reads the word as in JSON.
    pub fn parse(raw: &str) -> Option<Self> {
        PaymentStatus::ALL.into_iter().find(|s| s.as_str() == raw)
    }
}

/// A payment as it is kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct PaymentRow {
    /// Its id.
    pub payment_id: PaymentId,
    /// The reservation it pays for.
    pub reservation_id: ReservationId,
    /// The storage of that reservation.
    pub storage_id: StorageId,
    /// How much, in minor units.
    #[serde(flatten)]
    pub price: Money,
    /// Where the money is.
    pub payment_status: PaymentStatus,
    /// The key under which the gateway books it.
    #[serde(skip)]
    pub key: Key,
    /// The request that made it.
    #[serde(skip)]
    pub correlation_id: CorrelationId,
    /// How many events it has raised.
    #[serde(skip)]
    pub version: Version,
}

impl PaymentRow {
    /// What the payment is after its first event.
    pub fn requested(event: &PaymentRequested, correlation_id: CorrelationId) -> Self {
        PaymentRow {
            payment_id: event.booking.payment_id,
            reservation_id: event.booking.reservation_id,
            storage_id: event.booking.storage_id,
            price: event.booking.price,
            payment_status: PaymentStatus::Requested,
            key: event.payment_key,
            correlation_id,
            version: Version::ZERO.next(),
        }
    }

    /// What the payment is after one more event. The only place where its state changes.
    pub fn apply(&mut self, event: &PaymentEvent) {
        self.version = self.version.next();
        self.payment_status = match event {
            PaymentEvent::PaymentRequested(_) => PaymentStatus::Requested,
            PaymentEvent::PaymentApproved(_) => PaymentStatus::Paid,
            PaymentEvent::PaymentDeclined(_) => PaymentStatus::Declined,
            PaymentEvent::PaymentVoided(_) => PaymentStatus::Voided,
            PaymentEvent::PaymentCancelled(_) => PaymentStatus::Cancelled,
        };
    }
}

/// A payment (결제): the aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payment {
    row: PaymentRow,
}

impl Payment {
    /// Opens the payment of a booking.
    pub fn request(booking: Booking, key: Key, correlation_id: CorrelationId) -> (Self, PaymentEvent) {
        let event = PaymentRequested { booking, payment_key: key };
        (Payment { row: PaymentRow::requested(&event, correlation_id) }, event.into())
    }

    /// Takes up a stored payment.
    ///
    /// # Errors
    /// [`PaymentError::NotFound`] when there is none.
    pub fn load(id: PaymentId, row: Option<PaymentRow>) -> Result<Self, PaymentError> {
        row.map(|row| Payment { row }).ok_or(PaymentError::NotFound { payment_id: id })
    }

    /// What is kept and shown of it.
    pub fn row(&self) -> &PaymentRow {
        &self.row
    }

    /// Whether its outcome is not known yet.
    pub fn is_open(&self) -> bool {
        self.row.payment_status == PaymentStatus::Requested
    }

    /// The gateway took the money; `None` when the outcome was known before.
    pub fn approve(&mut self, booking: &Booking, hold_stands: bool) -> Option<PaymentEvent> {
        self.if_open(PaymentApproved { booking: booking.clone(), hold_stands })
    }

    /// The gateway said no; `None` when the outcome was known before.
    pub fn decline(&mut self, booking: &Booking, hold_stands: bool, reason: &str) -> Option<PaymentEvent> {
        self.if_open(PaymentDeclined { booking: booking.clone(), hold_stands, reason: reason.to_owned() })
    }

    /// The gateway certainly took nothing; `None` when the outcome was known before.
    pub fn void(&mut self, booking: &Booking, hold_stands: bool, reason: &str) -> Option<PaymentEvent> {
        self.if_open(PaymentVoided { booking: booking.clone(), hold_stands, reason: reason.to_owned() })
    }

    /// The money was given back; `None` unless it had been taken and not yet given back.
    pub fn refund(&mut self, booking: &Booking, cancels_reservation: bool) -> Option<PaymentEvent> {
        (self.row.payment_status == PaymentStatus::Paid)
            .then(|| self.raise(PaymentCancelled { booking: booking.clone(), cancels_reservation }))
    }

    fn if_open(&mut self, event: impl Into<PaymentEvent>) -> Option<PaymentEvent> {
        self.is_open().then(|| self.raise(event))
    }

    fn raise(&mut self, event: impl Into<PaymentEvent>) -> PaymentEvent {
        let event = event.into();
        self.row.apply(&event);
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::{CustomerId, Period};

    fn booking() -> Booking {
        Booking {
            reservation_id: ReservationId::new(1),
            storage_id: StorageId::new(1),
            customer: CustomerId::new("kim").unwrap(),
            period: Period::open_ended(chrono::NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()).unwrap(),
            price: Money::krw(59_000),
            payment_id: PaymentId::new(1),
        }
    }

    fn requested() -> Payment {
        Payment::request(booking(), Key::new(7), CorrelationId::from(Key::new(1))).0
    }

    #[test]
    fn an_open_payment_has_one_outcome_only() {
        let outcomes: [fn(&mut Payment) -> Option<PaymentEvent>; 3] = [
            |p| p.approve(&booking(), true),
            |p| p.decline(&booking(), true, "no"),
            |p| p.void(&booking(), true, "refused"),
        ];
        for first in outcomes {
            let mut payment = requested();
            assert!(first(&mut payment).is_some());
            for second in outcomes {
                assert!(second(&mut payment).is_none());
            }
            assert_eq!(payment.row().version, Version::new(2));
        }
    }

    #[test]
    fn money_goes_back_once_and_only_if_it_was_taken() {
        let mut payment = requested();
        assert!(payment.refund(&booking(), true).is_none(), "not taken yet");
        payment.approve(&booking(), true);
        assert!(payment.refund(&booking(), true).is_some());
        assert!(payment.refund(&booking(), true).is_none());
        assert_eq!(payment.row().payment_status, PaymentStatus::Cancelled);

        let mut declined = requested();
        declined.decline(&booking(), true, "no");
        assert!(declined.refund(&booking(), true).is_none());
    }

    #[test]
    fn the_words_of_a_status_read_back() {
        for status in PaymentStatus::ALL {
            assert_eq!(PaymentStatus::parse(status.as_str()), Some(status));
        }
    }

    #[test]
    fn a_word_that_is_no_status_is_none() {
        assert_eq!(PaymentStatus::parse("refunded"), None);
    }

    #[test]
    fn a_stored_payment_is_taken_up_as_it_is_and_none_is_not_found() {
        let id = PaymentId::new(1);
        assert_eq!(Payment::load(id, Some(requested().row().clone())), Ok(requested()));
        assert_eq!(Payment::load(id, None), Err(PaymentError::NotFound { payment_id: id }));
    }

    #[test]
    fn a_payment_told_again_by_its_events_is_the_same() {
        for status in [PaymentStatus::Paid, PaymentStatus::Declined, PaymentStatus::Voided] {
            let mut payment = requested();
            assert!(payment.is_open());
            let event = match status {
                PaymentStatus::Declined => payment.decline(&booking(), true, "no"),
                PaymentStatus::Voided => payment.void(&booking(), true, "refused"),
                _ => payment.approve(&booking(), true),
            };
            let event = event.unwrap();
            assert!(!payment.is_open());
            assert_eq!(payment.row().payment_status, status);
            let mut row = requested().row().clone();
            row.apply(&event);
            assert_eq!(&row, payment.row());
            let refunded = payment.refund(&booking(), false);
            assert_eq!(refunded.is_some(), status == PaymentStatus::Paid, "only what was taken goes back");
        }
    }
}
