//! Refusals, as problem documents (RFC 9457).

use std::time::Duration;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use storagerent::{CorrelationId, Error, Explained, Kind, Lang, explain};
use utoipa::ToSchema;

/// A refusal: what was refused, why, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Names the sort of problem: `urn:storagerent:` and the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// The status in words.
    pub title: String,
    /// The HTTP status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What was refused, and why, in the caller's language.
    pub detail: String,
    /// What to do.
    pub hint: Option<String>,
    /// The stable code that programs match on.
    pub code: String,
    /// The field that is not valid.
    pub field: Option<String>,
    /// The request it belongs to.
    pub correlation_id: Option<CorrelationId>,
    /// In so many seconds trying again makes sense.
    pub retry_after: Option<u64>,
}

/// A refusal before it is told in a language.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// The engine's.
    Engine(Error),
    /// The gateway's own: status, code, and the words.
    Own { status: StatusCode, code: &'static str, en: String, ko: String, hint: Option<(&'static str, &'static str)> },
    /// A field that cannot be read.
    Field { field: String, en: String, ko: String },
    /// This caller asks too often.
    TooMany { wait: Duration },
    /// So many reservations call the payment service, and more may not.
    ManyPayments { calls: usize },
    /// Serving is about to end.
    Ending,
}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Refusal::Engine(error.into())
    }
}

impl Refusal {
    pub(crate) fn own(status: StatusCode, code: &'static str, en: impl Into<String>, ko: impl Into<String>) -> Self {
        Refusal::Own { status, code, en: en.into(), ko: ko.into(), hint: None }
    }

    pub(crate) fn hint(self, en: &'static str, ko: &'static str) -> Self {
        match self {
            Refusal::Own { status, code, en: e, ko: k, .. } => {
                Refusal::Own { status, code, en: e, ko: k, hint: Some((en, ko)) }
            }
            Refusal::Engine(_)
            | Refusal::Field { .. }
            | Refusal::TooMany { .. }
            | Refusal::ManyPayments { .. }
            | Refusal::Ending => self,
        }
    }

    pub(crate) fn field(field: impl Into<String>, en: impl Into<String>, ko: impl Into<String>) -> Self {
        Refusal::Field { field: field.into(), en: en.into(), ko: ko.into() }
    }

    /// There is nothing of that kind under that id, or it is somebody else's.
    pub(crate) fn not_found(what: &'static str, what_ko: &'static str, id: impl std::fmt::Display) -> Self {
        let (en, ko) = (format!("there is no {what} {id}"), format!("{what_ko} {id}번이 없습니다"));
        Refusal::own(StatusCode::NOT_FOUND, "notFound", en, ko)
    }

    /// This caller has as many streams of events open as anybody may.
    pub(crate) fn many_streams(open: usize) -> Self {
        let en = format!("this caller has {open} streams of events open");
        let ko = format!("이 호출자가 연 이벤트 스트림이 이미 {open}개입니다");
        Refusal::own(StatusCode::TOO_MANY_REQUESTS, "tooManyStreams", en, ko)
            .hint("close one before you open another", "하나를 닫은 뒤 다시 여세요")
    }

    /// Too much at once; nothing was done.
    pub(crate) fn busy() -> Self {
        storagerent::StoreError::Busy { retry_after: Duration::from_secs(1) }.into()
    }

    /// Logs what is for the operator's eyes, where there is nobody left to answer.
    pub(crate) fn log_unanswered(&self, correlation_id: Option<&CorrelationId>) {
        match self {
            Refusal::Engine(error) if error.kind() == Kind::Internal => log(error, correlation_id),
            Refusal::Engine(_)
            | Refusal::Own { .. }
            | Refusal::Field { .. }
            | Refusal::TooMany { .. }
            | Refusal::ManyPayments { .. }
            | Refusal::Ending => {}
        }
    }

