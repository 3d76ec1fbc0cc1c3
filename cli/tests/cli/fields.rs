//! The fields of every object, to the letter: all present, null where empty.

use serde_json::Value;

use crate::support::Site;

fn assert_fields(object: &Value, fields: &str) {
    let mut found: Vec<&str> = object.as_object().unwrap().keys().map(String::as_str).collect();
    let mut promised: Vec<&str> = fields.split_whitespace().collect();
    found.sort_unstable();
    promised.sort_unstable();
    assert_eq!(found, promised);
}

const STORAGE: &str = "storageId description price currency per storageStatus reviewCnt rating withdrawn";
const RESERVATION: &str = "reservationId storageId customer from until price currency reservationStatus paymentId \
                           holdExpiresAt paidUntil correlationId";
const PAYMENT: &str = "paymentId reservationId storageId price currency paymentStatus";
const REVIEW: &str = "reviewId reservationId storageId rate content";
const VIEW: &str = "storageId storageStatus description price currency reservationId reservationStatus from until \
                    paymentId paymentStatus reviewCnt rating";

#[test]
fn storages() {
    let site = Site::new();
    let line = ["storage", "register", "--description", " 강남 소형 1평 ", "--price", "189.00", "--currency", "USD"];
    let row = site.ok(&line);
    assert_fields(&row, STORAGE);
    assert_eq!((&row["storageId"], &row["price"], &row["per"]), (&1.into(), &18_900.into(), &"rental".into()));
    assert_eq!((&row["description"], &row["rating"]), (&"강남 소형 1평".into(), &Value::Null));
    let modified = site.ok(&["storage", "modify", "1", "--price", "190.5", "--withdrawn", "true", "--per", "month"]);
    assert_fields(&modified, STORAGE);
    assert_eq!((&modified["price"], &modified["withdrawn"]), (&19_050.into(), &true.into()));
    assert_eq!(site.ok(&["storage", "show", "1"]), modified);
    assert_eq!(site.ok(&["storage", "list"]), Value::Array(vec![modified.clone()]));
    assert_fields(&site.ok(&["storage", "delete", "1"]), STORAGE);
    assert_eq!(site.ok(&["storage", "list"]), Value::Array(vec![]));
}

#[test]
fn reservations_payments_messages_and_the_view() {
    let site = Site::with_storages();
    let row = site.ok(&["reserve", "3", "--customer", "kim"]);
    assert_fields(&row, RESERVATION);
    assert_eq!((&row["from"], &row["until"]), (&"2026-11-22".into(), &Value::Null));
    assert_eq!((&row["paidUntil"], &row["holdExpiresAt"]), (&"2026-12-22".into(), &Value::Null));
    assert_eq!(site.ok(&["reservation", "show", "1"]), row);
    assert_eq!(site.ok(&["reservation", "list"])[0], row);
    let payment = site.ok(&["payment", "show", "1"]);
    assert_fields(&payment, PAYMENT);
    assert_eq!((&payment["price"], &payment["paymentStatus"]), (&18_900.into(), &"paid".into()));
    assert_eq!(site.ok(&["payment", "list"])[0], payment);
    let messages = site.ok(&["message", "list", "--customer", "kim"]);
    assert_eq!((messages.as_array().unwrap().len(), &messages[0]["kind"]), (1, &"ReservationConfirmed".into()));
    for field in "messageId reservationId storageId customer kind content".split(' ') {
        assert!(!messages[0][field].is_null(), "{field}");
    }
    let view = site.ok(&["view", "3"]);
    assert_fields(&view, VIEW);
    assert_eq!((&view["storageStatus"], &view["paymentStatus"]), (&"reserved".into(), &"paid".into()));
    let all = site.ok(&["view"]);
    assert_eq!((all.as_array().unwrap().len(), &all[2]), (3, &view));
    assert_fields(&all[0], VIEW);
    assert_eq!((&all[0]["reservationId"], &all[0]["from"]), (&Value::Null, &Value::Null));
    assert_eq!(site.ok(&["view", "--status", "reserved"]), Value::Array(vec![view]));
    let cancelled = site.ok(&["cancel", "1", "--customer", "kim"]);
    assert_fields(&cancelled, RESERVATION);
    assert_eq!(cancelled["reservationStatus"], "cancelled");
}

#[test]
fn reviews_and_ratings() {
    let site = Site::with_storages();
    site.ok(&["reserve", "1", "--customer", "kim"]);
    let row = site.ok(&["review", "add", "1", "--customer", "kim", "--rating", "4", "--content", "좋아요"]);
    assert_fields(&row, REVIEW);
    assert_eq!((&row["rate"], &row["content"]), (&4.into(), &"좋아요".into()));
    // One decimal, also where it is zero.
    let raw = site.json(&["storage", "show", "1"]).stdout;
    assert!(raw.contains("\"reviewCnt\":1,\"rating\":4.0,"), "{raw}");
    let changed = site.ok(&["review", "modify", "1", "--customer", "kim", "--rating", "5"]);
    assert_eq!((&changed["rate"], &changed["content"]), (&5.into(), &"좋아요".into()));
    assert_eq!(site.ok(&["review", "list", "--storage", "1"])[0], changed);
    assert_eq!(site.ok(&["review", "list", "--storage", "2"]), Value::Array(vec![]));
    assert_eq!(site.ok(&["review", "delete", "1", "--customer", "kim"])["reviewId"], 1);
    assert_eq!(site.ok(&["storage", "show", "1"])["rating"], Value::Null);
}

