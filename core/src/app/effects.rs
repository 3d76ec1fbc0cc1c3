//! Doing effects: handing them out, doing them by the blocking ports, and telling what came of them.

use std::time::Duration;

use chrono::TimeDelta;
use serde::Serialize;

use super::guard::{guarded, outcome_of};
use super::outcome::Concluded;
use super::reserve::{charge_of, handed_out};
use super::settle::payment_of;
use super::{App, Error, Moment};
use crate::effect::{Action, Effect, EffectRow, EffectStatus, Outcome, Task};
use crate::ports::{EffectFilter, StoreError, Transaction, wait};
use crate::reservation::ReservationStatus;
use crate::settings::Settings;

/// So many effects are looked through at a time.
const PAGE: u32 = 100;
/// After a delivery that takes longer money comes first again.
const SLOW: Duration = Duration::from_secs(1);

/// What one pass over the effects came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct EffectsDone {
    /// Effects done.
    pub done: u32,
    /// Effects that could not be done now, or were refused.
    pub failed: u32,
}

impl App {
    /// Hands out effects that are due, at most so many, each leased to the caller: do them, and tell [`App::complete`]. For
    /// hosts that do the effects themselves; with a gateway and notifiers [`App::run_effects`] does them.
    ///
    /// A charge is handed out once; nobody repeats it. While the breaker is open no call of the gateway is handed out.
    ///
    /// # Errors
    /// [`Error`] when the store cannot.
    pub fn due_effects(&self, limit: u32) -> Result<Vec<Effect>, Error> {
        self.lease_effects(limit, Leave::HandOut)
    }

    /// Does due effects by the gateway and the notifiers of this application, at most so many.
    ///
    /// # Errors
    /// [`Error`] when the store cannot; what was done before stays done.
    pub fn run_effects(&self, limit: u32) -> Result<EffectsDone, Error> {
        self.run_effects_for(limit, None)
    }

    /// The same; calls of the gateway have so much time, and then deliveries as much, so that what else is due does not wait for a
    /// slow service or channel.
    ///
    /// # Errors
    /// As [`App::run_effects`].
    pub fn run_effects_for(&self, limit: u32, time: Option<Duration>) -> Result<EffectsDone, Error> {
        let mut pass = EffectsDone::default();
        loop {
            // Money first: however many messages wait for a channel that hangs, no refund waits behind them.
            self.run_leased(Leave::Call, limit, time, &mut pass)?;
            let was_slow = self.run_leased(Leave::Delivery, limit, time, &mut pass)?;
            if !was_slow || time.is_some() {
                return Ok(pass);
            }
        }
    }

    /// Does due effects of one sort until there are no more of them, as many are done as may be, or the time is over. Says whether it
    /// ended because a delivery was slow.
    fn run_leased(
        &self,
        leave: Leave,
        limit: u32,
        time: Option<Duration>,
        pass: &mut EffectsDone,
    ) -> Result<bool, Error> {
        let elapsed = || self.parts().clock.elapsed();
        let began = elapsed();
        let is_over = || time.is_some_and(|time| elapsed().saturating_sub(began) >= time);
        while pass.done + pass.failed < limit && !is_over() {
            let effects = self.lease_effects((limit - pass.done - pass.failed).min(PAGE), leave)?;
            if effects.is_empty() {
                break;
            }
            let mut effects = effects.into_iter();
            while let Some(effect) = effects.next() {
                // Those before it may have taken long.
                let Some(effect) = self.still_leased(effect)? else { continue };
                let began = elapsed();
                let outcome = self.do_and_complete(&effect)?;
                let done =
                    !matches!(outcome, Outcome::Unavailable { .. } | Outcome::Refused { .. } | Outcome::Unknown { .. });
                pass.done += u32::from(done);
                pass.failed += u32::from(!done);
                let was_slow = matches!(leave, Leave::Delivery) && elapsed().saturating_sub(began) >= SLOW;
                if was_slow || is_over() {
                    self.give_back(effects.collect())?;
                    return Ok(was_slow);
                }
            }
        }
        Ok(false)
    }

