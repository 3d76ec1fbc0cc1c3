//! The queue of works, and who leads: one caller at a time commits for all who wait.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use storagerent_core::ports::{StoreError, Work};

use super::error::busy;
use super::time::{CAN_WAIT, Deadline, Since};

/// So many works share one COMMIT at most; a group that takes long keeps other processes from the file.
const GROUP_WORKS_MAX: usize = 256;

/// So long after a group was told, those who were in it may be about to come back.
const COMES_BACK: Duration = Duration::from_millis(2);
/// As long as one of them comes in each such stretch the rest are waited for; no longer than that for all of them together.
const NEXT_MAX: Duration = Duration::from_micros(200);
const ALL_MAX: Duration = Duration::from_millis(2);

/// Works submitted together: they run in order and share one COMMIT.
pub(super) struct Batch {
    pub(super) works: Vec<Box<dyn Work>>,
    deadline: Deadline,
    /// Whether it does not wait at all, and nobody was ahead of it so far: then it need not.
    is_next: bool,
}

impl Batch {
    pub(super) fn new(works: Vec<Box<dyn Work>>, wait_max: Duration) -> Self {
        Batch { works, deadline: Deadline::after(wait_max), is_next: wait_max.is_zero() }
    }

    /// Somebody else is served first.
    pub(super) fn fall_behind(&mut self) {
        self.is_next = false;
    }

    /// Whether it has waited for as long as it would.
    pub(super) fn is_late(&self) -> bool {
        !self.is_next && self.deadline.is_over()
    }
}

/// Works with what they are to be told.
pub(super) type Told = Vec<(Box<dyn Work>, Result<(), StoreError>)>;

#[derive(Default)]
struct Waiting {
    batches: VecDeque<Batch>,
    is_led: bool,
    /// The leader sleeps until so many batches wait.
    gathers: Option<usize>,
    /// How many batches the last group had that was told, and when.
    told: Option<(usize, Since)>,
}

impl Waiting {
    /// How many batches are worth waiting for a moment: as many as were told just now, if it was more than one.
    fn expected(&self) -> usize {
        match self.told {
            Some((batches, at)) if batches > 1 && at.elapsed() < COMES_BACK => batches,
            Some(_) | None => 0,
        }
    }
}

/// What waits to be committed.
#[derive(Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    came: Condvar,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nothing that can panic happens under this lock.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a batch; says whether nobody leads.
    pub(super) fn push(&self, mut batch: Batch) -> bool {
        let mut waiting = self.lock();
        if waiting.is_led || !waiting.batches.is_empty() {
            batch.fall_behind();
        }
        if !batch.works.is_empty() {
            waiting.batches.push_back(batch);
        }
        // Waking it for each who comes would cost more than what they have asked for.
        let are_all_here = waiting.gathers.is_some_and(|expected| waiting.batches.len() >= expected);
        let nobody_leads = !waiting.is_led;
        drop(waiting);
        if are_all_here {
            self.came.notify_one();
        }
        nobody_leads
    }

    /// Becomes the leader, unless there is one, or nothing to do.
    pub(super) fn lead(&self) -> Option<Leader<'_>> {
        let mut waiting = self.lock();
        if waiting.is_led || waiting.batches.is_empty() {
            return None;
        }
        waiting.is_led = true;
        Some(Leader { queue: self })
    }
}

/// Leads until dropped.
pub(super) struct Leader<'q> {
    queue: &'q Queue,
}

impl Leader<'_> {
    /// Waits a moment for those who were told just now, if they were many: they come back one after the other, and whoever leads
    /// without them makes them wait for a commit of its own. A lone caller waits for nobody.
    pub(super) fn gather(&self) {
        let mut waiting = self.queue.lock();
        let (expected, all) = (waiting.expected(), Since::now());
        while CAN_WAIT && waiting.batches.len() < expected && all.elapsed() < ALL_MAX {
            let before = waiting.batches.len();
            waiting.gathers = Some(expected);
            (waiting, _) = self.queue.came.wait_timeout(waiting, NEXT_MAX).unwrap_or_else(PoisonError::into_inner);
            if waiting.batches.len() == before {
                break;
            }
        }
        waiting.gathers = None;
    }

    /// So many batches are about to be told.
    pub(super) fn tells(&self, batches: usize) {
        self.queue.lock().told = Some((batches, Since::now()));
    }

    /// Sets those aside who waited too long, with what they are to be told.
    pub(super) fn dismiss_late(&self) -> Told {
        let mut waiting = self.queue.lock();
        let (late, in_time) = std::mem::take(&mut waiting.batches).into_iter().partition(Batch::is_late);
        waiting.batches = in_time;
        drop(waiting);
        let late: VecDeque<Batch> = late;
        late.into_iter().flat_map(|batch| batch.works).map(|work| (work, Err(busy()))).collect()
    }

    /// Takes the next group: whole batches, at least one.
    pub(super) fn take(&self) -> Vec<Batch> {
        let (mut group, mut works) = (Vec::new(), 0);
        let mut waiting = self.queue.lock();
        while let Some(batch) = waiting.batches.pop_front() {
            if works > 0 && works + batch.works.len() > GROUP_WORKS_MAX {
                waiting.batches.push_front(batch);
                break;
            }
            works += batch.works.len();
            group.push(batch);
        }
        group
    }

    /// Puts a group back where it came from.
    pub(super) fn put_back(&self, group: Vec<Batch>) {
        let mut waiting = self.queue.lock();
        group.into_iter().rev().for_each(|batch| waiting.batches.push_front(batch));
    }

    /// Leads no more, and asks whoever waits longest to lead; says whether somebody will. In this order: who is asked while another
    /// still leads finds that out, waits on, and nobody leads.
    pub(super) fn hand_over(self) -> bool {
        let queue = self.queue;
        drop(self);
        let waiting = queue.lock();
        waiting.batches.front().and_then(|batch| batch.works.first()).is_some_and(|work| work.take_over())
    }

    /// Whether somebody who is not in the group has waited too long.
    pub(super) fn anybody_late(&self) -> bool {
        self.queue.lock().batches.iter().any(Batch::is_late)
    }
}

impl Drop for Leader<'_> {
    fn drop(&mut self) {
        self.queue.lock().is_led = false;
    }
}

/// Tells works what became of them. No lock is held, so that they may submit and drive.
pub(super) fn tell(told: Told) {
    for (work, outcome) in told {
        // A work that breaks off here has been told; the others must be too. The panic hook has reported it.
        let _ = catch_unwind(AssertUnwindSafe(|| work.done(outcome)));
    }
}

thread_local! {
    /// The stores inside whose work or read this thread is.
    static INSIDE: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Tells a store which threads are inside a work or read of its own: there, another one would wait for itself.
pub(super) struct Mark {
    store: u64,
}

impl Default for Mark {
    fn default() -> Self {
        static STORES: AtomicU64 = AtomicU64::new(0);
        Mark { store: STORES.fetch_add(1, Ordering::Relaxed) }
    }
}

impl Mark {
    /// Whether this thread is inside.
    pub(super) fn is_set(&self) -> bool {
        INSIDE.with_borrow(|inside| inside.contains(&self.store))
    }

    /// Marks this thread as inside, until dropped.
    pub(super) fn set(&self) -> Inside {
        INSIDE.with_borrow_mut(|inside| inside.push(self.store));
        Inside
    }
}

/// Inside a work or read.
pub(super) struct Inside;

impl Drop for Inside {
    fn drop(&mut self) {
        INSIDE.with_borrow_mut(Vec::pop);
    }
}
