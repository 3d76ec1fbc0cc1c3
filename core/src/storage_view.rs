//! The view page (뷰페이지): one row per storage, kept by events alone, so that everything is seen on one screen.
//!
//! Decides what the one screen says. Never asks other contexts: what it shows, events told it.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::event::Event;
use crate::payment::{PaymentEvent, PaymentStatus};
use crate::reservation::{ReservationEvent, ReservationStatus};
use crate::shared::{Booking, Description, Money, PaymentId, ReservationId, StorageId};
use crate::storage::{Rating, StorageEvent, StorageStatus};

/// One storage on the one screen: its status, price and reviews, and the reservation that occupies it, else the one an event
/// last touched, with its payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct StorageViewRow {
    /// The storage.
    pub storage_id: StorageId,
    /// Whether a rental occupies it, as the storage consumer last said.
    pub storage_status: StorageStatus,
    /// What it is called and where it is.
    pub description: Description,
    /// What it costs, in minor units.
    #[serde(flatten)]
    pub price: Money,
    /// The reservation shown.
    pub reservation_id: Option<ReservationId>,
    /// Where it stands.
    pub reservation_status: Option<ReservationStatus>,
    /// Its first day.
    pub from: Option<NaiveDate>,
    /// Its first free day; `null` when open-ended.
    pub until: Option<NaiveDate>,
    /// Its payment.
    pub payment_id: Option<PaymentId>,
    /// Where the money is.
    pub payment_status: Option<PaymentStatus>,
    /// How many reviews the storage has.
    pub review_cnt: u64,
    /// Their average.
    #[cfg_attr(feature = "utoipa", schema(value_type = Option<f64>))]
    pub rating: Option<Rating>,
    /// The reservation that has begun and is not over, by the reservations' own events.
    #[serde(skip)]
    pub occupant: Option<ReservationId>,
}

/// Folds one event into the row of its storage, which need not be there; says whether that has changed it.
pub fn fold(row: &mut Option<StorageViewRow>, event: &Event) -> bool {
    if let Event::Storage(StorageEvent::StorageRegistered(e)) = event {
        *row = Some(StorageViewRow {
            storage_id: e.storage_id,
            storage_status: StorageStatus::Available,
            description: e.description.clone(),
            price: e.rate.price(),
            reservation_id: None,
            reservation_status: None,
            from: None,
            until: None,
            payment_id: None,
            payment_status: None,
            review_cnt: 0,
            rating: None,
            occupant: None,
        });
        return true;
    }
    // Events for a deleted storage are no-ops.
    let Some(after) = row else {
        return false;
    };
    let before = after.clone();
    match event {
        Event::Storage(StorageEvent::StorageDeleted(_)) => {
            *row = None;
            return true;
        }
        Event::Storage(e) => after.storage(e),
        Event::Reservation(e) => after.reservation(e),
        Event::Payment(e) => after.payment(e),
        // Counts and averages arrive as StorageModified.
        Event::Review(_) => {}
    }
    *after != before
}

impl StorageViewRow {
    fn storage(&mut self, event: &StorageEvent) {
        match event {
            StorageEvent::StorageModified(e) => {
                self.description = e.description.clone();
                self.price = e.rate.price();
                self.review_cnt = e.review_cnt;
                self.rating = e.rating;
            }
            StorageEvent::StorageReserved(_) => self.storage_status = StorageStatus::Reserved,
            StorageEvent::StorageCancelled(_) => self.storage_status = StorageStatus::Available,
            StorageEvent::StorageRegistered(_) | StorageEvent::StorageDeleted(_) => {}
        }
    }

    fn reservation(&mut self, event: &ReservationEvent) {
        let booking = event.booking();
        let (status, payment) = match event {
            ReservationEvent::ReservationCreated(_) => (ReservationStatus::ReqReserve, None),
            ReservationEvent::ReservationConfirmed(_)
            | ReservationEvent::RentalStarted(_)
            | ReservationEvent::RentalEndSet(_) => (ReservationStatus::Reserved, Some(PaymentStatus::Paid)),
            ReservationEvent::RentalEnded(_) => (ReservationStatus::Completed, Some(PaymentStatus::Paid)),
            ReservationEvent::ReservationCancelRequested(_) => {
                (ReservationStatus::ReqCancel, Some(PaymentStatus::Paid))
            }
            ReservationEvent::ReservationCancelled(_) => (ReservationStatus::Cancelled, Some(PaymentStatus::Cancelled)),
            ReservationEvent::ReservationRejected(_) => (ReservationStatus::Rejected, None),
            ReservationEvent::ReservationExpired(_) => (ReservationStatus::Expired, Some(PaymentStatus::Requested)),
        };
        let begins = matches!(event, ReservationEvent::RentalStarted(_))
            || matches!(event, ReservationEvent::ReservationConfirmed(e) if e.started);
        if begins {
            self.occupant = Some(booking.reservation_id);
        }
        self.show(booking, status, payment);
        let ends = matches!(event, ReservationEvent::RentalEnded(_) | ReservationEvent::ReservationCancelled(_));
        if ends && self.occupant == Some(booking.reservation_id) {
            self.occupant = None;
        }
    }

    fn payment(&mut self, event: &PaymentEvent) {
        let (payment, stands, standing) = match event {
            PaymentEvent::PaymentRequested(_) => (PaymentStatus::Requested, true, ReservationStatus::ReqReserve),
            PaymentEvent::PaymentApproved(e) => (PaymentStatus::Paid, e.hold_stands, ReservationStatus::ReqReserve),
            PaymentEvent::PaymentDeclined(e) => (PaymentStatus::Declined, e.hold_stands, ReservationStatus::ReqReserve),
            PaymentEvent::PaymentVoided(e) => (PaymentStatus::Voided, e.hold_stands, ReservationStatus::ReqReserve),
            PaymentEvent::PaymentCancelled(e) => {
                (PaymentStatus::Cancelled, e.cancels_reservation, ReservationStatus::ReqCancel)
            }
        };
        let status = if stands { standing } else { ReservationStatus::Expired };
        self.show(event.booking(), status, Some(payment));
    }

    /// Shows a reservation, unless another one occupies the storage. A payment status the event does not tell stays.
    fn show(&mut self, booking: &Booking, status: ReservationStatus, payment: Option<PaymentStatus>) {
        if self.occupant.is_some_and(|occupant| occupant != booking.reservation_id) {
            return;
        }
        let same = self.reservation_id == Some(booking.reservation_id);
        self.reservation_id = Some(booking.reservation_id);
        self.reservation_status = Some(status);
        self.payment_status = payment.or(self.payment_status.filter(|_| same));
        self.payment_id = Some(booking.payment_id);
        self.from = Some(booking.period.from());
        self.until = booking.period.until();
    }
}

#[cfg(test)]
#[path = "storage_view_tests.rs"]
mod tests;
