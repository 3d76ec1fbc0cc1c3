//! Running statements: always the same SQL text with bound values, so that each is compiled once.

use std::cell::RefCell;
use std::ops::{ControlFlow, Deref};

use hashbrown::HashMap;
use rusqlite::{CachedStatement, Connection, Params, Row, Statement};
use storagerent_core::ports::{Page, StoreError};

use super::error::store_error;
use super::rows::sought;

/// A connection, and the statements at hand for it, if there are such.
#[derive(Clone, Copy)]
pub(super) struct Db<'c> {
    conn: &'c Connection,
    at_hand: Option<&'c dyn Statements>,
}

/// Statements that need not be looked for.
trait Statements {
    /// Calls with the statement of that text, compiling it at most once.
    fn call(&self, sql: &'static str, f: &mut dyn FnMut(&mut Statement<'_>)) -> rusqlite::Result<()>;
}

/// Statements taken out of a connection's cache by their text, for as long as a group runs: after the first time each is found
/// by the place of its text.
pub(super) struct AtHand<'c> {
    conn: &'c Connection,
    statements: RefCell<HashMap<*const str, CachedStatement<'c>>>,
}

/// About so many statements a group uses.
const STATEMENTS: usize = 48;

impl<'c> AtHand<'c> {
    /// None yet.
    pub(super) fn of(conn: &'c Connection) -> Self {
        AtHand { conn, statements: RefCell::new(HashMap::with_capacity(STATEMENTS)) }
    }
}

impl Statements for AtHand<'_> {
    fn call(&self, sql: &'static str, f: &mut dyn FnMut(&mut Statement<'_>)) -> rusqlite::Result<()> {
        // Taken out meanwhile: whoever reads row by row may come back for the same one.
        let taken = self.statements.borrow_mut().remove(&std::ptr::from_ref(sql));
        let mut statement = match taken {
            Some(statement) => statement,
            None => self.conn.prepare_cached(sql)?,
        };
        f(&mut statement);
        self.statements.borrow_mut().insert(sql, statement);
        Ok(())
    }
}

impl<'c> Db<'c> {
    /// A connection whose statements are found one by one.
    pub(super) fn of(conn: &'c Connection) -> Self {
        Db { conn, at_hand: None }
    }

    /// A connection with statements at hand.
    pub(super) fn with(at_hand: &'c AtHand<'_>) -> Self {
        Db { conn: at_hand.conn, at_hand: Some(at_hand) }
    }

    /// The connection.
    pub(super) fn conn(self) -> &'c Connection {
        self.conn
    }

    fn call<T>(
        self,
        sql: &'static str,
        f: impl FnOnce(&mut Statement<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let Some(at_hand) = self.at_hand else {
            return f(&mut *self.conn.prepare_cached(sql).map_err(store_error)?);
        };
        let (mut f, mut answer) = (Some(f), None);
        let found = at_hand.call(sql, &mut |statement| answer = f.take().map(|f| f(statement)));
        found.map_err(store_error)?;
        answer.unwrap_or_else(|| Err(StoreError::Other("a statement was not called".to_owned())))
    }
}

impl Deref for Db<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.conn
    }
}

/// Changes rows.
pub(super) fn run(db: Db<'_>, sql: &'static str, values: impl Params) -> Result<(), StoreError> {
    change(db, sql, values).map(drop)
}

/// Changes rows, and says how many.
pub(super) fn change(db: Db<'_>, sql: &'static str, values: impl Params) -> Result<usize, StoreError> {
    db.call(sql, |statement| statement.execute(values).map_err(store_error))
}

/// Reads the first row, if there is one.
pub(super) fn one<T>(
    db: Db<'_>,
    sql: &'static str,
    values: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Option<T>, StoreError> {
    db.call(sql, |statement| {
        let mut rows = statement.query(values).map_err(store_error)?;
        rows.next().map_err(store_error)?.map(read).transpose()
    })
}

/// Reads row by row, until there is none or enough was read.
pub(super) fn each(
    db: Db<'_>,
    sql: &'static str,
    values: impl Params,
    mut read: impl FnMut(&Row<'_>) -> Result<ControlFlow<()>, StoreError>,
) -> Result<(), StoreError> {
    db.call(sql, |statement| {
        let mut rows = statement.query(values).map_err(store_error)?;
        while let Some(row) = rows.next().map_err(store_error)? {
            if read(row)?.is_break() {
                break;
            }
        }
        Ok(())
    })
}

/// Reads all rows.
pub(super) fn all<T>(
    db: Db<'_>,
    sql: &'static str,
    values: impl Params,
    read: impl Fn(&Row<'_>) -> Result<T, StoreError>,
) -> Result<Vec<T>, StoreError> {
    let mut found = Vec::new();
    each(db, sql, values, |row| {
        found.push(read(row)?);
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Reads one number that is always there, such as a count or a sum.
pub(super) fn number(db: Db<'_>, sql: &'static str, values: impl Params) -> Result<u64, StoreError> {
    let found = one(db, sql, values, |row| row.get::<_, Option<i64>>(0).map_err(store_error))?.flatten().unwrap_or(0);
    u64::try_from(found).map_err(|_| StoreError::Corrupt(format!("{found} is below 0, asked by {sql}")))
}

/// Where a page begins, and how many rows it has; SQLite takes -1 for all.
pub(super) fn bounds(page: Page) -> (i64, i64) {
    (sought(page.after), page.limit.map_or(-1, i64::from))
}
