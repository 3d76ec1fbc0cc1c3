//! The storage and its rules.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{
    ModifyStorage, RegisterStorage, StorageCancelled, StorageDeleted, StorageError, StorageEvent, StorageModified,
    StorageRegistered, StorageReserved,
};
use crate::shared::{Description, InvalidValue, Rate, ReservationId, StorageId, Version};

/// Whether a rental occupies the storage today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum StorageStatus {
    /// Nobody occupies it.
    Available,
    /// A rental that has begun occupies it.
    Reserved,
}

impl StorageStatus {
    /// The word as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            StorageStatus::Available => "available",
            StorageStatus::Reserved => "reserved",
        }
    }

    /// Reads the word as in JSON.
    pub fn parse(raw: &str) -> Option<Self> {
        [StorageStatus::Available, StorageStatus::Reserved].into_iter().find(|s| s.as_str() == raw)
    }
}

/// An average of ratings, kept in tenths and rounded half up; serialises as a number with one decimal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Rating {
    tenths: u8,
}

impl Rating {
    /// The average of `count` ratings that sum to `sum`; `None` when there are none.
    pub fn average(sum: u64, count: u64) -> Option<Self> {
        if count == 0 {
            return None;
        }
        let tenths = (u128::from(sum) * 20 + u128::from(count)) / (u128::from(count) * 2);
        Rating::from_tenths(u8::try_from(tenths).ok()?)
    }

    /// From tenths, 10 to 50.
    pub fn from_tenths(tenths: u8) -> Option<Self> {
        (10..=50).contains(&tenths).then_some(Rating { tenths })
    }

    /// In tenths, 10 to 50.
    pub fn tenths(self) -> u8 {
        self.tenths
    }
}

impl fmt::Display for Rating {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.tenths / 10, self.tenths % 10)
    }
}

impl Serialize for Rating {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(f64::from(self.tenths) / 10.0)
    }
}

impl<'de> Deserialize<'de> for Rating {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = f64::deserialize(deserializer)?;
        (0..=50u8)
            .find(|t| (f64::from(*t) / 10.0 - value).abs() < 0.01)
            .and_then(Rating::from_tenths)
            .ok_or_else(|| serde::de::Error::custom("a rating lies between 1.0 and 5.0"))
    }
}

/// A storage as it is kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StorageRow {
    /// Its id.
    pub storage_id: StorageId,
    /// What it is called and where it is.
    pub description: Description,
    /// What it costs.
    #[serde(flatten)]
    pub rate: Rate,
    /// Whether a rental occupies it today, as the storage consumer last heard.
    pub storage_status: StorageStatus,
    /// How many reviews it has.
    pub review_cnt: u64,
    /// Their average.
    #[cfg_attr(feature = "utoipa", schema(value_type = Option<f64>))]
    pub rating: Option<Rating>,
    /// Whether it is withdrawn from new reservations.
    pub withdrawn: bool,
    /// The reservation that occupies it.
    #[serde(skip)]
    pub occupant: Option<ReservationId>,
    /// Whether it was taken away.
    #[serde(skip)]
    pub deleted: bool,
    /// How many events it has raised.
    #[serde(skip)]
    pub version: Version,
}

impl StorageRow {
    /// What the storage is after its first event.
    pub fn registered(event: &StorageRegistered) -> Self {
        StorageRow {
            storage_id: event.storage_id,
            description: event.description.clone(),
            rate: event.rate,
            storage_status: StorageStatus::Available,
            review_cnt: 0,
            rating: None,
            withdrawn: false,
            occupant: None,
            deleted: false,
            version: Version::ZERO.next(),
        }
    }

    /// What the storage is after one more event. The only place where its state changes.
    pub fn apply(&mut self, event: &StorageEvent) {
        self.version = self.version.next();
        match event {
            StorageEvent::StorageRegistered(e) => *self = StorageRow::registered(e),
            StorageEvent::StorageModified(e) => {
                self.description = e.description.clone();
                self.rate = e.rate;
                self.withdrawn = e.withdrawn;
                self.review_cnt = e.review_cnt;
                self.rating = e.rating;
            }
            StorageEvent::StorageDeleted(_) => self.deleted = true,
            StorageEvent::StorageReserved(e) => {
                self.occupant = Some(e.reservation_id);
                self.storage_status = StorageStatus::Reserved;
            }
            StorageEvent::StorageCancelled(_) => {
                self.occupant = None;
                self.storage_status = StorageStatus::Available;
            }
        }
    }
}

