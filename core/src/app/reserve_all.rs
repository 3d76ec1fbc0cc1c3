//! Reserving for many at once: they share the commits, and nothing else.

use super::App;
use super::reserve::{Begun, Charging};
use crate::effect::Outcome;
use crate::ports::Transaction;
use crate::reservation::{ReservationError, ReservationRow, Reserve};
use crate::shared::Caller;

/// A hold whose charge was made, and what came of it.
struct Charged {
    at: usize,
    held: ReservationRow,
    charging: Box<Charging>,
    outcome: Outcome,
}

type Answer = Result<ReservationRow, ReservationError>;

impl App {
    /// Reserves for many callers at once: each is answered as by [`App::reserve`], in the order given, and none depends on
    /// another. Their holds share one commit, and so do what came of their charges, which are made one after the other.
    pub fn reserve_all(&self, wanted: Vec<(Caller, Reserve)>) -> Vec<Answer> {
        let charged = self.charged();
        let work = |(caller, command): (Caller, Reserve)| {
            move |app: &App, tx: &mut dyn Transaction| app.hold_within(tx, &caller, command, charged)
        };
        let begun = self.write_many(self.parts().wait_max, wanted.iter().cloned().map(work).collect());
        let mut answers: Vec<Option<Answer>> = (0..wanted.len()).map(|_| None).collect();
        let mut made = Vec::new();
        for (at, (begun, (caller, command))) in begun.into_iter().zip(wanted).enumerate() {
            answers[at] = match begun {
                Ok(Begun::Replayed(row) | Begun::Held(row, None)) => Some(Ok(*row)),
                Ok(Begun::Held(held, Some(charging))) => {
                    let outcome = self.do_outside(&charging.effect, &charging.settings);
                    made.push(Charged { at, held: *held, charging, outcome });
                    None
                }
                Ok(Begun::Unsettled(row, effect)) => {
                    Some(self.reserve_after_settling(&caller, command, *row, effect.as_deref()))
                }
                Err(error) => Some(Err(error)),
            };
        }
        let outcomes = made.iter().map(|one| (one.charging.effect.clone(), one.outcome.clone())).collect();
        for (one, concluded) in made.into_iter().zip(self.conclude_all(outcomes)) {
            let deadline = one.charging.settings.deadline();
            answers[one.at] = Some(self.answer(one.held, concluded, one.outcome, Some(deadline)));
        }
        answers.into_iter().map(|answer| answer.expect("each was refused, or charged and concluded")).collect()
    }
}
