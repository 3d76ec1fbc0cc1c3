//! Identities. Numbers from 1 per kind come from the repository; random 128-bit keys come from the Ids port.

use std::fmt;
use std::num::ParseIntError;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::InvalidValue;

macro_rules! numeric_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
        #[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
        #[serde(transparent)]
        pub struct $name(u64);

        impl $name {
            /// Wraps the number; whether anything bears it is for the store to say.
            pub const fn new(number: u64) -> Self {
                $name(number)
            }

            /// The number.
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl From<u64> for $name {
            fn from(number: u64) -> Self {
                $name(number)
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(raw: &str) -> Result<Self, ParseIntError> {
                raw.parse().map($name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

numeric_id!(
    /// Names a storage; from 1.
    StorageId
);
numeric_id!(
    /// Names a reservation; from 1.
    ReservationId
);
numeric_id!(
    /// Names a payment; from 1.
    PaymentId
);
numeric_id!(
    /// Names a review; from 1.
    ReviewId
);
numeric_id!(
    /// Names a message; from 1.
    MessageId
);
numeric_id!(
    /// Names an effect; from 1.
    EffectId
);
numeric_id!(
    /// Names a dead letter; from 1.
    DeadLetterId
);
numeric_id!(
    /// The place of an event in its log: 1, 2, 3 … without gaps. 0 is before the first.
    Sequence
);
numeric_id!(
    /// The number of events an aggregate has raised.
    Version
);

impl Sequence {
    /// Before the first event.
    pub const ZERO: Sequence = Sequence(0);

    /// The place after this one.
    #[must_use]
    pub const fn next(self) -> Self {
        Sequence(self.0 + 1)
    }
}

impl Version {
    /// Before the first event.
    pub const ZERO: Version = Version(0);

    /// The version one event later.
    #[must_use]
    pub const fn next(self) -> Self {
        Version(self.0 + 1)
    }
}

/// A random 128-bit key, written as 32 lowercase hex digits: under it an outside party recognises a repeated call.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "utoipa", schema(value_type = String, pattern = "^[0-9a-f]{32}$"))]
#[serde(try_from = "String", into = "String")]
pub struct Key(#[cfg_attr(feature = "tsify", tsify(type = "string"))] u128);

impl Key {
    /// Wraps 128 random bits.
    pub const fn new(bits: u128) -> Self {
        Key(bits)
    }

    /// The bits.
    pub const fn bits(self) -> u128 {
        self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({self})")
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.to_string()
    }
}

impl FromStr for Key {
    type Err = InvalidValue;

    fn from_str(raw: &str) -> Result<Self, InvalidValue> {
        let well_formed = raw.len() == 32 && raw.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        match u128::from_str_radix(raw, 16) {
            Ok(bits) if well_formed => Ok(Key(bits)),
            _ => Err(InvalidValue::new("key", "a key is 32 lowercase hex digits", "키는 소문자 16진수 32자리입니다")),
        }
    }
}

impl TryFrom<String> for Key {
    type Error = InvalidValue;

    fn try_from(raw: String) -> Result<Self, InvalidValue> {
        raw.parse()
    }
}

/// Names the request that began it all; every event, message, effect and payment that follows carries it.
///
/// 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[cfg_attr(feature = "utoipa", schema(value_type = String, pattern = "^[A-Za-z0-9._-]{1,64}$"))]
#[serde(try_from = "String")]
pub struct CorrelationId(Arc<str>);

impl CorrelationId {
    /// Takes an id from outside.
    ///
    /// # Errors
    /// [`InvalidValue`] unless it is 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
    pub fn new(raw: &str) -> Result<Self, InvalidValue> {
        let fits =
            (1..=64).contains(&raw.len()) && raw.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
        if fits {
            Ok(CorrelationId(raw.into()))
        } else {
            Err(InvalidValue::new(
                "correlationId",
                "a correlation id is 1 to 64 of A-Z a-z 0-9 . _ -",
                "상관관계 ID는 A-Z a-z 0-9 . _ - 1~64자입니다",
            ))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Key> for CorrelationId {
    fn from(key: Key) -> Self {
        CorrelationId(key.to_string().into())
    }
}

impl From<CorrelationId> for String {
    fn from(id: CorrelationId) -> Self {
        id.as_str().to_owned()
    }
}

impl Serialize for CorrelationId {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl TryFrom<String> for CorrelationId {
    type Error = InvalidValue;

    fn try_from(raw: String) -> Result<Self, InvalidValue> {
        CorrelationId::new(&raw)
    }
}

impl FromStr for CorrelationId {
    type Err = InvalidValue;

    fn from_str(raw: &str) -> Result<Self, InvalidValue> {
        CorrelationId::new(raw)
    }
}

impl fmt::Display for CorrelationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_survives_its_text() {
        let key = Key::new(0xabc);
        assert_eq!(key.to_string().len(), 32);
        assert_eq!(key.to_string().parse::<Key>().unwrap(), key);
    }

    #[test]
    fn a_key_of_other_shape_is_refused() {
        for raw in ["", "abc", &"G".repeat(32), &"A".repeat(32), "+0000000000000000000000000000abc"] {
            assert!(raw.parse::<Key>().is_err(), "{raw}");
        }
    }

    #[test]
    fn a_correlation_id_with_spaces_or_of_no_or_too_great_length_is_refused() {
        for raw in ["", "a b", "é", &"a".repeat(65)] {
            assert!(CorrelationId::new(raw).is_err(), "{raw}");
        }
        assert!(CorrelationId::new("req-1_A.b").is_ok());
    }

    #[test]
    fn a_key_is_written_and_read_as_32_hex_digits() {
        let key = Key::new(0xabc);
        let text = format!("{}abc", "0".repeat(29));
        assert_eq!(serde_json::to_value(key).unwrap(), text);
        assert_eq!(serde_json::from_value::<Key>(text.clone().into()).unwrap().bits(), 0xabc);
        assert!(serde_json::from_str::<Key>("\"abc\"").is_err());
        assert_eq!(format!("{key:?}"), format!("Key({text})"));
    }

    #[test]
    fn a_correlation_id_is_the_text_it_was_given_or_a_key() {
        assert_eq!(CorrelationId::new(&"a".repeat(64)).unwrap().as_str().len(), 64);
        assert_eq!("req-1".parse(), CorrelationId::new("req-1"));
        let from_key = CorrelationId::from(Key::new(1));
        assert_eq!(from_key.to_string(), Key::new(1).to_string());
        assert_eq!(serde_json::to_value(&from_key).unwrap(), from_key.as_str());
        assert!(serde_json::from_str::<CorrelationId>("\"a b\"").is_err());
    }

    #[test]
    fn numbers_are_shown_and_written_as_they_are() {
        assert_eq!((StorageId::new(7).to_string(), StorageId::from(7).get()), ("7".to_owned(), 7));
        assert_eq!(serde_json::to_string(&ReservationId::new(7)).unwrap(), "7");
        assert!(serde_json::from_str::<StorageId>("-1").is_err());
        assert_eq!("7".parse(), Ok(StorageId::new(7)));
        assert!("-1".parse::<StorageId>().is_err());
        assert_eq!((Sequence::ZERO.next(), Version::ZERO.next()), (Sequence::new(1), Version::new(1)));
    }
}
