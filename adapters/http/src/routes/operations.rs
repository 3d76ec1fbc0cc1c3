//! Running the site: consumers, dead letters, settings, and what is due. The manager's.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Deserializer, Serialize};
use storagerent::{Command, EffectsDone, Query};
use utoipa::ToSchema;
use utoipa::openapi::Schema;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};

use super::Refusals;
use crate::asker::Asker;
use crate::hal::plain;
use crate::paging::{Asked, Paging};
use crate::problem::Refusal;
use crate::sent::{Params, PathId, PathName, Sent};
use crate::state::Site;

/// So long the gateway is asked in one request, and as long messages that follow are delivered; the rest is done later.
const ANSWERS_MAX: Duration = Duration::from_secs(5);

async fn execute(site: &Site, asker: Asker, command: Command) -> Result<Response, Refusal> {
    let answer = site
        .aside(move |app| {
            // Whoever asks by hand means now.
            if matches!(command, Command::RunConsumers | Command::RunDue) {
                app.hurry(&asker.caller())?;
            }
            Ok(app.execute(&asker.caller(), command)?)
        })
        .await?;
    site.written();
    Ok(plain(StatusCode::OK, &answer))
}

async fn query(site: &Site, query: Query) -> Result<Response, Refusal> {
    let answer = site.aside(move |app| Ok(app.query(query)?)).await?;
    Ok(plain(StatusCode::OK, &answer))
}

/// The consumers, and how far behind they are.
#[utoipa::path(get, path = "/consumers", tag = "operations",
    responses((status = 200, body = Vec<Object>, content_type = "application/json"), Refusals))]
pub(crate) async fn consumers(State(site): State<Arc<Site>>) -> Result<Response, Refusal> {
    query(&site, Query::Consumers).await
}

/// Lets all consumers go on, one pass.
#[utoipa::path(post, path = "/consumers/run", tag = "operations",
    responses((status = 200, body = Object, content_type = "application/json"), Refusals))]
pub(crate) async fn run_consumers(State(site): State<Arc<Site>>, asker: Asker) -> Result<Response, Refusal> {
    execute(&site, asker, Command::RunConsumers).await
}

/// Makes a consumer wait: `storage`, `payment`, `message`, `view`, or one of the host's own.
#[utoipa::path(post, path = "/consumers/{name}/pause", tag = "operations", params(("name" = String, Path)),
    responses((status = 200, body = Object, content_type = "application/json"), Refusals))]
pub(crate) async fn pause(
    State(site): State<Arc<Site>>,
    asker: Asker,
    PathName(name): PathName,
) -> Result<Response, Refusal> {
    execute(&site, asker, Command::PauseConsumer { name }).await
}

/// Lets a consumer go on.
#[utoipa::path(post, path = "/consumers/{name}/resume", tag = "operations", params(("name" = String, Path)),
    responses((status = 200, body = Object, content_type = "application/json"), Refusals))]
pub(crate) async fn resume(
    State(site): State<Arc<Site>>,
    asker: Asker,
    PathName(name): PathName,
) -> Result<Response, Refusal> {
    execute(&site, asker, Command::ResumeConsumer { name }).await
}

/// Lets a consumer go through the log again.
#[utoipa::path(post, path = "/consumers/{name}/replay", tag = "operations", params(("name" = String, Path)),
    responses((status = 200, body = Object, content_type = "application/json"), Refusals))]
pub(crate) async fn replay(
    State(site): State<Arc<Site>>,
    asker: Asker,
    PathName(name): PathName,
) -> Result<Response, Refusal> {
    execute(&site, asker, Command::ReplayConsumer { name }).await
}

/// The open dead letters, in order of id: what could not be done, and why.
#[utoipa::path(get, path = "/dead-letters", tag = "operations", params(Paging),
    responses((status = 200, body = Vec<Object>, content_type = "application/json"), Refusals))]
pub(crate) async fn dead_letters(
    State(site): State<Arc<Site>>,
    Params(paging): Params<Paging>,
) -> Result<Response, Refusal> {
    let page = Asked::of(paging.after, paging.size)?.page();
    query(&site, Query::DeadLetters { page: storagerent::Page { limit: page.limit.map(|limit| limit - 1), ..page } })
        .await
}

/// Tries a dead letter again.
#[utoipa::path(post, path = "/dead-letters/{id}/retry", tag = "operations", params(("id" = u64, Path)),
    responses((status = 200, body = Object, content_type = "application/json"), Refusals))]
pub(crate) async fn retry(
    State(site): State<Arc<Site>>,
    asker: Asker,
    PathId(id): PathId,
) -> Result<Response, Refusal> {
    execute(&site, asker, Command::RetryDeadLetter { dead_letter_id: id.into() }).await
}

/// Why a dead letter is given up.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DiscardSent {
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    reason: String,
}

