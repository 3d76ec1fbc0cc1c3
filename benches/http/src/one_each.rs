//! The rival: the same store, behind one lock, with a transaction for each.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use storagerent::StoreError;
use storagerent::ports::{Queries, Store, Work};
use storagerent::sqlite::SqliteStore;

/// Works that were submitted together, and how long they wait.
type Submission = (Vec<Box<dyn Work>>, Duration);

/// A store that commits each submission alone, one after the other.
pub(crate) struct OneEach {
    store: SqliteStore,
    waiting: Mutex<Waiting>,
}

/// What waits, and whether somebody leads.
#[derive(Default)]
struct Waiting {
    submissions: VecDeque<Submission>,
    is_led: bool,
}

impl OneEach {
    /// Over a store that nobody else submits to.
    pub(crate) fn new(store: SqliteStore) -> Self {
        OneEach { store, waiting: Mutex::default() }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next for whoever leads, who leads no longer when there is none.
    fn next(&self) -> Option<Submission> {
        let mut waiting = self.lock();
        let next = waiting.submissions.pop_front();
        waiting.is_led = next.is_some();
        next
    }
}

impl Store for OneEach {
    fn submit(&self, work: Vec<Box<dyn Work>>, wait_max: Duration) -> bool {
        let mut waiting = self.lock();
        waiting.submissions.push_back((work, wait_max));
        !waiting.is_led
    }

    fn drive(&self) {
        if std::mem::replace(&mut self.lock().is_led, true) {
            return;
        }
        while let Some((work, wait_max)) = self.next() {
            self.store.submit(work, wait_max);
            self.store.drive();
        }
    }

    fn read(&self, f: &mut dyn FnMut(&mut dyn Queries)) -> Result<(), StoreError> {
        self.store.read(f)
    }
}
