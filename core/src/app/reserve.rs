//! Reserving: the hold, the charge, and the answer. For hosts that make the call themselves, see `begin_reserve`.

use std::time::Duration;

use super::outcome::{Booked, Concluded};
use super::tick::expire_hold;
use super::{App, Error, Moment};
use crate::effect::{Action, Charge, Effect, EffectRow, EffectStatus, Lease, Outcome, Task};
use crate::event::Trace;
use crate::payment::Payment;
use crate::ports::{IdempotencyRow, Offers, StoreError, Transaction, wait};
use crate::reservation::{
    HoldCase, HoldTerms, Holds, Quote, Reservation, ReservationError, ReservationRow, ReservationStatus, Reserve,
    may_place_hold,
};
use crate::settings::Settings;
use crate::shared::{Booking, Caller, IdempotencyKey, Key, Period, ReservationId, Sequence};

const COMMAND: &str = "reserve";

/// Who makes the charge of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Charged {
    /// Whoever reserves, at once: the effect is leased to it.
    ByCaller,
    /// The host, when it asks for due effects.
    Later,
}

/// What the first transaction came to.
pub(super) enum Begun {
    /// A hold stands; the charge is this caller's to make, or the host's if there is none here.
    Held(Box<ReservationRow>, Option<Box<Charging>>),
    /// It was done before under this key.
    Replayed(Box<ReservationRow>),
    /// It was begun before under this key and its outcome is not known: ask the gateway first.
    Unsettled(Box<ReservationRow>, Option<Box<Effect>>),
}

/// A charge to make, and the settings it was written under.
pub(super) struct Charging {
    pub(super) effect: Effect,
    pub(super) settings: Settings,
}

impl App {
    /// Reserves a storage and pays for it in the same step, or there is no reservation.
    ///
    /// With a gateway the answer is the outcome: `reserved`, or an error. Without one the answer is the hold, `reqReserve`, and
    /// its charge is among [`App::due_effects`]. Repeated under the same idempotency key, it is the same reservation, as it is then;
    /// but one that was rejected or has lapsed frees its key, so that the repetition is a new reservation with a charge of its own.
    ///
    /// # Errors
    /// [`ReservationError`]: taken, price changed, declined …; [`ReservationError::OutcomeUnknown`] when it is not known
    /// whether the money was taken: the hold then stands until it is, or lapses.
    pub fn reserve(&self, caller: &Caller, command: Reserve) -> Result<ReservationRow, ReservationError> {
        match wait(self.hold(caller, command, self.charged()))? {
            Begun::Replayed(row) | Begun::Held(row, None) => Ok(*row),
            Begun::Held(row, Some(charging)) => self.charge(*row, &charging),
            Begun::Unsettled(row, effect) => self.reserve_after_settling(caller, command, *row, effect.as_deref()),
        }
    }

    pub(super) fn charged(&self) -> Charged {
        if self.parts().gateway.is_some() { Charged::ByCaller } else { Charged::Later }
    }

    /// The same request again, once the gateway has said what became of its charge.
    pub(super) fn reserve_after_settling(
        &self,
        caller: &Caller,
        command: Reserve,
        row: ReservationRow,
        void: Option<&Effect>,
    ) -> Result<ReservationRow, ReservationError> {
        let outcome = void.and_then(|void| self.do_and_complete(void).ok());
        if !matches!(outcome, Some(Outcome::Captured | Outcome::NotTaken { .. })) {
            return Err(unknown(row, self.deadline_or_default()));
        }
        match wait(self.hold(caller, command, self.charged()))? {
            Begun::Replayed(row) | Begun::Held(row, None) => Ok(*row),
            Begun::Held(row, Some(charging)) => self.charge(*row, &charging),
            Begun::Unsettled(row, _) => Err(unknown(*row, self.deadline_or_default())),
        }
    }

