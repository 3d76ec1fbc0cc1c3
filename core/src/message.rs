//! Messages (메시지): what a customer is told, derived from events alone.
//!
//! Decides which events are told, and the words. Never sends: that is a deliver effect.

use chrono::NaiveDate;
use serde::Serialize;

use crate::event::{Envelope, Event};
use crate::payment::PaymentEvent;
use crate::reservation::ReservationEvent;
use crate::shared::{Booking, CorrelationId, CustomerId, Lang, MessageId, ReservationId, Sequence, StorageId};

/// The channel every site has: the messages kept in the file itself. It needs no delivery.
pub const INBOX: &str = "inbox";

/// A message as it is kept and shown. At most one exists per event and channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct MessageRow {
    /// Its id.
    pub message_id: MessageId,
    /// The reservation it is about.
    pub reservation_id: ReservationId,
    /// The storage it is about.
    pub storage_id: StorageId,
    /// Who is told.
    pub customer: CustomerId,
    /// The `eventType` that caused it.
    pub kind: String,
    /// The words, in the language of the site when it was written.
    pub content: String,
    /// The event that caused it.
    #[serde(skip)]
    pub event_sequence: Sequence,
    /// The channel it goes over.
    #[serde(skip)]
    pub channel: String,
    /// The request it belongs to.
    #[serde(skip)]
    pub correlation_id: CorrelationId,
}

/// What the customer is told about an event, if anything: the booking it is about and the words.
pub fn message_of(event: &Envelope, lang: Lang) -> Option<(&Booking, String)> {
    let (booking, words) = match &event.event {
        Event::Reservation(ReservationEvent::ReservationConfirmed(e)) => {
            let b = &e.booking;
            let (span, price) = (span(b, lang), b.price);
            let paid = paid_words(e.paid_until, lang);
            (
                b,
                lang.pick(
                    format!(
                        "Your reservation {} of storage {} is confirmed: {span}, {price}{paid}.",
                        b.reservation_id, b.storage_id
                    ),
                    format!(
                        "창고 {} 예약 {}번이 확정되었습니다: {span}, {price}{paid}.",
                        b.storage_id, b.reservation_id
                    ),
                ),
            )
        }
        Event::Reservation(ReservationEvent::ReservationRejected(e)) => {
            let b = &e.booking;
            (
                b,
                lang.pick(
                    format!(
                        "Your reservation {} of storage {} did not come about: the payment was not taken ({}).",
                        b.reservation_id, b.storage_id, e.reason
                    ),
                    format!(
                        "창고 {} 예약 {}번이 성사되지 않았습니다: 결제되지 않았습니다 ({}).",
                        b.storage_id, b.reservation_id, e.reason
                    ),
                ),
            )
        }
        Event::Reservation(ReservationEvent::ReservationExpired(e)) => {
            let b = &e.booking;
            (b, lang.pick(
                format!("Your hold {} of storage {} lapsed before the payment was known. Should the money still be taken, it is refunded.", b.reservation_id, b.storage_id),
                format!("창고 {} 가예약 {}번이 결제 확인 전에 만료되었습니다. 나중에 결제되더라도 환불됩니다.", b.storage_id, b.reservation_id),
            ))
        }
        Event::Reservation(ReservationEvent::ReservationCancelRequested(e)) => {
            let b = &e.booking;
            (
                b,
                lang.pick(
                    format!(
                        "The cancellation of your reservation {} of storage {} is accepted; {} is being refunded.",
                        b.reservation_id, b.storage_id, b.price
                    ),
                    format!(
                        "창고 {} 예약 {}번의 취소를 접수했습니다. {}을 환불하는 중입니다.",
                        b.storage_id, b.reservation_id, b.price
                    ),
                ),
            )
        }
        Event::Reservation(ReservationEvent::ReservationCancelled(e)) => {
            let b = &e.booking;
            (
                b,
                lang.pick(
                    format!(
                        "Your reservation {} of storage {} is cancelled and {} refunded.",
                        b.reservation_id, b.storage_id, b.price
                    ),
                    format!(
                        "창고 {} 예약 {}번이 취소되고 {}이 환불되었습니다.",
                        b.storage_id, b.reservation_id, b.price
                    ),
                ),
            )
        }
        Event::Reservation(ReservationEvent::RentalEndSet(e)) => {
            let b = &e.booking;
            let span = span(b, lang);
            (
                b,
                lang.pick(
                    format!("The end of your rental {} of storage {} is set: {span}.", b.reservation_id, b.storage_id),
                    format!("창고 {} 대여 {}번의 종료일이 정해졌습니다: {span}.", b.storage_id, b.reservation_id),
                ),
            )
        }
        Event::Reservation(ReservationEvent::RentalStarted(e)) => {
            let b = &e.booking;
            (
                b,
                lang.pick(
                    format!("Your rental {} of storage {} starts today.", b.reservation_id, b.storage_id),
                    format!("창고 {} 대여 {}번이 오늘 시작됩니다.", b.storage_id, b.reservation_id),
                ),
            )
        }
        Event::Reservation(ReservationEvent::RentalEnded(e)) => {
            let b = &e.booking;
            (
                b,
                lang.pick(
                    format!(
                        "Your rental {} of storage {} has ended. You may review it.",
                        b.reservation_id, b.storage_id
                    ),
                    format!("창고 {} 대여 {}번이 끝났습니다. 후기를 남길 수 있습니다.", b.storage_id, b.reservation_id),
                ),
            )
        }
        Event::Payment(PaymentEvent::PaymentCancelled(e)) if !e.cancels_reservation => {
            let b = &e.booking;
            (
                b,
                lang.pick(
                    format!(
                        "{} for your lapsed reservation {} of storage {} was refunded.",
                        b.price, b.reservation_id, b.storage_id
                    ),
                    format!(
                        "만료된 창고 {} 예약 {}번의 결제 {}이 환불되었습니다.",
                        b.storage_id, b.reservation_id, b.price
                    ),
                ),
            )
        }
        Event::Reservation(ReservationEvent::ReservationCreated(_))
        | Event::Payment(
            PaymentEvent::PaymentRequested(_)
            | PaymentEvent::PaymentApproved(_)
            | PaymentEvent::PaymentDeclined(_)
            | PaymentEvent::PaymentVoided(_)
            | PaymentEvent::PaymentCancelled(_),
        )
        | Event::Storage(_)
        | Event::Review(_) => return None,
    };
    Some((booking, words))
}

fn span(booking: &Booking, lang: Lang) -> String {
    let from = booking.period.from();
    match booking.period.until() {
        Some(until) => lang.pick(format!("from {from} until {until}"), format!("{from}부터 {until} 전까지")),
        None => lang.pick(format!("from {from}, open-ended"), format!("{from}부터, 종료일 미정")),
    }
}

fn paid_words(paid_until: Option<NaiveDate>, lang: Lang) -> String {
    match paid_until {
        Some(day) => lang.pick(format!(" paid until {day}"), format!(" ({day} 전까지 결제됨)")),
        None => lang.pick(" paid".to_owned(), " 결제됨".to_owned()),
    }
}

#[cfg(test)]
#[path = "message_tests.rs"]
mod tests;
