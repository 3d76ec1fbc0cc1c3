//! Effects: what has to be done outside, written down in the transaction that wants it, and done afterwards.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::message::MessageRow;
use crate::shared::{CorrelationId, EffectId, Key, MessageId, Money, PaymentId, ReservationId, Sequence, plain};

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Action {
    /// Ask the gateway for the money. Handed out once; nobody repeats it.
    Charge {
        /// The payment.
        payment_id: PaymentId,
    },
    /// Ask the gateway whether it took the money, and if not, never to take it under that key.
    Void {
        /// The payment.
        payment_id: PaymentId,
    },
    /// Give the money back.
    Refund {
        /// The payment.
        payment_id: PaymentId,
    },
    /// Tell the customer.
    Deliver {
        /// The message.
        message_id: MessageId,
        /// Over which channel.
        channel: String,
    },
}

impl Action {
    /// The word for the kind, as in JSON.
    pub fn kind(&self) -> &'static str {
        match self {
            Action::Charge { .. } => "charge",
            Action::Void { .. } => "void",
            Action::Refund { .. } => "refund",
            Action::Deliver { .. } => "deliver",
        }
    }

    /// The payment it is about, unless it is a delivery.
    pub fn payment_id(&self) -> Option<PaymentId> {
        match self {
            Action::Charge { payment_id } | Action::Void { payment_id } | Action::Refund { payment_id } => {
                Some(*payment_id)
            }
            Action::Deliver { .. } => None,
        }
    }
}

/// Where an effect stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub enum EffectStatus {
    /// To be done, from `due_at` on.
    Due,
    /// Handed out to one process, until its lease ends.
    Leased,
    /// A charge whose outcome is not known; settling it writes a void.
    Unknown,
    /// Done, or overtaken by what was learnt otherwise.
    Done,
    /// Refused for good; a dead letter holds it.
    Parked,
}

impl EffectStatus {
    /// The word as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            EffectStatus::Due => "due",
            EffectStatus::Leased => "leased",
            EffectStatus::Unknown => "unknown",
            EffectStatus::Done => "done",
            EffectStatus::Parked => "parked",
        }
    }

    /// Reads the word as stored.
    pub fn parse(raw: &str) -> Option<Self> {
        [EffectStatus::Due, EffectStatus::Leased, EffectStatus::Unknown, EffectStatus::Done, EffectStatus::Parked]
            .into_iter()
            .find(|s| s.as_str() == raw)
    }
}

/// Who does it now, and until when nobody else may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    /// The process.
    pub owner: Key,
    /// Until when.
    pub until: DateTime<Utc>,
}

/// An effect as it is kept. At most one of each kind exists per key: one charge, one void and one refund per payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectRow {
    /// Its id.
    pub effect_id: EffectId,
    /// The payment's key, or a key of its own for a delivery: under it the outside recognises a repeated call.
    pub key: Key,
    /// What is to be done.
    pub action: Action,
    /// Where it stands.
    pub status: EffectStatus,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// From when on it is to be tried.
    pub due_at: DateTime<Utc>,
    /// Who does it now.
    pub lease: Option<Lease>,
    /// The request it belongs to.
    pub correlation_id: CorrelationId,
    /// The event that wants it.
    pub causation_id: Sequence,
}

impl EffectRow {
    /// When it may be done, or its lease ends; `None` for what is not waited for by the clock.
    pub fn ready_at(&self) -> Option<DateTime<Utc>> {
        match self.status {
            EffectStatus::Due => Some(self.due_at),
            EffectStatus::Leased => self.lease.map(|lease| lease.until),
            EffectStatus::Unknown | EffectStatus::Done | EffectStatus::Parked => None,
        }
    }
}

/// An effect handed out: everything needed to do it. Tell the outcome to `App::complete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct Effect {
    /// Its id.
    pub effect_id: EffectId,
    /// Under this key the outside recognises a repeated call.
    pub key: Key,
    /// What is to be done.
    pub task: Task,
    /// How often it was tried in vain.
    pub attempts: u32,
    /// Until when it is yours.
    pub lease: Lease,
    /// So many seconds the call may take, by the settings.
    pub deadline_seconds: u32,
    /// The request it belongs to.
    pub correlation_id: CorrelationId,
}

impl Effect {
    /// How long the call may take.
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(u64::from(self.deadline_seconds))
    }
}

/// What is to be done, with all it takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Task {
    /// Take the money.
    Charge(Charge),
    /// Say whether the money was taken; if not, never take it under that key.
    Void(Charge),
    /// Give the money back.
    Refund(Charge),
    /// Tell the customer.
    Deliver {
        /// Over which channel.
        channel: String,
        /// What.
        message: MessageRow,
    },
}

