//! Whether the server lives, whether it may be sent requests, and what it measures.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::Refusals;
use crate::hal::plain;
use crate::problem::Refusal;
use crate::state::Site;

/// How the server is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `UP`.
    status: &'static str,
}

fn up() -> Response {
    plain(StatusCode::OK, &Health { status: "UP" })
}

/// Whether the process answers. Nothing is looked at: a file in trouble is not mended by another process.
#[utoipa::path(get, path = "/livez", tag = "health", security(()),
    responses((status = 200, body = Health, content_type = "application/json"), Refusals))]
pub(crate) async fn live() -> Response {
    up()
}

/// Whether it may be sent requests: the file can be read, and serving is not about to end.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()),
    responses((status = 200, body = Health, content_type = "application/json"), Refusals))]
pub(crate) async fn ready(State(site): State<Arc<Site>>) -> Result<Response, Refusal> {
    if site.options.ending.is_near() {
        return Err(Refusal::Ending);
    }
    site.aside(|app| Ok(app.head()?)).await?;
    Ok(up())
}

/// Whether the server lives and its file can be read.
#[utoipa::path(get, path = "/actuator/health", tag = "health", security(()),
    responses((status = 200, body = Health, content_type = "application/json"), Refusals))]
pub(crate) async fn health(State(site): State<Arc<Site>>) -> Result<Response, Refusal> {
    site.aside(|app| Ok(app.head()?)).await?;
    Ok(up())
}

/// What is measured, as Prometheus reads it. The manager's.
#[utoipa::path(get, path = "/metrics", tag = "health",
    responses((status = 200, body = String, content_type = "text/plain"), Refusals))]
pub(crate) async fn metrics(State(site): State<Arc<Site>>) -> Result<Response, Refusal> {
    let looking = Arc::clone(&site);
    let page = site.aside(move |app| Ok(looking.watch.page(app, &looking.admission)?)).await?;
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    Ok(([(header::CONTENT_TYPE, kind)], page).into_response())
}
