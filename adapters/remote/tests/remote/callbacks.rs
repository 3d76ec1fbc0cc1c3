//! What the payment service tells unasked.

use std::time::{Duration, Instant};

use storagerent::chrono::{DateTime, TimeDelta, Utc};
use storagerent::payment::Behaviour;
use storagerent::{App, Key, Options, PaymentStatus, ReservationStatus, Reserve};
use storagerent_remote::payment_sim::CallbackConfig;
use storagerent_remote::{Secret, callback_router, signature};

use crate::support::{JSON, Served, Service, call, customer, rest, secret, storage};

/// A site with one reservation whose payment's outcome is not known, and its key.
fn in_doubt() -> (App, Key) {
    let app =
        storagerent::over(std::sync::Arc::new(storagerent::memory::MemoryStore::new()), Options::without_gateway())
            .unwrap();
    let id = storage(&app, 59_000);
    app.reserve(&customer("kim"), Reserve::new(id)).unwrap();
    let charge = app.due_effects(1).unwrap().remove(0);
    app.complete(&charge, storagerent::Outcome::Unknown { reason: "lost".to_owned() }).unwrap();
    (app, charge.key)
}

fn body(key: Key, outcome: &str) -> String {
    serde_json::json!({"id": "1", "key": key, "outcome": outcome, "reason": "why", "price": 59_000, "currency": "KRW"})
        .to_string()
}

fn post_at(served: &Served, body: &str, secret: &Secret, at: DateTime<Utc>) -> (u16, serde_json::Value) {
    let signed = signature::sign(secret, at, body.as_bytes());
    let headers = format!("{JSON}Storagerent-Signature: {signed}\r\n");
    let (status, _, body) = call(served.address, "POST", "/payment-callbacks", &headers, body);
    (status, serde_json::from_str(&body).unwrap_or_default())
}

fn post(served: &Served, body: &str) -> (u16, serde_json::Value) {
    post_at(served, body, &secret(), Utc::now())
}

fn status_of(app: &App) -> (ReservationStatus, PaymentStatus) {
    (app.reservation(1.into()).unwrap().reservation_status, app.payment(1.into()).unwrap().payment_status)
}

#[test]
fn a_callback_settles_what_was_in_doubt_and_once() {
    for (outcome, reservation, payment) in [
        ("captured", ReservationStatus::Reserved, PaymentStatus::Paid),
        ("declined", ReservationStatus::Rejected, PaymentStatus::Declined),
        ("notTaken", ReservationStatus::Rejected, PaymentStatus::Voided),
    ] {
        let (app, key) = in_doubt();
        let served = Served::new(callback_router(app.clone(), secret()));
        let (status, heard) = post(&served, &body(key, outcome));
        assert_eq!((status, &heard["paymentStatus"]), (200, &serde_json::to_value(payment).unwrap()));
        assert_eq!(status_of(&app), (reservation, payment), "{outcome}");
        let events = app.status().unwrap().events;
        for _ in 0..3 {
            assert_eq!(post(&served, &body(key, outcome)).0, 200, "told again");
        }
        assert_eq!(app.status().unwrap().events, events, "nothing happens twice");
        assert!(app.verify().unwrap().ok);
    }
}

#[test]
fn a_contradiction_books_nothing_and_is_parked_once() {
    let (app, key) = in_doubt();
    let served = Served::new(callback_router(app.clone(), secret()));
    post(&served, &body(key, "captured"));
    for _ in 0..3 {
        let (status, heard) = post(&served, &body(key, "declined"));
        assert_eq!((status, heard["paymentStatus"].as_str()), (200, Some("paid")));
    }
    assert_eq!(app.status().unwrap().counts.dead_letters, 1);
    assert_eq!(status_of(&app), (ReservationStatus::Reserved, PaymentStatus::Paid));
}

