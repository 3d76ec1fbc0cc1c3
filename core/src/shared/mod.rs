//! Value objects every context speaks: ids, text, money, rates, periods, callers.
//!
//! Decides what a well-formed value is. Never decides who may do what, and holds no state.

mod booking;
mod caller;
mod ids;
mod lang;
mod money;
mod period;
mod rate;
mod refusal;
mod text;

pub use booking::Booking;
pub use caller::{By, Caller, IdempotencyKey, Who};
pub use ids::{
    CorrelationId, DeadLetterId, EffectId, Key, MessageId, PaymentId, ReservationId, ReviewId, Sequence, StorageId,
    Version,
};
pub use lang::Lang;
pub(crate) use money::read_currency;
pub use money::{Currency, Money, currency_of};
pub use period::Period;
pub use rate::{Per, Rate};
pub use refusal::{InvalidValue, Kind, NotAllowed};
pub use text::{CustomerId, Description, ReviewContent, first_unsafe, plain};
