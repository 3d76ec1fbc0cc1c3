//! Money: whole minor units of one currency. No floating point anywhere.

use std::cmp::Ordering;
use std::fmt;

pub use iso_currency::Currency;
use serde::{Deserialize, Deserializer, Serialize};

use super::InvalidValue;
use super::text::Checked;

/// An amount in minor units (won, cents) of one currency.
///
/// Serialises as the two fields `price` and `currency`. Arithmetic is checked: overflow is an error, never a wrap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
pub struct Money {
    /// Minor units.
    #[serde(rename = "price")]
    #[cfg_attr(feature = "utoipa", schema(minimum = 1))]
    amount: i64,
    #[cfg_attr(feature = "utoipa", schema(value_type = String, pattern = "^[A-Z]{3}$"))]
    currency: Currency,
}

impl Money {
    /// An amount in minor units.
    pub const fn new(amount: i64, currency: Currency) -> Self {
        Money { amount, currency }
    }

    /// Won.
    pub const fn krw(won: i64) -> Self {
        Money::new(won, Currency::KRW)
    }

    /// Nothing of a currency.
    pub const fn zero(currency: Currency) -> Self {
        Money::new(0, currency)
    }

    /// Reads an amount in major units, `200000` (KRW) or `189.00` (USD), with no more decimals than the currency has.
    ///
    /// # Errors
    /// [`InvalidValue`] for an unknown currency, one without minor units, anything that is not a plain decimal number, too
    /// many decimals, or more than 64 bits hold.
    pub fn parse(amount: &str, currency: &str) -> Result<Self, InvalidValue> {
        let currency = parse_currency(currency)?;
        let exponent = minor_digits(currency)?;
        let raw = amount.trim();
        let (negative, digits) = match raw.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, raw),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = !whole.is_empty()
            && whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit())
            && !digits.ends_with('.');
        if !plain {
            return Err(InvalidValue::new(
                "price",
                "an amount is a plain number such as 200000 or 189.00",
                "금액은 200000 또는 189.00 같은 숫자여야 합니다",
            ));
        }
        if fraction.len() > exponent {
            return Err(InvalidValue::new(
                "price",
                format!("{} has {exponent} decimals, the amount has {}", currency.code(), fraction.len()),
                format!("{}의 소수 자릿수는 {exponent}인데 {}자리가 주어졌습니다", currency.code(), fraction.len()),
            ));
        }
        let padded = format!("{whole}{fraction:0<exponent$}");
        let minor: i64 =
            padded.parse().map_err(|_| InvalidValue::new("price", "the amount is too large", "금액이 너무 큽니다"))?;
        Ok(Money::new(if negative { -minor } else { minor }, currency))
    }

    /// The same, decimals beyond those of the currency left out: of a bound above, nothing is lost.
    ///
    /// # Errors
    /// [`InvalidValue`] as [`Money::parse`], but for too many decimals.
    pub fn parse_down(amount: &str, currency: &str) -> Result<Self, InvalidValue> {
        let exponent = minor_digits(parse_currency(currency)?)?;
        let raw = amount.trim();
        match raw.split_once('.') {
            Some((whole, fraction)) if fraction.len() > exponent && fraction.bytes().all(|b| b.is_ascii_digit()) => {
                let kept = &fraction[..exponent];
                let point = if exponent == 0 { "" } else { "." };
                Money::parse(&format!("{whole}{point}{kept}"), currency)
            }
            Some(_) | None => Money::parse(raw, currency),
        }
    }

    /// Minor units.
    pub const fn amount(self) -> i64 {
        self.amount
    }

    /// The currency.
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// The sum; `None` on overflow or when the currencies differ.
    pub fn checked_add(self, other: Money) -> Option<Money> {
        if self.currency != other.currency {
            return None;
        }
        Some(Money::new(self.amount.checked_add(other.amount)?, self.currency))
    }

    /// So many times the amount; `None` on overflow.
    pub fn checked_mul(self, times: i64) -> Option<Money> {
        Some(Money::new(self.amount.checked_mul(times)?, self.currency))
    }

    /// `part` / `whole` of the amount, rounded half up; `None` on overflow or unless 0 ≤ `part` and 0 < `whole`.
    pub fn checked_pro_rata(self, part: i64, whole: i64) -> Option<Money> {
        if part < 0 || whole <= 0 {
            return None;
        }
        let (part, whole) = (i128::from(part), i128::from(whole));
        let doubled = i128::from(self.amount).checked_mul(part)?.checked_mul(2)?.checked_add(whole)?;
        Some(Money::new(i64::try_from(doubled.div_euclid(whole * 2)).ok()?, self.currency))
    }

    /// The amount in major units, with as many decimals as the currency has: `200000`, `189.00`.
    pub fn major(self) -> String {
        let exponent = usize::from(self.currency.exponent().unwrap_or(0));
        let sign = if self.amount < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.amount.unsigned_abs(), width = exponent + 1);
        let (whole, fraction) = digits.split_at(digits.len() - exponent);
        let point = if exponent == 0 { "" } else { "." };
        format!("{sign}{whole}{point}{fraction}")
    }

    /// Compares amounts of one currency; `None` for two.
    pub fn compare(self, other: Money) -> Option<Ordering> {
        (self.currency == other.currency).then(|| self.amount.cmp(&other.amount))
    }
}

