//! The log as both stores keep it: events as JSON in rows of plain columns, each row's hash covering all before it.
//!
//! Decides the stored shape of events and its hash. Never decides where rows are kept.

use std::borrow::Cow;

use serde_json::Value;
use sha2::{Digest, Sha256};
use storagerent_core::chrono::DateTime;
use storagerent_core::event::{Aggregate, AggregateKind, Envelope, Event, EventHash, Trace};
use storagerent_core::ports::StoreError;
use storagerent_core::shared::{CorrelationId, Sequence, Version};

/// Turns the payload of one event type from one schema version into the next.
pub(crate) type Upcaster = (&'static str, u32, fn(Value) -> Value);

/// Older shapes are brought up to date on reading and never rewritten. Only version 1 exists so far.
const UPCASTERS: &[Upcaster] = &[];

/// An event's own fields as JSON text.
pub(crate) fn encode(event: &Event) -> Result<String, StoreError> {
    let mut json = Vec::with_capacity(256);
    event
        .serialize_fields(&mut serde_json::Serializer::new(&mut json))
        .map_err(|e| StoreError::Other(format!("{} cannot be written as JSON: {e}", event.event_type())))?;
    String::from_utf8(json).map_err(|e| StoreError::Other(format!("JSON that is not UTF-8: {e}")))
}

/// The event of that name, stored in that version, from its own fields as JSON text; else what is wrong with it.
fn decode(event_type: &str, schema_version: u32, payload: &str) -> Result<Event, String> {
    decode_with(UPCASTERS, Event::SCHEMA_VERSION, event_type, schema_version, payload)
}

fn decode_with(
    upcasters: &[Upcaster],
    known: u32,
    event_type: &str,
    schema_version: u32,
    payload: &str,
) -> Result<Event, String> {
    if !(1..=known).contains(&schema_version) {
        return Err(format!("{event_type:?} has schema version {schema_version}, this build knows 1 to {known}"));
    }
    let event = if schema_version == known {
        let mut json = serde_json::Deserializer::from_str(payload);
        let event = Event::deserialize_fields(event_type, &mut json);
        event.map(|read| read.and_then(|event| json.end().map(|()| event)))
    } else {
        let old = serde_json::from_str(payload).map_err(|e| format!("its payload is not JSON: {e}"))?;
        let fields = (schema_version..known).fold(old, |fields, from| {
            // Without an upcaster, this event's shape did not change with that version.
            match upcasters.iter().find(|(name, version, _)| *name == event_type && *version == from) {
                Some((_, _, upcast)) => upcast(fields),
                None => fields,
            }
        });
        Event::deserialize_fields(event_type, fields)
    };
    event
        .ok_or_else(|| format!("{event_type:?} is no event this build knows"))?
        .map_err(|e| format!("its payload is no {event_type}: {e}"))
}

/// An event as its row holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredEvent<'a> {
    pub(crate) sequence: u64,
    pub(crate) event_type: Cow<'a, str>,
    pub(crate) schema_version: u32,
    /// Microseconds since 1970, UTC.
    pub(crate) occurred_at: i64,
    pub(crate) aggregate_kind: Cow<'a, str>,
    pub(crate) aggregate_id: u64,
    pub(crate) aggregate_version: u64,
    pub(crate) correlation_id: Cow<'a, str>,
    pub(crate) causation_id: Option<u64>,
    /// The event's own fields as JSON text.
    pub(crate) payload: Cow<'a, str>,
    pub(crate) hash: EventHash,
}

impl<'a> StoredEvent<'a> {
    /// The row of an event, `previous` being the hash of the row before it.
    pub(crate) fn new(
        sequence: Sequence,
        event: &Event,
        version: Version,
        trace: &'a Trace,
        previous: EventHash,
    ) -> Result<Self, StoreError> {
        let aggregate = event.aggregate();
        let mut row = StoredEvent {
            sequence: sequence.get(),
            event_type: event.event_type().into(),
            schema_version: Event::SCHEMA_VERSION,
            occurred_at: trace.occurred_at.timestamp_micros(),
            aggregate_kind: aggregate.kind.as_str().into(),
            aggregate_id: aggregate.id,
            aggregate_version: version.get(),
            correlation_id: trace.correlation_id.as_str().into(),
            causation_id: trace.causation_id.map(Sequence::get),
            payload: encode(event)?.into(),
            hash: EventHash::ZERO,
        };
        row.hash = row.hash_after(previous);
        Ok(row)
    }

