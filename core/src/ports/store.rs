//! The store: where work is committed, and with whom is the store's to decide.

use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use super::{Queries, Transaction};
use crate::shared::Kind;

/// Why the store did not do it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Others write; nothing was done.
    #[error("the store is busy")]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
    /// A `read` or `write` inside a work: a defect of the caller.
    #[error("a read or write inside a work is not possible")]
    Nested,
    /// The work panicked and was undone alone.
    #[error("the work broke off and was undone: {0}")]
    Aborted(String),
    /// The COMMIT failed: whether it is kept is not known.
    #[error("whether the change was kept is not known: {0}")]
    OutcomeUnknown(String),
    /// The file comes from a newer version; it was left untouched.
    #[error("the file has schema version {found}, this build knows up to {known}")]
    NewerSchema {
        /// The file's version.
        found: u32,
        /// The newest this build knows.
        known: u32,
    },
    /// A file in WAL mode was given where one file has to be all: its last changes may be in another.
    #[error("the file is in WAL mode: its last changes may be in the -wal file beside it")]
    WalMode,
    /// What is stored makes no sense.
    #[error("the file is damaged: {0}")]
    Corrupt(String),
    /// Anything else: a full disk, a missing folder.
    #[error("the store failed: {0}")]
    Other(String),
}

impl StoreError {
    /// What sort of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            StoreError::Busy { .. } | StoreError::OutcomeUnknown(_) => Kind::Unavailable,
            StoreError::Nested
            | StoreError::Aborted(_)
            | StoreError::NewerSchema { .. }
            | StoreError::WalMode
            | StoreError::Corrupt(_)
            | StoreError::Other(_) => Kind::Internal,
        }
    }

    /// The stable code that programs match on.
    pub fn code(&self) -> &'static str {
        match self {
            StoreError::Busy { .. } => "busy",
            StoreError::Nested => "nested",
            StoreError::Aborted(_) => "aborted",
            StoreError::OutcomeUnknown(_) => "commitUnknown",
            StoreError::NewerSchema { .. } => "newerSchema",
            StoreError::WalMode => "walMode",
            StoreError::Corrupt(_) => "corrupt",
            StoreError::Other(_) => "storeFailed",
        }
    }

    /// When trying again makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            StoreError::Busy { retry_after } => Some(*retry_after),
            StoreError::OutcomeUnknown(_) => Some(Duration::from_secs(1)),
            StoreError::Nested
            | StoreError::Aborted(_)
            | StoreError::NewerSchema { .. }
            | StoreError::WalMode
            | StoreError::Corrupt(_)
            | StoreError::Other(_) => None,
        }
    }
}

/// What becomes of what a work did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is committed with its group.
    Keep,
    /// It is undone, alone.
    Undo,
}

/// A piece of work for one transaction.
pub trait Work: Send {
    /// Does it, in a savepoint of its own. No I/O but the transaction's; never unwinds.
    fn run(&mut self, tx: &mut dyn Transaction) -> Verdict;

    /// What it catches up on, if that is all it does: of the works of a group that answer the same here, a store may run the last
    /// one for all, after the others. All are told what became of the group.
    fn rides_as(&self) -> Option<&'static str> {
        None
    }

    /// Told before `run` for how many works it runs, itself included.
    fn stand_for(&mut self, _works: usize) {}

    /// Asked of a work that waits: whether somebody waits for it who will now `drive` in the leader's place.
    fn take_over(&self) -> bool {
        false
    }

    /// Told once, after the group's COMMIT, whether kept or undone; or at once with the error if it was never run. May `submit`
    /// further work, but must not wait for any: the one who tells is the one who would do it.
    fn done(self: Box<Self>, outcome: Result<(), StoreError>);
}

/// Keeps everything. The write port takes pieces of work, not a begin/commit guard: the store decides with whom each is committed.
pub trait Store: Send + Sync {
    /// Only queues: these works run in this order, in one group. After `wait_max` without having been run they are not run any
    /// more and told [`StoreError::Busy`]; with zero they are run only if nobody is in the way. True if nobody leads: the caller
    /// must `drive`.
    fn submit(&self, work: Vec<Box<dyn Work>>, wait_max: Duration) -> bool;

    /// Leads, group by group, until the queue is empty or, after some groups, a waiting work's caller takes over; returns at once
    /// if another leads.
    fn drive(&self);

    /// Reads what is committed, in one short snapshot.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot read, or inside a work.
    fn read(&self, f: &mut dyn FnMut(&mut dyn Queries)) -> Result<(), StoreError>;
}

struct Slot<R> {
    told: Mutex<Told<R>>,
    changed: Condvar,
}

struct Told<R> {
    waiting_for: usize,
    result: Option<R>,
    error: Option<StoreError>,
    /// The leader asks whoever waits here to lead.
    takes_over: bool,
}

