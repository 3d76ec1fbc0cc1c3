use std::collections::BTreeSet;

use super::*;
use crate::payment::{PaymentApproved, PaymentCancelled, PaymentDeclined, PaymentRequested, PaymentVoided};
use crate::reservation::{
    RentalEndSet, RentalEnded, RentalStarted, ReservationCancelRequested, ReservationCancelled, ReservationConfirmed,
    ReservationCreated, ReservationExpired, ReservationRejected,
};
use crate::review::{ReviewCreated, ReviewDeleted, ReviewModified, Stars};
use crate::shared::{
    Booking, CustomerId, Description, Key, Money, PaymentId, Per, Period, Rate, ReviewContent, ReviewId,
};
use crate::storage::{Rating, StorageCancelled, StorageDeleted, StorageModified, StorageRegistered, StorageReserved};

const STORAGE: StorageId = StorageId::new(3);
const RESERVATION: ReservationId = ReservationId::new(5);
const PAYMENT: PaymentId = PaymentId::new(7);
const REVIEW: ReviewId = ReviewId::new(9);

fn at() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap()
}

/// The booking of every sample: kim, storage 3, reservation 5, payment 7, from 5 to 9 January 2026.
pub(crate) fn booking() -> Booking {
    let day = |n| chrono::NaiveDate::from_ymd_opt(2026, 1, n).unwrap();
    Booking {
        reservation_id: RESERVATION,
        storage_id: STORAGE,
        customer: CustomerId::new("kim").unwrap(),
        period: Period::new(day(5), Some(day(9))).unwrap(),
        price: Money::krw(59_000),
        payment_id: PAYMENT,
    }
}

/// Every event there is, once; those that may say two things, twice.
pub(crate) fn every_event() -> Vec<Event> {
    let mut events = storage_events();
    events.extend(reservation_events());
    events.extend(payment_events());
    events.extend(review_events());
    events
}

fn storage_events() -> Vec<Event> {
    let description = Description::new("강남 소형 1평").unwrap();
    let rate = Rate::new(Money::krw(59_000), Per::Month).unwrap();
    let rating = Rating::average(9, 2);
    vec![
        StorageRegistered { storage_id: STORAGE, description: description.clone(), rate }.into(),
        StorageModified { storage_id: STORAGE, description, rate, withdrawn: true, review_cnt: 2, rating }.into(),
        StorageReserved { storage_id: STORAGE, reservation_id: RESERVATION }.into(),
        StorageCancelled { storage_id: STORAGE, reservation_id: RESERVATION }.into(),
        StorageDeleted { storage_id: STORAGE }.into(),
    ]
}

fn reservation_events() -> Vec<Event> {
    let until = booking().period.until();
    vec![
        ReservationCreated { booking: booking(), hold_expires_at: at(), pays_until: until }.into(),
        ReservationConfirmed { booking: booking(), started: false, paid_until: until }.into(),
        ReservationConfirmed { booking: booking(), started: true, paid_until: None }.into(),
        ReservationRejected { booking: booking(), reason: "no funds".to_owned() }.into(),
        ReservationExpired { booking: booking() }.into(),
        ReservationCancelRequested { booking: booking() }.into(),
        ReservationCancelled { booking: booking() }.into(),
        RentalStarted { booking: booking() }.into(),
        RentalEnded { booking: booking() }.into(),
        RentalEndSet { booking: booking(), previous_until: None }.into(),
    ]
}

fn payment_events() -> Vec<Event> {
    let mut events = vec![PaymentRequested { booking: booking(), payment_key: Key::new(1) }.into()];
    for hold_stands in [true, false] {
        let reason = "no funds".to_owned();
        events.push(PaymentApproved { booking: booking(), hold_stands }.into());
        events.push(PaymentDeclined { booking: booking(), hold_stands, reason: reason.clone() }.into());
        events.push(PaymentVoided { booking: booking(), hold_stands, reason }.into());
        events.push(PaymentCancelled { booking: booking(), cancels_reservation: hold_stands }.into());
    }
    events
}

fn review_events() -> Vec<Event> {
    let (review_id, reservation_id, storage_id) = (REVIEW, RESERVATION, STORAGE);
    let (rate, content) = (Stars::new(4).unwrap(), ReviewContent::new("좋아요").unwrap());
    let customer = CustomerId::new("kim").unwrap();
    let created = ReviewCreated { review_id, reservation_id, storage_id, customer, rate, content: content.clone() };
    vec![
        created.into(),
        ReviewModified { review_id, reservation_id, storage_id, rate, content }.into(),
        ReviewDeleted { review_id, reservation_id, storage_id }.into(),
    ]
}

/// An event as the log holds it, the first one.
pub(crate) fn envelope(event: Event) -> Envelope {
    Envelope {
        sequence: Sequence::new(1),
        occurred_at: at(),
        correlation_id: CorrelationId::new("req-1").unwrap(),
        causation_id: None,
        schema_version: Event::SCHEMA_VERSION,
        aggregate: event.aggregate(),
        aggregate_version: Version::new(1),
        hash: EventHash::ZERO,
        event,
    }
}

