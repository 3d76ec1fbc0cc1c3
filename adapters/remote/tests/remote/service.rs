//! The gateway against the payment service.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use storagerent::payment::Behaviour;
use storagerent::{CancelReservation, GatewayBooks, Money, Outcome, PaymentGateway, ReservationStatus, Reserve};
use storagerent_remote::payment_sim::{Faults, PaymentSim};
use storagerent_remote::{ConfigError, GatewayConfig, HttpGateway, Secret};

use crate::support::{DEADLINE, JSON, Service, call, charge, customer, gateway, kind, rest, storage};

fn plain(sim: PaymentSim) -> PaymentSim {
    sim
}

#[test]
fn money_is_taken_once_and_given_back_once() {
    let service = Service::new(plain);
    let gateway = service.gateway();
    for _ in 0..3 {
        assert_eq!(gateway.charge(&charge(1), DEADLINE), Outcome::Captured);
    }
    assert_eq!(gateway.void(&charge(1), DEADLINE), Outcome::Captured);
    for _ in 0..2 {
        assert_eq!(gateway.refund(&charge(1), DEADLINE), Outcome::Refunded);
    }
    assert_eq!(service.books.entries(), [(charge(1).key, Money::krw(59_000), Money::krw(59_000))]);
}

#[test]
fn a_declined_charge_says_why_and_a_voided_key_is_never_taken() {
    let service = Service::new(plain);
    let gateway = service.gateway();
    service.behave(Behaviour::Decline);
    assert_eq!(gateway.charge(&charge(1), DEADLINE), Outcome::Declined { reason: "card declined".to_owned() });
    service.behave(Behaviour::Approve);
    for _ in 0..2 {
        assert_eq!(kind(&gateway.void(&charge(2), DEADLINE)), "notTaken");
    }
    assert_eq!(kind(&gateway.charge(&charge(2), DEADLINE)), "notTaken");
    assert_eq!(kind(&gateway.refund(&charge(2), DEADLINE)), "refused");
    assert_eq!(service.books.entries(), []);
}

#[test]
fn a_lost_or_late_reply_is_unknown_and_asking_tells() {
    let service = Service::new(plain);
    let gateway = service.gateway();
    service.behave(Behaviour::LostReply);
    assert_eq!(kind(&gateway.charge(&charge(1), DEADLINE)), "unknown");
    service.behave(Behaviour::Slow);
    let begun = Instant::now();
    assert_eq!(kind(&gateway.charge(&charge(2), Duration::from_millis(300))), "unknown");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    for key in [1, 2] {
        assert_eq!(gateway.void(&charge(key), DEADLINE), Outcome::Captured);
    }
}

#[test]
fn a_delayed_reply_within_the_deadline_counts() {
    let service = Service::new(plain);
    service.switches.set(Faults { delay: Some(Duration::from_millis(200)), ..Faults::of(Behaviour::Slow) });
    let begun = Instant::now();
    assert_eq!(service.gateway().charge(&charge(1), DEADLINE), Outcome::Captured);
    assert_eq!(service.gateway().refund(&charge(1), DEADLINE), Outcome::Refunded);
    assert!(begun.elapsed() >= Duration::from_millis(400), "every call is delayed");
}

#[test]
fn a_service_that_is_down_settles_nothing_and_one_that_is_gone_takes_nothing() {
    let service = Service::new(plain);
    service.behave(Behaviour::Down);
    let calls = |gateway: &HttpGateway| {
        [gateway.charge(&charge(1), DEADLINE), gateway.void(&charge(1), DEADLINE), gateway.refund(&charge(1), DEADLINE)]
            .map(|outcome| kind(&outcome))
    };
    assert_eq!(calls(&service.gateway()), ["unknown", "unavailable", "unavailable"]);
    assert_eq!(call(service.served.address, "GET", "/health", "", "").0, 503);
    // Nobody listens on a port that was just given back.
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    assert_eq!(calls(&gateway(free)), ["notTaken", "unavailable", "unavailable"]);
    let told = "the payment service could not be reached: connection refused".to_owned();
    assert_eq!(gateway(free).charge(&charge(1), DEADLINE), Outcome::NotTaken { reason: told });
    let nowhere = HttpGateway::new(GatewayConfig::new("https://no-such-host.invalid")).unwrap();
    assert_eq!(calls(&nowhere), ["notTaken", "unavailable", "unavailable"]);
    assert_eq!(service.books.entries(), []);
}

