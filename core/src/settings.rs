//! The settings of a site, kept in its store.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::payment::BreakerConfig;
use crate::shared::{InvalidValue, Lang};

/// The settings of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The IANA zone whose days count, such as `Asia/Seoul`.
    pub zone: String,
    /// How long a hold blocks its period before it may be ended: 1 to 1,440 minutes.
    pub hold_minutes: u32,
    /// So many failures in a row open the breaker: 1 to 1,000.
    pub breaker_failures: u32,
    /// So long it stays open before one probe: 1 to 3,600 seconds.
    pub breaker_open_seconds: u32,
    /// So long a call of the gateway may take: 1 to 120 seconds.
    pub deadline_seconds: u32,
    /// The language messages to customers are written in.
    pub language: Lang,
    /// The name of the payment gateway whose books the site's payments are in; empty until there is one.
    pub gateway: String,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            zone: "Asia/Seoul".to_owned(),
            hold_minutes: 10,
            breaker_failures: 5,
            breaker_open_seconds: 30,
            deadline_seconds: 5,
            language: Lang::Ko,
            gateway: String::new(),
        }
    }
}

impl Settings {
    /// The names of all settings.
    pub const KEYS: [&'static str; 7] =
        ["zone", "holdMinutes", "breakerFailures", "breakerOpenSeconds", "deadlineSeconds", "language", "gateway"];

    /// All settings as text, by name: what a store keeps.
    pub fn entries(&self) -> [(&'static str, String); 7] {
        [
            ("zone", self.zone.clone()),
            ("holdMinutes", self.hold_minutes.to_string()),
            ("breakerFailures", self.breaker_failures.to_string()),
            ("breakerOpenSeconds", self.breaker_open_seconds.to_string()),
            ("deadlineSeconds", self.deadline_seconds.to_string()),
            ("language", self.language.code().to_owned()),
            ("gateway", self.gateway.clone()),
        ]
    }

    /// Sets one by name. Whether a zone exists is for the Clock port to say.
    ///
    /// # Errors
    /// [`InvalidValue`] for a name that is none, or a value out of range.
    pub fn set(&mut self, key: &str, value: &str) -> Result<(), InvalidValue> {
        let value = value.trim();
        match key {
            "zone" => self.zone = value.to_owned(),
            "holdMinutes" => self.hold_minutes = number("holdMinutes", value, 1_440)?,
            "breakerFailures" => self.breaker_failures = number("breakerFailures", value, 1_000)?,
            "breakerOpenSeconds" => self.breaker_open_seconds = number("breakerOpenSeconds", value, 3_600)?,
            "deadlineSeconds" => self.deadline_seconds = number("deadlineSeconds", value, 120)?,
            "language" => {
                self.language = Lang::parse(value)
                    .ok_or_else(|| InvalidValue::new("language", "must be ko or en", "ko 또는 en이어야 합니다"))?;
            }
            "gateway" if value.is_empty() => self.gateway.clear(),
            "gateway" => self.gateway = name("gateway", value)?,
            other => {
                let known = Settings::KEYS.join(", ");
                return Err(InvalidValue::new(
                    "key",
                    format!("{other:?} is no setting; there are {known}"),
                    format!("{other:?}라는 설정은 없습니다. 설정: {known}"),
                ));
            }
        }
        Ok(())
    }

    /// When the breaker opens and for how long.
    pub fn breaker(&self) -> BreakerConfig {
        BreakerConfig {
            failures_max: self.breaker_failures,
            open_for: Duration::from_secs(u64::from(self.breaker_open_seconds)),
            probe_max: self.deadline() * 2,
        }
    }

    /// How long a call of the gateway may take.
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(u64::from(self.deadline_seconds))
    }
}

/// Names of gateways, consumers and channels: 1 to 40 of `a-z 0-9 -`.
pub(crate) fn name(field: &'static str, raw: &str) -> Result<String, InvalidValue> {
    let fits =
        (1..=40).contains(&raw.len()) && raw.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if fits {
        Ok(raw.to_owned())
    } else {
        Err(InvalidValue::new(field, "a name is 1 to 40 of a-z 0-9 -", "이름은 a-z 0-9 - 1~40자입니다"))
    }
}

fn number(field: &'static str, value: &str, max: u32) -> Result<u32, InvalidValue> {
    match value.parse() {
        Ok(n) if (1..=max).contains(&n) => Ok(n),
        Ok(_) | Err(_) => Err(InvalidValue::new(
            field,
            format!("must be a whole number from 1 to {max}"),
            format!("1~{max} 사이의 정수여야 합니다"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_survive_their_text() {
        let mut changed = Settings { hold_minutes: 3, language: Lang::En, ..Settings::default() };
        changed.zone = "Europe/Vienna".to_owned();
        let mut read = Settings::default();
        for (key, value) in changed.entries() {
            read.set(key, &value).unwrap();
        }
        assert_eq!(read, changed);
    }

    #[test]
    fn unknown_names_and_values_out_of_range_are_refused() {
        let mut settings = Settings::default();
        for (key, value) in [
            ("colour", "red"),
            ("holdMinutes", "0"),
            ("holdMinutes", "1441"),
            ("holdMinutes", "ten"),
            ("language", "fr"),
        ] {
            assert!(settings.set(key, value).is_err(), "{key} {value}");
        }
        assert_eq!(settings, Settings::default());
    }

    #[test]
    fn each_setting_has_a_range_and_its_ends_are_in_it() {
        for (key, max) in [
            ("holdMinutes", 1_440),
            ("breakerFailures", 1_000),
            ("breakerOpenSeconds", 3_600),
            ("deadlineSeconds", 120),
        ] {
            let mut settings = Settings::default();
            for fits in [1, max] {
                settings.set(key, &format!(" {fits} ")).unwrap();
                assert!(settings.entries().contains(&(key, fits.to_string())), "{key} is {fits}");
            }
            for out in [0, max + 1] {
                assert_eq!(settings.set(key, &out.to_string()).unwrap_err().field, key);
            }
        }
    }

    #[test]
    fn entries_bear_the_names_of_the_settings() {
        assert_eq!(Settings::default().entries().map(|(key, _)| key), Settings::KEYS);
    }

    #[test]
    fn a_probe_has_twice_the_deadline() {
        let settings = Settings { deadline_seconds: 7, breaker_open_seconds: 40, ..Settings::default() };
        assert_eq!(settings.deadline(), Duration::from_secs(7));
        let (failures_max, open_for) = (5, Duration::from_secs(40));
        assert_eq!(settings.breaker(), BreakerConfig { failures_max, open_for, probe_max: Duration::from_secs(14) });
    }
}
