//! Storages.

use rusqlite::{Connection, Row, params};
use storagerent_core::ports::{Page, StoreError};
use storagerent_core::shared::{Description, Per, Period, Rate, StorageId};
use storagerent_core::storage::{StorageRow, StorageStatus};

use crate::sqlite::rows::{Columns, day, kept, sought};
use crate::sqlite::statements::{all, bounds, one, run};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT storage_id, description, price, currency, per, status, review_count, rating_tenths, withdrawn, \
             occupant, deleted, version FROM storages ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<StorageRow, StoreError> {
    let c = Columns::of("storages", row);
    Ok(StorageRow {
        storage_id: c.number()?,
        description: c.parsed(Description::new)?,
        rate: {
            let price = c.price()?;
            c.parsed(|per| Rate::new(price, Per::parse(per)?))?
        },
        storage_status: c.word(StorageStatus::parse)?,
        review_cnt: c.number()?,
        rating: c.rating()?,
        withdrawn: c.flag()?,
        occupant: c.maybe_number()?,
        deleted: c.flag()?,
        version: c.number()?,
    })
}

pub(in crate::sqlite) fn find(conn: &Connection, id: StorageId) -> Result<Option<StorageRow>, StoreError> {
    one(conn, select!("WHERE storage_id = ?1"), [sought(id.get())], read)
}

pub(in crate::sqlite) fn list(conn: &Connection, page: Page) -> Result<Vec<StorageRow>, StoreError> {
    let sql = select!("WHERE storage_id > ?1 AND deleted = 0 ORDER BY storage_id LIMIT ?2");
    all(conn, sql, bounds(page), read)
}

pub(in crate::sqlite) fn free(conn: &Connection, period: &Period, page: Page) -> Result<Vec<StorageRow>, StoreError> {
    let sql = select!(
        "AS s WHERE storage_id > ?1 AND deleted = 0 AND withdrawn = 0 AND NOT EXISTS (
             SELECT 1 FROM reservations INDEXED BY reservations_by_storage WHERE storage_id = s.storage_id
                AND (+status = 'reqReserve' OR +status = 'reserved' OR +status = 'reqCancel')
                AND from_day < ?4 AND (until_day IS NULL OR until_day > ?3))
         ORDER BY storage_id LIMIT ?2"
    );
    let (after, limit) = bounds(page);
    let until = period.until().map_or(i64::MAX, day);
    all(conn, sql, (after, limit, day(period.from()), until), read)
}

pub(in crate::sqlite) fn save(conn: &Connection, row: &StorageRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO storages (storage_id, description, price, currency, per, status, review_count, \
               rating_tenths, withdrawn, occupant, deleted, version) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
               ON CONFLICT (storage_id) DO UPDATE SET description = ?2, price = ?3, currency = ?4, per = ?5, \
               status = ?6, review_count = ?7, rating_tenths = ?8, withdrawn = ?9, occupant = ?10, deleted = ?11, \
               version = ?12";
    let values = params![
        kept(row.storage_id.get())?,
        row.description.as_str(),
        row.rate.price().amount(),
        row.rate.price().currency().code(),
        row.rate.per().as_str(),
        row.storage_status.as_str(),
        kept(row.review_cnt)?,
        row.rating.map(|r| r.tenths()),
        row.withdrawn,
        row.occupant.map(|id| kept(id.get())).transpose()?,
        row.deleted,
        kept(row.version.get())?,
    ];
    run(conn, sql, values)
}
