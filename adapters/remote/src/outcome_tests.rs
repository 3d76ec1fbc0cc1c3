//! The table, row by row.

use super::*;

const KEY: Key = Key::new(7);

fn reply(status: u16, body: &str) -> Answer {
    Ok(Reply { status, is_json: true, body: body.as_bytes().to_vec() })
}

fn says(status: u16, outcome: &str) -> Answer {
    reply(status, &format!(r#"{{"key":"{KEY}","outcome":"{outcome}","reason":"why"}}"#))
}

/// The outcome's kind alone.
fn kind(outcome: &Outcome) -> String {
    serde_json::to_value(outcome).unwrap()["outcome"].as_str().unwrap().to_owned()
}

fn kinds(answer: &Answer) -> [String; 3] {
    [of_charge(answer.clone(), KEY), of_void(answer.clone(), KEY), of_refund(answer.clone(), KEY)].map(|o| kind(&o))
}

#[test]
fn each_answer_has_its_outcome_for_a_charge_a_void_and_a_refund() {
    let lost = || Err(NoReply::Lost("reset".to_owned()));
    let not_sent = || Err(NoReply::NotSent("refused".to_owned()));
    let other = format!(r#"{{"key":"{}","outcome":"captured"}}"#, Key::new(8));
    for (answer, expected) in [
        (not_sent(), ["notTaken", "unavailable", "unavailable"]),
        (lost(), ["unknown", "unavailable", "unavailable"]),
        (says(200, "captured"), ["captured", "captured", "unavailable"]),
        (says(201, "captured"), ["captured", "captured", "unavailable"]),
        (says(200, "notTaken"), ["notTaken", "notTaken", "unavailable"]),
        (says(200, "declined"), ["declined", "unavailable", "unavailable"]),
        (says(200, "refunded"), ["unknown", "unavailable", "refunded"]),
        (says(402, "declined"), ["declined", "refused", "refused"]),
        (says(402, "captured"), ["unknown", "refused", "refused"]),
        (reply(402, "no money"), ["unknown", "refused", "refused"]),
        (reply(402, &other), ["unknown", "refused", "refused"]),
        (reply(200, &other), ["unknown", "unavailable", "unavailable"]),
        (reply(200, ""), ["unknown", "unavailable", "unavailable"]),
        (reply(200, r#"{"outcome":"captured"}"#), ["unknown", "unavailable", "unavailable"]),
        (says(202, "captured"), ["unknown", "unavailable", "unavailable"]),
        (says(204, "captured"), ["unknown", "unavailable", "unavailable"]),
        (says(302, "captured"), ["unknown", "unavailable", "unavailable"]),
        (says(307, "notTaken"), ["unknown", "unavailable", "unavailable"]),
        (says(500, "notTaken"), ["unknown", "unavailable", "unavailable"]),
        (says(503, "captured"), ["unknown", "unavailable", "unavailable"]),
        (says(404, "notTaken"), ["unknown", "refused", "refused"]),
        (reply(404, "{}"), ["unknown", "refused", "refused"]),
        (reply(400, "{}"), ["unknown", "refused", "refused"]),
        (reply(409, "{}"), ["unknown", "refused", "refused"]),
        (reply(422, "{}"), ["unknown", "refused", "refused"]),
        (reply(401, "{}"), ["unknown", "unavailable", "unavailable"]),
        (reply(403, "{}"), ["unknown", "unavailable", "unavailable"]),
        (reply(408, "{}"), ["unknown", "unavailable", "unavailable"]),
        (reply(425, "{}"), ["unknown", "unavailable", "unavailable"]),
        (reply(429, "{}"), ["unknown", "unavailable", "unavailable"]),
        (reply(101, "{}"), ["unknown", "unavailable", "unavailable"]),
    ] {
        assert_eq!(kinds(&answer), expected, "{answer:?}");
    }
}

#[test]
fn what_does_not_say_that_it_is_json_is_not_read() {
    let Ok(reply) = says(200, "captured") else { unreachable!() };
    let answer = Ok(Reply { is_json: false, ..reply });
    assert_eq!(kinds(&answer), ["unknown", "unavailable", "unavailable"]);
}

#[test]
fn no_status_makes_a_charge_not_taken_but_the_services_own_word() {
    for status in (100..600).filter(|status| !matches!(status, 200 | 201)) {
        for body in ["captured", "notTaken", "refunded"] {
            assert_eq!(kind(&of_charge(says(status, body), KEY)), "unknown", "{status} {body}");
        }
        assert_eq!(kind(&of_charge(reply(status, "{}"), KEY)), "unknown", "{status}");
    }
}

#[test]
fn reasons_are_passed_on_and_bodies_are_not() {
    assert_eq!(of_charge(says(402, "declined"), KEY), Outcome::Declined { reason: "why".to_owned() });
    assert_eq!(of_void(says(200, "notTaken"), KEY), Outcome::NotTaken { reason: "why".to_owned() });
    let Outcome::Unknown { reason } = of_charge(reply(500, "canary"), KEY) else { panic!("a 500 settles nothing") };
    assert_eq!(reason, "the payment service answered 500");
    let Outcome::Refused { reason } = of_refund(reply(409, r#"{"detail":"nothing was captured"}"#), KEY) else {
        panic!("a 409 is final")
    };
    assert_eq!(reason, "the payment service answered 409: nothing was captured");
}

#[test]
fn a_delivery_is_repeated_unless_it_was_taken_or_is_refused() {
    for (answer, expected) in [
        (reply(200, ""), "delivered"),
        (reply(204, ""), "delivered"),
        (reply(301, ""), "unavailable"),
        (reply(400, ""), "refused"),
        (reply(404, ""), "refused"),
        (reply(410, ""), "refused"),
        (reply(408, ""), "unavailable"),
        (reply(429, ""), "unavailable"),
        (reply(500, ""), "unavailable"),
        (reply(503, ""), "unavailable"),
        (Err(NoReply::NotSent(String::new())), "unavailable"),
        (Err(NoReply::Lost(String::new())), "unavailable"),
    ] {
        assert_eq!(kind(&of_delivery(answer.clone())), expected, "{answer:?}");
    }
}

#[test]
fn a_customer_is_told_what_happened_in_words() {
    let outcome = of_charge(Err(NoReply::NotSent("connection refused".to_owned())), KEY);
    let reason = "the payment service could not be reached: connection refused".to_owned();
    assert_eq!(outcome, Outcome::NotTaken { reason });
}
