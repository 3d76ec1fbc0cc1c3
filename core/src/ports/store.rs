//! The store: where work is committed, and with whom is the store's to decide.

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
    #[error("the file is damaged, or no file of storagerent: {0}")]
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
    /// Does it; what it does is undone alone, as by a savepoint of its own. No I/O but the transaction's; never unwinds.
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
