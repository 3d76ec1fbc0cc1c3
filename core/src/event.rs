//! Events: what happened, in order, for good. The log is the outbox, the audit trail and the source for rebuilding.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use crate::payment::PaymentEvent;
use crate::reservation::ReservationEvent;
use crate::review::ReviewEvent;
use crate::shared::{CorrelationId, ReservationId, Sequence, StorageId, Version};
use crate::storage::StorageEvent;

/// Declares the events of one context: the enum, its names, and how a stored payload is read.
macro_rules! context_events {
    ($(#[$doc:meta])* $name:ident => $context:ident { $($(#[$variant_doc:meta])* $variant:ident),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
        #[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
        #[serde(tag = "eventType")]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant($variant)),+
        }

        impl $name {
            /// The names of these events, as stored.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($variant)),+];

            /// The name of this event, as stored.
            pub fn event_type(&self) -> &'static str {
                match self { $($name::$variant(_) => stringify!($variant)),+ }
            }

            /// Serialises the event's own fields, without its name.
            ///
            /// # Errors
            /// Those of the serialiser.
            pub fn serialize_fields<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                match self { $($name::$variant(e) => serde::Serialize::serialize(e, serializer)),+ }
            }

            /// Reads the event of that name from its own fields; `None` when the name is not of this context.
            pub fn deserialize_fields<'de, D: serde::Deserializer<'de>>(
                event_type: &str,
                fields: D,
            ) -> Option<Result<Self, D::Error>> {
                match event_type {
                    $(stringify!($variant) => Some(<$variant as serde::Deserialize>::deserialize(fields).map($name::$variant)),)+
                    _ => None,
                }
            }
        }

        $(
            impl From<$variant> for $name {
                fn from(event: $variant) -> Self {
                    $name::$variant(event)
                }
            }

            impl From<$variant> for crate::event::Event {
                fn from(event: $variant) -> Self {
                    crate::event::Event::$context(event.into())
                }
            }
        )+

        impl From<$name> for crate::event::Event {
            fn from(event: $name) -> Self {
                crate::event::Event::$context(event)
            }
        }
    };
}
pub(crate) use context_events;

/// Declares an event that repeats the booking. Both lie flat in one object; each field is read where it belongs, for collecting
/// those that belong elsewhere takes longer than all the rest of reading an event.
macro_rules! booking_event {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
        #[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
        #[serde(rename_all = "camelCase")]
        pub struct $name {
            /// The booking.
            #[serde(flatten)]
            pub booking: crate::shared::Booking,
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(fields: D) -> Result<Self, D::Error> {
                #[derive(serde::Deserialize)]
                #[serde(rename_all = "camelCase")]
                struct Flat {
                    reservation_id: crate::shared::ReservationId,
                    storage_id: crate::shared::StorageId,
                    customer: crate::shared::CustomerId,
                    from: chrono::NaiveDate,
                    until: Option<chrono::NaiveDate>,
                    price: i64,
                    #[serde(deserialize_with = "crate::shared::read_currency")]
                    currency: crate::shared::Currency,
                    payment_id: crate::shared::PaymentId,
                    $($field: $type,)*
                }
                let flat = <Flat as serde::Deserialize>::deserialize(fields)?;
                let period = crate::shared::Period::new(flat.from, flat.until).map_err(serde::de::Error::custom)?;
                let booking = crate::shared::Booking {
                    reservation_id: flat.reservation_id,
                    storage_id: flat.storage_id,
                    customer: flat.customer,
                    period,
                    price: crate::shared::Money::new(flat.price, flat.currency),
                    payment_id: flat.payment_id,
                };
                Ok($name { booking, $($field: flat.$field,)* })
            }
        }
    };
}
pub(crate) use booking_event;

/// Something that happened, of whichever context.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(untagged)]
#[non_exhaustive]
pub enum Event {
    /// To a storage.
    Storage(StorageEvent),
    /// To a reservation.
    Reservation(ReservationEvent),
    /// To a payment.
    Payment(PaymentEvent),
    /// To a review.
    Review(ReviewEvent),
}

impl Event {
    /// The version of the stored shape this build writes.
    pub const SCHEMA_VERSION: u32 = 1;

