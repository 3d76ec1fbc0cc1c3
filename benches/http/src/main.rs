//! The gateway on a file, to be measured from outside: `storagerent-benches-http shared|each FILE` says where it serves, and serves
//! until it is ended. With `each`, no two submissions share a transaction; all else is the same.
//!
//! It is wired as `storagerent serve` is, but without tokens and without logging, and with room for every connection among those who
//! may call the payment gateway at once.

mod one_each;

use std::path::Path;
use std::sync::Arc;

use one_each::OneEach;
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::ports::Store;
use storagerent::sqlite::SqliteStore;
use storagerent::{DrivenStore, Worker};
use storagerent_http::{Ending, Limits, Options, router, serve};

/// What goes wrong here is a defect of the benchmark, or of its surroundings.
type Failure = Box<dyn std::error::Error>;

/// As many as changes are let in at once: no reservation that was let in waits for another one's call of the payment gateway.
const CALLS_MAX: usize = 256;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let [how @ ("shared" | "each"), file] = args[..] else { return Err("shared|each FILE".into()) };
    let store = SqliteStore::open(Path::new(file))?;
    let store: Arc<dyn Store> = match how {
        "each" => Arc::new(DrivenStore::new(Arc::new(OneEach::new(store)))?),
        _ => Arc::new(DrivenStore::new(Arc::new(store))?),
    };
    let app = storagerent::over(store, storagerent::Options::new(SimulatedGateway::in_memory(Behaviour::Approve)))?;
    let worker = Worker::spawn(app.clone())?;
    let ending = Ending::default();
    let options = Options::insecure().calls_max(CALLS_MAX).ending(ending.clone()).on_written(move || worker.wake());
    tokio::runtime::Runtime::new()?.block_on(async {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
        println!("http://{}", listener.local_addr()?);
        serve(listener, router(app, options), Limits::default(), ending).await;
        Ok(())
    })
}
