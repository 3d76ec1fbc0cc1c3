//! A payment service to practise with: the simulated gateway of `storagerent::payment` in a process of its own.
//!
//! It speaks what [`crate::HttpGateway`] speaks, keeps books that survive it, and misbehaves as told while it runs. It moves no
//! money.
//!
//! | route | what |
//! | --- | --- |
//! | `POST /payments` | takes money under `Idempotency-Key` |
//! | `POST /payments/{key}/void`, `…/refund` | as the engine asks it |
//! | `GET /payments?after=KEY&limit=N` | what was captured and refunded, per key |
//! | `GET /books` | the totals per currency |
//! | `GET /faults`, `PUT /faults` | how it behaves: `{"behaviour":"slow","delayMs":7000}` |
//! | `GET /health` | whether it is up |
//!
//! Down, it answers 503 to all calls about money: then the outcome of a charge is not known. To be refused the connection,
//! which certainly takes nothing, stop the process.

mod books;
mod callbacks;
mod cut;
mod money;
mod serve;
mod switches;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use storagerent::payment::SimulatedGateway;

pub use callbacks::CallbackConfig;
pub use serve::{listen, run, serve, stop_signal};
pub use switches::{Faults, Switches};

use crate::problem::{BAD_TOKEN, Problem};
use crate::{ConfigError, Secret, bearer};
use callbacks::Teller;

/// The service: its books, its switches, and who may call it.
#[derive(Debug, Clone)]
pub struct PaymentSim {
    books: Arc<SimulatedGateway>,
    switches: Switches,
    token: Option<Secret>,
    teller: Option<Teller>,
}

impl PaymentSim {
    /// A service over these books that behaves as the switches say.
    pub fn new(books: Arc<SimulatedGateway>, switches: Switches) -> Self {
        PaymentSim { books, switches, token: None, teller: None }
    }

    /// Serves only who shows this token, but for `/health`.
    #[must_use]
    pub fn token(mut self, token: Secret) -> Self {
        self.token = Some(token);
        self
    }

    /// Tells the outcome of a charge, signed, whenever its reply is lost or late.
    ///
    /// # Errors
    /// [`ConfigError`] for an address that may not be called.
    pub fn callback(mut self, config: CallbackConfig) -> Result<Self, ConfigError> {
        self.teller = Some(Teller::new(config)?);
        Ok(self)
    }

    /// Its switches.
    pub fn switches(&self) -> &Switches {
        &self.switches
    }

    /// Its books.
    pub fn books(&self) -> &SimulatedGateway {
        &self.books
    }
}

/// The service's routes.
pub fn router(sim: PaymentSim) -> Router {
    let guarded = Router::new()
        .route("/payments", post(money::charge).get(books::payments))
        .route("/payments/{key}/void", post(money::void))
        .route("/payments/{key}/refund", post(money::refund))
        .route("/books", get(books::totals))
        .route("/faults", get(switches::show).put(switches::put))
        .layer(from_fn_with_state(sim.clone(), known_only));
    Router::new()
        .route("/health", get(health))
        .merge(guarded)
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "notFound", "there is no such route"))
        .method_not_allowed_fallback(async || {
            Problem::new(StatusCode::METHOD_NOT_ALLOWED, "methodNotAllowed", "there is no such method here")
        })
        .with_state(sim)
}

async fn known_only(State(sim): State<PaymentSim>, request: Request, next: Next) -> Response {
    if sim.token.as_ref().is_some_and(|token| !bearer::shows(request.headers(), token)) {
        return Problem::new(StatusCode::UNAUTHORIZED, BAD_TOKEN, "show the bearer token").into_response();
    }
    next.run(request).await
}

async fn health(State(sim): State<PaymentSim>) -> Response {
    let (status, word) = match sim.switches.is_down() {
        true => (StatusCode::SERVICE_UNAVAILABLE, "DOWN"),
        false => (StatusCode::OK, "UP"),
    };
    (status, Json(serde_json::json!({ "status": word }))).into_response()
}
