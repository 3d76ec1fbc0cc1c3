//! What a payment service tells unasked: `POST /payment-callbacks`, signed.
//!
//! A callback is an outcome of a charge that was made, under the key it was made with: it may settle a reservation whose reply
//! was lost, and never begins anything. Told twice, or caught and sent again, it changes nothing the second time.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde::Serialize;
use storagerent::{App, Outcome, PaymentId, PaymentRow, PaymentStatus};

use crate::Secret;
use crate::client::BODY_BYTES_MAX;
use crate::problem::Problem;
use crate::signature::{self, HEADER, TOLERANCE};
use crate::wire::{Callback, Settled};

/// So long a body may take to come in.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// Listens to a payment service that signs with the secret: a router to merge into yours. It takes at most 64 KiB.
///
/// | answer | when |
/// | --- | --- |
/// | 200 and the payment as it is | it was booked, now or before; also if it contradicts what was booked, which is then parked for an operator to see |
/// | 400, 408, 413, 422 | the body is no callback, too slow, too long, or no outcome of a charge |
/// | 401 | not signed with the secret, or not within five minutes |
/// | 404 | that much was never asked for under that key |
/// | 503 with `Retry-After` | not now: tell it again |
pub fn callback_router(app: App, secret: Secret) -> Router {
    Router::new().route("/payment-callbacks", post(told)).with_state(Ear { app, secret })
}

#[derive(Clone)]
struct Ear {
    app: App,
    secret: Secret,
}

/// The payment as it is after the callback.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Heard {
    payment_id: PaymentId,
    payment_status: PaymentStatus,
}

async fn told(State(ear): State<Ear>, headers: HeaderMap, body: Body) -> Response {
    match hear(ear, headers, body).await {
        Ok(payment) => {
            let heard = Heard { payment_id: payment.payment_id, payment_status: payment.payment_status };
            Json(heard).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

async fn hear(ear: Ear, headers: HeaderMap, body: Body) -> Result<PaymentRow, Problem> {
    let body = whole(&headers, body).await?;
    let signed = headers.get(HEADER).and_then(|value| value.to_str().ok()).unwrap_or_default();
    signature::verify(&ear.secret, signed, &body, ear.app.now(), TOLERANCE)
        .map_err(|_| Problem::new(StatusCode::UNAUTHORIZED, "badSignature", "the body is not signed as agreed"))?;
    let callback: Callback = serde_json::from_slice(&body)
        .map_err(|error| Problem::new(StatusCode::BAD_REQUEST, "invalidValue", format!("no callback: {error}")))?;
    let reason = callback.reason.unwrap_or_default();
    let outcome = match callback.outcome {
        Settled::Captured => Outcome::Captured,
        Settled::Declined => Outcome::Declined { reason },
        Settled::NotTaken => Outcome::NotTaken { reason },
        Settled::Refunded => Outcome::Refunded,
    };
    let (app, key, amount) = (ear.app, callback.key, callback.amount);
    let booked = tokio::task::spawn_blocking(move || app.payment_told(key, amount, outcome)).await;
    match booked {
        Ok(Ok(payment)) => Ok(payment),
        Ok(Err(error)) => Err(Problem::of(&error)),
        Err(_) => Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "something went wrong here")),
    }
}

/// The body, unless it is too long or too slow.
async fn whole(headers: &HeaderMap, body: Body) -> Result<Bytes, Problem> {
    let too_long = || Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "tooLong", "a callback is at most 64 KiB");
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > BODY_BYTES_MAX) {
        return Err(too_long());
    }
    match tokio::time::timeout(BODY_PATIENCE, to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(_)) => Err(too_long()),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "tooSlow", "the body did not come in time")),
    }
}
