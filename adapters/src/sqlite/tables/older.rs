//! What older schemas kept in another way, and how it moves over.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, ToSql, params};
use serde::Deserialize;
use storagerent_core::payment::PaymentStatus;
use storagerent_core::ports::StoreError;
use storagerent_core::reservation::ReservationStatus;
use storagerent_core::shared::{Description, Money, Period, StorageId, currency_of};
use storagerent_core::storage::{Rating, StorageStatus};
use storagerent_core::storage_view::StorageViewRow;

use super::head;
use super::storage_views::{self, Entries};
use crate::sqlite::error::store_error;
use crate::sqlite::rows::{Columns, read_day, word};
use crate::sqlite::seal::{CONSUMERS, CURSORS, WITH_CURSORS};
use crate::sqlite::statements::{Db, change, each, number, run};

/// Moves the cursors of schema 3 out of the consumers' rows into the head's. Of a row that was damaged is told as before: the new
/// seals fit as little as the old one did. Where there is no head, or a cursor is none, the file stays as it was.
pub(in crate::sqlite) fn move_cursors(conn: &Connection) -> Result<(), StoreError> {
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
    let (cursors, all_fit) = (head::written(&cursors)?, consumers.iter().all(|(.., fits)| *fits));
    let seal = CURSORS.seal_of(params![1, cursors]).map_err(store_error)?;
    let db = Db::of(conn);
    let sql = "UPDATE head SET cursors = ?1, seal = ?2 WHERE id = 1";
    if change(db, sql, params![cursors, head::broken_unless(all_fit, seal)])? != 1 {
        return Err(StoreError::Corrupt(head::MISSING.to_owned()));
    }
    run(db, "ALTER TABLE consumers DROP COLUMN cursor", [])?;
    for (name, _, rest, fits) in &consumers {
        let mut values: Vec<&dyn ToSql> = vec![name];
        values.extend(rest.iter().map(|value| value as &dyn ToSql));
        let seal = head::broken_unless(*fits, CONSUMERS.seal_of(&values).map_err(store_error)?);
        run(db, "UPDATE consumers SET seal = ?2 WHERE name = ?1", params![name, seal])?;
    }
    Ok(())
}

/// So many rows are moved at a time.
const ROWS: usize = 1_024;

/// Schema 3 has no loose rows of the view. What schema 2 had of them waits for schema 4, which keeps them in another way than schema 3
/// did.
pub(in crate::sqlite) fn leave_loose_views(conn: &Connection) -> Result<(), StoreError> {
    let db = Db::of(conn);
    match number(db, "SELECT count(*) FROM loose_views", [])? {
        0 => run(db, "DROP TABLE loose_views", []),
        _ => Ok(()),
    }
}

/// Moves the view's rows of schema 2, each of one storage, and its blocks of schema 3 into blocks of schema 4. A row that makes no
/// sense keeps nobody from the file: it is left behind, `verify` tells that it is missing, and a replay of the view brings it back.
pub(in crate::sqlite) fn move_views(conn: &Connection) -> Result<(), StoreError> {
    let db = Db::of(conn);
    let mut moving = BTreeMap::new();
    let mut move_row = |row: Option<StorageViewRow>| {
        moving.extend(row.map(|row| (row.storage_id, Some(row))));
        if moving.len() < ROWS { Ok(()) } else { storage_views::save(db, &std::mem::take(&mut moving)) }
    };
    each(db, "SELECT block, rows FROM wide_views ORDER BY block", [], |row| {
        let Ok(entries) = Entries::shared_by(WIDE, row) else { return Ok(ControlFlow::Continue(())) };
        entries.map_while(Result::ok).try_for_each(|entry| {
            let packed = postcard::from_bytes::<Wide<'_>>(entry.packed).ok();
            move_row(packed.and_then(|packed| packed.unpack(entry.id).ok()))
        })?;
        Ok(ControlFlow::Continue(()))
    })?;
    // Of a file that was of schema 3 already, such a table is a stranger's.
    let sql = "SELECT count(*) FROM sqlite_schema, pragma_user_version \
               WHERE type = 'table' AND name = 'loose_views' AND user_version < 3";
    if number(db, sql, [])? > 0 {
        let sql = "SELECT storage_id, status, description, price, currency, reservation_id, reservation_status, from_day, \
                   until_day, payment_id, payment_status, review_count, rating_tenths, occupant FROM loose_views \
                   ORDER BY storage_id";
        each(db, sql, [], |row| move_row(loose(row).ok()).map(ControlFlow::Continue))?;
        run(db, "DROP TABLE loose_views", [])?;
    }
    storage_views::save(db, &moving)?;
    run(db, "DROP TABLE wide_views", [])
}

/// So many storages shared a block of schema 3.
const WIDE: u64 = 16;

/// What a block of schema 3 held of a storage.
#[derive(Deserialize)]
struct Wide<'a> {
    status: &'a str,
    description: &'a str,
    price: i64,
    currency: &'a str,
    reservation_id: Option<u64>,
    #[serde(borrow)]
    reservation_status: Option<&'a str>,
    from: Option<i64>,
    until: Option<i64>,
    payment_id: Option<u64>,
    #[serde(borrow)]
    payment_status: Option<&'a str>,
    review_count: u64,
    rating_tenths: Option<u8>,
    occupant: Option<u64>,
}

impl Wide<'_> {
    fn unpack(self, storage_id: StorageId) -> Result<StorageViewRow, String> {
        let (from, until) = (self.from.map(read_day).transpose()?, self.until.map(read_day).transpose()?);
        if let Some(from) = from {
            Period::new(from, until).map_err(|e| e.to_string())?;
        }
        let rating = |tenths| Rating::from_tenths(tenths).ok_or_else(|| format!("{tenths} tenths are no rating"));
        Ok(StorageViewRow {
            storage_id,
            storage_status: word(self.status, StorageStatus::parse)?,
            description: Description::new(self.description).map_err(|e| e.to_string())?,
            price: Money::new(self.price, word(self.currency, currency_of)?).above_zero().map_err(|e| e.to_string())?,
            reservation_id: self.reservation_id.map(Into::into),
            reservation_status: self.reservation_status.map(|text| word(text, ReservationStatus::parse)).transpose()?,
            from,
            until,
            payment_id: self.payment_id.map(Into::into),
            payment_status: self.payment_status.map(|text| word(text, PaymentStatus::parse)).transpose()?,
            review_cnt: self.review_count,
            rating: self.rating_tenths.map(rating).transpose()?,
            occupant: self.occupant.map(Into::into),
        })
    }
}

fn loose(row: &Row<'_>) -> Result<StorageViewRow, StoreError> {
    let c = Columns::of("storage_views", row);
    let (from, until);
    Ok(StorageViewRow {
        storage_id: c.number()?,
        storage_status: c.word(StorageStatus::parse)?,
        description: c.parsed(Description::new)?,
        price: c.price()?,
        reservation_id: c.maybe_number()?,
        reservation_status: c.maybe_word(ReservationStatus::parse)?,
        from: {
            (from, until) = c.maybe_period()?;
            from
        },
        until,
        payment_id: c.maybe_number()?,
        payment_status: c.maybe_word(PaymentStatus::parse)?,
        review_cnt: c.number()?,
        rating: c.rating()?,
        occupant: c.maybe_number()?,
    })
}
