//! Storages.

use rusqlite::{Row, params};
use storagerent_core::ports::{Page, StoreError};
use storagerent_core::shared::{Description, Per, Period, Rate, Sequence, StorageId};
use storagerent_core::storage::{StorageRow, StorageStatus};

use crate::sqlite::rows::{Columns, day, kept, sought};
use crate::sqlite::statements::{Db, all, bounds, one, run};

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

pub(in crate::sqlite) fn find(db: Db<'_>, id: StorageId) -> Result<Option<StorageRow>, StoreError> {
    one(db, select!("WHERE storage_id = ?1"), [sought(id.get())], read)
}

pub(in crate::sqlite) fn list(db: Db<'_>, page: Page) -> Result<Vec<StorageRow>, StoreError> {
    let sql = select!("WHERE storage_id > ?1 AND deleted = 0 ORDER BY storage_id LIMIT ?2");
    all(db, sql, bounds(page), read)
}

pub(in crate::sqlite) fn free(db: Db<'_>, period: &Period, page: Page) -> Result<Vec<StorageRow>, StoreError> {
    let sql = select!(
        "AS s WHERE storage_id > ?1 AND deleted = 0 AND withdrawn = 0 AND NOT EXISTS (
             SELECT 1 FROM reservations INDEXED BY reservations_by_storage WHERE storage_id = s.storage_id
                AND (+status = 'reqReserve' OR +status = 'reserved' OR +status = 'reqCancel')
                AND from_day < ?4 AND (until_day IS NULL OR until_day > ?3))
         ORDER BY storage_id LIMIT ?2"
    );
    let (after, limit) = bounds(page);
    let until = period.until().map_or(i64::MAX, day);
    all(db, sql, (after, limit, day(period.from()), until), read)
}

/// The latest event, from `since` on, that caused one of the storage's own.
pub(in crate::sqlite) fn last_cause(
    db: Db<'_>,
    id: StorageId,
    since: Sequence,
) -> Result<Option<Sequence>, StoreError> {
    let sql = "SELECT storage_id, last_cause FROM storages WHERE storage_id = ?1 AND last_cause >= ?2";
    one(db, sql, [sought(id.get()), sought(since.get())], |row| {
        let c = Columns::of("storages", row);
        c.int()?;
        c.number()
    })
}

/// Keeps a storage, whose event has this cause.
pub(in crate::sqlite) fn save(db: Db<'_>, row: &StorageRow, cause: Option<Sequence>) -> Result<(), StoreError> {
    let sql = "INSERT INTO storages (storage_id, description, price, currency, per, status, review_count, \
               rating_tenths, withdrawn, occupant, deleted, version, last_cause) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13) \
               ON CONFLICT (storage_id) DO UPDATE SET description = ?2, price = ?3, currency = ?4, per = ?5, \
               status = ?6, review_count = ?7, rating_tenths = ?8, withdrawn = ?9, occupant = ?10, deleted = ?11, \
               version = ?12, last_cause = coalesce(?13, last_cause)";
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
        cause.map(|cause| kept(cause.get())).transpose()?,
    ];
    run(db, sql, values)
}
