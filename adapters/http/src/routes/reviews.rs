//! Reviews of what was rented, by whoever rented it.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use storagerent::{
    AddReview, App, Caller, DeleteReview, InvalidValue, ModifyReview, Page, ReservationFilter, ReservationId,
    ReservationStatus, ReviewContent, ReviewError, ReviewFilter, ReviewRow, Stars, StorageError, StorageId,
};
use utoipa::{IntoParams, ToSchema};

use super::Refusals;
use crate::asker::Asker;
use crate::hal::{Collection, Hal, created, shown};
use crate::number::Number;
use crate::paging::Asked;
use crate::problem::Refusal;
use crate::sent::{Params, PathId, Sent};
use crate::state::{Site, through};

/// A review as a client sends it. A new one names the reservation, or the storage: then it is of the caller's latest reservation
/// there that can be reviewed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "reservationId": 1, "rate": 5, "content": "Dry, clean and easy to find" }))]
#[expect(dead_code, reason = "clients send back what they were shown: it is taken and not looked at")]
pub(crate) struct ReviewSent {
    /// The reservation it is about.
    #[schema(schema_with = crate::number::schema)]
    reservation_id: Option<Number<u64>>,
    /// The storage it is about.
    #[schema(schema_with = crate::number::schema)]
    storage_id: Option<Number<u64>>,
    /// 1 to 5.
    #[schema(value_type = Option<i64>, minimum = 1, maximum = 5)]
    rate: Option<Number<i64>>,
    /// What the customer says.
    #[schema(min_length = 1, max_length = 2000)]
    content: Option<String>,
    #[serde(default)]
    #[schema(ignore)]
    review_id: Option<Number<u64>>,
    #[serde(rename = "_links")]
    #[schema(ignore)]
    links: Option<serde::de::IgnoredAny>,
}

impl ReviewSent {
    fn rate(&self) -> Result<Option<Stars>, InvalidValue> {
        // The field is called otherwise on the command line.
        let stars = self.rate.map(|Number(rate)| Stars::new(rate)).transpose();
        stars.map_err(|e| InvalidValue { field: "rate", ..e })
    }

    fn content(&self) -> Result<Option<ReviewContent>, InvalidValue> {
        self.content.as_deref().map(ReviewContent::new).transpose()
    }

    fn whole(&self) -> Result<(Stars, ReviewContent), InvalidValue> {
        let missing = |field| InvalidValue::new(field, "it is missing", "빠졌습니다");
        Ok((self.rate()?.ok_or_else(|| missing("rate"))?, self.content()?.ok_or_else(|| missing("content"))?))
    }
}

/// Which reviews.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this storage.
    #[param(value_type = Option<u64>, maximum = 999999999999999_u64)]
    storage_id: Option<Number<u64>>,
    /// Rows with ids above this one.
    #[param(value_type = Option<u64>, maximum = 999999999999999_u64)]
    after: Option<Number<u64>>,
    /// At most so many rows, 1 to 100; 20 if not given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    size: Option<Number<u32>>,
}

