//! The view page: what it shows of 8 storages is one row, a block, so that a page of it is read from a few rows.
//!
//! A block's key is the id of any of its storages divided by 8. It holds, in order of their ids, of each storage the remainder in
//! a byte, the length of what follows in two, and then the fields of [`Packed`] as postcard writes them.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use rusqlite::{Row, params};
use serde::{Deserialize, Serialize};
use storagerent_core::payment::PaymentStatus;
use storagerent_core::ports::{Page, StoreError, ViewFilter};
use storagerent_core::reservation::ReservationStatus;
use storagerent_core::shared::{Description, Money, Period, StorageId, currency_of};
use storagerent_core::storage::{Rating, StorageStatus};
use storagerent_core::storage_view::StorageViewRow;

use crate::sqlite::error::store_error;
use crate::sqlite::rows::{Columns, day, read_day, sought};
use crate::sqlite::statements::{Db, each, one, run};

/// So many storages share a block: with usual descriptions several blocks fit into a page of the file.
const STORAGES: u64 = 8;

/// What most of them take less than there.
const ENTRY_BYTES: usize = 64;

/// A status as a block keeps it. What a number stands for never changes.
trait Kept: Copy + 'static {
    const ALL: &'static [Self];

    fn number(self) -> u8;

    fn of(number: u8) -> Result<Self, String> {
        let status = Self::ALL.iter().find(|status| status.number() == number);
        status.copied().ok_or_else(|| format!("{number} is no status"))
    }
}

impl Kept for StorageStatus {
    const ALL: &'static [Self] = &[StorageStatus::Available, StorageStatus::Reserved];

    fn number(self) -> u8 {
        match self {
            StorageStatus::Available => 0,
            StorageStatus::Reserved => 1,
        }
    }
}

impl Kept for ReservationStatus {
    const ALL: &'static [Self] = &ReservationStatus::ALL;

    fn number(self) -> u8 {
        match self {
            ReservationStatus::ReqReserve => 0,
            ReservationStatus::Reserved => 1,
            ReservationStatus::ReqCancel => 2,
            ReservationStatus::Cancelled => 3,
            ReservationStatus::Completed => 4,
            ReservationStatus::Rejected => 5,
            ReservationStatus::Expired => 6,
        }
    }
}

impl Kept for PaymentStatus {
    const ALL: &'static [Self] = &PaymentStatus::ALL;

    fn number(self) -> u8 {
        match self {
            PaymentStatus::Requested => 0,
            PaymentStatus::Paid => 1,
            PaymentStatus::Cancelled => 2,
            PaymentStatus::Declined => 3,
            PaymentStatus::Voided => 4,
        }
    }
}

/// What the view shows of one storage, as it is kept.
#[derive(Serialize, Deserialize)]
struct Packed<'a> {
    status: u8,
    description: &'a str,
    price: i64,
    currency: [u8; 3],
    /// Of most storages in a new site there is none.
    reservation: Option<Shown>,
    review_count: u64,
    rating_tenths: Option<u8>,
}

/// What the view shows of a storage's reservation; days are whole days since 1970.
#[derive(Serialize, Deserialize, PartialEq, Default)]
struct Shown {
    reservation_id: Option<u64>,
    status: Option<u8>,
    from: Option<i64>,
    until: Option<i64>,
    payment_id: Option<u64>,
    payment_status: Option<u8>,
    occupant: Option<u64>,
}

impl<'a> From<&'a StorageViewRow> for Packed<'a> {
    fn from(row: &'a StorageViewRow) -> Self {
        let shown = Shown {
            reservation_id: row.reservation_id.map(|id| id.get()),
            status: row.reservation_status.map(Kept::number),
            from: row.from.map(day),
            until: row.until.map(day),
            payment_id: row.payment_id.map(|id| id.get()),
            payment_status: row.payment_status.map(Kept::number),
            occupant: row.occupant.map(|id| id.get()),
        };
        let mut currency = [0; 3];
        currency.iter_mut().zip(row.price.currency().code().bytes()).for_each(|(place, letter)| *place = letter);
        Packed {
            status: row.storage_status.number(),
            description: row.description.as_str(),
            price: row.price.amount(),
            currency,
            reservation: Some(shown).filter(|shown| *shown != Shown::default()),
            review_count: row.review_cnt,
            rating_tenths: row.rating.map(Rating::tenths),
        }
    }
}

