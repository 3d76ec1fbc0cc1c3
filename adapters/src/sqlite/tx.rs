//! Keeping inside a transaction: an aggregate's row, its event and the head of the log are kept together or not at all.
//!
//! What nearly every work keeps waits in memory for the end of its group; what is rare is written at once.

use std::sync::Arc;

use storagerent_core::consumer::{ConsumerRow, DeadLetter};
use storagerent_core::effect::EffectRow;
use storagerent_core::event::{Aggregate, AggregateKind, Event, Trace};
use storagerent_core::message::MessageRow;
use storagerent_core::payment::Payment;
use storagerent_core::ports::{Head, IdempotencyRow, Queries, Repositories, StoreError};
use storagerent_core::reservation::Reservation;
use storagerent_core::review::Review;
use storagerent_core::settings::Settings;
use storagerent_core::shared::{
    DeadLetterId, EffectId, MessageId, PaymentId, ReservationId, ReviewId, Sequence, StorageId, Version,
};
use storagerent_core::storage::Storage;
use storagerent_core::storage_view::StorageViewRow;

use super::cache::Hot;
use super::rows::sought;
use super::session::{Session, Undo};
use super::statements::{Db, number, run};
use super::tables::{consumers, dead_letters, head, messages, reservations, reviews, site, storage_views};
use crate::log::StoredEvent;

/// The kinds of ids, as the cache counts them.
const KINDS: [&str; 7] = [
    "SELECT max(storage_id) FROM storages",
    "SELECT max(reservation_id) FROM reservations",
    "SELECT max(payment_id) FROM payments",
    "SELECT max(review_id) FROM reviews",
    "SELECT max(message_id) FROM messages",
    "SELECT max(effect_id) FROM effects",
    "SELECT max(dead_letter_id) FROM dead_letters",
];
const MESSAGE: usize = 4;
const EFFECT: usize = 5;
const DEAD_LETTER: usize = 6;

fn kind_of(kind: AggregateKind) -> usize {
    match kind {
        AggregateKind::Storage => 0,
        AggregateKind::Reservation => 1,
        AggregateKind::Payment => 2,
        AggregateKind::Review => 3,
    }
}

/// An aggregate about to be kept.
struct Change {
    aggregate: Aggregate,
    version: Version,
}

impl Change {
    fn of(kind: AggregateKind, id: u64, version: Version) -> Self {
        Change { aggregate: Aggregate { kind, id }, version }
    }

    /// The statement that tells its stored version.
    fn stored_version(&self) -> &'static str {
        match self.aggregate.kind {
            AggregateKind::Storage => "SELECT version FROM storages WHERE storage_id = ?1",
            AggregateKind::Reservation => "SELECT version FROM reservations WHERE reservation_id = ?1",
            AggregateKind::Payment => "SELECT version FROM payments WHERE payment_id = ?1",
            AggregateKind::Review => "SELECT version FROM reviews WHERE review_id = ?1",
        }
    }
}