#[test]
fn a_connection_kept_open_over_a_restart_is_not_a_lost_charge() {
    let first = Service::new(plain);
    let (gateway, address) = (first.gateway(), first.served.address);
    assert_eq!(gateway.charge(&charge(1), DEADLINE), Outcome::Captured);
    drop(first);
    assert_eq!(kind(&gateway.charge(&charge(2), DEADLINE)), "notTaken", "the old connection is seen to be closed");
    let second = Service::new(plain);
    let listener = TcpListener::bind(address).unwrap();
    let sim = PaymentSim::new(std::sync::Arc::clone(&second.books), second.switches.clone());
    let _again = crate::support::Served::on(listener, storagerent_remote::payment_sim::router(sim));
    assert_eq!(gateway.charge(&charge(3), DEADLINE), Outcome::Captured);
}

#[test]
fn without_the_token_nothing_is_shown_or_moved() {
    let token = || Secret::new("canary-token-4711").unwrap();
    let service = Service::new(|sim| sim.token(token()));
    let address = service.served.address;
    let outcome = service.gateway().charge(&charge(1), DEADLINE);
    assert_eq!(kind(&outcome), "unknown");
    for (method, path) in [("GET", "/payments"), ("GET", "/books"), ("GET", "/faults"), ("PUT", "/faults")] {
        let (status, head, body) = call(address, method, path, "Authorization: Bearer canary-token-471\r\n", "{}");
        assert_eq!(status, 401, "{path}");
        assert!(head.contains("application/problem+json") && !body.contains("canary"), "{head} {body}");
    }
    assert_eq!(call(address, "GET", "/health", "", "").0, 200);
    assert_eq!(service.books.entries(), []);
    let config = GatewayConfig::new(format!("http://{address}")).token(token());
    assert!(!format!("{config:?}").contains("4711"));
    let gateway = HttpGateway::new(config).unwrap();
    assert!(!format!("{gateway:?}").contains("4711"), "{gateway:?}");
    assert_eq!(gateway.charge(&charge(1), DEADLINE), Outcome::Captured);
}

