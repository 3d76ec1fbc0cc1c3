//! Quotes (견적): what a period costs, and up to when the payment pays.

use chrono::{Datelike, Months, NaiveDate};
use serde::Serialize;

use crate::shared::{InvalidValue, Money, Per, Period, Rate, StorageId};

/// What a period of a storage costs.
///
/// Flat: the price. By the day: days × price, refused open-ended. By the month: calendar months counted from `from`, boundary
/// k being `from` + k months clamped to the month's end; a part month pro rata by the days of that stretch, rounded half up.
/// Open-ended by the month: the first month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Quote {
    /// The storage.
    pub storage_id: StorageId,
    /// The period asked for.
    #[serde(flatten)]
    pub period: Period,
    /// The total, in minor units.
    #[serde(flatten)]
    pub total: Money,
    /// What the storage's price is for.
    pub per: Per,
    /// The price of one rental, day or month, in minor units.
    pub unit_price: i64,
    /// Up to when the total pays; `null` for an open-ended flat rental.
    pub paid_until: Option<NaiveDate>,
    /// The days paid for, when by the day.
    pub days: Option<i64>,
    /// The whole months paid for, when by the month.
    pub months: Option<i64>,
    /// The part month after them, when by the month.
    pub part_month: Option<PartMonth>,
}

/// So many days of a stretch of one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub struct PartMonth {
    /// The days paid for.
    pub days: i64,
    /// The days of the stretch.
    pub of: i64,
}

impl Quote {
    /// Prices a period at a rate.
    ///
    /// # Errors
    /// [`InvalidValue`] for an open-ended period by the day, and for totals or days out of range.
    pub fn of(storage_id: StorageId, rate: Rate, period: Period) -> Result<Self, InvalidValue> {
        let flat = Quote {
            storage_id,
            period,
            total: rate.price(),
            per: rate.per(),
            unit_price: rate.price().amount(),
            paid_until: period.until(),
            days: None,
            months: None,
            part_month: None,
        };
        match rate.per() {
            Per::Rental => Ok(flat),
            Per::Day => by_the_day(flat, rate.price()),
            Per::Month => by_the_month(flat, rate.price()),
        }
    }
}

fn by_the_day(flat: Quote, price: Money) -> Result<Quote, InvalidValue> {
    let days = flat.period.days().ok_or_else(|| {
        InvalidValue::new(
            "until",
            "a storage priced by the day needs an end",
            "일 단위 요금 창고는 종료일이 필요합니다",
        )
    })?;
    let total = price.checked_mul(days).ok_or_else(too_large)?;
    Ok(Quote { total, days: Some(days), ..flat })
}

fn by_the_month(flat: Quote, price: Money) -> Result<Quote, InvalidValue> {
    let from = flat.period.from();
    let Some(until) = flat.period.until() else {
        let paid_until = boundary(from, 1)?;
        Period::new(from, Some(paid_until))?;
        return Ok(Quote { paid_until: Some(paid_until), months: Some(1), ..flat });
    };
    let months = whole_months(from, until)?;
    let (start, end) = (boundary(from, months)?, boundary(from, months + 1)?);
    let part = PartMonth { days: (until - start).num_days(), of: (end - start).num_days() };
    let total = price
        .checked_mul(i64::from(months))
        .zip(price.checked_pro_rata(part.days, part.of))
        .and_then(|(whole, rest)| whole.checked_add(rest))
        .ok_or_else(too_large)?;
    // A very low price and a short part month may round to nothing; nobody rents for nothing.
    let total = total.above_zero()?;
    Ok(Quote { total, months: Some(i64::from(months)), part_month: (part.days > 0).then_some(part), ..flat })
}

/// The largest k whose boundary does not lie behind `until`.
fn whole_months(from: NaiveDate, until: NaiveDate) -> Result<u32, InvalidValue> {
    let calendar = (until.year() - from.year()) * 12 + i32::try_from(until.month()).unwrap_or(0)
        - i32::try_from(from.month()).unwrap_or(0);
    let months = u32::try_from(calendar).map_err(|_| too_large())?;
    Ok(if boundary(from, months)? > until { months - 1 } else { months })
}

/// `from` + k months, clamped to the month's end.
fn boundary(from: NaiveDate, months: u32) -> Result<NaiveDate, InvalidValue> {
    from.checked_add_months(Months::new(months)).ok_or_else(too_large)
}

