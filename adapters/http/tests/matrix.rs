//! Who may what: every route of the table, asked by everybody.

use serde_json::Value;
use storagerent::payment::Behaviour;
use storagerent_http::Options;
use storagerent_http::access::{Rule, TABLE, Who};
use storagerent_http::token::{AUDIENCE, Verifier};

use crate::bearers::{ED25519, ED25519_PUBLIC, RSA, bearer, guarded, guarded_by_rsa, not_believed, signed};
use crate::house::{Answer, House};

/// How a route is called, and what comes of it.
struct Sample {
    /// Of kim's things, where it is about somebody's.
    path: &'static str,
    body: &'static str,
    /// What kim and the manager get.
    customer: u16,
    manager: u16,
    /// The same of lee's things, and what kim gets.
    others: Option<(&'static str, &'static str, u16)>,
}

const fn sample(path: &'static str, body: &'static str, customer: u16, manager: u16) -> Sample {
    Sample { path, body, customer, manager, others: None }
}

const fn owned(
    path: &'static str,
    body: &'static str,
    customer: u16,
    manager: u16,
    others: &'static str,
    told: u16,
) -> Sample {
    Sample { path, body, customer, manager, others: Some((others, body, told)) }
}

const STORAGE: &str = r#"{"description":"BigStorage","price":"1000"}"#;
const CANCEL: &str = r#"{"reservationStatus":"reqCancel"}"#;
const REVIEW: &str = r#"{"rate":5,"content":"dry"}"#;

