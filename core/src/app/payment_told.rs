//! What a payment service tells of its own accord: the outcome of a charge whose reply was lost, or came late.

use super::outcome::PATIENCE;
use super::{App, Error, OperationError};
use crate::effect::Outcome;
use crate::payment::{PaymentError, PaymentRow};
use crate::ports::wait;
use crate::shared::{Key, Money};

impl App {
    /// Books what the payment service says, unasked, of the charge under a key: that it was captured, declined, or is not
    /// taken and never will be. Answers the payment as it is then. Nothing is booked that the charge's own reply would not have
    /// been booked as; told again, it changes nothing. What contradicts what the service said before changes nothing either,
    /// but opens a dead letter: somebody has to look. That the caller is the payment service is for the host to make sure of.
    ///
    /// # Errors
    /// [`OperationError::PaymentKeyNotFound`] unless that much was asked for under that key, [`OperationError::WrongOutcome`]
    /// for an outcome that settles no charge, and [`Error`] when the store cannot: then it is to be told again.
    pub fn payment_told(&self, key: Key, amount: Money, outcome: Outcome) -> Result<PaymentRow, Error> {
        wait(self.payment_told_async(key, amount, outcome))
    }

    /// The same for a host that may not block.
    ///
    /// # Errors
    /// As [`App::payment_told`].
    pub async fn payment_told_async(&self, key: Key, amount: Money, outcome: Outcome) -> Result<PaymentRow, Error> {
        let outcome = outcome.plain();
        let told = self.write_within(PATIENCE, move |app, tx| {
            let moment = app.moment::<_, Error>(tx)?;
            let not_found = || Error::from(OperationError::PaymentKeyNotFound { amount });
            let charge = tx.effect_under("charge", key)?.ok_or_else(not_found)?;
            let payment_id = charge.action.payment_id().ok_or_else(not_found)?;
            let payment = tx.payment(payment_id)?.ok_or_else(not_found)?;
            if payment.price != amount {
                return Err(not_found());
            }
            match outcome {
                Outcome::Captured | Outcome::Declined { .. } | Outcome::NotTaken { .. } => {}
                Outcome::Unknown { .. }
                | Outcome::Refunded
                | Outcome::Delivered
                | Outcome::Unavailable { .. }
                | Outcome::Refused { .. } => {
                    let outcome = format!("{outcome:?}");
                    return Err(OperationError::WrongOutcome { action: "charge", outcome }.into());
                }
            }
            // This process has called for it, or is about to: the reply to come is no news any more.
            let is_answer = charge.lease.is_some_and(|lease| lease.owner == app.inner.owner);
            app.record(tx, charge, outcome, false, &moment)?;
            Ok::<_, Error>((tx.payment(payment_id)?.ok_or(PaymentError::NotFound { payment_id })?, is_answer))
        });
        let (payment, is_answer) = told.await?;
        if is_answer {
            self.breaker().answered();
        }
        Ok(payment)
    }
}