fn too_large() -> InvalidValue {
    InvalidValue::new(
        "until",
        "the total of so long a period is too large",
        "기간이 너무 길어 금액을 계산할 수 없습니다",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn quote(price: i64, per: Per, from: &str, until: Option<&str>) -> Result<Quote, InvalidValue> {
        let period = Period::new(day(from), until.map(day)).unwrap();
        Quote::of(StorageId::new(1), Rate::new(Money::krw(price), per).unwrap(), period)
    }

    #[test]
    fn a_flat_price_pays_the_whole_rental() {
        let dated = quote(59_000, Per::Rental, "2027-01-31", Some("2027-03-01")).unwrap();
        assert_eq!((dated.total, dated.paid_until), (Money::krw(59_000), Some(day("2027-03-01"))));
        let open = quote(59_000, Per::Rental, "2027-01-31", None).unwrap();
        assert_eq!((open.total, open.paid_until), (Money::krw(59_000), None));
    }

    #[test]
    fn by_the_day_counts_days_and_needs_an_end() {
        let quoted = quote(1_000, Per::Day, "2027-01-31", Some("2027-03-01")).unwrap();
        assert_eq!((quoted.total, quoted.unit_price), (Money::krw(29_000), 1_000));
        assert_eq!((quoted.days, quoted.months, quoted.part_month), (Some(29), None, None));
        assert_eq!(quoted.paid_until, Some(day("2027-03-01")));
        assert!(quote(1_000, Per::Day, "2027-01-31", None).is_err());
    }

    #[test]
    fn a_month_from_the_31st_is_clamped_and_the_part_month_is_pro_rata() {
        let quoted = quote(31_000, Per::Month, "2027-01-31", Some("2027-03-01")).unwrap();
        assert_eq!((quoted.months, quoted.part_month), (Some(1), Some(PartMonth { days: 1, of: 31 })));
        assert_eq!(quoted.total, Money::krw(32_000));
        assert_eq!(quoted.paid_until, Some(day("2027-03-01")));
    }

    #[test]
    fn whole_months_have_no_part() {
        let quoted = quote(31_000, Per::Month, "2027-01-31", Some("2027-03-31")).unwrap();
        assert_eq!((quoted.months, quoted.part_month, quoted.total), (Some(2), None, Money::krw(62_000)));
        let clamped = quote(31_000, Per::Month, "2027-01-31", Some("2027-02-28")).unwrap();
        assert_eq!((clamped.months, clamped.part_month), (Some(1), None));
        let year = quote(31_000, Per::Month, "2027-11-15", Some("2028-11-15")).unwrap();
        assert_eq!(year.months, Some(12));
    }

    #[test]
    fn less_than_a_month_is_pro_rata() {
        let quoted = quote(30_000, Per::Month, "2027-04-10", Some("2027-04-25")).unwrap();
        assert_eq!((quoted.months, quoted.total), (Some(0), Money::krw(15_000)));
    }

    #[test]
    fn open_ended_by_the_month_pays_the_first() {
        let quoted = quote(31_000, Per::Month, "2027-01-31", None).unwrap();
        assert_eq!((quoted.total, quoted.paid_until), (Money::krw(31_000), Some(day("2027-02-28"))));
        assert_eq!((quoted.months, quoted.part_month, quoted.days), (Some(1), None, None));
        assert!(quote(31_000, Per::Month, "9999-12-15", None).is_err());
        assert!(quote(31_000, Per::Month, "9999-11-30", None).is_ok());
    }

    #[test]
    fn overflow_is_refused() {
        assert!(quote(i64::MAX, Per::Day, "2027-01-01", Some("2027-01-03")).is_err());
        assert!(quote(i64::MAX, Per::Day, "2027-01-01", Some("2027-01-02")).is_ok());
        assert!(quote(i64::MAX, Per::Month, "2027-01-01", Some("2027-02-02")).is_err());
        assert!(quote(i64::MAX, Per::Month, "2027-01-01", Some("2027-02-01")).is_ok());
    }

    #[test]
    fn a_total_that_rounds_to_nothing_is_refused() {
        assert!(quote(1, Per::Month, "2027-01-01", Some("2027-01-02")).is_err());
    }

    proptest! {
        #[test]
        fn a_longer_period_never_costs_less(start in 0u64..800, days in 1u64..900, more in 1u64..60, price in 30i64..100_000) {
            let from = day("2026-01-01") + chrono::Days::new(start);
            let rate = Rate::new(Money::krw(price), Per::Month).unwrap();
            let total = |length: u64| {
                let period = Period::new(from, Some(from + chrono::Days::new(length))).unwrap();
                Quote::of(StorageId::new(1), rate, period).unwrap().total.amount()
            };
            prop_assert!(total(days) <= total(days + more));
        }

        #[test]
        fn n_whole_months_cost_n_prices(start in 0u64..800, months in 1u32..40) {
            let from = day("2026-01-01") + chrono::Days::new(start);
            let until = from.checked_add_months(Months::new(months)).unwrap();
            let quoted = Quote::of(
                StorageId::new(1),
                Rate::new(Money::krw(100), Per::Month).unwrap(),
                Period::new(from, Some(until)).unwrap(),
            ).unwrap();
            prop_assert_eq!(quoted.total, Money::krw(100 * i64::from(months)));
        }
    }
}
