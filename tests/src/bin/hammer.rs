//! Reserves and cancels without end, and says what was acknowledged: for tests that kill it.

use std::io::Write;

use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::{App, Caller, CancelReservation, Money, Rate, RegisterStorage, Reserve};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("usage: hammer FILE")?;
    let books = SimulatedGateway::with_books(format!("{file}.books"), Behaviour::Approve)?;
    let app = storagerent::open(&file, books)?;
    for n in 0u64.. {
        round(&app, n)?;
    }
    Ok(())
}

fn round(app: &App, n: u64) -> Result<(), Box<dyn std::error::Error>> {
    let rate = Rate::flat(Money::krw(59_000))?;
    let storage = app.register(&Caller::manager(), RegisterStorage { description: "창고".parse()?, rate })?;
    say("registered", storage.storage_id.get())?;
    let kim = Caller::customer("kim".parse()?);
    let id = app.reserve(&kim, Reserve::new(storage.storage_id))?.booking.reservation_id;
    say("reserved", id.get())?;
    if n.is_multiple_of(2) {
        app.cancel(&kim, CancelReservation { reservation_id: id })?;
        say("cancelled", id.get())?;
        app.run_due()?;
    }
    Ok(())
}

fn say(what: &str, id: u64) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{what} {id}")?;
    out.flush()
}
