//! What happened to a reservation. Each event repeats the booking, so that it can be understood alone.

use crate::event::{booking_event, context_events};
use crate::shared::Booking;
use chrono::{DateTime, NaiveDate, Utc};

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

booking_event! {
    /// A hold was placed: the period is blocked until the payment's outcome is known, or the hold lapses.
    ReservationCreated {
        /// From when on the hold may be ended.
        hold_expires_at: DateTime<Utc>,
        /// Up to when the payment will pay; `null` for an open-ended flat rental.
        pays_until: Option<NaiveDate>,
    }
}

booking_event! {
    /// The money was taken while the hold stood: the reservation stands.
    ReservationConfirmed {
        /// Whether the first day has come.
        started: bool,
        /// Up to when it is paid; `null` for an open-ended flat rental.
        paid_until: Option<NaiveDate>,
    }
}

booking_event! {
    /// There is no reservation: the payment was declined, or certainly not taken.
    ReservationRejected {
        /// What the gateway said.
        reason: String,
    }
}

booking_event! {
    /// The hold lapsed before its payment's outcome was known.
    ReservationExpired {}
}

booking_event! {
    /// The customer wants out; the days stay blocked until the refund is done.
    ReservationCancelRequested {}
}

booking_event! {
    /// The refund is done and the days are free.
    ReservationCancelled {}
}

booking_event! {
    /// The first day of a rental that was confirmed before it came.
    RentalStarted {}
}

booking_event! {
    /// The first free day came.
    RentalEnded {}
}

booking_event! {
    /// The rental got an end, or an earlier one; the days behind it are free again. The booking has the new `until`.
    RentalEndSet {
        /// The end it had before; `null` if it was open-ended.
        previous_until: Option<NaiveDate>,
    }
}
