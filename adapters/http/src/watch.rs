//! What an operator watches: metrics for Prometheus, and one line of log for each request.
//!
//! Neither has a path, a query, a header or a body in it: only the route, what was refused, and the correlation id. An error of the
//! site's own is in the log with its words, which no caller is told.

use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use axum::response::Response;
use prometheus::{
    Encoder as _, GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, IntGauge, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use storagerent::{App, BreakerState, CorrelationId, Error, OpenEffects, Status};

use crate::admission::Admission;
use crate::problem::Code;

/// The route of what is under no route.
pub(crate) const NO_ROUTE: &str = "none";

/// The status that a request is counted under whose client has left; nobody is answered with it.
const CLIENT_LEFT: u16 = 499;

/// In seconds: an answer from memory takes a fraction of a millisecond, a payment service at its worst its deadline.
const LATENCIES: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0];

/// The effects there are.
const EFFECTS: [&str; 4] = ["charge", "void", "refund", "deliver"];

/// Counts and measures; each gateway has its own, so that several in one process do not mix.
pub(crate) struct Watch {
    registry: Registry,
    started: Instant,
    requests: IntCounterVec,
    durations: HistogramVec,
    in_flight: IntGauge,
    refused: IntCounterVec,
    uptime: IntGauge,
    queue_depth: IntGauge,
    queue_max: IntGauge,
    breaker: IntGaugeVec,
    lag: IntGaugeVec,
    paused: IntGaugeVec,
    effects: IntGaugeVec,
    oldest: GaugeVec,
    dead_letters: IntGauge,
    reservations: IntGaugeVec,
    holds: IntGauge,
    storages: IntGauge,
    messages: IntGauge,
    events: IntGauge,
}

fn opts(name: &str, help: &str) -> Opts {
    Opts::new(format!("storagerent_{name}"), help)
}

/// Every name is ours and written once: a registry refuses only what is wrong in this file.
const OURS: &str = "names and labels are well formed, and each is registered once";

impl Watch {
    pub(crate) fn new() -> Self {
        let registry = Registry::new();
        let gauge = |name, help| {
            let gauge = IntGauge::with_opts(opts(name, help)).expect(OURS);
            registry.register(Box::new(gauge.clone())).expect(OURS);
            gauge
        };
        let gauges = |name, help, labels: &[&str]| {
            let gauges = IntGaugeVec::new(opts(name, help), labels).expect(OURS);
            registry.register(Box::new(gauges.clone())).expect(OURS);
            gauges
        };
        let counters = |name, help, labels: &[&str]| {
            let counters = IntCounterVec::new(opts(name, help), labels).expect(OURS);
            registry.register(Box::new(counters.clone())).expect(OURS);
            counters
        };
        let durations = HistogramOpts::from(opts("http_request_duration_seconds", "How long requests took"));
        let durations = HistogramVec::new(durations.buckets(LATENCIES.to_vec()), &["method", "route"]).expect(OURS);
        registry.register(Box::new(durations.clone())).expect(OURS);
        let oldest = opts("effects_oldest_seconds", "For how long the oldest effect of a kind has not been done");
        let oldest = GaugeVec::new(oldest, &["kind"]).expect(OURS);
        registry.register(Box::new(oldest.clone())).expect(OURS);
        gauges("build_info", "The version that runs", &["version"])
            .with_label_values(&[env!("CARGO_PKG_VERSION")])
            .set(1);
        let refused = counters("http_refused_total", "Requests turned away with nothing done, by reason", &["reason"]);
        ["queue", "rate", "streams", "payments"].iter().for_each(|reason| refused.with_label_values(&[reason]).reset());
        Watch {
            started: Instant::now(),
            requests: counters(
                "http_requests_total",
                "Requests answered, and as 499 those whose client left before",
                &["method", "route", "status"],
            ),
            in_flight: gauge("http_requests_in_flight", "Requests not answered yet"),
            uptime: gauge("uptime_seconds", "Since when this process has served"),
            queue_depth: gauge("writer_queue_depth", "Changes let in and not answered yet"),
            queue_max: gauge("writer_queue_max", "Changes that are let in at once"),
            breaker: gauges("breaker_state", "1 for the state the circuit breaker of this process is in", &["state"]),
            lag: gauges("consumer_lag", "Events a consumer has not seen", &["consumer"]),
            paused: gauges("consumer_paused", "1 for a consumer that is paused", &["consumer"]),
            effects: gauges("effects_open", "Effects that are not done, by kind", &["kind"]),
            dead_letters: gauge("dead_letters_open", "Dead letters that wait for a person"),
            reservations: gauges("reservations", "Reservations, by status", &["status"]),
            holds: gauge("holds_open", "Reservations whose payment is not known yet"),
            storages: gauge("storages", "Storages there are"),
            messages: gauge("messages", "Messages told"),
            events: gauge("events", "The length of the log"),
            registry,
            durations,
            refused,
            oldest,
        }
    }