#[test]
fn who_does_not_sign_is_not_heard() {
    let (app, key) = in_doubt();
    let served = Served::new(callback_router(app.clone(), secret()));
    let (body, events) = (body(key, "captured"), app.status().unwrap().events);
    let other = Secret::new("another-secret").unwrap();
    assert_eq!(post_at(&served, &body, &other, Utc::now()).0, 401);
    assert_eq!(post_at(&served, &body, &secret(), Utc::now() - TimeDelta::seconds(310)).0, 401);
    assert_eq!(post_at(&served, &body, &secret(), Utc::now() + TimeDelta::seconds(310)).0, 401);
    let signed = signature::sign(&secret(), Utc::now(), body.as_bytes());
    let changed = body.replace("59000", "59001");
    for (headers, body) in [
        (JSON.to_owned(), &body),
        (format!("{JSON}Storagerent-Signature: \r\n"), &body),
        (format!("{JSON}Storagerent-Signature: {signed}\r\n"), &changed),
    ] {
        let (status, head, problem) = call(served.address, "POST", "/payment-callbacks", &headers, body);
        assert_eq!(status, 401);
        assert!(head.contains("application/problem+json"), "{head}");
        let problem: serde_json::Value = serde_json::from_str(&problem).unwrap();
        assert_eq!((&problem["status"], &problem["code"]), (&401.into(), &"badSignature".into()));
    }
    assert_eq!(app.status().unwrap().events, events);
}

#[test]
fn what_was_never_asked_for_is_not_found_and_what_is_no_callback_is_refused() {
    let (app, key) = in_doubt();
    let served = Served::new(callback_router(app.clone(), secret()));
    let events = app.status().unwrap().events;
    assert_eq!(post(&served, &body(Key::new(1), "captured")).1["code"], "paymentKeyNotFound");
    for (body, status) in [
        (body(Key::new(1), "captured"), 404),
        (body(key, "captured").replace("59000", "1"), 404),
        (body(key, "captured").replace("KRW", "USD"), 404),
        (body(key, "refunded"), 422),
        (body(key, "lost"), 400),
        (String::new(), 400),
        ("[".repeat(10_000), 400),
        (" ".repeat(64 * 1024), 400),
        (" ".repeat(64 * 1024 + 1), 413),
    ] {
        assert_eq!(post(&served, &body).0, status, "{}", &body[..body.len().min(80)]);
    }
    // Who announces too much is told before it comes.
    let mut stream = std::net::TcpStream::connect(served.address).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(5))).unwrap();
    let head = "POST /payment-callbacks HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 65537\r\n\r\n";
    std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
    let mut told = [0; 12];
    std::io::Read::read_exact(&mut stream, &mut told).unwrap();
    assert_eq!(&told, b"HTTP/1.1 413");
    assert_eq!(call(served.address, "GET", "/payment-callbacks", "", "").0, 405);
    assert_eq!(app.status().unwrap().events, events);
    assert_eq!(status_of(&app), (ReservationStatus::ReqReserve, PaymentStatus::Requested));
}

#[test]
fn the_payment_service_tells_what_its_reply_did_not() {
    // Each side must know where the other listens.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/payment-callbacks", listener.local_addr().unwrap());
    let service = Service::new(|sim| sim.callback(CallbackConfig::new(url, secret())).unwrap());
    let app = storagerent::in_memory(service.gateway()).unwrap();
    let _ear = Served::on(listener, callback_router(app.clone(), secret()));
    app.set(&storagerent::Caller::manager(), "deadlineSeconds", "1").unwrap();
    for (n, behaviour) in [Behaviour::LostReply, Behaviour::Slow].into_iter().enumerate() {
        service.behave(behaviour);
        let id = storage(&app, 59_000);
        let refused = app.reserve(&customer("kim"), Reserve::new(id));
        // A slow one's callback comes before the deadline is over: then the answer is known after all.
        assert!(refused.is_ok() || refused.unwrap_err().code() == "outcomeUnknown");
        let begun = Instant::now();
        let reservation = n as u64 + 1;
        while app.reservation(reservation.into()).unwrap().reservation_status != ReservationStatus::Reserved {
            assert!(begun.elapsed() < Duration::from_secs(10), "{behaviour}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    assert_eq!(storagerent::GatewayBooks::entries(&*service.books).len(), 2);
    assert_eq!(service.books.calls().voids, 0, "nobody had to ask");
    rest(&app);
    assert!(app.verify().unwrap().ok);
}
