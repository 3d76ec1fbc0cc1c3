//! What a page asks, as JSON. What it is told is core's.

use serde::Deserialize;
use serde_json::Value;
use storagerent::chrono::{DateTime, Utc};
use storagerent::{
    Caller, Charge, Command, CustomerId, Description, EffectId, InvalidValue, Outcome, Query, Reserve, ReviewContent,
};

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

impl Request {
    /// Reads a request.
    ///
    /// # Errors
    /// What is wrong with it: in both languages, where it is a value that people enter.
    pub(crate) fn read(json: &str) -> Result<Self, InvalidValue> {
        serde_json::from_str(json).map_err(|e| {
            let entered = serde_json::from_str(json).ok().and_then(|sent: Value| wrong_entry(&sent));
            entered.unwrap_or_else(|| super::unreadable(e))
        })
    }
}

/// The first of the texts that people enter that is refused: serde tells of it in one language only.
fn wrong_entry(sent: &Value) -> Option<InvalidValue> {
    match sent {
        Value::Object(fields) => fields.iter().find_map(|(name, value)| match (name.as_str(), value) {
            ("description", Value::String(text)) => Description::new(text).err(),
            ("content", Value::String(text)) => ReviewContent::new(text).err(),
            ("customer", Value::String(text)) => CustomerId::new(text).err(),
            (_, other) => wrong_entry(other),
        }),
        Value::Array(values) => values.iter().find_map(wrong_entry),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_entered_wrongly_is_told_in_both_languages() {
        let command =
            r#"{"command":"importStorages","storages":[{"description":"  ","price":{"amount":1,"currency":"KRW"}}]}"#;
        let json = format!(r#"{{"ask":"execute","caller":{{"who":"manager"}},"command":{command}}}"#);
        let refused = Request::read(&json).err().unwrap();
        assert_eq!(refused.field, "description");
        assert!(!refused.reason_ko.is_ascii() && refused.reason.is_ascii(), "{refused:?}");
        assert_eq!(Request::read("{").err().unwrap().field, "request");
    }
}
