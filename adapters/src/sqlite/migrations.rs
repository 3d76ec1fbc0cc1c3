//! Schema versions: what a file says it is, and how it is brought to the newest schema this build knows.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::OnceLock;

use rusqlite::Connection;
use storagerent_core::ports::StoreError;

use super::connect::patiently;
use super::error::store_error;
use super::tables::older;

/// What marks a file as storagerent's: `rent` in ASCII.
pub(crate) const APPLICATION_ID: i32 = 0x7265_6E74;

/// What brings a file from one schema to the next: a script, and what no script can do.
struct Step {
    script: &'static str,
    and_then: fn(&Connection) -> Result<(), StoreError>,
}

/// Step n brings schema n - 1 to schema n. Steps that were ever released are never changed.
const STEPS: &[Step] = &[
    Step { script: include_str!("schema/0001.sql"), and_then: |_| Ok(()) },
    Step { script: include_str!("schema/0002.sql"), and_then: |_| Ok(()) },
    Step { script: include_str!("schema/0003.sql"), and_then: older::leave_loose_views },
    Step {
        script: include_str!("schema/0004.sql"),
        and_then: |conn| older::move_cursors(conn).and_then(|()| older::move_views(conn)),
    },
];

impl Step {
    fn run(&self, conn: &Connection) -> Result<(), StoreError> {
        conn.execute_batch(self.script).map_err(store_error)?;
        (self.and_then)(conn)
    }
}

/// The newest schema this build knows.
pub(super) const KNOWN: u32 = STEPS.len() as u32;

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
    let (stamp, tables, found) = patiently(|| {
        let snapshot = conn.unchecked_transaction()?;
        let tables: i64 = snapshot.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        let stamp = stamp(&snapshot)?;
        // Both of one moment: another process may bring the file to a newer schema meanwhile.
        let is_ours = stamp.version() > 0 && stamp.refuse_strangers(path).is_ok();
        Ok((stamp, tables, if is_ours { schema(&snapshot)? } else { Schema::new() }))
    })?;
    stamp.refuse_strangers(path)?;
    if stamp == Stamp::NONE && tables > 0 {
        return Err(StoreError::Corrupt(format!("{} belongs to another application", path.display())));
    }
    match stamp.version() {
        0 => {}
        KNOWN => refuse_foreign_code(&found, path, expected()?)?,
        older => refuse_foreign_code(&found, path, &made_by(&STEPS[..older as usize])?)?,
    }
    Ok(stamp.version())
}

/// Refuses a file whose tables, or indexes on them, are not the ones its version has. Checks, generated columns and computed
/// indexes are a stranger's code: it would run with our statements, and need not come to an end.
///
/// Triggers and views do not run, and tables beside ours are not read, so these may stay; an audit tells of them.
fn refuse_foreign_code(found: &Schema, path: &Path, expected: &Schema) -> Result<(), StoreError> {
    let ours = |table: &str| expected.iter().any(|item| item.kind == "table" && item.name.eq_ignore_ascii_case(table));
    let missing = expected.difference(found).map(|item| item.told(ANOTHER));
    let foreign = found.difference(expected).filter(|item| item.kind == "index" && ours(&item.table));
    match missing.chain(foreign.map(|item| item.told(FOREIGN))).next() {
        Some(what) => Err(StoreError::Corrupt(format!("{}: {what}", path.display()))),
        None => Ok(()),
    }
}

/// Brings a file to the newest schema: all missing steps in one transaction, which looks again at what is missing, for
/// another process may have been faster.
pub(super) fn migrate(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    if patiently(|| stamp(conn))?.version() == KNOWN {
        return Ok(());
    }
    patiently(|| conn.execute_batch("BEGIN IMMEDIATE"))?;
    // What a table is moved over from is renamed and dropped: a stranger's view of it means the table, whatever its name is meanwhile.
    let legacy = |on| conn.pragma_update(None, "legacy_alter_table", on).map_err(store_error);
    let migrated = legacy(true).and_then(|()| run_missing(conn, path)).and_then(|()| legacy(false));
    let migrated = migrated.and_then(|()| conn.execute_batch("COMMIT").map_err(store_error));
    if migrated.is_err() && !conn.is_autocommit() {
        // The first error is the one to tell; a failed rollback leaves nothing committed either.
        let _ = conn.execute_batch("ROLLBACK");
    }
    migrated
}

fn run_missing(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let found = stamp(conn).map_err(store_error)?;
    found.refuse_strangers(path)?;
    let missing = &STEPS[found.version() as usize..];
    missing.iter().try_for_each(|step| step.run(conn))?;
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

const ANOTHER: &str = "is missing or another";
const FOREIGN: &str = "is not of this schema";

type Schema = BTreeSet<Item>;

/// A table, index, trigger or view, as it was made.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Item {
    kind: String,
    name: String,
    /// The table it belongs to; its own name for a table.
    table: String,
    sql: String,
}

impl Item {
    fn told(&self, what: &str) -> String {
        format!("{} {} {what}", self.kind, self.name)
    }
}

/// What differs between the file's schema and the one this build makes: a table, index, trigger or view, by name.
pub(super) fn differences(conn: &Connection) -> Result<Vec<String>, StoreError> {
    let (expected, found) = (expected()?, schema(conn).map_err(store_error)?);
    let missing = expected.difference(&found).map(|item| item.told(ANOTHER));
    let foreign = found.difference(expected).map(|item| item.told(FOREIGN));
    Ok(missing.chain(foreign).collect())
}

/// The tables of this build if the file has others beside them; `None` if it has not.
pub(super) fn tables_among_others(conn: &Connection) -> Result<Option<Vec<&'static str>>, StoreError> {
    let (expected, found) = (expected()?, schema(conn).map_err(store_error)?);
    let others = found.difference(expected).any(|item| item.kind == "table");
    let ours = expected.iter().filter(|item| item.kind == "table").map(|item| item.name.as_str());
    Ok(others.then(|| ours.collect()))
}

fn expected() -> Result<&'static Schema, StoreError> {
    static EXPECTED: OnceLock<Schema> = OnceLock::new();
    if let Some(expected) = EXPECTED.get() {
        return Ok(expected);
    }
    let schema = made_by(STEPS)?;
    Ok(EXPECTED.get_or_init(|| schema))
}

fn made_by(steps: &[Step]) -> Result<Schema, StoreError> {
    let fresh = Connection::open_in_memory().map_err(store_error)?;
    steps.iter().try_for_each(|step| step.run(&fresh))?;
    schema(&fresh).map_err(store_error)
}

/// All that was made by a statement; what SQLite adds of its own accord has a name of its own.
fn schema(conn: &Connection) -> rusqlite::Result<Schema> {
    let sql = "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema WHERE substr(name, 1, 7) <> 'sqlite_'";
    let mut statement = conn.prepare(sql)?;
    let rows = statement
        .query_map([], |row| Ok(Item { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? }))?;
    rows.collect()
}
