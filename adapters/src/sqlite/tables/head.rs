//! The row that nearly every COMMIT changes: the end of the log, and how far each consumer has come.

use std::collections::BTreeMap;
use std::num::TryFromIntError;

use rusqlite::params;
use storagerent_core::event::EventHash;
use storagerent_core::ports::{Head, StoreError};

use crate::sqlite::cache::Consumers;
use crate::sqlite::error::store_error;
use crate::sqlite::rows::{Columns, kept};
use crate::sqlite::seal::CURSORS;
use crate::sqlite::statements::{Db, one, run};

pub(super) const MISSING: &str = "head row 1 is missing";

/// The end of the log.
pub(in crate::sqlite) fn find(db: Db<'_>) -> Result<Head, StoreError> {
    let head = one(db, "SELECT id, sequence, hash FROM head", [], |row| {
        let c = Columns::of("head", row);
        c.int()?;
        Ok(Head { sequence: c.number()?, hash: EventHash(c.hash()?) })
    })?;
    head.ok_or_else(|| StoreError::Corrupt(MISSING.to_owned()))
}

/// How far each consumer has come, by name; and whether that is as it was written.
pub(in crate::sqlite) fn cursors(db: Db<'_>) -> Result<(BTreeMap<String, u64>, bool), StoreError> {
    let cursors = one(db, "SELECT id, cursors, seal FROM head", [], |row| {
        let c = Columns::of("head", row);
        c.int()?;
        let text = c.borrowed()?;
        let seal = CURSORS.seal_of(params![1, text]).map_err(store_error)?;
        let cursors: BTreeMap<_, i64> = serde_json::from_str(text).or_else(|e| c.refuse(e))?;
        let cursors = cursors.into_iter().map(|(name, cursor)| Ok((name, u64::try_from(cursor)?)));
        Ok((cursors.collect::<Result<_, TryFromIntError>>().or_else(|e| c.refuse(e))?, c.int()? == seal))
    })?;
    cursors.ok_or_else(|| StoreError::Corrupt(MISSING.to_owned()))
}

/// Moves the end of the log.
pub(in crate::sqlite) fn save(db: Db<'_>, head: Head) -> Result<(), StoreError> {
    let sql = "UPDATE head SET sequence = ?1, hash = ?2 WHERE id = 1";
    run(db, sql, params![kept(head.sequence.get())?, head.hash.0])
}

/// Moves the end of the log, and all consumers.
pub(in crate::sqlite) fn save_all(db: Db<'_>, head: Head, consumers: &Consumers) -> Result<(), StoreError> {
    let cursors = consumers.all().map(|row| Ok((row.name.as_str(), kept(row.cursor.get())?)));
    let cursors = written(&cursors.collect::<Result<BTreeMap<_, _>, StoreError>>()?)?;
    let seal = CURSORS.seal_of(params![1, cursors]).map_err(store_error)?;
    let sql = "UPDATE head SET sequence = ?1, hash = ?2, cursors = ?3, seal = ?4 WHERE id = 1";
    let seal = broken_unless(consumers.cursors_fit, seal);
    run(db, sql, params![kept(head.sequence.get())?, head.hash.0, cursors, seal])
}

/// How the cursors are kept.
pub(super) fn written(cursors: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(cursors).map_err(|e| StoreError::Other(format!("cursors cannot be written as JSON: {e}")))
}

/// A seal that fits, or one that does not.
pub(super) fn broken_unless(fits: bool, seal: i64) -> i64 {
    if fits { seal } else { !seal }
}
