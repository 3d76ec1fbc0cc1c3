//! Settling: finding out what became of charges whose outcome is not known, or that nobody may make any more.

use serde::Serialize;

use super::outcome::PATIENCE;
use super::reserve::{charge_of, handed_out};
use super::{App, Error, Moment};
use crate::effect::{Action, Effect, EffectRow, EffectStatus, Task};
use crate::payment::Payment;
use crate::ports::{Page, StoreError, Transaction, wait};
use crate::reservation::ReservationStatus;

const BATCH_MAX: u32 = 100;

/// What settling wrote down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct Settled {
    /// Charges the gateway is asked about now.
    pub asked: u32,
}

impl App {
    /// Writes a `void` for each charge without a live lease whose outcome is not known. "Not found" settles nothing, and there
    /// is never a second key. The voids are done by [`App::run_effects`] or the host.
    ///
    /// # Errors
    /// [`Error`] when the store cannot; what was written before stays.
    pub fn settle(&self) -> Result<Settled, Error> {
        let mut settled = Settled::default();
        let mut after = 0;
        loop {
            let loose = self.read(|q| q.loose_charges(self.now(), Page { after, limit: Some(1) }))?;
            if loose.is_empty() {
                return Ok(settled);
            }
            let asking = self.write_within(PATIENCE, move |app, tx| {
                let moment = app.moment::<_, Error>(tx)?;
                let charges = tx.loose_charges(moment.now, Page { after, limit: Some(BATCH_MAX) })?;
                let last = charges.last().map_or(u64::MAX, |c| c.effect_id.get());
                let mut asked = 0;
                for charge in charges {
                    asked += u32::from(app.settle_charge(tx, charge, &moment)?);
                }
                Ok::<_, Error>((asked, last))
            });
            let (asked, last) = wait(asking)?;
            settled.asked += asked;
            after = last;
        }
    }

    fn settle_charge(&self, tx: &mut dyn Transaction, charge: EffectRow, moment: &Moment) -> Result<bool, StoreError> {
        let payment = payment_of(tx, &charge)?;
        let stands = tx
            .reservation(payment.row().reservation_id)?
            .is_some_and(|row| row.reservation_status == ReservationStatus::ReqReserve);
        // Never handed out and the hold stands: it is still the host's to make.
        if charge.status == EffectStatus::Due && stands && payment.is_open() {
            return Ok(false);
        }
        self.ask_void(tx, charge, moment, false)?;
        Ok(payment.is_open())
    }

    /// Overtakes a charge by a void under the same key; leased to this process if `mine`.
    pub(super) fn ask_void(
        &self,
        tx: &mut dyn Transaction,
        charge: EffectRow,
        moment: &Moment,
        mine: bool,
    ) -> Result<Option<Effect>, StoreError> {
        let payment = payment_of(tx, &charge)?;
        if charge.status != EffectStatus::Done {
            tx.put_effect(&EffectRow { status: EffectStatus::Done, lease: None, ..charge.clone() })?;
        }
        if !payment.is_open() {
            return Ok(None);
        }
        let mut void = void_of(tx, &charge, &payment, moment)?;
        let held_elsewhere = void.status == EffectStatus::Leased && void.lease.is_some_and(|l| l.until > moment.now);
        let lease = (mine && !held_elsewhere && void.status != EffectStatus::Parked).then(|| self.lease(moment));
        if let Some(lease) = lease {
            void.status = EffectStatus::Leased;
            void.lease = Some(lease);
        }
        tx.put_effect(&void)?;
        let task = Task::Void(charge_of(charge.key, &payment, payment.row().reservation_id));
        Ok(lease.map(|lease| handed_out(&void, task, lease, &moment.settings)))
    }
}

/// The void of a charge, under the same key; a new one is due.
pub(super) fn void_of(
    tx: &mut dyn Transaction,
    charge: &EffectRow,
    payment: &Payment,
    moment: &Moment,
) -> Result<EffectRow, StoreError> {
    if let Some(void) = tx.effect_under("void", charge.key)? {
        return Ok(void);
    }
    Ok(EffectRow {
        effect_id: tx.next_effect_id()?,
        key: charge.key,
        action: Action::Void { payment_id: payment.row().payment_id },
        status: EffectStatus::Due,
        attempts: 0,
        due_at: moment.now,
        lease: None,
        correlation_id: charge.correlation_id.clone(),
        causation_id: charge.causation_id,
    })
}

/// The payment an effect is about.
pub(super) fn payment_of(tx: &mut dyn Transaction, effect: &EffectRow) -> Result<Payment, StoreError> {
    let Some(id) = effect.action.payment_id() else {
        return Err(StoreError::Corrupt(format!("effect {} has no payment", effect.effect_id)));
    };
    Payment::load(id, tx.payment(id)?).map_err(|e| StoreError::Corrupt(e.to_string()))
}
