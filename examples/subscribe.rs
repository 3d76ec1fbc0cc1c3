//! A consumer of your own: added to a site that has been running for long, it starts from event 1 and touches nothing else.
//!
//! `cargo run -p storagerent-examples --bin subscribe`

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::*;

/// What came in and went out, per currency: a ledger for the accountant.
#[derive(Clone, Default)]
struct Turnover(Arc<Mutex<BTreeMap<String, i64>>>);

impl Consumer for Turnover {
    fn name(&self) -> &str {
        "turnover"
    }

    fn take(&self, event: &Envelope) -> Result<(), ConsumeError> {
        let (price, sign) = match &event.event {
            Event::Payment(PaymentEvent::PaymentApproved(e)) => (e.booking.price, 1),
            Event::Payment(PaymentEvent::PaymentCancelled(e)) => (e.booking.price, -1),
            _ => return Ok(()),
        };
        // At least once: a real ledger would keep `event.sequence` and skip what it has seen.
        *self.0.lock().expect("nobody panics here").entry(price.currency().code().to_owned()).or_default() +=
            sign * price.amount();
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("rent.db");
    {
        let app = storagerent::open(&file, SimulatedGateway::in_memory(Behaviour::Approve))?;
        for won in [59_000, 109_000] {
            let rate = Rate::flat(Money::krw(won))?;
            let storage = app.register(&Caller::manager(), RegisterStorage { description: "창고".parse()?, rate })?;
            app.reserve(&Caller::customer("kim".parse()?), Reserve::new(storage.storage_id))?;
        }
    }

    let turnover = Turnover::default();
    let options = Options::new(SimulatedGateway::in_memory(Behaviour::Approve)).consumer(turnover.clone());
    let app = storagerent::open_with(&file, options)?;
    let events = app.status()?.events;
    app.run_due()?;
    println!("after {events} events: {:?}", turnover.0.lock().expect("nobody panics here"));
    assert_eq!(app.status()?.events, events, "it touched nothing else");
    Ok(())
}
