//! The consumers inside the file and what each does with an event; and pausing, resuming, replaying any.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::folding::Views;
use super::{App, Error, OperationError};
use crate::consumer::{ConsumerRow, DeadLetter, DeadSubject};
use crate::effect::{Action, EffectRow, EffectStatus};
use crate::event::{Envelope, Event};
use crate::message::{INBOX, MessageRow, message_of};
use crate::payment::{Payment, refund_due};
use crate::ports::{ConsumeError, StoreError, Transaction};
use crate::settings;
use crate::shared::{Caller, Key, Lang, Sequence, StorageId};
use crate::storage::{Rating, Reaction, Storage, StorageEvent, manager_only, react};

/// Makes a consumer inside the file fail after it has acted: its name, the event, and what it is to fail with.
pub type Sabotage = Arc<dyn Fn(&str, &Envelope) -> Result<(), ConsumeError> + Send + Sync>;

/// The consumers inside the file, in the order they ride: the view last, so that it sees what the others raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InFile {
    Storage,
    Payment,
    Message,
    View,
}

impl InFile {
    pub(super) const ALL: [InFile; 4] = [InFile::Storage, InFile::Payment, InFile::Message, InFile::View];

    pub(super) fn name(self) -> &'static str {
        match self {
            InFile::Storage => "storage",
            InFile::Payment => "payment",
            InFile::Message => "message",
            InFile::View => "view",
        }
    }

    pub(super) fn named(name: &str) -> Option<Self> {
        InFile::ALL.into_iter().find(|c| c.name() == name)
    }

    /// Later events of this key wait behind one that is parked. `None`: the event means nothing to this consumer.
    pub(super) fn key(self, event: &Envelope) -> Option<String> {
        let meant = match self {
            InFile::Storage => react(&event.event).is_some(),
            InFile::Payment => refund_due(&event.event).is_some(),
            InFile::Message => message_of(event, Lang::En).is_some(),
            InFile::View => true,
        };
        let of_reservation = || event.event.reservation_id().map(|id| format!("reservation:{id}"));
        match self {
            InFile::Storage | InFile::View => meant.then(|| format!("storage:{}", event.event.storage_id())),
            InFile::Payment | InFile::Message => meant.then(of_reservation).flatten(),
        }
    }

    /// Does what the event calls for, if that is still missing.
    pub(super) fn apply(
        self,
        app: &App,
        tx: &mut dyn Transaction,
        event: &Envelope,
        views: &mut Views,
    ) -> Result<(), ConsumeError> {
        let applied = match self {
            InFile::Storage => follow_rentals(app, tx, event),
            InFile::Payment => give_money_back(app, tx, event),
            InFile::Message => tell_customer(app, tx, event),
            InFile::View => views.fold(tx, &event.event),
        };
        applied.map_err(trouble)
    }
}

/// What trouble with the store is to a consumer.
pub(super) fn trouble(error: StoreError) -> ConsumeError {
    match error {
        StoreError::Busy { .. } | StoreError::Other(_) | StoreError::OutcomeUnknown(_) => {
            ConsumeError::Unavailable(error.to_string())
        }
        StoreError::Nested
        | StoreError::Aborted(_)
        | StoreError::NewerSchema { .. }
        | StoreError::WalMode
        | StoreError::Corrupt(_) => ConsumeError::Permanent(error.to_string()),
    }
}

/// The storage policy: one event of the storage per cause, and none out of turn.
fn follow_rentals(app: &App, tx: &mut dyn Transaction, event: &Envelope) -> Result<(), StoreError> {
    let Some(reaction) = react(&event.event) else { return Ok(()) };
    let id = match reaction {
        Reaction::Occupy(id, _) | Reaction::Release(id, _) | Reaction::CountReviews(id) => id,
    };
    // What was acted on before, or overtaken by a later cause, is not acted on again.
    if tx.last_storage_cause(id, event.sequence)?.is_some() {
        return Ok(());
    }
    let Ok(mut storage) = Storage::load(id, tx.storage(id)?) else { return Ok(()) };
    let raised = match reaction {
        Reaction::Occupy(_, reservation) => storage.occupy(reservation),
        Reaction::Release(_, reservation) => storage.release(reservation),
        Reaction::CountReviews(_) => count_reviews(tx, id, &mut storage)?,
    };
    if let Some(raised) = raised {
        tx.save_storage(&storage, Event::from(raised), &event.causes(app.now()))?;
    }
    Ok(())
}