#[test]
fn the_books_can_be_read_and_the_faults_switched_while_it_runs() {
    let service = Service::new(plain);
    let (address, gateway) = (service.served.address, service.gateway());
    for key in 1..=3 {
        gateway.charge(&charge(key), DEADLINE);
    }
    gateway.refund(&charge(2), DEADLINE);
    let read = |path: &str| -> serde_json::Value {
        let (status, _, body) = call(address, "GET", path, "", "");
        assert_eq!(status, 200, "{body}");
        serde_json::from_str(&body).unwrap()
    };
    let totals = serde_json::json!([{"currency": "KRW", "payments": 3, "captured": 177_000, "refunded": 59_000}]);
    assert_eq!(read("/books"), totals);
    let rest = read(&format!("/payments?after={}&limit=1", charge(1).key));
    let line = serde_json::json!({"key": charge(2).key, "captured": 59_000, "refunded": 59_000, "currency": "KRW"});
    assert_eq!(rest, serde_json::json!([line]));
    let put = |body: &str| call(address, "PUT", "/faults", JSON, body);
    assert_eq!(put(r#"{"behaviour":"slow","delayMs":7000}"#).0, 200);
    assert_eq!(read("/faults"), serde_json::json!({"behaviour": "slow", "delayMs": 7_000}));
    for wrong in [r#"{"behaviour":"sloth"}"#, r#"{"behaviour":"slow","delayMs":600001}"#, r#"{"delay":1}"#, "", "[]"] {
        assert_eq!(put(wrong).0, 422, "{wrong}");
    }
    assert_eq!(read("/faults")["behaviour"], "slow", "a refused switch switches nothing");
    assert_eq!(put(r#"{"behaviour":"decline"}"#).0, 200);
    assert_eq!(kind(&gateway.charge(&charge(9), DEADLINE)), "declined");
}

#[test]
fn what_is_no_charge_is_refused_by_the_service() {
    let service = Service::new(plain);
    let post = |path: &str, headers: &str, body: &str| call(service.served.address, "POST", path, headers, body).0;
    let keyed = format!("{JSON}Idempotency-Key: {}\r\n", charge(1).key);
    let body = r#"{"paymentId":1,"reservationId":1,"price":59000,"currency":"KRW"}"#;
    assert_eq!(post("/payments", JSON, body), 422, "no key");
    assert_eq!(post("/payments", &keyed, &body.replace("59000", "0")), 422);
    assert_eq!(post("/payments", &keyed, &body.replace("KRW", "XXXX")), 422);
    assert_eq!(post("/payments", &keyed, "{}"), 422);
    assert_eq!(post("/payments", &keyed.replace("application/json", "text/plain"), body), 422);
    assert_eq!(post("/payments/1/void", JSON, body), 422);
    assert_eq!(post("/elsewhere", &keyed, body), 404);
    assert_eq!(call(service.served.address, "DELETE", "/payments", "", "").0, 405);
    assert_eq!(service.books.entries(), []);
    assert_eq!(post("/payments", &keyed, body), 200);
}

#[test]
fn the_outage_scene_a_service_stopped_and_started_again() {
    let service = Service::new(plain);
    let app = storagerent::in_memory(service.gateway()).unwrap();
    app.set(&storagerent::Caller::manager(), "breakerFailures", "1000").unwrap();
    let storages: Vec<_> = (0..4).map(|_| storage(&app, 59_000)).collect();
    let kim = customer("kim");
    let first = app.reserve(&kim, Reserve::new(storages[0])).unwrap();
    service.behave(Behaviour::Down);
    assert_eq!(app.reserve(&kim, Reserve::new(storages[1])).unwrap_err().code(), "outcomeUnknown");
    service.behave(Behaviour::LostReply);
    assert_eq!(app.reserve(&kim, Reserve::new(storages[2])).unwrap_err().code(), "outcomeUnknown");
    service.behave(Behaviour::Approve);
    app.reserve(&kim, Reserve::new(storages[3])).unwrap();
    app.cancel(&kim, CancelReservation { reservation_id: first.booking.reservation_id }).unwrap();
    rest(&app);
    let all = app.reservations(&Default::default(), Default::default()).unwrap();
    let statuses: Vec<_> = all.iter().map(|r| r.reservation_status).collect();
    use ReservationStatus::{Cancelled, Rejected, Reserved};
    assert_eq!(statuses, [Cancelled, Rejected, Reserved, Reserved]);
    let kept: i64 = service.books.entries().iter().map(|(_, taken, back)| taken.amount() - back.amount()).sum();
    assert_eq!(kept, 2 * 59_000);
    assert!(app.verify().unwrap().ok);
}

#[test]
fn a_gateway_is_not_made_for_an_address_it_may_not_call() {
    let made = HttpGateway::new(GatewayConfig::new("http://pay.example"));
    assert!(matches!(made, Err(ConfigError::PlainHttp { .. })), "{made:?}");
    assert!(HttpGateway::new(GatewayConfig::new("http://pay.example").allow_plain_http()).is_ok());
    assert_eq!(HttpGateway::new(GatewayConfig::new("https://pay.example").name("bank")).unwrap().name(), "bank");
}