    /// Lets anybody do effects that were leased and not begun.
    fn give_back(&self, effects: Vec<Effect>) -> Result<(), Error> {
        if effects.is_empty() {
            return Ok(());
        }
        self.write_alone(move |_, tx| {
            effects.iter().try_for_each(|effect| {
                match tx.effect(effect.effect_id)?.filter(|row| is_held(row, effect)) {
                    Some(row) => {
                        Ok::<_, Error>(tx.put_effect(&EffectRow { status: EffectStatus::Due, lease: None, ..row })?)
                    }
                    None => Ok(()),
                }
            })
        })
    }

    /// The effect, with a lease that lasts for its call; `None` if another process has taken it over.
    fn still_leased(&self, effect: Effect) -> Result<Option<Effect>, Error> {
        if effect.lease.until - self.now() > TimeDelta::from_std(effect.deadline()).unwrap_or(TimeDelta::MAX) {
            return Ok(Some(effect));
        }
        self.renewed(vec![effect]).map(|renewed| renewed.into_iter().next().flatten())
    }

    /// The effects, each with a lease anew; `None` for one that another process has taken over.
    pub(super) fn renewed(&self, effects: Vec<Effect>) -> Result<Vec<Option<Effect>>, Error> {
        self.write_alone(move |app, tx| {
            let lease = app.lease(&app.moment::<_, Error>(tx)?);
            let renew = |effect: Effect| {
                let row = tx.effect(effect.effect_id)?;
                let Some(row) = row.filter(|row| is_held(row, &effect)) else { return Ok(None) };
                tx.put_effect(&EffectRow { lease: Some(lease), ..row })?;
                Ok::<_, Error>(Some(Effect { lease, ..effect }))
            };
            effects.into_iter().map(renew).collect()
        })
    }

    /// Which effects may be handed out: those that whoever does them has the means for, and of the gateway's none while it is not to
    /// be called. What nobody here can do may be very much: it is not so much as looked at.
    fn doable(&self, leave: Leave, settings: &Settings) -> EffectFilter {
        let (config, elapsed) = (settings.breaker(), self.parts().clock.elapsed());
        let may_call = self.is_elsewhere(settings).is_none() && self.breaker().check(config, elapsed).is_ok();
        match leave {
            Leave::HandOut => EffectFilter { gateway: may_call, channels: None },
            Leave::Call => {
                EffectFilter { gateway: may_call && self.parts().gateway.is_some(), channels: Some(Vec::new()) }
            }
            Leave::Delivery => EffectFilter { gateway: false, channels: Some(self.own_channels()) },
        }
    }

    /// Which effects are for this application to do sooner or later. Without a gateway it is one that hands effects out, to whoever
    /// does them by means of its own.
    pub(super) fn ours(&self, settings: &Settings) -> EffectFilter {
        let channels = self.parts().gateway.is_some().then(|| self.own_channels());
        EffectFilter { gateway: self.is_elsewhere(settings).is_none(), channels }
    }

    fn own_channels(&self) -> Vec<String> {
        self.parts().notifiers.iter().map(|n| n.channel().to_owned()).collect()
    }

    fn lease_effects(&self, limit: u32, leave: Leave) -> Result<Vec<Effect>, Error> {
        // A look first, so that a pass with nothing to do writes nothing.
        let any = self.read(|q| {
            let doable = self.doable(leave, &q.settings()?);
            Ok::<_, Error>(!q.open_effects(&doable, self.now(), Some(1))?.is_empty())
        })?;
        if !any || limit == 0 {
            return Ok(Vec::new());
        }
        self.write_alone(move |app, tx| {
            let moment = app.moment::<_, Error>(tx)?;
            let (mut effects, mut last, mut left_alone) = (Vec::new(), None, 0);
            loop {
                // Asked anew: what was handed out may be all that the breaker lets through.
                let doable = app.doable(leave, &moment.settings);
                let mut rows = tx.open_effects(&doable, moment.now, Some(PAGE.saturating_add(left_alone)))?;
                // Those that were left alone are met again each time.
                rows.retain(|row| Some((row.ready_at(), row.effect_id)) > last);
                let Some(row) = rows.last() else { return Ok(effects) };
                last = Some((row.ready_at(), row.effect_id));
                for row in rows {
                    match app.lease_effect(tx, row, leave, &moment)? {
                        Some(effect) => effects.push(effect),
                        None => left_alone += 1,
                    }
                    if effects.len() >= limit as usize {
                        return Ok(effects);
                    }
                }
            }
        })
    }

