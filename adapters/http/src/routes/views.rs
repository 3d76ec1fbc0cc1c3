//! The one screen: every storage and its state. What others reserved is shown without saying who, which or how it was paid.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use storagerent::{App, CustomerId, StorageStatus, StorageViewRow, ViewFilter};
use utoipa::IntoParams;

use super::Refusals;
use crate::asker::Asker;
use crate::hal::{Collection, Hal, shown};
use crate::number::Number;
use crate::paging::Asked;
use crate::problem::Refusal;
use crate::sent::{Params, PathId};
use crate::state::Site;

/// Which rows.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// In this state.
    status: Option<StorageStatus>,
    /// Rows with ids above this one.
    #[param(value_type = Option<u64>, maximum = 999999999999999_u64)]
    after: Option<Number<u64>>,
    /// At most so many rows, 1 to 100; 20 if not given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    size: Option<Number<u32>>,
}

/// The one screen, in order of storage id.
#[utoipa::path(get, path = "/storageviews", tag = "storageviews", params(Which),
    responses((status = 200, body = Collection<Hal<StorageViewRow>>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    asker: Asker,
    Params(which): Params<Which>,
) -> Result<Response, Refusal> {
    let asked = Asked::of(which.after, which.size)?;
    let (filter, page) = (ViewFilter { status: which.status }, asked.page());
    let rows = site.read(move |app| {
        let rows = app.views(&filter, page)?;
        rows.into_iter().map(|row| veiled(app, &asker, row)).collect::<Result<_, _>>()
    });
    let rows = rows.await?;
    let status = which.status.map(|status| status.as_str().to_owned());
    Ok(asked.shown("/storageviews", &[("status", status)], rows))
}

/// A row of the one screen.
#[utoipa::path(get, path = "/storageviews/{id}", tag = "storageviews", params(("id" = u64, Path)),
    responses((status = 200, body = Hal<StorageViewRow>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn show(State(site): State<Arc<Site>>, asker: Asker, PathId(id): PathId) -> Result<Response, Refusal> {
    let row = site.app.view(id.into())?;
    Ok(shown(veiled(&site.app, &asker, row)?))
}

/// The row as this asker may see it.
fn veiled(app: &App, asker: &Asker, row: StorageViewRow) -> Result<StorageViewRow, Refusal> {
    let is_theirs = |customer: &CustomerId| match row.reservation_id {
        Some(id) => Ok::<_, Refusal>(app.reservation(id)?.booking.customer == *customer),
        None => Ok(true),
    };
    match asker.customer() {
        Some(customer) if !is_theirs(customer)? => {
            Ok(StorageViewRow { reservation_id: None, payment_id: None, payment_status: None, ..row })
        }
        Some(_) | None => Ok(row),
    }
}
