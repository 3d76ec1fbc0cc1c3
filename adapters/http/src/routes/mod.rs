//! The routes, one file per noun: each reads what was sent into the engine's words, asks the engine, and shows the answer.

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::problem::Problem;
use crate::state::Site;

pub(crate) mod asking;
pub(crate) mod events;
pub(crate) mod health;
pub(crate) mod messages;
pub(crate) mod operations;
pub(crate) mod payments;
pub(crate) mod reservations;
pub(crate) mod reserve;
pub(crate) mod reviews;
pub(crate) mod storages;
pub(crate) mod views;

/// Which version of it the caller means: changed since, it is 412.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "only its shape is used, in the OpenAPI document")]
pub(crate) struct IfMatch {
    /// The `ETag` it was shown with.
    #[param(rename = "If-Match", pattern = "^(W/)?\"[0-9]{1,15}\"$")]
    if_match: Option<String>,
}

/// What any route may answer instead.
#[derive(utoipa::IntoResponses)]
#[expect(dead_code, reason = "only its shape is used, in the OpenAPI document")]
pub(crate) enum Refusals {
    /// It cannot be read.
    #[response(status = 400, content_type = "application/problem+json")]
    Malformed(Problem),
    /// A token is needed, or this one is not believed.
    #[response(status = 401, content_type = "application/problem+json")]
    Unauthorized(Problem),
    /// This caller may not.
    #[response(status = 403, content_type = "application/problem+json")]
    Forbidden(Problem),
    /// There is nothing under that id, or it is somebody else's.
    #[response(status = 404, content_type = "application/problem+json")]
    NotFound(Problem),
    /// The body did not come in time.
    #[response(status = 408, content_type = "application/problem+json")]
    TooSlow(Problem),
    /// The present state forbids it: taken, price changed, wrong state, key reused.
    #[response(status = 409, content_type = "application/problem+json")]
    Conflict(Problem),
    /// It was changed meanwhile.
    #[response(status = 412, content_type = "application/problem+json")]
    Changed(Problem),
    /// The body is larger than 64 KiB.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(Problem),
    /// The body is not JSON.
    #[response(status = 415, content_type = "application/problem+json")]
    NotJson(Problem),
    /// A field is not valid; `field` names it.
    #[response(status = 422, content_type = "application/problem+json")]
    Invalid(Problem),
    /// Too many requests from this caller; `Retry-After` says when.
    #[response(status = 429, content_type = "application/problem+json", headers(("Retry-After" = u64, description = "In so many seconds")))]
    TooMany(Problem),
    /// Not now; `Retry-After` says when.
    #[response(status = 503, content_type = "application/problem+json", headers(("Retry-After" = u64, description = "In so many seconds")))]
    Unavailable(Problem),
}

/// Every route with its documentation. Each is in the table of [`crate::access`], too, or nobody may call it.
pub(crate) fn all() -> OpenApiRouter<Arc<Site>> {
    OpenApiRouter::new()
        .routes(routes!(health::live))
        .routes(routes!(health::ready))
        .routes(routes!(health::health))
        .routes(routes!(health::metrics))
        .routes(routes!(storages::list, storages::register))
        .routes(routes!(storages::import))
        .routes(routes!(storages::show, storages::replace, storages::modify, storages::delete))
        .routes(routes!(reservations::list, reserve::reserve))
        .routes(routes!(reservations::mine))
        .routes(routes!(reservations::show, reservations::change))
        .routes(routes!(reservations::end))
        .routes(routes!(payments::list))
        .routes(routes!(payments::show))
        .routes(routes!(reviews::list, reviews::add))
        .routes(routes!(reviews::show, reviews::replace, reviews::modify, reviews::delete))
        .routes(routes!(messages::list))
        .routes(routes!(messages::show))
        .routes(routes!(views::list))
        .routes(routes!(views::show))
        .routes(routes!(asking::check))
        .routes(routes!(asking::quote))
        .routes(routes!(asking::available))
        .routes(routes!(events::list))
        .routes(routes!(events::correlation))
        .routes(routes!(operations::consumers))
        .routes(routes!(operations::run_consumers))
        .routes(routes!(operations::pause))
        .routes(routes!(operations::resume))
        .routes(routes!(operations::replay))
        .routes(routes!(operations::dead_letters))
        .routes(routes!(operations::retry))
        .routes(routes!(operations::discard))
        .routes(routes!(operations::settings))
        .routes(routes!(operations::set))
        .routes(routes!(operations::status))
        .routes(routes!(operations::verify))
        .routes(routes!(operations::tick))
        .routes(routes!(operations::settle))
        .routes(routes!(operations::run_due))
}
