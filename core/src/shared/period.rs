//! Periods: half-open runs of days.

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Serialize};

use super::InvalidValue;

/// Half-open days `[from, until)`; no `until` means open-ended. Always valid: `from` < `until`, years 1970 to 9999.
///
/// Days are days of the site, see the `zone` setting. Serialises as `from` and `until`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(try_from = "RawPeriod")]
pub struct Period {
    from: NaiveDate,
    until: Option<NaiveDate>,
}

/// The same fields, not yet checked.
#[derive(Deserialize)]
struct RawPeriod {
    from: NaiveDate,
    until: Option<NaiveDate>,
}

impl TryFrom<RawPeriod> for Period {
    type Error = InvalidValue;

    fn try_from(raw: RawPeriod) -> Result<Self, InvalidValue> {
        Period::new(raw.from, raw.until)
    }
}

impl Period {
    /// The days from `from` up to, but without, `until`.
    ///
    /// # Errors
    /// [`InvalidValue`] unless `from` comes before `until` and both lie in the years 1970 to 9999.
    pub fn new(from: NaiveDate, until: Option<NaiveDate>) -> Result<Self, InvalidValue> {
        for (field, day) in [("from", Some(from)), ("until", until)] {
            if day.is_some_and(|d| !(1970..=9999).contains(&d.year())) {
                return Err(InvalidValue::new(
                    field,
                    "the year must lie in 1970 to 9999",
                    "연도는 1970~9999 사이여야 합니다",
                ));
            }
        }
        if until.is_some_and(|u| u <= from) {
            return Err(InvalidValue::new(
                "until",
                "must come after from: until is the first day that is free again",
                "시작일보다 뒤여야 합니다: until은 다시 비는 첫날입니다",
            ));
        }
        Ok(Period { from, until })
    }

    /// From a day on, without an end.
    ///
    /// # Errors
    /// [`InvalidValue`] unless the year lies in 1970 to 9999.
    pub fn open_ended(from: NaiveDate) -> Result<Self, InvalidValue> {
        Period::new(from, None)
    }

    /// The first day.
    pub fn from(&self) -> NaiveDate {
        self.from
    }

    /// The first day that is free again; `None` when open-ended.
    pub fn until(&self) -> Option<NaiveDate> {
        self.until
    }

    /// The number of days; `None` when open-ended.
    pub fn days(&self) -> Option<i64> {
        self.until.map(|u| (u - self.from).num_days())
    }

    /// Whether every day of the other is one of its own.
    pub fn covers(&self, other: &Period) -> bool {
        self.from <= other.from && self.until.is_none_or(|until| other.until.is_some_and(|end| end <= until))
    }

    /// Whether any day lies in both.
    pub fn overlaps(&self, other: &Period) -> bool {
        let starts_before_end = |a: &Period, b: &Period| b.until.is_none_or(|end| a.from < end);
        starts_before_end(self, other) && starts_before_end(other, self)
    }

    /// Whether the day lies in it.
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.from <= day && self.until.is_none_or(|u| day < u)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(n: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, 1).unwrap() + chrono::Days::new(u64::from(n))
    }

    fn period(from: u32, until: Option<u32>) -> Period {
        Period::new(day(from), until.map(day)).unwrap()
    }

    #[test]
    fn an_end_not_after_the_start_is_refused() {
        assert!(Period::new(day(3), Some(day(3))).is_err());
        assert!(Period::new(day(3), Some(day(2))).is_err());
        assert!(Period::new(day(3), Some(day(4))).is_ok());
    }

    #[test]
    fn years_outside_1970_to_9999_are_refused() {
        assert!(Period::open_ended(NaiveDate::from_ymd_opt(1969, 12, 31).unwrap()).is_err());
        assert!(Period::open_ended(NaiveDate::from_ymd_opt(10_000, 1, 1).unwrap()).is_err());
        assert!(Period::new(day(0), NaiveDate::from_ymd_opt(10_000, 1, 1)).is_err());
        assert!(Period::open_ended(NaiveDate::from_ymd_opt(1970, 1, 1).unwrap()).is_ok());
        assert!(Period::open_ended(NaiveDate::from_ymd_opt(9999, 12, 31).unwrap()).is_ok());
    }

    #[test]
    fn neighbours_that_touch_do_not_overlap() {
        assert!(!period(0, Some(5)).overlaps(&period(5, Some(9))));
        assert!(!period(5, None).overlaps(&period(0, Some(5))));
        assert!(period(0, Some(5)).overlaps(&period(4, Some(9))));
        assert!(period(0, None).overlaps(&period(400, None)));
    }

    proptest! {
        #[test]
        fn overlap_is_a_shared_day_and_symmetric(a in 0u32..40, la in 1u32..20, b in 0u32..40, lb in 1u32..20, open: bool) {
            let one = period(a, Some(a + la));
            let two = period(b, (!open).then_some(b + lb));
            let shared = (0..100).any(|n| one.contains(day(n)) && two.contains(day(n)));
            prop_assert_eq!(one.overlaps(&two), shared);
            prop_assert_eq!(two.overlaps(&one), shared);
            let within = (0..100).all(|n| one.contains(day(n)) || !two.contains(day(n)));
            prop_assert_eq!(one.covers(&two), within);
        }
    }

    #[test]
    fn the_days_of_a_period_are_counted_without_the_last() {
        assert_eq!(period(3, Some(4)).days(), Some(1));
        assert_eq!(period(3, Some(33)).days(), Some(30));
        assert_eq!(period(3, None).days(), None);
        assert_eq!((period(3, Some(4)).from(), period(3, Some(4)).until()), (day(3), Some(day(4))));
    }

    #[test]
    fn a_period_contains_its_first_day_but_not_its_first_free_one() {
        let dated = period(3, Some(5));
        assert_eq!([2, 3, 4, 5].map(|n| dated.contains(day(n))), [false, true, true, false]);
        assert!(period(3, None).contains(day(400)) && !period(3, None).contains(day(2)));
    }

    #[test]
    fn a_period_from_outside_is_checked() {
        let read = |json: &str| serde_json::from_str::<Period>(json);
        assert_eq!(read(r#"{"from":"2026-01-04","until":null}"#).unwrap(), period(3, None));
        assert_eq!(read(&serde_json::to_string(&period(3, Some(5))).unwrap()).unwrap(), period(3, Some(5)));
        for bad in [r#"{"from":"2026-01-04","until":"2026-01-04"}"#, r#"{"from":"1969-12-31"}"#, r#"{"until":null}"#] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_refused_period_names_the_field_that_is_wrong() {
        let field = |from, until| Period::new(from, until).unwrap_err().field;
        let (early, late) =
            (NaiveDate::from_ymd_opt(1969, 1, 1).unwrap(), NaiveDate::from_ymd_opt(10_000, 1, 1).unwrap());
        assert_eq!(
            [field(early, None), field(day(0), Some(late)), field(day(1), Some(day(0)))],
            ["from", "until", "until"]
        );
    }
}
