//! The yardstick: the same job in SQL written by hand, with nothing around it.
//!
//! Nine statements a reservation: is it free; reservation, payment, storage status, three events, view row, message. No
//! retries, no consumers, no hash chain, no idempotency, no effects; WAL and `synchronous=FULL` as in the engine.

use std::path::Path;

use rusqlite::{Connection, params};

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    CREATE TABLE storages (storage_id INTEGER PRIMARY KEY, description TEXT, price INTEGER, currency TEXT, status TEXT);
    CREATE TABLE reservations (reservation_id INTEGER PRIMARY KEY, storage_id INTEGER, customer TEXT, from_day INTEGER,
        until_day INTEGER, price INTEGER, currency TEXT, payment_id INTEGER, status TEXT, correlation_id TEXT);
    CREATE TABLE payments (payment_id INTEGER PRIMARY KEY, reservation_id INTEGER, price INTEGER, currency TEXT,
        status TEXT, key BLOB);
    CREATE TABLE events (sequence INTEGER PRIMARY KEY, event_type TEXT, occurred_at INTEGER, correlation_id TEXT,
        causation_id INTEGER, payload TEXT);
    CREATE TABLE storage_views (storage_id INTEGER PRIMARY KEY, status TEXT, description TEXT, price INTEGER,
        currency TEXT, reservation_id INTEGER, reservation_status TEXT, from_day INTEGER, until_day INTEGER,
        payment_id INTEGER, payment_status TEXT);
    CREATE TABLE messages (message_id INTEGER PRIMARY KEY, reservation_id INTEGER, customer TEXT, kind TEXT,
        content TEXT);";

/// The tables and a connection to them.
pub(crate) struct ByHand {
    conn: Connection,
    last: i64,
}

/// How the nine statements are committed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Commits {
    /// All in one, by whoever calls.
    One,
    /// In two, as the engine does: hold and payment asked for; then the rest.
    Two,
}

impl ByHand {
    /// Makes a file with so many storages.
    pub(crate) fn make(path: &Path, storages: u64) -> rusqlite::Result<()> {
        let mut conn = Connection::open(path)?;
        conn.execute_batch(SCHEMA)?;
        let tx = conn.transaction()?;
        for id in 1..=storages.cast_signed() {
            let description = crate::site::description(id.unsigned_abs());
            tx.prepare_cached("INSERT INTO storages VALUES (?1, ?2, 59000, 'KRW', 'available')")?
                .execute(params![id, description])?;
            tx.prepare_cached("INSERT INTO storage_views VALUES (?1, 'available', ?2, 59000, 'KRW', NULL, NULL, NULL, NULL, NULL, NULL)")?
                .execute(params![id, description])?;
        }
        tx.commit()
    }

    /// Opens it, as durable as the engine.
    pub(crate) fn open(path: &Path) -> rusqlite::Result<Self> {
        let conn = Connection::open(path)?;
        conn.pragma_update(None, "synchronous", "FULL")?;
        conn.set_prepared_statement_cache_capacity(64);
        Ok(ByHand { conn, last: 0 })
    }

    /// Reserves one storage.
    pub(crate) fn reserve(&mut self, storage: u64, customer: &str, commits: Commits) -> rusqlite::Result<()> {
        self.begin()?;
        self.hold(storage, customer)?;
        if matches!(commits, Commits::Two) {
            self.commit()?;
            self.begin()?;
        }
        self.confirm(storage, customer)?;
        self.commit()
    }

    /// Reserves many in one transaction.
    pub(crate) fn reserve_all(&mut self, wanted: &[(u64, String)]) -> rusqlite::Result<()> {
        self.begin()?;
        for (storage, customer) in wanted {
            self.hold(*storage, customer)?;
            self.confirm(*storage, customer)?;
        }
        self.commit()
    }

    fn begin(&self) -> rusqlite::Result<()> {
        self.conn.prepare_cached("BEGIN IMMEDIATE")?.execute([]).map(drop)
    }

    fn commit(&self) -> rusqlite::Result<()> {
        self.conn.prepare_cached("COMMIT")?.execute([]).map(drop)
    }

    fn hold(&mut self, storage: u64, customer: &str) -> rusqlite::Result<()> {
        let status: String = self
            .conn
            .prepare_cached("SELECT status FROM storages WHERE storage_id = ?1")?
            .query_row([storage.cast_signed()], |row| row.get(0))?;
        if status != "available" {
            return Err(rusqlite::Error::QueryReturnedNoRows);
        }
        self.last += 1;
        let id = self.last;
        let correlation = format!("{id:032x}");
        self.conn
            .prepare_cached(
                "INSERT INTO reservations VALUES (?1, ?2, ?3, 20800, NULL, 59000, 'KRW', ?1, 'reserved', ?4)",
            )?
            .execute(params![id, storage.cast_signed(), customer, correlation])?;
        self.conn
            .prepare_cached("INSERT INTO payments VALUES (?1, ?1, 59000, 'KRW', 'paid', ?2)")?
            .execute(params![id, id.to_be_bytes()])?;
        self.event("ReservationCreated", id, storage, customer, &correlation)
    }

    fn confirm(&mut self, storage: u64, customer: &str) -> rusqlite::Result<()> {
        let id = self.last;
        let correlation = format!("{id:032x}");
        self.event("PaymentApproved", id, storage, customer, &correlation)?;
        self.event("ReservationConfirmed", id, storage, customer, &correlation)?;
        self.conn
            .prepare_cached("UPDATE storages SET status = 'reserved' WHERE storage_id = ?1")?
            .execute([storage.cast_signed()])?;
        self.conn
            .prepare_cached("UPDATE storage_views SET status = 'reserved', reservation_id = ?2, reservation_status = 'reserved', from_day = 20800, payment_id = ?2, payment_status = 'paid' WHERE storage_id = ?1")?
            .execute(params![storage.cast_signed(), id])?;
        let content = format!(
            "Your reservation {id} of storage {storage} is confirmed: from 2026-12-13, open-ended, 59,000 KRW paid."
        );
        self.conn
            .prepare_cached("INSERT INTO messages VALUES (?1, ?1, ?2, 'ReservationConfirmed', ?3)")?
            .execute(params![id, customer, content])
            .map(drop)
    }

    fn event(&self, name: &str, id: i64, storage: u64, customer: &str, correlation: &str) -> rusqlite::Result<()> {
        let payload = format!(
            "{{\"reservationId\":{id},\"storageId\":{storage},\"customer\":\"{customer}\",\"from\":\"2026-12-13\",\
             \"until\":null,\"price\":59000,\"currency\":\"KRW\",\"paymentId\":{id}}}"
        );
        self.conn
            .prepare_cached("INSERT INTO events (event_type, occurred_at, correlation_id, causation_id, payload) VALUES (?1, ?2, ?3, ?4, ?5)")?
            .execute(params![name, 1_797_000_000_000_000_i64 + id, correlation, id, payload])
            .map(drop)
    }
}
