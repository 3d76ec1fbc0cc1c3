//! The words in which errors are told to people: what was refused, why, and what to do. One source for the command line, the
//! page and REST.

use serde::Serialize;

use crate::app::{Error, OperationError};
use crate::payment::PaymentError;
use crate::ports::StoreError;
use crate::reservation::{ReservationError, ReservationRow, ReservationStatus};
use crate::review::ReviewError;
use crate::shared::{InvalidValue, Kind, Lang, Period};
use crate::storage::StorageError;

/// An error told to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// What was refused, and why.
    pub message: String,
    /// What to do.
    pub hint: String,
}

/// The same in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
pub struct InBoth {
    /// Korean.
    pub ko: String,
    /// English.
    pub en: String,
}

impl InBoth {
    /// The same in both languages.
    pub fn new(ko: impl Into<String>, en: impl Into<String>) -> Self {
        InBoth { ko: ko.into(), en: en.into() }
    }
}

/// An error as data, for a page that tells it in whichever language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct Told {
    /// The stable code that programs match on.
    pub code: String,
    /// What sort of refusal it is.
    pub kind: Kind,
    /// What was refused, and why.
    pub message: InBoth,
    /// What to do.
    pub hint: InBoth,
    /// When to try again, in milliseconds.
    pub retry_after_ms: Option<u64>,
    /// The reservation whose outcome is not known.
    pub reservation: Option<ReservationRow>,
}

/// Tells an error as data.
pub fn tell(error: &Error) -> Told {
    let (ko, en) = (explain(error, Lang::Ko), explain(error, Lang::En));
    Told {
        code: error.code().to_owned(),
        kind: error.kind(),
        message: InBoth::new(ko.message, en.message),
        hint: InBoth::new(ko.hint, en.hint),
        retry_after_ms: error.retry_after().map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        reservation: match error {
            Error::Reservation(ReservationError::OutcomeUnknown { reservation, .. }) => Some((**reservation).clone()),
            _ => None,
        },
    }
}

fn say(message: impl Into<String>, hint: impl Into<String>) -> Explained {
    Explained { message: message.into(), hint: hint.into() }
}

/// Tells an error in a language.
pub fn explain(error: &Error, lang: Lang) -> Explained {
    match error {
        Error::Storage(e) => storage(e, lang),
        Error::Reservation(e) => reservation(e, lang),
        Error::Payment(PaymentError::NotFound { payment_id }) => say(
            lang.pick(error.to_string(), format!("결제 {payment_id}번이 없습니다")),
            lang.pick("list the payments to see which there are", "결제 목록에서 번호를 확인하세요"),
        ),
        Error::Payment(PaymentError::Store(e)) => store(e, lang),
        Error::Review(e) => review(e, lang),
        Error::Operation(e) => operation(e, lang),
        Error::Invalid(e) => invalid(e, lang),
        Error::NotAllowed(e) => not_allowed(e.reason, e.reason_ko, lang),
        Error::Store(e) => store(e, lang),
    }
}

fn invalid(e: &InvalidValue, lang: Lang) -> Explained {
    say(
        lang.pick(e.to_string(), format!("{}: {}", e.field, e.reason_ko)),
        lang.pick(format!("correct {} and try again", e.field), format!("{} 값을 고쳐 다시 시도하세요", e.field)),
    )
}

fn not_allowed(en: &str, ko: &str, lang: Lang) -> Explained {
    say(
        lang.pick(format!("not allowed: {en}"), format!("허용되지 않습니다: {ko}")),
        lang.pick("ask as the one who may", "권한이 있는 사람으로 다시 요청하세요"),
    )
}

fn storage_missing(id: crate::shared::StorageId, lang: Lang) -> Explained {
    say(
        lang.pick(format!("there is no storage {id}"), format!("창고 {id}번이 없습니다")),
        lang.pick("list the storages to see which there are", "창고 목록에서 번호를 확인하세요"),
    )
}

