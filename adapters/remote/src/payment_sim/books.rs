//! The books, for whoever reconciles.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use storagerent::{Currency, Key, Money};

use super::PaymentSim;
use crate::problem::Problem;

/// So many payments are listed at a time.
const LIMIT_MAX: usize = 1_000;

/// Which part of the list.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Part {
    after: Option<Key>,
    limit: Option<usize>,
}

/// What moved under a key, in minor units.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    key: Key,
    captured: i64,
    refunded: i64,
    currency: Currency,
}

/// What moved in a currency, in minor units.
#[derive(Debug, Serialize)]
pub(super) struct Total {
    currency: Currency,
    payments: u64,
    captured: i128,
    refunded: i128,
}

pub(super) async fn payments(
    State(sim): State<PaymentSim>,
    part: Result<Query<Part>, QueryRejection>,
) -> Result<Json<Vec<Line>>, Problem> {
    let Query(part) = part
        .map_err(|rejection| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalidValue", rejection.body_text()))?;
    let entries = entries(sim).await?.into_iter().filter(|(key, ..)| part.after.is_none_or(|after| *key > after));
    let line = |(key, captured, refunded): (Key, Money, Money)| Line {
        key,
        captured: captured.amount(),
        refunded: refunded.amount(),
        currency: captured.currency(),
    };
    Ok(Json(entries.take(part.limit.unwrap_or(LIMIT_MAX).min(LIMIT_MAX)).map(line).collect()))
}

pub(super) async fn totals(State(sim): State<PaymentSim>) -> Result<Json<Vec<Total>>, Problem> {
    let mut totals = BTreeMap::new();
    for (_, captured, refunded) in entries(sim).await? {
        let currency = captured.currency();
        let empty = Total { currency, payments: 0, captured: 0, refunded: 0 };
        let total = totals.entry(currency.code()).or_insert(empty);
        total.payments += 1;
        total.captured += i128::from(captured.amount());
        total.refunded += i128::from(refunded.amount());
    }
    Ok(Json(totals.into_values().collect()))
}

async fn entries(sim: PaymentSim) -> Result<Vec<(Key, Money, Money)>, Problem> {
    let failed = |why: String| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", why);
    let read = tokio::task::spawn_blocking(move || sim.books.try_entries()).await;
    read.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))
}
