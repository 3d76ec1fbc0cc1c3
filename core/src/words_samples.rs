//! One of every refusal there is, and what programs and people get of it.

use std::time::Duration;

use super::*;
use crate::event::tests::booking;
use crate::reservation::{HoldTerms, Reservation, ReservationStatus};
use crate::shared::{
    CorrelationId, DeadLetterId, EffectId, Kind, Money, NotAllowed, PaymentId, ReservationId, ReviewId, StorageId,
    Version,
};

const STORAGE: StorageId = StorageId::new(3);
pub(super) const RESERVATION: ReservationId = ReservationId::new(5);
const LETTER: DeadLetterId = DeadLetterId::new(11);

/// One refusal, and what programs and people get of it.
pub(super) struct Told {
    pub(super) error: Error,
    pub(super) kind: Kind,
    pub(super) code: &'static str,
    pub(super) retry_after: Option<Duration>,
    pub(super) en: &'static str,
    pub(super) ko: &'static str,
}

fn told(error: impl Into<Error>, kind: Kind, code: &'static str, en: &'static str, ko: &'static str) -> Told {
    Told { error: error.into(), kind, code, retry_after: None, en, ko }
}

impl Told {
    fn retried_after(self, seconds: u64) -> Self {
        Told { retry_after: Some(Duration::from_secs(seconds)), ..self }
    }
}

pub(super) fn wrong() -> InvalidValue {
    InvalidValue::new("price", "must be above 0", "0보다 커야 합니다")
}

fn forbidden() -> NotAllowed {
    NotAllowed { reason: "only the manager may do this", reason_ko: "관리자만 할 수 있습니다" }
}

fn invalid_value(error: impl Into<Error>) -> Told {
    told(error, Kind::Invalid, "invalidValue", "price: must be above 0", "price: 0보다 커야 합니다")
}

fn not_allowed_value(error: impl Into<Error>) -> Told {
    let en = "not allowed: only the manager may do this";
    told(error, Kind::NotAllowed, "notAllowed", en, "허용되지 않습니다: 관리자만 할 수 있습니다")
}

fn busy(wrap: impl Fn(StoreError) -> Error) -> Told {
    let error = wrap(StoreError::Busy { retry_after: Duration::from_millis(2_500) });
    let told = told(error, Kind::Unavailable, "busy", "the store is busy", "다른 쓰기 작업이 진행 중입니다");
    Told { retry_after: Some(Duration::from_millis(2_500)), ..told }
}

fn storage_family() -> Vec<Told> {
    let has_bookings = StorageError::HasBookings { storage_id: STORAGE, reservation_id: RESERVATION };
    vec![
        told(
            StorageError::NotFound { storage_id: STORAGE },
            Kind::NotFound,
            "storageNotFound",
            "there is no storage 3",
            "창고 3번이 없습니다",
        ),
        told(
            has_bookings,
            Kind::Conflict,
            "storageHasBookings",
            "storage 3 cannot be deleted: reservation 5 is live or still to come",
            "창고 3번은 지울 수 없습니다: 예약 5번이 진행 중이거나 예정되어 있습니다",
        ),
        told(
            StorageError::Changed { storage_id: STORAGE, expected: Version::new(2), found: Version::new(4) },
            Kind::Conflict,
            "storageChanged",
            "storage 3 was changed meanwhile: it is in version 4, not 2",
            "창고 3번이 그 사이에 바뀌었습니다",
        ),
        invalid_value(StorageError::from(wrong())),
        not_allowed_value(StorageError::from(forbidden())),
        busy(|e| StorageError::from(e).into()),
    ]
}

