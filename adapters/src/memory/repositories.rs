//! Writing. What is refused is refused before anything is touched.

use std::sync::Arc;

use storagerent_core::consumer::{ConsumerRow, DeadLetter};
use storagerent_core::effect::EffectRow;
use storagerent_core::event::{Aggregate, AggregateKind, Event, Trace};
use storagerent_core::message::MessageRow;
use storagerent_core::payment::Payment;
use storagerent_core::ports::{IdempotencyRow, Repositories, StoreError};
use storagerent_core::reservation::Reservation;
use storagerent_core::review::Review;
use storagerent_core::settings::Settings;
use storagerent_core::shared::{
    DeadLetterId, EffectId, MessageId, PaymentId, ReservationId, ReviewId, Sequence, StorageId, Version,
};
use storagerent_core::storage::Storage;
use storagerent_core::storage_view::StorageViewRow;

use super::state::{State, corrupt};

type Stored<T> = Result<T, StoreError>;

impl State {
    /// Appends the event of an aggregate that is about to be kept in a version.
    fn append(
        &mut self,
        (kind, id): (AggregateKind, u64),
        stored: Option<Version>,
        version: Version,
        event: &Event,
        trace: &Trace,
    ) -> Stored<Sequence> {
        let aggregate = Aggregate { kind, id };
        if event.aggregate() != aggregate {
            return Err(corrupt(format!("{aggregate} cannot be saved with an event of {}", event.aggregate())));
        }
        let stored = stored.unwrap_or(Version::ZERO);
        if stored.next() != version {
            return Err(corrupt(format!("{aggregate} is stored in version {stored}; {version} cannot follow it")));
        }
        self.log.append(event, version, trace)
    }
}

impl Repositories for State {
    fn next_storage_id(&mut self) -> Stored<StorageId> {
        self.given_out.storages.next()
    }

    fn next_reservation_id(&mut self) -> Stored<ReservationId> {
        self.given_out.reservations.next()
    }

    fn next_payment_id(&mut self) -> Stored<PaymentId> {
        self.given_out.payments.next()
    }

    fn next_review_id(&mut self) -> Stored<ReviewId> {
        self.given_out.reviews.next()
    }

    fn next_message_id(&mut self) -> Stored<MessageId> {
        self.given_out.messages.next()
    }

    fn next_effect_id(&mut self) -> Stored<EffectId> {
        self.given_out.effects.next()
    }

    fn next_dead_letter_id(&mut self) -> Stored<DeadLetterId> {
        self.given_out.dead_letters.next()
    }

    fn save_storage(&mut self, storage: &Storage, event: Event, trace: &Trace) -> Stored<Sequence> {
        let row = storage.row();
        let id = row.storage_id.get();
        let stored = self.storages.get(&id).map(|row| row.version);
        let sequence = self.append((AggregateKind::Storage, id), stored, row.version, &event, trace)?;
        self.given_out.storages.seen(id);
        self.storages.insert(id, Arc::new(row.clone()));
        Ok(sequence)
    }

    fn save_reservation(&mut self, reservation: &Reservation, event: Event, trace: &Trace) -> Stored<Sequence> {
        let row = reservation.row();
        let id = row.booking.reservation_id.get();
        self.reservations.check(row)?;
        let stored = self.reservations.rows.get(&id).map(|row| row.version);
        let sequence = self.append((AggregateKind::Reservation, id), stored, row.version, &event, trace)?;
        self.given_out.reservations.seen(id);
        self.reservations.put(row);
        Ok(sequence)
    }

    fn save_payment(&mut self, payment: &Payment, event: Event, trace: &Trace) -> Stored<Sequence> {
        let row = payment.row();
        let id = row.payment_id.get();
        let stored = self.payments.get(&id).map(|row| row.version);
        let sequence = self.append((AggregateKind::Payment, id), stored, row.version, &event, trace)?;
        self.given_out.payments.seen(id);
        self.payments.insert(id, Arc::new(row.clone()));
        Ok(sequence)
    }

    fn save_review(&mut self, review: &Review, event: Event, trace: &Trace) -> Stored<Sequence> {
        let row = review.row();
        let id = row.review_id.get();
        self.reviews.check(row)?;
        let stored = self.reviews.rows.get(&id).map(|row| row.version);
        let sequence = self.append((AggregateKind::Review, id), stored, row.version, &event, trace)?;
        self.given_out.reviews.seen(id);
        self.reviews.put(row);
        Ok(sequence)
    }

    fn add_message(&mut self, message: &MessageRow) -> Stored<()> {
        self.messages.add(message)?;
        self.given_out.messages.seen(message.message_id.get());
        Ok(())
    }

    fn put_effect(&mut self, effect: &EffectRow) -> Stored<()> {
        self.effects.put(effect)?;
        self.given_out.effects.seen(effect.effect_id.get());
        Ok(())
    }

    fn put_view(&mut self, row: &StorageViewRow) -> Stored<()> {
        self.views.insert(row.storage_id.get(), Arc::new(row.clone()));
        Ok(())
    }

    fn remove_view(&mut self, id: StorageId) -> Stored<()> {
        self.views.remove(&id.get());
        Ok(())
    }

    fn clear_views(&mut self) -> Stored<()> {
        self.views.clear();
        Ok(())
    }

    fn put_consumer(&mut self, consumer: &ConsumerRow) -> Stored<()> {
        self.consumers.insert(consumer.name.clone(), Arc::new(consumer.clone()));
        Ok(())
    }

    fn put_dead_letter(&mut self, letter: &DeadLetter) -> Stored<()> {
        self.given_out.dead_letters.seen(letter.dead_letter_id.get());
        self.dead_letters.put(letter);
        Ok(())
    }

    fn put_idempotency(&mut self, row: &IdempotencyRow) -> Stored<()> {
        let used = (row.scope.clone(), row.command.clone(), row.key.clone());
        self.idempotency.insert(used, Arc::new(row.clone()));
        Ok(())
    }

    fn put_settings(&mut self, settings: &Settings) -> Stored<()> {
        self.settings = Arc::new(settings.clone());
        Ok(())
    }

    fn add_channel(&mut self, name: &str) -> Stored<()> {
        self.channels.insert(name.to_owned());
        Ok(())
    }
}
