//! What happened to a payment. Each event repeats the booking, so that it can be understood alone.

use crate::event::{booking_event, context_events};
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

booking_event! {
    /// The gateway is to be asked for the money.
    PaymentRequested {
        /// The key under which the gateway books it.
        payment_key: Key,
    }
}

booking_event! {
    /// The gateway took the money.
    PaymentApproved {
        /// Whether the hold still stands; if not, the money goes back.
        hold_stands: bool,
    }
}

booking_event! {
    /// The gateway said no.
    PaymentDeclined {
        /// Whether the hold still stands.
        hold_stands: bool,
        /// What the gateway said.
        reason: String,
    }
}

booking_event! {
    /// The gateway certainly took nothing, and will not under this key.
    PaymentVoided {
        /// Whether the hold still stands.
        hold_stands: bool,
        /// How that is known.
        reason: String,
    }
}

booking_event! {
    /// The money was given back in full.
    PaymentCancelled {
        /// Whether a cancellation asked for it; if not, the money came after the hold had lapsed.
        cancels_reservation: bool,
    }
}
