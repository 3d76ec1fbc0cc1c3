//! What customers ask of reservations.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::shared::{ReservationId, StorageId};

/// Reserves a storage and pays for it in the same step, or there is no reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reserve {
    /// Which storage.
    pub storage_id: StorageId,
    /// The first day; today if not given.
    #[serde(default)]
    pub from: Option<NaiveDate>,
    /// The first day that is free again; open-ended if not given.
    #[serde(default)]
    pub until: Option<NaiveDate>,
    /// The total the customer was quoted, in minor units; another total now is a conflict. Not checked if not given.
    #[serde(default)]
    pub price: Option<i64>,
}

impl Reserve {
    /// From today, open-ended, at whatever price it has.
    pub fn new(storage_id: StorageId) -> Self {
        Reserve { storage_id, from: None, until: None, price: None }
    }

    /// From a day on.
    #[must_use]
    pub fn from(mut self, day: NaiveDate) -> Self {
        self.from = Some(day);
        self
    }

    /// Up to, but without, a day.
    #[must_use]
    pub fn until(mut self, day: NaiveDate) -> Self {
        self.until = Some(day);
        self
    }

    /// Only at this total, in minor units.
    #[must_use]
    pub fn at_price(mut self, total: i64) -> Self {
        self.price = Some(total);
        self
    }

    /// The command as sent, defaults unresolved: what a repeated idempotency key is compared by.
    pub(crate) fn fingerprint(&self) -> String {
        let day = |d: Option<NaiveDate>| d.map_or_else(|| "-".to_owned(), |d| d.to_string());
        let price = self.price.map_or_else(|| "-".to_owned(), |p| p.to_string());
        format!("storage={} from={} until={} price={price}", self.storage_id, day(self.from), day(self.until))
    }
}

/// Cancels a reservation that has not begun, or has begun today, with a full refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CancelReservation {
    /// Which reservation.
    pub reservation_id: ReservationId,
}

/// Sets the end of a rental, or brings it forward (move-out), without refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EndRental {
    /// Which reservation.
    pub reservation_id: ReservationId,
    /// The first day that is free again; tomorrow if not given.
    #[serde(default)]
    pub on: Option<NaiveDate>,
}

/// Asks what a period would cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuoteStorage {
    /// Which storage.
    pub storage_id: StorageId,
    /// The first day; today if not given.
    #[serde(default)]
    pub from: Option<NaiveDate>,
    /// The first day that is free again; open-ended if not given.
    #[serde(default)]
    pub until: Option<NaiveDate>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, n).unwrap()
    }

    #[test]
    fn a_request_is_the_same_only_if_everything_sent_is() {
        let bare = Reserve::new(StorageId::new(1));
        assert_eq!(bare.fingerprint(), "storage=1 from=- until=- price=-");
        let full = bare.from(day(5)).until(day(9)).at_price(59_000);
        assert_eq!(full.fingerprint(), "storage=1 from=2026-01-05 until=2026-01-09 price=59000");
        let others = [
            Reserve::new(StorageId::new(2)),
            bare.from(day(5)),
            bare.until(day(5)),
            bare.at_price(59_000),
            full.from(day(6)),
            full.until(day(10)),
            full.at_price(58_999),
        ];
        for other in others {
            assert_ne!(other.fingerprint(), bare.fingerprint());
            assert_ne!(other.fingerprint(), full.fingerprint());
        }
    }

    #[test]
    fn what_a_request_leaves_out_stays_left_out() {
        let read: Reserve = serde_json::from_str(r#"{"storageId":1}"#).unwrap();
        assert_eq!(read, Reserve::new(StorageId::new(1)));
        let read: EndRental = serde_json::from_str(r#"{"reservationId":2}"#).unwrap();
        assert_eq!(read, EndRental { reservation_id: ReservationId::new(2), on: None });
        let read: QuoteStorage = serde_json::from_str(r#"{"storageId":1}"#).unwrap();
        assert_eq!(read, QuoteStorage { storage_id: StorageId::new(1), from: None, until: None });
    }
}
