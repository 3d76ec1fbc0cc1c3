//! Lines that cannot be read, told in Korean; in English clap's own words do.

use std::error::Error as _;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::commands::Unreadable;

/// What is wrong with the line, and how it is written; `None` for what is so rare that clap's words have to do.
pub(super) fn in_korean(refusal: &Error) -> Option<(String, Option<String>)> {
    let named = |kind| refusal.get(kind).map(told).filter(|words| !words.is_empty());
    let argument = named(ContextKind::InvalidArg).unwrap_or_default();
    let value = named(ContextKind::InvalidValue);
    let (message, advice) = match (refusal.kind(), value) {
        (ErrorKind::MissingRequiredArgument, _) => (format!("빠진 것이 있습니다: {argument}"), None),
        (ErrorKind::MissingSubcommand, _) => {
            ("명령이 빠졌습니다".to_owned(), named(ContextKind::ValidSubcommand).map(|all| format!("명령: {all}")))
        }
        (ErrorKind::InvalidSubcommand, _) => {
            let asked = named(ContextKind::InvalidSubcommand).unwrap_or_default();
            (format!("'{asked}'(이)라는 명령은 없습니다"), similar(named(ContextKind::SuggestedSubcommand)))
        }
        (ErrorKind::UnknownArgument, _) => {
            (format!("'{argument}'은(는) 여기에 쓸 수 없습니다"), similar(named(ContextKind::SuggestedArg)))
        }
        (ErrorKind::InvalidValue, None) => (format!("'{argument}'에 값이 필요합니다"), accepted(refusal)),
        (ErrorKind::InvalidValue, Some(value)) => (no_value(&value, &argument), accepted(refusal)),
        (ErrorKind::ValueValidation, Some(value)) => (no_value(&value, &argument), why(refusal)),
        (ErrorKind::ArgumentConflict, _) => match named(ContextKind::PriorArg) {
            Some(prior) if prior != argument => {
                (format!("'{argument}'은(는) '{prior}'와(과) 함께 쓸 수 없습니다"), None)
            }
            Some(_) | None => (format!("'{argument}'은(는) 한 번만 쓸 수 있습니다"), None),
        },
        _ => return None,
    };
    let usage = named(ContextKind::Usage).map(|usage| usage.replacen("Usage:", "사용법:", 1));
    let hint = [advice, usage, Some("자세한 것은 --help(영어)".to_owned())];
    Some((message, Some(hint.into_iter().flatten().collect::<Vec<_>>().join(" · "))))
}

fn told(value: &ContextValue) -> String {
    let text = match value {
        ContextValue::Strings(all) => all.join(", "),
        other => other.to_string(),
    };
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn no_value(value: &str, argument: &str) -> String {
    format!("'{value}'은(는) '{argument}'의 값이 아닙니다")
}

fn similar(name: Option<String>) -> Option<String> {
    name.map(|name| format!("비슷한 것: {name}"))
}

fn accepted(refusal: &Error) -> Option<String> {
    let all = refusal.get(ContextKind::ValidValue).map(told).filter(|all| !all.is_empty())?;
    Some(format!("쓸 수 있는 값: {all}"))
}

/// Why a value is none. Of clap's own reasons only the range of a number says more than that.
fn why(refusal: &Error) -> Option<String> {
    let source = refusal.source()?;
    if let Some(Unreadable { ko, .. }) = source.downcast_ref() {
        return Some((*ko).to_owned());
    }
    let words = source.to_string();
    words.split_once(" is not in ").map(|(_, range)| format!("범위: {range}"))
}
