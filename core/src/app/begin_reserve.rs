//! Reserving for a host that calls the gateway itself, such as an async one: up to the call, and on from it.

use serde::Serialize;

use super::App;
use super::effects::without_call;
use super::guard::can_come_of;
use super::reserve::{Begun, Charged, unknown};
use crate::effect::{Effect, Outcome, Task};
use crate::ports::wait;
use crate::reservation::{ReservationError, ReservationRow, Reserve, own_only};
use crate::shared::{Caller, InvalidValue};

/// How far a reservation has come whose host calls the gateway itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct Reserving {
    /// The reservation as it is now; without an effect, the answer.
    pub reservation: ReservationRow,
    /// Do this, and tell [`App::resume_reserve`].
    pub effect: Option<Effect>,
}

impl App {
    /// Begins a reservation for a host that calls the gateway itself, such as an async one: as [`App::reserve`] up to the call,
    /// whose effect is in the answer, if there is one to make. Do it and tell [`App::resume_reserve`]; a host that never does
    /// leaves a charge that is settled when its lease is over.
    ///
    /// # Errors
    /// As [`App::reserve`].
    pub fn begin_reserve(&self, caller: &Caller, command: Reserve) -> Result<Reserving, ReservationError> {
        wait(self.begin_reserve_async(caller, command))
    }

    /// The same for a host that may not block.
    ///
    /// # Errors
    /// As [`App::reserve`].
    pub async fn begin_reserve_async(&self, caller: &Caller, command: Reserve) -> Result<Reserving, ReservationError> {
        match self.hold(caller, command, Charged::ByCaller).await? {
            Begun::Replayed(row) | Begun::Held(row, None) => Ok(Reserving { reservation: *row, effect: None }),
            Begun::Unsettled(row, None) => Err(unknown(*row, self.deadline_or_default())),
            Begun::Held(row, Some(charging)) => {
                let leave = self.ask_leave_by(&charging.settings);
                self.hand_over(*row, charging.effect, leave).await
            }
            Begun::Unsettled(row, Some(effect)) => self.hand_over(*row, *effect, self.ask_leave()).await,
        }
    }

    async fn hand_over(
        &self,
        reservation: ReservationRow,
        effect: Effect,
        leave: Result<(), String>,
    ) -> Result<Reserving, ReservationError> {
        let reserving = Reserving { reservation, effect: Some(effect) };
        match leave {
            Ok(()) => Ok(reserving),
            // As when the blocking call is not made.
            Err(reason) => self.answer_without_call(reserving, reason).await,
        }
    }

    /// Goes on once the effect was done: the answer, or, after a repeated request was settled, the next effect to do.
    ///
    /// # Errors
    /// As [`App::reserve`]; `invalidValue` for an outcome that such a call cannot come to, `notAllowed` for whom it is not of.
    pub fn resume_reserve(
        &self,
        caller: &Caller,
        command: Reserve,
        begun: &Reserving,
        outcome: Outcome,
    ) -> Result<Reserving, ReservationError> {
        wait(self.resume_reserve_async(caller, command, begun, outcome))
    }

    /// The same for a host that may not block.
    ///
    /// # Errors
    /// As [`App::reserve`].
    pub async fn resume_reserve_async(
        &self,
        caller: &Caller,
        command: Reserve,
        begun: &Reserving,
        outcome: Outcome,
    ) -> Result<Reserving, ReservationError> {
        let Some(effect) = &begun.effect else { return Ok(begun.clone()) };
        own_only(caller, &begun.reservation)?;
        if !can_come_of(&effect.task, &outcome) {
            let (en, ko) = (
                format!("{outcome:?} is nothing that this call can come to"),
                format!("{outcome:?}은(는) 이 호출의 결과일 수 없습니다"),
            );
            return Err(InvalidValue::new("outcome", en, ko).into());
        }
        let concluded = self.complete_and_show(effect, outcome.clone()).await;
        if !matches!(effect.task, Task::Void(_)) {
            let reservation = self.answer(begun.reservation.clone(), concluded, outcome, None)?;
            return Ok(Reserving { reservation, effect: None });
        }
        if concluded.is_err() || !matches!(outcome, Outcome::Captured | Outcome::NotTaken { .. }) {
            return Err(unknown(begun.reservation.clone(), self.deadline_or_default()));
        }
        let next = self.begin_reserve_async(caller, command).await?;
        match &next.effect {
            Some(Effect { task: Task::Void(_), .. }) => Err(unknown(next.reservation, self.deadline_or_default())),
            _ => Ok(next),
        }
    }

    /// The breaker forbids the call: a charge is certainly not taken, a void is asked for later.
    async fn answer_without_call(&self, begun: Reserving, reason: String) -> Result<Reserving, ReservationError> {
        let Reserving { reservation, effect: Some(effect) } = begun else { return Ok(begun) };
        let outcome = without_call(&effect.task, reason);
        let concluded = self.conclude(&effect, outcome.clone()).await;
        let reservation = self.answer(reservation, concluded, outcome, None)?;
        Ok(Reserving { reservation, effect: None })
    }
}
