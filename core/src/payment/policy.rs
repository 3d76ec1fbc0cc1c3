//! When money must go back.

use crate::event::Event;
use crate::payment::PaymentEvent;
use crate::reservation::ReservationEvent;
use crate::shared::PaymentId;

/// The payment to refund because of an event: money that came after its hold was gone, and cancelled reservations.
pub fn refund_due(event: &Event) -> Option<PaymentId> {
    match event {
        Event::Payment(PaymentEvent::PaymentApproved(e)) if !e.hold_stands => Some(e.booking.payment_id),
        Event::Reservation(ReservationEvent::ReservationCancelRequested(e)) => Some(e.booking.payment_id),
        Event::Payment(
            PaymentEvent::PaymentApproved(_)
            | PaymentEvent::PaymentRequested(_)
            | PaymentEvent::PaymentDeclined(_)
            | PaymentEvent::PaymentVoided(_)
            | PaymentEvent::PaymentCancelled(_),
        )
        | Event::Reservation(
            ReservationEvent::ReservationCreated(_)
            | ReservationEvent::ReservationConfirmed(_)
            | ReservationEvent::ReservationRejected(_)
            | ReservationEvent::ReservationExpired(_)
            | ReservationEvent::ReservationCancelled(_)
            | ReservationEvent::RentalStarted(_)
            | ReservationEvent::RentalEnded(_)
            | ReservationEvent::RentalEndSet(_),
        )
        | Event::Storage(_)
        | Event::Review(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::{booking, every_event};

    #[test]
    fn money_goes_back_for_a_cancellation_and_when_it_came_too_late_and_for_nothing_else() {
        let due: Vec<_> = every_event()
            .into_iter()
            .filter_map(|event| refund_due(&event).map(|payment| (event, payment)))
            .inspect(|(_, payment)| assert_eq!(*payment, booking().payment_id))
            .map(|(event, _)| event)
            .collect();
        assert!(
            matches!(
                &due[..],
                [
                    Event::Reservation(ReservationEvent::ReservationCancelRequested(_)),
                    Event::Payment(PaymentEvent::PaymentApproved(late)),
                ] if !late.hold_stands
            ),
            "{due:?}"
        );
    }
}
