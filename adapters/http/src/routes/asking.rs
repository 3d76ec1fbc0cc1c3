//! Asking before reserving: is it free, what does it cost, what is free.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use storagerent::{Available, InvalidValue, Kind, Money, Quote, QuoteStorage};
use utoipa::IntoParams;

use super::Refusals;
use crate::hal::{Collection, Hal, Link, Links, json, plain};
use crate::number::Number;
use crate::paging::Asked;
use crate::problem::Refusal;
use crate::sent::{Params, day};
use crate::state::Site;

/// A period of a storage.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct What {
    /// Which storage.
    #[param(value_type = u64, maximum = 999999999999999_u64)]
    storage_id: Number<u64>,
    /// The first day; today if not given.
    #[param(format = Date)]
    from: Option<String>,
    /// The first day that is free again; open-ended if not given.
    #[param(format = Date)]
    until: Option<String>,
}

impl What {
    fn ask(&self) -> Result<QuoteStorage, InvalidValue> {
        let Number(storage_id) = self.storage_id;
        let (from, until) = (day("from", self.from.as_deref())?, day("until", self.until.as_deref())?);
        Ok(QuoteStorage { storage_id: storage_id.into(), from, until })
    }
}

/// Whether a reservation would be accepted now; nothing is held.
#[utoipa::path(get, path = "/check/chkAndReqReserve", tag = "asking", params(What),
    responses((status = 200, body = bool, content_type = "application/json"), Refusals))]
pub(crate) async fn check(State(site): State<Arc<Site>>, Params(what): Params<What>) -> Result<Response, Refusal> {
    let is_free = match site.app.check(what.ask()?) {
        Ok(_) => true,
        Err(refused) if refused.kind() == Kind::Conflict => false,
        Err(refused) => return Err(refused.into()),
    };
    Ok(plain(StatusCode::OK, &is_free))
}

/// What a period costs.
#[utoipa::path(get, path = "/quote", tag = "asking", params(What),
    responses((status = 200, body = Hal<Quote>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn quote(State(site): State<Arc<Site>>, Params(what): Params<What>) -> Result<Response, Refusal> {
    let quote = site.app.quote(what.ask()?)?;
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("storageId", &quote.storage_id.to_string()).append_pair("from", &quote.period.from().to_string());
    if let Some(until) = quote.period.until() {
        query.append_pair("until", &until.to_string());
    }
    let link = |rel, href| (rel, Link { href });
    let itself = link("self", format!("/quote?{}", query.finish()));
    let storage = link("storage", format!("/storages/{}", quote.storage_id));
    Ok(json(StatusCode::OK, &Hal { row: quote, links: Links::from([itself, storage]) }))
}

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// The first day; today if not given.
    #[param(format = Date)]
    from: Option<String>,
    /// The first day that is free again; open-ended if not given.
    #[param(format = Date)]
    until: Option<String>,
    /// At most this total, in minor units of the storage's currency.
    #[param(value_type = Option<i64>, minimum = 0, maximum = 999999999999999_i64)]
    max_price: Option<Number<i64>>,
    /// Storages with ids above this one.
    #[param(value_type = Option<u64>, maximum = 999999999999999_u64)]
    after: Option<Number<u64>>,
    /// At most so many rows, 1 to 100; 20 if not given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    size: Option<Number<u32>>,
}

/// What is free in a period, in order of id.
#[utoipa::path(get, path = "/available", tag = "asking", params(Wanted),
    responses((status = 200, body = Collection<Hal<Available>>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn available(
    State(site): State<Arc<Site>>,
    Params(wanted): Params<Wanted>,
) -> Result<Response, Refusal> {
    let asked = Asked::of(wanted.after, wanted.size)?;
    let (from, until) = (day("from", wanted.from.as_deref())?, day("until", wanted.until.as_deref())?);
    let max = wanted.max_price.map(|Number(max)| max);
    if max.is_some_and(|max| max < 0) {
        return Err(InvalidValue::new("maxPrice", "it must not be below 0", "0보다 작을 수 없습니다").into());
    }
    // Where much is taken it looks far.
    let rows = site
        .read(move |app| {
            let is_within = |total: Money| max.is_none_or(|max| total.amount() <= max);
            Ok(app.available_if(from, until, asked.page(), is_within)?)
        })
        .await?;
    let filters = [("from", wanted.from), ("until", wanted.until), ("maxPrice", max.map(|max| max.to_string()))];
    Ok(asked.shown("/available", &filters, rows))
}
