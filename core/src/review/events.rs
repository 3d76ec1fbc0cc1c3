//! What happened to a review.

use serde::{Deserialize, Serialize};

use super::Stars;
use crate::event::context_events;
use crate::shared::{CustomerId, ReservationId, ReviewContent, ReviewId, StorageId};

context_events! {
    /// Everything that can happen to a review.
    ReviewEvent => Review {
        /// A rental was reviewed.
        ReviewCreated,
        /// Its author changed it.
        ReviewModified,
        /// It was taken away.
        ReviewDeleted,
    }
}

impl ReviewEvent {
    /// The review it happened to.
    pub fn review_id(&self) -> ReviewId {
        match self {
            ReviewEvent::ReviewCreated(e) => e.review_id,
            ReviewEvent::ReviewModified(e) => e.review_id,
            ReviewEvent::ReviewDeleted(e) => e.review_id,
        }
    }

    /// The storage it is about.
    pub fn storage_id(&self) -> StorageId {
        match self {
            ReviewEvent::ReviewCreated(e) => e.storage_id,
            ReviewEvent::ReviewModified(e) => e.storage_id,
            ReviewEvent::ReviewDeleted(e) => e.storage_id,
        }
    }

    /// The rental it is about.
    pub fn reservation_id(&self) -> ReservationId {
        match self {
            ReviewEvent::ReviewCreated(e) => e.reservation_id,
            ReviewEvent::ReviewModified(e) => e.reservation_id,
            ReviewEvent::ReviewDeleted(e) => e.reservation_id,
        }
    }
}

/// A rental was reviewed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct ReviewCreated {
    /// The review.
    pub review_id: ReviewId,
    /// The rental it is about.
    pub reservation_id: ReservationId,
    /// The storage it is about.
    pub storage_id: StorageId,
    /// Its author.
    pub customer: CustomerId,
    /// 1 to 5.
    pub rate: Stars,
    /// What it says.
    pub content: ReviewContent,
}

/// The review as it is after its author changed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct ReviewModified {
    /// The review.
    pub review_id: ReviewId,
    /// The rental it is about.
    pub reservation_id: ReservationId,
    /// The storage it is about.
    pub storage_id: StorageId,
    /// 1 to 5.
    pub rate: Stars,
    /// What it says.
    pub content: ReviewContent,
}

/// A review was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct ReviewDeleted {
    /// The review.
    pub review_id: ReviewId,
    /// The rental it was about.
    pub reservation_id: ReservationId,
    /// The storage it was about.
    pub storage_id: StorageId,
}