    /// T1: the hold, or what the idempotency key remembers.
    pub(super) async fn hold(
        &self,
        caller: &Caller,
        command: Reserve,
        charged: Charged,
    ) -> Result<Begun, ReservationError> {
        let caller = caller.clone();
        self.write_async(move |app, tx| app.hold_within(tx, &caller, command, charged)).await
    }

    pub(super) fn hold_within(
        &self,
        tx: &mut dyn Transaction,
        caller: &Caller,
        command: Reserve,
        charged: Charged,
    ) -> Result<Begun, ReservationError> {
        let moment = self.moment::<_, ReservationError>(tx)?;
        if let Some(key) = caller.idempotency_key()
            && let Some(begun) = self.recall(tx, caller, key, &command, charged, &moment)?
        {
            return Ok(begun);
        }
        let quote = self.judge(tx, caller, command, &moment)?;
        let trace = self.trace(caller, moment.now);
        let (row, effect) = self.place_hold(tx, caller, quote, charged, &moment, &trace)?;
        if let Some(key) = caller.idempotency_key() {
            tx.put_idempotency(&IdempotencyRow {
                scope: caller.scope(),
                command: COMMAND.to_owned(),
                key: key.clone(),
                body: command.fingerprint(),
                reservation_id: row.booking.reservation_id,
            })?;
        }
        let charging = effect.map(|effect| Box::new(Charging { effect, settings: moment.settings }));
        Ok(Begun::Held(Box::new(row), charging))
    }

    /// What a used key stands for; `None` when it is free.
    fn recall(
        &self,
        tx: &mut dyn Transaction,
        caller: &Caller,
        key: &IdempotencyKey,
        command: &Reserve,
        charged: Charged,
        moment: &Moment,
    ) -> Result<Option<Begun>, ReservationError> {
        let Some(used) = tx.idempotency(&caller.scope(), COMMAND, key)? else { return Ok(None) };
        let Some(row) = tx.reservation(used.reservation_id)? else { return Ok(None) };
        match row.reservation_status {
            ReservationStatus::Rejected | ReservationStatus::Expired => return Ok(None),
            _ if used.body != command.fingerprint() => {
                return Err(ReservationError::KeyReused { reservation_id: used.reservation_id });
            }
            ReservationStatus::Reserved
            | ReservationStatus::ReqCancel
            | ReservationStatus::Cancelled
            | ReservationStatus::Completed => return Ok(Some(Begun::Replayed(Box::new(row)))),
            ReservationStatus::ReqReserve => {}
        }
        let payment = Payment::load(row.booking.payment_id, tx.payment(row.booking.payment_id)?)
            .map_err(|e| StoreError::Corrupt(e.to_string()))?;
        let charge = tx.effect_under("charge", payment.row().key)?;
        match charge {
            Some(charge)
                if charge.lease.is_some_and(|l| charge.status == EffectStatus::Leased && l.until > moment.now) =>
            {
                let left = charge.lease.map_or(Duration::ZERO, |l| (l.until - moment.now).to_std().unwrap_or_default());
                Err(unknown(row, left))
            }
            Some(charge) if charge.status == EffectStatus::Due => Err(unknown(row, moment.settings.deadline())),
            Some(charge) => {
                let effect = self.ask_void(tx, charge, moment, charged == Charged::ByCaller)?;
                Ok(Some(Begun::Unsettled(Box::new(row), effect.map(Box::new))))
            }
            None => Err(StoreError::Corrupt(format!("reservation {} has no charge", used.reservation_id)).into()),
        }
    }