    /// What the hash of this row must be. Numbers have a fixed width and texts their length before them, so that no two rows
    /// are the same bytes.
    pub(crate) fn hash_after(&self, previous: EventHash) -> EventHash {
        let mut sha = Sha256::new();
        sha.update(previous.0);
        sha.update(self.sequence.to_be_bytes());
        text(&mut sha, &self.event_type);
        sha.update(self.schema_version.to_be_bytes());
        sha.update(self.occurred_at.to_be_bytes());
        text(&mut sha, &self.aggregate_kind);
        sha.update(self.aggregate_id.to_be_bytes());
        sha.update(self.aggregate_version.to_be_bytes());
        text(&mut sha, &self.correlation_id);
        sha.update([u8::from(self.causation_id.is_some())]);
        sha.update(self.causation_id.unwrap_or(0).to_be_bytes());
        text(&mut sha, &self.payload);
        EventHash(sha.finalize().into())
    }

    /// Whether this row and all before it are as they were written, `previous` being the stored hash of the row before it.
    pub(crate) fn check(&self, previous: EventHash) -> Result<(), StoreError> {
        if self.hash == self.hash_after(previous) {
            Ok(())
        } else {
            Err(self.corrupt("its hash does not match its content and the hash of the row before it"))
        }
    }

    /// The event it holds.
    pub(crate) fn into_envelope(self) -> Result<Envelope, StoreError> {
        self.into_envelope_after(None)
    }

    /// The event it holds, the row before it being of that request: often it is of the same.
    pub(crate) fn into_envelope_after(self, before: Option<&CorrelationId>) -> Result<Envelope, StoreError> {
        let correlation_id = match before.filter(|before| before.as_str() == self.correlation_id) {
            Some(same) => same.clone(),
            None => CorrelationId::new(&self.correlation_id).map_err(|e| self.corrupt(&e.to_string()))?,
        };
        let event =
            decode(&self.event_type, self.schema_version, &self.payload).map_err(|wrong| self.corrupt(&wrong))?;
        let kind = AggregateKind::parse(&self.aggregate_kind)
            .ok_or_else(|| self.corrupt(&format!("{:?} is no kind of aggregate", self.aggregate_kind)))?;
        let aggregate = Aggregate { kind, id: self.aggregate_id };
        if event.aggregate() != aggregate {
            return Err(self.corrupt(&format!("it is kept under {aggregate} but happened to {}", event.aggregate())));
        }
        Ok(Envelope {
            sequence: Sequence::new(self.sequence),
            occurred_at: DateTime::from_timestamp_micros(self.occurred_at)
                .ok_or_else(|| self.corrupt("it happened at a time that does not exist"))?,
            correlation_id,
            causation_id: self.causation_id.map(Sequence::new),
            schema_version: self.schema_version,
            aggregate,
            aggregate_version: Version::new(self.aggregate_version),
            hash: self.hash,
            event,
        })
    }

    /// The same as [`StoredEvent::into_envelope`] for the row just made of this event and trace.
    #[cfg(feature = "sqlite")]
    pub(crate) fn envelope(&self, event: Event, trace: &Trace) -> Envelope {
        Envelope {
            sequence: Sequence::new(self.sequence),
            occurred_at: DateTime::from_timestamp_micros(self.occurred_at).unwrap_or(trace.occurred_at),
            correlation_id: trace.correlation_id.clone(),
            causation_id: trace.causation_id,
            schema_version: self.schema_version,
            aggregate: event.aggregate(),
            aggregate_version: Version::new(self.aggregate_version),
            hash: self.hash,
            event,
        }
    }

    /// The same with texts of its own.
    #[cfg(any(feature = "sqlite", test))]
    pub(crate) fn owned(self) -> StoredEvent<'static> {
        StoredEvent {
            event_type: self.event_type.into_owned().into(),
            aggregate_kind: self.aggregate_kind.into_owned().into(),
            correlation_id: self.correlation_id.into_owned().into(),
            payload: self.payload.into_owned().into(),
            ..self
        }
    }

    fn corrupt(&self, what: &str) -> StoreError {
        StoreError::Corrupt(format!("events row {}: {what}", self.sequence))
    }
}

