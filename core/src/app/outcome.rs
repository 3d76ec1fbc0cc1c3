//! T2: recording what came of an effect. What is written decides, not the clock.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::effects::is_held;
use super::settle::payment_of;
use super::{App, Error, Moment, OperationError};
use crate::consumer::{DeadLetter, DeadSubject};
use crate::effect::{Action, Effect, EffectRow, EffectStatus, Outcome};
use crate::event::Trace;
use crate::payment::PaymentStatus;
use crate::ports::{StoreError, Transaction};
use crate::reservation::{Reservation, ReservationRow, ReservationStatus};

/// T2 and settling are exempt from overload limits: they wait this long for their turn.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);

/// What recording an outcome came to.
pub(super) struct Concluded {
    /// It came from whoever holds the effect's lease: told late, or again, it says nothing of the gateway now.
    pub(super) is_news: bool,
    /// What a charge's outcome was booked as, if it was one.
    pub(super) booked: Option<Booked>,
}

/// What the news of a charge came to.
pub(super) struct Booked {
    /// The reservation as it is then.
    pub(super) reservation: ReservationRow,
    /// The gateway had said something else of it before: somebody has to look.
    pub(super) contradicts: bool,
}

impl App {
    /// Records what came of an effect, in a transaction of its own.
    pub(super) async fn conclude(&self, effect: &Effect, outcome: Outcome) -> Result<Concluded, Error> {
        let effect = effect.clone();
        self.write_within(PATIENCE, move |app, tx| app.conclude_within(tx, &effect, outcome)).await
    }

    /// The same for many, in one group.
    pub(super) fn conclude_all(&self, outcomes: Vec<(Effect, Outcome)>) -> Vec<Result<Concluded, Error>> {
        let work = |(effect, outcome): (Effect, Outcome)| {
            move |app: &App, tx: &mut dyn Transaction| app.conclude_within(tx, &effect, outcome)
        };
        self.write_many(PATIENCE, outcomes.into_iter().map(work).collect())
    }

    fn conclude_within(&self, tx: &mut dyn Transaction, effect: &Effect, outcome: Outcome) -> Result<Concluded, Error> {
        let moment = self.moment::<_, Error>(tx)?;
        let row = tx.effect(effect.effect_id)?.ok_or(OperationError::EffectNotFound { effect_id: effect.effect_id })?;
        let is_mine = is_held(&row, effect);
        let booked = self.record(tx, row, outcome.plain(), is_mine, &moment)?;
        Ok(Concluded { is_news: is_mine, booked })
    }

    pub(super) fn record(
        &self,
        tx: &mut dyn Transaction,
        row: EffectRow,
        outcome: Outcome,
        is_mine: bool,
        moment: &Moment,
    ) -> Result<Option<Booked>, Error> {
        // A setback counts only for whoever still holds the lease; news of money always counts.
        match (&row.action, &outcome) {
            (Action::Charge { .. } | Action::Void { .. }, Outcome::Captured | Outcome::NotTaken { .. })
            | (Action::Charge { .. }, Outcome::Declined { .. }) => {
                return self.book(tx, row, &outcome, moment).map(Some);
            }
            (Action::Refund { .. }, Outcome::Refunded) => self.book_refund(tx, row, moment)?,
            (Action::Deliver { .. }, Outcome::Delivered) => done(tx, row)?,
            (Action::Charge { .. }, Outcome::Unknown { .. }) if is_mine => {
                tx.put_effect(&EffectRow { status: EffectStatus::Unknown, lease: None, ..row })?;
            }
            (Action::Void { .. } | Action::Refund { .. } | Action::Deliver { .. }, Outcome::Refused { reason })
                if is_mine =>
            {
                park(tx, row, reason.clone(), moment)?;
            }
            (
                Action::Void { .. } | Action::Refund { .. } | Action::Deliver { .. },
                Outcome::Unavailable { .. } | Outcome::Unknown { .. },
            ) if is_mine => try_later(tx, row, moment)?,
            (Action::Charge { .. }, Outcome::Unknown { .. })
            | (
                Action::Void { .. } | Action::Refund { .. } | Action::Deliver { .. },
                Outcome::Refused { .. } | Outcome::Unavailable { .. } | Outcome::Unknown { .. },
            ) => {}
            (action, outcome) => {
                let (action, outcome) = (action.kind(), format!("{outcome:?}"));
                return Err(OperationError::WrongOutcome { action, outcome }.into());
            }
        }
        Ok(None)
    }

