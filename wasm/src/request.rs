//! What a page asks, as JSON. What it is told is core's.

use serde::Deserialize;
use storagerent::chrono::{DateTime, Utc};
use storagerent::{Caller, Charge, Command, EffectId, Outcome, Query, Reserve};

/// What the engine can be asked.
#[derive(Deserialize)]
#[serde(tag = "ask", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub(crate) enum Request {
    /// A command; `reserve` has requests of its own.
    Execute { caller: Caller, command: Command },
    /// A query.
    Query { query: Query },
    /// The hold, and the call the host is to make.
    BeginReserve { caller: Caller, reserve: Reserve },
    /// What came of that call.
    ResumeReserve { effect_id: EffectId, outcome: Outcome },
    /// One pass over what is due; the effects stay the host's.
    RunDue,
    /// Asks about charges whose outcome is not known.
    Settle,
    /// Leases effects to the host, at most so many.
    DueEffects { limit: u32 },
    /// What came of one.
    Complete { effect_id: EffectId, outcome: Outcome },
    /// A call of the simulated payment service.
    Gateway { call: Call, charge: Charge },
    /// The simulated payment service behaves so from now on: the words of the command line.
    Payment { behaviour: String },
    /// What the simulated payment service has booked: key, captured, refunded.
    Books,
    /// Makes a consumer fail after it has acted, or no longer.
    Sabotage { consumer: String, on: bool },
    /// The clock moves forward.
    Advance { minutes: u32 },
    /// The clock stands, and keys count up from a seed: for tests.
    Fixed { now: DateTime<Utc>, seed: u64 },
    /// The engine panics: for the test of what a page does then.
    Panic,
}

/// The calls of a payment service.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum Call {
    Charge,
    Void,
    Refund,
}
