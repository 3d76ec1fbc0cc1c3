//! The view page: one row per storage.

use rusqlite::{Row, params};
use storagerent_core::payment::PaymentStatus;
use storagerent_core::ports::{Page, StoreError, ViewFilter};
use storagerent_core::reservation::ReservationStatus;
use storagerent_core::shared::{Description, StorageId};
use storagerent_core::storage::StorageStatus;
use storagerent_core::storage_view::StorageViewRow;

use crate::sqlite::rows::{Columns, day, kept, sought};
use crate::sqlite::statements::{Db, all, bounds, one, run};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT storage_id, status, description, price, currency, reservation_id, reservation_status, from_day, \
             until_day, payment_id, payment_status, review_count, rating_tenths, occupant FROM storage_views ",
            $rest
        )
    };
}

/// What a row that shows no reservation yet keeps free for one.
const ROOM: &[u8] = &[0; 32];

fn room(has_reservation: bool) -> &'static [u8] {
    if has_reservation { &[] } else { ROOM }
}

fn read(row: &Row<'_>) -> Result<StorageViewRow, StoreError> {
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

pub(in crate::sqlite) fn find(db: Db<'_>, id: StorageId) -> Result<Option<StorageViewRow>, StoreError> {
    one(db, select!("WHERE storage_id = ?1"), [sought(id.get())], read)
}

pub(in crate::sqlite) fn list(db: Db<'_>, filter: &ViewFilter, page: Page) -> Result<Vec<StorageViewRow>, StoreError> {
    let (after, limit) = bounds(page);
    let sql = select!("WHERE storage_id > ?1 AND (?3 IS NULL OR status = ?3) ORDER BY storage_id LIMIT ?2");
    all(db, sql, (after, limit, filter.status.map(StorageStatus::as_str)), read)
}

pub(in crate::sqlite) fn save(db: Db<'_>, row: &StorageViewRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO storage_views (storage_id, status, description, price, currency, reservation_id, \
               reservation_status, from_day, until_day, payment_id, payment_status, review_count, rating_tenths, \
               occupant, room) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
               ON CONFLICT (storage_id) DO UPDATE SET status = ?2, description = ?3, price = ?4, currency = ?5, \
               reservation_id = ?6, reservation_status = ?7, from_day = ?8, until_day = ?9, payment_id = ?10, \
               payment_status = ?11, review_count = ?12, rating_tenths = ?13, occupant = ?14, room = ?15";
    let values = params![
        kept(row.storage_id.get())?,
        row.storage_status.as_str(),
        row.description.as_str(),
        row.price.amount(),
        row.price.currency().code(),
        row.reservation_id.map(|id| kept(id.get())).transpose()?,
        row.reservation_status.map(ReservationStatus::as_str),
        row.from.map(day),
        row.until.map(day),
        row.payment_id.map(|id| kept(id.get())).transpose()?,
        row.payment_status.map(PaymentStatus::as_str),
        kept(row.review_cnt)?,
        row.rating.map(|r| r.tenths()),
        row.occupant.map(|id| kept(id.get())).transpose()?,
        room(row.reservation_id.is_some()),
    ];
    run(db, sql, values)
}

pub(in crate::sqlite) fn remove(db: Db<'_>, id: StorageId) -> Result<(), StoreError> {
    run(db, "DELETE FROM storage_views WHERE storage_id = ?1", [sought(id.get())])
}

pub(in crate::sqlite) fn clear(db: Db<'_>) -> Result<(), StoreError> {
    run(db, "DELETE FROM storage_views", [])
}