/// Gives a dead letter up; never a refund.
#[utoipa::path(post, path = "/dead-letters/{id}/discard", tag = "operations", params(("id" = u64, Path)), request_body = DiscardSent,
    responses((status = 200, body = Object, content_type = "application/json"), Refusals))]
pub(crate) async fn discard(
    State(site): State<Arc<Site>>,
    asker: Asker,
    PathId(id): PathId,
    Sent(sent): Sent<DiscardSent>,
) -> Result<Response, Refusal> {
    execute(&site, asker, Command::DiscardDeadLetter { dead_letter_id: id.into(), reason: sent.reason }).await
}

/// The settings.
#[utoipa::path(get, path = "/settings", tag = "operations",
    responses((status = 200, body = Object, content_type = "application/json"), Refusals))]
pub(crate) async fn settings(State(site): State<Arc<Site>>) -> Result<Response, Refusal> {
    query(&site, Query::Settings).await
}

/// A value of a setting.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingSent {
    /// The value, as on the command line; of a number, the number too.
    #[schema(schema_with = text_or_number)]
    value: Value,
}

fn text_or_number() -> Schema {
    let kinds = [Type::String, Type::Integer].map(|kind| ObjectBuilder::new().schema_type(kind));
    Schema::OneOf(kinds.into_iter().fold(OneOfBuilder::new(), OneOfBuilder::item).build())
}

/// A text, or a whole number.
#[derive(Debug)]
enum Value {
    Number(i64),
    Text(String),
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Some(Value::Text(text)),
            serde_json::Value::Number(number) => number.as_i64().map(Value::Number),
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Array(_)
            | serde_json::Value::Object(_) => None,
        }
        .ok_or_else(|| serde::de::Error::custom("a text or a whole number is wanted"))
    }
}

/// Changes a setting.
#[utoipa::path(put, path = "/settings/{key}", tag = "operations", params(("key" = String, Path)), request_body = SettingSent,
    responses((status = 200, body = Object, content_type = "application/json"), Refusals))]
pub(crate) async fn set(
    State(site): State<Arc<Site>>,
    asker: Asker,
    PathName(key): PathName,
    Sent(sent): Sent<SettingSent>,
) -> Result<Response, Refusal> {
    let value = match sent.value {
        Value::Number(number) => number.to_string(),
        Value::Text(text) => text,
    };
    execute(&site, asker, Command::Set { key, value }).await
}

/// How the site is, at a glance.
#[utoipa::path(get, path = "/status", tag = "operations",
    responses((status = 200, body = Object, content_type = "application/json"), Refusals))]
pub(crate) async fn status(State(site): State<Arc<Site>>) -> Result<Response, Refusal> {
    query(&site, Query::Status).await
}

/// Whether everything is as the log says. Reads all there is.
#[utoipa::path(get, path = "/verify", tag = "operations",
    responses((status = 200, body = Object, content_type = "application/json"), Refusals))]
pub(crate) async fn verify(State(site): State<Arc<Site>>) -> Result<Response, Refusal> {
    query(&site, Query::Verify).await
}

/// Writes what is due by the clock.
#[utoipa::path(post, path = "/tick", tag = "operations",
    responses((status = 200, body = Object, content_type = "application/json"), Refusals))]
pub(crate) async fn tick(State(site): State<Arc<Site>>, asker: Asker) -> Result<Response, Refusal> {
    execute(&site, asker, Command::Tick).await
}

/// What settling came to, the payment gateway's answers included.
#[derive(Debug, Serialize, ToSchema)]
struct SettledNow {
    /// So many charges were asked about.
    asked: u32,
    /// What the gateway's answers came to.
    #[schema(value_type = Object)]
    effects: EffectsDone,
}

/// Asks the payment gateway about charges whose outcome is not known, and goes by its answers at once.
#[utoipa::path(post, path = "/settle", tag = "operations",
    responses((status = 200, body = SettledNow, content_type = "application/json"), Refusals))]
pub(crate) async fn settle(State(site): State<Arc<Site>>, asker: Asker) -> Result<Response, Refusal> {
    let settled = site
        .aside(move |app| {
            app.hurry(&asker.caller())?;
            let asked = app.settle()?.asked;
            Ok(SettledNow { asked, effects: app.run_effects_for(u32::MAX, Some(ANSWERS_MAX))? })
        })
        .await?;
    site.written();
    Ok(plain(StatusCode::OK, &settled))
}

/// Does everything that is due.
#[utoipa::path(post, path = "/run-due", tag = "operations",
    responses((status = 200, body = Object, content_type = "application/json"), Refusals))]
pub(crate) async fn run_due(State(site): State<Arc<Site>>, asker: Asker) -> Result<Response, Refusal> {
    execute(&site, asker, Command::RunDue).await
}