fn reservation_missing(id: crate::shared::ReservationId, lang: Lang) -> Explained {
    say(
        lang.pick(format!("there is no reservation {id}"), format!("예약 {id}번이 없습니다")),
        lang.pick("list the reservations to see which there are", "예약 목록에서 번호를 확인하세요"),
    )
}

fn storage(e: &StorageError, lang: Lang) -> Explained {
    match e {
        StorageError::NotFound { storage_id } => storage_missing(*storage_id, lang),
        StorageError::HasBookings { storage_id, reservation_id } => say(
            lang.pick(
                e.to_string(),
                format!(
                    "창고 {storage_id}번은 지울 수 없습니다: 예약 {reservation_id}번이 진행 중이거나 예정되어 있습니다"
                ),
            ),
            lang.pick(
                "withdraw it, and delete it when the last rental is over",
                "먼저 신규 예약을 중지(withdrawn)하고, 마지막 대여가 끝난 뒤 지우세요",
            ),
        ),
        StorageError::Changed { storage_id, .. } => say(
            lang.pick(e.to_string(), format!("창고 {storage_id}번이 그 사이에 바뀌었습니다")),
            lang.pick("show it again, and change what is there now", "다시 조회한 뒤 지금 상태에서 고치세요"),
        ),
        StorageError::Invalid(e) => invalid(e, lang),
        StorageError::NotAllowed(e) => not_allowed(e.reason, e.reason_ko, lang),
        StorageError::Store(e) => store(e, lang),
    }
}

impl ReservationStatus {
    /// What people call it.
    pub fn word(self, lang: Lang) -> &'static str {
        match self {
            ReservationStatus::ReqReserve => lang.pick("on hold", "가예약"),
            ReservationStatus::Reserved => lang.pick("reserved", "예약됨"),
            ReservationStatus::ReqCancel => lang.pick("cancelling", "취소 중"),
            ReservationStatus::Cancelled => lang.pick("cancelled", "취소됨"),
            ReservationStatus::Completed => lang.pick("completed", "이용 완료"),
            ReservationStatus::Rejected => lang.pick("rejected", "거절됨"),
            ReservationStatus::Expired => lang.pick("expired", "만료됨"),
        }
    }
}

/// What people call a kind of effect, as [`Action::kind`](crate::effect::Action::kind) names it.
pub fn action(kind: &str, lang: Lang) -> &str {
    let ko = match kind {
        "charge" => "결제",
        "void" => "결제 취소",
        "refund" => "환불",
        "deliver" => "전달",
        other => other,
    };
    lang.pick(kind, ko)
}

fn span_ko(period: &Period) -> String {
    match period.until() {
        Some(until) => format!("{}부터 {until} 전까지", period.from()),
        None => format!("{}부터 종료일 없이", period.from()),
    }
}

