//! The calls that move money, as far as it goes here.

use std::time::Duration;

use axum::Json;
use axum::extract::rejection::JsonRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::{Charge, Key, Outcome, PaymentGateway};

use super::{PaymentSim, cut};
use crate::gateway::IDEMPOTENCY_KEY;
use crate::problem::Problem;
use crate::wire::{Callback, PaymentBody, PaymentReply, Settled};

/// The simulated gateway waits for nothing; the clients' deadlines are theirs to keep.
const NO_DEADLINE: Duration = Duration::MAX;

type Told = Result<Json<PaymentBody>, JsonRejection>;
type Answer = Result<Response, Problem>;

pub(super) async fn charge(State(sim): State<PaymentSim>, headers: HeaderMap, body: Told) -> Answer {
    let raw = headers.get(IDEMPOTENCY_KEY).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let charge = read(raw, body)?;
    let faults = sim.switches.faults();
    up(faults.behaviour)?;
    let (key, amount, teller) = (charge.key, charge.amount, sim.teller.clone());
    let outcome = book(&sim, move |books| {
        // Declining is the books' to remember, what else goes wrong goes wrong on the way.
        let outcome = books.charge_as(&charge, NO_DEADLINE, books_behaviour(faults.behaviour));
        if matches!(faults.behaviour, Behaviour::Slow | Behaviour::LostReply)
            && let (Some(teller), Some((outcome, reason))) = (teller, settled(&outcome))
        {
            // Told even if the caller has hung up meanwhile.
            let id = format!("{key}-charge");
            teller.tell(Callback { id, key, outcome, reason, amount });
        }
        outcome
    })
    .await?;
    tokio::time::sleep(faults.delay_of_charges()).await;
    if faults.behaviour == Behaviour::LostReply {
        return Ok(cut::off());
    }
    answer(key, outcome)
}

pub(super) async fn void(State(sim): State<PaymentSim>, Path(key): Path<String>, body: Told) -> Answer {
    repeatable(sim, &key, body, |books, charge| books.void(charge, NO_DEADLINE)).await
}

pub(super) async fn refund(State(sim): State<PaymentSim>, Path(key): Path<String>, body: Told) -> Answer {
    repeatable(sim, &key, body, |books, charge| books.refund(charge, NO_DEADLINE)).await
}

async fn repeatable(
    sim: PaymentSim,
    key: &str,
    body: Told,
    call: impl FnOnce(&SimulatedGateway, &Charge) -> Outcome + Send + 'static,
) -> Answer {
    let charge = read(key, body)?;
    let faults = sim.switches.faults();
    up(faults.behaviour)?;
    let key = charge.key;
    let outcome = book(&sim, move |books| call(books, &charge)).await?;
    tokio::time::sleep(faults.delay.unwrap_or_default()).await;
    answer(key, outcome)
}

fn read(key: &str, body: Told) -> Result<Charge, Problem> {
    let refuse = |why: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalidValue", why);
    let key = key.parse::<Key>().map_err(|error| refuse(error.to_string()))?;
    let Json(body) = body.map_err(|rejection| refuse(rejection.body_text()))?;
    body.amount.above_zero().map_err(|error| refuse(error.to_string()))?;
    Ok(body.under(key))
}

fn up(behaviour: Behaviour) -> Result<(), Problem> {
    match behaviour {
        Behaviour::Down => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "down", "the payment service is down")),
        Behaviour::Approve | Behaviour::Decline | Behaviour::Slow | Behaviour::LostReply => Ok(()),
    }
}

fn books_behaviour(behaviour: Behaviour) -> Behaviour {
    if behaviour == Behaviour::Decline { Behaviour::Decline } else { Behaviour::Approve }
}

/// Every booking is on disk before it is answered, so it may take a while.
async fn book(
    sim: &PaymentSim,
    call: impl FnOnce(&SimulatedGateway) -> Outcome + Send + 'static,
) -> Result<Outcome, Problem> {
    let books = std::sync::Arc::clone(&sim.books);
    tokio::task::spawn_blocking(move || call(&books)).await.map_err(|_| failed("the call panicked".to_owned()))
}

fn settled(outcome: &Outcome) -> Option<(Settled, Option<String>)> {
    match outcome {
        Outcome::Captured => Some((Settled::Captured, None)),
        Outcome::Refunded => Some((Settled::Refunded, None)),
        Outcome::Declined { reason } => Some((Settled::Declined, Some(reason.clone()))),
        Outcome::NotTaken { reason } => Some((Settled::NotTaken, Some(reason.clone()))),
        _ => None,
    }
}

fn answer(key: Key, outcome: Outcome) -> Answer {
    if let Some((settled, reason)) = settled(&outcome) {
        let status = if settled == Settled::Declined { StatusCode::PAYMENT_REQUIRED } else { StatusCode::OK };
        return Ok((status, Json(PaymentReply { key, outcome: settled, reason })).into_response());
    }
    match outcome {
        Outcome::Refused { reason } => Err(Problem::new(StatusCode::CONFLICT, "refused", reason)),
        Outcome::Unknown { reason } | Outcome::Unavailable { reason } => Err(failed(reason)),
        other => Err(failed(format!("{other:?} is no answer"))),
    }
}

fn failed(why: String) -> Problem {
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "failed", why)
}
