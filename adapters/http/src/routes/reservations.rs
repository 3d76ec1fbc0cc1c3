//! Reservations: shown to their customer and the manager, cancelled, ended.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;
use storagerent::{
    CancelReservation, CustomerId, EndRental, InvalidValue, ReservationFilter, ReservationId, ReservationRow,
    ReservationStatus,
};
use utoipa::{IntoParams, ToSchema};

use super::{IfMatch, Refusals};
use crate::asker::Asker;
use crate::hal::{Collection, Hal, shown};
use crate::number::Number;
use crate::paging::Asked;
use crate::problem::Refusal;
use crate::sent::{Params, PathId, Sent, day};
use crate::state::{Site, through};

/// So long a cancellation waits for its refund, where somebody runs due effects; the answer then says `reqCancel`.
const REFUND_WAIT_MAX: Duration = Duration::from_secs(1);

/// Which reservations.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this customer; the manager's to ask, customers are shown their own.
    #[param(min_length = 1, max_length = 200)]
    customer: Option<String>,
    /// Of this storage.
    #[param(value_type = Option<u64>, maximum = 999999999999999_u64)]
    storage_id: Option<Number<u64>>,
    /// In this state.
    status: Option<ReservationStatus>,
    /// Rows with ids above this one.
    #[param(value_type = Option<u64>, maximum = 999999999999999_u64)]
    after: Option<Number<u64>>,
    /// At most so many rows, 1 to 100; 20 if not given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    size: Option<Number<u32>>,
}

/// Which of one's own reservations.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WhichOfMine {
    /// Of this storage.
    #[param(value_type = Option<u64>, maximum = 999999999999999_u64)]
    storage_id: Option<Number<u64>>,
    /// In this state.
    status: Option<ReservationStatus>,
    /// Rows with ids above this one.
    #[param(value_type = Option<u64>, maximum = 999999999999999_u64)]
    after: Option<Number<u64>>,
    /// At most so many rows, 1 to 100; 20 if not given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    size: Option<Number<u32>>,
}

