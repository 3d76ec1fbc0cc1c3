//! Writing inside a transaction. Saving an aggregate takes its event along, so the outbox cannot be forgotten.

use super::{Queries, StoreError};
use crate::consumer::{ConsumerRow, DeadLetter};
use crate::effect::EffectRow;
use crate::event::{Event, Trace};
use crate::message::MessageRow;
use crate::payment::Payment;
use crate::ports::IdempotencyRow;
use crate::reservation::Reservation;
use crate::review::Review;
use crate::settings::Settings;
use crate::shared::{DeadLetterId, EffectId, MessageId, PaymentId, ReservationId, ReviewId, Sequence, StorageId};
use crate::storage::Storage;
use crate::storage_view::StorageViewRow;

/// Writing. Ids given out inside a work that is undone are given out again.
///
/// Every `save_…` of an aggregate appends its event, and refuses as [`StoreError::Corrupt`], writing nothing: an event of another
/// aggregate, a row whose stored version is not one less, an event of a storage by a cause not after its last one, a second undeleted
/// review of one reservation, and a live reservation that overlaps another. A `next_…_id` not saved under may be given out again.
pub trait Repositories {
    /// The next storage id.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot read or write; so with every method here.
    fn next_storage_id(&mut self) -> Result<StorageId, StoreError>;
    /// The next reservation id.
    fn next_reservation_id(&mut self) -> Result<ReservationId, StoreError>;
    /// The next payment id.
    fn next_payment_id(&mut self) -> Result<PaymentId, StoreError>;
    /// The next review id.
    fn next_review_id(&mut self) -> Result<ReviewId, StoreError>;
    /// The next message id.
    fn next_message_id(&mut self) -> Result<MessageId, StoreError>;
    /// The next effect id.
    fn next_effect_id(&mut self) -> Result<EffectId, StoreError>;
    /// The next dead letter id.
    fn next_dead_letter_id(&mut self) -> Result<DeadLetterId, StoreError>;

    /// Keeps a storage with its event.
    fn save_storage(&mut self, storage: &Storage, event: Event, trace: &Trace) -> Result<Sequence, StoreError>;
    /// Keeps a reservation with its event.
    fn save_reservation(
        &mut self,
        reservation: &Reservation,
        event: Event,
        trace: &Trace,
    ) -> Result<Sequence, StoreError>;
    /// Keeps a payment with its event.
    fn save_payment(&mut self, payment: &Payment, event: Event, trace: &Trace) -> Result<Sequence, StoreError>;
    /// Keeps a review with its event.
    fn save_review(&mut self, review: &Review, event: Event, trace: &Trace) -> Result<Sequence, StoreError>;

    /// Adds a message, to the customer of its reservation; a second one for the same event and channel is refused as [`StoreError::Corrupt`].
    fn add_message(&mut self, message: &MessageRow) -> Result<(), StoreError>;
    /// Adds or changes an effect; a second one of a kind under one key is refused as [`StoreError::Corrupt`].
    fn put_effect(&mut self, effect: &EffectRow) -> Result<(), StoreError>;
    /// Adds or changes a row of the view.
    fn put_view(&mut self, row: &StorageViewRow) -> Result<(), StoreError>;
    /// Removes a row of the view.
    fn remove_view(&mut self, id: StorageId) -> Result<(), StoreError>;
    /// Removes all rows of the view.
    fn clear_views(&mut self) -> Result<(), StoreError>;
    /// Adds or changes a consumer.
    fn put_consumer(&mut self, consumer: &ConsumerRow) -> Result<(), StoreError>;
    /// Adds or changes a dead letter.
    fn put_dead_letter(&mut self, letter: &DeadLetter) -> Result<(), StoreError>;
    /// Adds or changes what an idempotency key was used for.
    fn put_idempotency(&mut self, row: &IdempotencyRow) -> Result<(), StoreError>;
    /// Changes the settings.
    fn put_settings(&mut self, settings: &Settings) -> Result<(), StoreError>;
    /// Adds a channel that messages are written for.
    fn add_channel(&mut self, name: &str) -> Result<(), StoreError>;
}

/// What a work sees: one transaction, read and write. The two questions, `Offers` and `Bookings`, are answered inside it.
pub trait Transaction: Queries + Repositories {}

impl<T: Queries + Repositories> Transaction for T {}
