//! What is sent: bodies, query strings and path parameters, read strictly and refused with the field's name.

use std::time::Duration;

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{FromRequest, FromRequestParts, Query, RawPathParams, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use http_body_util::LengthLimitError;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, MapAccess, Visitor};
use storagerent::InvalidValue;

use crate::problem::Refusal;

/// A body has at most so many bytes.
pub const BODY_BYTES_MAX: usize = 64 * 1024;

/// A body may take so long to come in.
const BODY_PATIENCE: Duration = Duration::from_secs(10);

/// A whole body, within its time and size.
pub(crate) async fn whole(body: Body) -> Result<Bytes, Refusal> {
    let body = tokio::time::timeout(BODY_PATIENCE, to_bytes(body, BODY_BYTES_MAX));
    let body = body.await.map_err(|_| {
        let (en, ko) = ("the body did not come within 10 seconds", "본문이 10초 안에 도착하지 않았습니다");
        Refusal::own(StatusCode::REQUEST_TIMEOUT, "tooSlow", en, ko)
    })?;
    body.map_err(|e| {
        if std::error::Error::source(&e).is_some_and(|e| e.is::<LengthLimitError>()) {
            let (en, ko) = ("the body is larger than 64 KiB", "본문이 64KiB보다 큽니다");
            return Refusal::own(StatusCode::PAYLOAD_TOO_LARGE, "tooLarge", en, ko);
        }
        let (en, ko) = ("the body broke off", "본문이 중간에 끊겼습니다");
        Refusal::own(StatusCode::BAD_REQUEST, "malformed", en, ko)
    })
}

/// A JSON body.
pub(crate) struct Sent<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        if !is_json(&request) {
            let (en, ko) = ("the body must be JSON: Content-Type: application/json", "본문은 JSON이어야 합니다");
            return Err(Refusal::own(StatusCode::UNSUPPORTED_MEDIA_TYPE, "notJson", en, ko));
        }
        let body = whole(request.into_body()).await?;
        let mut reader = serde_json::Deserializer::from_slice(&body);
        let Object(sent) = serde_path_to_error::deserialize(&mut reader).map_err(unreadable)?;
        reader.end().map_err(|e| malformed(&e))?;
        Ok(Sent(sent))
    }
}

/// A JSON object, and no array of the same fields in their order, which serde would take as well.
#[derive(Debug)]
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields<T>(std::marker::PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Fields<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, fields: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(fields)).map(Object)
            }
        }
        deserializer.deserialize_map(Fields(std::marker::PhantomData))
    }
}

fn is_json(request: &Request) -> bool {
    let sent = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = sent.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn malformed(e: &serde_json::Error) -> Refusal {
    let (en, ko) = (format!("the body is not JSON: {e}"), format!("본문이 JSON이 아닙니다: {e}"));
    Refusal::own(StatusCode::BAD_REQUEST, "malformed", en, ko)
}

fn unreadable(e: serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let path = e.path().to_string();
    let error = e.into_inner();
    if !error.is_data() {
        return malformed(&error);
    }
    let words = error.to_string();
    let words = words.rsplit_once(" at line ").map_or(words.as_str(), |(words, _)| words);
    field_refusal(&path, words)
}

/// Names the field that serde speaks of: the one it was at, or the one it quotes.
fn field_refusal(path: &str, words: &str) -> Refusal {
    let quoted = words.split('`').nth(1);
    let speaks_of_another = ["missing field", "unknown field", "duplicate field"].iter().any(|w| words.starts_with(w));
    let at_top = path == "." || path.is_empty();
    let field = match quoted.filter(|_| speaks_of_another) {
        Some(name) if at_top => name.to_owned(),
        // Of an unknown field the path has the name already, of a missing one it has not.
        Some(name) if path.rsplit('.').next() != Some(name) => format!("{path}.{name}"),
        None if at_top => "body".to_owned(),
        Some(_) | None => path.to_owned(),
    };
    Refusal::field(field.chars().take(100).collect::<String>(), words, in_korean(words))
}

/// What serde says, in Korean; in its own words where it says something rare.
fn in_korean(words: &str) -> String {
    let expected = |words: &str| {
        words.split_once("expected ").map_or(String::new(), |(_, names)| names.replacen("one of ", "", 1))
    };
    match words {
        "a text or a whole number is wanted" => "글이나 정수여야 합니다".to_owned(),
        "a whole number is wanted" => "정수여야 합니다".to_owned(),
        "the number is out of range" => "수가 범위를 벗어났습니다".to_owned(),
        _ if words.starts_with("missing field") => "빠졌습니다".to_owned(),
        _ if words.starts_with("duplicate field") => "두 번 주어졌습니다".to_owned(),
        _ if words.starts_with("unknown field") => format!("모르는 필드입니다. 쓸 수 있는 필드: {}", expected(words)),
        _ if words.starts_with("unknown variant") => format!("쓸 수 없는 값입니다. 쓸 수 있는 값: {}", expected(words)),
        _ if words.starts_with("invalid type") => format!("값의 형식이 맞지 않습니다: {words}"),
        _ => words.to_owned(),
    }
}

/// A query string.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        Query::try_from_uri(&parts.uri).map(|Query(read)| Params(read)).map_err(|e| {
            let words = e.body_text();
            let words = words.strip_prefix("Failed to deserialize query string: ").unwrap_or(&words);
            match words.split_once(": ") {
                Some((field, words)) if field.bytes().all(|b| b.is_ascii_alphanumeric()) => field_refusal(field, words),
                _ => field_refusal("", words),
            }
        })
    }
}

/// A number in the path. What is no number names nothing.
pub(crate) struct PathId(pub(crate) u64);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let raw = PathName::from_request_parts(parts, state).await?.0;
        let plain = raw.bytes().all(|b| b.is_ascii_digit());
        let id = if plain { raw.parse().ok() } else { None };
        id.map(PathId).ok_or_else(|| {
            let (en, ko) =
                ("there is nothing under that id: ids are numbers from 1", "그런 번호가 없습니다: 번호는 1부터입니다");
            Refusal::own(StatusCode::NOT_FOUND, "notFound", en, ko)
        })
    }
}

/// A name in the path.
pub(crate) struct PathName(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathName {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let unreadable = || {
            let (en, ko) = ("the path cannot be read", "경로를 읽을 수 없습니다");
            Refusal::own(StatusCode::BAD_REQUEST, "malformed", en, ko)
        };
        let params = RawPathParams::from_request_parts(parts, state).await.map_err(|_| unreadable())?;
        params.iter().next().map(|(_, value)| PathName(value.to_owned())).ok_or_else(unreadable)
    }
}

/// A day in a query string or body.
pub(crate) fn day(
    field: &'static str,
    raw: Option<&str>,
) -> Result<Option<storagerent::chrono::NaiveDate>, InvalidValue> {
    let Some(raw) = raw else { return Ok(None) };
    let plain = raw.len() == 10 && raw.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let day = if plain { raw.parse().ok() } else { None };
    day.map(Some).ok_or_else(|| {
        InvalidValue::new(
            field,
            "it is no day: days are written 2026-12-01",
            "없는 날짜입니다. 날짜는 2026-12-01처럼 씁니다",
        )
    })
}
