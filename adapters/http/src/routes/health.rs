//! Whether the server lives and its file can be read.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::hal::json;
use crate::problem::Refusal;
use crate::state::Site;

/// How the server is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `UP`.
    status: &'static str,
}

/// Whether the server lives and its file can be read.
#[utoipa::path(get, path = "/actuator/health", tag = "health", security(()),
    responses((status = 200, body = Health, content_type = "application/hal+json"), super::Refusals))]
pub(crate) async fn health(State(site): State<Arc<Site>>) -> Result<Response, Refusal> {
    site.app.head()?;
    Ok(json(StatusCode::OK, &Health { status: "UP" }))
}
