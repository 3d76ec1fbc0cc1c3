//! The reserve flow as a user of eventcore with eventcore-sqlite would write it: one stream per storage, a command that holds and
//! a command that confirms. `compare-eventcore TIMES STORAGES FILE` prints a line of JSON.
//!
//! The file begins empty and there is neither a message nor a ledger, nor a view: less than the other programs do.

use std::time::Instant;

use eventcore::{
    CommandError, CommandLogic, CommandStreams, Event, NewEvents, RetryPolicy, StreamDeclarations, StreamId, execute,
};
use eventcore_sqlite::{SqliteEventStore, rusqlite};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Booking {
    stream: StreamId,
    reservation_id: u64,
    storage_id: u64,
    customer: String,
    price: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum Happened {
    ReservationCreated(Booking),
    PaymentApproved(Booking),
    ReservationConfirmed(Booking),
}

impl Event for Happened {
    fn stream_id(&self) -> &StreamId {
        match self {
            Happened::ReservationCreated(booking)
            | Happened::PaymentApproved(booking)
            | Happened::ReservationConfirmed(booking) => &booking.stream,
        }
    }

    fn event_type_name() -> &'static str {
        "Happened"
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
struct Storage {
    held: Option<Booking>,
    reserved: bool,
}

fn applied(mut storage: Storage, event: &Happened) -> Storage {
    match event {
        Happened::ReservationCreated(booking) => storage.held = Some(booking.clone()),
        Happened::PaymentApproved(_) => {}
        Happened::ReservationConfirmed(_) => storage.reserved = true,
    }
    storage
}

fn only(stream: &StreamId) -> StreamDeclarations {
    StreamDeclarations::try_from_streams(vec![stream.clone()]).expect("one stream is a set of streams")
}

struct Hold(Booking);

impl CommandStreams for Hold {
    fn stream_declarations(&self) -> StreamDeclarations {
        only(&self.0.stream)
    }
}

impl CommandLogic for Hold {
    type Event = Happened;
    type State = Storage;

    fn apply(&self, state: Storage, event: &Happened) -> Storage {
        applied(state, event)
    }

    fn handle(&self, state: Storage) -> Result<NewEvents<Happened>, CommandError> {
        match state.held {
            None => Ok(vec![Happened::ReservationCreated(self.0.clone())].into()),
            Some(_) => Err(CommandError::from("the storage is taken".to_owned())),
        }
    }
}

struct Confirm(StreamId);

impl CommandStreams for Confirm {
    fn stream_declarations(&self) -> StreamDeclarations {
        only(&self.0)
    }
}

impl CommandLogic for Confirm {
    type Event = Happened;
    type State = Storage;

    fn apply(&self, state: Storage, event: &Happened) -> Storage {
        applied(state, event)
    }

    fn handle(&self, state: Storage) -> Result<NewEvents<Happened>, CommandError> {
        match state.held {
            Some(booking) if !state.reserved => {
                Ok(vec![Happened::PaymentApproved(booking.clone()), Happened::ReservationConfirmed(booking)].into())
            }
            _ => Err(CommandError::from("there is no hold".to_owned())),
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, times, storages, file] = &args[..] else { return Err("TIMES STORAGES FILE".into()) };
    let (times, storages): (u64, u64) = (times.parse()?, storages.parse()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // As durable as the others.
        let conn = rusqlite::Connection::open(file)?;
        conn.pragma_update(None, "journal_mode", "WAL")?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        let store = SqliteEventStore::from_connection(conn);
        store.migrate().await?;
        let mut answers = Vec::new();
        let begun = Instant::now();
        for n in 0..times.min(storages) {
            let one = Instant::now();
            let storage = (n * 618_033) % storages + 1;
            let stream = StreamId::try_new(format!("storage-{storage}"))?;
            let customer = format!("customer-{}", (n * 7_919) % 10_000);
            let booking =
                Booking { stream: stream.clone(), reservation_id: n + 1, storage_id: storage, customer, price: 59_000 };
            execute(&store, Hold(booking), RetryPolicy::new()).await?;
            execute(&store, Confirm(stream), RetryPolicy::new()).await?;
            answers.push(one.elapsed().as_secs_f64() * 1e6);
        }
        let seconds = begun.elapsed().as_secs_f64();
        answers.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| answers[((answers.len() - 1) as f64 * share) as usize].round();
        println!(
            "{{\"who\":\"eventcore-sqlite\",\"case\":\"peer\",\"storages\":{storages},\"times\":{},\"seconds\":{seconds:.3},\
             \"perSecond\":{:.0},\"p50Us\":{},\"p99Us\":{},\"cpuUs\":0.0,\"memoryMb\":0.0,\"bytesWritten\":0.0}}",
            answers.len(),
            answers.len() as f64 / seconds,
            at(0.5),
            at(0.99)
        );
        Ok(())
    })
}