/// Reservations, in order of id: all to the manager, their own to customers.
#[utoipa::path(get, path = "/reservations", tag = "reservations", params(Which),
    responses((status = 200, body = Collection<Hal<ReservationRow>>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    asker: Asker,
    Params(which): Params<Which>,
) -> Result<Response, Refusal> {
    let whose = asker.whose(which.customer.as_deref())?;
    let which = Which { customer: whose.as_ref().map(|of| of.as_str().to_owned()), ..which };
    page(&site, "/reservations", which, whose).await
}

/// The caller's own reservations, in order of id; to the manager those of `guest`.
#[utoipa::path(get, path = "/me/reservations", tag = "reservations", params(WhichOfMine),
    responses((status = 200, body = Collection<Hal<ReservationRow>>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn mine(
    State(site): State<Arc<Site>>,
    asker: Asker,
    Params(which): Params<WhichOfMine>,
) -> Result<Response, Refusal> {
    let me = asker.caller().books_for();
    let WhichOfMine { storage_id, status, after, size } = which;
    page(&site, "/me/reservations", Which { customer: None, storage_id, status, after, size }, Some(me)).await
}

async fn page(site: &Site, path: &str, which: Which, customer: Option<CustomerId>) -> Result<Response, Refusal> {
    let asked = Asked::of(which.after, which.size)?;
    let filters = [
        ("customer", which.customer),
        ("storageId", which.storage_id.map(|Number(id)| id.to_string())),
        ("status", which.status.map(|status| status.as_str().to_owned())),
    ];
    let storage_id = which.storage_id.map(|Number(id)| id.into());
    let filter = ReservationFilter { customer, storage_id, status: which.status };
    let page = asked.page();
    Ok(asked.shown(path, &filters, site.read(move |app| Ok(app.reservations(&filter, page)?)).await?))
}

/// A reservation that this asker may see.
pub(crate) fn seen(site: &Site, asker: &Asker, id: u64) -> Result<ReservationRow, Refusal> {
    let row = site.app.reservation(id.into())?;
    if asker.sees(&row.booking.customer) {
        return Ok(row);
    }
    Err(storagerent::ReservationError::NotFound { reservation_id: id.into() }.into())
}

/// A reservation.
#[utoipa::path(get, path = "/reservations/{id}", tag = "reservations", params(("id" = u64, Path)),
    responses((status = 200, body = Hal<ReservationRow>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn show(State(site): State<Arc<Site>>, asker: Asker, PathId(id): PathId) -> Result<Response, Refusal> {
    Ok(shown(seen(&site, &asker, id)?))
}

/// A change of a reservation: its cancellation. What else it is made of may be sent along and is not looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "reservationStatus": "reqCancel" }))]
#[expect(dead_code, reason = "clients of the first storagerent send more than is looked at")]
pub(crate) struct ReservationChange {
    /// `reqCancel`.
    #[schema(value_type = String, pattern = "^reqCancel$")]
    reservation_status: ReservationStatus,
    #[schema(schema_with = crate::number::schema)]
    storage_id: Option<Number<u64>>,
    #[schema(schema_with = crate::number::schema)]
    price: Option<Number<u64>>,
    #[schema(ignore)]
    reservation_id: Option<IgnoredAny>,
    #[schema(ignore)]
    customer: Option<IgnoredAny>,
    #[schema(ignore)]
    from: Option<IgnoredAny>,
    #[schema(ignore)]
    until: Option<IgnoredAny>,
    #[schema(ignore)]
    currency: Option<IgnoredAny>,
    #[schema(ignore)]
    payment_id: Option<IgnoredAny>,
    #[schema(ignore)]
    hold_expires_at: Option<IgnoredAny>,
    #[schema(ignore)]
    paid_until: Option<IgnoredAny>,
    #[schema(ignore)]
    correlation_id: Option<IgnoredAny>,
    #[serde(rename = "_links")]
    #[schema(ignore)]
    links: Option<IgnoredAny>,
}

/// Cancels a reservation, up to and including its first day, with a full refund: `reservationStatus` `reqCancel`. Repeated, the same
/// answer.
#[utoipa::path(patch, path = "/reservations/{id}", tag = "reservations", params(("id" = u64, Path), IfMatch), request_body = ReservationChange,
    responses((status = 200, body = Hal<ReservationRow>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn change(
    State(site): State<Arc<Site>>,
    asker: Asker,
    PathId(id): PathId,
    Sent(sent): Sent<ReservationChange>,
) -> Result<Response, Refusal> {
    if sent.reservation_status != ReservationStatus::ReqCancel {
        let (en, ko) = ("a reservation can only be cancelled: reqCancel", "예약은 reqCancel로만 바꿀 수 있습니다");
        return Err(InvalidValue::new("reservationStatus", en, ko).into());
    }
    seen(&site, &asker, id)?;
    through(site.begin(), async move {
        let followed = site.options.on_written.is_some().then(|| site.feed.follow());
        let reservation_id = ReservationId::new(id);
        let row = site.app.cancel_async(&asker.caller(), CancelReservation { reservation_id }).await?;
        site.written();
        match followed {
            Some(feed) if row.reservation_status == ReservationStatus::ReqCancel => {
                let refunded = tokio::time::timeout(REFUND_WAIT_MAX, refund(&site, reservation_id, feed)).await;
                Ok(shown(refunded.unwrap_or_else(|_| Ok(site.app.reservation(reservation_id)?))?))
            }
            Some(_) | None => Ok(shown(row)),
        }
    })
    .await
}

/// Waits until the refund is written.
async fn refund(
    site: &Site,
    id: ReservationId,
    mut feed: tokio::sync::watch::Receiver<u64>,
) -> Result<ReservationRow, Refusal> {
    loop {
        let row = site.app.reservation(id)?;
        if row.reservation_status != ReservationStatus::ReqCancel || feed.changed().await.is_err() {
            return Ok(row);
        }
    }
}

/// When a rental ends.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndSent {
    /// The first day that is free again; tomorrow if not given.
    #[schema(format = Date)]
    on: Option<String>,
}

/// Sets the end of a rental, or brings it forward, without refund.
#[utoipa::path(post, path = "/reservations/{id}/end", tag = "reservations", params(("id" = u64, Path), IfMatch), request_body = EndSent,
    responses((status = 200, body = Hal<ReservationRow>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn end(
    State(site): State<Arc<Site>>,
    asker: Asker,
    PathId(id): PathId,
    Sent(sent): Sent<EndSent>,
) -> Result<Response, Refusal> {
    let on = day("on", sent.on.as_deref())?;
    seen(&site, &asker, id)?;
    through(site.begin(), async move {
        let row = site.app.end_async(&asker.caller(), EndRental { reservation_id: id.into(), on }).await?;
        site.written();
        Ok(shown(row))
    })
    .await
}
