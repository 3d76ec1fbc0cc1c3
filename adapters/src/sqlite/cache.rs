//! What the writer remembers of the file from one work to the next: what nearly every work asks for.
//!
//! It is good only while nobody else has written: `PRAGMA data_version`, read after BEGIN IMMEDIATE, says so. What a work has
//! changed here is undone with it, by going back to the copy made before; whatever goes wrong with the transaction
//! as a whole empties it. Readers begin with an empty one, for one snapshot.

use std::collections::BTreeSet;
use std::sync::Arc;

use hashbrown::HashMap;
use storagerent_core::consumer::ConsumerRow;
use storagerent_core::effect::EffectRow;
use storagerent_core::event::{AggregateKind, Envelope};
use storagerent_core::payment::PaymentRow;
use storagerent_core::ports::{Head, Page};
use storagerent_core::reservation::ReservationRow;
use storagerent_core::settings::Settings;
use storagerent_core::shared::{EffectId, PaymentId, ReservationId, Sequence, StorageId};
use storagerent_core::storage::StorageRow;
use storagerent_core::storage_view::StorageViewRow;

use super::ahead::Ahead;
use super::unwritten::Unwritten;
use crate::log::StoredEvent;

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
    pub(super) consumers: Option<Consumers>,
    /// Consumers that have no open dead letter.
    pub(super) untroubled: Arc<BTreeSet<String>>,
    /// The view has no row beyond this storage; known once it was emptied.
    pub(super) views_to: Option<StorageId>,
    /// How much of the group's events counts.
    events: usize,
}

/// All consumers as works know them: a handful, each of which moves with nearly every work. What differs from the file is written
/// once for the group.
#[derive(Debug, Clone)]
pub(super) struct Consumers {
    rows: Arc<Vec<Arc<Remembered>>>,
    /// Some have come further than the file says.
    pub(super) have_moved: bool,
    /// How far they have come was read as it was written. If not, that is told of for good: nobody knows of which it is wrong.
    pub(super) cursors_fit: bool,
}

#[derive(Debug, Clone)]
struct Remembered {
    row: ConsumerRow,
    /// More than how far it has come is not as in the file.
    has_changed: bool,
}

impl Consumers {
    /// As the file has them.
    pub(super) fn of(rows: Vec<ConsumerRow>, cursors_fit: bool) -> Self {
        let remembered = |row| Arc::new(Remembered { row, has_changed: false });
        Consumers { rows: Arc::new(rows.into_iter().map(remembered).collect()), have_moved: false, cursors_fit }
    }

    pub(super) fn get(&self, name: &str) -> Option<&ConsumerRow> {
        self.all().find(|row| row.name == name)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &ConsumerRow> {
        self.rows.iter().map(|known| &known.row)
    }

    /// Takes what is kept of one from now on.
    pub(super) fn put(&mut self, mut row: ConsumerRow) {
        let rows = Arc::make_mut(&mut self.rows);
        match rows.iter_mut().find(|known| known.row.name == row.name) {
            Some(known) => {
                let cursor = std::mem::replace(&mut row.cursor, known.row.cursor);
                self.have_moved |= cursor != known.row.cursor;
                let has_changed = known.has_changed || row != known.row;
                row.cursor = cursor;
                *known = Arc::new(Remembered { row, has_changed });
            }
            None => {
                self.have_moved = true;
                rows.push(Arc::new(Remembered { row, has_changed: true }));
            }
        }
    }

    /// Those of which the file has another row.
    pub(super) fn changed(&self) -> impl Iterator<Item = &ConsumerRow> {
        self.rows.iter().filter(|known| known.has_changed).map(|known| &known.row)
    }

    /// The file has them all as they are.
    pub(super) fn are_written(&mut self) {
        self.have_moved = false;
        if self.changed().next().is_some() {
            Arc::make_mut(&mut self.rows).iter_mut().for_each(|known| Arc::make_mut(known).has_changed = false);
        }
    }
}

/// The writer's memory: a cache, the events of the group, and the version of the data that they are true of.
#[derive(Debug, Default)]
pub(super) struct Memory {
    pub(super) cache: Cache,
    /// Rows that were read or kept lately, as they are kept.
    pub(super) hot: Hot,
    /// What the works of this group have kept so far and SQLite has not seen.
    pub(super) unwritten: Unwritten,
    /// The events of this group so far, without a gap, up to the head.
    events: Vec<Envelope>,
    /// The latest event that caused an event of a storage in this group, and the latest told in it; undone or not.
    causes_max: Option<Sequence>,
    told_max: Option<Sequence>,
    data_version: Option<i64>,
    /// What is read ahead of a file's log.
    pub(super) ahead: Option<Ahead>,
}

impl Memory {
    /// Of the writer of a file.
    pub(super) fn reading_ahead(ahead: Ahead) -> Self {
        Memory { ahead: Some(ahead), ..Memory::default() }
    }

