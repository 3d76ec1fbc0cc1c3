//! Requests as data: every command and every query there is, executed from its JSON.

use std::collections::BTreeSet;

use storagerent::notify::{Mood, Recorded};
use storagerent::*;
use storagerent_tests::{Kept, Site, customer};

/// The names the engine says it knows, when asked for one it does not.
fn known<T: serde::de::DeserializeOwned>(tag: &str) -> BTreeSet<String> {
    let refused = serde_json::from_value::<T>(serde_json::json!({ tag: "nothing" })).err().unwrap().to_string();
    let (_, names) = refused.split_once("expected one of ").unwrap();
    names.split(", ").map(|name| name.trim_matches('`').to_owned()).collect()
}

fn executed(site: &Site, caller: &Caller, json: &str) -> serde_json::Value {
    let command: Command = serde_json::from_str(json).unwrap_or_else(|e| panic!("{json}: {e}"));
    let answer = site.app.execute(caller, command).unwrap_or_else(|e| panic!("{json}: {e}"));
    serde_json::to_value(answer).unwrap()
}

#[test]
fn every_command_is_executed_from_its_json() {
    let sms = Recorded::new("sms");
    let site = Site::with(Kept::Memory, |o| o.notifier(sms.clone()));
    let (manager, kim) = (Caller::manager(), customer("kim"));
    sms.set_mood(Mood::Refuses);
    let story: &[(&Caller, &str, &str, serde_json::Value)] = &[
        (
            &manager,
            r#"{"command":"registerStorage","description":"강남","price":59000,"currency":"KRW"}"#,
            "/storageId",
            1.into(),
        ),
        (
            &manager,
            r#"{"command":"importStorages","storages":[{"description":"역삼","price":1,"currency":"KRW"}]}"#,
            "/0",
            2.into(),
        ),
        (
            &manager,
            r#"{"command":"modifyStorage","storageId":1,"price":60000,"currency":"KRW"}"#,
            "/price",
            60_000.into(),
        ),
        (&manager, r#"{"command":"deleteStorage","storageId":2}"#, "/storageId", 2.into()),
        (&kim, r#"{"command":"reserve","storageId":1}"#, "/reservationStatus", "reserved".into()),
        (&kim, r#"{"command":"addReview","reservationId":1,"rate":5,"content":"좋아요"}"#, "/rate", 5.into()),
        (&kim, r#"{"command":"modifyReview","reviewId":1,"rate":4}"#, "/rate", 4.into()),
        (&kim, r#"{"command":"deleteReview","reviewId":1}"#, "/reviewId", 1.into()),
        (&kim, r#"{"command":"endRental","reservationId":1}"#, "/until", "2026-11-23".into()),
        (&kim, r#"{"command":"cancelReservation","reservationId":1}"#, "/reservationStatus", "reqCancel".into()),
        (&manager, r#"{"command":"pauseConsumer","name":"view"}"#, "/paused", true.into()),
        (&manager, r#"{"command":"resumeConsumer","name":"view"}"#, "/paused", false.into()),
        (&manager, r#"{"command":"runConsumers"}"#, "/effects/failed", 4.into()),
        (&manager, r#"{"command":"replayConsumer","name":"view"}"#, "/name", "view".into()),
        (&manager, r#"{"command":"retryDeadLetter","deadLetterId":1}"#, "/resolution", "retried".into()),
        (
            &manager,
            r#"{"command":"discardDeadLetter","deadLetterId":2,"reason":"no phone"}"#,
            "/resolution",
            "discarded: no phone".into(),
        ),
        (&manager, r#"{"command":"set","key":"holdMinutes","value":"3"}"#, "/holdMinutes", 3.into()),
        (&manager, r#"{"command":"tick"}"#, "/expired", 0.into()),
        (&manager, r#"{"command":"settle"}"#, "/asked", 0.into()),
        (&manager, r#"{"command":"runDue"}"#, "/ticked/ended", 0.into()),
    ];
    let mut names = BTreeSet::new();
    for (caller, json, field, expected) in story {
        let answer = executed(&site, caller, json);
        assert_eq!(answer.pointer(field), Some(expected), "{json}: {answer}");
        let command: serde_json::Value = serde_json::from_str(json).unwrap();
        names.insert(command["command"].as_str().unwrap().to_owned());
    }
    assert_eq!(names, known::<Command>("command"), "the story has every command there is");
    site.assert_clean();
}

#[test]
fn what_is_not_known_of_a_request_is_refused_and_never_passed_over() {
    for (command, fields) in [
        ("registerStorage", r#""description":"강남","price":59000,"currency":"KRW""#),
        ("modifyStorage", r#""storageId":1,"price":60000,"currency":"KRW""#),
        ("reserve", r#""storageId":1"#),
        ("endRental", r#""reservationId":1"#),
        ("addReview", r#""reservationId":1,"rate":5,"content":"좋아요""#),
        ("modifyReview", r#""reviewId":1,"rate":5"#),
        ("pauseConsumer", r#""name":"view""#),
    ] {
        let read =
            |more: &str| serde_json::from_str::<Command>(&format!(r#"{{"command":"{command}",{fields}{more}}}"#));
        assert!(read("").is_ok(), "{command}");
        let refused = read(r#","untill":"2027-01-01""#).unwrap_err().to_string();
        assert!(refused.contains("untill"), "{command}: {refused}");
    }
    let read = |more: &str| serde_json::from_str::<Query>(&format!(r#"{{"query":"quote","storageId":1{more}}}"#));
    assert!(read("").is_ok() && read(r#","untill":"2027-01-01""#).is_err());
}

#[test]
fn every_query_is_answered_as_by_its_method() {
    let site = Site::new(Kept::Memory);
    let (storage_id, page) = (site.storage(59_000), Page::default());
    let row = site.reserve("kim", Reserve::new(storage_id));
    let (reservation_id, payment_id) = (row.booking.reservation_id, row.booking.payment_id);
    let content = "좋아요".parse().unwrap();
    site.app.add_review(&customer("kim"), AddReview { reservation_id, rate: Stars::new(5).unwrap(), content }).unwrap();
    let app = &site.app;
    let ask = QuoteStorage { storage_id, from: None, until: None };
    let answers = [
        (r#"{"query":"storage","storageId":1}"#, Answer::Storage(app.storage(storage_id).unwrap())),
        (r#"{"query":"storages"}"#, Answer::Storages(app.storages(page).unwrap())),
        (r#"{"query":"quote","storageId":1}"#, Answer::Quote(app.quote(ask).unwrap())),
        (r#"{"query":"available"}"#, Answer::Available(app.available(None, None, None, page).unwrap())),
        (r#"{"query":"reservation","reservationId":1}"#, Answer::Reservation(app.reservation(reservation_id).unwrap())),
        (
            r#"{"query":"reservations","customer":"kim"}"#,
            Answer::Reservations(app.reservations(&ReservationFilter::default(), page).unwrap()),
        ),
        (r#"{"query":"payment","paymentId":1}"#, Answer::Payment(app.payment(payment_id).unwrap())),
        (r#"{"query":"payments"}"#, Answer::Payments(app.payments(page).unwrap())),
        (
            r#"{"query":"messages","customer":"kim"}"#,
            Answer::Messages(app.messages(&MessageFilter::default(), page).unwrap()),
        ),
        (r#"{"query":"reviews","storageId":1}"#, Answer::Reviews(app.reviews(&ReviewFilter::default(), page).unwrap())),
        (r#"{"query":"view","storageId":1}"#, Answer::View(Box::new(app.view(storage_id).unwrap()))),
        (r#"{"query":"views","status":"reserved"}"#, Answer::Views(app.views(&ViewFilter::default(), page).unwrap())),
        (r#"{"query":"events"}"#, Answer::Events(app.events(&EventFilter::default(), page).unwrap())),
        (r#"{"query":"consumers"}"#, Answer::Consumers(app.consumers().unwrap())),
        (r#"{"query":"deadLetters"}"#, Answer::DeadLetters(app.dead_letters(page).unwrap())),
        (r#"{"query":"settings"}"#, Answer::Settings(app.settings().unwrap())),
        (r#"{"query":"status"}"#, Answer::Status(app.status().unwrap())),
        (r#"{"query":"verify"}"#, Answer::Verified(app.verify().unwrap())),
    ];
    let mut names = BTreeSet::new();
    for (json, expected) in answers {
        let query: Query = serde_json::from_str(json).unwrap_or_else(|e| panic!("{json}: {e}"));
        assert_eq!(app.query(query).unwrap(), expected, "{json}");
        let query: serde_json::Value = serde_json::from_str(json).unwrap();
        names.insert(query["query"].as_str().unwrap().to_owned());
    }
    assert_eq!(names, known::<Query>("query"), "every query there is was asked");
}

#[test]
fn what_is_not_there_is_not_found_by_every_query_for_one_thing() {
    let site = Site::new(Kept::Memory);
    for (json, code) in [
        (r#"{"query":"storage","storageId":9}"#, "storageNotFound"),
        (r#"{"query":"quote","storageId":9}"#, "storageNotFound"),
        (r#"{"query":"reservation","reservationId":9}"#, "reservationNotFound"),
        (r#"{"query":"payment","paymentId":9}"#, "paymentNotFound"),
        (r#"{"query":"view","storageId":9}"#, "storageNotFound"),
    ] {
        let refused = site.app.query(serde_json::from_str(json).unwrap()).unwrap_err();
        assert_eq!((refused.kind(), refused.code()), (Kind::NotFound, code), "{json}");
    }
}

#[test]
fn a_command_of_which_nothing_is_there_is_refused_by_its_code() {
    let site = Site::new(Kept::Memory);
    for (json, code) in [
        (r#"{"command":"modifyStorage","storageId":9}"#, "storageNotFound"),
        (r#"{"command":"deleteStorage","storageId":9}"#, "storageNotFound"),
        (r#"{"command":"reserve","storageId":9}"#, "storageNotFound"),
        (r#"{"command":"cancelReservation","reservationId":9}"#, "reservationNotFound"),
        (r#"{"command":"endRental","reservationId":9}"#, "reservationNotFound"),
        (r#"{"command":"addReview","reservationId":9,"rate":5,"content":"x"}"#, "reservationNotFound"),
        (r#"{"command":"modifyReview","reviewId":9}"#, "reviewNotFound"),
        (r#"{"command":"deleteReview","reviewId":9}"#, "reviewNotFound"),
        (r#"{"command":"pauseConsumer","name":"nobody"}"#, "consumerNotFound"),
        (r#"{"command":"resumeConsumer","name":"nobody"}"#, "consumerNotFound"),
        (r#"{"command":"replayConsumer","name":"nobody"}"#, "consumerNotFound"),
        (r#"{"command":"retryDeadLetter","deadLetterId":9}"#, "deadLetterNotFound"),
        (r#"{"command":"discardDeadLetter","deadLetterId":9,"reason":"x"}"#, "deadLetterNotFound"),
        (r#"{"command":"discardDeadLetter","deadLetterId":9,"reason":" "}"#, "invalidValue"),
        (r#"{"command":"discardDeadLetter","deadLetterId":9,"reason":"a\nb"}"#, "invalidValue"),
        (r#"{"command":"discardDeadLetter","deadLetterId":9,"reason":"a\u202eb"}"#, "invalidValue"),
        (r#"{"command":"set","key":"colour","value":"red"}"#, "invalidValue"),
        (r#"{"command":"set","key":"zone","value":"Mars/Base"}"#, "invalidValue"),
    ] {
        let refused = site.app.execute(&Caller::manager(), serde_json::from_str(json).unwrap()).unwrap_err();
        assert_eq!(refused.code(), code, "{json}");
    }
    assert!(site.events().is_empty(), "a refusal writes nothing");
}

#[test]
fn what_only_the_manager_may_is_refused_to_a_customer() {
    let site = Site::new(Kept::Memory);
    for json in [
        r#"{"command":"registerStorage","description":"강남","price":1,"currency":"KRW"}"#,
        r#"{"command":"importStorages","storages":[]}"#,
        r#"{"command":"modifyStorage","storageId":1}"#,
        r#"{"command":"deleteStorage","storageId":1}"#,
        r#"{"command":"pauseConsumer","name":"view"}"#,
        r#"{"command":"resumeConsumer","name":"view"}"#,
        r#"{"command":"replayConsumer","name":"view"}"#,
        r#"{"command":"retryDeadLetter","deadLetterId":1}"#,
        r#"{"command":"discardDeadLetter","deadLetterId":1,"reason":"x"}"#,
        r#"{"command":"set","key":"holdMinutes","value":"3"}"#,
        r#"{"command":"runConsumers"}"#,
        r#"{"command":"tick"}"#,
        r#"{"command":"settle"}"#,
        r#"{"command":"runDue"}"#,
    ] {
        let refused = site.app.execute(&customer("kim"), serde_json::from_str(json).unwrap()).unwrap_err();
        assert_eq!(refused.kind(), Kind::NotAllowed, "{json}");
    }
}
