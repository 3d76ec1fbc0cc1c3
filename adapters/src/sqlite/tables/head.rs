//! The row that nearly every COMMIT changes: the end of the log, and how far each consumer has come.

use std::collections::BTreeMap;
use std::num::TryFromIntError;

use rusqlite::types::Value;
use rusqlite::{Connection, params};
use storagerent_core::event::EventHash;
use storagerent_core::ports::{Head, StoreError};

use crate::sqlite::cache::Consumers;
use crate::sqlite::error::store_error;
use crate::sqlite::rows::{Columns, kept};
use crate::sqlite::seal::{CONSUMERS, CURSORS, WITH_CURSORS};
use crate::sqlite::statements::{Db, change, one, run};

const MISSING: &str = "head row 1 is missing";

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

fn written(cursors: &impl serde::Serialize) -> Result<String, StoreError> {
    serde_json::to_string(cursors).map_err(|e| StoreError::Other(format!("cursors cannot be written as JSON: {e}")))
}

/// Takes the cursors of schema 3 out of the consumers' rows. Of a row that was damaged is told as before: the new seals fit as
/// little as the old one did. Where there is no head, or a cursor is none, the file stays as it was.
pub(in crate::sqlite) fn take_cursors(conn: &Connection) -> Result<(), StoreError> {
    let mut consumers = Vec::new();
    WITH_CURSORS
        .each(conn, |row, fits| {
            let rest =
                (2..row.as_ref().column_count() - 1).map(|at| row.get(at)).collect::<rusqlite::Result<Vec<Value>>>();
            consumers.push((row.get::<_, String>(0)?, row.get::<_, i64>(1)?, rest?, fits));
            Ok(())
        })
        .map_err(store_error)?;
    if let Some((name, cursor, ..)) = consumers.iter().find(|(_, cursor, ..)| *cursor < 0) {
        return Err(StoreError::Corrupt(format!("consumers row {name}: cursor: {cursor} is below 0")));
    }
    let cursors: BTreeMap<_, _> = consumers.iter().map(|(name, cursor, ..)| (name.as_str(), *cursor)).collect();
    let (cursors, all_fit) = (written(&cursors)?, consumers.iter().all(|(.., fits)| *fits));
    let seal = CURSORS.seal_of(params![1, cursors]).map_err(store_error)?;
    let db = Db::of(conn);
    let sql = "UPDATE head SET cursors = ?1, seal = ?2 WHERE id = 1";
    if change(db, sql, params![cursors, broken_unless(all_fit, seal)])? != 1 {
        return Err(StoreError::Corrupt(MISSING.to_owned()));
    }
    run(db, "ALTER TABLE consumers DROP COLUMN cursor", [])?;
    for (name, _, rest, fits) in &consumers {
        let mut values: Vec<&dyn rusqlite::ToSql> = vec![name];
        values.extend(rest.iter().map(|value| value as &dyn rusqlite::ToSql));
        let seal = broken_unless(*fits, CONSUMERS.seal_of(&values).map_err(store_error)?);
        run(db, "UPDATE consumers SET seal = ?2 WHERE name = ?1", params![name, seal])?;
    }
    Ok(())
}

/// A seal that fits, or one that does not.
fn broken_unless(fits: bool, seal: i64) -> i64 {
    if fits { seal } else { !seal }
}
