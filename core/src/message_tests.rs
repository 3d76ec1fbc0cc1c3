use super::*;
use crate::event::tests::{booking, envelope, every_event};

/// What is told of every event there is, `eventType: words`.
fn told(lang: Lang) -> Vec<String> {
    every_event()
        .into_iter()
        .map(envelope)
        .filter_map(|event| {
            let (about, words) = message_of(&event, lang)?;
            assert_eq!(*about, booking(), "{words}");
            Some(format!("{}: {words}", event.event.event_type()))
        })
        .collect()
}

#[test]
fn customers_are_told_of_these_events_in_these_words() {
    assert_eq!(
        told(Lang::En),
        [
            "ReservationConfirmed: Your reservation 5 of storage 3 is confirmed: from 2026-01-05 until 2026-01-09, 59,000 KRW paid until 2026-01-09.",
            "ReservationConfirmed: Your reservation 5 of storage 3 is confirmed: from 2026-01-05 until 2026-01-09, 59,000 KRW paid.",
            "ReservationRejected: Your reservation 5 of storage 3 did not come about: the payment was not taken (no funds).",
            "ReservationExpired: Your hold 5 of storage 3 lapsed before the payment was known. Should the money still be taken, it is refunded.",
            "ReservationCancelRequested: The cancellation of your reservation 5 of storage 3 is accepted; 59,000 KRW is being refunded.",
            "ReservationCancelled: Your reservation 5 of storage 3 is cancelled and 59,000 KRW refunded.",
            "RentalStarted: Your rental 5 of storage 3 starts today.",
            "RentalEnded: Your rental 5 of storage 3 has ended. You may review it.",
            "RentalEndSet: The end of your rental 5 of storage 3 is set: from 2026-01-05 until 2026-01-09.",
            "PaymentCancelled: 59,000 KRW for your lapsed reservation 5 of storage 3 was refunded.",
        ]
    );
}

#[test]
fn customers_are_told_the_same_in_korean() {
    assert_eq!(
        told(Lang::Ko),
        [
            "ReservationConfirmed: 창고 3 예약 5번이 확정되었습니다: 2026-01-05부터 2026-01-09 전까지, 59,000 KRW (2026-01-09 전까지 결제됨).",
            "ReservationConfirmed: 창고 3 예약 5번이 확정되었습니다: 2026-01-05부터 2026-01-09 전까지, 59,000 KRW 결제됨.",
            "ReservationRejected: 창고 3 예약 5번이 성사되지 않았습니다: 결제되지 않았습니다 (no funds).",
            "ReservationExpired: 창고 3 가예약 5번이 결제 확인 전에 만료되었습니다. 나중에 결제되더라도 환불됩니다.",
            "ReservationCancelRequested: 창고 3 예약 5번의 취소를 접수했습니다. 59,000 KRW을 환불하는 중입니다.",
            "ReservationCancelled: 창고 3 예약 5번이 취소되고 59,000 KRW이 환불되었습니다.",
            "RentalStarted: 창고 3 대여 5번이 오늘 시작됩니다.",
            "RentalEnded: 창고 3 대여 5번이 끝났습니다. 후기를 남길 수 있습니다.",
            "RentalEndSet: 창고 3 대여 5번의 종료일이 정해졌습니다: 2026-01-05부터 2026-01-09 전까지.",
            "PaymentCancelled: 만료된 창고 3 예약 5번의 결제 59,000 KRW이 환불되었습니다.",
        ]
    );
}

#[test]
fn a_rental_without_an_end_is_called_open_ended() {
    let open = Booking { period: crate::shared::Period::open_ended(booking().period.from()).unwrap(), ..booking() };
    assert_eq!(span(&open, Lang::En), "from 2026-01-05, open-ended");
    assert_eq!(span(&open, Lang::Ko), "2026-01-05부터, 종료일 미정");
}

#[test]
fn a_message_is_told_in_six_fields() {
    let message = MessageRow {
        message_id: MessageId::new(1),
        reservation_id: ReservationId::new(1),
        storage_id: StorageId::new(1),
        customer: CustomerId::new("kim").unwrap(),
        kind: "RentalEnded".to_owned(),
        content: "끝".to_owned(),
        event_sequence: Sequence::new(12),
        channel: "sms".to_owned(),
        correlation_id: CorrelationId::new("req-1").unwrap(),
    };
    let json = serde_json::to_string(&message).unwrap();
    let expected =
        r#"{"messageId":1,"reservationId":1,"storageId":1,"customer":"kim","kind":"RentalEnded","content":"끝"}"#;
    assert_eq!(json, expected);
}

#[test]
fn a_refund_is_told_on_its_own_only_if_no_cancellation_asked_for_it() {
    for cancels_reservation in [true, false] {
        let refunded = crate::payment::PaymentCancelled { booking: booking(), cancels_reservation };
        let told = message_of(&envelope(Event::from(refunded)), Lang::En).is_some();
        assert_eq!(told, !cancels_reservation);
    }
}
