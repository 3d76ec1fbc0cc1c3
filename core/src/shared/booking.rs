//! The facts of a reservation that every event about it repeats, so that each event can be understood alone.

use serde::{Deserialize, Serialize};

use super::{CustomerId, Money, PaymentId, Period, ReservationId, StorageId};

/// Who reserved what, for when, at what price, and which payment pays for it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Booking {
    /// The reservation.
    pub reservation_id: ReservationId,
    /// The storage it claims.
    pub storage_id: StorageId,
    /// Whose it is.
    pub customer: CustomerId,
    /// The days it claims.
    #[serde(flatten)]
    pub period: Period,
    /// What it costs: the quote's total, in minor units.
    #[serde(flatten)]
    pub price: Money,
    /// The payment that pays for it.
    pub payment_id: PaymentId,
}
