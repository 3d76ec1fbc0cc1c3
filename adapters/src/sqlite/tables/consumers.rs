//! Consumers: cursors, pauses and backoff.

use rusqlite::{Row, params};
use storagerent_core::consumer::ConsumerRow;
use storagerent_core::ports::StoreError;

use crate::sqlite::rows::{Columns, kept, key, moment};
use crate::sqlite::seal::CONSUMERS;
use crate::sqlite::statements::{Db, all, one};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT name, cursor, paused, attempts, retry_at, last_error, lease_owner, lease_until FROM consumers ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<ConsumerRow, StoreError> {
    let c = Columns::of("consumers", row);
    Ok(ConsumerRow {
        name: c.text()?,
        cursor: c.number()?,
        paused: c.flag()?,
        attempts: c.small()?,
        retry_at: c.maybe_moment()?,
        last_error: c.maybe_text()?,
        lease: c.lease()?,
    })
}

pub(in crate::sqlite) fn find(db: Db<'_>, name: &str) -> Result<Option<ConsumerRow>, StoreError> {
    one(db, select!("WHERE name = ?1"), [name], read)
}

pub(in crate::sqlite) fn list(db: Db<'_>) -> Result<Vec<ConsumerRow>, StoreError> {
    all(db, select!("ORDER BY name"), [], read)
}

pub(in crate::sqlite) fn save(db: Db<'_>, row: &ConsumerRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO consumers (name, cursor, paused, attempts, retry_at, last_error, lease_owner, lease_until, seal) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT (name) DO UPDATE SET cursor = ?2, paused = ?3, \
               attempts = ?4, retry_at = ?5, last_error = ?6, lease_owner = ?7, lease_until = ?8, seal = ?9";
    let values = params![
        row.name,
        kept(row.cursor.get())?,
        row.paused,
        row.attempts,
        row.retry_at.map(moment),
        row.last_error,
        row.lease.map(|lease| key(lease.owner)),
        row.lease.map(|lease| moment(lease.until)),
    ];
    CONSUMERS.write(db, sql, values).map(drop)
}
