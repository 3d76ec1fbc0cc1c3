//! What the writer remembers of the file from one work to the next: what nearly every work asks for.
//!
//! It is good only while nobody else has written: `PRAGMA data_version`, read after BEGIN IMMEDIATE, says so. What a work has
//! changed here is undone with its savepoint, by going back to the copy made before; whatever goes wrong with the transaction
//! as a whole empties it. Readers begin with an empty one, for one snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use storagerent_core::consumer::ConsumerRow;
use storagerent_core::event::Envelope;
use storagerent_core::ports::{Head, Page};
use storagerent_core::settings::Settings;

/// What is remembered; `None` and absent mean not asked for yet. Cheap to copy.
#[derive(Debug, Clone, Default)]
pub(super) struct Cache {
    pub(super) head: Option<Head>,
    /// The head in the file is an older one: it is written once for the group.
    pub(super) head_is_ahead: bool,
    /// The last id kept of each kind.
    pub(super) last_kept: [Option<u64>; 7],
    pub(super) settings: Option<Arc<Settings>>,
    pub(super) channels: Option<Arc<Vec<String>>>,
    pub(super) consumers: Arc<BTreeMap<String, ConsumerRow>>,
    /// Consumers that have no open dead letter.
    pub(super) untroubled: Arc<BTreeSet<String>>,
    /// How much of the group's events counts.
    events: usize,
}

/// The writer's memory: a cache, the events of the group, and the version of the data that they are true of.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) cache: Cache,
    /// The events of this group so far, without a gap, up to the head.
    events: Vec<Envelope>,
    data_version: Option<i64>,
}

impl Memory {
    /// A transaction begins, in which the data has this version.
    pub(super) fn begin(&mut self, data_version: i64) {
        if self.data_version != Some(data_version) {
            *self = Memory { data_version: Some(data_version), ..Memory::default() };
        }
        self.events.clear();
        self.cache.events = 0;
    }

    /// What was remembered may not be true of the file.
    pub(super) fn forget(&mut self) {
        *self = Memory::default();
    }

    /// Goes back to what was remembered before a work that is undone.
    pub(super) fn go_back(&mut self, before: Cache) {
        self.cache = before;
        self.events.truncate(self.cache.events);
    }

    /// One more event was added to the log.
    pub(super) fn added(&mut self, event: Envelope, head: Head) {
        self.cache.head = Some(head);
        self.cache.head_is_ahead = true;
        self.events.push(event);
        self.cache.events = self.events.len();
    }

    /// The page of the log, if all of it was written by this group.
    pub(super) fn page(&self, page: Page) -> Option<Vec<Envelope>> {
        let first = self.events.first()?.sequence.get();
        let skipped = usize::try_from((page.after + 1).checked_sub(first)?).ok()?;
        let limit = page.limit.map_or(usize::MAX, |limit| limit as usize);
        Some(self.events.iter().skip(skipped).take(limit).cloned().collect())
    }
}
