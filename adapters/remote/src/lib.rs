//! # storagerent-remote
//!
//! The outside of storagerent over HTTP: [`HttpGateway`] takes money through a payment service, [`callback_router`] listens to
//! what such a service tells unasked, [`WebhookNotifier`] tells customers through a service of your own, and [`payment_sim`] is
//! a payment service to practise with, in a process and with books of its own.
//!
//! ```
//! use storagerent_remote::{GatewayConfig, HttpGateway, Secret};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let config = GatewayConfig::new("https://pay.example").token(Secret::new("a token of the service")?);
//! let app = storagerent::in_memory(HttpGateway::new(config)?)?;
//! assert_eq!(app.settings()?.gateway, "http");
//! # Ok(()) }
//! ```
//!
//! Architecture invariants: every call goes out once, under the key it was handed, and never follows a redirect or a proxy; a
//! charge is "not taken" only if no byte of it left this machine, or the service says so under that key; a secret is in no
//! error and no `Debug`; no clock is read but by the `Clock` port; the only crypto provider is aws-lc-rs.

/// The README's code is compiled with the doctests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod bearer;
mod callback;
mod client;
mod endpoint;
mod error;
mod gateway;
mod outcome;
pub mod payment_sim;
mod problem;
mod secret;
mod sent;
pub mod signature;
mod webhook;
pub mod wire;

pub use callback::callback_router;
pub use error::ConfigError;
pub use gateway::{GatewayConfig, HttpGateway};
pub use secret::Secret;
pub use webhook::{WebhookConfig, WebhookNotifier};
