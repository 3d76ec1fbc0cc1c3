//! Who asks, and under which keys.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{CorrelationId, CustomerId, InvalidValue, Version};

/// The kinds of caller.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Who {
    /// May do everything but write a review.
    Manager,
    /// Reserves; cancels, ends and reviews only their own.
    Customer(CustomerId),
    /// Policies and the clock.
    System,
}

/// Who can ask from outside, as data.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub enum By {
    /// The manager.
    Manager,
    /// A customer.
    Customer(CustomerId),
}

/// Who asks, with the keys that make a request repeatable and traceable. Reads from JSON as `by`, `idempotencyKey` and
/// `correlationId`; whether somebody is who they say is for the host to know.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "RawCaller")]
pub struct Caller {
    who: Who,
    idempotency_key: Option<IdempotencyKey>,
    correlation_id: Option<CorrelationId>,
    expected_version: Option<Version>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawCaller {
    by: By,
    #[serde(default)]
    idempotency_key: Option<IdempotencyKey>,
    #[serde(default)]
    correlation_id: Option<CorrelationId>,
}

impl From<RawCaller> for Caller {
    fn from(RawCaller { by, idempotency_key, correlation_id }: RawCaller) -> Self {
        let who = match by {
            By::Manager => Who::Manager,
            By::Customer(customer) => Who::Customer(customer),
        };
        Caller { who, idempotency_key, correlation_id, expected_version: None }
    }
}

impl Caller {
    /// The manager of the site.
    pub fn manager() -> Self {
        Caller::of(Who::Manager)
    }

    /// A customer.
    pub fn customer(id: CustomerId) -> Self {
        Caller::of(Who::Customer(id))
    }

    /// Policies and the clock.
    pub fn system() -> Self {
        Caller::of(Who::System)
    }

    fn of(who: Who) -> Self {
        Caller { who, idempotency_key: None, correlation_id: None, expected_version: None }
    }

    /// The same caller repeating a request safely: `Reserve` under one key comes about once. A reservation that was rejected or has
    /// lapsed frees its key.
    #[must_use]
    pub fn with_idempotency_key(mut self, key: IdempotencyKey) -> Self {
        self.idempotency_key = Some(key);
        self
    }

    /// The same caller, its request traced under an id of its own choosing.
    #[must_use]
    pub fn with_correlation_id(mut self, id: CorrelationId) -> Self {
        self.correlation_id = Some(id);
        self
    }

    /// The same caller, who means the storage or reservation as it was in this version: changed since, it is not modified, deleted,
    /// cancelled or ended.
    #[must_use]
    pub fn expecting(mut self, version: Version) -> Self {
        self.expected_version = Some(version);
        self
    }

    /// The version the caller has in mind, if any.
    pub fn expected_version(&self) -> Option<Version> {
        self.expected_version
    }

    /// Which kind of caller.
    pub fn who(&self) -> &Who {
        &self.who
    }

    /// The key that makes a repeated `Reserve` the same one.
    pub fn idempotency_key(&self) -> Option<&IdempotencyKey> {
        self.idempotency_key.as_ref()
    }

    /// The id chosen for this request, if any.
    pub fn correlation_id(&self) -> Option<&CorrelationId> {
        self.correlation_id.as_ref()
    }

    /// In whose name a reservation is made: the customer's own, or `guest` for the manager.
    pub fn books_for(&self) -> CustomerId {
        match &self.who {
            Who::Customer(id) => id.clone(),
            Who::Manager | Who::System => CustomerId::guest(),
        }
    }

    /// Whether what belongs to `owner` is this caller's to change.
    pub fn may_act_for(&self, owner: &CustomerId) -> bool {
        match &self.who {
            Who::Customer(id) => id == owner,
            Who::Manager | Who::System => true,
        }
    }

    /// Whether this is the manager (or the system on the manager's behalf).
    pub fn is_manager(&self) -> bool {
        !matches!(self.who, Who::Customer(_))
    }

