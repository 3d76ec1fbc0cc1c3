//! The calls of the first storagerent, word for word, and what each of its faults is answered now.

use serde_json::{Value, json};
use storagerent::payment::Behaviour;
use storagerent_http::Options;

use crate::house::{Answer, House};

const RESERVE: &str = r#"{"storageId": "1", "price": "200000", "reservationStatus": "reqReserve"}"#;
const CANCEL: &str = r#"{"storageId": "1", "price": "200000", "reservationStatus": "reqCancel"}"#;

fn href<'v>(body: &'v Value, rel: &str) -> &'v Value {
    &body["_links"][rel]["href"]
}

fn is_hal(answer: &Answer) {
    assert_eq!(answer.header("content-type"), Some("application/hal+json"));
}

async fn the_story_goes_as_it_went(house: House) {
    let sent = r#"{"description": "BigStorage", "price": "200000", "storageStatus": "available"}"#;
    let made = house.post("/storages", sent).await;
    is_hal(&made);
    assert_eq!(made.header("location"), Some("/storages/1"));
    let storage = made.told(201);
    assert_eq!((&storage["storageId"], &storage["price"]), (&json!(1), &json!(200_000)));
    assert_eq!((&storage["storageStatus"], href(&storage, "self")), (&json!("available"), &json!("/storages/1")));

    assert_eq!(house.get("/check/chkAndReqReserve?storageId=1").await.told(200), json!(true));
    let made = house.post("/reservations", RESERVE).await;
    assert_eq!(made.header("location"), Some("/reservations/1"));
    let reservation = made.told(201);
    assert_eq!(reservation["customer"], "guest");
    assert_eq!(href(&reservation, "self"), "/reservations/1");
    assert_eq!(href(&reservation, "payment"), "/payments/1");
    assert_eq!(house.get("/check/chkAndReqReserve?storageId=1").await.told(200), json!(false));

    assert_eq!(house.get("/storages/1").await.told(200)["storageStatus"], "reserved");
    let shown = house.get("/reservations/1").await.told(200);
    assert_eq!((&shown["reservationStatus"], &shown["paymentId"]), (&json!("reserved"), &json!(1)));
    assert_eq!(house.get("/payments/1").await.told(200)["paymentStatus"], "paid");

    // A client may send back all it was shown; what it is not asked about is not looked at.
    let again = json!({ "storageId": 1, "reservationId": 9, "paymentId": 9, "paidUntil": "2030-01-01" });
    house.post("/reservations", &again.to_string()).await.problem(409, "storageTaken");
    let mut sent_back = shown;
    sent_back["reservationStatus"] = "reqCancel".into();
    house.ask("PATCH", "/reservations/9", &[], &sent_back.to_string()).await.problem(404, "reservationNotFound");
    let cancelled = house.ask("PATCH", "/reservations/1", &[], &sent_back.to_string()).await.told(200);
    assert_eq!(cancelled["reservationStatus"], "cancelled", "it waits for its refund");
    assert_eq!(house.get("/storages/1").await.told(200)["storageStatus"], "available");
    assert_eq!(house.get("/reservations/1").await.told(200)["reservationStatus"], "cancelled");
    assert_eq!(house.get("/payments/1").await.told(200)["paymentStatus"], "cancelled");
    let repeated = house.ask("PATCH", "/reservations/1", &[], CANCEL).await.told(200);
    assert_eq!(repeated["reservationStatus"], "cancelled");

    let views = house.get("/storageviews").await;
    is_hal(&views);
    let views = views.told(200);
    let row = &views["_embedded"]["storageviews"][0];
    assert_eq!((&row["storageStatus"], &row["reservationStatus"]), (&json!("available"), &json!("cancelled")));
    assert_eq!(row["paymentStatus"], "cancelled");
    assert_eq!((&views["page"]["count"], href(row, "self")), (&json!(1), &json!("/storageviews/1")));
    assert!(house.app.verify().unwrap().ok);
}

#[tokio::test]
async fn the_story_goes_as_it_went_in_memory() {
    the_story_goes_as_it_went(House::open(Options::insecure())).await;
}

#[tokio::test]
async fn the_story_goes_as_it_went_on_sqlite() {
    the_story_goes_as_it_went(House::on_sqlite(Options::insecure())).await;
}

#[tokio::test]
async fn a_cancellation_nobody_refunds_yet_is_under_way() {
    let house = House::without_worker(Options::insecure()).with_storages(1).await;
    house.post("/reservations", RESERVE).await.told(201);
    let asked = house.ask("PATCH", "/reservations/1", &[], CANCEL).await.told(200);
    assert_eq!(asked["reservationStatus"], "reqCancel");
    house.post("/run-due", "").await.told(200);
    assert_eq!(house.get("/reservations/1").await.told(200)["reservationStatus"], "cancelled");
}