impl fmt::Display for Money {
    /// Grouped major units and the code: `1,035,000 KRW`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let major = self.major();
        let (sign, digits) = major.strip_prefix('-').map_or(("", major.as_str()), |d| ("-", d));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let mut grouped = String::new();
        for (i, digit) in whole.chars().enumerate() {
            if i > 0 && (whole.len() - i).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        let point = if fraction.is_empty() { "" } else { "." };
        write!(f, "{sign}{grouped}{point}{fraction} {}", self.currency.code())
    }
}

/// The currency of an ISO 4217 code. Won comes first: what is read again and again is priced in it, and the list is long.
pub fn currency_of(code: &str) -> Option<Currency> {
    if code == Currency::KRW.code() { Some(Currency::KRW) } else { Currency::from_code(code) }
}

/// Reads an ISO 4217 code, exactly as it is in the list.
///
/// # Errors
/// [`InvalidValue`] for a code that is not in the list.
fn exact_currency(code: &str) -> Result<Currency, InvalidValue> {
    currency_of(code).ok_or_else(|| {
        InvalidValue::new(
            "currency",
            format!("{code:?} is no ISO 4217 currency code"),
            format!("{code:?}는 ISO 4217 통화 코드가 아닙니다"),
        )
    })
}

/// The same from people, who may have typed a space.
fn parse_currency(code: &str) -> Result<Currency, InvalidValue> {
    exact_currency(code.trim())
}

/// Reads a currency from an event's field.
///
/// # Errors
/// Those of the deserialiser, and of a code that is not in the list.
pub(crate) fn read_currency<'de, D: Deserializer<'de>>(from: D) -> Result<Currency, D::Error> {
    from.deserialize_str(Checked(exact_currency))
}

fn minor_digits(currency: Currency) -> Result<usize, InvalidValue> {
    currency.exponent().map(usize::from).ok_or_else(|| {
        InvalidValue::new(
            "currency",
            format!("{} has no minor unit, prices cannot be kept in it", currency.code()),
            format!("{}는 보조 단위가 없어 가격에 쓸 수 없습니다", currency.code()),
        )
    })
}