fn reservation_family() -> Vec<Told> {
    let reservation_id = RESERVATION;
    let terms = HoldTerms {
        hold_expires_at: chrono::DateTime::from_timestamp(0, 0).unwrap(),
        pays_until: None,
        correlation_id: CorrelationId::new("req-1").unwrap(),
    };
    let held = Box::new(Reservation::place_hold(booking(), terms).0.row().clone());
    let open = Period::open_ended(booking().period.from()).unwrap();
    let wrong_state = |status, action| ReservationError::WrongState { reservation_id, status, action };
    vec![
        told(
            ReservationError::NotFound { reservation_id },
            Kind::NotFound,
            "reservationNotFound",
            "there is no reservation 5",
            "예약 5번이 없습니다",
        ),
        told(
            ReservationError::StorageNotFound { storage_id: STORAGE },
            Kind::NotFound,
            "storageNotFound",
            "there is no storage 3",
            "창고 3번이 없습니다",
        ),
        told(
            ReservationError::Changed { reservation_id, expected: Version::new(2), found: Version::new(4) },
            Kind::Conflict,
            "reservationChanged",
            "reservation 5 was changed meanwhile: it is in version 4, not 2",
            "예약 5번이 그 사이에 바뀌었습니다",
        ),
        told(
            ReservationError::Withdrawn { storage_id: STORAGE },
            Kind::Conflict,
            "storageWithdrawn",
            "storage 3 is withdrawn from new reservations",
            "창고 3번은 신규 예약을 받지 않습니다",
        ),
        told(
            ReservationError::PriceChanged { expected: Money::krw(1), quoted: Money::krw(2) },
            Kind::Conflict,
            "priceChanged",
            "the price is 2 KRW, not the expected 1 KRW",
            "가격이 예상한 1 KRW이 아니라 2 KRW입니다",
        ),
        told(
            ReservationError::Taken { storage_id: STORAGE, taken: booking().period },
            Kind::Conflict,
            "storageTaken",
            "storage 3 is taken from 2026-01-05 until 2026-01-09",
            "창고 3번은 2026-01-05부터 2026-01-09 전까지 이미 예약되어 있습니다",
        ),
        told(
            ReservationError::Taken { storage_id: STORAGE, taken: open },
            Kind::Conflict,
            "storageTaken",
            "storage 3 is taken from 2026-01-05 on, open-ended",
            "창고 3번은 2026-01-05부터 종료일 없이 이미 예약되어 있습니다",
        ),
        told(
            ReservationError::TooManyHolds { holds: 20 },
            Kind::Conflict,
            "tooManyHolds",
            "20 reservations of this customer await their payment, more may not",
            "이 고객의 예약 20건이 결제를 기다리고 있어 더 예약할 수 없습니다",
        ),
        told(
            wrong_state(ReservationStatus::Completed, "cancelled"),
            Kind::Conflict,
            "wrongState",
            "reservation 5 is completed, it cannot be cancelled",
            "예약 5번은 이용 완료 상태라 취소할 수 없습니다",
        ),
        told(
            wrong_state(ReservationStatus::ReqCancel, "ended"),
            Kind::Conflict,
            "wrongState",
            "reservation 5 is reqCancel, it cannot be ended",
            "예약 5번은 취소 중 상태라 종료할 수 없습니다",
        ),
        told(
            ReservationError::PaymentPending { reservation_id },
            Kind::Conflict,
            "paymentPending",
            "the payment of reservation 5 is not known yet",
            "예약 5번의 결제 결과를 아직 알 수 없습니다",
        ),
        told(
            ReservationError::FirstDayPast { reservation_id, from: booking().period.from() },
            Kind::Conflict,
            "firstDayPast",
            "reservation 5 began on 2026-01-05; it can be cancelled up to and including its first day",
            "예약 5번은 2026-01-05에 시작했습니다. 취소는 첫날까지만 가능합니다",
        ),
        told(
            ReservationError::Declined { reservation_id, reason: "한도 초과".to_owned() },
            Kind::Declined,
            "paymentDeclined",
            "the payment was declined: 한도 초과",
            "결제가 거절되었습니다: 한도 초과",
        ),
        told(
            ReservationError::PaymentUnavailable { retry_after: Duration::from_secs(7) },
            Kind::Unavailable,
            "paymentUnavailable",
            "the payment service is unavailable, no money was taken and nothing is reserved",
            "결제 서비스를 사용할 수 없습니다. 결제되지 않았고 예약도 잡히지 않았습니다",
        )
        .retried_after(7),
        told(
            ReservationError::OutcomeUnknown { reservation: held, retry_after: Duration::from_secs(5) },
            Kind::Unavailable,
            "outcomeUnknown",
            "the outcome of the payment of reservation 5 is unknown",
            "예약 5번의 결제 결과를 알 수 없습니다",
        )
        .retried_after(5),
        told(
            ReservationError::HoldLapsed { reservation_id },
            Kind::Conflict,
            "holdLapsed",
            "the hold of reservation 5 lapsed before its payment was confirmed; the money is given back",
            "예약 5번의 가예약이 결제 확인 전에 만료되었습니다. 결제된 돈은 환불됩니다",
        ),
        told(
            ReservationError::KeyReused { reservation_id },
            Kind::Conflict,
            "idempotencyKeyReused",
            "the idempotency key was used for another request, reservation 5",
            "이 멱등 키는 다른 요청(예약 5번)에 이미 쓰였습니다",
        ),
        invalid_value(ReservationError::from(wrong())),
        not_allowed_value(ReservationError::from(forbidden())),
        busy(|e| ReservationError::from(e).into()),
    ]
}