    /// A request begins; it ends when what is returned is dropped.
    pub(crate) fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight { gauge: self.in_flight.clone(), begun: Instant::now() }
    }

    /// A request was answered.
    pub(crate) fn answered(
        &self,
        method: &Method,
        route: &str,
        response: &Response,
        took: Duration,
        id: &CorrelationId,
    ) {
        let code = response.extensions().get::<Code>().map(|Code(code)| code.as_str());
        self.count(method, route, response.status(), code, took, id);
    }

    /// A request was not answered: its client had left before.
    pub(crate) fn left(&self, method: &Method, route: &str, took: Duration, id: &CorrelationId) {
        if let Ok(status) = StatusCode::from_u16(CLIENT_LEFT) {
            self.count(method, route, status, Some("clientLeft"), took, id);
        }
    }

    fn count(
        &self,
        method: &Method,
        route: &str,
        status: StatusCode,
        code: Option<&str>,
        took: Duration,
        id: &CorrelationId,
    ) {
        let method = match method.as_str() {
            known @ ("GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS") => known,
            // Whoever makes methods up makes no new series.
            _ => "OTHER",
        };
        self.requests.with_label_values(&[method, route, status.as_str()]).inc();
        self.durations.with_label_values(&[method, route]).observe(took.as_secs_f64());
        let (status, milliseconds) = (status.as_u16(), (took.as_secs_f64() * 1e6).round() / 1e3);
        if status >= 500 {
            tracing::warn!(method, route, status, code, milliseconds, correlation_id = %id, "answered");
        } else {
            tracing::info!(method, route, status, code, milliseconds, correlation_id = %id, "answered");
        }
    }

    /// A request was turned away before anything was done: `queue`, `rate`, `streams` or `payments`.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.with_label_values(&[reason]).inc();
    }

    /// All figures, as Prometheus reads them.
    pub(crate) fn page(&self, app: &App, admission: &Admission) -> Result<String, Error> {
        self.look(&app.status()?, &app.backlog()?);
        self.uptime.set(seconds(self.started.elapsed()));
        self.queue_depth.set(whole(admission.inside() as u64));
        self.queue_max.set(whole(admission.max() as u64));
        let mut page = Vec::new();
        let written = TextEncoder::new().encode(&self.registry.gather(), &mut page);
        written.expect("figures can be written to memory");
        Ok(String::from_utf8_lossy(&page).into_owned())
    }

    fn look(&self, status: &Status, backlog: &[OpenEffects]) {
        let now = match status.breaker {
            BreakerState::Closed => "closed",
            BreakerState::Open => "open",
            BreakerState::HalfOpen => "halfOpen",
        };
        for state in ["closed", "open", "halfOpen"] {
            self.breaker.with_label_values(&[state]).set(i64::from(state == now));
        }
        for consumer in &status.consumers {
            let name = [consumer.row.name.as_str()];
            self.lag.with_label_values(&name).set(whole(consumer.behind));
            self.paused.with_label_values(&name).set(i64::from(consumer.row.paused));
        }
        for kind in EFFECTS {
            let open = backlog.iter().find(|open| open.kind == kind);
            let waited = open.map(|open| status.now.signed_duration_since(open.since).as_seconds_f64().max(0.0));
            self.effects.with_label_values(&[kind]).set(open.map_or(0, |open| whole(open.open)));
            self.oldest.with_label_values(&[kind]).set(waited.unwrap_or(0.0));
        }
        for (status, count) in &status.counts.reservations {
            self.reservations.with_label_values(&[status.as_str()]).set(whole(*count));
        }
        self.holds.set(whole(status.counts.reservations.get("reqReserve").copied().unwrap_or(0)));
        self.dead_letters.set(whole(status.counts.dead_letters));
        self.storages.set(whole(status.counts.storages));
        self.messages.set(whole(status.counts.messages));
        self.events.set(whole(status.events.get()));
    }
}

fn whole(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn seconds(time: Duration) -> i64 {
    whole(time.as_secs())
}

/// A request that is not answered yet.
pub(crate) struct InFlight {
    gauge: IntGauge,
    begun: Instant,
}

impl InFlight {
    /// For how long.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.gauge.dec();
    }
}
