//! Where the simulated payment service keeps its entries.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use storagerent_core::effect::Outcome;
use storagerent_core::ports::StoreError;
use storagerent_core::shared::Key;

use super::ledger::{Booked, Entry};

/// The entries by key. A booking is atomic: nobody books the same key between what is read and what is written.
pub(super) trait Books: Send + Sync {
    /// Lets `f` decide by the key's entry what to write there, and writes it for good.
    fn book(&self, key: Key, f: &mut dyn FnMut(Option<Entry>) -> Booked) -> Result<Outcome, StoreError>;

    /// All entries, in order of key.
    fn all(&self) -> Result<Vec<(Key, Entry)>, StoreError>;
}

/// Books that are gone with the process.
#[derive(Debug, Default)]
pub(super) struct RamBooks {
    entries: Mutex<BTreeMap<Key, Entry>>,
}

impl Books for RamBooks {
    fn book(&self, key: Key, f: &mut dyn FnMut(Option<Entry>) -> Booked) -> Result<Outcome, StoreError> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let (entry, outcome) = f(entries.get(&key).copied());
        if let Some(entry) = entry {
            entries.insert(key, entry);
        }
        Ok(outcome)
    }

    fn all(&self) -> Result<Vec<(Key, Entry)>, StoreError> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(entries.iter().map(|(key, entry)| (*key, *entry)).collect())
    }
}