/// Reviews, in order of id.
#[utoipa::path(get, path = "/reviews", tag = "reviews", params(Which),
    responses((status = 200, body = Collection<Hal<ReviewRow>>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn list(State(site): State<Arc<Site>>, Params(which): Params<Which>) -> Result<Response, Refusal> {
    let asked = Asked::of(which.after, which.size)?;
    let storage_id = which.storage_id.map(|Number(id)| id);
    let (filter, page) = (ReviewFilter { storage_id: storage_id.map(StorageId::new) }, asked.page());
    let rows = site.read(move |app| Ok(app.reviews(&filter, page)?)).await?;
    Ok(asked.shown("/reviews", &[("storageId", storage_id.map(|id| id.to_string()))], rows))
}

/// Reviews a rental, once.
#[utoipa::path(post, path = "/reviews", tag = "reviews", request_body = ReviewSent,
    responses((status = 201, body = Hal<ReviewRow>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn add(
    State(site): State<Arc<Site>>,
    asker: Asker,
    Sent(sent): Sent<ReviewSent>,
) -> Result<Response, Refusal> {
    let (rate, content) = sent.whole()?;
    let author = asker.author();
    let candidates = match (sent.reservation_id, sent.storage_id) {
        (Some(Number(id)), _) => vec![ReservationId::new(id)],
        (None, Some(Number(id))) => {
            let author = author.clone();
            site.read(move |app| rented_by(app, &author, StorageId::new(id))).await?
        }
        (None, None) => return Err(InvalidValue::new("reservationId", "it is missing", "빠졌습니다").into()),
    };
    through(site.begin(), async move {
        let mut refused = None;
        for reservation_id in candidates {
            let command = AddReview { reservation_id, rate, content: content.clone() };
            match site.app.add_review_async(&author, command).await {
                Ok(row) => {
                    site.written();
                    return Ok(created(StatusCode::CREATED, row));
                }
                Err(
                    e @ (ReviewError::NotRented { .. }
                    | ReviewError::TooEarly { .. }
                    | ReviewError::AlreadyReviewed { .. }),
                ) => {
                    refused = refused.or(Some(e));
                }
                // What others rented is not told from what nobody did.
                Err(ReviewError::NotAllowed(_)) => {
                    return Err(ReviewError::ReservationNotFound { reservation_id }.into());
                }
                Err(e) => return Err(e.into()),
            }
        }
        Err(refused.map_or_else(not_rented, Refusal::from))
    })
    .await
}

fn not_rented() -> Refusal {
    let (en, ko) = ("you have no reservation of this storage to review", "후기를 쓸 수 있는 예약이 이 창고에 없습니다");
    Refusal::own(StatusCode::CONFLICT, "notRented", en, ko)
}

/// So many of a customer's reservations of a storage are tried at most: each costs a transaction.
const TRIED_MAX: usize = 20;

/// The caller's reservations of a storage that may be reviewed, the latest first.
fn rented_by(app: &App, author: &Caller, id: StorageId) -> Result<Vec<ReservationId>, Refusal> {
    app.storage(id).map_err(|_| StorageError::NotFound { storage_id: id })?;
    let of = |status| {
        let filter =
            ReservationFilter { customer: Some(author.books_for()), storage_id: Some(id), status: Some(status) };
        app.reservations(&filter, Page::default())
    };
    let mut rows = of(ReservationStatus::Completed)?;
    rows.extend(of(ReservationStatus::Reserved)?);
    let mut ids: Vec<_> = rows.into_iter().map(|row| row.booking.reservation_id).collect();
    ids.sort_by_key(|id| std::cmp::Reverse(id.get()));
    ids.truncate(TRIED_MAX);
    Ok(ids)
}

/// A review.
#[utoipa::path(get, path = "/reviews/{id}", tag = "reviews", params(("id" = u64, Path)),
    responses((status = 200, body = Hal<ReviewRow>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn show(State(site): State<Arc<Site>>, PathId(id): PathId) -> Result<Response, Refusal> {
    Ok(shown(site.app.review(id.into())?))
}

/// Sets rating and content of one's own review anew.
#[utoipa::path(put, path = "/reviews/{id}", tag = "reviews", params(("id" = u64, Path)), request_body = ReviewSent,
    responses((status = 200, body = Hal<ReviewRow>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn replace(
    state: State<Arc<Site>>,
    asker: Asker,
    id: PathId,
    Sent(sent): Sent<ReviewSent>,
) -> Result<Response, Refusal> {
    sent.whole()?;
    modify(state, asker, id, Sent(sent)).await
}

/// Changes what is given of one's own review.
#[utoipa::path(patch, path = "/reviews/{id}", tag = "reviews", params(("id" = u64, Path)), request_body = ReviewSent,
    responses((status = 200, body = Hal<ReviewRow>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn modify(
    State(site): State<Arc<Site>>,
    asker: Asker,
    PathId(id): PathId,
    Sent(sent): Sent<ReviewSent>,
) -> Result<Response, Refusal> {
    let command = ModifyReview { review_id: id.into(), rate: sent.rate()?, content: sent.content()? };
    through(site.begin(), async move {
        let row = site.app.modify_review_async(&asker.author(), command).await?;
        site.written();
        Ok(shown(row))
    })
    .await
}

/// Deletes a review: its author may, and the manager.
#[utoipa::path(delete, path = "/reviews/{id}", tag = "reviews", params(("id" = u64, Path)),
    responses((status = 204), Refusals))]
pub(crate) async fn delete(
    State(site): State<Arc<Site>>,
    asker: Asker,
    PathId(id): PathId,
) -> Result<Response, Refusal> {
    through(site.begin(), async move {
        site.app.delete_review_async(&asker.caller(), DeleteReview { review_id: id.into() }).await?;
        site.written();
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await
}
