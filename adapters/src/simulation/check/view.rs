//! The one screen, folded from events once more: one row per storage, with the reservation that occupies it, else the one an
//! event last touched.

use storagerent_core::event::Event;
use storagerent_core::payment::{PaymentEvent, PaymentStatus};
use storagerent_core::reservation::{ReservationEvent, ReservationStatus};
use storagerent_core::shared::Booking;
use storagerent_core::storage::{StorageEvent, StorageStatus};
use storagerent_core::storage_view::StorageViewRow;

/// The row of a storage after one more event.
pub(super) fn fold(row: Option<StorageViewRow>, event: &Event) -> Option<StorageViewRow> {
    use ReservationStatus as R;
    if let Event::Storage(StorageEvent::StorageRegistered(e)) = event {
        return Some(StorageViewRow {
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
    }
    let mut row = row?;
    match event {
        Event::Storage(StorageEvent::StorageDeleted(_)) => return None,
        Event::Storage(StorageEvent::StorageReserved(_)) => row.storage_status = StorageStatus::Reserved,
        Event::Storage(StorageEvent::StorageCancelled(_)) => row.storage_status = StorageStatus::Available,
        Event::Storage(StorageEvent::StorageModified(e)) => {
            row.description = e.description.clone();
            row.price = e.rate.price();
            row.review_cnt = e.review_cnt;
            row.rating = e.rating;
        }
        Event::Reservation(e) => {
            let id = e.booking().reservation_id;
            let paid = Some(PaymentStatus::Paid);
            let (status, payment) = match e {
                ReservationEvent::ReservationCreated(_) => (R::ReqReserve, None),
                ReservationEvent::ReservationConfirmed(_)
                | ReservationEvent::RentalStarted(_)
                | ReservationEvent::RentalEndSet(_) => (R::Reserved, paid),
                ReservationEvent::RentalEnded(_) => (R::Completed, paid),
                ReservationEvent::ReservationCancelRequested(_) => (R::ReqCancel, paid),
                ReservationEvent::ReservationCancelled(_) => (R::Cancelled, Some(PaymentStatus::Cancelled)),
                ReservationEvent::ReservationRejected(_) => (R::Rejected, None),
                ReservationEvent::ReservationExpired(_) => (R::Expired, Some(PaymentStatus::Requested)),
                _ => return Some(row),
            };
            let moves_in = match e {
                ReservationEvent::RentalStarted(_) => true,
                ReservationEvent::ReservationConfirmed(e) => e.started,
                _ => false,
            };
            if moves_in {
                row.occupant = Some(id);
            }
            show(&mut row, e.booking(), status, payment);
            let leaves = matches!(status, R::Completed | R::Cancelled);
            if leaves && row.occupant == Some(id) {
                row.occupant = None;
            }
        }
        Event::Payment(e) => {
            let (payment, status) = match e {
                PaymentEvent::PaymentRequested(_) => (PaymentStatus::Requested, R::ReqReserve),
                PaymentEvent::PaymentApproved(e) => (PaymentStatus::Paid, held(e.hold_stands)),
                PaymentEvent::PaymentDeclined(e) => (PaymentStatus::Declined, held(e.hold_stands)),
                PaymentEvent::PaymentVoided(e) => (PaymentStatus::Voided, held(e.hold_stands)),
                PaymentEvent::PaymentCancelled(e) => {
                    (PaymentStatus::Cancelled, if e.cancels_reservation { R::ReqCancel } else { R::Expired })
                }
                _ => return Some(row),
            };
            show(&mut row, e.booking(), status, Some(payment));
        }
        // Reviews; and what is not known here, of which the log's account has told.
        _ => {}
    }
    Some(row)
}

fn held(stands: bool) -> ReservationStatus {
    if stands { ReservationStatus::ReqReserve } else { ReservationStatus::Expired }
}

fn show(row: &mut StorageViewRow, booking: &Booking, status: ReservationStatus, payment: Option<PaymentStatus>) {
    let id = booking.reservation_id;
    match row.occupant {
        Some(occupant) if occupant != id => return,
        Some(_) | None => {}
    }
    row.payment_status = match payment {
        Some(payment) => Some(payment),
        None if row.reservation_id == Some(id) => row.payment_status,
        None => None,
    };
    row.reservation_id = Some(id);
    row.reservation_status = Some(status);
    row.payment_id = Some(booking.payment_id);
    (row.from, row.until) = (Some(booking.period.from()), booking.period.until());
}
