//! The words of states, in both languages, and how they are meant.

use storagerent::chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use storagerent::{BreakerState, Lang, PaymentStatus, Per, Period, ReservationStatus, StorageStatus};

use unicode_width::UnicodeWidthStr;

use super::Tone;

pub(crate) fn storage(status: StorageStatus, lang: Lang) -> (&'static str, Tone) {
    match status {
        StorageStatus::Available => (lang.pick("available", "비어 있음"), Tone::Good),
        StorageStatus::Reserved => (lang.pick("reserved", "예약됨"), Tone::Waiting),
    }
}

pub(crate) fn reservation(status: ReservationStatus, lang: Lang) -> (&'static str, Tone) {
    let tone = match status {
        ReservationStatus::ReqReserve | ReservationStatus::ReqCancel => Tone::Waiting,
        ReservationStatus::Reserved => Tone::Good,
        ReservationStatus::Cancelled | ReservationStatus::Completed => Tone::Faint,
        ReservationStatus::Rejected | ReservationStatus::Expired => Tone::Bad,
    };
    (status.word(lang), tone)
}

pub(crate) fn payment(status: PaymentStatus, lang: Lang) -> (&'static str, Tone) {
    match status {
        PaymentStatus::Requested => (lang.pick("requested", "결제 확인 중"), Tone::Waiting),
        PaymentStatus::Paid => (lang.pick("paid", "결제됨"), Tone::Good),
        PaymentStatus::Cancelled => (lang.pick("refunded", "환불됨"), Tone::Faint),
        PaymentStatus::Declined => (lang.pick("declined", "거절됨"), Tone::Bad),
        PaymentStatus::Voided => (lang.pick("not taken", "결제 안 됨"), Tone::Bad),
    }
}

pub(crate) fn breaker(state: BreakerState, lang: Lang) -> (&'static str, Tone) {
    match state {
        BreakerState::Closed => (lang.pick("closed", "닫힘"), Tone::Good),
        BreakerState::Open => (lang.pick("open", "열림"), Tone::Bad),
        BreakerState::HalfOpen => (lang.pick("half open", "반열림"), Tone::Waiting),
    }
}

pub(crate) fn per(per: Per, lang: Lang) -> &'static str {
    match per {
        Per::Rental => lang.pick("rental", "대여당"),
        Per::Day => lang.pick("day", "일"),
        Per::Month => lang.pick("month", "월"),
    }
}

/// The days of a period, the last one being the first that is free again.
pub(crate) fn span(period: &Period) -> String {
    days(period.from(), period.until())
}

pub(crate) fn days(from: NaiveDate, until: Option<NaiveDate>) -> String {
    match until {
        Some(until) => format!("{from} ~ {until}"),
        None => format!("{from} ~"),
    }
}

/// A moment, to the second.
pub(crate) fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A number in groups of three.
pub(crate) fn grouped(n: impl Into<u64>) -> String {
    let digits = n.into().to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

/// A size for people.
pub(crate) fn bytes(n: u64) -> String {
    match n {
        0..1024 => format!("{n} B"),
        1024..1_048_576 => format!("{} KiB", n.div_ceil(1024)),
        _ => format!("{}.{} MiB", n / 1_048_576, n % 1_048_576 * 10 / 1_048_576),
    }
}

/// A text, painted or not, padded to a width that counts what it shows.
pub(crate) fn padded(painted: &str, shown: &str, width: usize) -> String {
    format!("{painted}{}", " ".repeat(width.saturating_sub(shown.width())))
}

/// The `eventType` in the reader's words.
pub(crate) fn event(event_type: &str, lang: Lang) -> &str {
    if lang == Lang::En {
        return event_type;
    }
    match event_type {
        "StorageRegistered" => "창고 등록",
        "StorageModified" => "창고 변경",
        "StorageDeleted" => "창고 삭제",
        "StorageReserved" => "창고 사용 시작",
        "StorageCancelled" => "창고 비워짐",
        "ReservationCreated" => "가예약 생성",
        "ReservationConfirmed" => "예약 확정",
        "ReservationRejected" => "예약 거절",
        "ReservationExpired" => "가예약 만료",
        "ReservationCancelRequested" => "취소 요청",
        "ReservationCancelled" => "예약 취소",
        "RentalStarted" => "대여 시작",
        "RentalEnded" => "대여 종료",
        "RentalEndSet" => "종료일 지정",
        "PaymentRequested" => "결제 요청",
        "PaymentApproved" => "결제 승인",
        "PaymentDeclined" => "결제 거절",
        "PaymentVoided" => "결제 무효",
        "PaymentCancelled" => "결제 환불",
        "ReviewCreated" => "후기 작성",
        "ReviewModified" => "후기 수정",
        "ReviewDeleted" => "후기 삭제",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_three() {
        assert_eq!([7_u32, 100, 1_000, 1_234_567].map(grouped), ["7", "100", "1,000", "1,234,567"]);
    }

    #[test]
    fn every_event_has_a_korean_word() {
        for name in storagerent::Event::names() {
            assert_ne!(event(name, Lang::Ko), name);
            assert_eq!(event(name, Lang::En), name);
        }
    }
}
