//! What the error families have in common: the kind a refusal is of, and the two refusals every context knows.

/// The few sorts of refusal a caller has to tell apart; exit codes and HTTP statuses follow from it alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    /// A value is not well formed, or not one this command takes.
    Invalid,
    /// There is nothing under that id.
    NotFound,
    /// It is well formed, but the present state forbids it.
    Conflict,
    /// This caller may not do it.
    NotAllowed,
    /// The payment was declined.
    Declined,
    /// Not now: busy, the payment service is away, or the outcome is unknown. Try later.
    Unavailable,
    /// Anything else: a broken file, a full disk, a defect.
    Internal,
}

/// A value that is not well formed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {reason}")]
pub struct InvalidValue {
    /// The field it was given for, named as in JSON.
    pub field: &'static str,
    /// What is wrong with it.
    pub reason: String,
    /// The same, in Korean.
    pub reason_ko: String,
}

impl InvalidValue {
    /// Says what is wrong with `field`, in both languages.
    pub fn new(field: &'static str, en: impl Into<String>, ko: impl Into<String>) -> Self {
        InvalidValue { field, reason: en.into(), reason_ko: ko.into() }
    }
}

/// This caller may not do that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not allowed: {reason}")]
pub struct NotAllowed {
    /// Who may.
    pub reason: &'static str,
    /// The same, in Korean.
    pub reason_ko: &'static str,
}
