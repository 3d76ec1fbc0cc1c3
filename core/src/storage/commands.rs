//! What a manager asks of storages.

use serde::{Deserialize, Serialize};

use crate::shared::{Currency, Description, InvalidValue, Money, Per, Rate, StorageId};

/// Offers a new storage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase", try_from = "RawRegisterStorage")]
pub struct RegisterStorage {
    /// What it is called and where it is.
    pub description: Description,
    /// What it costs.
    #[serde(flatten)]
    pub rate: Rate,
}

/// The same fields, not yet checked. A flattened rate would pass over whatever else there is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawRegisterStorage {
    description: Description,
    price: i64,
    currency: Currency,
    #[serde(default)]
    per: Per,
}

impl TryFrom<RawRegisterStorage> for RegisterStorage {
    type Error = InvalidValue;

    fn try_from(raw: RawRegisterStorage) -> Result<Self, InvalidValue> {
        let RawRegisterStorage { description, price, currency, per } = raw;
        Ok(RegisterStorage { description, rate: Rate::new(Money::new(price, currency), per)? })
    }
}

/// Offers many storages at once: all of them, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ImportStorages {
    /// The storages, in the order their ids are given out.
    pub storages: Vec<RegisterStorage>,
}

/// Changes what is given, and leaves the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase", try_from = "RawModifyStorage")]
pub struct ModifyStorage {
    /// Which storage.
    pub storage_id: StorageId,
    /// A new description.
    #[cfg_attr(feature = "tsify", tsify(optional))]
    pub description: Option<Description>,
    /// A new price. Reservations already made keep theirs.
    #[serde(flatten)]
    pub price: Option<Money>,
    /// What the price is for.
    #[cfg_attr(feature = "tsify", tsify(optional))]
    pub per: Option<Per>,
    /// Whether it is withdrawn from new reservations.
    #[cfg_attr(feature = "tsify", tsify(optional))]
    pub withdrawn: Option<bool>,
}

/// The same fields, not yet checked. A flattened `Option` would pass a price over that is not well formed.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawModifyStorage {
    storage_id: StorageId,
    description: Option<Description>,
    price: Option<i64>,
    currency: Option<Currency>,
    per: Option<Per>,
    withdrawn: Option<bool>,
}

impl TryFrom<RawModifyStorage> for ModifyStorage {
    type Error = InvalidValue;

    fn try_from(raw: RawModifyStorage) -> Result<Self, InvalidValue> {
        let price = match (raw.price, raw.currency) {
            (Some(amount), Some(currency)) => Some(Money::new(amount, currency)),
            (None, None) => None,
            (Some(_), None) => {
                return Err(InvalidValue::new("currency", "a price needs one", "가격에는 통화가 필요합니다"));
            }
            (None, Some(_)) => {
                return Err(InvalidValue::new("price", "a currency needs one", "통화에는 가격이 필요합니다"));
            }
        };
        let RawModifyStorage { storage_id, description, per, withdrawn, .. } = raw;
        Ok(ModifyStorage { storage_id, description, price, per, withdrawn })
    }
}

impl ModifyStorage {
    /// A change of nothing yet; set the fields that are to change.
    pub fn new(storage_id: StorageId) -> Self {
        ModifyStorage { storage_id, description: None, price: None, per: None, withdrawn: None }
    }
}

/// Takes a storage away for good; its history stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeleteStorage {
    /// Which storage.
    pub storage_id: StorageId,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<ModifyStorage, serde_json::Error> {
        serde_json::from_str(json)
    }

    #[test]
    fn a_modification_changes_what_is_given() {
        let nothing = ModifyStorage::new(StorageId::new(1));
        assert_eq!(read(r#"{"storageId":1}"#).unwrap(), nothing);
        let priced = read(r#"{"storageId":1,"price":5,"currency":"KRW","per":"day"}"#).unwrap();
        assert_eq!(priced, ModifyStorage { price: Some(Money::krw(5)), per: Some(Per::Day), ..nothing });
        assert_eq!(read(&serde_json::to_string(&priced).unwrap()).unwrap(), priced);
    }

    #[test]
    fn a_price_that_is_not_well_formed_is_refused_and_never_passed_over() {
        for bad in [
            r#"{"storageId":1,"price":5}"#,
            r#"{"storageId":1,"currency":"KRW"}"#,
            r#"{"storageId":1,"price":"5","currency":"KRW"}"#,
            r#"{"storageId":1,"price":5.5,"currency":"KRW"}"#,
            r#"{"storageId":1,"price":5,"currency":"XYZ"}"#,
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
