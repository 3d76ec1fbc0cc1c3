//! What is kept of consumers: cursors, pauses, backoff, and the dead letters of what could not be done.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, Serializer};

use crate::effect::Lease;
use crate::shared::{DeadLetterId, EffectId, Sequence};

/// A consumer as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct ConsumerRow {
    /// Its name: `storage`, `payment`, `message`, `view`, or that of your own.
    pub name: String,
    /// The last event it is done with.
    pub cursor: Sequence,
    /// Whether it was told to wait; every process honours it.
    pub paused: bool,
    /// How often in a row it could not go on.
    pub attempts: u32,
    /// When it is tried again.
    pub retry_at: Option<DateTime<Utc>>,
    /// Why it could not go on.
    pub last_error: Option<String>,
    /// Which process runs it now; for consumers outside the file.
    #[serde(skip)]
    pub lease: Option<Lease>,
}

impl ConsumerRow {
    /// A consumer that has seen nothing yet.
    pub fn new(name: &str) -> Self {
        ConsumerRow {
            name: name.to_owned(),
            cursor: Sequence::ZERO,
            paused: false,
            attempts: 0,
            retry_at: None,
            last_error: None,
            lease: None,
        }
    }

    /// Whether it may run at `now`: neither paused nor waiting.
    pub fn may_run(&self, now: DateTime<Utc>) -> bool {
        !self.paused && self.retry_at.is_none_or(|at| at <= now)
    }

    /// Moves on, all trouble forgotten.
    pub fn advance(&mut self, to: Sequence) {
        self.cursor = to;
        self.attempts = 0;
        self.retry_at = None;
        self.last_error = None;
    }
}

/// What a dead letter holds.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(tag = "subject", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum DeadSubject {
    /// An event a consumer could not take, or one that waits behind such a one.
    Event {
        /// The consumer.
        consumer: String,
        /// The event.
        sequence: Sequence,
        /// The storage or reservation whose later events wait behind it.
        key: String,
    },
    /// An effect that was refused for good.
    Effect {
        /// The effect.
        effect_id: EffectId,
        /// What it was to do.
        action: String,
    },
}

/// As every row, with all fields of both kinds, `null` where a kind has none.
impl Serialize for DeadSubject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Default, Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Flat<'a> {
            subject: &'static str,
            consumer: Option<&'a str>,
            sequence: Option<Sequence>,
            key: Option<&'a str>,
            effect_id: Option<EffectId>,
            action: Option<&'a str>,
        }
        let flat = match self {
            DeadSubject::Event { consumer, sequence, key } => Flat {
                subject: "event",
                consumer: Some(consumer),
                sequence: Some(*sequence),
                key: Some(key),
                ..Flat::default()
            },
            DeadSubject::Effect { effect_id, action } => {
                Flat { subject: "effect", effect_id: Some(*effect_id), action: Some(action), ..Flat::default() }
            }
        };
        flat.serialize(serializer)
    }
}

/// Something that could not be done and waits for a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct DeadLetter {
    /// Its id.
    pub dead_letter_id: DeadLetterId,
    /// What it holds.
    #[serde(flatten)]
    pub subject: DeadSubject,
    /// Why.
    pub reason: String,
    /// Since when.
    pub parked_at: DateTime<Utc>,
    /// When it was retried with success or discarded; open until then.
    pub closed_at: Option<DateTime<Utc>>,
    /// How it was closed.
    pub resolution: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    #[test]
    fn a_consumer_runs_unless_paused_or_waiting() {
        let fresh = ConsumerRow::new("view");
        assert!(fresh.may_run(at(0)) && fresh.cursor == Sequence::ZERO);
        assert!(!ConsumerRow { paused: true, ..fresh.clone() }.may_run(at(0)));
        let waiting = ConsumerRow { retry_at: Some(at(5)), ..fresh };
        assert!(!waiting.may_run(at(4)));
        assert!(waiting.may_run(at(5)), "from the very moment on");
    }

    #[test]
    fn a_dead_letter_has_every_field() {
        let event = DeadSubject::Event { consumer: "view".to_owned(), sequence: Sequence::new(3), key: "k".to_owned() };
        let effect = DeadSubject::Effect { effect_id: EffectId::new(4), action: "refund".to_owned() };
        let (event, effect) = [event, effect].map(|subject| serde_json::to_string(&subject).unwrap()).into();
        assert_eq!(
            event,
            r#"{"subject":"event","consumer":"view","sequence":3,"key":"k","effectId":null,"action":null}"#
        );
        assert_eq!(
            effect,
            r#"{"subject":"effect","consumer":null,"sequence":null,"key":null,"effectId":4,"action":"refund"}"#
        );
    }

    #[test]
    fn moving_on_forgets_all_trouble_but_not_a_pause() {
        let mut row = ConsumerRow {
            paused: true,
            attempts: 3,
            retry_at: Some(at(5)),
            last_error: Some("away".to_owned()),
            ..ConsumerRow::new("view")
        };
        row.advance(Sequence::new(9));
        assert_eq!(row, ConsumerRow { paused: true, cursor: Sequence::new(9), ..ConsumerRow::new("view") });
    }
}