    /// Whether the hold may be placed, and what it costs. Overdue holds in the way are written `expired`.
    fn judge(
        &self,
        tx: &mut dyn Transaction,
        caller: &Caller,
        command: Reserve,
        moment: &Moment,
    ) -> Result<Quote, ReservationError> {
        let storage_id = command.storage_id;
        let offer = tx.offer(storage_id)?.ok_or(ReservationError::StorageNotFound { storage_id })?;
        let period = Period::new(command.from.unwrap_or(moment.today), command.until)?;
        let quote = Quote::of(storage_id, offer.rate, period)?;
        let mut in_the_way = None;
        for row in tx.live_overlapping(storage_id, &period)? {
            let claim = row.booking.period;
            if !expire_hold(tx, row, moment)? {
                in_the_way = in_the_way.or(Some(claim));
            }
        }
        may_place_hold(&HoldCase {
            storage_id,
            offered: offer.offered,
            today: moment.today,
            quote,
            expected_price: command.price,
            in_the_way,
            holds: self.holds(tx, caller, moment)?,
        })?;
        let breaker = moment.settings.breaker();
        if self.is_elsewhere(&moment.settings).is_some() {
            return Err(ReservationError::PaymentUnavailable { retry_after: breaker.open_for });
        }
        self.breaker()
            .check(breaker, self.parts().clock.elapsed())
            .map_err(|retry_after| ReservationError::PaymentUnavailable { retry_after })?;
        Ok(quote)
    }

    /// What the customer holds, if that is capped. The manager's is not: nobody keeps the manager out.
    fn holds(&self, tx: &mut dyn Transaction, caller: &Caller, moment: &Moment) -> Result<Option<Holds>, StoreError> {
        match (self.parts().holds_max, caller.is_manager()) {
            (Some(max), false) => Ok(Some(Holds { now: tx.holds_of(&caller.books_for(), moment.now, max)?, max })),
            (Some(_) | None, _) => Ok(None),
        }
    }

    /// Writes the hold, its payment and the charge. The charge is leased to the caller if there is a gateway to make it with.
    fn place_hold(
        &self,
        tx: &mut dyn Transaction,
        caller: &Caller,
        quote: Quote,
        charged: Charged,
        moment: &Moment,
        trace: &Trace,
    ) -> Result<(ReservationRow, Option<Effect>), StoreError> {
        let booking = Booking {
            reservation_id: tx.next_reservation_id()?,
            storage_id: quote.storage_id,
            customer: caller.books_for(),
            period: quote.period,
            price: quote.total,
            payment_id: tx.next_payment_id()?,
        };
        let terms = HoldTerms {
            hold_expires_at: HoldTerms::expiry(moment.now, moment.settings.hold_minutes),
            pays_until: quote.paid_until,
            correlation_id: trace.correlation_id.clone(),
        };
        let (reservation, created) = Reservation::place_hold(booking.clone(), terms);
        let created = tx.save_reservation(&reservation, created.into(), trace)?;
        let (payment, requested) = Payment::request(booking, self.parts().ids.key(), trace.correlation_id.clone());
        let requested = tx.save_payment(&payment, requested.into(), &trace.caused_by(created))?;
        let effect = self.write_charge(tx, &payment, requested, charged, moment)?;
        Ok((reservation.row().clone(), effect))
    }

    fn write_charge(
        &self,
        tx: &mut dyn Transaction,
        payment: &Payment,
        requested: Sequence,
        charged: Charged,
        moment: &Moment,
    ) -> Result<Option<Effect>, StoreError> {
        let mine = charged == Charged::ByCaller;
        let row = payment.row();
        let effect = EffectRow {
            effect_id: tx.next_effect_id()?,
            key: row.key,
            action: Action::Charge { payment_id: row.payment_id },
            status: if mine { EffectStatus::Leased } else { EffectStatus::Due },
            attempts: 0,
            due_at: moment.now,
            lease: mine.then(|| self.lease(moment)),
            correlation_id: row.correlation_id.clone(),
            causation_id: requested,
        };
        tx.put_effect(&effect)?;
        let charge = charge_of(row.key, payment, row.reservation_id);
        Ok(effect.lease.map(|lease| handed_out(&effect, Task::Charge(charge), lease, &moment.settings)))
    }

    /// The charge and T2. No transaction is open during the call.
    fn charge(&self, held: ReservationRow, charging: &Charging) -> Result<ReservationRow, ReservationError> {
        let Charging { effect, settings } = charging;
        let outcome = self.do_outside(effect, settings);
        let concluded = wait(self.conclude(effect, outcome.clone()));
        self.answer(held, concluded, outcome, Some(settings.deadline()))
    }

