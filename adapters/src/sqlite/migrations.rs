//! Schema versions: what a file says it is, and how it is brought to the newest schema this build knows.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use rusqlite::Connection;
use storagerent_core::ports::StoreError;

use super::connect::patiently;
use super::error::store_error;

/// What marks a file as storagerent's: `rent` in ASCII.
pub(super) const APPLICATION_ID: i32 = 0x7265_6E74;

/// Script n brings schema n - 1 to schema n. Scripts that were ever released are never changed.
const SCRIPTS: &[&str] = &[include_str!("schema/0001.sql")];

/// The newest schema this build knows.
pub(super) const KNOWN: u32 = SCRIPTS.len() as u32;

/// What a file says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    application_id: i32,
    user_version: i32,
}

/// Reads the stamp; of the file, only its first page.
pub(super) fn stamp(conn: &Connection) -> rusqlite::Result<Stamp> {
    Ok(Stamp {
        application_id: conn.query_row("PRAGMA application_id", [], |row| row.get(0))?,
        user_version: conn.query_row("PRAGMA user_version", [], |row| row.get(0))?,
    })
}

impl Stamp {
    const NONE: Stamp = Stamp { application_id: 0, user_version: 0 };

    /// Refuses files of other applications and of newer versions of this one.
    pub(super) fn refuse_strangers(self, path: &Path) -> Result<(), StoreError> {
        if self == Stamp::NONE {
            return Ok(());
        }
        if self.application_id != APPLICATION_ID {
            return Err(StoreError::Corrupt(format!("{} belongs to another application", path.display())));
        }
        match u32::try_from(self.user_version) {
            Ok(1..=KNOWN) => Ok(()),
            Ok(found @ 1..) => Err(StoreError::NewerSchema { found, known: KNOWN }),
            Ok(0) | Err(_) => {
                Err(StoreError::Corrupt(format!("{} has schema version {}", path.display(), self.user_version)))
            }
        }
    }

    /// The schema of a file that was not refused; 0 before the first.
    fn version(self) -> u32 {
        u32::try_from(self.user_version).unwrap_or(0)
    }
}

/// Refuses strangers for sure, with locks, in one snapshot; nothing is changed. Answers the schema version, 0 for none yet.
pub(super) fn recognise(conn: &Connection, path: &Path) -> Result<u32, StoreError> {
    let (stamp, tables) = patiently(|| {
        let snapshot = conn.unchecked_transaction()?;
        let tables: i64 = snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((stamp(&snapshot)?, tables))
    })?;
    stamp.refuse_strangers(path)?;
    if stamp == Stamp::NONE && tables > 0 {
        return Err(StoreError::Corrupt(format!("{} belongs to another application", path.display())));
    }
    Ok(stamp.version())
}

/// Brings a file to the newest schema: all missing scripts in one transaction, which looks again at what is missing, for
/// another process may have been faster.
pub(super) fn migrate(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    if patiently(|| stamp(conn))?.version() == KNOWN {
        return Ok(());
    }
    patiently(|| conn.execute_batch("BEGIN IMMEDIATE"))?;
    let migrated = run_missing(conn, path).and_then(|()| conn.execute_batch("COMMIT").map_err(store_error));
    if migrated.is_err() && !conn.is_autocommit() {
        // The first error is the one to tell; a failed rollback leaves nothing committed either.
        let _ = conn.execute_batch("ROLLBACK");
    }
    migrated
}

fn run_missing(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let found = stamp(conn).map_err(store_error)?;
    found.refuse_strangers(path)?;
    let missing = &SCRIPTS[found.version() as usize..];
    for script in missing {
        conn.execute_batch(script).map_err(store_error)?;
    }
    if missing.is_empty() {
        return Ok(());
    }
    conn.pragma_update(None, "application_id", APPLICATION_ID).map_err(store_error)?;
    conn.pragma_update(None, "user_version", KNOWN).map_err(store_error)
}

/// Refuses to go on when a newer version changed the file's schema meanwhile.
pub(super) fn still_known(conn: &Connection) -> Result<(), StoreError> {
    let mut statement = conn.prepare_cached("PRAGMA user_version").map_err(store_error)?;
    let found: i32 = statement.query_row([], |row| row.get(0)).map_err(store_error)?;
    match u32::try_from(found) {
        Ok(KNOWN) => Ok(()),
        Ok(found) if found > KNOWN => Err(StoreError::NewerSchema { found, known: KNOWN }),
        Ok(_) | Err(_) => Err(StoreError::Corrupt(format!("the schema version changed to {found}"))),
    }
}

type Schema = BTreeSet<(String, String, String)>;

/// What differs between the file's schema and the one this build makes: a table, index, trigger or view, by name.
pub(super) fn differences(conn: &Connection) -> Result<Vec<String>, StoreError> {
    static EXPECTED: OnceLock<Schema> = OnceLock::new();
    let expected = match EXPECTED.get() {
        Some(expected) => expected,
        None => {
            let fresh = Connection::open_in_memory().map_err(store_error)?;
            SCRIPTS.iter().try_for_each(|script| fresh.execute_batch(script)).map_err(store_error)?;
            let schema = schema(&fresh).map_err(store_error)?;
            EXPECTED.get_or_init(|| schema)
        }
    };
    let found = schema(conn).map_err(store_error)?;
    let named = |(kind, name, _): &(String, String, String), what| format!("{kind} {name} {what}");
    let missing = expected.difference(&found).map(|item| named(item, "is missing or another"));
    let foreign = found.difference(expected).map(|item| named(item, "is not of this schema"));
    Ok(missing.chain(foreign).collect())
}

/// All that was made by a statement; what SQLite adds of its own accord has a name of its own.
fn schema(conn: &Connection) -> rusqlite::Result<Schema> {
    let sql = "SELECT type, name, coalesce(sql, '') FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    let mut statement = conn.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
    rows.collect()
}
