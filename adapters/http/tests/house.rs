//! A gateway over an empty site, asked without a network.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use serde_json::Value;
use storagerent::chrono::{DateTime, Utc};
use storagerent::clock::ManualClock;
use storagerent::effect::{Charge, Outcome};
use storagerent::memory::MemoryStore;
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::sqlite::SqliteStore;
use storagerent::{App, DrivenStore, PaymentGateway, Store, Worker};
use storagerent_http::{Options, router};
use tower::ServiceExt as _;

/// A morning in Seoul.
pub(crate) const MORNING: &str = "2026-11-22T03:00:00Z";
/// What every problem has.
const PROBLEM_FIELDS: [&str; 9] =
    ["type", "title", "status", "detail", "hint", "code", "field", "correlationId", "retryAfter"];

pub(crate) struct House {
    pub(crate) app: App,
    pub(crate) router: Router,
    pub(crate) clock: ManualClock,
    pub(crate) gateway: Arc<SimulatedGateway>,
}

pub(crate) fn morning() -> DateTime<Utc> {
    MORNING.parse().unwrap()
}

impl House {
    /// Over a store in memory, with a worker that is woken by each change.
    pub(crate) fn open(options: Options) -> Self {
        House::over(Arc::new(DrivenStore::new(Arc::new(MemoryStore::new())).unwrap()), options, true)
    }

    /// The same over SQLite.
    pub(crate) fn on_sqlite(options: Options) -> Self {
        let store = Arc::new(SqliteStore::in_memory().unwrap());
        House::over(Arc::new(DrivenStore::new(store).unwrap()), options, true)
    }

    /// Nobody does what is due but who asks for it.
    pub(crate) fn without_worker(options: Options) -> Self {
        House::over(Arc::new(DrivenStore::new(Arc::new(MemoryStore::new())).unwrap()), options, false)
    }

    /// Over any store, with a worker or without.
    pub(crate) fn over(store: Arc<dyn Store>, options: Options, is_driven: bool) -> Self {
        let clock = ManualClock::at(morning());
        let gateway = Arc::new(SimulatedGateway::in_memory(Behaviour::Approve));
        let wiring = storagerent::Options::new(Arc::clone(&gateway)).clock(clock.clone());
        let app = storagerent::over(store, wiring).unwrap();
        let options = if is_driven {
            let worker = Worker::spawn(app.clone()).unwrap();
            options.on_written(move || worker.wake())
        } else {
            options
        };
        House { router: router(app.clone(), options), app, clock, gateway }
    }

    /// Over a payment service that takes so long for each charge.
    pub(crate) fn late(options: Options, by: Duration) -> (Self, Arc<Late>) {
        let service = Arc::new(SimulatedGateway::in_memory(Behaviour::Approve));
        let late = Arc::new(Late { service: Arc::clone(&service), by, is_called: AtomicBool::new(false) });
        let clock = ManualClock::at(morning());
        let wiring = storagerent::Options::new(Arc::clone(&late)).clock(clock.clone());
        let store = Arc::new(DrivenStore::new(Arc::new(MemoryStore::new())).unwrap());
        let app = storagerent::over(store, wiring).unwrap();
        (House { router: router(app.clone(), options), app, clock, gateway: service }, late)
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Asks with headers, and a body if it is not empty.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !body.is_empty() && !headers.iter().any(|(name, _)| *name == "content-type") {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], "").await
    }

    pub(crate) async fn post(&self, path: &str, body: &str) -> Answer {
        self.ask("POST", path, &[], body).await
    }

    /// As many storages as asked for, at 200,000 won.
    pub(crate) async fn with_storages(self, count: u32) -> Self {
        for _ in 0..count {
            let made = self.app.register_async(&storagerent::Caller::manager(), big_storage()).await;
            made.unwrap();
        }
        self
    }
}

/// A payment service that takes its time.
pub(crate) struct Late {
    service: Arc<SimulatedGateway>,
    by: Duration,
    is_called: AtomicBool,
}

impl Late {
    /// Waits until somebody is to be charged.
    pub(crate) async fn called(&self) {
        while !self.is_called.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

impl PaymentGateway for Late {
    fn charge(&self, charge: &Charge, deadline: Duration) -> Outcome {
        self.is_called.store(true, Ordering::SeqCst);
        std::thread::sleep(self.by);
        self.service.charge(charge, deadline)
    }

    fn void(&self, charge: &Charge, deadline: Duration) -> Outcome {
        self.service.void(charge, deadline)
    }

    fn refund(&self, charge: &Charge, deadline: Duration) -> Outcome {
        self.service.refund(charge, deadline)
    }
}

pub(crate) fn big_storage() -> storagerent::RegisterStorage {
    let rate = storagerent::Rate::flat(storagerent::Money::krw(200_000)).unwrap();
    storagerent::RegisterStorage { description: "BigStorage".parse().unwrap(), rate }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {} {:?}", self.status, self.body))
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub(crate) fn told(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{:?}", self.body);
        self.json()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// The refusal with this status and code; it has all that a problem has.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.told(status);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let fields: Vec<_> = problem.as_object().unwrap().keys().map(String::as_str).collect();
        for name in PROBLEM_FIELDS {
            assert!(fields.contains(&name), "{name} is not in {problem}");
        }
        assert_eq!(fields.len(), PROBLEM_FIELDS.len(), "{problem}");
        assert_eq!(problem["status"], status);
        assert_eq!(problem["code"], code, "{problem}");
        assert_eq!(problem["type"], format!("urn:storagerent:{code}"));
        assert_eq!(problem["correlationId"].as_str(), self.header("x-correlation-id"), "{problem}");
        let wait = problem["retryAfter"].as_u64().map(|wait| wait.to_string());
        if wait.is_some() || status == 503 {
            assert_eq!(self.header("retry-after").map(str::to_owned), wait.or(Some("1".to_owned())), "{problem}");
        }
        problem
    }
}