    /// The name that scopes idempotency keys: two callers never share one.
    pub fn scope(&self) -> String {
        match &self.who {
            Who::Manager => "manager".to_owned(),
            Who::Customer(id) => format!("customer:{id}"),
            Who::System => "system".to_owned(),
        }
    }
}

/// A key under which a repeated request is recognised: 1 to 200 visible ASCII characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(try_from = "String", into = "String")]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Takes a key from outside.
    ///
    /// # Errors
    /// [`InvalidValue`] unless it is 1 to 200 visible ASCII characters.
    pub fn new(raw: &str) -> Result<Self, InvalidValue> {
        if (1..=200).contains(&raw.len()) && raw.bytes().all(|b| b.is_ascii_graphic()) {
            Ok(IdempotencyKey(raw.to_owned()))
        } else {
            Err(InvalidValue::new(
                "idempotencyKey",
                "an idempotency key is 1 to 200 visible ASCII characters",
                "멱등 키는 공백 없는 ASCII 1~200자입니다",
            ))
        }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<IdempotencyKey> for String {
    fn from(key: IdempotencyKey) -> Self {
        key.0
    }
}

impl TryFrom<String> for IdempotencyKey {
    type Error = InvalidValue;

    fn try_from(raw: String) -> Result<Self, InvalidValue> {
        IdempotencyKey::new(&raw)
    }
}

impl FromStr for IdempotencyKey {
    type Err = InvalidValue;

    fn from_str(raw: &str) -> Result<Self, InvalidValue> {
        IdempotencyKey::new(raw)
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kim() -> Caller {
        Caller::customer(CustomerId::new("kim").unwrap())
    }

    #[test]
    fn a_customer_acts_for_themselves_and_the_manager_and_the_system_for_all() {
        let (kim_id, lee_id) = (CustomerId::new("kim").unwrap(), CustomerId::new("lee").unwrap());
        assert!(kim().may_act_for(&kim_id) && !kim().may_act_for(&lee_id));
        for caller in [Caller::manager(), Caller::system()] {
            assert!(caller.may_act_for(&kim_id) && caller.is_manager(), "{caller:?}");
            assert_eq!(caller.books_for(), CustomerId::guest());
        }
        assert!(!kim().is_manager());
        assert_eq!(kim().books_for(), kim_id);
        assert_eq!(kim().who(), &Who::Customer(kim_id));
    }

    #[test]
    fn no_two_callers_share_a_scope_whatever_a_customer_is_called() {
        let named = |name| Caller::customer(CustomerId::new(name).unwrap());
        let callers =
            [Caller::manager(), Caller::system(), kim(), named("manager"), named("system"), named("customer:kim")];
        let scopes: std::collections::BTreeSet<_> = callers.iter().map(Caller::scope).collect();
        assert_eq!(scopes.len(), callers.len(), "{scopes:?}");
        assert_eq!((Caller::manager().scope(), kim().scope()), ("manager".to_owned(), "customer:kim".to_owned()));
    }

    #[test]
    fn a_caller_carries_the_keys_it_was_given() {
        assert_eq!((kim().idempotency_key(), kim().correlation_id()), (None, None));
        let (key, id) = (IdempotencyKey::new("order-1").unwrap(), CorrelationId::new("req-1").unwrap());
        let caller = kim().with_idempotency_key(key.clone()).with_correlation_id(id.clone());
        assert_eq!((caller.idempotency_key(), caller.correlation_id()), (Some(&key), Some(&id)));
        assert_eq!(caller.who(), kim().who());
    }

    #[test]
    fn an_idempotency_key_is_1_to_200_visible_ascii_characters() {
        for fits in ["!", "~", &"k".repeat(200)] {
            assert_eq!(fits.parse::<IdempotencyKey>().unwrap().to_string(), fits);
        }
        for refused in ["", " ", "a b", "키", "a\n", "\u{7f}", &"k".repeat(201)] {
            assert!(IdempotencyKey::new(refused).is_err(), "{refused:?}");
        }
        let key: IdempotencyKey = serde_json::from_str("\"order-1\"").unwrap();
        assert_eq!(serde_json::to_string(&key).unwrap(), "\"order-1\"");
        assert!(serde_json::from_str::<IdempotencyKey>("\"\"").is_err());
    }
}
