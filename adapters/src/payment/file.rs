//! The books in a file of their own: a small SQLite database beside the engine's, as a third party's would be elsewhere.

use std::fs::OpenOptions;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OptionalExtension, Row, Transaction, TransactionBehavior, params};
use storagerent_core::effect::Outcome;
use storagerent_core::ports::StoreError;
use storagerent_core::shared::{Currency, Key, Money};

use super::books::Books;
use super::ledger::{Booked, Entry, EntryState};
use crate::sqlite::APPLICATION_ID;

/// How long another process's booking is waited for.
const BUSY_WAIT: Duration = Duration::from_secs(10);

const SCHEMA_VERSION: u32 = 1;

const SCHEMA: &str = "
    CREATE TABLE entries (
        key      TEXT PRIMARY KEY CHECK (length(key) = 32),
        amount   INTEGER NOT NULL,
        currency TEXT NOT NULL CHECK (length(currency) = 3),
        state    TEXT NOT NULL CHECK (state IN ('declined', 'voided', 'captured', 'refunded'))
    ) STRICT, WITHOUT ROWID;
    PRAGMA user_version = 1;
";

/// Books that many processes keep together. Every booking is on disk before it is answered.
pub(super) struct FileBooks {
    connection: Mutex<Connection>,
}

impl FileBooks {
    /// Opens the file, or makes it, readable by its owner alone.
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        create_private(path).map_err(|e| {
            StoreError::Other(format!("the payment service's books {} cannot be opened: {e}", path.display()))
        })?;
        let mut connection = Connection::open(path).map_err(failed)?;
        if cfg!(target_arch = "wasm32") {
            // One worker alone has them, which must be said before anything is read; a commit is then one sync instead of three.
            for pragma in ["PRAGMA locking_mode = EXCLUSIVE", "PRAGMA journal_mode = WAL"] {
                // Asked to its end: the answer comes before the switch is committed.
                let mut statement = connection.prepare(pragma).map_err(failed)?;
                let mut rows = statement.query([]).map_err(failed)?;
                while rows.next().map_err(failed)?.is_some() {}
            }
        }
        connection.busy_timeout(BUSY_WAIT).map_err(failed)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        let tx = begin(&mut connection)?;
        let number = |sql| tx.query_row(sql, [], |row| row.get::<_, u32>(0)).map_err(failed);
        let belongs_to = |whose: &str| {
            StoreError::Other(format!("{} is {whose}, not the books of a payment service", path.display()))
        };
        if number("PRAGMA application_id")? == APPLICATION_ID.unsigned_abs() {
            return Err(belongs_to("a site's file"));
        }
        match number("PRAGMA user_version")? {
            0 if number("SELECT count(*) FROM sqlite_schema")? > 0 => return Err(belongs_to("another program's file")),
            0 => tx.execute_batch(SCHEMA).map_err(failed)?,
            SCHEMA_VERSION => {}
            found => return Err(StoreError::NewerSchema { found, known: SCHEMA_VERSION }),
        }
        tx.commit().map_err(failed)?;
        Ok(FileBooks { connection: Mutex::new(connection) })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books for FileBooks {
    fn book(&self, key: Key, f: &mut dyn FnMut(Option<Entry>) -> Booked) -> Result<Outcome, StoreError> {
        let mut connection = self.lock();
        let tx = begin(&mut connection)?;
        let before = tx
            .prepare_cached("SELECT amount, currency, state, key FROM entries WHERE key = ?1")
            .and_then(|mut statement| statement.query_row([key.to_string()], read).optional())
            .map_err(failed)?;
        let (entry, outcome) = f(before.map(|(_, entry)| entry));
        if let Some(entry) = entry {
            tx.prepare_cached(
                "INSERT INTO entries (key, amount, currency, state) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (key) DO UPDATE SET state = excluded.state",
            )
            .and_then(|mut statement| {
                let Entry { amount, state } = entry;
                statement.execute(params![key.to_string(), amount.amount(), amount.currency().code(), state.as_str()])
            })
            .map_err(failed)?;
        }
        tx.commit().map_err(failed)?;
        Ok(outcome)
    }

    fn all(&self) -> Result<Vec<(Key, Entry)>, StoreError> {
        let connection = self.lock();
        let mut statement = connection
            .prepare_cached("SELECT amount, currency, state, key FROM entries ORDER BY key")
            .map_err(failed)?;
        let rows = statement.query_map([], read).map_err(failed)?;
        rows.collect::<Result<_, _>>().map_err(failed)
    }
}

/// Written first, so that two processes never both read and then both write.
fn begin(connection: &mut Connection) -> Result<Transaction<'_>, StoreError> {
    connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)
}

fn read(row: &Row<'_>) -> rusqlite::Result<(Key, Entry)> {
    let (currency, state, key): (String, String, String) = (row.get(1)?, row.get(2)?, row.get(3)?);
    let currency = Currency::from_code(&currency).ok_or(rusqlite::Error::InvalidQuery)?;
    let state = EntryState::parse(&state).ok_or(rusqlite::Error::InvalidQuery)?;
    let key = key.parse().map_err(|_| rusqlite::Error::InvalidQuery)?;
    Ok((key, Entry { amount: Money::new(row.get(0)?, currency), state }))
}

fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Busy { retry_after: Duration::from_secs(1) }
        }
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt) => {
            StoreError::Corrupt(format!("the payment service's books: {error}"))
        }
        Some(_) | None => StoreError::Other(format!("the payment service's books: {error}")),
    }
}

/// SQLite would make it readable by everybody; an existing file keeps its mode.
fn create_private(path: &Path) -> std::io::Result<()> {
    // The browser's files are the page's alone, and made by SQLite.
    if cfg!(target_arch = "wasm32") {
        return Ok(());
    }
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}
