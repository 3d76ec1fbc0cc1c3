//! What the contract cannot ask of every store: files, several connections, damage.

mod backups;
mod damage;
mod files;
mod flips;
mod groups;
mod older;
mod processes;
mod remembered;
mod rides;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use storagerent_core::chrono::{DateTime, Utc};
use storagerent_core::ports::{Page, Queries, Store, StoreError, Transaction, Verdict, Work};
use storagerent_core::storage::Storage;
use storagerent_core::{CorrelationId, Description, Money, Rate, RegisterStorage, StorageId, Trace, contract};
use tempfile::TempDir;

use super::SqliteStore;

const WAIT: Duration = Duration::from_secs(60);

#[test]
fn a_store_in_memory_keeps_the_contract() {
    contract::run(&|| Arc::new(SqliteStore::in_memory().unwrap()));
}

#[test]
fn a_store_in_a_file_keeps_the_contract() {
    let folders = Mutex::new(Vec::new());
    contract::run(&|| {
        let (folder, store, _) = in_file();
        folders.lock().unwrap().push(folder);
        Arc::new(store)
    });
}

fn in_file() -> (TempDir, SqliteStore, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rent.db");
    let store = SqliteStore::open(&path).unwrap();
    (folder, store, path)
}

/// The file, by a connection that no store knows of.
fn stranger(path: &Path) -> Connection {
    let conn = Connection::open(path).unwrap();
    conn.busy_timeout(WAIT).unwrap();
    conn
}

fn trace() -> Trace {
    Trace {
        correlation_id: CorrelationId::new("test").unwrap(),
        causation_id: None,
        occurred_at: DateTime::<Utc>::from_timestamp_micros(1_800_000_000_123_456).unwrap(),
    }
}

/// Registers one storage: one row, one event.
fn register(tx: &mut dyn Transaction) -> Result<StorageId, StoreError> {
    let id = tx.next_storage_id()?;
    let command = RegisterStorage {
        description: Description::new("강남 소형 1평").unwrap(),
        rate: Rate::flat(Money::krw(59_000)).unwrap(),
    };
    let (storage, event) = Storage::register(id, command);
    tx.save_storage(&storage, event.into(), &trace())?;
    Ok(id)
}

fn register_many(store: &SqliteStore, count: usize) {
    for _ in 0..count {
        storagerent_core::ports::write(store, WAIT, register).unwrap();
    }
}

fn read<T>(store: &SqliteStore, f: impl FnOnce(&mut dyn Queries) -> Result<T, StoreError>) -> Result<T, StoreError> {
    let (mut f, mut answer) = (Some(f), None);
    store.read(&mut |q| answer = f.take().map(|f| f(q)))?;
    answer.unwrap()
}

fn storages(store: &SqliteStore) -> usize {
    read(store, |q| q.storages(Page::default())).unwrap().len()
}

/// What works were told, in order, by name.
type Told = Arc<Mutex<Vec<(&'static str, Result<(), StoreError>)>>>;

struct Piece<R> {
    name: &'static str,
    run: R,
    told: Told,
}

impl<R: FnMut(&mut dyn Transaction) -> Verdict + Send> Work for Piece<R> {
    fn run(&mut self, tx: &mut dyn Transaction) -> Verdict {
        (self.run)(tx)
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        self.told.lock().unwrap().push((self.name, outcome));
    }
}

fn piece(
    name: &'static str,
    told: &Told,
    run: impl FnMut(&mut dyn Transaction) -> Verdict + Send + 'static,
) -> Box<dyn Work> {
    Box::new(Piece { name, run, told: Arc::clone(told) })
}

fn keeping(name: &'static str, told: &Told) -> Box<dyn Work> {
    piece(name, told, |tx| {
        register(tx).unwrap();
        Verdict::Keep
    })
}

fn told(told: &Told) -> Vec<(&'static str, Result<(), StoreError>)> {
    told.lock().unwrap().clone()
}
