//! Reservations (예약): customers' claims on storages for periods, from hold to the last day.
//!
//! Decides who gets which days, what they cost, and when a claim stands. Never takes money: that is the payment
//! ledger's and the gateway's; and never decides whether a storage shows as occupied: that is the storage context's.

mod aggregate;
mod commands;
mod error;
mod events;
mod policy;
mod quote;

pub use aggregate::{HoldTerms, Reservation, ReservationRow, ReservationStatus};
pub use commands::{CancelReservation, EndRental, QuoteStorage, Reserve};
pub use error::ReservationError;
pub use events::{
    RentalEndSet, RentalEnded, RentalStarted, ReservationCancelRequested, ReservationCancelled, ReservationConfirmed,
    ReservationCreated, ReservationEvent, ReservationExpired, ReservationRejected,
};
pub(crate) use policy::{HoldCase, Holds, may_place_hold, not_past, own_only};
pub use quote::{PartMonth, Quote};