impl Money {
    /// Refuses amounts of nothing or less: what every price must pass.
    ///
    /// # Errors
    /// [`InvalidValue`] unless the amount is above 0 and its currency has minor units.
    pub fn above_zero(self) -> Result<Self, InvalidValue> {
        minor_digits(self.currency)?;
        if self.amount > 0 {
            Ok(self)
        } else {
            Err(InvalidValue::new("price", "must be above 0", "0보다 커야 합니다"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn amounts_are_read_in_major_units() {
        assert_eq!(Money::parse("200000", "KRW").unwrap(), Money::krw(200_000));
        assert_eq!(Money::parse("189.00", "USD").unwrap(), Money::new(18_900, Currency::USD));
        assert_eq!(Money::parse("189.5", "USD").unwrap(), Money::new(18_950, Currency::USD));
        assert_eq!(Money::parse("-1", "KRW").unwrap(), Money::krw(-1));
        assert_eq!(Money::parse("1.234", "KWD").unwrap().amount(), 1234);
    }

    #[test]
    fn a_code_is_that_of_the_list_exactly() {
        for code in ["KRW", "USD", "XXX", "krw", "KRW ", "", "XYZ"] {
            assert_eq!(currency_of(code), Currency::from_code(code), "{code:?}");
        }
        let read = |json: &str| read_currency(&mut serde_json::Deserializer::from_str(json)).ok();
        assert_eq!(read(r#""KRW""#), Some(Currency::KRW));
        assert_eq!(read(r#""USD""#), Some(Currency::USD));
        for bad in [r#"" KRW""#, r#""XYZ""#, "1", "null"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn other_amounts_are_refused() {
        for (amount, currency) in [
            ("59000.5", "KRW"),
            ("1.234", "USD"),
            ("", "KRW"),
            (".5", "USD"),
            ("5.", "USD"),
            ("1e3", "KRW"),
            ("1,000", "KRW"),
            ("99999999999999999999", "KRW"),
            ("10", "XYZ"),
            ("10", "krw"),
            ("10", "XXX"),
            ("+5", "KRW"),
            ("٣", "KRW"),
            ("--1", "KRW"),
            ("92233720368547758.08", "USD"),
        ] {
            assert!(Money::parse(amount, currency).is_err(), "{amount} {currency}");
        }
    }

    #[test]
    fn a_bound_may_have_more_decimals_than_the_currency() {
        let down = |amount, currency| Money::parse_down(amount, currency).map(Money::amount);
        assert_eq!(down("1.50", "KRW"), Ok(1));
        assert_eq!(down("1.509", "USD"), Ok(150));
        assert_eq!(down("1.5", "USD"), Ok(150));
        assert_eq!(down("200", "KRW"), Ok(200));
        for bad in ["1.5x", "x", "", "1.", "."] {
            assert!(Money::parse_down(bad, "KRW").is_err(), "{bad}");
        }
    }

    #[test]
    fn a_price_of_nothing_or_less_is_refused() {
        assert_eq!(Money::krw(1).above_zero(), Ok(Money::krw(1)));
        assert!(Money::krw(0).above_zero().is_err());
        assert!(Money::krw(-1).above_zero().is_err());
        assert_eq!(Money::new(1, Currency::XXX).above_zero().unwrap_err().field, "currency", "it has no minor units");
    }

    #[test]
    fn a_refused_amount_says_how_many_decimals_there_may_be() {
        let refused = Money::parse("1.234", "USD").unwrap_err();
        assert_eq!((refused.field, refused.reason.as_str()), ("price", "USD has 2 decimals, the amount has 3"));
        assert!(Money::parse("1.00", "USD").is_ok() && Money::parse("1.000", "USD").is_err());
        assert_eq!(Money::parse("1", "XYZ").unwrap_err().field, "currency");
    }

    #[test]
    fn halves_are_rounded_up() {
        assert_eq!(Money::krw(5).checked_pro_rata(1, 2), Some(Money::krw(3)));
        assert_eq!(Money::krw(100).checked_pro_rata(1, 3), Some(Money::krw(33)));
        assert_eq!(Money::krw(200).checked_pro_rata(1, 3), Some(Money::krw(67)));
        assert_eq!(Money::krw(i64::MAX).checked_pro_rata(31, 31), Some(Money::krw(i64::MAX)));
        assert_eq!(Money::krw(i64::MAX).checked_pro_rata(32, 31), None);
        assert_eq!(Money::krw(5).checked_pro_rata(0, 1), Some(Money::krw(0)));
        assert_eq!(Money::krw(5).checked_pro_rata(1, 0), None);
        assert_eq!(Money::krw(5).checked_pro_rata(-1, 2), None);
    }

    #[test]
    fn sums_across_currencies_do_not_exist() {
        assert_eq!(Money::krw(1).checked_add(Money::new(1, Currency::USD)), None);
        assert_eq!(Money::krw(1).compare(Money::new(1, Currency::USD)), None);
        assert_eq!(Money::krw(i64::MAX).checked_add(Money::krw(1)), None);
        assert_eq!(Money::krw(2).checked_add(Money::krw(3)), Some(Money::krw(5)));
        assert_eq!(Money::krw(i64::MAX).checked_mul(2), None);
        assert_eq!(Money::krw(2).checked_mul(3), Some(Money::krw(6)));
        assert_eq!(Money::krw(2).compare(Money::krw(3)), Some(Ordering::Less));
    }

    #[test]
    fn people_read_grouped_amounts() {
        assert_eq!(Money::krw(1_035_000).to_string(), "1,035,000 KRW");
        assert_eq!(Money::new(-18_900, Currency::USD).to_string(), "-189.00 USD");
        assert_eq!(Money::new(5, Currency::USD).to_string(), "0.05 USD");
        assert_eq!(Money::krw(100).to_string(), "100 KRW");
        assert_eq!(Money::zero(Currency::USD).to_string(), "0.00 USD", "nothing has no sign");
        assert_eq!(Money::krw(i64::MIN).to_string(), "-9,223,372,036,854,775,808 KRW");
    }

    proptest! {
        #[test]
        fn what_is_written_in_major_units_reads_back(amount in i64::MIN + 1.., usd: bool) {
            let money = Money::new(amount, if usd { Currency::USD } else { Currency::KRW });
            prop_assert_eq!(Money::parse(&money.major(), money.currency().code()).unwrap(), money);
        }

        #[test]
        fn a_part_and_the_rest_differ_from_the_whole_by_one_unit_at_most(amount in 0..1_000_000_000i64, part in 0..31i64) {
            let money = Money::krw(amount);
            let both = money.checked_pro_rata(part, 31).unwrap().amount() + money.checked_pro_rata(31 - part, 31).unwrap().amount();
            prop_assert!((both - amount).abs() <= 1);
        }
    }
}