    /// The names of all events, as stored.
    pub fn names() -> impl Iterator<Item = &'static str> {
        [StorageEvent::NAMES, ReservationEvent::NAMES, PaymentEvent::NAMES, ReviewEvent::NAMES]
            .into_iter()
            .flatten()
            .copied()
    }

    /// The name of this event, as stored.
    pub fn event_type(&self) -> &'static str {
        match self {
            Event::Storage(e) => e.event_type(),
            Event::Reservation(e) => e.event_type(),
            Event::Payment(e) => e.event_type(),
            Event::Review(e) => e.event_type(),
        }
    }

    /// The aggregate it happened to.
    pub fn aggregate(&self) -> Aggregate {
        match self {
            Event::Storage(e) => Aggregate { kind: AggregateKind::Storage, id: e.storage_id().get() },
            Event::Reservation(e) => {
                Aggregate { kind: AggregateKind::Reservation, id: e.booking().reservation_id.get() }
            }
            Event::Payment(e) => Aggregate { kind: AggregateKind::Payment, id: e.booking().payment_id.get() },
            Event::Review(e) => Aggregate { kind: AggregateKind::Review, id: e.review_id().get() },
        }
    }

    /// The storage it concerns; every event concerns one.
    pub fn storage_id(&self) -> StorageId {
        match self {
            Event::Storage(e) => e.storage_id(),
            Event::Reservation(e) => e.booking().storage_id,
            Event::Payment(e) => e.booking().storage_id,
            Event::Review(e) => e.storage_id(),
        }
    }

    /// The reservation it concerns, if any.
    pub fn reservation_id(&self) -> Option<ReservationId> {
        match self {
            Event::Storage(StorageEvent::StorageReserved(e)) => Some(e.reservation_id),
            Event::Storage(StorageEvent::StorageCancelled(e)) => Some(e.reservation_id),
            Event::Storage(
                StorageEvent::StorageRegistered(_) | StorageEvent::StorageModified(_) | StorageEvent::StorageDeleted(_),
            ) => None,
            Event::Reservation(e) => Some(e.booking().reservation_id),
            Event::Payment(e) => Some(e.booking().reservation_id),
            Event::Review(e) => Some(e.reservation_id()),
        }
    }

    /// Reads the event of that name from its own fields; `None` when this build knows no such event.
    pub fn deserialize_fields<'de, D: serde::Deserializer<'de>>(
        event_type: &str,
        fields: D,
    ) -> Option<Result<Self, D::Error>> {
        if StorageEvent::NAMES.contains(&event_type) {
            StorageEvent::deserialize_fields(event_type, fields).map(|e| e.map(Event::Storage))
        } else if ReservationEvent::NAMES.contains(&event_type) {
            ReservationEvent::deserialize_fields(event_type, fields).map(|e| e.map(Event::Reservation))
        } else if PaymentEvent::NAMES.contains(&event_type) {
            PaymentEvent::deserialize_fields(event_type, fields).map(|e| e.map(Event::Payment))
        } else {
            ReviewEvent::deserialize_fields(event_type, fields).map(|e| e.map(Event::Review))
        }
    }

    /// Serialises the event's own fields, without its name: what a store keeps.
    ///
    /// # Errors
    /// Those of the serialiser.
    pub fn serialize_fields<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Event::Storage(e) => e.serialize_fields(serializer),
            Event::Reservation(e) => e.serialize_fields(serializer),
            Event::Payment(e) => e.serialize_fields(serializer),
            Event::Review(e) => e.serialize_fields(serializer),
        }
    }
}

impl StorageEvent {
    /// The storage it happened to.
    pub fn storage_id(&self) -> StorageId {
        match self {
            StorageEvent::StorageRegistered(e) => e.storage_id,
            StorageEvent::StorageModified(e) => e.storage_id,
            StorageEvent::StorageDeleted(e) => e.storage_id,
            StorageEvent::StorageReserved(e) => e.storage_id,
            StorageEvent::StorageCancelled(e) => e.storage_id,
        }
    }
}

/// The kinds of aggregate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub enum AggregateKind {
    /// A storage.
    Storage,
    /// A reservation.
    Reservation,
    /// A payment.
    Payment,
    /// A review.
    Review,
}

impl AggregateKind {
    /// The word as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            AggregateKind::Storage => "storage",
            AggregateKind::Reservation => "reservation",
            AggregateKind::Payment => "payment",
            AggregateKind::Review => "review",
        }
    }

    /// Reads the word as stored.
    pub fn parse(raw: &str) -> Option<Self> {
        [AggregateKind::Storage, AggregateKind::Reservation, AggregateKind::Payment, AggregateKind::Review]
            .into_iter()
            .find(|k| k.as_str() == raw)
    }
}

/// One aggregate: its kind and number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct Aggregate {
    /// Its kind.
    #[serde(rename = "aggregateKind")]
    pub kind: AggregateKind,
    /// Its number within the kind.
    #[serde(rename = "aggregateId")]
    pub id: u64,
}

impl fmt::Display for Aggregate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.id)
    }
}

/// SHA-256 over the previous hash and every stored byte of a row; serialises as 64 hex digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct EventHash(pub [u8; 32]);

impl EventHash {
    /// What stands before the first event.
    pub const ZERO: EventHash = EventHash([0; 32]);
}

impl fmt::Display for EventHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for EventHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EventHash({self})")
    }
}

impl Serialize for EventHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What an event was raised under: the request it belongs to, the event that caused it, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// The request that began it all.
    pub correlation_id: CorrelationId,
    /// The event that caused it; `None` when a caller or the clock did.
    pub causation_id: Option<Sequence>,
    /// When, by the Clock port.
    pub occurred_at: DateTime<Utc>,
}

impl Trace {
    /// The same request and moment, caused by an event.
    #[must_use]
    pub fn caused_by(&self, event: Sequence) -> Self {
        Trace { causation_id: Some(event), ..self.clone() }
    }
}

/// An event as the log holds it. Serialises flat: these fields, then the event's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct Envelope {
    /// Its place in the log, from 1, without gaps.
    pub sequence: Sequence,
    /// When it was raised.
    pub occurred_at: DateTime<Utc>,
    /// The request that began it all.
    pub correlation_id: CorrelationId,
    /// The sequence of the event that caused it.
    pub causation_id: Option<Sequence>,
    /// The version of the stored shape it was written in.
    pub schema_version: u32,
    /// The aggregate it happened to.
    #[serde(flatten)]
    pub aggregate: Aggregate,
    /// How many events that aggregate had raised, this one included.
    pub aggregate_version: Version,
    /// The hash of the row and of all rows before it.
    pub hash: EventHash,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

impl Envelope {
    /// The trace of whatever this event causes at `now`.
    pub fn causes(&self, now: DateTime<Utc>) -> Trace {
        Trace { correlation_id: self.correlation_id.clone(), causation_id: Some(self.sequence), occurred_at: now }
    }
}

#[cfg(test)]
#[path = "event_tests.rs"]
pub(crate) mod tests;