impl<R> Slot<R> {
    fn lock(&self) -> std::sync::MutexGuard<'_, Told<R>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until all is told: the answer, or why there is none.
    fn wait(&self, store: &dyn Store) -> Result<R, StoreError> {
        let mut told = self.lock();
        while told.waiting_for > 0 {
            if std::mem::take(&mut told.takes_over) {
                drop(told);
                store.drive();
                told = self.lock();
                continue;
            }
            told = self.changed.wait(told).unwrap_or_else(PoisonError::into_inner);
        }
        match (told.error.take(), told.result.take()) {
            (Some(error), _) => Err(error),
            (None, Some(answer)) => Ok(answer),
            (None, None) => Err(StoreError::Aborted("the work gave no answer".to_owned())),
        }
    }
}

/// The use case's own work: its answer is told only after its group's COMMIT, refusals too.
struct Asked<F, R> {
    f: Option<F>,
    answer: Option<R>,
    slot: Arc<Slot<R>>,
}

impl<F, T, E> Work for Asked<F, Result<T, E>>
where
    F: FnOnce(&mut dyn Transaction) -> Result<T, E> + Send,
    T: Send,
    E: Send,
{
    fn run(&mut self, tx: &mut dyn Transaction) -> Verdict {
        let Some(f) = self.f.take() else {
            return Verdict::Undo;
        };
        let answer = f(tx);
        let verdict = if answer.is_ok() { Verdict::Keep } else { Verdict::Undo };
        self.answer = Some(answer);
        verdict
    }

    fn take_over(&self) -> bool {
        self.slot.lock().takes_over = true;
        self.slot.changed.notify_all();
        true
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Asked { answer, slot, .. } = *self;
        let mut told = slot.lock();
        told.error = outcome.err();
        told.result = answer;
        told.waiting_for -= 1;
        let is_last = told.waiting_for == 0;
        drop(told);
        if is_last {
            slot.changed.notify_all();
        }
    }
}

/// A work that rides along; whoever waits for the group waits for it too.
struct Riding<R> {
    work: Box<dyn Work>,
    slot: Arc<Slot<R>>,
}

impl<R: Send> Work for Riding<R> {
    fn run(&mut self, tx: &mut dyn Transaction) -> Verdict {
        self.work.run(tx)
    }

    fn rides_as(&self) -> Option<&'static str> {
        self.work.rides_as()
    }

    fn stand_for(&mut self, works: usize) {
        self.work.stand_for(works);
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        self.work.done(outcome);
        let mut told = self.slot.lock();
        told.waiting_for -= 1;
        let is_last = told.waiting_for == 0;
        drop(told);
        if is_last {
            self.slot.changed.notify_all();
        }
    }
}

/// Does one piece of work and waits for its answer: submit, drive, wait.
///
/// # Errors
/// The work's own, or the store's when it was not run or could not be committed.
pub fn write<T, E>(
    store: &dyn Store,
    wait_max: Duration,
    f: impl FnOnce(&mut dyn Transaction) -> Result<T, E> + Send + 'static,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    write_all(store, wait_max, f, Vec::new())
}

/// The same, with works that ride in the same group after it.
///
/// # Errors
/// The work's own, or the store's when it was not run or could not be committed.
pub fn write_all<T, E>(
    store: &dyn Store,
    wait_max: Duration,
    f: impl FnOnce(&mut dyn Transaction) -> Result<T, E> + Send + 'static,
    riding: Vec<Box<dyn Work>>,
) -> Result<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let mut answers = write_many(store, wait_max, vec![f], riding);
    answers.pop().unwrap_or_else(|| Err(StoreError::Aborted("the work gave no answer".to_owned()).into()))
}

/// Does many pieces of work, in this order and in one group, and waits for all their answers; the riding works come after them.
/// Each has the answer it would have had alone.
pub fn write_many<T, E, F>(
    store: &dyn Store,
    wait_max: Duration,
    works: Vec<F>,
    riding: Vec<Box<dyn Work>>,
) -> Vec<Result<T, E>>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
    F: FnOnce(&mut dyn Transaction) -> Result<T, E> + Send + 'static,
{
    // What rides counts with the last work.
    let last = works.len().saturating_sub(1);
    let mut group: Vec<Box<dyn Work>> = Vec::with_capacity(works.len() + riding.len());
    let mut slots = Vec::with_capacity(works.len());
    for (n, f) in works.into_iter().enumerate() {
        let waiting_for = if n == last { 1 + riding.len() } else { 1 };
        let told = Mutex::new(Told { waiting_for, result: None, error: None, takes_over: false });
        let slot = Arc::new(Slot { told, changed: Condvar::new() });
        group.push(Box::new(Asked { f: Some(f), answer: None, slot: Arc::clone(&slot) }));
        slots.push(slot);
    }
    let Some(slot) = slots.last() else { return Vec::new() };
    group.extend(riding.into_iter().map(|work| Box::new(Riding { work, slot: Arc::clone(slot) }) as Box<dyn Work>));
    if store.submit(group, wait_max) {
        store.drive();
    }
    slots.iter().map(|slot| slot.wait(store).unwrap_or_else(|error| Err(error.into()))).collect()
}