#[tokio::test]
async fn what_is_not_valid_is_refused_by_its_field() {
    let house = House::open(Options::insecure()).with_storages(1).await;
    let head = house.app.head().unwrap();
    for (path, body, field) in [
        ("/storages", r#"{"desc": "BigStorage"}"#, "desc"),
        ("/storages", r#"{"description": "BigStorage"}"#, "price"),
        ("/storages", r#"{"price": 5}"#, "description"),
        ("/storages", r#"{"description": "x", "price": "many"}"#, "price"),
        ("/storages", r#"{"description": "x", "price": 0}"#, "price"),
        ("/storages", r#"{"description": "x", "price": 5, "currency": "won"}"#, "currency"),
        ("/reservations", r#"{"price": 200000}"#, "storageId"),
        ("/reservations", r#"{"storageId": 1, "from": "2026-11-21"}"#, "from"),
        ("/reservations", r#"{"storageId": 1, "from": "soon"}"#, "from"),
        ("/reservations", r#"{"storageId": 1, "reservationStatus": "reserved"}"#, "reservationStatus"),
        ("/reservations", r#"{"storageId": 1, "paymentStatus": "paid"}"#, "paymentStatus"),
        ("/reviews", r#"{"storageId": 1, "rate": 9, "content": "x"}"#, "rate"),
        ("/reviews", r#"{"storageId": 1, "rate": 5}"#, "content"),
        ("/reviews", r#"{"rate": 5, "content": "x"}"#, "reservationId"),
    ] {
        let answer = house.post(path, body).await;
        assert_eq!(answer.status, 422, "{body}: {answer:?}");
        let problem = answer.problem(422, "invalidValue");
        assert_eq!(problem["field"], field, "{body}: {problem}");
    }
    for (sent, field) in [("\"price\": -1", "price"), ("\"storageId\": -1", "storageId"), ("\"paid\": true", "paid")] {
        let body = format!(r#"{{"reservationStatus": "reqCancel", {sent}}}"#);
        let answer = house.ask("PATCH", "/reservations/1", &[], &body).await;
        assert_eq!(answer.problem(422, "invalidValue")["field"], field, "{body}");
    }
    for (sent, field) in [
        (r#"{"description":"b","price":0}"#, "storages[1].price"),
        (r#"{"description":"b","price":"x"}"#, "storages[1].price"),
        (r#"{"description":"b","price":1,"zz":1}"#, "storages[1].zz"),
        (r#"{"price":1}"#, "storages[1].description"),
    ] {
        let body = format!(r#"{{"storages":[{{"description":"a","price":1}},{sent}]}}"#);
        let problem = house.post("/storages/import", &body).await.problem(422, "invalidValue");
        assert_eq!(problem["field"], field, "{sent}: {problem}");
    }
    for (path, field) in [("/storages?size=0", "size"), ("/storages?size=101", "size"), ("/storages?page=1", "page")] {
        assert_eq!(house.get(path).await.problem(422, "invalidValue")["field"], field, "{path}");
    }
    assert_eq!(house.app.head().unwrap(), head, "nothing was written");
}

#[tokio::test]
async fn what_the_state_forbids_is_a_conflict_and_what_is_not_there_not_found() {
    let house = House::open(Options::insecure()).with_storages(1).await;
    let priced = RESERVE.replace("200000", "1");
    house.post("/reservations", &priced).await.problem(409, "priceChanged");
    house.post("/reservations", RESERVE).await.told(201);
    house.post("/reservations", RESERVE).await.problem(409, "storageTaken");
    assert_eq!(house.ask("DELETE", "/storages/1", &[], "").await.status, 409, "it is rented");
    house.post("/reservations", r#"{"storageId": 7}"#).await.problem(404, "storageNotFound");
    for path in ["/storages/7", "/reservations/7", "/payments/7", "/reviews/7", "/messages/7", "/storageviews/7"] {
        assert_eq!(house.get(path).await.status, 404, "{path}");
    }
    house.ask("PATCH", "/reservations/7", &[], CANCEL).await.problem(404, "reservationNotFound");
}

#[tokio::test]
async fn a_reservation_is_cancelled_only_as_it_was_shown() {
    let house = House::open(Options::insecure()).with_storages(1).await;
    house.post("/reservations", RESERVE).await.told(201);
    let tag = house.get("/reservations/1").await.header("etag").unwrap().to_owned();
    for path in ["/reservations/1", "/reservations/1/end"] {
        let (method, body) = if path.ends_with("end") { ("POST", "{}") } else { ("PATCH", CANCEL) };
        house.ask(method, path, &[("if-match", "\"999\"")], body).await.problem(412, "reservationChanged");
    }
    let as_shown = [("if-match", tag.as_str())];
    house.ask("PATCH", "/reservations/1", &as_shown, CANCEL).await.told(200);
    house.ask("PATCH", "/reservations/1", &as_shown, CANCEL).await.told(200);
}

#[tokio::test]
async fn no_money_no_reservation() {
    let house = House::open(Options::insecure()).with_storages(1).await;
    house.gateway.set_behaviour(Behaviour::Decline);
    house.post("/reservations", RESERVE).await.problem(402, "paymentDeclined");
    house.gateway.set_behaviour(Behaviour::Down);
    let answer = house.post("/reservations", RESERVE).await;
    answer.problem(503, "paymentUnavailable");
    assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
    house.gateway.set_behaviour(Behaviour::Approve);
    assert_eq!(house.get("/storages/1").await.told(200)["storageStatus"], "available");
    assert!(house.app.verify().unwrap().ok);
}

#[tokio::test]
async fn a_lost_reply_is_told_as_such_and_settled() {
    let house = House::without_worker(Options::insecure()).with_storages(1).await;
    house.gateway.set_behaviour(Behaviour::LostReply);
    let answer = house.post("/reservations", RESERVE).await;
    assert_eq!(answer.header("location"), Some("/reservations/1"));
    assert!(answer.header("retry-after").is_some());
    assert_eq!(answer.told(202)["reservationStatus"], "reqReserve");
    house.gateway.set_behaviour(Behaviour::Approve);
    house.post("/settle", "").await.told(200);
    assert_eq!(house.get("/reservations/1").await.told(200)["reservationStatus"], "reserved");
    assert_eq!(house.get("/payments/1").await.told(200)["paymentStatus"], "paid");
}

#[tokio::test]
async fn a_review_by_storage_is_of_the_latest_reservation_there() {
    let house = House::open(Options::insecure()).with_storages(1).await;
    let review = r#"{"storageId": "1", "rate": "4", "content": "dry"}"#;
    house.post("/reviews", review).await.problem(409, "notRented");
    for (from, until) in [("2026-11-22", "2026-11-23"), ("2026-11-23", "2026-11-24"), ("2026-11-30", "2026-12-01")] {
        let rental = format!(r#"{{"storageId": 1, "from": "{from}", "until": "{until}"}}"#);
        house.post("/reservations", &rental).await.told(201);
    }
    // The first is over, the second has begun, the third is to come.
    house.clock.advance(std::time::Duration::from_secs(24 * 60 * 60));
    house.post("/tick", "").await.told(200);
    let made = house.post("/reviews", review).await;
    assert_eq!(made.header("location"), Some("/reviews/1"));
    assert_eq!(made.told(201)["reservationId"], 2);
    assert_eq!(house.post("/reviews", review).await.told(201)["reservationId"], 1);
    assert_eq!(house.post("/reviews", review).await.status, 409);
    assert_eq!(house.get("/storages/1").await.told(200)["reviewCnt"], 2);
    house.ask("PUT", "/reviews/1", &[], r#"{"rate": 2}"#).await.problem(422, "invalidValue");
    let changed = house.ask("PATCH", "/reviews/1", &[], r#"{"rate": 2}"#).await.told(200);
    assert_eq!((&changed["rate"], &changed["content"]), (&json!(2), &json!("dry")));
    assert_eq!(house.ask("DELETE", "/reviews/1", &[], "").await.status, 204);
    assert_eq!(house.get("/storages/1").await.told(200)["reviewCnt"], 1);
}

#[tokio::test]
async fn what_is_nearly_right_is_refused_too() {
    let house = House::open(Options::insecure()).with_storages(1).await;
    for path in ["/quote?storageId=1&from=2026-12-1", "/quote?storageId=1&from=%2B2026-12-1", "/available?maxPrice=-1"]
    {
        house.get(path).await.problem(422, "invalidValue");
    }
    house.get("/storages/+1").await.problem(404, "notFound");
    house.ask("PUT", "/storages/1", &[], r#"{"price": 5}"#).await.problem(422, "invalidValue");
    house.ask("PUT", "/storages/1", &[], r#"{"description": "dry"}"#).await.problem(422, "invalidValue");
    let quote = house.get("/quote?storageId=1&from=2026-12-01&until=2026-12-05").await.told(200);
    assert_eq!(quote["_links"]["self"]["href"], "/quote?storageId=1&from=2026-12-01&until=2026-12-05");
}

#[tokio::test]
async fn without_tokens_ones_own_are_the_managers_and_no_customers() {
    let house = House::open(Options::insecure()).with_storages(2).await;
    let kim = storagerent::Caller::customer("kim".parse().unwrap());
    house.app.reserve(&kim, storagerent::Reserve::new(2.into())).unwrap();
    house.post("/reservations", RESERVE).await.told(201);
    let mine = house.get("/me/reservations").await.told(200);
    assert_eq!((&mine["page"]["count"], &mine["_embedded"]["reservations"][0]["storageId"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn a_currency_alone_is_no_price() {
    let house = House::open(Options::insecure()).with_storages(1).await;
    let version = house.get("/storages/1").await.header("etag").map(str::to_owned);
    house.ask("PATCH", "/storages/1", &[], r#"{"currency": "KRW"}"#).await;
    assert_eq!(house.get("/storages/1").await.header("etag").map(str::to_owned), version, "nothing was changed");
    let other = house.ask("PATCH", "/storages/1", &[], r#"{"currency": "USD"}"#).await;
    assert!(other.status.is_client_error(), "{}", other.status);
}