/// A storage (창고): the aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    row: StorageRow,
}

impl Storage {
    /// Offers a new storage under the id given out for it.
    pub fn register(id: StorageId, command: RegisterStorage) -> (Self, StorageEvent) {
        let event = StorageRegistered { storage_id: id, description: command.description, rate: command.rate };
        (Storage { row: StorageRow::registered(&event) }, event.into())
    }

    /// Takes up a stored storage; a deleted one does not exist any more.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] for none, or a deleted one.
    pub fn load(id: StorageId, row: Option<StorageRow>) -> Result<Self, StorageError> {
        match row {
            Some(row) if !row.deleted => Ok(Storage { row }),
            Some(_) | None => Err(StorageError::NotFound { storage_id: id }),
        }
    }

    /// What is kept and shown of it.
    pub fn row(&self) -> &StorageRow {
        &self.row
    }

    /// Refuses whoever has another version of it in mind.
    ///
    /// # Errors
    /// [`StorageError::Changed`] unless it is in the expected version, if one is given.
    pub fn must_be_in(&self, expected: Option<Version>) -> Result<(), StorageError> {
        match expected {
            Some(expected) if expected != self.row.version => {
                Err(StorageError::Changed { storage_id: self.row.storage_id, expected, found: self.row.version })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Changes what the command gives; `None` when nothing differs.
    ///
    /// # Errors
    /// [`InvalidValue`] when the new price is not above 0 or in another currency.
    pub fn modify(&mut self, command: &ModifyStorage) -> Result<Option<StorageEvent>, InvalidValue> {
        let price = command.price.unwrap_or(self.row.rate.price());
        if price.currency() != self.row.rate.price().currency() {
            return Err(InvalidValue::new(
                "currency",
                format!("the storage is priced in {}; its currency stays", self.row.rate.price().currency().code()),
                format!("이 창고의 통화는 {}이며 바꿀 수 없습니다", self.row.rate.price().currency().code()),
            ));
        }
        let rate = Rate::new(price, command.per.unwrap_or(self.row.rate.per()))?;
        let mut changed = self.as_modified();
        changed.rate = rate;
        if let Some(description) = &command.description {
            changed.description = description.clone();
        }
        changed.withdrawn = command.withdrawn.unwrap_or(changed.withdrawn);
        Ok(self.modified(changed))
    }

    /// Takes over what its reviews now come to; `None` when nothing differs.
    pub fn take_reviews(&mut self, count: u64, rating: Option<Rating>) -> Option<StorageEvent> {
        let mut changed = self.as_modified();
        changed.review_cnt = count;
        changed.rating = rating;
        self.modified(changed)
    }

    /// Takes it away for good.
    pub fn delete(&mut self) -> StorageEvent {
        self.raise(StorageDeleted { storage_id: self.row.storage_id })
    }

    /// A rental begins to occupy it; `None` if it does already.
    pub fn occupy(&mut self, reservation_id: ReservationId) -> Option<StorageEvent> {
        if self.row.occupant == Some(reservation_id) {
            return None;
        }
        Some(self.raise(StorageReserved { storage_id: self.row.storage_id, reservation_id }))
    }

    /// The rental is over; `None` unless it is the one that occupies it.
    pub fn release(&mut self, reservation_id: ReservationId) -> Option<StorageEvent> {
        if self.row.occupant != Some(reservation_id) {
            return None;
        }
        Some(self.raise(StorageCancelled { storage_id: self.row.storage_id, reservation_id }))
    }

    fn as_modified(&self) -> StorageModified {
        StorageModified {
            storage_id: self.row.storage_id,
            description: self.row.description.clone(),
            rate: self.row.rate,
            withdrawn: self.row.withdrawn,
            review_cnt: self.row.review_cnt,
            rating: self.row.rating,
        }
    }

    fn modified(&mut self, changed: StorageModified) -> Option<StorageEvent> {
        (changed != self.as_modified()).then(|| self.raise(changed))
    }

    fn raise(&mut self, event: impl Into<StorageEvent>) -> StorageEvent {
        let event = event.into();
        self.row.apply(&event);
        event
    }
}

#[cfg(test)]
#[path = "aggregate_tests.rs"]
mod tests;