    /// The document, in the caller's language.
    pub(crate) fn problem(self, lang: Lang, correlation_id: Option<CorrelationId>) -> Problem {
        let (status, code, words, field, wait) = match self {
            // A damaged file's particulars, and what a defect broke off with, are for the operator's eyes.
            Refusal::Engine(error) if error.kind() == Kind::Internal => {
                log(&error, correlation_id.as_ref());
                let message = lang.pick("something went wrong here", "서버에서 문제가 생겼습니다").to_owned();
                let hint = lang.pick(
                    "try again later; the operator finds out why in the log, by the correlation id",
                    "잠시 뒤 다시 시도하세요. 운영자는 상관관계 ID로 로그에서 원인을 찾을 수 있습니다",
                );
                let words = Explained { message, hint: hint.to_owned() };
                (status_of(&error), error.code().to_owned(), words, None, None)
            }
            Refusal::Engine(error) => {
                let wait = error.retry_after();
                let field = field_of(&error);
                (status_of(&error), error.code().to_owned(), explain(&error, lang), field, wait)
            }
            Refusal::Own { status, code, en, ko, hint } => {
                let hint = hint.map(|(en, ko)| lang.pick(en, ko).to_owned()).unwrap_or_default();
                (status, code.to_owned(), Explained { message: lang.pick(en, ko), hint }, None, None)
            }
            Refusal::Field { field, en, ko } => {
                let (en, ko) = (format!("{field}: {en}"), format!("{field}: {ko}"));
                let hint =
                    lang.pick(format!("correct {field} and try again"), format!("{field} 값을 고쳐 다시 시도하세요"));
                let words = Explained { message: lang.pick(en, ko), hint };
                (StatusCode::UNPROCESSABLE_ENTITY, "invalidValue".to_owned(), words, Some(field), None)
            }
            Refusal::TooMany { wait } => {
                let message = lang.pick("too many requests from this caller", "요청이 너무 잦습니다").to_owned();
                let hint = lang.pick("ask less often", "요청 간격을 늘리세요").to_owned();
                let words = Explained { message, hint };
                (StatusCode::TOO_MANY_REQUESTS, "tooManyRequests".to_owned(), words, None, Some(wait))
            }
            Refusal::ManyPayments { calls } => {
                let wait = if calls == 1 { "reservation waits" } else { "reservations wait" };
                let message = lang.pick(
                    format!("{calls} {wait} for the payment service already"),
                    format!("결제 서비스를 기다리는 예약이 이미 {calls}건입니다"),
                );
                let hint = lang.pick("try again in a moment", "잠시 뒤 다시 시도하세요").to_owned();
                let words = Explained { message, hint };
                let wait = Some(Duration::from_secs(1));
                (StatusCode::SERVICE_UNAVAILABLE, "tooManyPayments".to_owned(), words, None, wait)
            }
            Refusal::Ending => {
                let message = lang.pick("this server is about to end", "이 서버는 곧 종료됩니다").to_owned();
                let words = Explained { message, hint: String::new() };
                (StatusCode::SERVICE_UNAVAILABLE, "ending".to_owned(), words, None, None)
            }
        };
        Problem {
            kind: format!("urn:storagerent:{code}"),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: words.message,
            hint: Some(words.hint).filter(|hint| !hint.is_empty()),
            code,
            field,
            correlation_id,
            retry_after: wait.map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0)),
        }
    }
}

fn log(error: &Error, correlation_id: Option<&CorrelationId>) {
    let id = correlation_id.map(CorrelationId::as_str);
    tracing::error!(code = error.code(), correlation_id = id, "{error}");
}

/// The status follows from the kind alone, but for the precondition that HTTP has a status of its own for.
fn status_of(error: &Error) -> StatusCode {
    if matches!(error.code(), "storageChanged" | "reservationChanged") {
        return StatusCode::PRECONDITION_FAILED;
    }
    match error.kind() {
        Kind::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Conflict => StatusCode::CONFLICT,
        Kind::NotAllowed => StatusCode::FORBIDDEN,
        Kind::Declined => StatusCode::PAYMENT_REQUIRED,
        Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn field_of(error: &Error) -> Option<String> {
    use storagerent::{OperationError, ReservationError, ReviewError, StorageError};
    match error {
        Error::Invalid(e)
        | Error::Storage(StorageError::Invalid(e))
        | Error::Reservation(ReservationError::Invalid(e))
        | Error::Review(ReviewError::Invalid(e))
        | Error::Operation(OperationError::Invalid(e)) => Some(e.field.to_owned()),
        _ => None,
    }
}

/// Stays with the answer for the log: what was refused.
#[derive(Debug, Clone)]
pub(crate) struct Code(pub(crate) String);

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (wait, code) = (self.retry_after, Code(self.code.clone()));
        let mut response = (status, Json(self)).into_response();
        response.extensions_mut().insert(code);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"storagerent\""));
        }
        if status == StatusCode::SERVICE_UNAVAILABLE || status == StatusCode::TOO_MANY_REQUESTS {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(wait.unwrap_or(1)));
        }
        response
    }
}
