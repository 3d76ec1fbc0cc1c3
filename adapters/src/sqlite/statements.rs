//! Running statements: always the same SQL text with bound values, so that each is compiled once.

use rusqlite::{Connection, Params, Row};
use storagerent_core::ports::{Page, StoreError};

use super::error::store_error;
use super::rows::sought;

/// Changes rows.
pub(super) fn run(conn: &Connection, sql: &'static str, values: impl Params) -> Result<(), StoreError> {
    change(conn, sql, values).map(drop)
}

/// Changes rows, and says how many.
pub(super) fn change(conn: &Connection, sql: &'static str, values: impl Params) -> Result<usize, StoreError> {
    conn.prepare_cached(sql).and_then(|mut s| s.execute(values)).map_err(store_error)
}

/// Reads the first row, if there is one.
pub(super) fn one<T>(
    conn: &Connection,
    sql: &'static str,
    values: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    let mut statement = conn.prepare_cached(sql).map_err(store_error)?;
    let mut rows = statement.query(values).map_err(store_error)?;
    rows.next().map_err(store_error)?.map(read).transpose()
}

/// Reads all rows.
pub(super) fn all<T>(
    conn: &Connection,
    sql: &'static str,
    values: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut statement = conn.prepare_cached(sql).map_err(store_error)?;
    let mut rows = statement.query(values).map_err(store_error)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(store_error)? {
        found.push(read(row)?);
    }
    Ok(found)
}

/// Reads one number that is always there, such as a count or a sum.
pub(super) fn number(conn: &Connection, sql: &'static str, values: impl Params) -> Result<u64, StoreError> {
    let found = one(conn, sql, values, |row| row.get::<_, Option<i64>>(0).map_err(store_error))?.flatten().unwrap_or(0);
    u64::try_from(found).map_err(|_| StoreError::Corrupt(format!("{found} is below 0, asked by {sql}")))
}

/// Reads one value that may be null, such as the least of none.
pub(super) fn maybe_int(conn: &Connection, sql: &'static str, values: impl Params) -> Result<Option<i64>, StoreError> {
    Ok(one(conn, sql, values, |row| row.get(0).map_err(store_error))?.flatten())
}

/// Where a page begins, and how many rows it has; SQLite takes -1 for all.
pub(super) fn bounds(page: Page) -> (i64, i64) {
    (sought(page.after), page.limit.map_or(-1, i64::from))
}