    /// Books a charge's outcome, learnt from the charge or from its void. If the hold is gone, only the payment's is recorded;
    /// money taken all the same is then refunded by the payment consumer.
    fn book(
        &self,
        tx: &mut dyn Transaction,
        row: EffectRow,
        outcome: &Outcome,
        moment: &Moment,
    ) -> Result<Booked, Error> {
        let mut payment = payment_of(tx, &row)?;
        let mut reservation = reservation_of(tx, payment.row().reservation_id)?;
        let booking = reservation.row().booking.clone();
        let stands = reservation.hold_stands();
        let trace = Trace {
            correlation_id: row.correlation_id.clone(),
            causation_id: Some(row.causation_id),
            occurred_at: moment.now,
        };
        let was = payment.row().payment_status;
        let (booked, then) = match outcome {
            Outcome::Captured => (payment.approve(&booking, stands), reservation.confirm(moment.today)),
            Outcome::Declined { reason } => (payment.decline(&booking, stands, reason), reservation.reject(reason)),
            Outcome::NotTaken { reason } => (payment.void(&booking, stands, reason), reservation.reject(reason)),
            Outcome::Unknown { .. }
            | Outcome::Refunded
            | Outcome::Delivered
            | Outcome::Unavailable { .. }
            | Outcome::Refused { .. } => (None, None),
        };
        let Some(booked) = booked else {
            // Known before. The same news again is no news; other news is the gateway contradicting itself.
            let taken_before = matches!(was, PaymentStatus::Paid | PaymentStatus::Cancelled);
            let contradicts = taken_before != matches!(outcome, Outcome::Captured);
            // Parked once, however often it is told; and parked until somebody has looked, whatever else is told.
            if contradicts && row.status != EffectStatus::Parked {
                let reason = format!("the gateway says {outcome:?} of a payment that is {}", was.as_str());
                park(tx, row, reason, moment)?;
            } else if !contradicts && row.status != EffectStatus::Parked {
                done(tx, row)?;
            }
            return Ok(Booked { reservation: reservation.row().clone(), contradicts });
        };
        let booked = tx.save_payment(&payment, booked.into(), &trace)?;
        if let Some(then) = then {
            tx.save_reservation(&reservation, then.into(), &trace.caused_by(booked))?;
        }
        done(tx, row)?;
        Ok(Booked { reservation: reservation.row().clone(), contradicts: false })
    }

    fn book_refund(&self, tx: &mut dyn Transaction, row: EffectRow, moment: &Moment) -> Result<(), Error> {
        let mut payment = payment_of(tx, &row)?;
        let mut reservation = reservation_of(tx, payment.row().reservation_id)?;
        let booking = reservation.row().booking.clone();
        let cancels = reservation.row().reservation_status == ReservationStatus::ReqCancel;
        let trace = Trace {
            correlation_id: row.correlation_id.clone(),
            causation_id: Some(row.causation_id),
            occurred_at: moment.now,
        };
        if let Some(event) = payment.refund(&booking, cancels) {
            let refunded = tx.save_payment(&payment, event.into(), &trace)?;
            if let Some(event) = reservation.complete_cancel() {
                tx.save_reservation(&reservation, event.into(), &trace.caused_by(refunded))?;
            }
        }
        Ok(done(tx, row)?)
    }
}

fn reservation_of(tx: &mut dyn Transaction, id: crate::shared::ReservationId) -> Result<Reservation, StoreError> {
    Reservation::load(id, tx.reservation(id)?).map_err(|e| StoreError::Corrupt(e.to_string()))
}

fn done(tx: &mut dyn Transaction, row: EffectRow) -> Result<(), StoreError> {
    tx.put_effect(&EffectRow { status: EffectStatus::Done, lease: None, ..row })
}

fn try_later(tx: &mut dyn Transaction, row: EffectRow, moment: &Moment) -> Result<(), StoreError> {
    let attempts = row.attempts.saturating_add(1);
    let due_at = moment.now + backoff(row.attempts);
    tx.put_effect(&EffectRow { status: EffectStatus::Due, lease: None, attempts, due_at, ..row })
}

/// Parks an effect that was refused for good.
fn park(tx: &mut dyn Transaction, row: EffectRow, reason: String, moment: &Moment) -> Result<(), StoreError> {
    let about = match &row.action {
        Action::Charge { payment_id } | Action::Void { payment_id } | Action::Refund { payment_id } => {
            format!("payment {payment_id}")
        }
        Action::Deliver { message_id, channel } => format!("message {message_id} over {channel}"),
    };
    let reason = format!("{about}: {reason}");
    let letter = DeadLetter {
        dead_letter_id: tx.next_dead_letter_id()?,
        subject: DeadSubject::Effect { effect_id: row.effect_id, action: row.action.kind().to_owned() },
        reason,
        parked_at: moment.now,
        closed_at: None,
        resolution: None,
    };
    tx.put_dead_letter(&letter)?;
    tx.put_effect(&EffectRow { status: EffectStatus::Parked, lease: None, ..row })
}

/// How long to wait after so many attempts in vain: 1 s, 2 s, 4 s … at most 5 minutes.
pub(super) fn backoff(attempts: u32) -> TimeDelta {
    TimeDelta::seconds((1_i64 << attempts.min(9)).min(300))
}

/// When something may be tried again after so many attempts in vain.
pub(super) fn retry_at(now: DateTime<Utc>, attempts: u32) -> DateTime<Utc> {
    now + backoff(attempts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_doubles_up_to_five_minutes() {
        let seconds = |n| backoff(n).num_seconds();
        assert_eq!((seconds(0), seconds(1), seconds(8), seconds(9), seconds(u32::MAX)), (1, 2, 256, 300, 300));
    }
}
