//! Running consumers of your own: outside any transaction, under a lease, the cursor saved afterwards.

use std::collections::BTreeSet;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;

use super::consumers::{dead_letter, holds, load};
use super::guard::{hand, key_of};
use super::outcome::retry_at;
use super::{App, Error, OperationError};
use crate::consumer::ConsumerRow;
use crate::effect::Lease;
use crate::event::Envelope;
use crate::ports::{ConsumeError, Consumer, EventFilter, Page, StoreError, Transaction};
use crate::shared::Sequence;

/// So many events a consumer is handed per lease.
const BATCH_MAX: u32 = 100;
/// Before each event half of it, a minute, is left at least; then another process may take over.
const LEASE_SECONDS: i64 = 120;
/// When to try again while another one is handing it events.
pub(super) const A_WHILE: Duration = Duration::from_secs(1);

fn lease_length() -> TimeDelta {
    TimeDelta::seconds(LEASE_SECONDS)
}

/// A consumer's turn in this process: one thread at a time hands it events. Over when dropped, whatever the consumer did.
pub(super) struct Turn<'a> {
    app: &'a App,
    name: &'a str,
}

impl<'a> Turn<'a> {
    /// `None` while another thread has it.
    pub(super) fn take(app: &'a App, name: &'a str) -> Option<Self> {
        let is_free = app.turns().insert(name.to_owned());
        // Not made otherwise: it would end the other's turn when dropped.
        is_free.then(|| Turn { app, name })
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.app.turns().remove(self.name);
    }
}

