//! The outside over HTTP, from the outside: the gateway against the payment service, hostile services, certificates, callbacks,
//! webhooks, and a payment service that is killed under load.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod callbacks;
mod hostile;
mod killed;
mod service;
mod support;
mod tls;
mod webhooks;
