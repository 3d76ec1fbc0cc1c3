//! Messages to a service of one's own.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use storagerent::chrono::Utc;
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::{Caller, Options, Reserve};
use storagerent_remote::payment_sim::CallbackConfig;
use storagerent_remote::{GatewayConfig, Secret, WebhookConfig, WebhookNotifier, signature};

use crate::support::{Served, customer, secret, storage};

/// What came in: the id by its headers and its body.
type Came = Arc<Mutex<Vec<(String, serde_json::Value)>>>;

/// A receiver that answers these statuses in turn, then 204, and checks every signature.
fn receiver(statuses: &[u16]) -> (Served, Came) {
    let came = Came::default();
    let (seen, statuses) = (Arc::clone(&came), Mutex::new(statuses.iter().copied().collect::<VecDeque<_>>()));
    let statuses = Arc::new(statuses);
    let take = move |headers: HeaderMap, body: Bytes| async move {
        let header = |name: &str| headers[name].to_str().unwrap().to_owned();
        let signed = header("storagerent-signature");
        signature::verify(&secret(), &signed, &body, Utc::now(), signature::TOLERANCE).unwrap();
        assert_eq!(header("webhook-id"), header("idempotency-key"));
        assert_eq!(header("content-type"), "application/json");
        seen.lock().unwrap().push((header("webhook-id"), serde_json::from_slice(&body).unwrap()));
        StatusCode::from_u16(statuses.lock().unwrap().pop_front().unwrap_or(204)).unwrap()
    };
    (Served::new(Router::new().route("/hook", post(take))), came)
}

fn site(url: String) -> storagerent::App {
    let notifier = WebhookNotifier::new(WebhookConfig::new(url, secret()).deadline(Duration::from_secs(2))).unwrap();
    let options = Options::new(SimulatedGateway::in_memory(Behaviour::Approve)).notifier(notifier);
    let app = storagerent::over(Arc::new(storagerent::memory::MemoryStore::new()), options).unwrap();
    let id = storage(&app, 59_000);
    app.reserve(&customer("kim"), Reserve::new(id)).unwrap();
    app
}

fn run(app: &storagerent::App) {
    app.hurry(&Caller::manager()).unwrap();
    app.run_due().unwrap();
}

#[test]
fn a_message_is_tried_again_under_one_id_until_it_is_taken() {
    let (served, came) = receiver(&[503, 429, 408, 500]);
    let app = site(served.url("/hook"));
    for _ in 0..8 {
        run(&app);
    }
    let came = came.lock().unwrap();
    assert_eq!(came.len(), 5, "four times in vain, once for good");
    assert!(came.iter().all(|(id, body)| *id == came[0].0 && body["id"] == came[0].0.as_str() && *body == came[0].1));
    assert_eq!((&came[0].1["kind"], &came[0].1["customer"]), (&"ReservationConfirmed".into(), &"kim".into()));
    let counts = app.status().unwrap().counts;
    assert_eq!((counts.effects_open, counts.dead_letters), (0, 0));
}

#[test]
fn a_refused_message_is_parked_and_not_sent_again() {
    let (served, came) = receiver(&[410]);
    let app = site(served.url("/hook"));
    for _ in 0..3 {
        run(&app);
    }
    assert_eq!(came.lock().unwrap().len(), 1);
    let letters = app.dead_letters(Default::default()).unwrap();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].reason.contains("410"), "{}", letters[0].reason);
    assert!(!letters[0].reason.contains("/hook"), "an address may be a secret");
    app.retry_dead_letter(&Caller::manager(), letters[0].dead_letter_id).unwrap();
    run(&app);
    let came = came.lock().unwrap();
    assert_eq!((came.len(), &came[0].0), (2, &came[1].0), "again under the same id");
}

#[test]
fn a_receiver_that_is_gone_is_waited_for() {
    let (served, came) = receiver(&[]);
    let url = served.url("/hook");
    drop(served);
    let app = site(url);
    run(&app);
    let counts = app.status().unwrap().counts;
    assert_eq!((counts.effects_open, counts.dead_letters, came.lock().unwrap().len()), (1, 0, 0));
}

#[test]
fn a_notifier_shows_neither_its_secret_nor_its_path() {
    let config =
        WebhookConfig::new("https://hooks.example/canary-path?canary=1", Secret::new("canary-secret").unwrap());
    assert!(!format!("{config:?}").contains("canary"), "{config:?}");
    let notifier = WebhookNotifier::new(config.channel("slack")).unwrap();
    assert_eq!(storagerent::Notifier::channel(&notifier), "slack");
    assert!(!format!("{notifier:?}").contains("canary"), "{notifier:?}");
    let callback = CallbackConfig::new("https://hooks.example/canary", Secret::new("canary-secret").unwrap());
    let gateway = GatewayConfig::new("https://kim:canary@pay.example/canary");
    assert!(!format!("{callback:?} {gateway:?}").contains("canary"), "{callback:?} {gateway:?}");
}
