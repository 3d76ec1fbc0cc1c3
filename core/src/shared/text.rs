//! Text from people: trimmed, bounded, and free of characters that could deceive or damage a terminal.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, de};

use super::InvalidValue;

/// Whether a character could deceive or damage what shows it: control characters, and the marks that reorder what is shown.
fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// The bytes that such characters begin with in UTF-8.
const LEADS: [bool; 256] = {
    let mut leads = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        leads[byte] = matches!(byte, 0..0x20 | 0x7F | 0xC2 | 0xD8 | 0xE2);
        byte += 1;
    }
    leads
};

/// The first character of a text that could deceive or damage what shows it, if there is one.
pub fn first_unsafe(text: &str) -> Option<char> {
    // Nearly all that is looked at has none, in whatever language, and that shows byte by byte.
    let leads = |(_, byte): &(usize, u8)| LEADS.get(usize::from(*byte)) == Some(&true);
    let candidates = text.bytes().enumerate().filter(leads);
    candidates.filter_map(|(at, _)| text.get(at..)?.chars().next()).find(|c| is_unsafe(*c))
}

/// Text from a machine outside, such as a gateway's reason, made fit to keep and show: one line, nothing unsafe, at most so many
/// characters.
pub fn plain(raw: &str, chars_max: usize) -> String {
    let line = raw.chars().map(|c| if c == '\n' || c == '\t' { ' ' } else { c });
    line.filter(|c| !is_unsafe(*c)).take(chars_max).collect()
}

fn bounded<'r>(field: &'static str, raw: &'r str, chars_max: usize) -> Result<&'r str, InvalidValue> {
    let text = raw.trim();
    if text.is_empty() {
        return Err(InvalidValue::new(field, "must not be empty", "비어 있을 수 없습니다"));
    }
    // No text has more characters than bytes: most need not be counted.
    let chars = if text.len() <= chars_max { 0 } else { text.chars().count() };
    if chars > chars_max {
        return Err(InvalidValue::new(
            field,
            format!("{chars} characters; at most {chars_max} are allowed"),
            format!("{chars}자입니다; 최대 {chars_max}자까지 가능합니다"),
        ));
    }
    if let Some(c) = first_unsafe(text) {
        return Err(InvalidValue::new(
            field,
            format!("contains the control or direction mark U+{:04X}", u32::from(c)),
            format!("제어 문자 또는 방향 문자 U+{:04X}가 들어 있습니다", u32::from(c)),
        ));
    }
    Ok(text)
}

/// Reads a text and checks it where it lies: most are read from the log, and need no copy but the one that is kept.
pub(super) struct Checked<T>(pub(super) fn(&str) -> Result<T, InvalidValue>);

impl<T> de::Visitor<'_> for Checked<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: de::Error>(self, raw: &str) -> Result<T, E> {
        self.0(raw).map_err(E::custom)
    }
}