fn reservation(e: &ReservationError, lang: Lang) -> Explained {
    let en = e.to_string();
    match e {
        ReservationError::NotFound { reservation_id } => reservation_missing(*reservation_id, lang),
        ReservationError::StorageNotFound { storage_id } => storage_missing(*storage_id, lang),
        ReservationError::Withdrawn { storage_id } => say(
            lang.pick(en, format!("창고 {storage_id}번은 신규 예약을 받지 않습니다")),
            lang.pick("choose another storage: `available` lists what is free", "다른 창고를 고르세요. available로 빈 창고를 볼 수 있습니다"),
        ),
        ReservationError::PriceChanged { expected, quoted } => say(
            lang.pick(en, format!("가격이 예상한 {expected}이 아니라 {quoted}입니다")),
            lang.pick("ask for a quote and reserve at that price", "견적을 다시 받아 그 가격으로 예약하세요"),
        ),
        ReservationError::Taken { storage_id, taken } => say(
            lang.pick(en, format!("창고 {storage_id}번은 {} 이미 예약되어 있습니다", span_ko(taken))),
            lang.pick("choose other days or another storage: `available` lists what is free", "다른 날짜나 다른 창고를 고르세요. available로 빈 창고를 볼 수 있습니다"),
        ),
        ReservationError::TooManyHolds { holds } => say(
            lang.pick(en, format!("이 고객의 예약 {holds}건이 결제를 기다리고 있어 더 예약할 수 없습니다")),
            lang.pick("wait until their payments are settled, or their holds lapse", "그 결제가 처리되거나 가예약이 만료된 뒤 다시 시도하세요"),
        ),
        ReservationError::WrongState { reservation_id, status, action } => say(
            lang.pick(
                en,
                format!("예약 {reservation_id}번은 {} 상태라 {}할 수 없습니다", status.word(Lang::Ko), if *action == "ended" { "종료" } else { "취소" }),
            ),
            lang.pick("show the reservation to see where it stands", "예약의 현재 상태를 확인하세요"),
        ),
        ReservationError::Changed { reservation_id, .. } => say(
            lang.pick(en, format!("예약 {reservation_id}번이 그 사이에 바뀌었습니다")),
            lang.pick("show it again, and go by what is there now", "다시 조회해 지금 상태를 확인하세요"),
        ),
        ReservationError::PaymentPending { reservation_id } => say(
            lang.pick(en, format!("예약 {reservation_id}번의 결제 결과를 아직 알 수 없습니다")),
            lang.pick(
                "try again once the payment service has answered; the manager's `settle` asks it now",
                "결제 서비스가 답한 뒤 다시 시도하세요. 관리자의 settle로 바로 확인할 수 있습니다",
            ),
        ),
        ReservationError::FirstDayPast { reservation_id, from } => say(
            lang.pick(en, format!("예약 {reservation_id}번은 {from}에 시작했습니다. 취소는 첫날까지만 가능합니다")),
            lang.pick("set its end instead, without refund: `end`", "대신 end로 종료일을 정하세요 (환불 없음)"),
        ),
        ReservationError::Declined { reason, .. } => say(
            lang.pick(en, format!("결제가 거절되었습니다: {reason}")),
            lang.pick("use another card and reserve again; nothing is held", "다른 결제 수단으로 다시 예약하세요. 잡아 둔 예약은 없습니다"),
        ),
        ReservationError::PaymentUnavailable { retry_after } => say(
            lang.pick(en, "결제 서비스를 사용할 수 없습니다. 결제되지 않았고 예약도 잡히지 않았습니다".to_owned()),
            lang.pick(format!("try again in {} s", secs(*retry_after)), format!("{}초 뒤에 다시 시도하세요", secs(*retry_after))),
        ),
        ReservationError::OutcomeUnknown { reservation, retry_after } => say(
            lang.pick(en, format!("예약 {}번의 결제 결과를 알 수 없습니다", reservation.booking.reservation_id)),
            lang.pick(
                format!("do not pay again: run `settle`, or repeat under the same idempotency key in {} s; money taken for nothing comes back", secs(*retry_after)),
                format!("다시 결제하지 마세요. settle을 실행하거나 {}초 뒤 같은 멱등 키로 반복하세요. 잘못 결제된 돈은 환불됩니다", secs(*retry_after)),
            ),
        ),
        ReservationError::HoldLapsed { reservation_id } => say(
            lang.pick(en, format!("예약 {reservation_id}번의 가예약이 결제 확인 전에 만료되었습니다. 결제된 돈은 환불됩니다")),
            lang.pick("reserve again", "다시 예약하세요"),
        ),
        ReservationError::KeyReused { reservation_id } => say(
            lang.pick(en, format!("이 멱등 키는 다른 요청(예약 {reservation_id}번)에 이미 쓰였습니다")),
            lang.pick("use a new key for a new request", "새 요청에는 새 키를 쓰세요"),
        ),
        ReservationError::Invalid(e) => invalid(e, lang),
        ReservationError::NotAllowed(e) => not_allowed(e.reason, e.reason_ko, lang),
        ReservationError::Store(e) => store(e, lang),
    }
}

