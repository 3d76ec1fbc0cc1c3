//! Messages: what customers were told.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use storagerent::{MessageFilter, MessageRow};
use utoipa::IntoParams;

use super::Refusals;
use crate::asker::Asker;
use crate::hal::{Collection, Hal, shown};
use crate::number::Number;
use crate::paging::Asked;
use crate::problem::Refusal;
use crate::sent::{Params, PathId};
use crate::state::Site;

/// Which messages.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// To this customer; the manager's to ask, customers are shown their own.
    #[param(min_length = 1, max_length = 200)]
    customer: Option<String>,
    /// Rows with ids above this one.
    #[param(value_type = Option<u64>, maximum = 999999999999999_u64)]
    after: Option<Number<u64>>,
    /// At most so many rows, 1 to 100; 20 if not given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    size: Option<Number<u32>>,
}

/// Messages, in order of id: all to the manager, their own to customers.
#[utoipa::path(get, path = "/messages", tag = "messages", params(Which),
    responses((status = 200, body = Collection<Hal<MessageRow>>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    asker: Asker,
    Params(which): Params<Which>,
) -> Result<Response, Refusal> {
    let asked = Asked::of(which.after, which.size)?;
    let filter = MessageFilter { customer: asker.whose(which.customer.as_deref())? };
    let (page, customer) = (asked.page(), filter.customer.as_ref().map(|of| of.as_str().to_owned()));
    let rows = site.read(move |app| Ok(app.messages(&filter, page)?)).await?;
    Ok(asked.shown("/messages", &[("customer", customer)], rows))
}

/// A message.
#[utoipa::path(get, path = "/messages/{id}", tag = "messages", params(("id" = u64, Path)),
    responses((status = 200, body = Hal<MessageRow>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn show(State(site): State<Arc<Site>>, asker: Asker, PathId(id): PathId) -> Result<Response, Refusal> {
    let row = site.app.message(id.into())?.filter(|row| asker.sees(&row.customer));
    row.map(shown).ok_or_else(|| Refusal::not_found("message", "메시지", id))
}