#[test]
fn events_are_one_object_per_line() {
    let site = Site::with_storages();
    let row = site.ok(&["reserve", "1", "--customer", "kim"]);
    let lines = |args: &[&str]| -> Vec<Value> {
        let answer = site.json(&[&["event", "list"], args].concat());
        assert_eq!(answer.code, 0);
        answer.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = lines(&[]);
    for (at, event) in all.iter().enumerate() {
        assert_eq!(event["sequence"], at + 1);
        for field in ["eventType", "occurredAt", "correlationId"] {
            assert!(event[field].is_string(), "{event}");
        }
        assert!(event["causationId"].is_null() || event["causationId"].is_u64());
        assert!(event.get("causationId").is_some());
        assert!(event["storageId"].is_u64(), "its own fields: {event}");
    }
    let id = row["correlationId"].as_str().unwrap();
    let names: Vec<String> =
        lines(&["--correlation", id]).iter().map(|e| e["eventType"].as_str().unwrap().to_owned()).collect();
    let promised =
        ["ReservationCreated", "PaymentRequested", "PaymentApproved", "ReservationConfirmed", "StorageReserved"];
    assert_eq!(names, promised);
    assert_eq!(lines(&["--after", "3", "--limit", "2"]), all[3..5]);
    assert_eq!(lines(&["--after", "99"]), Vec::<Value>::new());
}

#[test]
fn lists_take_limit_and_after() {
    let site = Site::with_storages();
    for id in ["1", "3"] {
        site.ok(&["reserve", id, "--customer", "kim"]);
    }
    for list in [
        &["storage", "list"][..],
        &["reservation", "list"],
        &["payment", "list"],
        &["message", "list"],
        &["view"],
        &["available", "--from", "2026-11-23", "--until", "2026-11-24"],
        &["consumer", "list"],
    ] {
        let all = site.ok(list);
        let all = all.as_array().unwrap();
        assert_eq!(site.ok(&[list, &["--limit", "1"]].concat()), Value::Array(all[..1].to_vec()), "{list:?}");
        assert_eq!(site.ok(&[list, &["--limit", "0"]].concat()), Value::Array(vec![]), "{list:?}");
        let key = match list[0] {
            "consumer" => all[0]["name"].as_str().unwrap().to_owned(),
            "view" | "available" => all[0]["storageId"].to_string(),
            noun => all[0][format!("{noun}Id")].to_string(),
        };
        assert_eq!(site.ok(&[list, &["--after", &key]].concat()), Value::Array(all[1..].to_vec()), "{list:?}");
    }
}

#[test]
fn quotes_and_what_is_available() {
    let site = Site::with_storages();
    let quote = site.ok(&["quote", "3", "--from", "2027-01-31", "--until", "2027-03-01"]);
    let promised = "storageId from until price currency per unitPrice paidUntil days months partMonth".to_owned();
    assert_fields(&quote, &promised);
    assert_eq!((&quote["price"], &quote["months"], &quote["partMonth"]["of"]), (&19_510.into(), &1.into(), &31.into()));
    let ids = |args: &[&str]| -> Vec<u64> {
        let free = site.ok(&[&["available"], args].concat());
        free.as_array().unwrap().iter().map(|row| row["storageId"].as_u64().unwrap()).collect()
    };
    assert_eq!(ids(&[]), [1, 3], "open-ended, a storage by the day has no price");
    assert_eq!(ids(&["--until", "2026-11-24"]), [1, 2, 3]);
    assert_eq!(ids(&["--until", "2026-11-24", "--max-price", "2000"]), [2, 3]);
    assert_eq!(ids(&["--until", "2026-11-25", "--max-price", "2000"]), [3]);
    site.ok(&["storage", "modify", "1", "--withdrawn", "true"]);
    site.ok(&["reserve", "3", "--from", "2026-12-01", "--until", "2026-12-05"]);
    assert_eq!(ids(&[]), Vec::<u64>::new());
    assert_eq!(ids(&["--from", "2026-12-05"]), [3]);
    let free = site.ok(&["available", "--from", "2026-12-05"]);
    assert_fields(&free[0], &format!("{STORAGE} quote"));
}

#[test]
fn reports() {
    let site = Site::with_storages();
    assert_fields(&site.ok(&["tick"]), "expired started ended");
    assert_fields(&site.ok(&["settle"]), "asked effects");
    assert_fields(&site.ok(&["run-due"]), "ticked settled effects consumed nextAt");
    assert_fields(&site.ok(&["status"]), "now today zone events counts consumers breaker nextAt");
    assert_fields(&site.ok(&["verify"]), "ok events rows findings");
    let settings = "zone holdMinutes breakerFailures breakerOpenSeconds deadlineSeconds language gateway";
    assert_fields(&site.ok(&["settings", "show"]), settings);
    assert_eq!(site.ok(&["settings", "set", "holdMinutes", "7"])["holdMinutes"], 7);
    let consumer = "name cursor paused attempts retryAt lastError behind";
    let consumers = site.ok(&["consumer", "list"]);
    assert_eq!(consumers.as_array().unwrap().len(), 4);
    assert_fields(&consumers[0], consumer);
    for verb in ["pause", "resume", "replay"] {
        let row = site.ok(&["consumer", verb, "message"]);
        assert_fields(&row, consumer);
        assert_eq!((&row["name"], &row["paused"]), (&"message".into(), &(verb == "pause").into()), "{verb}");
    }
    assert_fields(&site.ok(&["consumer", "run"]), "consumed effects");
    assert_eq!(site.ok(&["dead-letter", "list"]), Value::Array(vec![]));
    let info = "path schemaVersion sqliteVersion journalMode pageSize fileBytes events";
    assert_fields(&site.ok(&["db", "info"]), info);
}