    fn lease_effect(
        &self,
        tx: &mut dyn Transaction,
        row: EffectRow,
        leave: Leave,
        moment: &Moment,
    ) -> Result<Option<Effect>, StoreError> {
        let task = match &row.action {
            Action::Deliver { message_id, channel } => {
                let message = tx.message(*message_id)?.ok_or_else(|| missing("message", message_id.get()))?;
                Task::Deliver { channel: channel.clone(), message }
            }
            Action::Charge { .. } | Action::Void { .. } | Action::Refund { .. } => {
                let payment = payment_of(tx, &row)?;
                let reservation_id = payment.row().reservation_id;
                let charge = charge_of(row.key, &payment, reservation_id);
                if matches!(row.action, Action::Charge { .. }) {
                    let stands = tx
                        .reservation(reservation_id)?
                        .is_some_and(|r| r.reservation_status == ReservationStatus::ReqReserve);
                    if !stands {
                        return Ok(None);
                    }
                }
                let (config, elapsed) = (moment.settings.breaker(), self.parts().clock.elapsed());
                let left_alone = self.is_elsewhere(&moment.settings).is_some()
                    || match leave {
                        Leave::HandOut => self.breaker().acquire(config, elapsed).is_err(),
                        Leave::Call | Leave::Delivery => self.breaker().check(config, elapsed).is_err(),
                    };
                if left_alone {
                    return Ok(None);
                }
                match &row.action {
                    Action::Charge { .. } => Task::Charge(charge),
                    Action::Void { .. } => Task::Void(charge),
                    Action::Refund { .. } | Action::Deliver { .. } => Task::Refund(charge),
                }
            }
        };
        let lease = self.lease(moment);
        let leased = EffectRow { status: EffectStatus::Leased, lease: Some(lease), ..row };
        tx.put_effect(&leased)?;
        Ok(Some(handed_out(&leased, task, lease, &moment.settings)))
    }

    /// Tells what came of an effect that was handed out. Told twice, the second time changes nothing.
    ///
    /// # Errors
    /// [`Error`] for an effect that is none, an outcome it cannot have, or when the store cannot: then tell it again.
    pub fn complete(&self, effect: &Effect, outcome: Outcome) -> Result<(), Error> {
        wait(self.complete_async(effect, outcome))
    }

    /// The same for a host that may not block.
    ///
    /// # Errors
    /// As [`App::complete`].
    pub async fn complete_async(&self, effect: &Effect, outcome: Outcome) -> Result<(), Error> {
        self.complete_and_show(effect, outcome).await.map(drop)
    }

    pub(super) async fn complete_and_show(&self, effect: &Effect, outcome: Outcome) -> Result<Concluded, Error> {
        let concluded = self.conclude(effect, outcome.clone()).await?;
        if concluded.is_news {
            self.tell_breaker(effect, &outcome, || self.read(|q| q.settings()));
        }
        Ok(concluded)
    }

