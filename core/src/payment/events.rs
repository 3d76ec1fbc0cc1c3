//! What happened to a payment. Each event repeats the booking, so that it can be understood alone.

use serde::{Deserialize, Serialize};

use crate::event::context_events;
use crate::shared::{Booking, Key};

context_events! {
    /// Everything that can happen to a payment.
    PaymentEvent => Payment {
        /// The gateway is to be asked for the money.
        PaymentRequested,
        /// The gateway took the money.
        PaymentApproved,
        /// The gateway said no.
        PaymentDeclined,
        /// The gateway certainly took nothing, and will not.
        PaymentVoided,
        /// The money was given back.
        PaymentCancelled,
    }
}

impl PaymentEvent {
    /// Who reserved what, for when, at what price.
    pub fn booking(&self) -> &Booking {
        match self {
            PaymentEvent::PaymentRequested(e) => &e.booking,
            PaymentEvent::PaymentApproved(e) => &e.booking,
            PaymentEvent::PaymentDeclined(e) => &e.booking,
            PaymentEvent::PaymentVoided(e) => &e.booking,
            PaymentEvent::PaymentCancelled(e) => &e.booking,
        }
    }
}

/// The gateway is to be asked for the money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct PaymentRequested {
    /// The booking.
    #[serde(flatten)]
    pub booking: Booking,
    /// The key under which the gateway books it.
    pub payment_key: Key,
}

/// The gateway took the money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct PaymentApproved {
    /// The booking.
    #[serde(flatten)]
    pub booking: Booking,
    /// Whether the hold still stands; if not, the money goes back.
    pub hold_stands: bool,
}

/// The gateway said no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct PaymentDeclined {
    /// The booking.
    #[serde(flatten)]
    pub booking: Booking,
    /// Whether the hold still stands.
    pub hold_stands: bool,
    /// What the gateway said.
    pub reason: String,
}

/// The gateway certainly took nothing, and will not under this key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct PaymentVoided {
    /// The booking.
    #[serde(flatten)]
    pub booking: Booking,
    /// Whether the hold still stands.
    pub hold_stands: bool,
    /// How that is known.
    pub reason: String,
}

/// The money was given back in full.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct PaymentCancelled {
    /// The booking.
    #[serde(flatten)]
    pub booking: Booking,
    /// Whether a cancellation asked for it; if not, the money came after the hold had lapsed.
    pub cancels_reservation: bool,
}