fn review(e: &ReviewError, lang: Lang) -> Explained {
    let en = e.to_string();
    match e {
        ReviewError::NotFound { review_id } => say(
            lang.pick(en, format!("후기 {review_id}번이 없습니다")),
            lang.pick("list the reviews to see which there are", "후기 목록에서 번호를 확인하세요"),
        ),
        ReviewError::ReservationNotFound { reservation_id } => reservation_missing(*reservation_id, lang),
        ReviewError::NotRented { reservation_id, status } => say(
            lang.pick(
                en,
                format!(
                    "예약 {reservation_id}번은 {status} 상태입니다. 확정되거나 완료된 예약만 후기를 쓸 수 있습니다"
                ),
            ),
            lang.pick("review what was rented", "이용한 예약에 후기를 남기세요"),
        ),
        ReviewError::TooEarly { reservation_id, from } => say(
            lang.pick(en, format!("예약 {reservation_id}번은 {from}에 시작합니다. 후기는 그날부터 쓸 수 있습니다")),
            lang.pick(format!("come back on {from}"), format!("{from} 이후에 다시 시도하세요")),
        ),
        ReviewError::AlreadyReviewed { reservation_id, review_id } => say(
            lang.pick(en, format!("예약 {reservation_id}번에는 이미 후기 {review_id}번이 있습니다")),
            lang.pick(format!("modify review {review_id} instead"), format!("후기 {review_id}번을 고치세요")),
        ),
        ReviewError::Invalid(e) => invalid(e, lang),
        ReviewError::NotAllowed(e) => not_allowed(e.reason, e.reason_ko, lang),
        ReviewError::Store(e) => store(e, lang),
    }
}

fn operation(e: &OperationError, lang: Lang) -> Explained {
    let en = e.to_string();
    match e {
        OperationError::ConsumerNotFound { name } => say(
            lang.pick(en, format!("{name:?}라는 소비자가 없습니다")),
            lang.pick(
                "there are storage, payment, message, view and those of your own",
                "storage, payment, message, view와 직접 등록한 소비자가 있습니다",
            ),
        ),
        OperationError::ConsumerElsewhere { name } => say(
            lang.pick(en, format!("소비자 {name}은(는) 이 프로그램에 없어 여기서 실행할 수 없습니다")),
            lang.pick("run it in the program that registered it", "등록한 프로그램에서 실행하세요"),
        ),
        OperationError::DeadLetterNotFound { dead_letter_id } => say(
            lang.pick(en, format!("열려 있는 데드레터 {dead_letter_id}번이 없습니다")),
            lang.pick("list the dead letters to see which there are", "데드레터 목록을 확인하세요"),
        ),
        OperationError::FailedAgain { dead_letter_id, reason } => say(
            lang.pick(en, format!("데드레터 {dead_letter_id}번이 다시 실패했습니다: {reason}")),
            lang.pick(
                "mend the cause and retry, or discard it with a reason",
                "원인을 고쳐 다시 시도하거나, 이유를 적어 버리세요",
            ),
        ),
        OperationError::MoneyNotDiscarded { dead_letter_id, action } => say(
            lang.pick(
                en,
                format!(
                    "데드레터 {dead_letter_id}번은 {}입니다. 돈과 관련된 일은 버릴 수 없습니다",
                    self::action(action, lang)
                ),
            ),
            lang.pick(
                "mend the cause at the payment service and retry",
                "결제 서비스에서 원인을 해결한 뒤 retry 하세요",
            ),
        ),
        OperationError::OtherGateway { kept, asked } => say(
            lang.pick(en, format!("이 사이트의 결제는 {kept:?} 게이트웨이의 장부에 있습니다. {asked:?}의 장부가 아닙니다")),
            lang.pick(
                format!("open it with the gateway {kept:?}; if {asked:?} took over its books: `settings set gateway {asked}`"),
                format!("{kept:?} 게이트웨이로 여세요. {asked:?}가 장부를 넘겨받았다면: settings set gateway {asked}"),
            ),
        ),
        OperationError::EffectNotFound { effect_id } => say(
            lang.pick(en, format!("효과 {effect_id}번이 없습니다")),
            lang.pick("complete only effects that were handed out", "받은 효과만 완료할 수 있습니다"),
        ),
        OperationError::PaymentKeyNotFound { amount } => say(
            lang.pick(en, format!("그 키로 {amount}의 결제를 요청한 적이 없습니다")),
            lang.pick(
                "compare key, price and currency with the payment service's books",
                "키, 금액, 통화를 결제 서비스의 장부와 비교하세요",
            ),
        ),
        OperationError::WrongOutcome { action, outcome } => say(
            lang.pick(en, format!("{action}의 결과는 {outcome}일 수 없습니다")),
            lang.pick("tell an outcome of this kind of effect", "이 효과에 맞는 결과를 알려 주세요"),
        ),
        OperationError::Invalid(e) => invalid(e, lang),
        OperationError::NotAllowed(e) => not_allowed(e.reason, e.reason_ko, lang),
        OperationError::Store(e) => store(e, lang),
    }
}