#[test]
fn the_samples_are_every_event_there_is() {
    let samples: BTreeSet<_> = every_event().iter().map(Event::event_type).collect();
    assert_eq!(samples, Event::names().collect());
    assert_eq!(Event::names().count(), samples.len(), "no name is used twice");
}

#[test]
fn an_events_own_fields_read_back() {
    for event in every_event() {
        let fields = event.serialize_fields(serde_json::value::Serializer).unwrap();
        assert!(fields.get("eventType").is_none(), "its name is kept apart");
        let read = Event::deserialize_fields(event.event_type(), fields.clone()).expect("the name is known").unwrap();
        assert_eq!(read, event);
        for (name, read) in [
            ("StorageEvent", StorageEvent::deserialize_fields(event.event_type(), fields.clone()).is_some()),
            ("ReservationEvent", ReservationEvent::deserialize_fields(event.event_type(), fields.clone()).is_some()),
            ("PaymentEvent", PaymentEvent::deserialize_fields(event.event_type(), fields.clone()).is_some()),
            ("ReviewEvent", ReviewEvent::deserialize_fields(event.event_type(), fields.clone()).is_some()),
        ] {
            let own = match event {
                Event::Storage(_) => "StorageEvent",
                Event::Reservation(_) => "ReservationEvent",
                Event::Payment(_) => "PaymentEvent",
                Event::Review(_) => "ReviewEvent",
            };
            assert_eq!(read, name == own, "{} is read by its own context alone", event.event_type());
        }
    }
}

#[test]
fn a_name_no_context_knows_and_fields_that_are_missing_are_told_apart() {
    let nothing = serde_json::json!({});
    assert!(Event::deserialize_fields("StorageSold", nothing.clone()).is_none());
    for name in Event::names() {
        assert!(Event::deserialize_fields(name, nothing.clone()).expect("the name is known").is_err(), "{name}");
    }
}

#[test]
fn every_event_says_what_it_happened_to_and_what_it_concerns() {
    for event in every_event() {
        let of = |kind, id| Aggregate { kind, id };
        let aggregate = match event {
            Event::Storage(_) => of(AggregateKind::Storage, 3),
            Event::Reservation(_) => of(AggregateKind::Reservation, 5),
            Event::Payment(_) => of(AggregateKind::Payment, 7),
            Event::Review(_) => of(AggregateKind::Review, 9),
        };
        assert_eq!(event.aggregate(), aggregate, "{}", event.event_type());
        assert_eq!(event.storage_id(), STORAGE, "{}", event.event_type());
        let of_the_storage_alone = ["StorageRegistered", "StorageModified", "StorageDeleted"];
        let reservation = (!of_the_storage_alone.contains(&event.event_type())).then_some(RESERVATION);
        assert_eq!(event.reservation_id(), reservation, "{}", event.event_type());
    }
}

#[test]
fn an_envelope_is_written_flat() {
    let deleted = Event::from(StorageDeleted { storage_id: STORAGE });
    let json = serde_json::to_value(envelope(deleted)).unwrap();
    let expected = serde_json::json!({
        "sequence": 1, "occurredAt": "2026-01-01T00:00:00Z", "correlationId": "req-1", "causationId": null,
        "schemaVersion": 1, "aggregateKind": "storage", "aggregateId": 3, "aggregateVersion": 1,
        "hash": "0".repeat(64), "eventType": "StorageDeleted", "storageId": 3,
    });
    assert_eq!(json, expected);
}

#[test]
fn what_an_event_causes_inherits_its_request() {
    let cause = envelope(Event::from(StorageDeleted { storage_id: STORAGE }));
    let later = at() + chrono::TimeDelta::seconds(5);
    let trace = cause.causes(later);
    assert_eq!(trace.correlation_id, cause.correlation_id);
    assert_eq!((trace.causation_id, trace.occurred_at), (Some(Sequence::new(1)), later));
    let next = trace.caused_by(Sequence::new(2));
    assert_eq!((next.causation_id, next.occurred_at), (Some(Sequence::new(2)), later));
    assert_eq!(next.correlation_id, cause.correlation_id);
}

#[test]
fn the_words_of_a_kind_read_back() {
    for event in every_event() {
        let kind = event.aggregate().kind;
        assert_eq!(AggregateKind::parse(kind.as_str()), Some(kind));
        assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
    }
    assert_eq!(AggregateKind::parse("Storage"), None);
    assert_eq!(Aggregate { kind: AggregateKind::Payment, id: 12 }.to_string(), "payment 12");
}

#[test]
fn a_hash_is_written_as_64_hex_digits() {
    let mut bytes = [0; 32];
    bytes[0] = 0x0a;
    bytes[31] = 0xff;
    let text = EventHash(bytes).to_string();
    assert_eq!(text, format!("0a{}ff", "00".repeat(30)));
    assert_eq!(format!("{:?}", EventHash(bytes)), format!("EventHash({text})"));
}
