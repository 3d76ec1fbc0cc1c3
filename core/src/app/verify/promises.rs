//! The promises, held against the log's own account: what stands is paid, and nothing is rented twice.

use std::collections::BTreeMap;

use super::Findings;
use super::told::Told;
use crate::payment::PaymentStatus;
use crate::reservation::{ReservationRow, ReservationStatus};
use crate::shared::StorageId;

pub(super) fn check(told: &Told, findings: &mut Findings) {
    let mut live: BTreeMap<StorageId, Vec<&ReservationRow>> = BTreeMap::new();
    for row in told.reservations.values() {
        let id = row.booking.reservation_id;
        let payment = told.payments.get(&row.booking.payment_id);
        let status = payment.map(|p| p.payment_status);
        let paid = match row.reservation_status {
            ReservationStatus::Reserved | ReservationStatus::ReqCancel | ReservationStatus::Completed => {
                status == Some(PaymentStatus::Paid)
            }
            ReservationStatus::Cancelled => status == Some(PaymentStatus::Cancelled),
            ReservationStatus::ReqReserve => status == Some(PaymentStatus::Requested),
            ReservationStatus::Rejected => matches!(status, Some(PaymentStatus::Declined | PaymentStatus::Voided)),
            ReservationStatus::Expired => status.is_some(),
        };
        if !paid || payment.is_some_and(|p| p.price != row.booking.price) {
            let detail = format!("is {} but its payment is {status:?}", row.reservation_status.as_str());
            findings.add("paid", format!("reservations row {id}"), detail);
        }
        if row.reservation_status.is_live() {
            live.entry(row.booking.storage_id).or_default().push(row);
        }
    }
    for rows in live.values_mut() {
        rows.sort_by_key(|r| r.booking.period.from());
        for pair in rows.windows(2) {
            if pair[0].booking.period.overlaps(&pair[1].booking.period) {
                let (a, b) = (pair[0].booking.reservation_id, pair[1].booking.reservation_id);
                findings.add("exclusive", format!("reservations row {b}"), format!("overlaps reservation {a}"));
            }
        }
    }
}
