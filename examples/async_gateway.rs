//! A host that does the effects itself: an async payment client, and no transaction open, no thread blocked, while the payment
//! service is waited for. What the engine does here blocks for as long as a commit takes; a host that may not even do that takes the
//! methods that end in `_async`, over a `DrivenStore`, and `spawn_blocking` for the rest.
//!
//! `cargo run -p storagerent-examples --bin async_gateway`

use std::time::Duration;

use storagerent::*;

/// A payment service as an async client would call it.
async fn call_payment_service(task: &Task) -> Outcome {
    tokio::time::sleep(Duration::from_millis(20)).await; // the network
    match task {
        Task::Charge(charge) => {
            println!("  charge {} under key {}", charge.amount, charge.key);
            Outcome::Captured
        }
        Task::Void(charge) => {
            println!("  was {} taken under key {}?", charge.amount, charge.key);
            Outcome::Captured
        }
        Task::Refund(charge) => {
            println!("  refund {} under key {}", charge.amount, charge.key);
            Outcome::Refunded
        }
        Task::Deliver { channel, message } => {
            println!("  {channel}: {}", message.content);
            Outcome::Delivered
        }
    }
}

/// Reserves as a blocking caller would, the call being the host's.
async fn reserve(app: &App, caller: &Caller, command: Reserve) -> Result<ReservationRow, ReservationError> {
    let mut step = app.begin_reserve(caller, command)?;
    println!("held: {}", step.reservation.reservation_status.as_str());
    while let Some(effect) = &step.effect {
        let outcome = call_payment_service(&effect.task).await;
        step = app.resume_reserve(caller, command, &step, outcome)?;
    }
    Ok(step.reservation)
}

/// The host's loop for all other effects: lease what is due, do it, tell what came of it.
async fn do_effects(app: &App) -> Result<(), Error> {
    for effect in app.due_effects(10)? {
        let outcome = call_payment_service(&effect.task).await;
        app.complete(&effect, outcome)?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let app = storagerent::open_with(folder.path().join("rent.db"), Options::without_gateway())?;
    let kim = Caller::customer("kim".parse()?);
    let rate = Rate::flat(Money::krw(59_000))?;
    let storage = app.register(&Caller::manager(), RegisterStorage { description: "강남 소형 1평".parse()?, rate })?;

    let row = reserve(&app, &kim, Reserve::new(storage.storage_id)).await?;
    let id = row.booking.reservation_id;
    println!("after the charge: {}", row.reservation_status.as_str());

    app.cancel(&kim, CancelReservation { reservation_id: id })?;
    app.run_due()?; // ticks, settles and lets consumers run; the effects stay the host's
    do_effects(&app).await?;
    println!("after the refund: {}", app.reservation(id)?.reservation_status.as_str());
    Ok(())
}
