//! Reviews.

use rusqlite::{Row, params};
use storagerent_core::ports::{Page, ReviewFilter, StoreError};
use storagerent_core::review::{ReviewRow, Stars};
use storagerent_core::shared::{CustomerId, ReservationId, ReviewContent, ReviewId, StorageId};

use crate::sqlite::rows::{Columns, kept, sought};
use crate::sqlite::statements::{Db, all, bounds, number, one, run};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT review_id, reservation_id, storage_id, rating, content, customer, deleted, version FROM reviews ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<ReviewRow, StoreError> {
    let c = Columns::of("reviews", row);
    Ok(ReviewRow {
        review_id: c.number()?,
        reservation_id: c.number()?,
        storage_id: c.number()?,
        rate: c.checked(|n| Stars::new(n).map_err(|e| e.to_string()))?,
        content: c.parsed(ReviewContent::new)?,
        customer: c.parsed(CustomerId::new)?,
        deleted: c.flag()?,
        version: c.number()?,
    })
}

pub(in crate::sqlite) fn find(db: Db<'_>, id: ReviewId) -> Result<Option<ReviewRow>, StoreError> {
    one(db, select!("WHERE review_id = ?1"), [sought(id.get())], read)
}

pub(in crate::sqlite) fn of(db: Db<'_>, id: ReservationId) -> Result<Option<ReviewRow>, StoreError> {
    one(db, select!("WHERE reservation_id = ?1 AND deleted = 0"), [sought(id.get())], read)
}

pub(in crate::sqlite) fn list(db: Db<'_>, filter: &ReviewFilter, page: Page) -> Result<Vec<ReviewRow>, StoreError> {
    let (after, limit) = bounds(page);
    match filter.storage_id {
        None => {
            let sql = select!("WHERE review_id > ?1 AND deleted = 0 ORDER BY review_id LIMIT ?2");
            all(db, sql, (after, limit), read)
        }
        Some(id) => {
            let sql = select!("WHERE storage_id = ?3 AND review_id > ?1 AND deleted = 0 ORDER BY review_id LIMIT ?2");
            all(db, sql, (after, limit, sought(id.get())), read)
        }
    }
}

/// How many reviews a storage has, and the sum of their ratings.
pub(in crate::sqlite) fn totals(db: Db<'_>, id: StorageId) -> Result<(u64, u64), StoreError> {
    let id = [sought(id.get())];
    let count = number(db, "SELECT count(*) FROM reviews WHERE storage_id = ?1 AND deleted = 0", id)?;
    let sum = number(db, "SELECT sum(rating) FROM reviews WHERE storage_id = ?1 AND deleted = 0", id)?;
    Ok((count, sum))
}

/// Keeps a review; a second one of a reservation that is not deleted is refused.
pub(in crate::sqlite) fn save(db: Db<'_>, row: &ReviewRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO reviews (review_id, reservation_id, storage_id, rating, content, customer, deleted, \
               version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) \
               ON CONFLICT (review_id) DO UPDATE SET rating = ?4, content = ?5, deleted = ?7, version = ?8";
    let values = params![
        kept(row.review_id.get())?,
        kept(row.reservation_id.get())?,
        kept(row.storage_id.get())?,
        row.rate.get(),
        row.content.as_str(),
        row.customer.as_str(),
        row.deleted,
        kept(row.version.get())?,
    ];
    run(db, sql, values)
}
