//! What a call came to: the one table from replies, and their absence, to outcomes.
//!
//! A charge that may have arrived is unknown until the service says, under its key, what became of it.

use storagerent::{Key, Outcome};

use crate::client::{NoReply, Reply};
use crate::wire::{PaymentReply, Settled};

type Answer = Result<Reply, NoReply>;

/// What a charge came to. Only a request that never left, or the service's own word under the key, is "not taken" or "declined": a
/// 402 may be that of a proxy or of a platform.
pub(crate) fn of_charge(answer: Answer, key: Key) -> Outcome {
    let reply = match answer {
        Ok(reply) => reply,
        Err(NoReply::NotSent(why)) => {
            return Outcome::NotTaken { reason: format!("the payment service could not be reached: {why}") };
        }
        Err(NoReply::Lost(reason)) => return Outcome::Unknown { reason },
    };
    match (reply.status, said(&reply, key)) {
        (200 | 201, Ok((Settled::Captured, _))) => Outcome::Captured,
        (200 | 201, Ok((Settled::NotTaken, reason))) => Outcome::NotTaken { reason },
        (200 | 201 | 402, Ok((Settled::Declined, reason))) => Outcome::Declined { reason },
        (_, said) => Outcome::Unknown { reason: strange(&reply, &said) },
    }
}

/// What a void came to. "Not found" is neither "captured" nor a promise.
pub(crate) fn of_void(answer: Answer, key: Key) -> Outcome {
    ask_again(answer, key, |settled, reason| match settled {
        Settled::Captured => Some(Outcome::Captured),
        Settled::NotTaken => Some(Outcome::NotTaken { reason }),
        Settled::Declined | Settled::Refunded => None,
    })
}

/// What a refund came to.
pub(crate) fn of_refund(answer: Answer, key: Key) -> Outcome {
    ask_again(answer, key, |settled, _| match settled {
        Settled::Refunded => Some(Outcome::Refunded),
        Settled::Captured | Settled::Declined | Settled::NotTaken => None,
    })
}

/// What a delivery to a webhook came to.
pub(crate) fn of_delivery(answer: Answer) -> Outcome {
    match answer {
        Err(trouble) => Outcome::Unavailable { reason: trouble.reason() },
        Ok(Reply { status: 200..=299, .. }) => Outcome::Delivered,
        Ok(Reply { status, .. }) => {
            let reason = format!("the webhook answered {status}");
            match status {
                408 | 429 => Outcome::Unavailable { reason },
                400..=499 => Outcome::Refused { reason },
                _ => Outcome::Unavailable { reason },
            }
        }
    }
}

/// A call that may be repeated under its key until it is answered, or refused for good.
fn ask_again(answer: Answer, key: Key, mean: impl FnOnce(Settled, String) -> Option<Outcome>) -> Outcome {
    let reply = match answer {
        Ok(reply) => reply,
        Err(trouble) => return Outcome::Unavailable { reason: trouble.reason() },
    };
    let said = said(&reply, key);
    let reason = strange(&reply, &said);
    match (reply.status, said) {
        (200 | 201, Ok((settled, why))) => mean(settled, why).unwrap_or(Outcome::Unavailable { reason }),
        // A token to be renewed, or too many calls: that says nothing about this payment.
        (401 | 403 | 408 | 425 | 429, _) => Outcome::Unavailable { reason },
        (400..=499, _) => Outcome::Refused { reason },
        _ => Outcome::Unavailable { reason },
    }
}

/// Why a reply says nothing of the money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unsaid {
    /// It is not what a payment service answers.
    Unreadable,
    /// It is about another key.
    OtherKey,
}

fn said(reply: &Reply, key: Key) -> Result<(Settled, String), Unsaid> {
    if !reply.is_json {
        return Err(Unsaid::Unreadable);
    }
    match serde_json::from_slice::<PaymentReply>(&reply.body) {
        Ok(said) if said.key == key => Ok((said.outcome, said.reason.unwrap_or_default())),
        Ok(_) => Err(Unsaid::OtherKey),
        Err(_) => Err(Unsaid::Unreadable),
    }
}

/// Words for a reply that settles nothing. Its body is not repeated, but for the reason a service gives.
fn strange(reply: &Reply, said: &Result<(Settled, String), Unsaid>) -> String {
    let status = reply.status;
    match said {
        Ok((settled, _)) => {
            format!("the payment service answered {status} and {settled:?}, which settles nothing here")
        }
        Err(Unsaid::OtherKey) => format!("the payment service answered {status} about another payment"),
        Err(Unsaid::Unreadable) => match detail(reply) {
            Some(why) => format!("the payment service answered {status}: {why}"),
            None => format!("the payment service answered {status}"),
        },
    }
}

/// What a problem document says.
fn detail(reply: &Reply) -> Option<String> {
    let body: serde_json::Value = reply.is_json.then(|| serde_json::from_slice(&reply.body).ok()).flatten()?;
    body.get("detail")?.as_str().map(str::to_owned)
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
