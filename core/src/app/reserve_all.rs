//! Reserving for many at once: they share the commits, and nothing else.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::TimeDelta;

use super::App;
use super::outcome::Concluded;
use super::reserve::{Begun, Charging, lease_length};
use crate::effect::{Effect, Outcome};
use crate::ports::Transaction;
use crate::reservation::{ReservationError, ReservationRow, Reserve};
use crate::shared::Caller;

/// What the gateway has said is written down so soon, however many are still to be charged.
const WRITTEN_WITHIN: Duration = Duration::from_secs(1);

/// A hold, and its charge that is to be made.
struct Held {
    at: usize,
    held: ReservationRow,
    charging: Box<Charging>,
}

type Answer = Result<ReservationRow, ReservationError>;

impl App {
    /// Reserves for many callers at once: each is answered as by [`App::reserve`], in the order given, and none depends on
    /// another. Their holds share one commit, and so do what came of their charges, which are made one after the other; where that
    /// takes long, it is written down in between.
    pub fn reserve_all(&self, wanted: Vec<(Caller, Reserve)>) -> Vec<Answer> {
        let charged = self.charged();
        let work = |(caller, command): (Caller, Reserve)| {
            move |app: &App, tx: &mut dyn Transaction| app.hold_within(tx, &caller, command, charged)
        };
        let begun = self.write_many(self.parts().wait_max, wanted.iter().cloned().map(work).collect());
        let mut answers: Vec<Option<Answer>> = (0..wanted.len()).map(|_| None).collect();
        let (mut to_charge, mut to_settle) = (VecDeque::new(), Vec::new());
        for (at, (begun, asked)) in begun.into_iter().zip(wanted).enumerate() {
            match begun {
                Ok(Begun::Replayed(row) | Begun::Held(row, None)) => answers[at] = Some(Ok(*row)),
                Ok(Begun::Held(held, Some(charging))) => to_charge.push_back(Held { at, held: *held, charging }),
                Ok(Begun::Unsettled(row, effect)) => to_settle.push((at, asked, row, effect)),
                Err(error) => answers[at] = Some(Err(error)),
            }
        }
        self.charge_all(to_charge, &mut answers);
        for (at, (caller, command), row, effect) in to_settle {
            answers[at] = Some(self.reserve_after_settling(&caller, command, *row, effect.as_deref()));
        }
        answers.into_iter().map(|answer| answer.expect("each was refused, charged or settled")).collect()
    }

    fn charge_all(&self, mut to_charge: VecDeque<Held>, answers: &mut [Option<Answer>]) {
        let elapsed = || self.parts().clock.elapsed();
        let (mut made, mut since) = (Vec::new(), elapsed());
        loop {
            if to_charge.front().is_some_and(|next| self.is_half_over(&next.charging.effect)) {
                // What is known is not kept waiting by what is asked for next.
                self.write_down(std::mem::take(&mut made), answers);
                to_charge = self.with_leases(to_charge, answers);
            }
            let Some(next) = to_charge.pop_front() else { break };
            if made.is_empty() {
                since = elapsed();
            }
            let outcome = self.do_outside(&next.charging.effect, &next.charging.settings);
            made.push((next, outcome));
            if elapsed().saturating_sub(since) >= WRITTEN_WITHIN {
                self.write_down(std::mem::take(&mut made), answers);
            }
        }
        self.write_down(made, answers);
    }

    /// Whether a lease, which is long enough for two calls, is soon too short for one.
    fn is_half_over(&self, effect: &Effect) -> bool {
        let half = lease_length(effect.deadline()) / 2;
        effect.lease.until - self.now() <= TimeDelta::from_std(half).unwrap_or(TimeDelta::MAX)
    }

    /// Those that still wait for their charge, with leases anew: they all began at one time, and the last is not to be taken for lost
    /// while the first are made. What another process has taken over is that one's to ask about.
    fn with_leases(&self, waiting: VecDeque<Held>, answers: &mut [Option<Answer>]) -> VecDeque<Held> {
        let effects = waiting.iter().map(|one| one.charging.effect.clone()).collect();
        // Where they cannot be written, no charge is made.
        let renewed = self.renewed(effects).unwrap_or_else(|_| vec![None; waiting.len()]);
        let mut still = VecDeque::with_capacity(waiting.len());
        for (mut one, renewed) in waiting.into_iter().zip(renewed) {
            match renewed {
                Some(effect) => {
                    one.charging.effect = effect;
                    still.push_back(one);
                }
                None => {
                    let deadline = Some(one.charging.settings.deadline());
                    let reason = "its charge was taken over".to_owned();
                    let told_elsewhere = Concluded { is_news: false, booked: None };
                    let outcome = Outcome::NotTaken { reason };
                    answers[one.at] = Some(self.answer(one.held, Ok(told_elsewhere), outcome, deadline));
                }
            }
        }
        still
    }

    fn write_down(&self, made: Vec<(Held, Outcome)>, answers: &mut [Option<Answer>]) {
        let outcomes = made.iter().map(|(one, outcome)| (one.charging.effect.clone(), outcome.clone())).collect();
        for ((one, outcome), concluded) in made.into_iter().zip(self.conclude_all(outcomes)) {
            let deadline = one.charging.settings.deadline();
            answers[one.at] = Some(self.answer(one.held, concluded, outcome, Some(deadline)));
        }
    }
}
