//! Messages to customers through a service of your own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use serde::Serialize;
use storagerent::clock::SystemClock;
use storagerent::{Clock, Key, MessageRow, Notifier, Outcome};

use crate::client::Client;
use crate::endpoint::{Endpoint, Given};
use crate::gateway::{IDEMPOTENCY_KEY, key_value};
use crate::signature::{self, HEADER};
use crate::{ConfigError, Secret, outcome};

/// The id of a delivery: the same over all its repetitions.
const WEBHOOK_ID: HeaderName = HeaderName::from_static("webhook-id");

/// Where messages go, and how they are signed.
#[derive(Debug, Clone)]
pub struct WebhookConfig {
    url: Given,
    secret: Secret,
    channel: String,
    deadline: Duration,
    plain_allowed: bool,
    roots_pem: Option<Vec<u8>>,
}

impl WebhookConfig {
    /// Posts to that address, signed with the secret: `https://`, or `http://` on this machine.
    pub fn new(url: impl Into<String>, secret: Secret) -> Self {
        WebhookConfig {
            url: Given(url.into()),
            secret,
            channel: "webhook".to_owned(),
            deadline: Duration::from_secs(10),
            plain_allowed: false,
            roots_pem: None,
        }
    }

    /// The channel's name, 1 to 40 of `a-z 0-9 -`; `webhook` if not given.
    #[must_use]
    pub fn channel(mut self, channel: impl Into<String>) -> Self {
        self.channel = channel.into();
        self
    }

    /// So long a delivery may take; 10 s if not given.
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Allows `http://` to other machines: whoever is in between reads what customers are told.
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

/// Posts each message as JSON: the `id`, then the message's fields; the id is in `Webhook-Id` and `Idempotency-Key` too.
///
/// A delivery may arrive more than once: it has the same id then, by which the receiver tells. Whatever 2xx is answered, it
/// counts as delivered; 408, 429, 5xx and trouble on the way are tried again with backoff; any other 4xx is refused for good.
pub struct WebhookNotifier {
    channel: String,
    endpoint: Endpoint,
    secret: Secret,
    deadline: Duration,
    client: Client,
    clock: Arc<dyn Clock>,
}

#[derive(Serialize)]
struct Delivery<'a> {
    id: Key,
    #[serde(flatten)]
    message: &'a MessageRow,
}

impl WebhookNotifier {
    /// Prepares deliveries; makes none.
    ///
    /// # Errors
    /// [`ConfigError`] for an address that may not be called, and certificates that are none.
    pub fn new(config: WebhookConfig) -> Result<Self, ConfigError> {
        Ok(WebhookNotifier {
            endpoint: Endpoint::exact(&config.url.0, config.plain_allowed)?,
            client: Client::new(config.roots_pem.as_deref())?,
            channel: config.channel,
            secret: config.secret,
            deadline: config.deadline,
            clock: Arc::new(SystemClock::default()),
        })
    }

    /// Signs by another clock's time.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }
}

impl Notifier for WebhookNotifier {
    fn channel(&self) -> &str {
        &self.channel
    }

    fn deliver(&self, key: Key, message: &MessageRow) -> Outcome {
        let body = match serde_json::to_vec(&Delivery { id: key, message }) {
            Ok(body) => body,
            Err(error) => return Outcome::Refused { reason: format!("cannot be written as JSON: {error}") },
        };
        let signed = signature::sign(&self.secret, self.clock.now(), &body);
        let signed = HeaderValue::from_str(&signed).expect("a signature is digits");
        let headers = [(HEADER, signed), (WEBHOOK_ID, key_value(key)), (IDEMPOTENCY_KEY, key_value(key))];
        outcome::of_delivery(self.client.post(self.endpoint.url(), &headers, &body, self.deadline))
    }
}

impl fmt::Debug for WebhookNotifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("WebhookNotifier");
        shown.field("channel", &self.channel).field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
