//! Why a reservation command was refused, or what its outcome is not yet.

use std::time::Duration;

use chrono::NaiveDate;

use super::{ReservationRow, ReservationStatus};
use crate::ports::StoreError;
use crate::shared::{InvalidValue, Kind, Money, NotAllowed, Period, ReservationId, StorageId, Version};

/// Why a reservation command was refused. Nothing was changed, except where the variant says so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReservationError {
    /// No such reservation.
    #[error("there is no reservation {reservation_id}")]
    NotFound {
        /// The id asked for.
        reservation_id: ReservationId,
    },
    /// No such storage, or it was deleted.
    #[error("there is no storage {storage_id}")]
    StorageNotFound {
        /// The id asked for.
        storage_id: StorageId,
    },
    /// The storage takes no new reservations.
    #[error("storage {storage_id} is withdrawn from new reservations")]
    Withdrawn {
        /// The storage.
        storage_id: StorageId,
    },
    /// The quote is not what the caller expected.
    #[error("the price is {quoted}, not the expected {expected}")]
    PriceChanged {
        /// The total the caller expected.
        expected: Money,
        /// The total now.
        quoted: Money,
    },
    /// Somebody has a claim on a day of the period.
    #[error("storage {storage_id} is taken {}", taken_words(taken))]
    Taken {
        /// The storage.
        storage_id: StorageId,
        /// The claim in the way.
        taken: Period,
    },
    /// The customer holds as many storages as anybody may without having paid.
    #[error("{holds} reservations of this customer await their payment, more may not")]
    TooManyHolds {
        /// So many do.
        holds: u32,
    },
    /// The reservation is past the state this needs.
    #[error("reservation {reservation_id} is {}, it cannot be {action}", status.as_str())]
    WrongState {
        /// The reservation.
        reservation_id: ReservationId,
        /// The state it is in.
        status: ReservationStatus,
        /// What was asked: `cancelled` or `ended`.
        action: &'static str,
    },
    /// It is not in the version the caller expects any more.
    #[error("reservation {reservation_id} was changed meanwhile: it is in version {found}, not {expected}")]
    Changed {
        /// The reservation.
        reservation_id: ReservationId,
        /// The version the caller expects.
        expected: Version,
        /// The version it is in.
        found: Version,
    },
    /// The hold's payment is not known yet: neither cancel nor end is possible.
    #[error("the payment of reservation {reservation_id} is not known yet")]
    PaymentPending {
        /// The reservation.
        reservation_id: ReservationId,
    },
    /// Cancelling is possible up to and including the first day.
    #[error("reservation {reservation_id} began on {from}; it can be cancelled up to and including its first day")]
    FirstDayPast {
        /// The reservation.
        reservation_id: ReservationId,
        /// Its first day.
        from: NaiveDate,
    },
    /// The payment was declined; the reservation is `rejected`.
    #[error("the payment was declined: {reason}")]
    Declined {
        /// The reservation, now `rejected`.
        reservation_id: ReservationId,
        /// What the gateway said.
        reason: String,
    },
    /// The payment service is away. No money was taken and nothing is held.
    #[error("the payment service is unavailable, no money was taken and nothing is reserved")]
    PaymentUnavailable {
        /// When to try again.
        retry_after: Duration,
    },
    /// Whether the money was taken is not known; the hold stands until it is, or lapses.
    #[error("the outcome of the payment of reservation {} is unknown", reservation.booking.reservation_id)]
    OutcomeUnknown {
        /// The reservation, still `reqReserve`.
        reservation: Box<ReservationRow>,
        /// When to ask again.
        retry_after: Duration,
    },
    /// The money came after the hold had lapsed; it is given back.
    #[error(
        "the hold of reservation {reservation_id} lapsed before its payment was confirmed; the money is given back"
    )]
    HoldLapsed {
        /// The reservation, now `expired`.
        reservation_id: ReservationId,
    },
    /// The idempotency key was used for another request.
    #[error("the idempotency key was used for another request, reservation {reservation_id}")]
    KeyReused {
        /// What that request led to.
        reservation_id: ReservationId,
    },
    /// A value was not well formed.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
    /// It is somebody else's.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

fn taken_words(taken: &Period) -> String {
    match taken.until() {
        Some(until) => format!("from {} until {until}", taken.from()),
        None => format!("from {} on, open-ended", taken.from()),
    }
}

impl ReservationError {
    /// What sort of refusal it is.
    pub fn kind(&self) -> Kind {
        match self {
            ReservationError::NotFound { .. } | ReservationError::StorageNotFound { .. } => Kind::NotFound,
            ReservationError::Withdrawn { .. }
            | ReservationError::PriceChanged { .. }
            | ReservationError::Taken { .. }
            | ReservationError::TooManyHolds { .. }
            | ReservationError::WrongState { .. }
            | ReservationError::Changed { .. }
            | ReservationError::PaymentPending { .. }
            | ReservationError::FirstDayPast { .. }
            | ReservationError::HoldLapsed { .. }
            | ReservationError::KeyReused { .. } => Kind::Conflict,
            ReservationError::Declined { .. } => Kind::Declined,
            ReservationError::PaymentUnavailable { .. } | ReservationError::OutcomeUnknown { .. } => Kind::Unavailable,
            ReservationError::Invalid(_) => Kind::Invalid,
            ReservationError::NotAllowed(_) => Kind::NotAllowed,
            ReservationError::Store(e) => e.kind(),
        }
    }

    /// The stable code that programs match on.
    pub fn code(&self) -> &'static str {
        match self {
            ReservationError::NotFound { .. } => "reservationNotFound",
            ReservationError::StorageNotFound { .. } => "storageNotFound",
            ReservationError::Withdrawn { .. } => "storageWithdrawn",
            ReservationError::PriceChanged { .. } => "priceChanged",
            ReservationError::Taken { .. } => "storageTaken",
            ReservationError::TooManyHolds { .. } => "tooManyHolds",
            ReservationError::WrongState { .. } => "wrongState",
            ReservationError::Changed { .. } => "reservationChanged",
            ReservationError::PaymentPending { .. } => "paymentPending",
            ReservationError::FirstDayPast { .. } => "firstDayPast",
            ReservationError::Declined { .. } => "paymentDeclined",
            ReservationError::PaymentUnavailable { .. } => "paymentUnavailable",
            ReservationError::OutcomeUnknown { .. } => "outcomeUnknown",
            ReservationError::HoldLapsed { .. } => "holdLapsed",
            ReservationError::KeyReused { .. } => "idempotencyKeyReused",
            ReservationError::Invalid(_) => "invalidValue",
            ReservationError::NotAllowed(_) => "notAllowed",
            ReservationError::Store(e) => e.code(),
        }
    }

    /// When trying again makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            ReservationError::PaymentUnavailable { retry_after }
            | ReservationError::OutcomeUnknown { retry_after, .. } => Some(*retry_after),
            ReservationError::Store(e) => e.retry_after(),
            ReservationError::NotFound { .. }
            | ReservationError::StorageNotFound { .. }
            | ReservationError::Withdrawn { .. }
            | ReservationError::PriceChanged { .. }
            | ReservationError::Taken { .. }
            | ReservationError::TooManyHolds { .. }
            | ReservationError::WrongState { .. }
            | ReservationError::Changed { .. }
            | ReservationError::PaymentPending { .. }
            | ReservationError::FirstDayPast { .. }
            | ReservationError::Declined { .. }
            | ReservationError::HoldLapsed { .. }
            | ReservationError::KeyReused { .. }
            | ReservationError::Invalid(_)
            | ReservationError::NotAllowed(_) => None,
        }
    }
}
