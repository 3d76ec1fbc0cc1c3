//! The payment service, a third party's.

use std::sync::Arc;
use std::time::Duration;

use crate::effect::{Charge, Outcome};
use crate::shared::{Key, Money};

/// What a gateway is called that has no name of its own, and the payments of hosts that call their payment service themselves.
pub(crate) const UNNAMED: &str = "host";

/// Takes money and gives it back. Blocking; called outside any transaction; keeps the deadline it is handed: nobody ends a call that
/// does not, and a charge that is still under way long after it is taken for lost, and voided.
///
/// Every call is idempotent under its key: at most one capture and one refund per key, however often it is made. A charge that
/// panics, or answers what it cannot come to, is [`Outcome::Unknown`]; a void or refund that panics is tried again, and one that
/// answers what it cannot come to is a dead letter.
pub trait PaymentGateway: Send + Sync {
    /// Whose books these are: 1 to 40 of `a-z 0-9 -`. A site keeps the name of its first gateway, and no other one is let near
    /// its payments; so name yours, and keep the name: all that do not are taken for the same.
    fn name(&self) -> &str {
        UNNAMED
    }

    /// Takes the money: [`Outcome::Captured`], [`Outcome::Declined`], [`Outcome::NotTaken`] when that is certain, or
    /// [`Outcome::Unknown`] after a timeout or a lost reply.
    fn charge(&self, charge: &Charge, deadline: Duration) -> Outcome;

    /// Says whether the money was taken ([`Outcome::Captured`]), or promises never to take it under that key
    /// ([`Outcome::NotTaken`]). "Not found" is neither. [`Outcome::Unavailable`] to be tried again.
    fn void(&self, charge: &Charge, deadline: Duration) -> Outcome;

    /// Gives the money back: [`Outcome::Refunded`], [`Outcome::Unavailable`] to be tried again, or [`Outcome::Refused`].
    fn refund(&self, charge: &Charge, deadline: Duration) -> Outcome;
}

/// The gateway's own books, where they can be read: for reconciliation and tests, never for deciding.
pub trait GatewayBooks {
    /// Per key: what was captured, and what of it was refunded.
    fn entries(&self) -> Vec<(Key, Money, Money)>;
}

impl<G: PaymentGateway + ?Sized> PaymentGateway for Arc<G> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn charge(&self, charge: &Charge, deadline: Duration) -> Outcome {
        (**self).charge(charge, deadline)
    }

    fn void(&self, charge: &Charge, deadline: Duration) -> Outcome {
        (**self).void(charge, deadline)
    }

    fn refund(&self, charge: &Charge, deadline: Duration) -> Outcome {
        (**self).refund(charge, deadline)
    }
}
