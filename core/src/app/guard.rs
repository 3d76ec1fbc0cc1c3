//! Calls of what a host has plugged in: its panic is an answer, not the end of the pass that others wait for.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::effect::{Outcome, Task};
use crate::event::Envelope;
use crate::ports::{ConsumeError, Consumer, storage_key};
use crate::shared::plain;

/// Makes the call; if it panics, says so. The panic hook has reported it. What unwinds without words is no panic but somebody's way
/// out of here, a cancellation or a simulated crash, and goes on unwinding.
pub(super) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(call)).map_err(|panic| {
        let words = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref().map(String::as_str));
        match words {
            Some(words) => format!("it panicked: {words}"),
            None => resume_unwind(panic),
        }
    })
}

/// So long a consumer's own words, and its keys, are kept at most.
const CONSUMERS_CHARS_MAX: usize = 500;

/// Hands an event to a consumer; one that panics cannot take it, and whoever waits behind it goes on. What it says is made fit to be
/// kept and shown.
pub(super) fn hand(consumer: &dyn Consumer, event: &Envelope) -> Result<(), ConsumeError> {
    let taken = guarded(|| consumer.take(event));
    taken.unwrap_or_else(|panicked| Err(ConsumeError::Permanent(panicked))).map_err(|error| match error {
        ConsumeError::Unavailable(why) => ConsumeError::Unavailable(plain(&why, CONSUMERS_CHARS_MAX)),
        ConsumeError::Permanent(why) => ConsumeError::Permanent(plain(&why, CONSUMERS_CHARS_MAX)),
    })
}

/// The key of an event for a consumer; the storage's, if it panics over that: all others would wait for good.
pub(super) fn key_of(consumer: &dyn Consumer, event: &Envelope) -> String {
    let key = guarded(|| consumer.key(event)).unwrap_or_else(|_| storage_key(event));
    plain(&key, CONSUMERS_CHARS_MAX)
}

/// What a call came to, made fit to be recorded. Whether a charge that broke off took the money is not known; all else that breaks
/// off is tried again, and what answers with an outcome it cannot have waits for a decision.
pub(super) fn outcome_of(task: &Task, told: Result<Outcome, String>) -> Outcome {
    let outcome = match (task, told) {
        (_, Ok(outcome)) if can_come_of(task, &outcome) => outcome,
        (Task::Charge(_), Ok(outcome)) => Outcome::Unknown { reason: format!("answered {outcome:?}") },
        (_, Ok(outcome)) => Outcome::Refused { reason: format!("answered {outcome:?}") },
        (Task::Charge(_), Err(reason)) => Outcome::Unknown { reason },
        (_, Err(reason)) => Outcome::Unavailable { reason },
    };
    outcome.plain()
}

/// Whether a call can have that outcome.
pub(super) fn can_come_of(task: &Task, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Captured | Outcome::NotTaken { .. } => matches!(task, Task::Charge(_) | Task::Void(_)),
        Outcome::Declined { .. } => matches!(task, Task::Charge(_)),
        Outcome::Refunded => matches!(task, Task::Refund(_)),
        Outcome::Delivered => matches!(task, Task::Deliver { .. }),
        Outcome::Unknown { .. } => true,
        Outcome::Unavailable { .. } | Outcome::Refused { .. } => !matches!(task, Task::Charge(_)),
    }
}
