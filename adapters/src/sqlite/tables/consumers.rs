//! Consumers: pauses and backoff. How far each has come is in the head's row.

use rusqlite::{Row, params};
use storagerent_core::consumer::ConsumerRow;
use storagerent_core::ports::StoreError;
use storagerent_core::shared::Sequence;

use super::head;
use crate::sqlite::cache::Consumers;
use crate::sqlite::rows::{Columns, key, moment};
use crate::sqlite::seal::CONSUMERS;
use crate::sqlite::statements::{Db, all};

/// All consumers, in order of name, and whether the cursors are as they were written.
pub(in crate::sqlite) fn list(db: Db<'_>) -> Result<Consumers, StoreError> {
    let sql =
        "SELECT name, paused, attempts, retry_at, last_error, lease_owner, lease_until FROM consumers ORDER BY name";
    let mut rows = all(db, sql, [], read)?;
    // After the rows: where this is no snapshot, somebody may add a consumer meanwhile, and nobody removes one.
    let (cursors, fit) = head::cursors(db)?;
    for row in &mut rows {
        let cursor = cursors.get(&row.name).ok_or_else(|| {
            StoreError::Corrupt(format!("consumers row {}: the head does not tell how far it has come", row.name))
        })?;
        row.cursor = (*cursor).into();
    }
    Ok(Consumers::of(rows, fit))
}

/// All of a consumer but how far it has come.
fn read(row: &Row<'_>) -> Result<ConsumerRow, StoreError> {
    let c = Columns::of("consumers", row);
    Ok(ConsumerRow {
        name: c.text()?,
        cursor: Sequence::ZERO,
        paused: c.flag()?,
        attempts: c.small()?,
        retry_at: c.maybe_moment()?,
        last_error: c.maybe_text()?,
        lease: c.lease()?,
    })
}

/// Keeps all of a consumer but how far it has come.
pub(in crate::sqlite) fn save(db: Db<'_>, row: &ConsumerRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO consumers (name, paused, attempts, retry_at, last_error, lease_owner, lease_until, seal) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (name) DO UPDATE SET paused = ?2, attempts = ?3, \
               retry_at = ?4, last_error = ?5, lease_owner = ?6, lease_until = ?7, seal = ?8";
    let values = params![
        row.name,
        row.paused,
        row.attempts,
        row.retry_at.map(moment),
        row.last_error,
        row.lease.map(|lease| key(lease.owner)),
        row.lease.map(|lease| moment(lease.until)),
    ];
    CONSUMERS.write(db, sql, values).map(drop)
}
