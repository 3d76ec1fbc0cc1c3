//! Secondary indexes: ids in order of something else.

use imbl::OrdSet;

/// The ids of rows, in order of a key that rows may share, or not have.
#[derive(Clone)]
pub(super) struct Index<K> {
    entries: OrdSet<(K, u64)>,
}

impl<K: Ord + Clone> Default for Index<K> {
    fn default() -> Self {
        Index { entries: OrdSet::new() }
    }
}

impl<K: Ord + Clone> Index<K> {
    /// Moves a row from its old key to its new one, `None` being nowhere.
    pub(super) fn put(&mut self, id: u64, before: Option<K>, after: Option<K>) {
        if before == after {
            return;
        }
        if let Some(key) = before {
            self.entries.remove(&(key, id));
        }
        if let Some(key) = after {
            self.entries.insert((key, id));
        }
    }

    /// The ids under a key that come after one, in order.
    pub(super) fn under(&self, key: &K, after: u64) -> impl Iterator<Item = u64> + use<'_, K> {
        let wanted = key.clone();
        self.from((key.clone(), after.saturating_add(1))).take_while(move |(key, _)| *key == wanted).map(|(_, id)| *id)
    }

    /// The entries from one on, in order.
    pub(super) fn from(&self, first: (K, u64)) -> impl Iterator<Item = &(K, u64)> {
        self.entries.range(first..)
    }

    /// All entries, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &(K, u64)> {
        self.entries.iter()
    }

    /// The lowest key.
    pub(super) fn first(&self) -> Option<&K> {
        self.entries.get_min().map(|(key, _)| key)
    }
}
