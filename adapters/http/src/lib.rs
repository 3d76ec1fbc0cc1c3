//! # storagerent-http
//!
//! The REST gateway of storagerent: the routes of the first storagerent, with its faults mended, and what it only claimed. An inbound
//! adapter: it reads HTTP into the engine's words and shows the engine's answers; it decides nothing.
//!
//! [`router`] mounts into any axum service. The [`storagerent::App`] lies over a [`storagerent::DrivenStore`], so that no handler
//! blocks; somebody must call `run_due`, such as a [`storagerent::Worker`].
//!
//! Architecture invariants: what is not in the table of [`access`] is refused; every answer to a change comes after its COMMIT;
//! what a client says of prices and states is checked or not looked at, never believed.

pub mod access;
mod admission;
mod asker;
mod ending;
mod feed;
mod hal;
mod key;
mod number;
mod openapi;
mod options;
mod origin;
mod paging;
mod peer;
mod problem;
mod routes;
mod sent;
mod serve;
mod shares;
mod state;
pub mod token;
mod watch;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse as _, Redirect};
use axum::routing::get;
use origin::Origin;
use problem::Refusal;
use storagerent::App;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::cors::{AllowOrigin, CorsLayer};
use utoipa::OpenApi as _;
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

pub use ending::Ending;
pub use hal::{Collection, Hal, Link, Links, PageInfo};
pub use ipnet::IpNet;
pub use options::{OnWritten, Options};
pub use paging::SIZE_MAX;
pub use problem::Problem;
pub use sent::BODY_BYTES_MAX;
pub use serve::{Limits, serve};

/// The README's code is compiled with the doctests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// All routes over an application.
pub fn router(app: App, mut options: Options) -> Router {
    let cors = cors(&options.origins);
    let also = std::mem::take(&mut options.also);
    let site = state::Site::new(app, options);
    let (routes, mut document) = documented().split_for_parts();
    openapi::complete(&mut document);
    let fallback = async || {
        let (en, ko) = ("there is nothing under this path", "이 경로에는 아무것도 없습니다");
        Refusal::own(StatusCode::NOT_FOUND, "notFound", en, ko).hint("see /openapi.json", "/openapi.json을 보세요")
    };
    let wrong_method = async || {
        let (en, ko) = ("this path does not take this method", "이 경로에서 쓸 수 없는 메서드입니다");
        Refusal::own(StatusCode::METHOD_NOT_ALLOWED, "wrongMethod", en, ko)
            .hint("see /openapi.json", "/openapi.json을 보세요")
    };
    let router = routes
        .route_layer(from_fn_with_state(Arc::clone(&site), asker::guard))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .method_not_allowed_fallback(wrong_method)
        .with_state(Arc::clone(&site))
        .merge(also)
        .route("/", get(async || Redirect::temporary("/swagger-ui/")))
        .merge(SwaggerUi::new("/swagger-ui").url("/openapi.json", document))
        .fallback(fallback)
        .layer(CatchPanicLayer::custom(|_| state::broken().into_response()))
        .layer(from_fn_with_state(site, asker::frame));
    match cors {
        Some(cors) => router.layer(cors),
        None => router,
    }
}

fn documented() -> OpenApiRouter<Arc<state::Site>> {
    OpenApiRouter::with_openapi(openapi::Document::openapi()).merge(routes::all())
}

/// The OpenAPI document of [`router`], as JSON.
pub fn document() -> String {
    let mut document = documented().into_openapi();
    openapi::complete(&mut document);
    document.to_pretty_json().unwrap_or_default()
}

/// Pages of listed origins may call; with none listed, no other origin's page may.
fn cors(origins: &[Origin]) -> Option<CorsLayer> {
    let listed: Vec<HeaderValue> = origins.iter().map(Origin::header).collect();
    if listed.is_empty() {
        return None;
    }
    let headers = ["idempotency-key", "last-event-id", "traceparent", "x-correlation-id"];
    let headers = headers.map(header::HeaderName::from_static).into_iter();
    let headers = headers.chain([
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        header::ACCEPT_LANGUAGE,
    ]);
    let shown = [header::LOCATION, header::ETAG, header::RETRY_AFTER, asker::X_CORRELATION_ID];
    Some(
        CorsLayer::new()
            .allow_origin(AllowOrigin::list(listed))
            .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
            .allow_headers(headers.collect::<Vec<_>>())
            .expose_headers(shown),
    )
}
