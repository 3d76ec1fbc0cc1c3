//! What a storage costs: a price, and what it is the price of.

use serde::{Deserialize, Serialize};

use super::{InvalidValue, Money};

/// What the price is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// The whole rental, however long: a flat price. The default.
    #[default]
    Rental,
    /// Each day.
    Day,
    /// Each calendar month, a part month pro rata.
    Month,
}

impl Per {
    /// Reads `rental`, `day` or `month`.
    ///
    /// # Errors
    /// [`InvalidValue`] for anything else.
    pub fn parse(raw: &str) -> Result<Self, InvalidValue> {
        match raw.trim() {
            "rental" => Ok(Per::Rental),
            "day" => Ok(Per::Day),
            "month" => Ok(Per::Month),
            other => Err(InvalidValue::new(
                "per",
                format!("{other:?} is none of rental, day, month"),
                format!("{other:?}는 rental, day, month 중 하나가 아닙니다"),
            )),
        }
    }

    /// The word as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Per::Rental => "rental",
            Per::Day => "day",
            Per::Month => "month",
        }
    }
}

/// A price above 0 and what it is for. Serialises as `price`, `currency`, `per`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(try_from = "RawRate")]
pub struct Rate {
    #[serde(flatten)]
    price: Money,
    per: Per,
}

/// The same fields, not yet checked.
#[derive(Deserialize)]
struct RawRate {
    #[serde(flatten)]
    price: Money,
    #[serde(default)]
    per: Per,
}

impl TryFrom<RawRate> for Rate {
    type Error = InvalidValue;

    fn try_from(raw: RawRate) -> Result<Self, InvalidValue> {
        Rate::new(raw.price, raw.per)
    }
}

impl Rate {
    /// A price for a rental, a day or a month.
    ///
    /// # Errors
    /// [`InvalidValue`] unless the price is above 0.
    pub fn new(price: Money, per: Per) -> Result<Self, InvalidValue> {
        Ok(Rate { price: price.above_zero()?, per })
    }

    /// A flat price for the whole rental.
    ///
    /// # Errors
    /// [`InvalidValue`] unless the price is above 0.
    pub fn flat(price: Money) -> Result<Self, InvalidValue> {
        Rate::new(price, Per::Rental)
    }

    /// The price of one rental, day or month.
    pub fn price(self) -> Money {
        self.price
    }

    /// What the price is for.
    pub fn per(self) -> Per {
        self.per
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shared::Currency;

    #[test]
    fn the_words_of_what_a_price_is_for_read_back() {
        for (per, word) in [(Per::Rental, "rental"), (Per::Day, "day"), (Per::Month, "month")] {
            assert_eq!(per.as_str(), word);
            assert_eq!(Per::parse(&format!(" {word} ")), Ok(per));
            assert_eq!(serde_json::to_value(per).unwrap(), word);
        }
        let refused = Per::parse("week").unwrap_err();
        assert_eq!((refused.field, refused.reason.contains("\"week\"")), ("per", true));
    }

    #[test]
    fn a_rate_has_a_price_above_zero() {
        let rate = Rate::new(Money::krw(1), Per::Day).unwrap();
        assert_eq!((rate.price(), rate.per()), (Money::krw(1), Per::Day));
        assert_eq!(Rate::flat(Money::krw(1)).unwrap().per(), Per::Rental);
        assert!(Rate::new(Money::krw(0), Per::Day).is_err());
        assert!(Rate::flat(Money::krw(-1)).is_err());
        assert!(Rate::flat(Money::new(1, Currency::XXX)).is_err(), "no minor units");
    }

    #[test]
    fn a_rate_from_outside_is_checked_and_flat_if_not_said() {
        let read = |json: &str| serde_json::from_str::<Rate>(json);
        assert_eq!(read(r#"{"price":5,"currency":"KRW"}"#).unwrap(), Rate::flat(Money::krw(5)).unwrap());
        let monthly = Rate::new(Money::krw(5), Per::Month).unwrap();
        assert_eq!(read(&serde_json::to_string(&monthly).unwrap()).unwrap(), monthly);
        for bad in [r#"{"price":0,"currency":"KRW"}"#, r#"{"price":5}"#, r#"{"price":5,"currency":"KRW","per":"week"}"#]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
