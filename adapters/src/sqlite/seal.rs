//! Seals: what makes a changed bit show in rows that no event tells of.
//!
//! The log has its hash chain, and state, view and messages are held against the log. Attempts, leases, due times, cursors, used
//! keys and settings are told by nothing else: their rows carry the hash of their other columns, which `verify` computes anew.
//! It guards against damage, not against forgery.

use rusqlite::types::{ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, Row, ToSql};
use sha2::{Digest, Sha256};
use storagerent_core::ports::{Finding, StoreError};

use super::error::store_error;
use super::statements::{Db, change};

/// A table whose rows are sealed: its name, and all columns that the seal is of, the key first.
pub(super) struct Sealed {
    name: &'static str,
    /// Reads these columns, then the seal.
    every: &'static str,
}

macro_rules! sealed {
    ($constant:ident, $name:literal, $columns:literal) => {
        pub(super) const $constant: Sealed =
            Sealed { name: $name, every: concat!("SELECT ", $columns, ", seal FROM ", $name) };
    };
}

sealed!(
    EFFECTS,
    "effects",
    "effect_id, key, kind, payment_id, message_id, channel, status, attempts, due_at, lease_owner, lease_until, \
     correlation_id, causation_id"
);
sealed!(CONSUMERS, "consumers", "name, paused, attempts, retry_at, last_error, lease_owner, lease_until");
sealed!(CURSORS, "head", "id, cursors");
sealed!(
    DEAD_LETTERS,
    "dead_letters",
    "dead_letter_id, subject, consumer, sequence, key, effect_id, action, reason, parked_at, closed_at, resolution"
);
sealed!(IDEMPOTENCY, "idempotency", "scope, command, key, body, reservation_id");
sealed!(SETTINGS, "settings", "name, value");
sealed!(CHANNELS, "channels", "name");

const ALL: [Sealed; 7] = [EFFECTS, CONSUMERS, CURSORS, DEAD_LETTERS, IDEMPOTENCY, SETTINGS, CHANNELS];

// Consumers as schema 3 had them.
sealed!(WITH_CURSORS, "consumers", "name, cursor, paused, attempts, retry_at, last_error, lease_owner, lease_until");

impl Sealed {
    /// Writes a row, and says how many it has changed: the values are those of all columns, in order, and the statement has one parameter more, for the seal.
    pub(super) fn write(&self, db: Db<'_>, sql: &'static str, values: &[&dyn ToSql]) -> Result<usize, StoreError> {
        let seal = self.seal_of(values).map_err(store_error)?;
        let mut values = values.to_vec();
        values.push(&seal);
        change(db, sql, values.as_slice())
    }

    /// The seal of a row with these values: those of all columns, in order.
    pub(super) fn seal_of(&self, values: &[&dyn ToSql]) -> rusqlite::Result<i64> {
        let mut seal = Seal::of(self.name);
        for value in values {
            match value.to_sql()? {
                ToSqlOutput::Borrowed(value) => seal.take(value),
                ToSqlOutput::Owned(value) => seal.take(ValueRef::from(&value)),
                _ => return Err(rusqlite::Error::ToSqlConversionFailure("it is no plain value".into())),
            }
        }
        Ok(seal.close())
    }

    /// Calls with each row, all columns and then the seal, and whether that is the seal of its columns.
    pub(super) fn each(
        &self,
        conn: &Connection,
        mut f: impl FnMut(&Row<'_>, bool) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        let mut statement = conn.prepare(self.every)?;
        let columns = statement.column_count() - 1;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let mut seal = Seal::of(self.name);
            for column in 0..columns {
                seal.take(row.get_ref(column)?);
            }
            f(row, row.get_ref(columns)? == ValueRef::Integer(seal.close()))?;
        }
        Ok(())
    }

    /// Tells of each row whose seal is not that of its columns.
    fn check(&self, conn: &Connection, found: &mut dyn FnMut(Finding)) -> rusqlite::Result<()> {
        self.each(conn, |row, fits| {
            if !fits {
                let subject = format!("{} row {}", self.name, name_of(&row.get(0)?));
                let detail = "is not as it was written".to_owned();
                found(Finding { check: "seal".to_owned(), subject, detail });
            }
            Ok(())
        })
    }
}

/// Checks the rows of all sealed tables; a table that cannot be read is a finding too.
pub(super) fn check(conn: &Connection, found: &mut dyn FnMut(Finding)) {
    for table in ALL {
        if let Err(error) = table.check(conn, found) {
            let detail = format!("cannot be read to the end: {error}");
            found(Finding { check: "seal".to_owned(), subject: table.name.to_owned(), detail });
        }
    }
}

fn name_of(key: &Value) -> String {
    match key {
        Value::Integer(id) => id.to_string(),
        Value::Text(name) => name.clone(),
        Value::Null | Value::Real(_) | Value::Blob(_) => "?".to_owned(),
    }
}

/// A seal in the making. Each value has its kind and length before it, so that no two rows are the same bytes.
struct Seal(Sha256);

impl Seal {
    fn of(table: &str) -> Self {
        Seal(Sha256::new_with_prefix(table))
    }

    fn take(&mut self, value: ValueRef<'_>) {
        let (kind, bytes): (u8, &[u8]) = match &value {
            ValueRef::Null => (0, &[]),
            ValueRef::Integer(n) => (1, &n.to_be_bytes()),
            ValueRef::Real(n) => (2, &n.to_be_bytes()),
            ValueRef::Text(text) => (3, text),
            ValueRef::Blob(bytes) => (4, bytes),
        };
        self.0.update([kind]);
        self.0.update((bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
    }

    /// Its first 64 bits: enough that no changed bit goes unnoticed by chance.
    fn close(self) -> i64 {
        let hash: [u8; 32] = self.0.finalize().into();
        let (first, _) = hash.split_at(8);
        first.iter().fold(0, |seal, byte| seal << 8 | i64::from(*byte))
    }
}
