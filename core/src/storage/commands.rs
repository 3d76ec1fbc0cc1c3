//! What a manager asks of storages.

use serde::{Deserialize, Serialize};

use crate::shared::{Description, Money, Per, Rate, StorageId};

/// Offers a new storage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RegisterStorage {
    /// What it is called and where it is.
    pub description: Description,
    /// What it costs.
    #[serde(flatten)]
    pub rate: Rate,
}

/// Offers many storages at once: all of them, or none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ImportStorages {
    /// The storages, in the order their ids are given out.
    pub storages: Vec<RegisterStorage>,
}

/// Changes what is given, and leaves the rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModifyStorage {
    /// Which storage.
    pub storage_id: StorageId,
    /// A new description.
    #[serde(default)]
    pub description: Option<Description>,
    /// A new price. Reservations already made keep theirs.
    #[serde(default, flatten)]
    pub price: Option<Money>,
    /// What the price is for.
    #[serde(default)]
    pub per: Option<Per>,
    /// Whether it is withdrawn from new reservations.
    #[serde(default)]
    pub withdrawn: Option<bool>,
}

impl ModifyStorage {
    /// A change of nothing yet; set the fields that are to change.
    pub fn new(storage_id: StorageId) -> Self {
        ModifyStorage { storage_id, description: None, price: None, per: None, withdrawn: None }
    }
}

/// Takes a storage away for good; its history stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeleteStorage {
    /// Which storage.
    pub storage_id: StorageId,
}