impl Packed<'_> {
    fn unpack(self, storage_id: StorageId) -> Result<StorageViewRow, String> {
        let currency = str::from_utf8(&self.currency).ok().and_then(currency_of);
        let currency =
            currency.ok_or_else(|| format!("{:?} is no currency", self.currency.escape_ascii().to_string()))?;
        let shown = self.reservation.unwrap_or_default();
        let (from, until) = (shown.from.map(read_day).transpose()?, shown.until.map(read_day).transpose()?);
        if let Some(from) = from {
            Period::new(from, until).map_err(|e| e.to_string())?;
        }
        let rating = |tenths| Rating::from_tenths(tenths).ok_or_else(|| format!("{tenths} tenths are no rating"));
        Ok(StorageViewRow {
            storage_id,
            storage_status: Kept::of(self.status)?,
            description: Description::new(self.description).map_err(|e| e.to_string())?,
            price: Money::new(self.price, currency).above_zero().map_err(|e| e.to_string())?,
            reservation_id: shown.reservation_id.map(Into::into),
            reservation_status: shown.status.map(Kept::of).transpose()?,
            from,
            until,
            payment_id: shown.payment_id.map(Into::into),
            payment_status: shown.payment_status.map(Kept::of).transpose()?,
            review_cnt: self.review_count,
            rating: self.rating_tenths.map(rating).transpose()?,
            occupant: shown.occupant.map(Into::into),
        })
    }
}

/// A storage of a block, and what is kept of it.
pub(super) struct Entry<'a> {
    pub(super) id: StorageId,
    pub(super) packed: &'a [u8],
}

impl<'a> Entry<'a> {
    fn read(&self) -> Result<Packed<'a>, StoreError> {
        postcard::from_bytes(self.packed).map_err(|e| self.corrupt(&e))
    }

    fn unpack(&self, packed: Packed<'_>) -> Result<StorageViewRow, StoreError> {
        packed.unpack(self.id).map_err(|what| self.corrupt(&what))
    }

    fn row(&self) -> Result<StorageViewRow, StoreError> {
        self.unpack(self.read()?)
    }

    fn corrupt(&self, what: &dyn std::fmt::Display) -> StoreError {
        StoreError::Corrupt(format!("storage_views row {}: {what}", self.id))
    }
}

/// The storages of a block, read one by one.
pub(super) struct Entries<'a> {
    block: i64,
    /// So many storages share a block.
    storages: u64,
    /// What the ids of those read so far are below.
    next: u64,
    rest: &'a [u8],
}

impl<'a> Entries<'a> {
    fn new(block: i64, bytes: &'a [u8]) -> Self {
        Entries { block, storages: STORAGES, next: 0, rest: bytes }
    }

    fn of(row: &'a Row<'_>) -> Result<Self, StoreError> {
        let c = Columns::of("storage_views", row);
        Ok(Entries::new(c.int()?, c.bytes()?))
    }

    /// Those of a block that so many storages share.
    pub(super) fn shared_by(storages: u64, row: &'a Row<'_>) -> Result<Self, StoreError> {
        Ok(Entries { storages, ..Entries::of(row)? })
    }

    fn step(&mut self) -> Result<Entry<'a>, &'static str> {
        let ([place, long, short], rest) = self.rest.split_first_chunk().ok_or(CUT)?;
        let (packed, rest) = rest.split_at_checked(u16::from_be_bytes([*long, *short]).into()).ok_or(CUT)?;
        let first = u64::try_from(self.block).ok().and_then(|block| block.checked_mul(self.storages));
        let first = first.filter(|_| u64::from(*place) < self.storages).ok_or("it has a storage of another one")?;
        let id = first + u64::from(*place);
        if id < self.next {
            return Err("its storages are not in order");
        }
        (self.next, self.rest) = (id.saturating_add(1), rest);
        Ok(Entry { id: StorageId::new(id), packed })
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let step = self.step();
        if step.is_err() {
            // What follows cannot be told apart.
            self.rest = &[];
        }
        Some(step.map_err(|what| StoreError::Corrupt(format!("{}: {what}", name(self.block)))))
    }
}

const CUT: &str = "it ends too soon";

fn block_of(id: StorageId) -> i64 {
    sought(id.get() / STORAGES)
}

/// Names a block by the storages it is of.
fn name(block: i64) -> String {
    let first = block.saturating_mul(STORAGES as i64);
    format!("storage_views row {first} to {}", first.saturating_add(STORAGES as i64 - 1))
}

/// The block with what is kept of some of its storages, in order, in place of what was.
fn merged<'r>(
    block: i64,
    before: &[u8],
    rows: impl Iterator<Item = (&'r StorageId, &'r Option<StorageViewRow>)>,
) -> Result<Vec<u8>, StoreError> {
    let (mut after, mut rows) = (Vec::with_capacity(before.len() + ENTRY_BYTES * STORAGES as usize), rows.peekable());
    let (mut entries, mut from) = (Entries::new(block, before), 0);
    while rows.peek().is_some() {
        let Some(entry) = entries.next().transpose()? else { break };
        let to = before.len() - entries.rest.len();
        while let Some((_, row)) = rows.next_if(|(id, _)| **id < entry.id) {
            after = pack(row.as_ref(), after)?;
        }
        match rows.next_if(|(id, _)| **id == entry.id) {
            Some((_, row)) => after = pack(row.as_ref(), after)?,
            None => after.extend_from_slice(before.get(from..to).unwrap_or_default()),
        }
        from = to;
    }
    after.extend_from_slice(before.get(from..).unwrap_or_default());
    rows.try_fold(after, |after, (_, row)| pack(row.as_ref(), after))
}

