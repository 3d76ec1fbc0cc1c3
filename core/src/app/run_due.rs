//! One bounded pass over everything that is due, and when to come again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{App, EffectsDone, Error, Settled, Ticked};
use crate::consumer::ConsumerRow;
use crate::effect::{EffectRow, EffectStatus};
use crate::ports::{Page, Queries};
use crate::shared::Caller;
use crate::storage::manager_only;

/// So many holds and rentals, so many effects, and so many events per consumer, are taken in one pass.
const PASS_MAX: u32 = 1_000;
/// Further away than any backoff.
const FAR_DAYS: i64 = 365;

/// What a pass did, and when to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RanDue {
    /// What the clock brought.
    pub ticked: Ticked,
    /// Charges the gateway was asked about.
    pub settled: Settled,
    /// Effects done.
    pub effects: EffectsDone,
    /// Events taken by consumers.
    pub consumed: u32,
    /// When to call again; `null` when nothing is to come by the clock alone.
    pub next_at: Option<DateTime<Utc>>,
}

impl RanDue {
    /// How long to wait from `now` on until the next call; at most `max`, also when nothing is to come, and when all that is
    /// due is for another process to do.
    pub fn wait(&self, now: DateTime<Utc>, max: Duration) -> Duration {
        let idle = self.effects == EffectsDone::default() && self.consumed == 0 && self.ticked == Ticked::default();
        match self.next_at.map(|at| (at - now).to_std().unwrap_or(Duration::ZERO)) {
            Some(Duration::ZERO) if idle => max,
            Some(wait) => wait.min(max),
            None => max,
        }
    }
}

impl App {
    /// Does what is due: tick, settle, effects, consumers; one bounded pass. Says when to call again.
    ///
    /// The host must call it, by `Worker` or from its own loop.
    ///
    /// # Errors
    /// [`Error`] when the store cannot; what was done before stays done.
    pub fn run_due(&self) -> Result<RanDue, Error> {
        let ticked = self.tick_within(PASS_MAX)?;
        let settled = self.settle()?;
        let mut effects = self.run_effects(PASS_MAX)?;
        let consumed = self.run_consumers(PASS_MAX)?;
        // What the consumers wished for is done in the same pass.
        let wished = self.run_effects(PASS_MAX)?;
        effects.done += wished.done;
        effects.failed += wished.failed;
        let next_at = self.read(|q| self.next_due(q))?;
        Ok(RanDue { ticked, settled, effects, consumed, next_at })
    }

    /// Makes what waits for a later try due now: effects and consumers in backoff. For an operator who knows that the outage is
    /// over; a loop must not call it.
    ///
    /// # Errors
    /// [`Error`] when the store cannot, or the caller is not the manager.
    pub fn hurry(&self, caller: &Caller) -> Result<(), Error> {
        manager_only(caller)?;
        self.write_alone(|app, tx| {
            let now = app.now();
            // Whatever is ever to be tried is due by then; what is leased is not touched.
            for effect in tx.open_effects(now + TimeDelta::days(FAR_DAYS), Page::default())? {
                if effect.status == EffectStatus::Due && effect.due_at > now {
                    tx.put_effect(&EffectRow { due_at: now, ..effect })?;
                }
            }
            for consumer in tx.consumers()? {
                if consumer.retry_at.is_some() {
                    tx.put_consumer(&ConsumerRow { retry_at: None, ..consumer })?;
                }
            }
            Ok(())
        })
    }

    /// When something is due next.
    pub(super) fn next_due(&self, q: &mut dyn Queries) -> Result<Option<DateTime<Utc>>, Error> {
        let zone = q.settings()?.zone;
        let next_day = match q.next_rental_day()? {
            Some(day) => Some(self.parts().clock.start_of(day, &zone)?),
            None => None,
        };
        let head = q.head()?.sequence;
        let consumers = q.consumers()?;
        let waiting = consumers.iter().filter(|c| !c.paused && c.cursor < head);
        let retry = waiting.map(|c| c.retry_at.unwrap_or(self.now())).min();
        // An effect nobody here may do for now, because the breaker is open, is no reason to call again at once.
        let elapsed = self.parts().clock.elapsed();
        let breaker = self.breaker().check(q.settings()?.breaker(), elapsed).err();
        let effect = q.next_effect_at()?.map(|at| match breaker {
            Some(wait) => at.max(self.now() + wait),
            None => at,
        });
        Ok([q.next_hold_expiry()?, next_day, retry, effect].into_iter().flatten().min())
    }
}
