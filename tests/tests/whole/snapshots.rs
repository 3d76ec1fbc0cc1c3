//! What programs read: the JSON of every event, and of every answer. A changed snapshot is a changed API.

use std::collections::BTreeMap;

use storagerent::ids::SequentialIds;
use storagerent::payment::Behaviour;
use storagerent::*;
use storagerent_tests::{Kept, Site, customer, day, noon};

/// A story in which everything happens that can.
fn story(kept: Kept) -> Site {
    let site = Site::with(kept, |o| o.ids(SequentialIds::new(1)));
    let manager = Caller::manager();
    let kim = customer("kim");
    let (a, b, c) = (site.storage(59_000), site.storage_per(31_000, Per::Month), site.storage(1_000));
    let row = site.reserve("kim", Reserve::new(a));
    let reservation_id = row.booking.reservation_id;
    let review = AddReview { reservation_id, rate: Stars::new(5).unwrap(), content: "깨끗해요".parse().unwrap() };
    let review = site.app.add_review(&kim, review).unwrap();
    let change = ModifyReview { review_id: review.review_id, rate: Some(Stars::new(4).unwrap()), content: None };
    site.app.modify_review(&kim, change).unwrap();
    site.app.delete_review(&kim, DeleteReview { review_id: review.review_id }).unwrap();
    site.app.cancel(&kim, CancelReservation { reservation_id }).unwrap();
    site.rest();

    site.gateway.set_behaviour(Behaviour::Decline);
    site.app.reserve(&kim, Reserve::new(b)).unwrap_err();
    site.gateway.set_behaviour(Behaviour::Down);
    site.app.reserve(&kim, Reserve::new(b)).unwrap_err();
    site.gateway.set_behaviour(Behaviour::LostReply);
    site.app.reserve(&kim, Reserve::new(b).from(day("2027-01-31")).until(day("2027-03-01"))).unwrap_err();
    site.gateway.set_behaviour(Behaviour::Approve);
    site.clock.advance(std::time::Duration::from_secs(600));
    site.rest();

    let future = site.reserve("lee", Reserve::new(b).from(day("2026-11-25")));
    site.clock.set(noon("2026-11-25"));
    site.rest();
    let end = EndRental { reservation_id: future.booking.reservation_id, on: Some(day("2026-11-27")) };
    site.app.end(&customer("lee"), end).unwrap();
    site.clock.set(noon("2026-11-27"));
    site.rest();
    let mut modify = ModifyStorage::new(c);
    modify.withdrawn = Some(true);
    site.app.modify(&manager, modify).unwrap();
    site.app.delete(&manager, DeleteStorage { storage_id: c }).unwrap();
    site.rest();
    site
}

#[test]
fn the_json_of_every_event() {
    let site = story(Kept::Memory);
    let events = site.events();
    let mut first: BTreeMap<&str, String> = BTreeMap::new();
    for event in &events {
        first.entry(event.event.event_type()).or_insert_with(|| serde_json::to_string(event).unwrap());
    }
    let mut all: Vec<_> = Event::names().collect();
    all.sort_unstable();
    assert_eq!(first.keys().copied().collect::<Vec<_>>(), all, "the story tells every event there is");
    insta::assert_snapshot!("events", first.values().cloned().collect::<Vec<_>>().join("\n"));
}

#[test]
fn the_json_of_every_answer() {
    let site = story(Kept::Memory);
    let page = Page::first(2);
    let queries = [
        Query::Storage { storage_id: StorageId::new(1) },
        Query::Quote(QuoteStorage {
            storage_id: StorageId::new(2),
            from: Some(day("2027-01-31")),
            until: Some(day("2027-03-01")),
        }),
        Query::Available { from: None, until: None, max_price: None, page },
        Query::Reservations { customer: None, storage_id: None, status: None, page },
        Query::Payments { page },
        Query::Messages { customer: None, page },
        Query::Views { status: None, page },
        Query::Consumers,
        Query::DeadLetters { page },
        Query::Settings,
        Query::Verify,
    ];
    let lines: Vec<_> = queries
        .into_iter()
        .map(|query| {
            let asked = serde_json::to_string(&query).unwrap();
            let again: Query = serde_json::from_str(&asked).unwrap();
            assert_eq!(again, query, "a query survives its JSON");
            format!("{asked}\n  {}", serde_json::to_string(&site.app.query(query).unwrap()).unwrap())
        })
        .collect();
    insta::assert_snapshot!("answers", lines.join("\n"));
}

#[test]
fn both_stores_tell_the_same_story_byte_for_byte() {
    let json = |kept| {
        let site = story(kept);
        let rows = site.app.views(&ViewFilter::default(), Page::default()).unwrap();
        let messages = site.app.messages(&MessageFilter::default(), Page::default()).unwrap();
        (serde_json::to_string(&site.events()).unwrap(), serde_json::to_string(&(rows, messages)).unwrap())
    };
    assert_eq!(json(Kept::Memory), json(Kept::File), "hashes included");
}

#[test]
fn causes_form_trees_within_one_request() {
    let site = story(Kept::Memory);
    let events = site.events();
    for event in &events {
        if let Some(cause) = event.causation_id {
            assert!(cause < event.sequence);
            let cause = &events[cause.get() as usize - 1];
            assert_eq!(cause.correlation_id, event.correlation_id, "{}", event.event.event_type());
        }
    }
    let row = site.app.reservation(ReservationId::new(1)).unwrap();
    let filter = EventFilter { correlation_id: Some(row.correlation_id) };
    let lane: Vec<_> =
        site.app.events(&filter, Page::default()).unwrap().iter().map(|e| e.event.event_type()).collect();
    assert_eq!(
        lane,
        ["ReservationCreated", "PaymentRequested", "PaymentApproved", "ReservationConfirmed", "StorageReserved"]
    );
}

#[test]
fn commands_survive_their_json_and_bad_ones_are_refused() {
    let good = [
        r#"{"command":"registerStorage","description":"강남","price":59000,"currency":"KRW","per":"month"}"#,
        r#"{"command":"registerStorage","description":"강남","price":59000,"currency":"KRW"}"#,
        r#"{"command":"reserve","storageId":1}"#,
        r#"{"command":"reserve","storageId":1,"from":"2026-12-01","until":"2026-12-05","price":59000}"#,
        r#"{"command":"modifyStorage","storageId":1,"withdrawn":true}"#,
        r#"{"command":"modifyStorage","storageId":1,"price":5,"currency":"KRW"}"#,
        r#"{"command":"addReview","reservationId":1,"rate":5,"content":"좋아요"}"#,
        r#"{"command":"tick"}"#,
    ];
    for json in good {
        let command: Command = serde_json::from_str(json).unwrap_or_else(|e| panic!("{json}: {e}"));
        let again: Command = serde_json::from_str(&serde_json::to_string(&command).unwrap()).unwrap();
        assert_eq!(command, again);
    }
    let bad = [
        r#"{"command":"registerStorage","description":"","price":59000,"currency":"KRW"}"#,
        r#"{"command":"registerStorage","description":"x","price":0,"currency":"KRW"}"#,
        r#"{"command":"registerStorage","description":"x","price":1,"currency":"XYZ"}"#,
        r#"{"command":"reserve","storageId":-1}"#,
        r#"{"command":"reserve","storageId":1,"from":"yesterday"}"#,
        r#"{"command":"addReview","reservationId":1,"rate":9,"content":"x"}"#,
        r#"{"command":"nothing"}"#,
    ];
    for json in bad {
        assert!(serde_json::from_str::<Command>(json).is_err(), "{json}");
    }
}
