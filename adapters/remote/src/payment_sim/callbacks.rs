//! Telling, unasked and signed, what became of a charge.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderValue;
use storagerent::clock::SystemClock;
use storagerent::{Clock, Outcome};
use tokio::sync::Semaphore;

use crate::client::Client;
use crate::endpoint::{Endpoint, Given};
use crate::signature::{self, HEADER};
use crate::wire::Callback;
use crate::{ConfigError, Secret, outcome};

/// So long one telling may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// So often it is tried, twice as long apart each time, from the first pause on.
const TRIES: u32 = 6;
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// So many are told at a time.
const AT_ONCE: usize = 4;

/// Whom the service tells, and how it signs.
#[derive(Debug, Clone)]
pub struct CallbackConfig {
    url: Given,
    secret: Secret,
    plain_allowed: bool,
}

impl CallbackConfig {
    /// Posts to that address, signed with the secret: `https://`, or `http://` on this machine.
    pub fn new(url: impl Into<String>, secret: Secret) -> Self {
        CallbackConfig { url: Given(url.into()), secret, plain_allowed: false }
    }

    /// Allows `http://` to other machines.
    #[must_use]
    pub fn allow_plain_http(mut self) -> Self {
        self.plain_allowed = true;
        self
    }
}

/// Tells callbacks. What nobody hears after some tries is given up: the engine asks by itself.
#[derive(Clone)]
pub(super) struct Teller {
    endpoint: Endpoint,
    secret: Secret,
    client: Arc<Client>,
    clock: Arc<dyn Clock>,
    turns: Arc<Semaphore>,
}

impl Teller {
    pub(super) fn new(config: CallbackConfig) -> Result<Self, ConfigError> {
        Ok(Teller {
            endpoint: Endpoint::exact(&config.url.0, config.plain_allowed)?,
            secret: config.secret,
            client: Arc::new(Client::new(None)?),
            clock: Arc::new(SystemClock::default()),
            turns: Arc::new(Semaphore::new(AT_ONCE)),
        })
    }

    /// Tells it in the background, under one id however often. Called within a runtime.
    pub(super) fn tell(self, callback: Callback) {
        tokio::spawn(async move {
            // Fails only once the semaphore is closed, which nobody does.
            let Ok(_turn) = Arc::clone(&self.turns).acquire_owned().await else { return };
            let callback = Arc::new(callback);
            for n in 0..TRIES {
                let (teller, callback) = (self.clone(), Arc::clone(&callback));
                let told = tokio::task::spawn_blocking(move || teller.post(&callback)).await;
                match told {
                    Ok(Outcome::Unavailable { .. }) => tokio::time::sleep(FIRST_PAUSE * 2_u32.pow(n)).await,
                    _ => return,
                }
            }
        });
    }

    fn post(&self, callback: &Callback) -> Outcome {
        let Ok(body) = serde_json::to_vec(callback) else {
            return Outcome::Refused { reason: "cannot be written as JSON".to_owned() };
        };
        let signed = signature::sign(&self.secret, self.clock.now(), &body);
        let signed = HeaderValue::from_str(&signed).expect("a signature is digits");
        outcome::of_delivery(self.client.post(self.endpoint.url(), &[(HEADER, signed)], &body, DEADLINE))
    }
}

impl fmt::Debug for Teller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Teller").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
