//! `http_parity FILE`: the gateway over a clock that stands, keys that count up and a simulated payment service, all moved under
//! `/test/`. Prints where it listens, on loopback alone, and a token for each who asks. For the parity test in `tests/http`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use storagerent::clock::MovableClock;
use storagerent::ids::SequentialIds;
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::sqlite::SqliteStore;
use storagerent::{App, Caller, Clock, DrivenStore};
use storagerent_http::token::{AUDIENCE, Role, Signer, Verifier};
use storagerent_http::{Ending, Limits, Options, router, serve};
use tokio::net::TcpListener;

const NOW: &str = "2026-11-22T03:00:00Z";
const SEED: u64 = 7;
const SECRET: &[u8] = b"a secret for tests alone, nowhere else";
/// The story moves its clock ahead, and its tokens are minted once.
const TOKEN_SECONDS: i64 = 10 * 365 * 86_400;

#[derive(Clone)]
struct Bench {
    app: App,
    clock: MovableClock,
    gateway: Arc<SimulatedGateway>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = PathBuf::from(std::env::args_os().nth(1).ok_or("usage: http_parity FILE")?);
    let clock = MovableClock::default();
    clock.stand_at(NOW.parse()?);
    let gateway = Arc::new(SimulatedGateway::in_memory(Behaviour::Approve));
    let store = Arc::new(DrivenStore::new(Arc::new(SqliteStore::open(&path)?))?);
    let wiring = storagerent::Options::new(Arc::clone(&gateway)).clock(clock.clone()).ids(SequentialIds::new(SEED));
    let app = storagerent::over(store, wiring)?;
    app.set(&Caller::manager(), "gateway", "simulated")?;
    app.set(&Caller::manager(), "language", "en")?;
    let bench = Bench { app: app.clone(), clock: clock.clone(), gateway };

    let options = Options::new(Verifier::new(SECRET, AUDIENCE, AUDIENCE)?);
    let tested = router(app, options).layer(from_fn_with_state(bench.clone(), tick_first));
    let tested = tested.merge(moved(bench));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let signer = Signer::new(SECRET, AUDIENCE, AUDIENCE)?;
    let token = |role, name| signer.mint(role, name, clock.now(), TOKEN_SECONDS);
    let told = serde_json::json!({
        "url": format!("http://{}", listener.local_addr()?),
        "manager": token(Role::Manager, "manager")?,
        "kim": token(Role::Customer, "kim")?,
        "lee": token(Role::Customer, "lee")?,
    });
    println!("{told}");
    serve(listener, tested, Limits::default(), Ending::default()).await;
    Ok(())
}

/// As on the command line and in the page: what is due comes before each change.
async fn tick_first(State(bench): State<Bench>, request: Request, next: Next) -> Response {
    let ticks_itself = matches!(request.uri().path(), "/settle" | "/run-due");
    if request.method() != Method::GET && !ticks_itself {
        let ticked = tokio::task::spawn_blocking(move || bench.app.tick()).await;
        if !matches!(ticked, Ok(Ok(_))) {
            return (StatusCode::INTERNAL_SERVER_ERROR, format!("{ticked:?}")).into_response();
        }
    }
    next.run(request).await
}

/// What the story moves.
fn moved(bench: Bench) -> Router {
    let payment = async |State(bench): State<Bench>, Path(name): Path<String>| match name.parse::<Behaviour>() {
        Ok(behaviour) => {
            bench.gateway.set_behaviour(behaviour);
            StatusCode::NO_CONTENT
        }
        Err(_) => StatusCode::UNPROCESSABLE_ENTITY,
    };
    let advance = async |State(bench): State<Bench>, Path(minutes): Path<u64>| {
        bench.clock.advance(Duration::from_secs(minutes * 60));
        StatusCode::NO_CONTENT
    };
    // There is no worker here: what it would do at a moment of its own is done when the story says so.
    let effects = async |State(bench): State<Bench>| {
        let done = tokio::task::spawn_blocking(move || bench.app.run_effects(u32::MAX)).await;
        if matches!(done, Ok(Ok(_))) { StatusCode::NO_CONTENT } else { StatusCode::INTERNAL_SERVER_ERROR }
    };
    Router::new()
        .route("/test/payment/{name}", post(payment))
        .route("/test/advance/{minutes}", post(advance))
        .route("/test/effects", post(effects))
        .with_state(bench)
}
