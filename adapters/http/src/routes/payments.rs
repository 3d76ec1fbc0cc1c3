//! Payments: all to the manager, those of their own reservations to customers.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use storagerent::{App, CustomerId, Kind, Page, PaymentRow, ReservationFilter};

use super::Refusals;
use super::reservations::seen;
use crate::asker::Asker;
use crate::hal::{Collection, Hal, shown};
use crate::paging::{Asked, Paging};
use crate::problem::Refusal;
use crate::sent::{Params, PathId};
use crate::state::Site;

/// Payments, in order of id.
#[utoipa::path(get, path = "/payments", tag = "payments", params(Paging),
    responses((status = 200, body = Collection<Hal<PaymentRow>>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    asker: Asker,
    Params(paging): Params<Paging>,
) -> Result<Response, Refusal> {
    let asked = Asked::of(paging.after, paging.size)?;
    let (page, customer) = (asked.page(), asker.customer().cloned());
    let rows = site.read(move |app| match customer {
        None => Ok(app.payments(page)?),
        Some(customer) => of_customer(app, customer, page),
    });
    let rows = rows.await?;
    Ok(asked.shown("/payments", &[], rows))
}

/// A payment is begun with its reservation, so both are in the same order.
fn of_customer(app: &App, customer: CustomerId, page: Page) -> Result<Vec<PaymentRow>, Refusal> {
    let after = match app.payment(page.after.into()) {
        Ok(payment) => payment.reservation_id.get(),
        Err(_) if page.after == 0 => 0,
        // Ids have no gaps: what is not there comes after all that is.
        Err(error) if error.kind() == Kind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error.into()),
    };
    let filter = ReservationFilter { customer: Some(customer), ..ReservationFilter::default() };
    let theirs = app.reservations(&filter, Page { after, ..page })?;
    theirs.iter().map(|row| Ok(app.payment(row.booking.payment_id)?)).collect()
}

/// A payment.
#[utoipa::path(get, path = "/payments/{id}", tag = "payments", params(("id" = u64, Path)),
    responses((status = 200, body = Hal<PaymentRow>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn show(State(site): State<Arc<Site>>, asker: Asker, PathId(id): PathId) -> Result<Response, Refusal> {
    let row = site.app.payment(id.into())?;
    seen(&site, &asker, row.reservation_id.get())
        .map_err(|_| storagerent::PaymentError::NotFound { payment_id: id.into() })?;
    Ok(shown(row))
}