    /// What the caller is told once the gateway has answered. If T2 was not committed, whether the reservation stands is not
    /// known to us.
    pub(super) fn answer(
        &self,
        held: ReservationRow,
        concluded: Result<Concluded, Error>,
        outcome: Outcome,
        deadline: Option<Duration>,
    ) -> Result<ReservationRow, ReservationError> {
        let id = held.booking.reservation_id;
        let retry_after = || deadline.unwrap_or_else(|| self.deadline_or_default());
        let row = match concluded {
            // Whether there was money, and where it is, nobody knows who believes neither.
            Ok(Concluded { booked: Some(Booked { reservation, contradicts: true }), .. }) => {
                return Err(unknown(reservation, retry_after()));
            }
            Ok(Concluded { booked: Some(Booked { reservation, .. }), .. }) => Ok(Some(reservation)),
            Ok(Concluded { booked: None, .. }) => self.read(|q| q.reservation(id)),
            Err(_) => Ok(None),
        };
        let Ok(Some(row)) = row else { return Err(unknown(held, retry_after())) };
        match (row.reservation_status, outcome) {
            (ReservationStatus::ReqReserve, _) => Err(unknown(row, retry_after())),
            // Lapsed meanwhile or not: where no money was taken, that is what the caller has to know.
            (ReservationStatus::Rejected | ReservationStatus::Expired, Outcome::Declined { reason }) => {
                Err(ReservationError::Declined { reservation_id: id, reason })
            }
            (ReservationStatus::Rejected, _) | (ReservationStatus::Expired, Outcome::NotTaken { .. }) => {
                let wait = self.breaker_wait().unwrap_or(Duration::from_secs(1));
                Err(ReservationError::PaymentUnavailable { retry_after: wait })
            }
            (ReservationStatus::Expired, _) => Err(ReservationError::HoldLapsed { reservation_id: id }),
            (
                ReservationStatus::Reserved
                | ReservationStatus::ReqCancel
                | ReservationStatus::Cancelled
                | ReservationStatus::Completed,
                _,
            ) => Ok(row),
        }
    }

    /// A lease for this process, long enough for the call and its second transaction.
    pub(super) fn lease(&self, moment: &Moment) -> Lease {
        Lease { owner: self.inner.owner, until: moment.now + lease_length(moment.settings.deadline()) }
    }

    pub(super) fn deadline_or_default(&self) -> Duration {
        self.read(|q| q.settings()).map_or(Duration::from_secs(5), |s| s.deadline())
    }

    fn breaker_wait(&self) -> Option<Duration> {
        let settings = self.read(|q| q.settings()).ok()?;
        self.breaker().check(settings.breaker(), self.parts().clock.elapsed()).err()
    }
}

/// How long a lease lasts, of an effect whose call may take so long.
pub(super) fn lease_length(deadline: Duration) -> Duration {
    deadline * 2 + Duration::from_secs(10)
}

/// The money of a payment, as the gateway is told of it.
pub(super) fn charge_of(key: Key, payment: &Payment, reservation_id: ReservationId) -> Charge {
    Charge { key, payment_id: payment.row().payment_id, reservation_id, amount: payment.row().price }
}

/// An effect as it is handed out.
pub(super) fn handed_out(row: &EffectRow, task: Task, lease: Lease, settings: &Settings) -> Effect {
    Effect {
        effect_id: row.effect_id,
        key: row.key,
        task,
        attempts: row.attempts,
        lease,
        deadline_seconds: settings.deadline_seconds,
        correlation_id: row.correlation_id.clone(),
    }
}

/// Whether the money was taken is not known.
pub(super) fn unknown(row: ReservationRow, retry_after: Duration) -> ReservationError {
    ReservationError::OutcomeUnknown { reservation: Box::new(row), retry_after }
}
