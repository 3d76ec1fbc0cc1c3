//! The outside over HTTP, from the outside: the gateway against the payment service, hostile services, certificates, callbacks,
//! webhooks, and a payment service that is killed under load.

mod callbacks;
mod hostile;
mod killed;
mod service;
mod support;
mod tls;
mod webhooks;
