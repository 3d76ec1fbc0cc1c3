//! Payments (결제): the ledger of what was asked, taken and given back, one payment a reservation.
//!
//! Decides what the books say, when money must go back, and when the gateway is left in peace. Never calls the gateway:
//! that is an effect.

mod aggregate;
mod breaker;
mod error;
mod events;
mod policy;

pub use aggregate::{Payment, PaymentRow, PaymentStatus};
pub use breaker::{Breaker, BreakerConfig, BreakerState};
pub use error::PaymentError;
pub use events::{PaymentApproved, PaymentCancelled, PaymentDeclined, PaymentEvent, PaymentRequested, PaymentVoided};
pub use policy::refund_due;
