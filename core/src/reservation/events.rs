//! What happened to a reservation. Each event repeats the booking, so that it can be understood alone.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::event::context_events;
use crate::shared::Booking;

context_events! {
    /// Everything that can happen to a reservation.
    ReservationEvent => Reservation {
        /// A hold was placed.
        ReservationCreated,
        /// It is paid, and stands.
        ReservationConfirmed,
        /// Its payment was declined, or certainly not taken.
        ReservationRejected,
        /// Its hold lapsed unpaid.
        ReservationExpired,
        /// The customer wants out; a refund is on its way.
        ReservationCancelRequested,
        /// It is refunded and over.
        ReservationCancelled,
        /// The first day of a future rental came.
        RentalStarted,
        /// The rental is over.
        RentalEnded,
        /// The end was set or brought forward.
        RentalEndSet,
    }
}

impl ReservationEvent {
    /// Who reserved what, for when, at what price.
    pub fn booking(&self) -> &Booking {
        match self {
            ReservationEvent::ReservationCreated(e) => &e.booking,
            ReservationEvent::ReservationConfirmed(e) => &e.booking,
            ReservationEvent::ReservationRejected(e) => &e.booking,
            ReservationEvent::ReservationExpired(e) => &e.booking,
            ReservationEvent::ReservationCancelRequested(e) => &e.booking,
            ReservationEvent::ReservationCancelled(e) => &e.booking,
            ReservationEvent::RentalStarted(e) => &e.booking,
            ReservationEvent::RentalEnded(e) => &e.booking,
            ReservationEvent::RentalEndSet(e) => &e.booking,
        }
    }
}

/// A hold was placed: the period is blocked until the payment's outcome is known, or the hold lapses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct ReservationCreated {
    /// The booking.
    #[serde(flatten)]
    pub booking: Booking,
    /// From when on the hold may be ended.
    pub hold_expires_at: DateTime<Utc>,
    /// Up to when the payment will pay; `null` for an open-ended flat rental.
    pub pays_until: Option<NaiveDate>,
}

/// The money was taken while the hold stood: the reservation stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct ReservationConfirmed {
    /// The booking.
    #[serde(flatten)]
    pub booking: Booking,
    /// Whether the first day has come.
    pub started: bool,
    /// Up to when it is paid; `null` for an open-ended flat rental.
    pub paid_until: Option<NaiveDate>,
}

/// There is no reservation: the payment was declined, or certainly not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct ReservationRejected {
    /// The booking.
    #[serde(flatten)]
    pub booking: Booking,
    /// What the gateway said.
    pub reason: String,
}

/// The hold lapsed before its payment's outcome was known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct ReservationExpired {
    /// The booking.
    #[serde(flatten)]
    pub booking: Booking,
}

/// The customer wants out; the days stay blocked until the refund is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct ReservationCancelRequested {
    /// The booking.
    #[serde(flatten)]
    pub booking: Booking,
}

/// The refund is done and the days are free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct ReservationCancelled {
    /// The booking.
    #[serde(flatten)]
    pub booking: Booking,
}

/// The first day of a rental that was confirmed before it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct RentalStarted {
    /// The booking.
    #[serde(flatten)]
    pub booking: Booking,
}

/// The first free day came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct RentalEnded {
    /// The booking.
    #[serde(flatten)]
    pub booking: Booking,
}

/// The rental got an end, or an earlier one; the days behind it are free again. The booking has the new `until`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct RentalEndSet {
    /// The booking.
    #[serde(flatten)]
    pub booking: Booking,
    /// The end it had before; `null` if it was open-ended.
    pub previous_until: Option<NaiveDate>,
}
