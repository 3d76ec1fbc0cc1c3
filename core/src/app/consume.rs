//! Driving the consumers inside the file: they ride in the group that raised an event, each in a savepoint of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::consumers::{InFile, dead_letter, trouble};
use super::folding::Views;
use super::outcome::retry_at;
use super::{App, Error};
use crate::consumer::ConsumerRow;
use crate::event::Envelope;
use crate::ports::{ConsumeError, EventFilter, Page, StoreError, Transaction, Verdict, Work, wait};
use crate::shared::Sequence;

/// So many events a rider takes along for each use case it rides with; what is left is for `run_due`. A day's turn writes the most: a
/// hundred holds that lapse and a hundred rentals, each of which a storage follows.
const RIDE_MAX: u32 = 512;
/// So many in all: a group that takes long keeps other processes from the file.
const RIDE_GROUP_MAX: u32 = 2_048;
/// So many events are folded in one transaction when catching up: long enough that waiting for the disk is a small part of it.
const BATCH_MAX: u32 = 2_048;
/// So many of the view's, whose events are only folded: a tenth of a second.
const FOLDED_MAX: u32 = 16_384;
/// So many events of a failed batch are redone one by one in a pass.
const REDO_MAX: u32 = 256;

/// Why a batch was undone.
pub(super) enum Setback {
    Event(ConsumeError),
    Store(StoreError),
}

impl From<StoreError> for Setback {
    fn from(error: StoreError) -> Self {
        Setback::Store(error)
    }
}

/// One consumer riding in a use case's group. Its failure undoes its own savepoint only.
#[derive(Clone)]
pub(super) struct Ride {
    app: App,
    consumer: InFile,
    events_max: u32,
    failed: Arc<AtomicBool>,
}

impl Ride {
    pub(super) fn failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
    }

    pub(super) fn consumer(&self) -> InFile {
        self.consumer
    }
}

/// The rides as works of a group.
pub(super) fn riding(rides: &[Ride]) -> Vec<Box<dyn Work>> {
    rides.iter().map(|ride| Box::new(ride.clone()) as Box<dyn Work>).collect()
}

impl Work for Ride {
    fn run(&mut self, tx: &mut dyn Transaction) -> Verdict {
        match self.app.consume_batch(tx, self.consumer, self.events_max) {
            Ok(_) => Verdict::Keep,
            Err(_) => {
                self.failed.store(true, Ordering::Release);
                Verdict::Undo
            }
        }
    }

    fn rides_as(&self) -> Option<&'static str> {
        Some(self.consumer.name())
    }

    fn stand_for(&mut self, works: usize) {
        self.events_max = self.events_max.max(events_max(works));
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        // An undone panic arrives as an error of this work alone; the batch is redone event by event.
        if matches!(outcome, Err(StoreError::Aborted(_))) {
            self.failed.store(true, Ordering::Release);
        }
    }
}

fn events_max(use_cases: usize) -> u32 {
    u32::try_from(use_cases).unwrap_or(u32::MAX).saturating_mul(RIDE_MAX).min(RIDE_GROUP_MAX)
}

impl App {
    /// The consumers inside the file, to ride with so many use cases.
    pub(super) fn rides(&self, use_cases: usize) -> Vec<Ride> {
        InFile::ALL
            .into_iter()
            .map(|consumer| {
                let failed = Arc::new(AtomicBool::new(false));
                Ride { app: self.clone(), consumer, events_max: events_max(use_cases), failed }
            })
            .collect()
    }

    /// Folds the next events of one consumer, effect and cursor together; answers how many.
    fn consume_batch(&self, tx: &mut dyn Transaction, consumer: InFile, limit: u32) -> Result<u32, Setback> {
        let now = self.now();
        let mut row = tx.consumer(consumer.name())?.unwrap_or_else(|| ConsumerRow::new(consumer.name()));
        if !row.may_run(now) {
            return Ok(0);
        }
        let anything_parked = tx.has_dead_events(consumer.name())?;
        let mut views = Views::default();
        let (mut taken, mut last) = (0, row.cursor);
        // More than once, for what it raises itself is for it to see too.
        while taken < limit {
            let events = tx.events(&EventFilter::default(), Page { after: last.get(), limit: Some(limit - taken) })?;
            let Some(end) = events.last() else { break };
            last = end.sequence;
            for event in &events {
                if anything_parked && self.park_behind(tx, consumer, event)? {
                    continue;
                }
                self.apply(tx, consumer, event, &mut views).map_err(Setback::Event)?;
            }
            taken = taken.saturating_add(u32::try_from(events.len()).unwrap_or(u32::MAX));
            if tx.head()?.sequence <= last {
                break;
            }
        }
        if taken > 0 {
            views.keep(tx).map_err(|e| Setback::Event(trouble(e)))?;
            row.advance(last);
            tx.put_consumer(&row)?;
        }
        Ok(taken)
    }

