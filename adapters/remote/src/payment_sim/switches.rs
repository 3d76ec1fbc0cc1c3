//! How the service behaves, switched while it runs.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use storagerent::payment::Behaviour;

use super::PaymentSim;
use crate::problem::Problem;

/// Longer than any deadline a site may set.
const DELAY_MAX: Duration = Duration::from_secs(600);
/// Twice the deadline a site has if it sets none.
const SLOW: Duration = Duration::from_secs(10);

/// How the service behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// What it does with charges; down is all calls.
    pub behaviour: Behaviour,
    /// So much later it answers every call, having booked it before. A slow one answers charges after 10 s if nothing is said.
    pub delay: Option<Duration>,
}

impl Faults {
    /// So behaves a service without further delay.
    pub fn of(behaviour: Behaviour) -> Self {
        Faults { behaviour, delay: None }
    }

    pub(super) fn delay_of_charges(self) -> Duration {
        let slow = (self.behaviour == Behaviour::Slow).then_some(SLOW);
        self.delay.or(slow).unwrap_or_default()
    }
}

/// The switches. Clones are the same switches.
#[derive(Debug, Clone, Default)]
pub struct Switches(Arc<Mutex<Faults>>);

impl Switches {
    /// Switches that stand so.
    pub fn new(faults: Faults) -> Self {
        Switches(Arc::new(Mutex::new(faults)))
    }

    /// How they stand.
    pub fn faults(&self) -> Faults {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Behaves so from the next call on.
    pub fn set(&self, faults: Faults) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = faults;
    }

    pub(super) fn is_down(&self) -> bool {
        self.faults().behaviour == Behaviour::Down
    }
}

/// Faults as JSON.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct FaultsBody {
    behaviour: String,
    #[serde(default)]
    delay_ms: Option<u64>,
}

impl From<Faults> for FaultsBody {
    fn from(faults: Faults) -> Self {
        let delay_ms = faults.delay.map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
        FaultsBody { behaviour: faults.behaviour.to_string(), delay_ms }
    }
}

pub(super) async fn show(State(sim): State<PaymentSim>) -> Json<FaultsBody> {
    Json(sim.switches.faults().into())
}

pub(super) async fn put(
    State(sim): State<PaymentSim>,
    body: Result<Json<FaultsBody>, JsonRejection>,
) -> Result<Json<FaultsBody>, Problem> {
    let refuse = |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalidValue", why);
    let Json(body) = body.map_err(|rejection| refuse(rejection.body_text()))?;
    let behaviour = body.behaviour.parse::<Behaviour>().map_err(|error| refuse(error.to_string()))?;
    let delay = body.delay_ms.map(Duration::from_millis);
    if delay.is_some_and(|delay| delay > DELAY_MAX) {
        return Err(refuse(format!("delayMs is at most {}", DELAY_MAX.as_millis())));
    }
    sim.switches.set(Faults { behaviour, delay });
    Ok(Json(sim.switches.faults().into()))
}