impl App {
    /// The consumers of your own that a thread of this process is running.
    fn turns(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.inner.turns.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one of your own consumers, outside any transaction, under a lease; its cursor is saved afterwards. With a time it
    /// ends early, so that what else is due does not wait for a slow one.
    pub(super) fn run_outside(
        &self,
        consumer: &dyn Consumer,
        limit: u32,
        time: Option<Duration>,
    ) -> Result<u32, Error> {
        let elapsed = || self.parts().clock.elapsed();
        let (began, mut taken) = (elapsed(), 0);
        let is_over = || time.is_some_and(|time| elapsed().saturating_sub(began) >= time);
        // A lease keeps other processes away, not another thread of this one.
        let Some(_turn) = Turn::take(self, consumer.name()) else { return Ok(0) };
        while taken < limit && !is_over() {
            let Some(events) = self.lease_events(consumer.name(), (limit - taken).min(BATCH_MAX))? else {
                return Ok(taken);
            };
            let mut setback = None;
            let mut passed = None;
            let mut stop = false;
            for event in &events {
                stop = (passed.is_some() && is_over()) || !self.may_go_on(consumer.name())?;
                if stop {
                    break;
                }
                if self.park_outside_behind(consumer, event)? {
                    taken += 1;
                    passed = Some(event.sequence);
                    continue;
                }
                match hand(consumer, event) {
                    Ok(()) => {
                        taken += 1;
                        passed = Some(event.sequence);
                    }
                    Err(e) => {
                        // Parked, it is done with.
                        taken += u32::from(matches!(e, ConsumeError::Permanent(_)));
                        setback = Some((event.clone(), e));
                        break;
                    }
                }
            }
            stop |= matches!(setback, Some((_, ConsumeError::Unavailable(_))));
            self.save_outside(consumer, passed, setback)?;
            if stop {
                return Ok(taken);
            }
        }
        Ok(taken)
    }

    /// Whether the next event may be handed out: not when the consumer was paused or replayed meanwhile, or another process took
    /// over. A lease that is half over is made longer.
    fn may_go_on(&self, name: &str) -> Result<bool, Error> {
        let now = self.now();
        let row = self.read(|q| Ok::<_, Error>(q.consumer(name)?))?;
        let Some(lease) = row.filter(|row| !row.paused).and_then(|row| row.lease) else { return Ok(false) };
        if lease.owner != self.inner.owner {
            return Ok(false);
        }
        if lease.until - now > lease_length() / 2 {
            return Ok(true);
        }
        let name = name.to_owned();
        self.write_alone(move |app, tx| {
            let mut row = load(tx, &name)?;
            let mine = row.lease.is_some_and(|lease| lease.owner == app.inner.owner);
            if mine {
                row.lease = Some(app.outside_lease());
                tx.put_consumer(&row)?;
            }
            Ok::<_, Error>(mine)
        })
    }

    /// Leases a consumer of your own to this process, for one event.
    pub(super) fn hold_outside(&self, tx: &mut dyn Transaction, name: &str) -> Result<(), OperationError> {
        let (mut row, now) = (load(tx, name)?, self.now());
        if row.lease.is_some_and(|lease| lease.owner != self.inner.owner && lease.until > now) {
            return Err(StoreError::Busy { retry_after: A_WHILE }.into());
        }
        row.lease = Some(self.outside_lease());
        Ok(tx.put_consumer(&row)?)
    }

    /// Ends such a lease, unless another process has taken over.
    pub(super) fn let_go_outside(&self, tx: &mut dyn Transaction, name: &str) -> Result<(), OperationError> {
        let mut row = load(tx, name)?;
        if row.lease.is_some_and(|lease| lease.owner == self.inner.owner) {
            row.lease = None;
            tx.put_consumer(&row)?;
        }
        Ok(())
    }

    fn outside_lease(&self) -> Lease {
        Lease { owner: self.inner.owner, until: self.now() + lease_length() }
    }

    /// The next events of a consumer of your own, leased to this process; `None` when there are none or another process has it.
    fn lease_events(&self, name: &str, limit: u32) -> Result<Option<Vec<Envelope>>, Error> {
        let behind = self.read(|q| {
            let row = q.consumer(name)?.unwrap_or_else(|| ConsumerRow::new(name));
            Ok::<_, Error>(row.may_run(self.now()) && row.cursor < q.head()?.sequence)
        })?;
        if !behind {
            return Ok(None);
        }
        let name = name.to_owned();
        self.write_alone(move |app, tx| {
            let now = app.now();
            let mut row = load(tx, &name)?;
            let held = row.lease.is_some_and(|l| l.owner != app.inner.owner && l.until > now);
            if held || !row.may_run(now) {
                return Ok(None);
            }
            let page = Page { after: row.cursor.get(), limit: Some(limit) };
            let events = tx.events(&EventFilter::default(), page)?;
            if events.is_empty() {
                return Ok(None);
            }
            row.lease = Some(app.outside_lease());
            tx.put_consumer(&row)?;
            Ok(Some(events))
        })
    }

    fn park_outside_behind(&self, consumer: &dyn Consumer, event: &Envelope) -> Result<bool, Error> {
        let (name, key) = (consumer.name().to_owned(), key_of(consumer, event));
        if self.read(|q| Ok::<_, Error>(q.dead_events(&name, Some(&key), Some(1))?.is_empty()))? {
            return Ok(false);
        }
        let event = event.clone();
        self.write_alone(move |app, tx| {
            // Asked again: a retry may have closed what it would wait behind, and would not come back for it.
            let waiting = tx.dead_events(&name, Some(&key), None)?;
            let Some(first) = waiting.first() else { return Ok(false) };
            // Taken again after a crash, an event is not parked twice.
            if waiting.iter().any(|letter| holds(letter, event.sequence)) {
                return Ok(true);
            }
            let reason = format!("waits behind dead letter {}", first.dead_letter_id);
            let letter = dead_letter(tx, &name, &event, key, reason, app.now())?;
            tx.put_dead_letter(&letter)?;
            Ok::<_, Error>(true)
        })
    }

    fn save_outside(
        &self,
        consumer: &dyn Consumer,
        passed: Option<Sequence>,
        setback: Option<(Envelope, ConsumeError)>,
    ) -> Result<(), Error> {
        let name = consumer.name().to_owned();
        let key = setback.as_ref().map(|(event, _)| key_of(consumer, event)).unwrap_or_default();
        self.write_alone(move |app, tx| {
            let now = app.now();
            let mut row = load(tx, &name)?;
            // Whoever lost the lease has lost its say: the events are taken again, under the same sequence.
            if row.lease.is_none_or(|l| l.owner != app.inner.owner) {
                return Ok(());
            }
            row.lease = None;
            if let Some(passed) = passed {
                row.advance(passed);
            }
            match setback {
                None => {}
                Some((_, ConsumeError::Unavailable(why))) => {
                    row.retry_at = Some(retry_at(now, row.attempts));
                    row.attempts = row.attempts.saturating_add(1);
                    row.last_error = Some(why);
                }
                Some((event, ConsumeError::Permanent(why))) => {
                    let letter = dead_letter(tx, &name, &event, key, why, now)?;
                    tx.put_dead_letter(&letter)?;
                    row.advance(event.sequence);
                }
            }
            Ok::<_, Error>(tx.put_consumer(&row)?)
        })
    }
}
