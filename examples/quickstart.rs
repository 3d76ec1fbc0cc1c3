//! Ten lines: open, register, reserve, cancel, run_due, view.
//!
//! `cargo run -p storagerent-examples --bin quickstart`

use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::*;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?; // your application has a place of its own
    let app = storagerent::open(folder.path().join("rent.db"), SimulatedGateway::in_memory(Behaviour::Approve))?;
    let (manager, kim) = (Caller::manager(), Caller::customer("kim".parse()?));
    let rate = Rate::flat(Money::parse("59000", "KRW")?)?;
    let storage = app.register(&manager, RegisterStorage { description: "강남 소형 1평".parse()?, rate })?;
    let reservation = app.reserve(&kim, Reserve::new(storage.storage_id))?;
    println!("reserved and paid: {} until {:?}", reservation.booking.price, reservation.paid_until);
    app.cancel(&kim, CancelReservation { reservation_id: reservation.booking.reservation_id })?;
    app.run_due()?; // refunds, tells the customer, updates the view
    println!("{:?}", app.view(storage.storage_id)?.reservation_status);
    Ok(())
}
