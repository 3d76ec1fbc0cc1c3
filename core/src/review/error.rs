//! Why a review command was refused.

use std::time::Duration;

use chrono::NaiveDate;

use crate::ports::StoreError;
use crate::shared::{InvalidValue, Kind, NotAllowed, ReservationId, ReviewId};

/// Why a review command was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReviewError {
    /// No such review, or it was deleted.
    #[error("there is no review {review_id}")]
    NotFound {
        /// The id asked for.
        review_id: ReviewId,
    },
    /// No such reservation.
    #[error("there is no reservation {reservation_id}")]
    ReservationNotFound {
        /// The id asked for.
        reservation_id: ReservationId,
    },
    /// Only what is or was rented can be reviewed.
    #[error("reservation {reservation_id} is {status}; only a reserved or completed one can be reviewed")]
    NotRented {
        /// The reservation.
        reservation_id: ReservationId,
        /// Where it stands.
        status: &'static str,
    },
    /// The first day has not come.
    #[error("reservation {reservation_id} begins on {from}; it can be reviewed from that day on")]
    TooEarly {
        /// The reservation.
        reservation_id: ReservationId,
        /// Its first day.
        from: NaiveDate,
    },
    /// There is one already.
    #[error("reservation {reservation_id} has review {review_id} already")]
    AlreadyReviewed {
        /// The reservation.
        reservation_id: ReservationId,
        /// Its review.
        review_id: ReviewId,
    },
    /// A value was not well formed.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
    /// It is somebody else's, or the manager tried to write one.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ReviewError {
    /// What sort of refusal it is.
    pub fn kind(&self) -> Kind {
        match self {
            ReviewError::NotFound { .. } | ReviewError::ReservationNotFound { .. } => Kind::NotFound,
            ReviewError::NotRented { .. } | ReviewError::TooEarly { .. } | ReviewError::AlreadyReviewed { .. } => {
                Kind::Conflict
            }
            ReviewError::Invalid(_) => Kind::Invalid,
            ReviewError::NotAllowed(_) => Kind::NotAllowed,
            ReviewError::Store(e) => e.kind(),
        }
    }

    /// The stable code that programs match on.
    pub fn code(&self) -> &'static str {
        match self {
            ReviewError::NotFound { .. } => "reviewNotFound",
            ReviewError::ReservationNotFound { .. } => "reservationNotFound",
            ReviewError::NotRented { .. } => "notRented",
            ReviewError::TooEarly { .. } => "tooEarlyToReview",
            ReviewError::AlreadyReviewed { .. } => "alreadyReviewed",
            ReviewError::Invalid(_) => "invalidValue",
            ReviewError::NotAllowed(_) => "notAllowed",
            ReviewError::Store(e) => e.code(),
        }
    }

    /// When trying again makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        if let ReviewError::Store(e) = self { e.retry_after() } else { None }
    }
}
