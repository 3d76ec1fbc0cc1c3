//! Writing inside a transaction: an aggregate's row, its event and the head of the log are kept together or not at all.

use rusqlite::Connection;
use storagerent_core::consumer::{ConsumerRow, DeadLetter};
use storagerent_core::effect::EffectRow;
use storagerent_core::event::{Aggregate, AggregateKind, Event, Trace};
use storagerent_core::message::MessageRow;
use storagerent_core::payment::Payment;
use storagerent_core::ports::{Head, IdempotencyRow, Repositories, StoreError};
use storagerent_core::reservation::Reservation;
use storagerent_core::review::Review;
use storagerent_core::settings::Settings;
use storagerent_core::shared::{
    DeadLetterId, EffectId, MessageId, PaymentId, ReservationId, ReviewId, Sequence, StorageId, Version,
};
use storagerent_core::storage::Storage;
use storagerent_core::storage_view::StorageViewRow;

use super::rows::sought;
use super::session::Session;
use super::statements::number;
use super::tables::{
    consumers, dead_letters, effects, events, messages, payments, reservations, reviews, site, storage_views, storages,
};

/// An aggregate about to be kept, and the statement that tells its stored version.
struct Change {
    aggregate: Aggregate,
    version: Version,
    stored_version: &'static str,
}

impl Change {
    fn of(kind: AggregateKind, id: u64, version: Version) -> Self {
        let stored_version = match kind {
            AggregateKind::Storage => "SELECT version FROM storages WHERE storage_id = ?1",
            AggregateKind::Reservation => "SELECT version FROM reservations WHERE reservation_id = ?1",
            AggregateKind::Payment => "SELECT version FROM payments WHERE payment_id = ?1",
            AggregateKind::Review => "SELECT version FROM reviews WHERE review_id = ?1",
        };
        Change { aggregate: Aggregate { kind, id }, version, stored_version }
    }
}

impl<'c> Session<'c> {
    /// The connection, if what is written through it can still be kept. After an error that made SQLite give up the whole
    /// transaction, each further statement would be committed by itself.
    fn writable(&self) -> Result<&'c Connection, StoreError> {
        match &self.broken {
            Some(error) => Err(error.clone()),
            None if self.conn.is_autocommit() => {
                Err(StoreError::Other("SQLite gave up the transaction after an error".to_owned()))
            }
            None => Ok(self.conn),
        }
    }

    /// Changes rows by one statement, which is undone by itself when it fails, unless SQLite gives up the whole transaction.
    fn put(&mut self, change: impl FnOnce(&Connection) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let conn = self.writable()?;
        change(conn).inspect_err(|error| {
            if conn.is_autocommit() {
                self.broken = Some(error.clone());
            }
        })
    }

    /// Gives out the next id of a kind, counting on from the last kept or given out.
    fn next_id(&mut self, kind: usize, last: &'static str) -> Result<u64, StoreError> {
        let conn = self.writable()?;
        let last = match self.given_out[kind] {
            Some(last) => last,
            None => number(conn, last, [])?,
        };
        let next = last.checked_add(1).ok_or_else(|| StoreError::Other("all ids are used up".to_owned()))?;
        self.given_out[kind] = Some(next);
        Ok(next)
    }

    /// Appends an event and keeps its aggregate. Refusals come before anything is written; should a later statement fail,
    /// nothing of this work is kept.
    fn save(
        &mut self,
        change: &Change,
        event: &Event,
        trace: &Trace,
        keep: impl FnOnce(&Connection) -> Result<(), StoreError>,
    ) -> Result<Sequence, StoreError> {
        let conn = self.writable()?;
        let aggregate = change.aggregate;
        if event.aggregate() != aggregate {
            let event = event.event_type();
            return Err(StoreError::Corrupt(format!("{aggregate} was to be kept with the {event} of another")));
        }
        let stored = number(conn, change.stored_version, [sought(aggregate.id)])?;
        if Version::new(stored).next() != change.version {
            let version = change.version;
            return Err(StoreError::Corrupt(format!(
                "{aggregate} is kept in version {stored}, {version} cannot follow"
            )));
        }
        let head = events::head(conn)?;
        let row = crate::log::StoredEvent::new(head.sequence.next(), event, change.version, trace, head.hash)?;
        self.put(|conn| events::insert(conn, &row))?;
        let head = Head { sequence: head.sequence.next(), hash: row.hash };
        let kept = events::set_head(conn, head).and_then(|()| keep(conn));
        if let Err(error) = kept {
            self.broken = Some(error.clone());
            return Err(error);
        }
        Ok(head.sequence)
    }
}

