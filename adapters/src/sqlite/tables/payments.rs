//! Payments.

use rusqlite::{Row, params};
use storagerent_core::payment::{PaymentRow, PaymentStatus};
use storagerent_core::ports::{Page, StoreError};
use storagerent_core::shared::PaymentId;

use crate::sqlite::rows::{Columns, kept, key, sought};
use crate::sqlite::statements::{Db, all, bounds, one, run};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT payment_id, reservation_id, storage_id, price, currency, status, key, correlation_id, version \
             FROM payments ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<PaymentRow, StoreError> {
    let c = Columns::of("payments", row);
    Ok(PaymentRow {
        payment_id: c.number()?,
        reservation_id: c.number()?,
        storage_id: c.number()?,
        price: c.price()?,
        payment_status: c.word(PaymentStatus::parse)?,
        key: c.key()?,
        correlation_id: c.correlation_id()?,
        version: c.number()?,
    })
}

pub(in crate::sqlite) fn find(db: Db<'_>, id: PaymentId) -> Result<Option<PaymentRow>, StoreError> {
    one(db, select!("WHERE payment_id = ?1"), [sought(id.get())], read)
}

pub(in crate::sqlite) fn list(db: Db<'_>, page: Page) -> Result<Vec<PaymentRow>, StoreError> {
    all(db, select!("WHERE payment_id > ?1 ORDER BY payment_id LIMIT ?2"), bounds(page), read)
}

pub(in crate::sqlite) fn save(db: Db<'_>, row: &PaymentRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO payments (payment_id, reservation_id, storage_id, price, currency, status, key, \
               correlation_id, version) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) \
               ON CONFLICT (payment_id) DO UPDATE SET status = ?6, version = ?9";
    let values = params![
        kept(row.payment_id.get())?,
        kept(row.reservation_id.get())?,
        kept(row.storage_id.get())?,
        row.price.amount(),
        row.price.currency().code(),
        row.payment_status.as_str(),
        key(row.key),
        row.correlation_id.as_str(),
        kept(row.version.get())?,
    ];
    run(db, sql, values)
}
