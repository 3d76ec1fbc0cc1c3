//! The two questions contexts ask each other synchronously, each answered inside the same write transaction.

use chrono::NaiveDate;

use super::{Queries, StoreError};
use crate::shared::{Period, Rate, ReservationId, StorageId};

/// What a storage costs, and whether it takes new reservations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Offer {
    /// What it costs.
    pub rate: Rate,
    /// Whether it takes new reservations.
    pub offered: bool,
}

/// Asked by reservation of storage.
pub trait Offers {
    /// The offer of a storage; `None` when there is no such storage, or it was deleted.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot read.
    fn offer(&mut self, storage: StorageId) -> Result<Option<Offer>, StoreError>;
}

/// Asked by storage of reservation, before a deletion.
pub trait Bookings {
    /// The first reservation of the storage that is live or still to come.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot read.
    fn live_booking(&mut self, storage: StorageId) -> Result<Option<ReservationId>, StoreError>;
}

impl<Q: Queries + ?Sized> Offers for Q {
    fn offer(&mut self, storage: StorageId) -> Result<Option<Offer>, StoreError> {
        let row = self.storage(storage)?.filter(|row| !row.deleted);
        Ok(row.map(|row| Offer { rate: row.rate, offered: !row.withdrawn }))
    }
}

impl<Q: Queries + ?Sized> Bookings for Q {
    fn live_booking(&mut self, storage: StorageId) -> Result<Option<ReservationId>, StoreError> {
        let ever = Period::open_ended(NaiveDate::default())
            .map_err(|e| StoreError::Other(format!("the whole of time is no period: {e}")))?;
        Ok(self.live_overlapping(storage, &ever)?.first().map(|row| row.booking.reservation_id))
    }
}
