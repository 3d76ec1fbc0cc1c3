//! The review and its rules.

use serde::{Deserialize, Serialize};

use super::{ModifyReview, ReviewCreated, ReviewDeleted, ReviewError, ReviewEvent, ReviewModified};
use crate::shared::{CustomerId, InvalidValue, ReservationId, ReviewContent, ReviewId, StorageId, Version};

/// A rating of 1 to 5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "utoipa", schema(value_type = i64, minimum = 1, maximum = 5))]
#[serde(try_from = "i64", into = "i64")]
pub struct Stars(u8);

impl Stars {
    /// Takes a rating from outside.
    ///
    /// # Errors
    /// [`InvalidValue`] unless it lies in 1 to 5.
    pub fn new(rate: i64) -> Result<Self, InvalidValue> {
        match u8::try_from(rate) {
            Ok(stars @ 1..=5) => Ok(Stars(stars)),
            Ok(_) | Err(_) => Err(InvalidValue::new(
                "rating",
                format!("{rate} is not a rating; ratings are 1 to 5"),
                format!("{rate}은(는) 평점이 아닙니다. 평점은 1~5입니다"),
            )),
        }
    }

    /// The number.
    pub fn get(self) -> u8 {
        self.0
    }
}

impl TryFrom<i64> for Stars {
    type Error = InvalidValue;

    fn try_from(rate: i64) -> Result<Self, InvalidValue> {
        Stars::new(rate)
    }
}

impl From<Stars> for i64 {
    fn from(stars: Stars) -> Self {
        i64::from(stars.0)
    }
}

/// A review as it is kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReviewRow {
    /// Its id.
    pub review_id: ReviewId,
    /// The rental it is about.
    pub reservation_id: ReservationId,
    /// The storage it is about.
    pub storage_id: StorageId,
    /// 1 to 5.
    pub rate: Stars,
    /// What it says.
    pub content: ReviewContent,
    /// Its author.
    #[serde(skip)]
    pub customer: CustomerId,
    /// Whether it was taken away.
    #[serde(skip)]
    pub deleted: bool,
    /// How many events it has raised.
    #[serde(skip)]
    pub version: Version,
}

impl ReviewRow {
    /// What the review is after its first event.
    pub fn created(event: &ReviewCreated) -> Self {
        ReviewRow {
            review_id: event.review_id,
            reservation_id: event.reservation_id,
            storage_id: event.storage_id,
            rate: event.rate,
            content: event.content.clone(),
            customer: event.customer.clone(),
            deleted: false,
            version: Version::ZERO.next(),
        }
    }

    /// What the review is after one more event. The only place where its state changes.
    pub fn apply(&mut self, event: &ReviewEvent) {
        self.version = self.version.next();
        match event {
            ReviewEvent::ReviewCreated(e) => *self = ReviewRow::created(e),
            ReviewEvent::ReviewModified(e) => {
                self.rate = e.rate;
                self.content = e.content.clone();
            }
            ReviewEvent::ReviewDeleted(_) => self.deleted = true,
        }
    }
}

/// A review (후기): the aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Review {
    row: ReviewRow,
}

impl Review {
    /// Writes a review; whether its author may is for the policy to say.
    pub fn create(event: ReviewCreated) -> (Self, ReviewEvent) {
        (Review { row: ReviewRow::created(&event) }, event.into())
    }

    /// Takes up a stored review; a deleted one does not exist any more.
    ///
    /// # Errors
    /// [`ReviewError::NotFound`] for none, or a deleted one.
    pub fn load(id: ReviewId, row: Option<ReviewRow>) -> Result<Self, ReviewError> {
        match row {
            Some(row) if !row.deleted => Ok(Review { row }),
            Some(_) | None => Err(ReviewError::NotFound { review_id: id }),
        }
    }

    /// What is kept and shown of it.
    pub fn row(&self) -> &ReviewRow {
        &self.row
    }

    /// Changes what the command gives; `None` when nothing differs.
    pub fn modify(&mut self, command: &ModifyReview) -> Option<ReviewEvent> {
        let rate = command.rate.unwrap_or(self.row.rate);
        let content = command.content.clone().unwrap_or_else(|| self.row.content.clone());
        if rate == self.row.rate && content == self.row.content {
            return None;
        }
        Some(self.raise(ReviewModified {
            review_id: self.row.review_id,
            reservation_id: self.row.reservation_id,
            storage_id: self.row.storage_id,
            rate,
            content,
        }))
    }

    /// Takes it away.
    pub fn delete(&mut self) -> ReviewEvent {
        self.raise(ReviewDeleted {
            review_id: self.row.review_id,
            reservation_id: self.row.reservation_id,
            storage_id: self.row.storage_id,
        })
    }

    fn raise(&mut self, event: impl Into<ReviewEvent>) -> ReviewEvent {
        let event = event.into();
        self.row.apply(&event);
        event
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn review() -> Review {
        Review::create(ReviewCreated {
            review_id: ReviewId::new(1),
            reservation_id: ReservationId::new(2),
            storage_id: StorageId::new(3),
            customer: CustomerId::new("kim").unwrap(),
            rate: Stars::new(5).unwrap(),
            content: ReviewContent::new("좋아요").unwrap(),
        })
        .0
    }

    #[test]
    fn ratings_lie_in_1_to_5() {
        assert!((1..=5).all(|n| Stars::new(n).is_ok()));
        assert!([0, 6, 9, -1, 257].into_iter().all(|n| Stars::new(n).is_err()));
    }

    #[test]
    fn modifying_changes_only_what_is_given() {
        let mut review = review();
        let change = ModifyReview { review_id: ReviewId::new(1), rate: Some(Stars::new(3).unwrap()), content: None };
        assert!(review.modify(&change).is_some());
        assert_eq!(review.modify(&change), None, "nothing differs any more");
        assert_eq!((review.row().rate.get(), review.row().content.as_str()), (3, "좋아요"));
        assert_eq!(review.row().version, Version::new(2));
    }

    #[test]
    fn a_deleted_review_does_not_exist() {
        let mut review = review();
        review.delete();
        let row = review.row().clone();
        assert!(matches!(Review::load(row.review_id, Some(row)), Err(ReviewError::NotFound { .. })));
    }

    #[test]
    fn ratings_from_outside_are_checked() {
        assert_eq!(serde_json::from_str::<Stars>("4").unwrap(), Stars::new(4).unwrap());
        assert_eq!(serde_json::to_string(&Stars::new(4).unwrap()).unwrap(), "4");
        for bad in ["0", "6", "-251", "4.5", "\"4\""] {
            assert!(serde_json::from_str::<Stars>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_review_told_again_by_its_events_is_the_same() {
        let mut changed = review();
        let content = Some(ReviewContent::new("보통").unwrap());
        let command = ModifyReview { review_id: ReviewId::new(1), rate: None, content };
        let modified = changed.modify(&command).unwrap();
        let deleted = changed.delete();
        let mut row = review().row().clone();
        [&modified, &deleted].into_iter().for_each(|event| row.apply(event));
        assert_eq!(&row, changed.row());
        assert_eq!((row.rate.get(), row.content.as_str(), row.deleted), (5, "보통", true));
    }

    #[test]
    fn a_stored_review_is_taken_up_as_it_is_and_none_is_not_found() {
        let id = ReviewId::new(1);
        assert_eq!(Review::load(id, Some(review().row().clone())), Ok(review()));
        assert_eq!(Review::load(id, None), Err(ReviewError::NotFound { review_id: id }));
    }
}
