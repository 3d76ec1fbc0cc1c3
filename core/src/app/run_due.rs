//! One bounded pass over everything that is due, and when to come again.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use super::{App, EffectsDone, Error, Settled, Ticked};
use crate::consumer::ConsumerRow;
use crate::effect::{EffectRow, EffectStatus, Lease};
use crate::ports::{EffectFilter, Page, Queries, StoreError};
use crate::shared::Caller;
use crate::storage::manager_only;

/// So many holds and rentals, so many effects, and so many events per consumer, are taken in one pass.
const PASS_MAX: u32 = 1_000;
/// So much time each consumer of the host's own has in a pass; calls of the gateway, and deliveries, before and after them.
pub(super) const OUTSIDE_TIME_MAX: Duration = Duration::from_secs(1);
/// So many charges are looked at for one whose outcome is not known.
const LOOSE_MAX: u32 = 100;
/// Further away than any backoff or lease.
const FAR: TimeDelta = TimeDelta::minutes(10);

/// What a pass did, and when to come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
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
    /// When to call again for what this application does, or whoever it hands effects out to; `null` when nothing is to come by the
    /// clock alone. It may lie in the past, where another process is at it already: a loop sleeps by [`RanDue::wait`].
    pub next_at: Option<DateTime<Utc>>,
    /// The same for what is due only after the pass began: what was due before, and a pass that did nothing has left, is for others
    /// to do.
    #[serde(skip)]
    later: Option<DateTime<Utc>>,
}

impl RanDue {
    /// How long to wait from `now` on until the next call; at most `max`, also when nothing is to come, and when all that is
    /// due is for another process to do.
    pub fn wait(&self, now: DateTime<Utc>, max: Duration) -> Duration {
        let idle = self.effects == EffectsDone::default() && self.consumed == 0 && self.ticked == Ticked::default();
        let next = if idle { self.later } else { self.next_at };
        next.map_or(max, |at| (at - now).to_std().unwrap_or(Duration::ZERO).min(max))
    }
}

impl App {
    /// Does what is due: tick, settle, effects, consumers; one bounded pass. Says when to call again. A consumer of your own is left
    /// after a second, between two events; so are the gateway, between two calls, and channels, between two messages.
    ///
    /// The host must call it, by `Worker` or from its own loop.
    ///
    /// # Errors
    /// [`Error`] when the store cannot; what was done before stays done.
    pub fn run_due(&self) -> Result<RanDue, Error> {
        let began = self.now();
        // Each part is done whatever becomes of the others: no refund waits for a row that the clock's part cannot read.
        let ticked = unless_busy(self.tick_within(PASS_MAX))?;
        // What has lapsed is not to be confirmed instead.
        let settled = if ticked.is_ok() { unless_busy(self.settle())? } else { Ok(Settled::default()) };
        let effects = unless_busy(self.run_effects_for(PASS_MAX, Some(OUTSIDE_TIME_MAX)))?;
        let consumed = unless_busy(self.run_consumers_for(PASS_MAX, Some(OUTSIDE_TIME_MAX)))?;
        // What the consumers wished for is done in the same pass.
        let wished = self.run_effects_for(PASS_MAX, Some(OUTSIDE_TIME_MAX));
        let (ticked, settled, mut effects, consumed, wished) = (ticked?, settled?, effects?, consumed?, wished?);
        effects.done += wished.done;
        effects.failed += wished.failed;
        let due = self.read(|q| self.due_from(q, began))?;
        let later = due.iter().copied().filter(|at| *at > began).min();
        Ok(RanDue { ticked, settled, effects, consumed, next_at: due.into_iter().min(), later })
    }

    /// Makes what waits for a later try due now: effects and consumers in backoff, and what a clock that was ahead has put off or
    /// leased until a time that is far away. For an operator who knows that the outage is over; a loop must not call it.
    ///
    /// # Errors
    /// [`Error`] when the store cannot, or the caller is not the manager.
    pub fn hurry(&self, caller: &Caller) -> Result<(), Error> {
        manager_only(caller)?;
        self.write_alone(|app, tx| {
            let now = app.now();
            // No lease that was made by a clock that is right ends later.
            let far = |lease: &Lease| lease.until > now + FAR;
            for effect in tx.open_effects(&EffectFilter::ALL, DateTime::<Utc>::MAX_UTC, None)? {
                let is_stuck = effect.status == EffectStatus::Leased && effect.lease.as_ref().is_some_and(far);
                if is_stuck || (effect.status == EffectStatus::Due && effect.due_at > now) {
                    tx.put_effect(&EffectRow { status: EffectStatus::Due, due_at: now, lease: None, ..effect })?;
                }
            }
            for consumer in tx.consumers()? {
                let lease = consumer.lease.filter(|lease| !far(lease));
                if consumer.retry_at.is_some() || lease != consumer.lease {
                    tx.put_consumer(&ConsumerRow { retry_at: None, lease, ..consumer })?;
                }
            }
            Ok(())
        })
    }