/// Every route has its row here: one that has none fails the tests.
fn sample_of(rule: &Rule) -> Sample {
    match (rule.method, rule.path) {
        ("GET", "/livez") => sample("/livez", "", 200, 200),
        ("GET", "/readyz") => sample("/readyz", "", 200, 200),
        ("GET", "/metrics") => sample("/metrics", "", 403, 200),
        ("GET", "/actuator/health") => sample("/actuator/health", "", 200, 200),
        ("GET", "/storages") => sample("/storages", "", 200, 200),
        ("POST", "/storages") => sample("/storages", STORAGE, 403, 201),
        ("POST", "/storages/import") => {
            sample("/storages/import", r#"{"storages":[{"description":"a","price":1}]}"#, 403, 201)
        }
        ("GET", "/storages/{id}") => sample("/storages/1", "", 200, 200),
        ("PUT" | "PATCH", "/storages/{id}") => sample("/storages/1", STORAGE, 403, 200),
        ("DELETE", "/storages/{id}") => sample("/storages/4", "", 403, 204),
        ("GET", "/reservations") => sample("/reservations", "", 200, 200),
        ("POST", "/reservations") => sample("/reservations", r#"{"storageId":4}"#, 201, 201),
        ("GET", "/reservations/{id}") => owned("/reservations/1", "", 200, 200, "/reservations/2", 404),
        ("PATCH", "/reservations/{id}") => owned("/reservations/1", CANCEL, 200, 200, "/reservations/2", 404),
        ("POST", "/reservations/{id}/end") => owned("/reservations/1/end", "{}", 200, 200, "/reservations/2/end", 404),
        ("GET", "/me/reservations") => sample("/me/reservations", "", 200, 200),
        ("GET", "/payments") => sample("/payments", "", 200, 200),
        ("GET", "/payments/{id}") => owned("/payments/1", "", 200, 200, "/payments/2", 404),
        ("GET", "/reviews") => sample("/reviews", "", 200, 200),
        ("POST", "/reviews") => Sample {
            others: Some(("/reviews", r#"{"reservationId":2,"rate":5,"content":"dry"}"#, 404)),
            ..sample("/reviews", r#"{"reservationId":3,"rate":5,"content":"dry"}"#, 201, 403)
        },
        // Reviews are for all to see.
        ("GET", "/reviews/{id}") => owned("/reviews/1", "", 200, 200, "/reviews/2", 200),
        ("PUT" | "PATCH", "/reviews/{id}") => owned("/reviews/1", REVIEW, 200, 403, "/reviews/2", 403),
        ("DELETE", "/reviews/{id}") => owned("/reviews/1", "", 204, 204, "/reviews/2", 403),
        ("GET", "/messages") => sample("/messages", "", 200, 200),
        ("GET", "/messages/{id}") => owned("/messages/1", "", 200, 200, "/messages/2", 404),
        ("GET", "/storageviews") => sample("/storageviews", "", 200, 200),
        ("GET", "/storageviews/{id}") => owned("/storageviews/1", "", 200, 200, "/storageviews/2", 200),
        ("GET", "/check/chkAndReqReserve") => sample("/check/chkAndReqReserve?storageId=4", "", 200, 200),
        ("GET", "/quote") => sample("/quote?storageId=4", "", 200, 200),
        ("GET", "/available") => sample("/available", "", 200, 200),
        ("GET", "/events") => owned("/events?correlation=of-kim", "", 200, 200, "/events?correlation=of-lee", 404),
        ("GET", "/correlations/{id}") => owned("/correlations/of-kim", "", 200, 200, "/correlations/of-lee", 404),
        ("GET", "/consumers") => sample("/consumers", "", 403, 200),
        ("POST", "/consumers/run") => sample("/consumers/run", "", 403, 200),
        ("POST", "/consumers/{name}/pause") => sample("/consumers/view/pause", "", 403, 200),
        ("POST", "/consumers/{name}/resume") => sample("/consumers/view/resume", "", 403, 200),
        ("POST", "/consumers/{name}/replay") => sample("/consumers/view/replay", "", 403, 200),
        ("GET", "/dead-letters") => sample("/dead-letters", "", 403, 200),
        ("POST", "/dead-letters/{id}/retry") => sample("/dead-letters/1/retry", "", 403, 404),
        ("POST", "/dead-letters/{id}/discard") => sample("/dead-letters/1/discard", r#"{"reason":"old"}"#, 403, 404),
        ("GET", "/settings") => sample("/settings", "", 403, 200),
        ("PUT", "/settings/{key}") => sample("/settings/holdMinutes", r#"{"value":"20"}"#, 403, 200),
        ("GET", "/status") => sample("/status", "", 403, 200),
        ("GET", "/verify") => sample("/verify", "", 403, 200),
        ("POST", "/tick") => sample("/tick", "", 403, 200),
        ("POST", "/settle") => sample("/settle", "", 403, 200),
        ("POST", "/run-due") => sample("/run-due", "", 403, 200),
        (method, path) => panic!("{method} {path} is a route that nobody considered"),
    }
}

/// kim rents storages 1 and 3, lee storage 2; each reviewed the first; storage 4 is free.
async fn lived_in(options: Options, sign: impl Fn(&str) -> String) -> House {
    let house = House::open(options).with_storages(4).await;
    for (name, storage) in [("kim", 1), ("lee", 2), ("kim", 3)] {
        let (token, id) = (sign(name), format!("of-{name}"));
        let headers = [("authorization", token.as_str()), ("x-correlation-id", id.as_str())];
        house.ask("POST", "/reservations", &headers, &format!(r#"{{"storageId":{storage}}}"#)).await.told(201);
        if storage < 3 {
            let review = format!(r#"{{"storageId":{storage},"rate":5,"content":"dry"}}"#);
            house.ask("POST", "/reviews", &headers, &review).await.told(201);
        }
    }
    house
}

async fn ask(house: &House, rule: &Rule, token: Option<&str>, path: &str, body: &str) -> Answer {
    let headers: Vec<_> = token.map(|token| ("authorization", token)).into_iter().collect();
    house.ask(rule.method, path, &headers, body).await
}

#[tokio::test]
async fn a_token_that_is_not_believed_opens_nothing() {
    let house = lived_in(guarded_by_rsa(), |name| signed(RSA, AUDIENCE, AUDIENCE, name)).await;
    let head = house.app.head().unwrap();
    for rule in TABLE {
        let Sample { path, body, .. } = sample_of(rule);
        for (sort, token) in not_believed() {
            let answer = ask(&house, rule, token.as_deref(), path, body).await;
            if rule.who == Who::Anybody {
                assert_eq!(answer.status, 200, "{rule:?} {sort}");
                continue;
            }
            assert_eq!(answer.status, 401, "{rule:?} {sort}: {answer:?}");
            answer.problem(401, "unauthorized");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"storagerent\""));
        }
    }
    assert_eq!(house.app.head().unwrap(), head, "nothing was written");
}

#[tokio::test]
async fn customer_and_manager_may_what_the_table_says() {
    for rule in TABLE {
        let Sample { path, body, customer, manager, .. } = sample_of(rule);
        for (name, status) in [("kim", customer), ("manager", manager)] {
            let house = lived_in(guarded(), bearer).await;
            let head = house.app.head().unwrap();
            let answer = ask(&house, rule, Some(&bearer(name)), path, body).await;
            assert_eq!(answer.status, status, "{rule:?} {name}: {answer:?}");
            let is_listed = match rule.who {
                Who::Anybody | Who::Both => true,
                Who::Manager => name == "manager",
                Who::Customer => name == "kim",
            };
            assert_eq!(status == 403, !is_listed, "{rule:?} {name}: table and sample disagree");
            if status == 403 {
                answer.problem(403, "notAllowed");
                assert_eq!(house.app.head().unwrap(), head, "{rule:?} {name}: it was written");
            }
        }
    }
}

#[tokio::test]
async fn a_customer_gets_nowhere_with_the_things_of_another() {
    let house = lived_in(guarded(), bearer).await;
    let head = house.app.head().unwrap();
    let kim = bearer("kim");
    for rule in TABLE {
        let Some((path, body, status)) = sample_of(rule).others else { continue };
        let answer = ask(&house, rule, Some(&kim), path, body).await;
        assert_eq!(answer.status, status, "{rule:?}: {answer:?}");
        if status == 404 {
            // It is told as what is not there.
            let nowhere = path.replace("/2", "/77").replace("of-lee", "of-nobody");
            let nothing = ask(&house, rule, Some(&kim), &nowhere, &body.replace(":2,", ":77,")).await;
            let (told, nothing) = (answer.json(), nothing.json());
            assert_eq!((&told["code"], &told["hint"]), (&nothing["code"], &nothing["hint"]), "{rule:?}");
            let words = nothing["detail"].as_str().unwrap().replace("77", "2").replace("of-nobody", "of-lee");
            assert_eq!(told["detail"], words, "{rule:?}");
        }
    }
    assert_eq!(house.app.head().unwrap(), head, "nothing was written");
}

#[tokio::test]
async fn customers_are_listed_only_what_is_theirs() {
    let house = lived_in(guarded(), bearer).await;
    let token = bearer("kim");
    for (rel, path) in [
        ("reservations", "/reservations"),
        ("reservations", "/reservations?customer=lee"),
        ("reservations", "/me/reservations"),
        ("payments", "/payments"),
        ("messages", "/messages?customer=lee"),
        ("messages", "/messages"),
    ] {
        let page = house.ask("GET", path, &[("authorization", &token)], "").await.told(200);
        let rows = page["_embedded"][rel].as_array().unwrap();
        let reservations: Vec<_> = rows.iter().map(|row| row["reservationId"].as_u64().unwrap()).collect();
        assert_eq!(reservations, [1, 3], "{path}");
    }
    // Pages of a customer's payments go by any id, another's and one that is not there too.
    for (after, ids) in [(1, vec![3]), (2, vec![3]), (3, vec![]), (99, vec![])] {
        let path = format!("/payments?after={after}");
        let page = house.ask("GET", &path, &[("authorization", &token)], "").await.told(200);
        let rows = page["_embedded"]["payments"].as_array().unwrap().iter();
        assert_eq!(rows.map(|row| row["paymentId"].as_u64().unwrap()).collect::<Vec<_>>(), ids, "{path}");
    }
}

/// What every customer may know of anybody's events: what happened to which storage, when, for which days and price, and what was
/// written of it.
const SHOWN_TO_ALL: [&str; 25] = [
    "sequence",
    "eventType",
    "schemaVersion",
    "occurredAt",
    "aggregateKind",
    "aggregateId",
    "aggregateVersion",
    "hash",
    "storageId",
    "description",
    "price",
    "currency",
    "per",
    "from",
    "until",
    "paysUntil",
    "paidUntil",
    "started",
    "holdStands",
    "withdrawn",
    "reviewId",
    "reviewCnt",
    "rate",
    "rating",
    "content",
];

#[tokio::test]
async fn views_and_events_name_no_one_elses_things() {
    let house = lived_in(guarded(), bearer).await;
    let (kim, lee, manager) = (bearer("kim"), bearer("lee"), bearer("manager"));
    house.gateway.set_behaviour(Behaviour::Decline);
    house
        .ask("POST", "/reservations", &[("authorization", &lee)], r#"{"storageId":4}"#)
        .await
        .problem(402, "paymentDeclined");
    let views = house.ask("GET", "/storageviews", &[("authorization", &kim)], "").await.told(200);
    let rows = views["_embedded"]["storageviews"].as_array().unwrap();
    assert_eq!((&rows[0]["reservationId"], &rows[0]["paymentId"]), (&1.into(), &1.into()));
    assert_eq!(rows[1]["storageStatus"], "reserved");
    for name in ["customer", "reservationId", "paymentId", "correlationId"] {
        assert!(rows[1].get(name).is_none_or(Value::is_null), "{}", rows[1]);
    }
    let path = "/events?size=100";
    let all = house.ask("GET", path, &[("authorization", &manager)], "").await.told(200);
    let seen = house.ask("GET", path, &[("authorization", &kim)], "").await.told(200);
    let (all, seen) = (all["_embedded"]["events"].as_array().unwrap(), seen["_embedded"]["events"].as_array().unwrap());
    assert_eq!(all.len(), seen.len());
    for (event, shown) in all.iter().zip(seen) {
        assert_eq!((&event["sequence"], &event["eventType"]), (&shown["sequence"], &shown["eventType"]));
        assert!(!shown.to_string().contains("lee"), "{shown}");
        let is_shown = |name: &str| shown.get(name).is_some_and(|value| !value.is_null());
        let is_kims = event["correlationId"] == "of-kim";
        for name in shown.as_object().unwrap().keys().filter(|name| is_shown(name)) {
            assert!(is_kims || SHOWN_TO_ALL.contains(&name.as_str()), "{name} in {shown}");
        }
        let of_booking = event["aggregateKind"] == "reservation" || event["aggregateKind"] == "payment";
        assert!(is_kims || !of_booking || !is_shown("aggregateId"), "{shown}");
    }
    let own = seen.iter().filter(|event| event["customer"] == "kim").count();
    assert!(own >= 2 && own < seen.len(), "{own} of {}", seen.len());
}

#[tokio::test]
async fn tokens_signed_with_ed25519_are_believed_where_its_key_counts() {
    let options = Options::new(Verifier::new(ED25519_PUBLIC, AUDIENCE, AUDIENCE).unwrap());
    let house = House::open(options);
    for (key, status) in [(ED25519, 201), (RSA, 401)] {
        let token = signed(key, AUDIENCE, AUDIENCE, "manager");
        house.ask("POST", "/storages", &[("authorization", &token)], STORAGE).await.told(status);
    }
    let token = signed(ED25519, AUDIENCE, AUDIENCE, "manager");
    let twice = [("authorization", token.as_str()), ("authorization", token.as_str())];
    house.ask("GET", "/storages", &twice, "").await.problem(400, "badHeader");
}