/// Counts anew from the reviews themselves: a redelivery cannot count twice.
fn count_reviews(
    tx: &mut dyn Transaction,
    id: StorageId,
    storage: &mut Storage,
) -> Result<Option<StorageEvent>, StoreError> {
    let (count, sum) = tx.review_totals(id)?;
    Ok(storage.take_reviews(count, Rating::average(sum, count)))
}

/// The payment policy: one refund per payment.
fn give_money_back(app: &App, tx: &mut dyn Transaction, event: &Envelope) -> Result<(), StoreError> {
    let Some(id) = refund_due(&event.event) else { return Ok(()) };
    let payment = Payment::load(id, tx.payment(id)?).map_err(|e| StoreError::Corrupt(e.to_string()))?;
    if tx.effect_under("refund", payment.row().key)?.is_some() {
        return Ok(());
    }
    wish(app, tx, Action::Refund { payment_id: id }, payment.row().key, event)
}

/// The message policy: one message per event and channel.
fn tell_customer(app: &App, tx: &mut dyn Transaction, event: &Envelope) -> Result<(), StoreError> {
    let language = tx.settings()?.language;
    let Some((booking, words)) = message_of(event, language) else { return Ok(()) };
    for channel in tx.channels()? {
        if tx.was_told(booking.reservation_id, event.sequence, &channel)? {
            continue;
        }
        let message = MessageRow {
            message_id: tx.next_message_id()?,
            reservation_id: booking.reservation_id,
            storage_id: booking.storage_id,
            customer: booking.customer.clone(),
            kind: event.event.event_type().to_owned(),
            content: words.clone(),
            event_sequence: event.sequence,
            channel: channel.clone(),
            correlation_id: event.correlation_id.clone(),
        };
        tx.add_message(&message)?;
        if channel != INBOX {
            let action = Action::Deliver { message_id: message.message_id, channel };
            wish(app, tx, action, app.parts().ids.key(), event)?;
        }
    }
    Ok(())
}

/// Writes down something to be done outside because of an event.
fn wish(app: &App, tx: &mut dyn Transaction, action: Action, key: Key, event: &Envelope) -> Result<(), StoreError> {
    let effect_id = tx.next_effect_id()?;
    tx.put_effect(&EffectRow {
        effect_id,
        key,
        action,
        status: EffectStatus::Due,
        attempts: 0,
        due_at: app.now(),
        lease: None,
        correlation_id: event.correlation_id.clone(),
        causation_id: event.sequence,
    })
}

/// Whether a dead letter holds the event of that sequence.
pub(super) fn holds(letter: &DeadLetter, wanted: Sequence) -> bool {
    matches!(&letter.subject, DeadSubject::Event { sequence, .. } if *sequence == wanted)
}

/// A dead letter of an event.
pub(super) fn dead_letter(
    tx: &mut dyn Transaction,
    consumer: &str,
    event: &Envelope,
    key: String,
    reason: String,
    now: DateTime<Utc>,
) -> Result<DeadLetter, StoreError> {
    Ok(DeadLetter {
        dead_letter_id: tx.next_dead_letter_id()?,
        subject: DeadSubject::Event { consumer: consumer.to_owned(), sequence: event.sequence, key },
        reason,
        parked_at: now,
        closed_at: None,
        resolution: None,
    })
}

impl App {
    /// The names of all consumers of this application.
    pub(super) fn consumer_names(&self) -> Result<Vec<String>, Error> {
        let mut names: Vec<String> = InFile::ALL.map(|c| c.name().to_owned()).to_vec();
        for consumer in &self.parts().consumers {
            let name = settings::name("consumer", consumer.name())?;
            if names.contains(&name) {
                let taken = crate::shared::InvalidValue::new(
                    "consumer",
                    format!("{name} is taken"),
                    format!("{name}은(는) 이미 있습니다"),
                );
                return Err(taken.into());
            }
            names.push(name);
        }
        Ok(names)
    }

