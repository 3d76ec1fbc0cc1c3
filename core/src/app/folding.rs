//! The view projection: the rows of one batch are folded in memory, and kept once each, in order of key.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::event::Event;
use crate::ports::{StoreError, Transaction};
use crate::shared::StorageId;
use crate::storage_view::{StorageViewRow, fold};

/// The rows of the view that a batch of events has touched.
#[derive(Default)]
pub(super) struct Views {
    rows: BTreeMap<StorageId, Touched>,
}

struct Touched {
    was_there: bool,
    row: Option<StorageViewRow>,
    changed: bool,
}

impl Views {
    /// Folds one event into the row of its storage.
    pub(super) fn fold(&mut self, tx: &mut dyn Transaction, event: &Event) -> Result<(), StoreError> {
        let id = event.storage_id();
        let touched = match self.rows.entry(id) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let row = tx.view(id)?;
                entry.insert(Touched { was_there: row.is_some(), row, changed: false })
            }
        };
        touched.changed |= fold(&mut touched.row, event);
        Ok(())
    }

    /// Keeps what has changed.
    pub(super) fn keep(self, tx: &mut dyn Transaction) -> Result<(), StoreError> {
        for (id, touched) in self.rows.into_iter().filter(|(_, touched)| touched.changed) {
            match touched.row {
                Some(row) => tx.put_view(&row)?,
                None if touched.was_there => tx.remove_view(id)?,
                None => {}
            }
        }
        Ok(())
    }
}
