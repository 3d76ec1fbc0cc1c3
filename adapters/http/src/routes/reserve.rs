//! Reserving: the hold, the call of the payment gateway, and the answer, each after its COMMIT.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use serde::Deserialize;
use serde::de::IgnoredAny;
use storagerent::{Caller, Error, InvalidValue, ReservationError, ReservationRow, ReservationStatus, Reserve};
use utoipa::ToSchema;

use super::Refusals;
use crate::asker::Asker;
use crate::hal::{Hal, created};
use crate::number::Number;
use crate::problem::Refusal;
use crate::sent::{Sent, day};
use crate::state::{Site, broken, through};

/// What a client sends to reserve. What the engine decides by itself may be sent along and is not looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "storageId": 1 }))]
#[expect(dead_code, reason = "what is taken and not looked at")]
pub(crate) struct ReservationSent {
    /// Which storage: a number, or a string of its digits.
    #[schema(schema_with = crate::number::schema)]
    storage_id: Number<u64>,
    /// The total the customer was quoted, in minor units: another total now is a conflict. Not checked if not given.
    #[schema(schema_with = crate::number::schema)]
    price: Option<Number<i64>>,
    /// The first day, today if not given.
    #[schema(format = Date)]
    from: Option<String>,
    /// The first day that is free again; open-ended if not given.
    #[schema(format = Date)]
    until: Option<String>,
    /// `reqReserve`, or nothing.
    #[schema(value_type = Option<String>, pattern = "^reqReserve$")]
    reservation_status: Option<ReservationStatus>,
    #[schema(ignore)]
    reservation_id: Option<IgnoredAny>,
    #[schema(ignore)]
    payment_id: Option<IgnoredAny>,
    #[schema(ignore)]
    hold_expires_at: Option<IgnoredAny>,
    #[schema(ignore)]
    paid_until: Option<IgnoredAny>,
    #[serde(rename = "_links")]
    #[schema(ignore)]
    links: Option<IgnoredAny>,
}

impl ReservationSent {
    fn command(&self) -> Result<Reserve, InvalidValue> {
        if !matches!(self.reservation_status, None | Some(ReservationStatus::ReqReserve)) {
            let (en, ko) =
                ("a new reservation can only be asked for: reqReserve", "새 예약은 reqReserve로만 요청합니다");
            return Err(InvalidValue::new("reservationStatus", en, ko));
        }
        let Number(storage_id) = self.storage_id;
        Ok(Reserve {
            from: day("from", self.from.as_deref())?,
            until: day("until", self.until.as_deref())?,
            price: self.price.map(|Number(price)| price),
            ..Reserve::new(storage_id.into())
        })
    }
}

/// Reserves a storage and pays for it in the same step, or there is no reservation. 201 with the reservation; 202 while it is not
/// known whether the payment was taken: look again, or repeat under the same `Idempotency-Key`.
#[utoipa::path(post, path = "/reservations", tag = "reservations", request_body = ReservationSent,
    params(("Idempotency-Key" = Option<String>, Header, description = "Under one key it happens once", min_length = 1, max_length = 200, pattern = "^[!-~]+$")),
    responses((status = 201, body = Hal<ReservationRow>, content_type = "application/hal+json"),
        (status = 202, body = Hal<ReservationRow>, content_type = "application/hal+json"),
        (status = 402, body = crate::problem::Problem, content_type = "application/problem+json"), Refusals))]
pub(crate) async fn reserve(
    State(site): State<Arc<Site>>,
    asker: Asker,
    Sent(sent): Sent<ReservationSent>,
) -> Result<Response, Refusal> {
    let command = sent.command()?;
    through(site.begin(), async move {
        let reserved = pay(&site, &asker.caller(), command).await;
        site.written();
        match reserved {
            Ok(row) => Ok(created(StatusCode::CREATED, row)),
            Err(Refusal::Engine(Error::Reservation(ReservationError::OutcomeUnknown { reservation, retry_after }))) => {
                let mut response = created(StatusCode::ACCEPTED, *reservation);
                let wait = HeaderValue::from(retry_after.as_secs().max(1));
                response.headers_mut().insert(header::RETRY_AFTER, wait);
                Ok(response)
            }
            Err(refusal) => Err(refusal),
        }
    })
    .await
}

/// Places the hold, calls the gateway where that keeps nobody else waiting, and tells the engine what came of it.
async fn pay(site: &Arc<Site>, caller: &Caller, command: Reserve) -> Result<ReservationRow, Refusal> {
    let place = site.call().await?;
    let mut reserving = site.app.begin_reserve_async(caller, command).await?;
    while let Some(effect) = reserving.effect.clone() {
        let app = site.app.clone();
        let outcome = tokio::task::spawn_blocking(move || app.call(&effect)).await.map_err(|_| broken())?;
        reserving = site.app.resume_reserve_async(caller, command, &reserving, outcome).await?;
    }
    drop(place);
    Ok(reserving.reservation)
}