    pub(super) fn apply(
        &self,
        tx: &mut dyn Transaction,
        consumer: InFile,
        event: &Envelope,
        views: &mut Views,
    ) -> Result<(), ConsumeError> {
        consumer.apply(self, tx, event, views)?;
        match &self.parts().sabotage {
            Some(sabotage) => sabotage(consumer.name(), event),
            None => Ok(()),
        }
    }

    /// Parks an event behind an earlier one of its key; says whether it did.
    fn park_behind(&self, tx: &mut dyn Transaction, consumer: InFile, event: &Envelope) -> Result<bool, StoreError> {
        let Some(key) = consumer.key(event) else { return Ok(false) };
        let first = tx.dead_events(consumer.name(), Some(&key), Some(1))?.pop();
        let Some(first) = first else { return Ok(false) };
        let reason = format!("waits behind dead letter {}", first.dead_letter_id);
        let letter = dead_letter(tx, consumer.name(), event, key, reason, self.now())?;
        tx.put_dead_letter(&letter)?;
        Ok(true)
    }

    /// Redoes a failed batch event by event, so that only what fails waits or is parked; answers how many it passed. Trouble
    /// with the store is left to the next pass.
    pub(super) async fn redo(&self, consumer: InFile) -> u32 {
        let mut passed = 0;
        while passed < REDO_MAX && matches!(self.step(consumer).await, Ok(true)) {
            passed += 1;
        }
        passed
    }

    /// One event in a transaction of its own; says whether there may be more.
    async fn step(&self, consumer: InFile) -> Result<bool, Error> {
        let stood_at = Arc::new(AtomicU64::new(0));
        let standing = Arc::clone(&stood_at);
        let one = move |app: &App, tx: &mut dyn Transaction| {
            standing.store(tx.consumer(consumer.name())?.map_or(0, |row| row.cursor.get()), Ordering::Release);
            Ok::<_, Setback>(app.consume_batch(tx, consumer, 1)? > 0)
        };
        let tried = self.write_alone_async(one).await;
        let setback = match tried {
            Ok(more) => return Ok(more),
            Err(Setback::Event(e)) => e,
            Err(Setback::Store(StoreError::Aborted(why))) => ConsumeError::Permanent(why),
            Err(Setback::Store(StoreError::Corrupt(why))) => ConsumeError::Permanent(why),
            Err(Setback::Store(e)) => return Err(e.into()),
        };
        let after = Sequence::new(stood_at.load(Ordering::Acquire));
        self.write_alone_async(move |app, tx| app.note_setback(tx, consumer, after, &setback)).await
    }

    fn note_setback(
        &self,
        tx: &mut dyn Transaction,
        consumer: InFile,
        after: Sequence,
        setback: &ConsumeError,
    ) -> Result<bool, Error> {
        let now = self.now();
        let mut row = tx.consumer(consumer.name())?.unwrap_or_else(|| ConsumerRow::new(consumer.name()));
        // Others redo the same events: who noted it first has noted it for all, and what comes next nobody has tried.
        if row.cursor != after || !row.may_run(now) {
            return Ok(row.may_run(now));
        }
        match setback {
            ConsumeError::Unavailable(why) => {
                row.retry_at = Some(retry_at(now, row.attempts));
                row.attempts = row.attempts.saturating_add(1);
                row.last_error = Some(why.clone());
                tx.put_consumer(&row)?;
                Ok(false)
            }
            ConsumeError::Permanent(why) => {
                let page = Page { after: row.cursor.get(), limit: Some(1) };
                let Some(event) = tx.events(&EventFilter::default(), page)?.pop() else { return Ok(false) };
                if let Some(key) = consumer.key(&event) {
                    let letter = dead_letter(tx, consumer.name(), &event, key, why.clone(), now)?;
                    tx.put_dead_letter(&letter)?;
                }
                row.advance(event.sequence);
                tx.put_consumer(&row)?;
                Ok(true)
            }
        }
    }

    /// Lets one consumer inside the file go on, at most so many events; answers how many it took.
    pub(super) fn catch_up(&self, consumer: InFile, limit: u32) -> Result<u32, Error> {
        let mut taken = 0;
        while taken < limit {
            let behind = self.read(|q| {
                let row = q.consumer(consumer.name())?.unwrap_or_else(|| ConsumerRow::new(consumer.name()));
                Ok::<_, Error>(row.may_run(self.now()) && row.cursor < q.head()?.sequence)
            })?;
            if !behind {
                return Ok(taken);
            }
            let batch_max = if consumer == InFile::View { FOLDED_MAX } else { BATCH_MAX };
            let batch = (limit - taken).min(batch_max);
            let passed = match self.write_alone(move |app, tx| app.consume_batch(tx, consumer, batch)) {
                Ok(count) => count,
                Err(Setback::Event(_) | Setback::Store(StoreError::Aborted(_) | StoreError::Corrupt(_))) => {
                    wait(self.redo(consumer))
                }
                Err(Setback::Store(e)) => return Err(e.into()),
            };
            // The next event waits for a later try, or is missing or damaged in the file: asking again now changes nothing.
            if passed == 0 {
                return Ok(taken);
            }
            taken = taken.saturating_add(passed);
        }
        Ok(taken)
    }
}