fn payment_family() -> Vec<Told> {
    vec![
        told(
            PaymentError::NotFound { payment_id: PaymentId::new(7) },
            Kind::NotFound,
            "paymentNotFound",
            "there is no payment 7",
            "결제 7번이 없습니다",
        ),
        busy(|e| PaymentError::from(e).into()),
    ]
}

fn review_family() -> Vec<Told> {
    let (reservation_id, review_id) = (RESERVATION, ReviewId::new(9));
    vec![
        told(
            ReviewError::NotFound { review_id },
            Kind::NotFound,
            "reviewNotFound",
            "there is no review 9",
            "후기 9번이 없습니다",
        ),
        told(
            ReviewError::ReservationNotFound { reservation_id },
            Kind::NotFound,
            "reservationNotFound",
            "there is no reservation 5",
            "예약 5번이 없습니다",
        ),
        told(
            ReviewError::NotRented { reservation_id, status: "cancelled" },
            Kind::Conflict,
            "notRented",
            "reservation 5 is cancelled; only a reserved or completed one can be reviewed",
            "예약 5번은 cancelled 상태입니다. 확정되거나 완료된 예약만 후기를 쓸 수 있습니다",
        ),
        told(
            ReviewError::TooEarly { reservation_id, from: booking().period.from() },
            Kind::Conflict,
            "tooEarlyToReview",
            "reservation 5 begins on 2026-01-05; it can be reviewed from that day on",
            "예약 5번은 2026-01-05에 시작합니다. 후기는 그날부터 쓸 수 있습니다",
        ),
        told(
            ReviewError::AlreadyReviewed { reservation_id, review_id },
            Kind::Conflict,
            "alreadyReviewed",
            "reservation 5 has review 9 already",
            "예약 5번에는 이미 후기 9번이 있습니다",
        ),
        invalid_value(ReviewError::from(wrong())),
        not_allowed_value(ReviewError::from(forbidden())),
        busy(|e| ReviewError::from(e).into()),
    ]
}

