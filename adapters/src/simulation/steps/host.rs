//! A host without a gateway: it takes effects, does them itself, and tells what came of them, soon, late, twice or never.

use std::sync::Arc;
use std::time::Duration;

use storagerent_core::effect::{Charge, Effect, Outcome, Task};
use storagerent_core::shared::EffectId;

use super::{Ack, Answer, DoneOutside, Telling};
use crate::simulation::bank::Ask;
use crate::simulation::site::{CHANNELS, HOST, Site};

/// What it remembers of what it did.
const REMEMBERED_MAX: usize = 40;

/// What the host has taken and done; it survives its own restarts.
#[derive(Debug, Default)]
pub(in crate::simulation) struct Host {
    taken: Vec<Effect>,
    done: Vec<DoneOutside>,
}

fn asks(task: &Task) -> Option<(Ask, &Charge)> {
    match task {
        Task::Charge(charge) => Some((Ask::Charge, charge)),
        Task::Void(charge) => Some((Ask::Void, charge)),
        Task::Refund(charge) => Some((Ask::Refund, charge)),
        Task::Deliver { .. } => None,
    }
}

fn nothing() -> Answer {
    Answer { code: "nothing", kind: None, ack: Ack::Nothing, words: String::new() }
}

impl Host {
    pub(in crate::simulation) fn take(&mut self, site: &Site, limit: u32) -> Answer {
        let Some(app) = site.app(HOST) else { return nothing() };
        match app.due_effects(limit) {
            Ok(effects) => {
                for effect in effects {
                    if asks(&effect.task).is_some() {
                        site.breaker_acquired(HOST);
                    }
                    self.taken.push(effect);
                }
                Answer::ok(Ack::Nothing)
            }
            Err(e) => {
                // The breaker may have given leave for a call that is now never made.
                site.hub(|hub| hub.breakers[HOST].mistrust());
                Answer::of(Err::<(), _>(e), |()| Ack::Nothing)
            }
        }
    }

    pub(in crate::simulation) fn do_one(&mut self, site: &Arc<Site>, which: u64, telling: Telling) -> Answer {
        if self.taken.is_empty() {
            return nothing();
        }
        let effect = self.taken.remove((which % self.taken.len() as u64) as usize);
        let outcome = do_outside(site, &effect);
        self.done.push(DoneOutside { effect: effect.clone(), outcome: outcome.clone() });
        if self.done.len() > REMEMBERED_MAX {
            self.done.remove(0);
        }
        match telling {
            Telling::Now => tell(site, HOST, &effect, &outcome),
            Telling::Twice => {
                tell(site, HOST, &effect, &outcome);
                tell(site, HOST, &effect, &outcome)
            }
            Telling::Later => nothing(),
            Telling::Never => {
                self.done.pop();
                site.hub(|hub| hub.met.note("outcome of an effect never told"));
                nothing()
            }
        }
    }

    pub(in crate::simulation) fn tell_again(&mut self, site: &Site, app: usize, which: u64) -> Answer {
        if self.done.is_empty() {
            return nothing();
        }
        let DoneOutside { effect, outcome } = self.done[(which % self.done.len() as u64) as usize].clone();
        site.hub(|hub| hub.met.note("outcome told late or again"));
        tell(site, app, &effect, &outcome)
    }

    /// Tells what cannot be: of an effect that is none, or an outcome it cannot have.
    pub(in crate::simulation) fn err(&mut self, site: &Site, chance: u64) -> Answer {
        let Some(some) = self.done.last().cloned() else { return nothing() };
        let mut effect = some.effect;
        let (outcome, expected) = if chance.is_multiple_of(2) {
            effect.effect_id = EffectId::new(1_000_000_000);
            (some.outcome, "effectNotFound")
        } else {
            let impossible = match effect.task {
                Task::Charge(_) | Task::Void(_) | Task::Deliver { .. } => Outcome::Refunded,
                Task::Refund(_) => Outcome::Captured,
            };
            (impossible, "wrongOutcome")
        };
        let answer = tell(site, HOST, &effect, &outcome);
        let excused = site.hub(|hub| hub.store_failed);
        if answer.code != expected && !excused {
            site.flag(16, || format!("an impossible outcome is answered {}, not {expected}", answer.code));
        }
        answer
    }

    /// Does and tells everything it has taken: at rest.
    pub(in crate::simulation) fn finish(&mut self, site: &Arc<Site>) {
        while !self.taken.is_empty() {
            self.do_one(site, 0, Telling::Now);
        }
        for DoneOutside { effect, outcome } in std::mem::take(&mut self.done) {
            tell(site, HOST, &effect, &outcome);
        }
    }
}

fn do_outside(site: &Arc<Site>, effect: &Effect) -> Outcome {
    if let Some((ask, charge)) = asks(&effect.task) {
        site.call_arrives(ask, charge, false);
        site.do_meanwhile();
        let outcome = site.at_the_bank(ask, charge, Duration::from_secs(5));
        site.call_over(ask, charge);
        return outcome;
    }
    let Task::Deliver { channel, message } = &effect.task else {
        return Outcome::Unavailable { reason: "no such task".to_owned() };
    };
    match CHANNELS.iter().position(|name| name == channel) {
        Some(which) => site.over_channel(which, effect.key, message),
        None => Outcome::Unavailable { reason: "no such channel".to_owned() },
    }
}

fn tell(site: &Site, app: usize, effect: &Effect, outcome: &Outcome) -> Answer {
    let Some(process) = site.app(app) else { return nothing() };
    // Told late, again, or what cannot be, it says nothing of the gateway now.
    let is_news = site.leases(effect);
    let answer = Answer::of(process.complete(effect, outcome.clone()), |()| Ack::Nothing);
    if let Some((ask, _)) = asks(&effect.task)
        && is_news
        && answer.code == "ok"
    {
        site.breaker_told(app, ask, effect.attempts > 0, outcome);
    }
    answer
}