fn text(sha: &mut Sha256, text: &str) {
    sha.update((text.len() as u64).to_be_bytes());
    sha.update(text.as_bytes());
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;

    use storagerent_core::chrono::{NaiveDate, Utc};
    use storagerent_core::payment::*;
    use storagerent_core::reservation::*;
    use storagerent_core::review::*;
    use storagerent_core::shared::*;
    use storagerent_core::storage::*;

    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 12, n).unwrap()
    }

    /// One event of every type, with values that are easily lost on the way.
    pub(crate) fn samples() -> Vec<Event> {
        let (storage_id, reservation_id, review_id) = (StorageId::new(3), ReservationId::new(2), ReviewId::new(7));
        let open = Booking {
            reservation_id,
            storage_id,
            customer: CustomerId::new("김 \"kim\" \\ 🚚").unwrap(),
            period: Period::open_ended(day(1)).unwrap(),
            price: Money::new(i64::MAX, Currency::USD),
            payment_id: PaymentId::new(u64::from(u32::MAX)),
        };
        let booking = Booking { period: Period::new(day(1), Some(day(31))).unwrap(), ..open.clone() };
        let rate = Rate::new(Money::krw(59_000), Per::Month).unwrap();
        let description = Description::new("강남 소형 1평").unwrap();
        let (rating, stars) = (Rating::average(14, 3), Stars::new(5).unwrap());
        let content = ReviewContent::new("좋아요, '); DROP").unwrap();
        let customer = booking.customer.clone();
        let reason = "no \u{1b}money".to_owned();
        vec![
            StorageRegistered { storage_id, description: description.clone(), rate }.into(),
            StorageModified { storage_id, description, rate, withdrawn: true, review_cnt: 3, rating }.into(),
            StorageDeleted { storage_id }.into(),
            StorageReserved { storage_id, reservation_id }.into(),
            StorageCancelled { storage_id, reservation_id }.into(),
            ReservationCreated {
                booking: booking.clone(),
                hold_expires_at: DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap(),
                pays_until: Some(day(31)),
            }
            .into(),
            ReservationConfirmed { booking: open.clone(), started: true, paid_until: None }.into(),
            ReservationRejected { booking: open.clone(), reason: reason.clone() }.into(),
            ReservationExpired { booking: open.clone() }.into(),
            ReservationCancelRequested { booking: booking.clone() }.into(),
            ReservationCancelled { booking: booking.clone() }.into(),
            RentalStarted { booking: booking.clone() }.into(),
            RentalEnded { booking: booking.clone() }.into(),
            RentalEndSet { booking: booking.clone(), previous_until: None }.into(),
            PaymentRequested { booking: booking.clone(), payment_key: Key::new(u128::MAX) }.into(),
            PaymentApproved { booking: booking.clone(), hold_stands: true }.into(),
            PaymentDeclined { booking: booking.clone(), hold_stands: false, reason: reason.clone() }.into(),
            PaymentVoided { booking: booking.clone(), hold_stands: true, reason }.into(),
            PaymentCancelled { booking, cancels_reservation: true }.into(),
            ReviewCreated { review_id, reservation_id, storage_id, customer, rate: stars, content: content.clone() }
                .into(),
            ReviewModified { review_id, reservation_id, storage_id, rate: stars, content }.into(),
            ReviewDeleted { review_id, reservation_id, storage_id }.into(),
        ]
    }

    fn trace() -> Trace {
        Trace {
            correlation_id: CorrelationId::new("req-1").unwrap(),
            causation_id: Some(Sequence::new(4)),
            occurred_at: DateTime::<Utc>::from_timestamp_micros(-1).unwrap(),
        }
    }

    fn stored(event: &Event) -> StoredEvent<'static> {
        let trace = trace();
        StoredEvent::new(Sequence::new(5), event, Version::new(2), &trace, EventHash([1; 32])).unwrap().owned()
    }

    #[test]
    fn every_event_survives_its_row() {
        let tested: BTreeSet<&str> = samples().iter().map(Event::event_type).collect();
        assert_eq!(tested, Event::names().collect(), "every event needs a sample");
        for event in samples() {
            let envelope = stored(&event).into_envelope().unwrap();
            assert_eq!(envelope.event, event);
            assert_eq!(envelope.aggregate, event.aggregate());
            assert_eq!((envelope.sequence, envelope.aggregate_version), (Sequence::new(5), Version::new(2)));
            assert_eq!(envelope.causes(envelope.occurred_at).caused_by(Sequence::new(4)), trace());
        }
    }

    #[test]
    fn older_shapes_are_brought_up_to_date_step_by_step() {
        fn rename(mut fields: Value) -> Value {
            fields["storage_id"] = fields["id"].take();
            fields
        }
        fn camel(mut fields: Value) -> Value {
            fields["storageId"] = fields["storage_id"].take();
            fields
        }
        let table: &[Upcaster] = &[("StorageDeleted", 3, camel), ("StorageDeleted", 1, rename)];
        let deleted: Event = StorageDeleted { storage_id: StorageId::new(9) }.into();
        for (version, payload) in
            [(1, r#"{"id":9}"#), (2, r#"{"storage_id":9}"#), (3, r#"{"storage_id":9}"#), (4, r#"{"storageId":9}"#)]
        {
            assert_eq!(decode_with(table, 4, "StorageDeleted", version, payload).unwrap(), deleted, "{version}");
        }
        assert!(decode_with(table, 4, "StorageDeleted", 1, "{").is_err());
    }

    #[test]
    fn what_this_build_does_not_know_is_refused() {
        assert!(decode("StorageDeleted", 2, r#"{"storageId":9}"#).unwrap_err().contains("schema version 2"));
        assert!(decode("StorageDeleted", 0, r#"{"storageId":9}"#).unwrap_err().contains("schema version 0"));
        assert!(decode("StorageBurnt", 1, "{}").unwrap_err().contains("StorageBurnt"));
        assert!(decode("StorageDeleted", 1, "{}").unwrap_err().contains("storageId"));
        assert!(decode("StorageDeleted", 1, "nonsense").is_err());
        assert!(decode("StorageDeleted", 1, r#"{"storageId":9} "#).is_ok());
        assert!(decode("StorageDeleted", 1, r#"{"storageId":9}{}"#).is_err());
    }

    #[test]
    fn a_row_that_contradicts_itself_is_refused() {
        let row = stored(&StorageDeleted { storage_id: StorageId::new(3) }.into());
        for wrong in [
            StoredEvent { aggregate_kind: "shed".into(), ..row.clone() },
            StoredEvent { aggregate_kind: "review".into(), ..row.clone() },
            StoredEvent { aggregate_id: 4, ..row.clone() },
            StoredEvent { occurred_at: i64::MAX, ..row.clone() },
            StoredEvent { correlation_id: "a b".into(), ..row.clone() },
        ] {
            let error = wrong.into_envelope().unwrap_err();
            assert!(matches!(&error, StoreError::Corrupt(text) if text.starts_with("events row 5: ")), "{error}");
        }
    }

    #[test]
    fn a_change_of_any_column_or_of_what_came_before_shows() {
        let row = stored(&samples()[0]);
        assert_eq!(row.check(EventHash([1; 32])), Ok(()));
        assert!(row.check(EventHash([2; 32])).is_err());
        for changed in [
            StoredEvent { sequence: 6, ..row.clone() },
            StoredEvent { event_type: "StorageRegisterec".into(), ..row.clone() },
            StoredEvent { schema_version: 2, ..row.clone() },
            StoredEvent { occurred_at: 1, ..row.clone() },
            StoredEvent { aggregate_kind: "storagf".into(), ..row.clone() },
            StoredEvent { aggregate_id: 0, ..row.clone() },
            StoredEvent { aggregate_version: 3, ..row.clone() },
            StoredEvent { correlation_id: "req-2".into(), ..row.clone() },
            StoredEvent { causation_id: None, ..row.clone() },
            StoredEvent { causation_id: Some(0), ..row.clone() },
            StoredEvent { payload: row.payload.replace('1', "2").into(), ..row.clone() },
            StoredEvent { hash: EventHash::ZERO, ..row.clone() },
        ] {
            assert!(changed.check(EventHash([1; 32])).is_err(), "{changed:?}");
        }
        // A byte that moves from one text to the next is a change too.
        let moved = StoredEvent {
            aggregate_kind: "storag".into(),
            correlation_id: format!("e{}", row.correlation_id).into(),
            ..row.clone()
        };
        assert!(moved.check(EventHash([1; 32])).is_err());
    }
}
