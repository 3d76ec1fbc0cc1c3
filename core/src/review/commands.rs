//! What customers ask of reviews.

use serde::{Deserialize, Serialize};

use super::Stars;
use crate::shared::{ReservationId, ReviewContent, ReviewId};

/// Reviews a rental, once, by its customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddReview {
    /// The rental.
    pub reservation_id: ReservationId,
    /// 1 to 5.
    pub rate: Stars,
    /// What the customer says.
    pub content: ReviewContent,
}

/// Changes what is given of one's own review, and leaves the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ModifyReview {
    /// Which review.
    pub review_id: ReviewId,
    /// 1 to 5.
    #[serde(default)]
    pub rate: Option<Stars>,
    /// What the customer says.
    #[serde(default)]
    pub content: Option<ReviewContent>,
}

/// Takes a review away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteReview {
    /// Which review.
    pub review_id: ReviewId,
}
