//! Arguments that several commands share, and how raw ones become the engine's values.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use storagerent::chrono::NaiveDate;
use storagerent::{InvalidValue, Page, ReservationStatus, StorageStatus};

use crate::failure::Failure;

/// Which part of a list.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct PageArgs {
    /// At most so many rows; all if not given
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u32>,
    /// Only what comes after this id
    #[arg(long, value_name = "ID", default_value_t = 0, hide_default_value = true)]
    pub(super) after: u64,
}

impl PageArgs {
    pub(super) fn page(self) -> Page {
        Page { after: self.after, limit: self.limit }
    }

    /// Whether less than the whole list is asked for.
    pub(super) fn narrows(self) -> bool {
        self.limit.is_some() || self.after > 0
    }
}

/// A period that may be left open at both ends.
#[derive(Debug, Clone, Args)]
pub(crate) struct PeriodArgs {
    /// The first day, YYYY-MM-DD; today if not given
    #[arg(long, value_name = "DATE")]
    from: Option<String>,
    /// The first day that is free again, YYYY-MM-DD; open-ended if not given
    #[arg(long, value_name = "DATE")]
    until: Option<String>,
}

impl PeriodArgs {
    pub(super) fn days(&self) -> Result<(Option<NaiveDate>, Option<NaiveDate>), Failure> {
        Ok((maybe_day("from", self.from.as_deref())?, maybe_day("until", self.until.as_deref())?))
    }
}

/// How a value is written that could not be read, in both languages.
#[derive(Debug, thiserror::Error)]
#[error("{en}")]
pub(crate) struct Unreadable {
    pub(crate) en: &'static str,
    pub(crate) ko: &'static str,
}

/// Reads an id: a whole number from 1.
pub(super) fn id(raw: &str) -> Result<u64, Unreadable> {
    match raw.parse() {
        Ok(id @ 1..) if raw.bytes().all(|b| b.is_ascii_digit()) => Ok(id),
        Ok(_) | Err(_) => {
            Err(Unreadable { en: "an id is a whole number from 1", ko: "번호는 1부터의 정수입니다" })
        }
    }
}

/// Reads a day written as `YYYY-MM-DD`, and in no other way.
pub(super) fn maybe_day(field: &'static str, raw: Option<&str>) -> Result<Option<NaiveDate>, Failure> {
    let read = |raw: &str| {
        let shaped = raw.len() == 10
            && raw.bytes().enumerate().all(|(at, b)| if matches!(at, 4 | 7) { b == b'-' } else { b.is_ascii_digit() });
        shaped.then(|| raw.parse().ok()).flatten().ok_or_else(|| {
            InvalidValue::new(
                field,
                format!("{raw:?} is no day; days are written as 2026-11-22"),
                format!("{raw:?}은(는) 날짜가 아닙니다. 2026-11-22처럼 쓰세요"),
            )
        })
    };
    Ok(raw.map(read).transpose()?)
}

pub(super) fn reservation_statuses() -> impl TypedValueParser<Value = ReservationStatus> {
    let words = ReservationStatus::ALL.map(ReservationStatus::as_str);
    PossibleValuesParser::new(words).try_map(|word| ReservationStatus::parse(&word).ok_or("no such status"))
}

pub(super) fn storage_statuses() -> impl TypedValueParser<Value = StorageStatus> {
    let words = [StorageStatus::Available, StorageStatus::Reserved].map(StorageStatus::as_str);
    PossibleValuesParser::new(words).try_map(|word| StorageStatus::parse(&word).ok_or("no such status"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_read_strictly() {
        assert!(maybe_day("from", Some("2026-11-22")).is_ok_and(|day| day.is_some()));
        for raw in ["", "2026-1-2", "2026-13-01", "2026-02-30", "22.11.2026", "+2026-11-2", "2026-11-22 ", "2026/11/22"]
        {
            assert!(maybe_day("from", Some(raw)).is_err(), "{raw}");
        }
    }

    #[test]
    fn ids_are_whole_numbers_from_1() {
        assert!(id("17").is_ok_and(|id| id == 17));
        for raw in ["", "0", "-1", "+1", "1.0", "99999999999999999999", "one"] {
            assert!(id(raw).is_err(), "{raw}");
        }
    }
}