/// The money of one reservation, and the key under which the gateway books it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct Charge {
    /// The key: at most one capture and one refund under it.
    pub key: Key,
    /// The payment.
    pub payment_id: PaymentId,
    /// The reservation it pays for.
    pub reservation_id: ReservationId,
    /// How much, in minor units.
    #[serde(flatten)]
    pub amount: Money,
}

/// What came of an effect.
///
/// A reason is kept in the log for good, and that of a charge not made is told to the customer: nothing in it may be for your eyes only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(tag = "outcome", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Outcome {
    /// Charge or void: the money was taken.
    Captured,
    /// Charge: the gateway said no.
    Declined {
        /// Why.
        reason: String,
    },
    /// Charge or void: the money was certainly not taken, and will not be under that key.
    NotTaken {
        /// How that is known.
        reason: String,
    },
    /// Charge: whether the money was taken is not known.
    Unknown {
        /// What happened.
        reason: String,
    },
    /// Refund: the money was given back.
    Refunded,
    /// Delivery: the customer was told.
    Delivered,
    /// Void, refund or delivery: not now; it is tried again later.
    Unavailable {
        /// What happened.
        reason: String,
    },
    /// Void, refund or delivery: refused for good; it is parked as a dead letter.
    Refused {
        /// Why.
        reason: String,
    },
}

/// A reason from outside is kept up to this length.
const REASON_CHARS_MAX: usize = 200;

impl Outcome {
    /// The same with its reason made fit to keep and show: what a gateway says enters the log and customers' messages.
    #[must_use]
    pub fn plain(self) -> Self {
        let plain = |reason: String| plain(&reason, REASON_CHARS_MAX);
        match self {
            Outcome::Declined { reason } => Outcome::Declined { reason: plain(reason) },
            Outcome::NotTaken { reason } => Outcome::NotTaken { reason: plain(reason) },
            Outcome::Unknown { reason } => Outcome::Unknown { reason: plain(reason) },
            Outcome::Unavailable { reason } => Outcome::Unavailable { reason: plain(reason) },
            Outcome::Refused { reason } => Outcome::Refused { reason: plain(reason) },
            Outcome::Captured => Outcome::Captured,
            Outcome::Refunded => Outcome::Refunded,
            Outcome::Delivered => Outcome::Delivered,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_status_read_back() {
        use EffectStatus::{Done, Due, Leased, Parked, Unknown};
        for (status, word) in
            [(Due, "due"), (Leased, "leased"), (Unknown, "unknown"), (Done, "done"), (Parked, "parked")]
        {
            assert_eq!((status.as_str(), EffectStatus::parse(word)), (word, Some(status)));
        }
        assert_eq!(EffectStatus::parse("lost"), None);
    }

    #[test]
    fn an_action_says_its_kind_and_the_payment_it_is_about() {
        let payment_id = PaymentId::new(7);
        for (action, kind) in [
            (Action::Charge { payment_id }, "charge"),
            (Action::Void { payment_id }, "void"),
            (Action::Refund { payment_id }, "refund"),
        ] {
            assert_eq!((action.kind(), action.payment_id()), (kind, Some(payment_id)));
            assert_eq!(serde_json::to_value(&action).unwrap(), serde_json::json!({ "kind": kind, "paymentId": 7 }));
        }
        let deliver = Action::Deliver { message_id: MessageId::new(1), channel: "sms".to_owned() };
        assert_eq!((deliver.kind(), deliver.payment_id()), ("deliver", None));
    }

    #[test]
    fn what_the_outside_says_is_made_plain_and_short() {
        let hostile = || format!("no\u{1b}[31m\n{}", "길".repeat(300));
        let kept = format!("no[31m {}", "길".repeat(REASON_CHARS_MAX - 7));
        let (reason, plain) = (hostile(), kept.clone());
        assert_eq!(Outcome::Declined { reason }.plain(), Outcome::Declined { reason: plain });
        let (reason, plain) = (hostile(), kept.clone());
        assert_eq!(Outcome::NotTaken { reason }.plain(), Outcome::NotTaken { reason: plain });
        let (reason, plain) = (hostile(), kept.clone());
        assert_eq!(Outcome::Unknown { reason }.plain(), Outcome::Unknown { reason: plain });
        let (reason, plain) = (hostile(), kept.clone());
        assert_eq!(Outcome::Unavailable { reason }.plain(), Outcome::Unavailable { reason: plain });
        let (reason, plain) = (hostile(), kept);
        assert_eq!(Outcome::Refused { reason }.plain(), Outcome::Refused { reason: plain });
        for same in [Outcome::Captured, Outcome::Refunded, Outcome::Delivered] {
            assert_eq!(same.clone().plain(), same);
        }
    }
}
