//! What a period costs, reckoned day by day and month by month, not as the engine does.

use storagerent_core::chrono::{Datelike, NaiveDate};
use storagerent_core::shared::{Money, Per, Rate};

/// The last day of a month.
fn days_in(year: i32, month: u32) -> u32 {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// So many months later, clamped to the month's end.
pub(super) fn months_later(from: NaiveDate, months: i32) -> Option<NaiveDate> {
    let count = from.year() * 12 + from.month0() as i32 + months;
    let (year, month) = (count.div_euclid(12), count.rem_euclid(12) as u32 + 1);
    NaiveDate::from_ymd_opt(year, month, from.day().min(days_in(year, month)))
}

/// The total and up to when it pays; `None` where there is no price.
pub(super) fn quote(rate: Rate, from: NaiveDate, until: Option<NaiveDate>) -> Option<(Money, Option<NaiveDate>)> {
    let (price, currency) = (rate.price().amount(), rate.price().currency());
    let money = |amount: i128| i64::try_from(amount).ok().map(|amount| Money::new(amount, currency));
    match (rate.per(), until) {
        (Per::Rental, until) => Some((rate.price(), until)),
        (Per::Day, None) => None,
        (Per::Day, Some(until)) => {
            Some((money(i128::from(price) * i128::from((until - from).num_days()))?, Some(until)))
        }
        (Per::Month, None) => Some((rate.price(), Some(months_later(from, 1)?))),
        (Per::Month, Some(until)) => {
            let mut whole = 0;
            while months_later(from, whole + 1)? <= until {
                whole += 1;
            }
            let (start, end) = (months_later(from, whole)?, months_later(from, whole + 1)?);
            let (part, of) = (i128::from((until - start).num_days()), i128::from((end - start).num_days()));
            // Half up: twice the part plus one whole, over two wholes, rounded down.
            let rest = (2 * i128::from(price) * part + of) / (2 * of);
            let total = i128::from(price) * i128::from(whole) + rest;
            if total > 0 { Some((money(total)?, Some(until))) } else { None }
        }
    }
}
