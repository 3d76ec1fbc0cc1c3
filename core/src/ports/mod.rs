//! The edge of the hexagon: everything core needs from outside, one file per port.
//!
//! Decides shapes only. Adapters implement these; core never names an adapter.

mod clock;
mod consumer;
mod ids;
mod notifier;
mod payment_gateway;
mod queries;
mod questions;
mod repositories;
mod store;
mod writing;

pub use clock::Clock;
pub(crate) use consumer::storage_key;
pub use consumer::{ConsumeError, Consumer};
pub use ids::Ids;
pub use notifier::Notifier;
pub(crate) use payment_gateway::UNNAMED;
pub use payment_gateway::{GatewayBooks, PaymentGateway};
pub use queries::{
    Backlog, Counts, DueRental, EffectFilter, EventFilter, Finding, Head, IdempotencyRow, MessageFilter, Page, Queries,
    ReservationFilter, ReviewFilter, ViewFilter,
};
pub use questions::{Bookings, Offer, Offers};
pub use repositories::{Repositories, Transaction};
pub use store::{Store, StoreError, Verdict, Work};
pub(crate) use writing::wait;
pub use writing::{Writing, begin_write, begin_write_many, write, write_all};