    /// Lets all consumers go on that may, at most so many events each; answers how many events were taken in all. Trouble of a
    /// consumer is kept with it and shown by [`App::consumers`]; it is no error of this pass.
    ///
    /// # Errors
    /// [`Error`] when the store cannot.
    pub fn run_consumers(&self, limit: u32) -> Result<u32, Error> {
        self.run_consumers_for(limit, None)
    }

    /// The same, with so much time for each consumer of your own.
    pub(super) fn run_consumers_for(&self, limit: u32, time: Option<Duration>) -> Result<u32, Error> {
        let mut taken = 0;
        for consumer in InFile::ALL {
            taken += self.catch_up(consumer, limit)?;
        }
        for consumer in &self.parts().consumers {
            taken += self.run_outside(consumer.as_ref(), limit, time)?;
        }
        Ok(taken)
    }

    /// Whether a consumer is one that this application runs.
    pub(super) fn runs(&self, name: &str) -> bool {
        InFile::named(name).is_some() || self.parts().consumers.iter().any(|own| own.name() == name)
    }

    /// Makes a consumer wait, in every process, until it is resumed. What it misses it gets then.
    ///
    /// # Errors
    /// [`OperationError`]: no such consumer, or not the manager.
    pub fn pause(&self, caller: &Caller, name: &str) -> Result<ConsumerRow, OperationError> {
        self.change_consumer(caller, name, |row| row.paused = true)
    }

    /// Lets a paused consumer go on, and one that waits try again now.
    ///
    /// # Errors
    /// [`OperationError`]: no such consumer, or not the manager.
    pub fn resume(&self, caller: &Caller, name: &str) -> Result<ConsumerRow, OperationError> {
        self.change_consumer(caller, name, |row| {
            row.paused = false;
            row.retry_at = None;
        })
    }

    /// Lets a consumer go through the log from event 1 again: projections fold it anew, policies do only what is missing.
    /// It runs at once unless paused.
    ///
    /// # Errors
    /// [`OperationError`]: no such consumer, or not the manager.
    pub fn replay(&self, caller: &Caller, name: &str) -> Result<ConsumerRow, Error> {
        manager_only(caller)?;
        let asked = name.to_owned();
        let row = self.write_alone(move |app, tx| {
            let mut row = load(tx, &asked)?;
            if InFile::named(&asked) == Some(InFile::View) {
                tx.clear_views()?;
            }
            for letter in tx.dead_events(&asked, None, None)? {
                let (closed_at, resolution) = (Some(app.now()), Some("replayed".to_owned()));
                tx.put_dead_letter(&DeadLetter { closed_at, resolution, ..letter })?;
            }
            row.advance(Sequence::ZERO);
            // Who is running it now is to stop, and not to save how far it came.
            row.lease = None;
            tx.put_consumer(&row)?;
            Ok::<_, OperationError>(row)
        })?;
        if !row.paused {
            if let Some(consumer) = InFile::named(name) {
                self.catch_up(consumer, u32::MAX)?;
            } else if let Some(consumer) = self.parts().consumers.iter().find(|c| c.name() == name) {
                self.run_outside(consumer.as_ref(), u32::MAX, None)?;
            }
        }
        let name = name.to_owned();
        self.read(|q| q.consumer(&name)?.ok_or_else(|| OperationError::ConsumerNotFound { name }.into()))
    }

    fn change_consumer(
        &self,
        caller: &Caller,
        name: &str,
        change: fn(&mut ConsumerRow),
    ) -> Result<ConsumerRow, OperationError> {
        manager_only(caller)?;
        let name = name.to_owned();
        self.write_alone(move |_, tx| {
            let mut row = load(tx, &name)?;
            change(&mut row);
            tx.put_consumer(&row)?;
            Ok(row)
        })
    }
}

/// A consumer that must be known.
pub(super) fn load(tx: &mut dyn Transaction, name: &str) -> Result<ConsumerRow, OperationError> {
    tx.consumer(name)?.ok_or_else(|| OperationError::ConsumerNotFound { name: name.to_owned() })
}