/// Adds a storage to a block; nothing of one without a row.
fn pack(row: Option<&StorageViewRow>, mut block: Vec<u8>) -> Result<Vec<u8>, StoreError> {
    let Some(row) = row else { return Ok(block) };
    let start = block.len();
    let place = (row.storage_id.get() % STORAGES) as u8;
    block.extend([place, 0, 0]);
    let mut block = postcard::to_extend(&Packed::from(row), block).map_err(unwritable)?;
    let length = u16::try_from(block.len() - start - 3).map_err(unwritable)?;
    if let Some((head, _)) = block.get_mut(start..).and_then(<[u8]>::split_first_chunk_mut) {
        let [long, short] = length.to_be_bytes();
        *head = [place, long, short];
    }
    Ok(block)
}

fn unwritable(error: impl std::fmt::Display) -> StoreError {
    StoreError::Other(format!("a row of the view cannot be packed: {error}"))
}

pub(in crate::sqlite) fn find(db: Db<'_>, id: StorageId) -> Result<Option<StorageViewRow>, StoreError> {
    let found = one(db, "SELECT block, rows FROM storage_views WHERE block = ?1", [block_of(id)], |row| {
        let entry = Entries::of(row)?.find(|entry| entry.as_ref().map_or(true, |entry| entry.id == id));
        entry.map(|entry| entry?.row()).transpose()
    })?;
    Ok(found.flatten())
}

pub(in crate::sqlite) fn list(db: Db<'_>, filter: &ViewFilter, page: Page) -> Result<Vec<StorageViewRow>, StoreError> {
    let (first, limit) = (sought(page.after / STORAGES), page.limit.map_or(usize::MAX, |limit| limit as usize));
    let status = filter.status.map(Kept::number);
    let mut found = Vec::new();
    each(db, "SELECT block, rows FROM storage_views WHERE block >= ?1 ORDER BY block", [first], |row| {
        for entry in Entries::of(row)? {
            let entry = entry?;
            if entry.id.get() <= page.after {
                continue;
            }
            if found.len() >= limit {
                return Ok(ControlFlow::Break(()));
            }
            let packed = entry.read()?;
            if status.is_none_or(|status| status == packed.status) {
                found.push(entry.unpack(packed)?);
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Writes what the view shows of these storages from now on; nothing of those without a row.
pub(in crate::sqlite) fn save(
    db: Db<'_>,
    rows: &BTreeMap<StorageId, Option<StorageViewRow>>,
) -> Result<(), StoreError> {
    let mut rows = rows.iter().peekable();
    // Asked for once a block was missing: beyond the last there is none to look for, and keys only grow here.
    let mut last = None;
    while let Some((id, _)) = rows.peek() {
        let key = block_of(**id);
        let before = if last.is_some_and(|last| key > last) { None } else { bytes_of(db, key)? };
        if before.is_none() && last.is_none() {
            last = one(db, "SELECT coalesce(max(block), -1) FROM storage_views", [], |row| {
                row.get(0).map_err(store_error)
            })?;
        }
        let (is_new, before) = (before.is_none(), before.unwrap_or_default());
        let of_block = std::iter::from_fn(|| rows.next_if(|(id, _)| block_of(**id) == key));
        let block = merged(key, &before, of_block)?;
        if block.is_empty() {
            run(db, "DELETE FROM storage_views WHERE block = ?1", [key])?;
        } else if is_new {
            run(db, "INSERT INTO storage_views (block, rows) VALUES (?1, ?2)", params![key, block])?;
        } else {
            run(db, "UPDATE storage_views SET rows = ?2 WHERE block = ?1", params![key, block])?;
        }
    }
    Ok(())
}

fn bytes_of(db: Db<'_>, block: i64) -> Result<Option<Vec<u8>>, StoreError> {
    one(db, "SELECT rows FROM storage_views WHERE block = ?1", [block], |row| row.get(0).map_err(store_error))
}

pub(in crate::sqlite) fn clear(db: Db<'_>) -> Result<(), StoreError> {
    run(db, "DELETE FROM storage_views", [])
}

/// Tells of each block that is not as it would be written, by its name: the same numbers can be packed in more than one way.
pub(in crate::sqlite) fn check(db: Db<'_>, tell: &mut dyn FnMut(&str, String)) -> Result<(), StoreError> {
    each(db, "SELECT block, rows FROM storage_views ORDER BY block", [], |row| {
        let block = Entries::of(row)?;
        let (name, bytes) = (name(block.block), block.rest);
        let again = block.into_iter().try_fold(Vec::new(), |again, entry| pack(Some(&entry?.row()?), again));
        match again {
            Ok(again) if again == bytes && !bytes.is_empty() => {}
            Ok(_) => tell(&name, "is not as it was written".to_owned()),
            Err(error) => tell(&name, error.to_string()),
        }
        Ok(ControlFlow::Continue(()))
    })
}
