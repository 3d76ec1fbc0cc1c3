//! The two languages people are spoken to in.

use serde::{Deserialize, Serialize};

/// The language of words meant for people; data is never translated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// 한국어
    #[default]
    Ko,
    /// English
    En,
}

impl Lang {
    /// Picks the wording of this language.
    pub fn pick<T>(self, en: T, ko: T) -> T {
        match self {
            Lang::En => en,
            Lang::Ko => ko,
        }
    }

    /// Reads `ko` or `en`.
    pub fn parse(raw: &str) -> Option<Self> {
        match raw {
            "ko" => Some(Lang::Ko),
            "en" => Some(Lang::En),
            _ => None,
        }
    }

    /// The two-letter code, `ko` or `en`.
    pub fn code(self) -> &'static str {
        self.pick("en", "ko")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_of_a_language_reads_back() {
        for (lang, code) in [(Lang::Ko, "ko"), (Lang::En, "en")] {
            assert_eq!(lang.code(), code);
            assert_eq!(Lang::parse(code), Some(lang));
            assert_eq!(serde_json::to_value(lang).unwrap(), code);
        }
        assert_eq!(Lang::parse("fr"), None);
        assert_eq!(Lang::default(), Lang::Ko);
    }
}