    /// When something is due next that is not for others to do.
    pub(super) fn next_due(&self, q: &mut dyn Queries) -> Result<Option<DateTime<Utc>>, Error> {
        Ok(self.due_from(q, self.now())?.into_iter().min())
    }

    /// When what is not for others to do is due: the first of each sort, and the first after `began`, which is what stands for what is
    /// due at once.
    fn due_from(&self, q: &mut dyn Queries, began: DateTime<Utc>) -> Result<Vec<DateTime<Utc>>, Error> {
        let settings = q.settings()?;
        let next_day = match q.next_rental_day()? {
            Some(day) => Some(self.parts().clock.start_of(day, &settings.zone)?),
            None => None,
        };
        let head = q.head()?.sequence;
        let consumers = q.consumers()?;
        let waiting = consumers.iter().filter(|c| !c.paused && c.cursor < head && self.runs(&c.name));
        let elsewhere = |c: &ConsumerRow| {
            let lease = c.lease.filter(|lease| lease.owner != self.inner.owner && lease.until > began);
            lease.map(|lease| lease.until)
        };
        let retries = waiting.map(|c| elsewhere(c).max(c.retry_at).unwrap_or(began));
        let ours = self.ours(&settings);
        // A charge whose outcome is not known is asked about at once.
        let loose = if ours.gateway { q.loose_charges(self.now(), Page::first(LOOSE_MAX))? } else { Vec::new() };
        let unknown = loose.iter().any(|charge| charge.status != EffectStatus::Due).then_some(began);
        let mut due: Vec<_> = [q.next_hold_expiry()?, next_day, unknown].into_iter().flatten().chain(retries).collect();
        // A call nobody here may make for now, because the breaker is open, is no reason to call again at once.
        let elapsed = self.parts().clock.elapsed();
        let closed_at = self.breaker().check(settings.breaker(), elapsed).err().map(|wait| self.now() + wait);
        let calls = EffectFilter { gateway: ours.gateway, channels: Some(Vec::new()) };
        let deliveries = EffectFilter { gateway: false, channels: ours.channels };
        for after in [DateTime::<Utc>::MIN_UTC, began] {
            due.extend(q.next_effect_at(&calls, after)?.map(|at| closed_at.map_or(at, |closed_at| closed_at.max(at))));
            due.extend(q.next_effect_at(&deliveries, after)?);
        }
        Ok(due)
    }
}

/// Whoever holds the file keeps every part from it, and each would wait for as long: the pass ends.
fn unless_busy<T>(part: Result<T, Error>) -> Result<Result<T, Error>, Error> {
    match part {
        Err(error @ Error::Store(StoreError::Busy { .. })) => Err(error),
        part => Ok(part),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ran(next_in_seconds: Option<i64>, consumed: u32) -> (RanDue, DateTime<Utc>) {
        let now = DateTime::from_timestamp(1_000, 0).unwrap();
        let next_at = next_in_seconds.map(|s| now + TimeDelta::seconds(s));
        let (ticked, settled, effects) = (Ticked::default(), Settled::default(), EffectsDone::default());
        (RanDue { ticked, settled, effects, consumed, next_at, later: next_at.filter(|at| *at > now) }, now)
    }

    #[test]
    fn a_host_waits_until_something_is_due_but_never_longer_than_it_wants() {
        let max = Duration::from_secs(60);
        let wait = |next, consumed| {
            let (ran, now) = ran(next, consumed);
            ran.wait(now, max).as_secs()
        };
        assert_eq!((wait(Some(5), 0), wait(Some(60), 0), wait(Some(61), 0), wait(None, 0)), (5, 60, 60, 60));
        assert_eq!((wait(Some(0), 1), wait(Some(-5), 1)), (0, 0), "it did something and more is due: at once");
        assert_eq!((wait(Some(0), 0), wait(Some(-5), 0)), (60, 60), "what is due is for another process to do");
    }

    #[test]
    fn a_pass_that_did_anything_at_all_was_not_idle() {
        let max = Duration::from_secs(60);
        let (idle, now) = ran(Some(0), 0);
        let ticked = RanDue { ticked: Ticked { ended: 1, ..Ticked::default() }, ..idle };
        let failed = RanDue { effects: EffectsDone { failed: 1, ..EffectsDone::default() }, ..idle };
        assert_eq!([ticked, failed].map(|ran| ran.wait(now, max)), [Duration::ZERO; 2]);
    }
}
