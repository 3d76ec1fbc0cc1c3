//! Reservations.
//!
//! The index is named where a slow plan would be felt: what is due is asked in every pass, what is live in every reserve.

use rusqlite::{Row, params};
use storagerent_core::chrono::{DateTime, NaiveDate, Utc};
use storagerent_core::ports::{DueRental, Page, ReservationFilter, StoreError};
use storagerent_core::reservation::{ReservationRow, ReservationStatus};
use storagerent_core::shared::{Booking, CustomerId, Period, ReservationId, StorageId};

use crate::sqlite::rows::{Columns, day, kept, moment, sought};
use crate::sqlite::statements::{Db, all, bounds, change, number, one, run};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT reservation_id, storage_id, customer, from_day, until_day, price, currency, payment_id, status, \
             hold_expires_at, paid_until, correlation_id, pays_until, started, version FROM reservations ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<ReservationRow, StoreError> {
    let c = Columns::of("reservations", row);
    Ok(ReservationRow {
        booking: Booking {
            reservation_id: c.number()?,
            storage_id: c.number()?,
            customer: c.parsed(CustomerId::new)?,
            period: c.period()?,
            price: c.price()?,
            payment_id: c.number()?,
        },
        reservation_status: c.word(ReservationStatus::parse)?,
        hold_expires_at: c.maybe_moment()?,
        paid_until: c.maybe_day()?,
        correlation_id: c.correlation_id()?,
        pays_until: c.maybe_day()?,
        started: c.flag()?,
        version: c.number()?,
    })
}

pub(in crate::sqlite) fn find(db: Db<'_>, id: ReservationId) -> Result<Option<ReservationRow>, StoreError> {
    one(db, select!("WHERE reservation_id = ?1"), [sought(id.get())], read)
}

pub(in crate::sqlite) fn list(
    db: Db<'_>,
    filter: &ReservationFilter,
    page: Page,
) -> Result<Vec<ReservationRow>, StoreError> {
    let (after, limit) = bounds(page);
    let customer = filter.customer.as_ref().map(CustomerId::as_str);
    let storage = filter.storage_id.map(|id| sought(id.get()));
    let status = filter.status.map(ReservationStatus::as_str);
    // The index of the choosiest filter leads; the others only sift.
    let sql = if customer.is_some() {
        select!(
            "WHERE customer = ?3 AND (?4 IS NULL OR +storage_id = ?4) AND (?5 IS NULL OR +status = ?5)
             AND reservation_id > ?1 ORDER BY reservation_id LIMIT ?2"
        )
    } else if storage.is_some() {
        select!(
            "WHERE ?3 IS NULL AND storage_id = ?4 AND (?5 IS NULL OR +status = ?5)
             AND reservation_id > ?1 ORDER BY reservation_id LIMIT ?2"
        )
    } else {
        // A hold is among the few that wait for their money; every other state is in one index.
        match filter.status {
            None => select!(
                "WHERE ?3 IS NULL AND ?4 IS NULL AND ?5 IS NULL
                 AND reservation_id > ?1 ORDER BY reservation_id LIMIT ?2"
            ),
            Some(ReservationStatus::ReqReserve) => select!(
                "INDEXED BY reservations_holds WHERE ?3 IS NULL AND ?4 IS NULL AND status = 'reqReserve' AND status = ?5
                 AND reservation_id > ?1 ORDER BY reservation_id LIMIT ?2"
            ),
            Some(_) => select!(
                "INDEXED BY reservations_by_status
                 WHERE ?3 IS NULL AND ?4 IS NULL AND status <> 'reqReserve' AND status = ?5
                 AND reservation_id > ?1 ORDER BY reservation_id LIMIT ?2"
            ),
        }
    };
    all(db, sql, (after, limit, customer, storage, status), read)
}

pub(in crate::sqlite) fn live_overlapping(
    db: Db<'_>,
    id: StorageId,
    period: &Period,
) -> Result<Vec<ReservationRow>, StoreError> {
    // Neither `IN` nor ordered by more than the index is: for either SQLite would make a table each time it is asked.
    let sql = select!(
        "INDEXED BY reservations_by_storage
         WHERE storage_id = ?1 AND (+status = 'reqReserve' OR +status = 'reserved' OR +status = 'reqCancel')
         AND from_day < ?3 AND (until_day IS NULL OR until_day > ?2) ORDER BY from_day"
    );
    let until = period.until().map_or(i64::MAX, day);
    let mut rows = all(db, sql, (sought(id.get()), day(period.from()), until), read)?;
    rows.sort_by_key(|row| (row.booking.period.from(), row.booking.reservation_id));
    Ok(rows)
}

/// Another live reservation that shares a day with this one; there must be none.
pub(in crate::sqlite) fn rival(db: Db<'_>, row: &ReservationRow) -> Result<Option<ReservationId>, StoreError> {
    let sql = "SELECT reservation_id FROM reservations INDEXED BY reservations_by_storage \
               WHERE storage_id = ?1 AND (+status = 'reqReserve' OR +status = 'reserved' OR +status = 'reqCancel') \
               AND from_day < ?3 AND (until_day IS NULL OR until_day > ?2) AND reservation_id <> ?4 LIMIT 1";
    let booking = &row.booking;
    let (from, until) = (day(booking.period.from()), booking.period.until().map_or(i64::MAX, day));
    let values = (sought(booking.storage_id.get()), from, until, sought(booking.reservation_id.get()));
    one(db, sql, values, |row| Columns::of("reservations", row).number())
}