    /// Whether what is remembered is of data of this version.
    pub(super) fn is_true_of(&self, data_version: i64) -> bool {
        self.data_version == Some(data_version)
    }

    /// A transaction begins, in which the data has this version.
    pub(super) fn begin(&mut self, data_version: i64) {
        if !self.is_true_of(data_version) {
            self.forget();
            self.data_version = Some(data_version);
            if let Some(ahead) = &mut self.ahead {
                ahead.forget();
            }
        }
        self.unwritten = Unwritten::default();
        self.events.clear();
        self.cache.events = 0;
        (self.causes_max, self.told_max) = (None, None);
        self.hot.bound();
    }

    /// What was remembered may not be true of the file.
    pub(super) fn forget(&mut self) {
        *self = Memory { ahead: self.ahead.take(), ..Memory::default() };
    }

    /// Goes back to what was remembered before a work that is undone.
    pub(super) fn go_back(&mut self, before: Cache, touched: &[Touched]) {
        touched.iter().for_each(|row| self.hot.forget(*row));
        self.cache = before;
        self.events.truncate(self.cache.events);
    }

    /// One more event was added to the log.
    pub(super) fn added(&mut self, event: Envelope, head: Head) {
        if event.aggregate.kind == AggregateKind::Storage {
            self.causes_max = self.causes_max.max(event.causation_id);
        }
        self.cache.head = Some(head);
        self.cache.head_is_ahead = true;
        self.events.push(event);
        self.cache.events = self.events.len();
    }

    /// A message was added about an event.
    pub(super) fn told(&mut self, event: Sequence) {
        self.told_max = self.told_max.max(Some(event));
    }

    /// Whether an event, or a later one, may have caused an event of a storage: it is of this group, and none did.
    pub(super) fn caused_nothing_yet(&self, since: Sequence) -> bool {
        Some(since) > self.causes_max && self.is_of_this_group(since)
    }

    /// Whether an event cannot have been told: it is of this group, and neither it nor a later one was.
    pub(super) fn is_untold(&self, event: Sequence) -> bool {
        Some(event) > self.told_max && self.is_of_this_group(event)
    }

    fn is_of_this_group(&self, event: Sequence) -> bool {
        self.events.first().is_some_and(|first| first.sequence <= event)
    }

    /// The page of the log, if all of it was written by this group.
    pub(super) fn page(&self, page: Page) -> Option<Vec<Envelope>> {
        let first = self.events.first()?.sequence.get();
        let skipped = usize::try_from((page.after + 1).checked_sub(first)?).ok()?;
        let limit = page.limit.map_or(usize::MAX, |limit| limit as usize);
        Some(self.events.iter().skip(skipped).take(limit).cloned().collect())
    }
}

/// A row of one of the tables that are remembered.
#[derive(Debug, Clone, Copy)]
pub(super) enum Touched {
    Storage(StorageId),
    Reservation(ReservationId),
    Payment(PaymentId),
    Effect(EffectId),
    View(StorageId),
}

/// So many rows of a table are remembered at most: what a hold wrote is asked for when it is confirmed.
const HOT_MAX: usize = 2_048;

/// Rows that were read or kept lately.
#[derive(Debug, Default)]
pub(super) struct Hot {
    pub(super) storages: HashMap<StorageId, StorageRow>,
    pub(super) reservations: HashMap<ReservationId, ReservationRow>,
    pub(super) payments: HashMap<PaymentId, PaymentRow>,
    pub(super) effects: HashMap<EffectId, EffectRow>,
    pub(super) views: HashMap<StorageId, StorageViewRow>,
    /// The event written last; undone or not, for what is written next tells by its sequence whether it follows.
    pub(super) last_event: Option<StoredEvent<'static>>,
}

impl Hot {
    fn forget(&mut self, row: Touched) {
        match row {
            Touched::Storage(id) => drop(self.storages.remove(&id)),
            Touched::Reservation(id) => drop(self.reservations.remove(&id)),
            Touched::Payment(id) => drop(self.payments.remove(&id)),
            Touched::Effect(id) => drop(self.effects.remove(&id)),
            Touched::View(id) => drop(self.views.remove(&id)),
        }
    }

    /// Remembers what the view shows of a storage; of very many at once, only some.
    pub(super) fn view(&mut self, id: StorageId, row: Option<StorageViewRow>) {
        match row {
            Some(row) if self.views.len() < HOT_MAX => drop(self.views.insert(id, row)),
            Some(_) | None => drop(self.views.remove(&id)),
        }
    }

    /// Forgets what has become too much.
    fn bound(&mut self) {
        fn bound<K, V>(rows: &mut HashMap<K, V>) {
            if rows.len() >= HOT_MAX {
                rows.clear();
            }
        }
        bound(&mut self.storages);
        bound(&mut self.reservations);
        bound(&mut self.payments);
        bound(&mut self.effects);
        bound(&mut self.views);
    }
}
