//! Writing, changing and deleting reviews.

use super::App;
use crate::ports::wait;
use crate::reservation::ReservationStatus;
use crate::review::{
    AddReview, DeleteReview, ModifyReview, Review, ReviewCase, ReviewCreated, ReviewError, ReviewRow, author_only,
    author_or_manager, may_review,
};
use crate::shared::Caller;

impl App {
    /// Reviews a rental.
    ///
    /// # Errors
    /// [`ReviewError`]: somebody else's, not rented, too early, or reviewed already.
    pub fn add_review(&self, caller: &Caller, command: AddReview) -> Result<ReviewRow, ReviewError> {
        wait(self.add_review_async(caller, command))
    }

    /// The same for a host that may not block.
    ///
    /// # Errors
    /// As [`App::add_review`].
    pub async fn add_review_async(&self, caller: &Caller, command: AddReview) -> Result<ReviewRow, ReviewError> {
        let caller = caller.clone();
        self.write_async(move |app, tx| {
            let reservation_id = command.reservation_id;
            let rental = tx.reservation(reservation_id)?.ok_or(ReviewError::ReservationNotFound { reservation_id })?;
            let moment = app.moment::<_, ReviewError>(tx)?;
            let rented =
                matches!(rental.reservation_status, ReservationStatus::Reserved | ReservationStatus::Completed);
            may_review(&ReviewCase {
                caller: &caller,
                booking: &rental.booking,
                rented,
                status: rental.reservation_status.as_str(),
                today: moment.today,
                existing: tx.review_of(reservation_id)?.map(|r| r.review_id),
            })?;
            let (review, event) = Review::create(ReviewCreated {
                review_id: tx.next_review_id()?,
                reservation_id,
                storage_id: rental.booking.storage_id,
                customer: rental.booking.customer,
                rate: command.rate,
                content: command.content,
            });
            tx.save_review(&review, event.into(), &app.trace(&caller, moment.now))?;
            Ok(review.row().clone())
        })
        .await
    }

    /// Changes one's own review; to the same, nothing happens.
    ///
    /// # Errors
    /// [`ReviewError`]: not found, or somebody else's.
    pub fn modify_review(&self, caller: &Caller, command: ModifyReview) -> Result<ReviewRow, ReviewError> {
        wait(self.modify_review_async(caller, command))
    }

    /// The same for a host that may not block.
    ///
    /// # Errors
    /// As [`App::modify_review`].
    pub async fn modify_review_async(&self, caller: &Caller, command: ModifyReview) -> Result<ReviewRow, ReviewError> {
        let caller = caller.clone();
        self.write_async(move |app, tx| {
            let mut review = Review::load(command.review_id, tx.review(command.review_id)?)?;
            author_only(&caller, &review)?;
            if let Some(event) = review.modify(&command) {
                tx.save_review(&review, event.into(), &app.trace(&caller, app.now()))?;
            }
            Ok(review.row().clone())
        })
        .await
    }

    /// Takes a review away: its author may, and the manager.
    ///
    /// # Errors
    /// [`ReviewError`]: not found, or somebody else's.
    pub fn delete_review(&self, caller: &Caller, command: DeleteReview) -> Result<ReviewRow, ReviewError> {
        wait(self.delete_review_async(caller, command))
    }

    /// The same for a host that may not block.
    ///
    /// # Errors
    /// As [`App::delete_review`].
    pub async fn delete_review_async(&self, caller: &Caller, command: DeleteReview) -> Result<ReviewRow, ReviewError> {
        let caller = caller.clone();
        self.write_async(move |app, tx| {
            let mut review = Review::load(command.review_id, tx.review(command.review_id)?)?;
            author_or_manager(&caller, &review)?;
            let event = review.delete();
            tx.save_review(&review, event.into(), &app.trace(&caller, app.now()))?;
            Ok(review.row().clone())
        })
        .await
    }
}