pub(in crate::sqlite) fn overdue_holds(
    db: Db<'_>,
    now: DateTime<Utc>,
    limit: u32,
) -> Result<Vec<ReservationRow>, StoreError> {
    let sql = select!(
        "INDEXED BY reservations_holds WHERE status = 'reqReserve' AND hold_expires_at <= ?1
         ORDER BY hold_expires_at, reservation_id LIMIT ?2"
    );
    all(db, sql, (moment(now), limit), read)
}

pub(in crate::sqlite) fn holds_of(
    db: Db<'_>,
    customer: &CustomerId,
    now: DateTime<Utc>,
    limit: u32,
) -> Result<u32, StoreError> {
    // By the holds there are, which are few, and not by all a customer ever reserved.
    let sql = "SELECT count(*) FROM (SELECT 1 FROM reservations INDEXED BY reservations_holds \
               WHERE status = 'reqReserve' AND hold_expires_at > ?2 AND customer = ?1 LIMIT ?3)";
    let holds = number(db, sql, (customer.as_str(), moment(now), limit))?;
    Ok(u32::try_from(holds).unwrap_or(limit))
}

pub(in crate::sqlite) fn due_rentals(db: Db<'_>, today: NaiveDate, limit: u32) -> Result<Vec<DueRental>, StoreError> {
    // Each from its own index, in order, and no more than are asked for: of both at once SQLite would sort all that are due.
    let starts = "SELECT reservation_id, from_day FROM reservations INDEXED BY reservations_to_start \
                  WHERE status = 'reserved' AND started = 0 AND from_day <= ?1 ORDER BY from_day, reservation_id LIMIT ?2";
    let ends = "SELECT reservation_id, until_day FROM reservations INDEXED BY reservations_to_end \
                WHERE status = 'reserved' AND until_day IS NOT NULL AND until_day <= ?1 \
                ORDER BY until_day, reservation_id LIMIT ?2";
    let mut due = Vec::new();
    for (sql, is_start) in [(starts, true), (ends, false)] {
        due.extend(all(db, sql, (day(today), limit), |row| {
            let c = Columns::of("reservations", row);
            let reservation_id = c.number()?;
            Ok(DueRental { day: c.day()?, is_start, reservation_id })
        })?);
    }
    due.sort_unstable_by_key(|due| (due.day, due.is_start, due.reservation_id));
    due.truncate(limit as usize);
    Ok(due)
}

pub(in crate::sqlite) fn next_hold_expiry(db: Db<'_>) -> Result<Option<DateTime<Utc>>, StoreError> {
    let sql = "SELECT reservation_id, hold_expires_at FROM reservations INDEXED BY reservations_holds \
               WHERE status = 'reqReserve' AND hold_expires_at IS NOT NULL ORDER BY hold_expires_at LIMIT 1";
    one(db, sql, [], |row| {
        let c = Columns::of("reservations", row);
        c.int()?;
        c.moment()
    })
}

pub(in crate::sqlite) fn next_rental_day(db: Db<'_>) -> Result<Option<NaiveDate>, StoreError> {
    let next = |sql| {
        one(db, sql, [], |row| {
            let c = Columns::of("reservations", row);
            c.int()?;
            c.day()
        })
    };
    let start = next(
        "SELECT reservation_id, from_day FROM reservations INDEXED BY reservations_to_start \
         WHERE status = 'reserved' AND started = 0 ORDER BY from_day LIMIT 1",
    )?;
    let end = next(
        "SELECT reservation_id, until_day FROM reservations INDEXED BY reservations_to_end \
         WHERE status = 'reserved' AND until_day IS NOT NULL ORDER BY until_day LIMIT 1",
    )?;
    Ok(start.into_iter().chain(end).min())
}

pub(in crate::sqlite) fn insert(db: Db<'_>, row: &ReservationRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO reservations (reservation_id, storage_id, customer, from_day, until_day, price, currency, \
               payment_id, status, hold_expires_at, paid_until, correlation_id, pays_until, started, version) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
    let booking = &row.booking;
    let values = params![
        kept(booking.reservation_id.get())?,
        kept(booking.storage_id.get())?,
        booking.customer.as_str(),
        day(booking.period.from()),
        booking.period.until().map(day),
        booking.price.amount(),
        booking.price.currency().code(),
        kept(booking.payment_id.get())?,
        row.reservation_status.as_str(),
        row.hold_expires_at.map(moment),
        row.paid_until.map(day),
        row.correlation_id.as_str(),
        row.pays_until.map(day),
        row.started,
        kept(row.version.get())?,
    ];
    run(db, sql, values)
}

/// Changes what an event may change: the other columns, and their indexes, stay as they are.
pub(in crate::sqlite) fn update(db: Db<'_>, row: &ReservationRow) -> Result<(), StoreError> {
    let as_it_ends = "UPDATE reservations SET status = ?3, hold_expires_at = ?4, paid_until = ?5, started = ?6, \
               version = ?7 WHERE reservation_id = ?1 AND until_day IS ?2";
    let with_another_end = "UPDATE reservations SET until_day = ?2, status = ?3, hold_expires_at = ?4, paid_until = ?5, \
               started = ?6, version = ?7 WHERE reservation_id = ?1";
    let values = params![
        kept(row.booking.reservation_id.get())?,
        row.booking.period.until().map(day),
        row.reservation_status.as_str(),
        row.hold_expires_at.map(moment),
        row.paid_until.map(day),
        row.started,
        kept(row.version.get())?,
    ];
    // Seldom is a rental given an end.
    if change(db, as_it_ends, values)? == 0 {
        run(db, with_another_end, values)?;
    }
    Ok(())
}