fn store(e: &StoreError, lang: Lang) -> Explained {
    let en = e.to_string();
    match e {
        StoreError::Busy { retry_after } => say(
            lang.pick(en, "다른 쓰기 작업이 진행 중입니다".to_owned()),
            lang.pick(
                format!("nothing was done; try again in {} s", secs(*retry_after)),
                format!("아무것도 하지 않았습니다. {}초 뒤에 다시 시도하세요", secs(*retry_after)),
            ),
        ),
        StoreError::OutcomeUnknown(why) => say(
            lang.pick(en, format!("변경이 저장되었는지 알 수 없습니다: {why}")),
            lang.pick("look before you repeat: show what it was about", "반복하기 전에 먼저 현재 상태를 확인하세요"),
        ),
        StoreError::NewerSchema { found, known } => say(
            lang.pick(en, format!("이 파일은 스키마 버전 {found}이고, 이 프로그램은 {known}까지 압니다")),
            lang.pick(
                "use a newer storagerent; the file was not touched",
                "더 새로운 storagerent를 쓰세요. 파일은 바뀌지 않았습니다",
            ),
        ),
        StoreError::WalMode => say(
            lang.pick(en, "이 파일은 WAL 모드입니다. 마지막 변경이 옆의 -wal 파일에 있을 수 있습니다".to_owned()),
            lang.pick(
                "take a copy made by `db backup NEWFILE`; nothing was changed",
                "db backup 새파일 로 만든 사본을 쓰세요. 바뀐 것은 없습니다",
            ),
        ),
        StoreError::Corrupt(why) => say(
            lang.pick(en, format!("파일이 손상되었거나 storagerent 파일이 아닙니다: {why}")),
            lang.pick(
                "if it is the right file, restore a backup: `db restore FILE`",
                "파일을 옳게 지정했다면 백업에서 복원하세요: db restore FILE",
            ),
        ),
        StoreError::Nested | StoreError::Aborted(_) => say(
            lang.pick(en, "내부 오류로 작업을 되돌렸습니다".to_owned()),
            lang.pick("this is a defect: please report it", "결함입니다. 알려 주세요"),
        ),
        StoreError::Other(why) => say(
            lang.pick(en, format!("저장소 오류: {why}")),
            lang.pick("check the path, the permissions and the free space", "경로, 권한, 남은 공간을 확인하세요"),
        ),
    }
}

fn secs(wait: std::time::Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
