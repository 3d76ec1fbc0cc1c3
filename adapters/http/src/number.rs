//! Numbers that may arrive as strings: the clients of the first storagerent send `"200000"`.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, Visitor};
use utoipa::openapi::Schema;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};

/// Numbers are at most so large either way: what JSON programs everywhere hold exactly.
pub(crate) const MAX: i64 = 999_999_999_999_999;

/// A whole number, or a string of its digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Number<T>(pub(crate) T);

impl<'de, T: TryFrom<i64>> Deserialize<'de> for Number<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Digits<T>(std::marker::PhantomData<T>);
        impl<T: TryFrom<i64>> Visitor<'_> for Digits<T> {
            type Value = Number<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Self::Value, E> {
                if !(-MAX..=MAX).contains(&n) {
                    return Err(E::custom("the number is out of range"));
                }
                T::try_from(n).map(Number).map_err(|_| E::custom("the number is out of range"))
            }

            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Self::Value, E> {
                self.visit_i64(i64::try_from(n).map_err(|_| E::custom("the number is out of range"))?)
            }

            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Self::Value, E> {
                Err(E::custom("a whole number is wanted"))
            }

            fn visit_str<E: de::Error>(self, raw: &str) -> Result<Self::Value, E> {
                let digits = raw.strip_prefix('-').unwrap_or(raw);
                let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
                let number = if plain { raw.parse().ok() } else { None };
                self.visit_i64(number.ok_or_else(|| E::custom("a whole number is wanted"))?)
            }
        }
        deserializer.deserialize_any(Digits(std::marker::PhantomData))
    }
}

/// How the OpenAPI document shows it.
pub(crate) fn schema() -> Schema {
    let digits = ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]{1,15}$"));
    let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0)).maximum(Some(MAX));
    Schema::OneOf(OneOfBuilder::new().item(number).item(digits).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_their_digits_are_read_and_nothing_else() {
        let read = serde_json::from_str::<Number<i64>>;
        for (raw, number) in [("7", 7), ("\"7\"", 7), ("\"200000\"", 200_000), ("-1", -1), ("\"-1\"", -1)] {
            assert_eq!(read(raw).unwrap(), Number(number), "{raw}");
        }
        for raw in ["7.0", "\"7.0\"", "\" 7\"", "\"+7\"", "\"\"", "\"-\"", "true", "null", "[7]", "1000000000000000"] {
            assert!(read(raw).is_err(), "{raw}");
        }
        assert!(serde_json::from_str::<Number<u64>>("-1").is_err());
        assert!(serde_json::from_str::<Number<u64>>("\"18446744073709551616\"").is_err());
    }
}
