//! What happened to a storage.

use serde::{Deserialize, Serialize};

use super::Rating;
use crate::event::context_events;
use crate::shared::{Currency, Description, InvalidValue, Money, Per, Rate, ReservationId, StorageId, read_currency};

context_events! {
    /// Everything that can happen to a storage.
    StorageEvent => Storage {
        /// A storage was offered.
        StorageRegistered,
        /// Its description, rate, availability for new reservations or reviews changed.
        StorageModified,
        /// It was taken away.
        StorageDeleted,
        /// A rental began to occupy it.
        StorageReserved,
        /// The rental that occupied it is over or was cancelled.
        StorageCancelled,
    }
}

/// A storage was offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase", try_from = "FlatRegistered")]
pub struct StorageRegistered {
    /// Its id.
    pub storage_id: StorageId,
    /// What it is called and where it is.
    pub description: Description,
    /// What it costs.
    #[serde(flatten)]
    pub rate: Rate,
}

/// The same as it lies in the log, flat: what each rebuilding of the view reads of every storage.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FlatRegistered {
    storage_id: StorageId,
    description: Description,
    price: i64,
    #[serde(deserialize_with = "read_currency")]
    currency: Currency,
    #[serde(default)]
    per: Per,
}

impl TryFrom<FlatRegistered> for StorageRegistered {
    type Error = InvalidValue;

    fn try_from(flat: FlatRegistered) -> Result<Self, InvalidValue> {
        let FlatRegistered { storage_id, description, price, currency, per } = flat;
        Ok(StorageRegistered { storage_id, description, rate: Rate::new(Money::new(price, currency), per)? })
    }
}

/// The storage as it is after a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct StorageModified {
    /// Its id.
    pub storage_id: StorageId,
    /// What it is called and where it is.
    pub description: Description,
    /// What it costs.
    #[serde(flatten)]
    pub rate: Rate,
    /// Whether it is withdrawn from new reservations.
    pub withdrawn: bool,
    /// How many reviews it has.
    pub review_cnt: u64,
    /// Their average; `null` without reviews.
    pub rating: Option<Rating>,
}

/// A storage was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct StorageDeleted {
    /// Its id.
    pub storage_id: StorageId,
}

/// A rental began to occupy a storage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct StorageReserved {
    /// The storage.
    pub storage_id: StorageId,
    /// The reservation that occupies it now.
    pub reservation_id: ReservationId,
}

/// The rental that occupied a storage is over or was cancelled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct StorageCancelled {
    /// The storage.
    pub storage_id: StorageId,
    /// The reservation that occupied it.
    pub reservation_id: ReservationId,
}
