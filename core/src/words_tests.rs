use std::collections::BTreeMap;
use std::mem::{Discriminant, discriminant};
use std::time::Duration;

use super::*;
use crate::event::tests::booking;
use crate::shared::ReviewId;

#[path = "words_samples.rs"]
mod samples;

use samples::{RESERVATION, Told, every_refusal, wrong};

#[test]
fn every_refusal_there_is_is_listed_here() {
    fn kinds<T>(errors: impl Iterator<Item = T>) -> usize {
        let mut seen: Vec<Discriminant<T>> = Vec::new();
        errors.map(|e| discriminant(&e)).for_each(|d| {
            if !seen.contains(&d) {
                seen.push(d)
            }
        });
        seen.len()
    }
    let declared = |source: &str| source.matches("#[error(").count();
    let all = || every_refusal().into_iter().map(|t| t.error);
    let of = |n: usize, source: &str| assert_eq!(n, declared(source), "list the new refusal in words_samples.rs");
    of(
        kinds(all().filter_map(|e| if let Error::Storage(e) = e { Some(e) } else { None })),
        include_str!("storage/error.rs"),
    );
    of(
        kinds(all().filter_map(|e| if let Error::Reservation(e) = e { Some(e) } else { None })),
        include_str!("reservation/error.rs"),
    );
    of(
        kinds(all().filter_map(|e| if let Error::Payment(e) = e { Some(e) } else { None })),
        include_str!("payment/error.rs"),
    );
    of(
        kinds(all().filter_map(|e| if let Error::Review(e) = e { Some(e) } else { None })),
        include_str!("review/error.rs"),
    );
    of(
        kinds(all().filter_map(|e| if let Error::Store(e) = e { Some(e) } else { None })),
        include_str!("ports/store.rs"),
    );
    let operations = kinds(all().filter_map(|e| if let Error::Operation(e) = e { Some(e) } else { None }));
    of(kinds(all()) + operations, include_str!("app/error.rs"));
}

#[test]
fn programs_get_of_each_refusal_its_kind_its_code_and_when_to_try_again() {
    for told in every_refusal() {
        assert_eq!(told.error.kind(), told.kind, "{}", told.error);
        assert_eq!(told.error.code(), told.code, "{}", told.error);
        assert_eq!(told.error.retry_after(), told.retry_after, "{}", told.error);
    }
}

#[test]
fn a_code_is_of_one_kind_alone() {
    let mut kinds = BTreeMap::new();
    for told in every_refusal() {
        assert_eq!(*kinds.entry(told.code).or_insert(told.kind), told.kind, "{}", told.code);
        assert!(told.code.chars().all(|c| c.is_ascii_alphanumeric()) && told.code.starts_with(char::is_lowercase));
    }
}

#[test]
fn the_list_of_codes_in_docs_is_of_these() {
    let mut listed = BTreeMap::new();
    for Told { error, code, kind, .. } in every_refusal() {
        let Explained { message, hint } = explain(&error, Lang::En);
        let kind = serde_json::to_value(kind).unwrap();
        let row = format!("| `{code}` | `{}` | {message} | {hint} |\n", kind.as_str().unwrap());
        listed.entry(code).or_insert(row);
    }
    let rows: String = listed.into_values().collect();
    let table =
        format!(" -->\n\n| code | kind | for example | and what to do |\n| --- | --- | --- | --- |\n{rows}\n## ");
    let page = include_str!("../../docs/errors.md");
    assert!(page.contains(&table), "docs/errors.md is not what the errors say, which is:{table}");
}

#[test]
fn people_are_told_each_refusal_in_these_words() {
    for told in every_refusal() {
        assert_eq!(told.error.to_string(), told.en);
        assert_eq!(explain(&told.error, Lang::En).message, told.en);
        assert_eq!(explain(&told.error, Lang::Ko).message, told.ko);
    }
}

#[test]
fn every_refusal_says_what_to_do_in_the_language_asked_for() {
    let hangul = |text: &str| text.chars().any(|c| ('가'..='힣').contains(&c));
    for told in every_refusal() {
        let (en, ko) = (explain(&told.error, Lang::En).hint, explain(&told.error, Lang::Ko).hint);
        assert!(!en.is_empty() && !hangul(&en), "{}: {en}", told.code);
        assert!(hangul(&ko) && hangul(&explain(&told.error, Lang::Ko).message), "{}: {ko}", told.code);
        assert!(![&en, &ko].into_iter().any(|hint| hint.ends_with('.')), "{}: {en} / {ko}", told.code);
    }
}

#[test]
fn hints_name_what_they_are_about_and_waits_are_rounded_up_to_whole_seconds() {
    let hint = |error: Error, lang| explain(&error, lang).hint;
    let store_busy = || Error::from(StoreError::Busy { retry_after: Duration::from_millis(2_001) });
    assert_eq!(hint(store_busy(), Lang::En), "nothing was done; try again in 3 s");
    assert_eq!(hint(store_busy(), Lang::Ko), "아무것도 하지 않았습니다. 3초 뒤에 다시 시도하세요");
    let away = |retry_after| Error::from(ReservationError::PaymentUnavailable { retry_after });
    assert_eq!(hint(away(Duration::from_secs(30)), Lang::En), "try again in 30 s");
    assert_eq!(hint(away(Duration::ZERO), Lang::Ko), "0초 뒤에 다시 시도하세요");
    assert_eq!(hint(wrong().into(), Lang::En), "correct price and try again");
    assert_eq!(hint(wrong().into(), Lang::Ko), "price 값을 고쳐 다시 시도하세요");
    let early = ReviewError::TooEarly { reservation_id: RESERVATION, from: booking().period.from() };
    assert_eq!(hint(early.into(), Lang::En), "come back on 2026-01-05");
    let twice = ReviewError::AlreadyReviewed { reservation_id: RESERVATION, review_id: ReviewId::new(9) };
    assert_eq!(hint(twice.into(), Lang::Ko), "후기 9번을 고치세요");
}
