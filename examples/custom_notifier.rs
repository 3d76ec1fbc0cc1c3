//! Telling customers over a channel of your own: each message at least once, under a stable key.
//!
//! `cargo run -p storagerent-examples --bin custom_notifier`

use std::collections::BTreeSet;
use std::sync::Mutex;

use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::*;

/// A text-message service that was away once, and tells repeated messages by their key.
struct TextMessages {
    away: Mutex<bool>,
    sent: Mutex<BTreeSet<Key>>,
}

impl Notifier for TextMessages {
    fn channel(&self) -> &str {
        "sms"
    }

    fn deliver(&self, key: Key, message: &MessageRow) -> Outcome {
        if std::mem::take(&mut *self.away.lock().expect("nobody panics here")) {
            println!("sms away, tried again later");
            return Outcome::Unavailable { reason: "no signal".to_owned() };
        }
        if self.sent.lock().expect("nobody panics here").insert(key) {
            println!("sms to {}: {}", message.customer, message.content);
        }
        Outcome::Delivered
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let clock = storagerent::clock::ManualClock::at("2026-11-22T03:00:00Z".parse()?);
    let options = Options::new(SimulatedGateway::in_memory(Behaviour::Approve))
        .notifier(TextMessages { away: Mutex::new(true), sent: Mutex::default() })
        .clock(clock.clone());
    let app = storagerent::open_with(folder.path().join("rent.db"), options)?;
    app.set(&Caller::manager(), "language", "en")?;
    let rate = Rate::flat(Money::krw(59_000))?;
    let storage = app.register(&Caller::manager(), RegisterStorage { description: "강남 소형 1평".parse()?, rate })?;

    app.reserve(&Caller::customer("kim".parse()?), Reserve::new(storage.storage_id))?;
    let ran = app.run_due()?;
    println!("next due at {:?}", ran.next_at);
    clock.advance(std::time::Duration::from_secs(2)); // a real host waits until then, or has a Worker
    app.run_due()?;
    Ok(())
}