macro_rules! bounded_text {
    ($(#[$doc:meta])* $name:ident, $field:literal, $max:tt) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
        #[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
        #[cfg_attr(feature = "utoipa", schema(value_type = String, min_length = 1, max_length = $max))]
        pub struct $name(Arc<str>);

        impl $name {
            /// Trims and checks text from outside.
            ///
            /// # Errors
            /// [`InvalidValue`] when it is empty, too long, or holds control characters or bidi marks.
            pub fn new(raw: &str) -> Result<Self, InvalidValue> {
                bounded($field, raw, $max).map(|text| $name(text.into()))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidValue;

            fn try_from(raw: String) -> Result<Self, InvalidValue> {
                $name::new(&raw)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidValue;

            fn from_str(raw: &str) -> Result<Self, InvalidValue> {
                $name::new(raw)
            }
        }

        impl From<$name> for String {
            fn from(text: $name) -> Self {
                text.as_str().to_owned()
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_str(Checked($name::new))
            }
        }

        impl Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

bounded_text!(
    /// What a storage is called and where it is: 1 to 200 characters.
    Description, "description", 200
);
bounded_text!(
    /// An opaque id of a customer, 1 to 200 characters; put no personal data here, it enters the log.
    CustomerId, "customer", 200
);
bounded_text!(
    /// What a review says: 1 to 2,000 characters.
    ReviewContent, "content", 2000
);

impl CustomerId {
    /// The customer of reservations that the manager makes.
    pub fn guest() -> Self {
        CustomerId("guest".into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_and_its_characters_counted() {
        assert_eq!(Description::new("  강남 소형  ").unwrap().as_str(), "강남 소형");
        assert!(Description::new(&"창".repeat(200)).is_ok());
        assert!(Description::new(&"창".repeat(201)).is_err());
        assert!(ReviewContent::new(&"창".repeat(2000)).is_ok());
        assert!(ReviewContent::new(&"창".repeat(2001)).is_err());
    }

    #[test]
    fn text_from_machines_is_made_plain() {
        assert_eq!(plain("no\tway\n\u{1b}[31m\u{202E}!", 100), "no way [31m!");
        assert_eq!(plain("창고창고", 3), "창고창");
    }

    #[test]
    fn empty_text_is_refused() {
        assert!(Description::new("").is_err());
        assert!(CustomerId::new(" \t ").is_err());
    }

    #[test]
    fn control_characters_and_bidi_marks_are_refused() {
        for hostile in ["\u{1b}[31mred", "a\u{0}b", "a\u{202E}b", "a\u{2066}b", "a\nb", "a\u{200F}b", "a\u{85}b"] {
            assert!(Description::new(hostile).is_err(), "{hostile:?}");
        }
        assert!(Description::new("🚚 이사짐 <img src=x> '); DROP").is_ok());
    }

    #[test]
    fn every_mark_that_reorders_text_is_unsafe_and_its_neighbours_are_not() {
        let unsafe_marks = ['\u{061C}', '\u{200E}', '\u{200F}', '\u{202A}', '\u{202E}', '\u{2066}', '\u{2069}'];
        assert!(unsafe_marks.into_iter().chain(['\0', '\n', '\u{7f}', '\u{9f}']).all(is_unsafe));
        let neighbours =
            ['\u{061B}', '\u{061D}', '\u{200D}', '\u{2010}', '\u{2029}', '\u{202F}', '\u{2065}', '\u{206A}'];
        assert!(!neighbours.into_iter().chain(['가', ' ', '\u{a0}']).any(is_unsafe));
        for c in '\0'..=char::MAX {
            let text = format!("가a{c}");
            assert_eq!(first_unsafe(&text), Some(c).filter(|c| is_unsafe(*c)), "{}", u32::from(c));
        }
    }

    #[test]
    fn text_reads_back_from_its_json_and_is_checked_on_the_way() {
        let text: CustomerId = serde_json::from_str("\" kim \"").unwrap();
        assert_eq!((text.to_string(), serde_json::to_string(&text).unwrap()), ("kim".to_owned(), "\"kim\"".to_owned()));
        assert!(serde_json::from_str::<ReviewContent>("\"a\\u0000b\"").is_err());
        assert_eq!("kim".parse::<CustomerId>(), Ok(text));
        assert!("".parse::<Description>().is_err());
    }

    #[test]
    fn a_refusal_names_the_field_and_counts_characters_not_bytes() {
        let refused = Description::new(&"창".repeat(201)).unwrap_err();
        assert_eq!(
            (refused.field, refused.reason.as_str()),
            ("description", "201 characters; at most 200 are allowed")
        );
        assert_eq!(CustomerId::new("").unwrap_err().field, "customer");
        assert_eq!(ReviewContent::new("\u{202e}").unwrap_err().reason, "contains the control or direction mark U+202E");
    }

    #[test]
    fn the_manager_reserves_as_guest() {
        assert_eq!(CustomerId::guest(), CustomerId::new("guest").unwrap());
    }
}