impl<'c> Session<'c> {
    /// The connection, if what is written through it can still be kept. After an error that made SQLite give up the whole
    /// transaction, each further statement would be committed by itself.
    fn writable(&self) -> Result<Db<'c>, StoreError> {
        match self.lost.as_ref().or(self.broken.as_ref()) {
            Some(error) => Err(error.clone()),
            None if self.db.is_autocommit() => {
                Err(StoreError::Other("SQLite gave up the transaction after an error".to_owned()))
            }
            None => Ok(self.db),
        }
    }

    /// The connection for what only SQLite can answer: all that was kept so far is written.
    pub(super) fn written(&mut self) -> Result<Db<'c>, StoreError> {
        if !self.unwritten.is_empty() {
            return self.writing();
        }
        self.write_group()?;
        Ok(self.db)
    }

    /// The connection for a work that writes at once: what it writes can be undone alone.
    fn writing(&mut self) -> Result<Db<'c>, StoreError> {
        self.write_group()?;
        let db = self.writable()?;
        if self.undo == Undo::NothingYet {
            run(db, "SAVEPOINT work", [])?;
            self.undo = Undo::Savepoint;
        }
        let written = self.unwritten.write(db, &mut self.memory.hot).inspect_err(|error| {
            self.broken = Some(error.clone());
            // Some of it was written, and is about to be undone.
            self.memory.hot = Hot::default();
        })?;
        self.touched.extend(written);
        Ok(db)
    }

    /// Writes what the works before this one have kept.
    pub(super) fn write_group(&mut self) -> Result<(), StoreError> {
        if self.memory.unwritten.is_empty() {
            return Ok(());
        }
        let db = self.writable()?;
        let written = self.memory.unwritten.write(db, &mut self.memory.hot);
        written.map(drop).inspect_err(|error| self.lost = Some(error.clone()))
    }

    /// Changes rows at once by one statement, which is undone by itself when it fails, unless SQLite gives up the whole
    /// transaction.
    fn put(&mut self, change: impl FnOnce(Db<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let db = self.writing()?;
        change(db).inspect_err(|error| {
            if db.is_autocommit() {
                self.broken = Some(error.clone());
            }
        })
    }

    /// The last id kept of a kind, 0 before the first.
    fn last_kept(&mut self, kind: usize) -> Result<u64, StoreError> {
        self.writable()?;
        if let Some(last) = self.memory.cache.last_kept[kind] {
            return Ok(last);
        }
        let last = number(self.written()?, KINDS[kind], [])?;
        self.memory.cache.last_kept[kind] = Some(last);
        Ok(last)
    }

    fn was_kept(&mut self, kind: usize, id: u64) {
        if let Some(last) = &mut self.memory.cache.last_kept[kind] {
            *last = (*last).max(id);
        }
    }

    /// Gives out the next id of a kind, counting on from the last kept or given out.
    fn next_id(&mut self, kind: usize) -> Result<u64, StoreError> {
        let last = match self.given_out[kind] {
            Some(last) => last,
            None => self.last_kept(kind)?,
        };
        let next = last.checked_add(1).ok_or_else(|| StoreError::Other("all ids are used up".to_owned()))?;
        self.given_out[kind] = Some(next);
        Ok(next)
    }

    /// The version an aggregate is stored in, zero if it is not.
    fn stored_version(&mut self, change: &Change) -> Result<Version, StoreError> {
        let aggregate = change.aggregate;
        if let Some(version) = self.versions.get(&aggregate) {
            return Ok(*version);
        }
        if aggregate.id > self.last_kept(kind_of(aggregate.kind))? {
            return Ok(Version::ZERO);
        }
        number(self.written()?, change.stored_version(), [sought(aggregate.id)]).map(Version::new)
    }

    /// Writes what works only changed in memory, since the next one would change it again: the head of the log, and consumers.
    pub(super) fn write_put_off(&mut self) -> Result<(), StoreError> {
        let consumers = self.memory.cache.consumers.clone();
        match &consumers {
            Some(consumers) if consumers.have_moved => {
                let head = self.head()?;
                self.put(|db| head::save_all(db, head, consumers))?;
            }
            Some(_) | None if self.memory.cache.head_is_ahead => {
                let head = self.head()?;
                self.put(|db| head::save(db, head))?;
            }
            Some(_) | None => {}
        }
        self.memory.cache.head_is_ahead = false;
        if let Some(consumers) = consumers {
            consumers.changed().try_for_each(|row| self.put(|db| consumers::save(db, row)))?;
            drop(consumers);
            self.known_consumers()?.are_written();
        }
        Ok(())
    }

    /// Keeps an aggregate with its event. Refusals come before anything is kept.
    fn save(
        &mut self,
        change: &Change,
        event: Event,
        trace: &Trace,
        keep: impl FnOnce(&mut Self) -> Result<(), StoreError>,
    ) -> Result<Sequence, StoreError> {
        self.writable()?;
        let aggregate = change.aggregate;
        if event.aggregate() != aggregate {
            let event = event.event_type();
            return Err(StoreError::Corrupt(format!("{aggregate} was to be kept with the {event} of another")));
        }
        let stored = self.stored_version(change)?;
        if stored.next() != change.version {
            let version = change.version;
            return Err(StoreError::Corrupt(format!(
                "{aggregate} is kept in version {stored}, {version} cannot follow"
            )));
        }
        let head = self.head()?;
        let row = StoredEvent::new(head.sequence.next(), &event, change.version, trace, head.hash)?.owned();
        keep(self)?;
        let head = Head { sequence: head.sequence.next(), hash: row.hash };
        self.memory.added(row.envelope(event, trace), head);
        self.unwritten.event(row);
        self.versions.insert(aggregate, change.version);
        self.was_kept(kind_of(aggregate.kind), aggregate.id);
        Ok(head.sequence)
    }
}

