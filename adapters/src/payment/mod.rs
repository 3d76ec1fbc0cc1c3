//! A stand-in for a third party's payment service, with books of its own.
//!
//! Decides how such a service may behave and what it books. Never touches the engine's store: the two must be reconciled
//! as with a real one.

mod behaviour;
mod books;
#[cfg(feature = "sqlite")]
mod file;
mod gateway;
mod ledger;

pub use behaviour::Behaviour;
pub use gateway::{Calls, SimulatedGateway};