    /// Which other gateway has the site's payments, if one has: while this application runs, the site may have been given to it.
    pub(super) fn is_elsewhere<'s>(&self, settings: &'s Settings) -> Option<&'s str> {
        let gateway = self.parts().gateway.as_ref()?;
        let kept = settings.gateway.as_str();
        (!kept.is_empty() && gateway.name() != kept).then_some(kept)
    }

    /// Does a leased effect by the blocking ports and records what came of it.
    pub(super) fn do_and_complete(&self, effect: &Effect) -> Result<Outcome, Error> {
        let outcome = match self.read(|q| q.settings()) {
            Ok(settings) => self.do_outside(effect, &settings),
            Err(e) => without_call(&effect.task, StoreError::to_string(&e)),
        };
        wait(self.conclude(effect, outcome.clone()))?;
        Ok(outcome)
    }

    /// Asks the breaker, makes the call, tells the breaker. No transaction is open.
    pub(super) fn do_outside(&self, effect: &Effect, settings: &Settings) -> Outcome {
        if !matches!(effect.task, Task::Deliver { .. })
            && let Err(reason) = self.ask_leave_by(settings)
        {
            return without_call(&effect.task, reason);
        }
        let outcome = self.call(effect);
        self.tell_breaker(effect, &outcome, || Ok(settings.clone()));
        outcome
    }

    pub(super) fn ask_leave(&self) -> Result<(), String> {
        let settings = self.read(|q| q.settings()).map_err(|e| e.to_string())?;
        self.ask_leave_by(&settings)
    }

    /// Whether the gateway may be called now, which is then told to the breaker.
    pub(super) fn ask_leave_by(&self, settings: &Settings) -> Result<(), String> {
        if let Some(name) = self.is_elsewhere(settings) {
            return Err(format!("the site's payments are in the books of {name:?}"));
        }
        self.breaker()
            .acquire(settings.breaker(), self.parts().clock.elapsed())
            .map_err(|_| "the circuit breaker is open".to_owned())
    }

    /// Makes the call of an effect that was handed out, by the blocking ports, and answers what came of it: tell [`App::complete`],
    /// or [`App::resume_reserve`]. It blocks as long as the port does, which is told the effect's deadline; a port that panics, or
    /// answers what such a call cannot come to, has an outcome all the same.
    pub fn call(&self, effect: &Effect) -> Outcome {
        let (task, deadline) = (&effect.task, effect.deadline());
        let told = guarded(|| match (task, &self.parts().gateway) {
            (Task::Deliver { channel, message }, _) => {
                match self.parts().notifiers.iter().find(|n| n.channel() == channel) {
                    Some(notifier) => notifier.deliver(effect.key, message),
                    None => without_call(task, "no notifier for this channel here".to_owned()),
                }
            }
            (Task::Charge(charge), Some(gateway)) => gateway.charge(charge, deadline),
            (Task::Void(charge), Some(gateway)) => gateway.void(charge, deadline),
            (Task::Refund(charge), Some(gateway)) => gateway.refund(charge, deadline),
            (_, None) => without_call(task, "no payment gateway here".to_owned()),
        });
        outcome_of(task, told)
    }

    /// Tells the breaker what came of a call; how much it bears, the settings say.
    fn tell_breaker(
        &self,
        effect: &Effect,
        outcome: &Outcome,
        settings: impl FnOnce() -> Result<Settings, StoreError>,
    ) {
        let answered = match (&effect.task, outcome) {
            (Task::Deliver { .. }, _) => return,
            // A charge certainly not taken is a connection refused; a void not taken is a promise, an answer.
            (Task::Charge(_), Outcome::NotTaken { .. }) => false,
            (_, Outcome::Unknown { .. } | Outcome::Unavailable { .. }) => false,
            (
                _,
                Outcome::Captured
                | Outcome::Declined { .. }
                | Outcome::NotTaken { .. }
                | Outcome::Refunded
                | Outcome::Delivered
                | Outcome::Refused { .. },
            ) => true,
        };
        if answered {
            self.breaker().answered();
        } else if let Ok(settings) = settings() {
            let (config, elapsed) = (settings.breaker(), self.parts().clock.elapsed());
            match effect.attempts {
                0 => self.breaker().failed(config, elapsed),
                _ => self.breaker().failed_again(config, elapsed),
            }
        }
    }
}

/// Which effects are wanted, and when the breaker is asked for leave to call the gateway.
#[derive(Debug, Clone, Copy)]
enum Leave {
    /// All: the host calls as soon as it has the effect.
    HandOut,
    /// Calls of the gateway: this application asks again just before each.
    Call,
    /// Deliveries, for which nobody is asked.
    Delivery,
}

/// Whether an effect is still held under the lease it was handed out with.
pub(super) fn is_held(row: &EffectRow, effect: &Effect) -> bool {
    row.status == EffectStatus::Leased && row.lease == Some(effect.lease)
}

/// What comes of an effect whose call was not made: a charge is certainly not taken, others are tried later.
pub(super) fn without_call(task: &Task, reason: String) -> Outcome {
    match task {
        Task::Charge(_) => Outcome::NotTaken { reason },
        Task::Void(_) | Task::Refund(_) | Task::Deliver { .. } => Outcome::Unavailable { reason },
    }
}

fn missing(table: &str, id: u64) -> StoreError {
    StoreError::Corrupt(format!("{table} {id} is missing"))
}
