//! The payment gateway over HTTP.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, header};
use storagerent::{Charge, Key, Outcome, PaymentGateway};

use crate::client::{Client, NoReply, Reply};
use crate::endpoint::{Endpoint, Given};
use crate::wire::PaymentBody;
use crate::{ConfigError, Secret, bearer, outcome};

/// The header under whose value a charge is recognised when repeated.
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// Where a payment service is, and how it is spoken to.
#[derive(Debug, Clone)]
pub struct GatewayConfig {
    url: Given,
    name: String,
    token: Option<Secret>,
    plain_allowed: bool,
    roots_pem: Option<Vec<u8>>,
}

impl GatewayConfig {
    /// A service below that address: `https://`, or `http://` on this machine.
    pub fn new(url: impl Into<String>) -> Self {
        GatewayConfig {
            url: Given(url.into()),
            name: "http".to_owned(),
            token: None,
            plain_allowed: false,
            roots_pem: None,
        }
    }

    /// Whose books these are, 1 to 40 of `a-z 0-9 -`; `http` if not given. A site keeps the name of its first gateway.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Shown to the service as a bearer token.
    #[must_use]
    pub fn token(mut self, token: Secret) -> Self {
        self.token = Some(token);
        self
    }

    /// Allows `http://` to other machines: whoever is in between sees the token and may answer in the service's place.
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_allowed = true;
        self
    }

    /// Trusts these authorities, certificates in PEM, and no others; the public ones if not given.
    #[must_use]
    pub fn roots_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.roots_pem = Some(pem.into());
        self
    }
}

/// Takes money through a payment service: `POST /payments`, `/payments/{key}/void` and `/payments/{key}/refund`.
///
/// Each call is made once; what is to be repeated the engine repeats, under the same key. The deadline is that of the whole
/// call, from the name's look-up to the reply's last byte.
#[derive(Debug)]
pub struct HttpGateway {
    name: String,
    endpoint: Endpoint,
    authorization: Option<HeaderValue>,
    client: Client,
}

impl HttpGateway {
    /// Prepares calls; makes none.
    ///
    /// # Errors
    /// [`ConfigError`] for an address that may not be called, and certificates that are none.
    pub fn new(config: GatewayConfig) -> Result<Self, ConfigError> {
        Ok(HttpGateway {
            endpoint: Endpoint::base(&config.url.0, config.plain_allowed)?,
            client: Client::new(config.roots_pem.as_deref())?,
            authorization: config.token.as_ref().map(bearer::authorization),
            name: config.name,
        })
    }

    fn post(&self, path: &str, charge: &Charge, deadline: Duration) -> Result<Reply, NoReply> {
        let body = serde_json::to_vec(&PaymentBody::of(charge)).map_err(|e| NoReply::NotSent(e.to_string()))?;
        let mut headers = vec![(IDEMPOTENCY_KEY, key_value(charge.key))];
        headers.extend(self.authorization.clone().map(|value| (header::AUTHORIZATION, value)));
        self.client.post(&self.endpoint.at(path), &headers, &body, deadline)
    }
}

impl PaymentGateway for HttpGateway {
    fn name(&self) -> &str {
        &self.name
    }

    fn charge(&self, charge: &Charge, deadline: Duration) -> Outcome {
        outcome::of_charge(self.post("/payments", charge, deadline), charge.key)
    }

    fn void(&self, charge: &Charge, deadline: Duration) -> Outcome {
        let path = format!("/payments/{}/void", charge.key);
        outcome::of_void(self.post(&path, charge, deadline), charge.key)
    }

    fn refund(&self, charge: &Charge, deadline: Duration) -> Outcome {
        let path = format!("/payments/{}/refund", charge.key);
        outcome::of_refund(self.post(&path, charge, deadline), charge.key)
    }
}

/// A key as the value of a header.
pub(crate) fn key_value(key: Key) -> HeaderValue {
    HeaderValue::from_str(&key.to_string()).expect("a key is hex digits")
}