impl Repositories for Session<'_> {
    fn next_storage_id(&mut self) -> Result<StorageId, StoreError> {
        self.next_id(kind_of(AggregateKind::Storage)).map(StorageId::new)
    }

    fn next_reservation_id(&mut self) -> Result<ReservationId, StoreError> {
        self.next_id(kind_of(AggregateKind::Reservation)).map(ReservationId::new)
    }

    fn next_payment_id(&mut self) -> Result<PaymentId, StoreError> {
        self.next_id(kind_of(AggregateKind::Payment)).map(PaymentId::new)
    }

    fn next_review_id(&mut self) -> Result<ReviewId, StoreError> {
        self.next_id(kind_of(AggregateKind::Review)).map(ReviewId::new)
    }

    fn next_message_id(&mut self) -> Result<MessageId, StoreError> {
        self.next_id(MESSAGE).map(MessageId::new)
    }

    fn next_effect_id(&mut self) -> Result<EffectId, StoreError> {
        self.next_id(EFFECT).map(EffectId::new)
    }

    fn next_dead_letter_id(&mut self) -> Result<DeadLetterId, StoreError> {
        self.next_id(DEAD_LETTER).map(DeadLetterId::new)
    }

    fn save_storage(&mut self, storage: &Storage, event: Event, trace: &Trace) -> Result<Sequence, StoreError> {
        let row = storage.row();
        let change = Change::of(AggregateKind::Storage, row.storage_id.get(), row.version);
        let cause = trace.causation_id;
        if let Some(cause) = cause
            && self.last_storage_cause(row.storage_id, cause)?.is_some()
        {
            let id = row.storage_id;
            return Err(StoreError::Corrupt(format!(
                "storage {id} has an event by that cause, or a later one, already"
            )));
        }
        self.save(&change, event, trace, |session| {
            session.unwritten.storage(row.clone(), cause);
            Ok(())
        })
    }

    fn save_reservation(
        &mut self,
        reservation: &Reservation,
        event: Event,
        trace: &Trace,
    ) -> Result<Sequence, StoreError> {
        let row = reservation.row();
        // The use case has looked before; this is the second look, at what is about to be kept.
        let booking = &row.booking;
        let claims_more = match self.live.get(&booking.reservation_id) {
            Some(before) => !before.covers(&booking.period),
            None => self.free != Some((booking.storage_id, booking.period)),
        };
        if claims_more
            && row.reservation_status.is_live()
            && let Some(rival) = reservations::rival(self.written()?, row)?
        {
            let (id, storage) = (row.booking.reservation_id, row.booking.storage_id);
            return Err(StoreError::Corrupt(format!("reservations {rival} and {id} of storage {storage} overlap")));
        }
        let change = Change::of(AggregateKind::Reservation, row.booking.reservation_id.get(), row.version);
        let is_first = row.version == Version::ZERO.next();
        let kept = self.save(&change, event, trace, |session| {
            session.unwritten.reservation(row.clone(), is_first);
            Ok(())
        })?;
        self.free = None;
        self.saw_reservation(row);
        Ok(kept)
    }

    fn save_payment(&mut self, payment: &Payment, event: Event, trace: &Trace) -> Result<Sequence, StoreError> {
        let row = payment.row();
        let change = Change::of(AggregateKind::Payment, row.payment_id.get(), row.version);
        self.save(&change, event, trace, |session| {
            session.unwritten.payment(row.clone());
            Ok(())
        })
    }

    fn save_review(&mut self, review: &Review, event: Event, trace: &Trace) -> Result<Sequence, StoreError> {
        let row = review.row();
        let change = Change::of(AggregateKind::Review, row.review_id.get(), row.version);
        self.save(&change, event, trace, |session| session.put(|db| reviews::save(db, row)))
    }

    fn add_message(&mut self, message: &MessageRow) -> Result<(), StoreError> {
        self.writable()?;
        let (event, channel) = (message.event_sequence, message.channel.as_str());
        if self.was_told(message.reservation_id, event, channel)? {
            return Err(StoreError::Corrupt(format!("event {event} was told over {channel} already")));
        }
        self.unwritten.message(message.clone());
        self.was_kept(MESSAGE, message.message_id.get());
        self.memory.told(message.event_sequence);
        Ok(())
    }

    fn put_effect(&mut self, effect: &EffectRow) -> Result<(), StoreError> {
        let id = effect.effect_id;
        let is_new = id.get() > self.last_kept(EFFECT)?;
        let (kind, key) = (effect.action.kind(), effect.key);
        let is_known_under = |known: &EffectRow| (known.action.kind(), known.key) == (kind, key);
        let is_under_its_own = !is_new && self.effect(id)?.as_ref().is_some_and(is_known_under);
        if !is_under_its_own && self.effect_under(kind, key)?.is_some_and(|other| other.effect_id != id) {
            return Err(StoreError::Corrupt(format!("there is a {kind} under the key of effect {id} already")));
        }
        self.unwritten.effect(effect.clone(), is_new);
        self.was_kept(EFFECT, id.get());
        Ok(())
    }

    fn put_view(&mut self, row: &StorageViewRow) -> Result<(), StoreError> {
        self.writable()?;
        if let Some(last) = &mut self.memory.cache.views_to {
            *last = (*last).max(row.storage_id);
        }
        self.unwritten.view(row.storage_id, Some(row.clone()));
        Ok(())
    }

    fn remove_view(&mut self, id: StorageId) -> Result<(), StoreError> {
        self.writable()?;
        self.unwritten.view(id, None);
        Ok(())
    }

    fn clear_views(&mut self) -> Result<(), StoreError> {
        self.put(storage_views::clear)?;
        self.memory.hot.views.clear();
        self.memory.cache.views_to = Some(StorageId::new(0));
        Ok(())
    }

    fn put_consumer(&mut self, consumer: &ConsumerRow) -> Result<(), StoreError> {
        self.writable()?;
        self.known_consumers()?.put(consumer.clone());
        Ok(())
    }

    fn put_dead_letter(&mut self, letter: &DeadLetter) -> Result<(), StoreError> {
        // Whichever consumer it is of: letters are rare.
        self.memory.cache.untroubled = Arc::default();
        self.put(|db| dead_letters::save(db, letter))?;
        self.was_kept(DEAD_LETTER, letter.dead_letter_id.get());
        Ok(())
    }

    fn put_idempotency(&mut self, row: &IdempotencyRow) -> Result<(), StoreError> {
        self.writable()?;
        self.unwritten.idempotency(row.clone());
        Ok(())
    }

    fn put_settings(&mut self, settings: &Settings) -> Result<(), StoreError> {
        self.memory.cache.settings = None;
        // Several statements: half of the settings are none.
        self.put(|db| site::save_settings(db, settings)).inspect_err(|error| self.broken = Some(error.clone()))
    }

    fn add_channel(&mut self, name: &str) -> Result<(), StoreError> {
        self.memory.cache.channels = None;
        self.put(|db| messages::add_channel(db, name))
    }
}