impl Repositories for Session<'_> {
    fn next_storage_id(&mut self) -> Result<StorageId, StoreError> {
        self.next_id(0, "SELECT max(storage_id) FROM storages").map(StorageId::new)
    }

    fn next_reservation_id(&mut self) -> Result<ReservationId, StoreError> {
        self.next_id(1, "SELECT max(reservation_id) FROM reservations").map(ReservationId::new)
    }

    fn next_payment_id(&mut self) -> Result<PaymentId, StoreError> {
        self.next_id(2, "SELECT max(payment_id) FROM payments").map(PaymentId::new)
    }

    fn next_review_id(&mut self) -> Result<ReviewId, StoreError> {
        self.next_id(3, "SELECT max(review_id) FROM reviews").map(ReviewId::new)
    }

    fn next_message_id(&mut self) -> Result<MessageId, StoreError> {
        self.next_id(4, "SELECT max(message_id) FROM messages").map(MessageId::new)
    }

    fn next_effect_id(&mut self) -> Result<EffectId, StoreError> {
        self.next_id(5, "SELECT max(effect_id) FROM effects").map(EffectId::new)
    }

    fn next_dead_letter_id(&mut self) -> Result<DeadLetterId, StoreError> {
        self.next_id(6, "SELECT max(dead_letter_id) FROM dead_letters").map(DeadLetterId::new)
    }

    fn save_storage(&mut self, storage: &Storage, event: Event, trace: &Trace) -> Result<Sequence, StoreError> {
        let row = storage.row();
        let change = Change::of(AggregateKind::Storage, row.storage_id.get(), row.version);
        self.save(&change, &event, trace, |conn| storages::save(conn, row))
    }

    fn save_reservation(
        &mut self,
        reservation: &Reservation,
        event: Event,
        trace: &Trace,
    ) -> Result<Sequence, StoreError> {
        let row = reservation.row();
        // The use case has looked before; this is the second look, at what is about to be kept.
        if row.reservation_status.is_live()
            && let Some(rival) = reservations::rival(self.writable()?, row)?
        {
            let (id, storage) = (row.booking.reservation_id, row.booking.storage_id);
            return Err(StoreError::Corrupt(format!("reservations {rival} and {id} of storage {storage} overlap")));
        }
        let change = Change::of(AggregateKind::Reservation, row.booking.reservation_id.get(), row.version);
        let is_first = row.version == Version::ZERO.next();
        let keep = if is_first { reservations::insert } else { reservations::update };
        self.save(&change, &event, trace, |conn| keep(conn, row))
    }

    fn save_payment(&mut self, payment: &Payment, event: Event, trace: &Trace) -> Result<Sequence, StoreError> {
        let row = payment.row();
        let change = Change::of(AggregateKind::Payment, row.payment_id.get(), row.version);
        self.save(&change, &event, trace, |conn| payments::save(conn, row))
    }

    fn save_review(&mut self, review: &Review, event: Event, trace: &Trace) -> Result<Sequence, StoreError> {
        let row = review.row();
        let change = Change::of(AggregateKind::Review, row.review_id.get(), row.version);
        self.save(&change, &event, trace, |conn| reviews::save(conn, row))
    }

    fn add_message(&mut self, message: &MessageRow) -> Result<(), StoreError> {
        self.put(|conn| messages::insert(conn, message))
    }

    fn put_effect(&mut self, effect: &EffectRow) -> Result<(), StoreError> {
        self.put(|conn| effects::save(conn, effect))
    }

    fn put_view(&mut self, row: &StorageViewRow) -> Result<(), StoreError> {
        self.put(|conn| storage_views::save(conn, row))
    }

    fn remove_view(&mut self, id: StorageId) -> Result<(), StoreError> {
        self.put(|conn| storage_views::remove(conn, id))
    }

    fn clear_views(&mut self) -> Result<(), StoreError> {
        self.put(storage_views::clear)
    }

    fn put_consumer(&mut self, consumer: &ConsumerRow) -> Result<(), StoreError> {
        self.put(|conn| consumers::save(conn, consumer))
    }

    fn put_dead_letter(&mut self, letter: &DeadLetter) -> Result<(), StoreError> {
        self.put(|conn| dead_letters::save(conn, letter))
    }

    fn put_idempotency(&mut self, row: &IdempotencyRow) -> Result<(), StoreError> {
        self.put(|conn| site::save_idempotency(conn, row))
    }

    fn put_settings(&mut self, settings: &Settings) -> Result<(), StoreError> {
        // Several statements: half of the settings are none.
        self.put(|conn| site::save_settings(conn, settings)).inspect_err(|error| self.broken = Some(error.clone()))
    }

    fn add_channel(&mut self, name: &str) -> Result<(), StoreError> {
        self.put(|conn| messages::add_channel(conn, name))
    }
}