fn operation_family() -> Vec<Told> {
    let name = || "sms".to_owned();
    let failed = OperationError::FailedAgain { dead_letter_id: LETTER, reason: "away".to_owned() };
    let money = OperationError::MoneyNotDiscarded { dead_letter_id: LETTER, action: "refund".to_owned() };
    let outcome = OperationError::WrongOutcome { action: "refund", outcome: "Captured".to_owned() };
    vec![
        told(
            OperationError::ConsumerNotFound { name: name() },
            Kind::NotFound,
            "consumerNotFound",
            "there is no consumer \"sms\"",
            "\"sms\"라는 소비자가 없습니다",
        ),
        told(
            OperationError::ConsumerElsewhere { name: name() },
            Kind::Conflict,
            "consumerElsewhere",
            "consumer sms is not part of this program, it cannot be run here",
            "소비자 sms은(는) 이 프로그램에 없어 여기서 실행할 수 없습니다",
        ),
        told(
            OperationError::DeadLetterNotFound { dead_letter_id: LETTER },
            Kind::NotFound,
            "deadLetterNotFound",
            "there is no open dead letter 11",
            "열려 있는 데드레터 11번이 없습니다",
        ),
        told(
            failed,
            Kind::Conflict,
            "failedAgain",
            "dead letter 11 failed again: away",
            "데드레터 11번이 다시 실패했습니다: away",
        ),
        told(
            money,
            Kind::Conflict,
            "moneyNotDiscarded",
            "dead letter 11 holds a refund: money is never given up",
            "데드레터 11번은 환불입니다. 돈과 관련된 일은 버릴 수 없습니다",
        ),
        told(
            OperationError::EffectNotFound { effect_id: EffectId::new(13) },
            Kind::NotFound,
            "effectNotFound",
            "there is no effect 13",
            "효과 13번이 없습니다",
        ),
        told(
            OperationError::PaymentKeyNotFound { amount: Money::krw(59_000) },
            Kind::NotFound,
            "paymentKeyNotFound",
            "no payment of 59,000 KRW was asked for under that key",
            "그 키로 59,000 KRW의 결제를 요청한 적이 없습니다",
        ),
        told(
            outcome,
            Kind::Invalid,
            "wrongOutcome",
            "a refund cannot have the outcome Captured",
            "refund의 결과는 Captured일 수 없습니다",
        ),
        told(
            OperationError::OtherGateway { kept: "bank".to_owned(), asked: "card".to_owned() },
            Kind::Conflict,
            "otherGateway",
            "the payments of this site are in the books of the gateway \"bank\", not of \"card\"",
            "이 사이트의 결제는 \"bank\" 게이트웨이의 장부에 있습니다. \"card\"의 장부가 아닙니다",
        ),
        invalid_value(OperationError::from(wrong())),
        not_allowed_value(OperationError::from(forbidden())),
        busy(|e| OperationError::from(e).into()),
    ]
}

fn store_family() -> Vec<Told> {
    let why = || "disk full".to_owned();
    vec![
        busy(Error::from),
        told(
            StoreError::Nested,
            Kind::Internal,
            "nested",
            "a read or write inside a work is not possible",
            "내부 오류로 작업을 되돌렸습니다",
        ),
        told(
            StoreError::Aborted(why()),
            Kind::Internal,
            "aborted",
            "the work broke off and was undone: disk full",
            "내부 오류로 작업을 되돌렸습니다",
        ),
        told(
            StoreError::OutcomeUnknown(why()),
            Kind::Unavailable,
            "commitUnknown",
            "whether the change was kept is not known: disk full",
            "변경이 저장되었는지 알 수 없습니다: disk full",
        )
        .retried_after(1),
        told(
            StoreError::NewerSchema { found: 9, known: 1 },
            Kind::Internal,
            "newerSchema",
            "the file has schema version 9, this build knows up to 1",
            "이 파일은 스키마 버전 9이고, 이 프로그램은 1까지 압니다",
        ),
        told(
            StoreError::WalMode,
            Kind::Internal,
            "walMode",
            "the file is in WAL mode: its last changes may be in the -wal file beside it",
            "이 파일은 WAL 모드입니다. 마지막 변경이 옆의 -wal 파일에 있을 수 있습니다",
        ),
        told(
            StoreError::Corrupt(why()),
            Kind::Internal,
            "corrupt",
            "the file is damaged, or no file of storagerent: disk full",
            "파일이 손상되었거나 storagerent 파일이 아닙니다: disk full",
        ),
        told(
            StoreError::Other(why()),
            Kind::Internal,
            "storeFailed",
            "the store failed: disk full",
            "저장소 오류: disk full",
        ),
        invalid_value(wrong()),
        not_allowed_value(forbidden()),
    ]
}

pub(super) fn every_refusal() -> Vec<Told> {
    [storage_family(), reservation_family(), payment_family(), review_family(), operation_family(), store_family()]
        .into_iter()
        .flatten()
        .collect()
}
