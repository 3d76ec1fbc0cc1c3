//! What goes beyond the first storagerent: keys, versions, pages, ids of requests, languages.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::Value;
use storagerent::memory::MemoryStore;
use storagerent::ports::{Queries, Work};
use storagerent::{Store, StoreError};
use storagerent_http::Options;

use crate::house::House;

const RESERVE: &str = r#"{"storageId": 1}"#;

#[tokio::test]
async fn under_one_key_it_happens_once() {
    let house = House::open(Options::insecure()).with_storages(2).await;
    let key = [("idempotency-key", "abc")];
    let first = house.ask("POST", "/reservations", &key, RESERVE).await.told(201);
    let head = house.app.head().unwrap();
    let again = house.ask("POST", "/reservations", &key, RESERVE).await.told(201);
    assert_eq!(first["reservationId"], again["reservationId"]);
    assert_eq!(house.app.head().unwrap(), head);
    house.ask("POST", "/reservations", &key, r#"{"storageId": 2}"#).await.problem(409, "idempotencyKeyReused");
    assert_eq!(house.gateway.calls().charges, 1);
}

#[tokio::test]
async fn a_change_of_what_was_changed_meanwhile_is_refused() {
    let house = House::open(Options::insecure()).with_storages(1).await;
    let seen = house.get("/storages/1").await.header("etag").unwrap().to_owned();
    let change = |price: u32| format!(r#"{{"price": {price}}}"#);
    let changed = house.ask("PATCH", "/storages/1", &[("if-match", &seen)], &change(5)).await;
    assert_eq!(changed.told(200)["price"], 5);
    let fresh = changed.header("etag").unwrap().to_owned();
    assert_ne!(fresh, seen);
    house.ask("PATCH", "/storages/1", &[("if-match", &seen)], &change(6)).await.problem(412, "storageChanged");
    house.ask("PATCH", "/storages/1", &[("if-match", "*")], &change(7)).await.told(200);
    house.ask("PATCH", "/storages/1", &[], &change(8)).await.told(200);
    house.ask("PATCH", "/storages/1", &[("if-match", "W/1")], &change(9)).await.problem(400, "badHeader");
    let weak = format!("W/{}", house.get("/storages/1").await.header("etag").unwrap());
    house.ask("PATCH", "/storages/1", &[("if-match", &weak)], &change(9)).await.told(200);
    house.ask("PATCH", "/storages/1", &[("if-match", &weak)], &change(10)).await.problem(412, "storageChanged");
    assert_eq!(house.get("/storages/1").await.told(200)["price"], 9);
}

#[tokio::test]
async fn next_leads_through_the_list_to_its_end() {
    let house = House::open(Options::insecure()).with_storages(205).await;
    for (path, rel, pages) in [
        ("/storages?size=20", "storages", 11),
        ("/storages?size=100", "storages", 3),
        ("/storageviews?size=41&status=available", "storageviews", 5),
        ("/available?size=100&maxPrice=200000", "storages", 3),
        ("/events?size=100", "events", 3),
    ] {
        let (mut seen, mut count, mut at) = (Vec::new(), 0, Some(path.to_owned()));
        while let Some(path) = at {
            let page = house.get(&path).await.told(200);
            let rows = page["_embedded"][rel].as_array().unwrap();
            assert_eq!(page["page"]["count"], rows.len());
            seen.extend(rows.iter().map(|row| row["storageId"].as_u64().unwrap()));
            let next = &page["_links"]["next"]["href"];
            assert_eq!(next.is_null(), page["page"]["nextAfter"].is_null());
            at = next.as_str().map(str::to_owned);
            count += 1;
        }
        assert_eq!((seen, count), ((1..=205).collect(), pages), "{path}");
    }
    let none = house.get("/storages?after=999999").await.told(200);
    assert_eq!(none["_embedded"]["storages"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn a_request_keeps_its_id_through_all_that_comes_of_it() {
    let house = House::open(Options::insecure()).with_storages(2).await;
    let (trace, span) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
    let parent = format!("00-{trace}-{span}-01");
    let named = house.ask("POST", "/reservations", &[("x-correlation-id", "mine-1")], RESERVE).await;
    assert_eq!(
        (named.header("x-correlation-id"), &named.told(201)["correlationId"]),
        (Some("mine-1"), &"mine-1".into())
    );
    let events = house.get("/correlations/mine-1").await.told(200);
    let events = events["_embedded"]["events"].as_array().unwrap().clone();
    assert!(events.len() >= 5 && events.iter().all(|event| event["correlationId"] == "mine-1"), "{events:?}");
    let traced = house.ask("POST", "/reservations", &[("traceparent", &parent)], r#"{"storageId": 2}"#).await;
    assert_eq!(traced.told(201)["correlationId"], trace);
    let told = traced.header("traceparent").unwrap();
    assert!(told.starts_with(&format!("00-{trace}-")) && !told.contains(span), "{told}");
    let both = [("traceparent", parent.as_str()), ("x-correlation-id", "mine-2")];
    let both = house.ask("GET", "/storages", &both, "").await;
    assert_eq!(both.header("x-correlation-id"), Some("mine-2"));
    assert!(both.header("traceparent").unwrap().contains(trace));
    let no_trace = parent.replace(trace, &"0".repeat(32));
    let bad = ["", "00-0-0-00", "한글", &parent.replacen("00", "ff", 1), &no_trace, &parent.replace(span, "00f067aa")];
    for bad in bad {
        let answer = house.ask("GET", "/storages", &[("traceparent", bad)], "").await;
        let id = answer.header("x-correlation-id").unwrap();
        assert!(answer.status == 200 && id.len() == 32 && !bad.contains(id), "{bad}");
    }
    house.ask("GET", "/storages", &[("x-correlation-id", "no spaces")], "").await.told(422);
    house.get("/correlations/nobody").await.problem(404, "notFound");
}

#[tokio::test]
async fn refusals_are_told_in_the_callers_language() {
    let house = House::open(Options::insecure());
    for (asked, is_korean) in [
        ("ko", true),
        ("ko-KR,ko;q=0.9,en;q=0.8", true),
        ("en-US,en;q=0.9,ko;q=0.8", false),
        ("fr", false),
        ("en;q=0.2, ko;q=0.9", true),
        ("en, ko", false),
        ("ko;q=0", false),
        ("ko;q=0, en", false),
    ] {
        let problem = house.ask("GET", "/storages/7", &[("accept-language", asked)], "").await;
        let problem = problem.problem(404, "storageNotFound");
        let is_hangul = |field: &str| problem[field].as_str().unwrap().chars().any(|c| ('가'..='힣').contains(&c));
        assert_eq!((is_hangul("detail"), is_hangul("hint")), (is_korean, is_korean), "{asked}: {problem}");
    }
}

/// A store that says at some time what it has found damaged.
#[derive(Default)]
struct Damaged {
    store: MemoryStore,
    is_damaged: AtomicBool,
}

/// What is in the damaged row.
const CANARY: &str = "row 7 of kim's";

impl Store for Damaged {
    fn submit(&self, work: Vec<Box<dyn Work>>, wait_max: Duration) -> bool {
        self.store.submit(work, wait_max)
    }
    fn drive(&self) {
        self.store.drive();
    }
    fn read(&self, f: &mut dyn FnMut(&mut dyn Queries)) -> Result<(), StoreError> {
        if self.is_damaged.load(Ordering::Relaxed) {
            return Err(StoreError::Corrupt(CANARY.to_owned()));
        }
        self.store.read(f)
    }
}

#[tokio::test]
async fn what_is_wrong_inside_is_told_to_nobody_outside() {
    let store = Arc::new(Damaged::default());
    let house = House::over(Arc::<Damaged>::clone(&store), Options::insecure(), false);
    store.is_damaged.store(true, Ordering::Relaxed);
    for lang in ["en", "ko"] {
        let answer = house.ask("GET", "/storages", &[("accept-language", lang)], "").await;
        let problem = answer.problem(500, "corrupt");
        assert!(!problem.to_string().contains(CANARY), "{problem}");
        assert!(problem["correlationId"].is_string() && problem["hint"].is_string(), "{problem}");
    }
}

#[tokio::test]
async fn what_is_sent_is_honoured_or_refused() {
    let house = House::open(Options::insecure());
    let withdrawn = r#"{"description":"a","price":5,"withdrawn":true}"#;
    assert_eq!(house.post("/storages", withdrawn).await.problem(422, "invalidValue")["field"], "withdrawn");
    let many = format!(r#"{{"storages":[{withdrawn}]}}"#);
    house.post("/storages/import", &many).await.problem(422, "invalidValue");
    house.post("/storages", r#"{"description":"a","price":5,"withdrawn":false}"#).await.told(201);
    for value in ["7", "\"7\""] {
        let set = house.ask("PUT", "/settings/holdMinutes", &[], &format!(r#"{{"value":{value}}}"#)).await;
        assert_eq!(set.told(200)["holdMinutes"], 7);
    }
    for value in ["7.5", "null", "[7]", "true", "{}"] {
        for (lang, words) in [("en", "a text or a whole number is wanted"), ("ko", "글이나 정수여야 합니다")]
        {
            let body = format!(r#"{{"value":{value}}}"#);
            let set = house.ask("PUT", "/settings/holdMinutes", &[("accept-language", lang)], &body).await;
            let problem = set.problem(422, "invalidValue");
            assert_eq!((&problem["field"], &problem["detail"]), (&"value".into(), &format!("value: {words}").into()));
        }
    }
}

#[tokio::test]
async fn the_links_of_a_customers_list_name_whose_it_is() {
    let house = House::open(crate::bearers::guarded());
    let token = crate::bearers::bearer("kim");
    for list in ["/reservations", "/messages"] {
        let shown = house.ask("GET", &format!("{list}?customer=lee"), &[("authorization", &token)], "").await.told(200);
        let itself = shown["_links"]["self"]["href"].as_str().unwrap();
        assert!(itself.contains("customer=kim") && !itself.contains("lee"), "{itself}");
    }
}

#[tokio::test]
async fn nobody_is_the_customer_whose_reservations_are_the_managers() {
    let house = House::open(crate::bearers::guarded());
    let kim = crate::bearers::unminted("kim");
    house.ask("GET", "/reservations", &[("authorization", &kim)], "").await.told(200);
    let token = crate::bearers::unminted("guest");
    house.ask("GET", "/reservations", &[("authorization", &token)], "").await.problem(401, "unauthorized");
}

#[tokio::test]
async fn a_version_is_expected_of_nothing_that_has_none() {
    let house = House::open(Options::insecure()).with_storages(1).await;
    let expecting = [("if-match", "\"1\"")];
    for (method, path, body) in [
        ("POST", "/reservations", RESERVE),
        ("PATCH", "/reviews/1", r#"{"rate":5}"#),
        ("PUT", "/settings/holdMinutes", r#"{"value":7}"#),
    ] {
        house.ask(method, path, &expecting, body).await.problem(400, "badHeader");
    }
    assert!(house.app.settings().unwrap().hold_minutes != 7);
    house.ask("POST", "/reservations", &[("if-match", "*")], RESERVE).await.told(201);
    house.ask("GET", "/storages", &expecting, "").await.told(200);
}
