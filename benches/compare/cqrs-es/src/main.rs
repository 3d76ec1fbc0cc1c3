//! The reserve flow as a user of cqrs-es with sqlite-es would write it: one aggregate per storage, a command that holds and a
//! command that confirms, and a view of the storage kept by a query. `compare-cqrs-es TIMES STORAGES FILE` prints a line of JSON.
//!
//! The file begins empty and there is neither a message nor a ledger: less than the other programs do.

use std::sync::Arc;
use std::time::Instant;

use cqrs_es::event_sink::EventSink;
use cqrs_es::persist::GenericQuery;
use cqrs_es::{Aggregate, DomainEvent, EventEnvelope, View};
use serde::{Deserialize, Serialize};
use sqlite_es::{SqliteViewRepository, sqlite_cqrs};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Booking {
    reservation_id: u64,
    storage_id: u64,
    customer: String,
    price: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Happened {
    ReservationCreated(Booking),
    PaymentApproved(Booking),
    ReservationConfirmed(Booking),
}

impl DomainEvent for Happened {
    fn event_type(&self) -> String {
        match self {
            Happened::ReservationCreated(_) => "ReservationCreated",
            Happened::PaymentApproved(_) => "PaymentApproved",
            Happened::ReservationConfirmed(_) => "ReservationConfirmed",
        }
        .to_owned()
    }

    fn event_version(&self) -> String {
        "1".to_owned()
    }
}

enum Wanted {
    Hold(Booking),
    Confirm,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Storage {
    held: Option<Booking>,
    reserved: bool,
}

#[derive(Debug)]
struct Taken;

impl std::fmt::Display for Taken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the storage is taken")
    }
}

impl std::error::Error for Taken {}

impl Aggregate for Storage {
    const TYPE: &'static str = "storage";
    type Command = Wanted;
    type Event = Happened;
    type Error = Taken;
    type Services = ();

    async fn handle(&mut self, command: Wanted, (): &(), sink: &EventSink<Self>) -> Result<(), Taken> {
        match (command, self.held.clone()) {
            (Wanted::Hold(booking), None) => sink.write(Happened::ReservationCreated(booking), self).await,
            (Wanted::Confirm, Some(booking)) if !self.reserved => {
                sink.write(Happened::PaymentApproved(booking.clone()), self).await;
                sink.write(Happened::ReservationConfirmed(booking), self).await;
            }
            _ => return Err(Taken),
        }
        Ok(())
    }

    fn apply(&mut self, event: Happened) {
        match event {
            Happened::ReservationCreated(booking) => self.held = Some(booking),
            Happened::PaymentApproved(_) => {}
            Happened::ReservationConfirmed(_) => self.reserved = true,
        }
    }
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Row {
    booking: Option<Booking>,
    status: String,
}

impl View<Storage> for Row {
    fn update(&mut self, event: &EventEnvelope<Storage>) {
        match &event.payload {
            Happened::ReservationCreated(booking) => self.booking = Some(booking.clone()),
            Happened::PaymentApproved(_) => self.status = "paid".to_owned(),
            Happened::ReservationConfirmed(_) => self.status = "reserved".to_owned(),
        }
    }
}

const SCHEMA: &str = "
    CREATE TABLE events (aggregate_type TEXT NOT NULL, aggregate_id TEXT NOT NULL, sequence INTEGER NOT NULL,
        event_type TEXT NOT NULL, event_version TEXT NOT NULL, payload TEXT NOT NULL, metadata TEXT NOT NULL,
        PRIMARY KEY (aggregate_type, aggregate_id, sequence)) STRICT;
    CREATE TABLE storage_view (view_id TEXT NOT NULL, version INTEGER NOT NULL, payload TEXT NOT NULL,
        PRIMARY KEY (view_id)) STRICT;";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().collect();
    let [_, times, storages, file] = &args[..] else { return Err("TIMES STORAGES FILE".into()) };
    let (times, storages): (u64, u64) = (times.parse()?, storages.parse()?);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        // As durable as the others: by itself it commits with synchronous=NORMAL.
        let options = SqliteConnectOptions::new()
            .filename(file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full);
        let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await?;
        sqlx::raw_sql(SCHEMA).execute(&pool).await?;
        let rows = Arc::new(SqliteViewRepository::<Row, Storage>::new("storage_view", pool.clone()));
        let cqrs = sqlite_cqrs::<Storage>(pool, vec![Box::new(GenericQuery::new(rows))], ());
        let mut answers = Vec::new();
        let begun = Instant::now();
        for n in 0..times.min(storages) {
            let one = Instant::now();
            let storage = (n * 618_033) % storages + 1;
            let customer = format!("customer-{}", (n * 7_919) % 10_000);
            let booking = Booking { reservation_id: n + 1, storage_id: storage, customer, price: 59_000 };
            cqrs.execute(&storage.to_string(), Wanted::Hold(booking)).await?;
            cqrs.execute(&storage.to_string(), Wanted::Confirm).await?;
            answers.push(one.elapsed().as_secs_f64() * 1e6);
        }
        let seconds = begun.elapsed().as_secs_f64();
        answers.sort_unstable_by(f64::total_cmp);
        let at = |share: f64| answers[((answers.len() - 1) as f64 * share) as usize].round();
        println!(
            "{{\"who\":\"cqrs-es + sqlite-es\",\"case\":\"peer\",\"storages\":{storages},\"times\":{},\"seconds\":{seconds:.3},\
             \"perSecond\":{:.0},\"p50Us\":{},\"p99Us\":{},\"cpuUs\":0.0,\"memoryMb\":0.0,\"bytesWritten\":0.0}}",
            answers.len(),
            answers.len() as f64 / seconds,
            at(0.5),
            at(0.99)
        );
        Ok(())
    })
}
