//! A store in memory, gone with the process: for tests, simulations and trying things out.
//!
//! Decides as the SQLite store does, with persistent maps: a savepoint is a clone of the state, which shares all rows.
//! Never writes anything down.

mod index;
mod log;
mod queries;
mod repositories;
mod state;
mod tables;

use std::collections::VecDeque;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::Duration;

use state::State;
use storagerent_core::ports::{Queries, Store, StoreError, Verdict, Work};

/// When to come back after having waited in vain.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// A store in memory. Every submission is a group of its own.
#[derive(Default)]
pub struct MemoryStore {
    committed: Mutex<State>,
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Submission>,
    /// Whether somebody serves the queue until it is empty.
    led: bool,
    /// The thread whose work runs now.
    at_work: Option<ThreadId>,
}

struct Submission {
    group: Vec<Box<dyn Work>>,
    patience: Patience,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        MemoryStore::default()
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn committed(&self) -> MutexGuard<'_, State> {
        self.committed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this call comes from inside a work of this store.
    fn is_nested(&self) -> bool {
        self.queue().at_work == Some(std::thread::current().id())
    }

    fn serve(&self, submission: Submission) {
        let Submission { mut group, patience } = submission;
        if patience.is_over() {
            return tell_all(group, &StoreError::Busy { retry_after: RETRY_AFTER });
        }
        // Only who leads writes, so nothing is committed between this clone and the swap.
        let mut state = self.committed().clone();
        self.queue().at_work = Some(std::thread::current().id());
        let outcomes: Vec<_> = group.iter_mut().map(|work| run(work.as_mut(), &mut state)).collect();
        self.queue().at_work = None;
        *self.committed() = state;
        group.into_iter().zip(outcomes).for_each(|(work, outcome)| tell(work, outcome));
    }
}

impl Store for MemoryStore {
    fn submit(&self, work: Vec<Box<dyn Work>>, wait_max: Duration) -> bool {
        if self.is_nested() {
            tell_all(work, &StoreError::Nested);
            return false;
        }
        let mut queue = self.queue();
        let has_to_wait = queue.led || !queue.waiting.is_empty();
        let patience = if has_to_wait { Patience::of(wait_max) } else { Patience::endless() };
        queue.waiting.push_back(Submission { group: work, patience });
        !queue.led
    }

    fn drive(&self) {
        if std::mem::replace(&mut self.queue().led, true) {
            return;
        }
        loop {
            let submission = {
                let mut queue = self.queue();
                let next = queue.waiting.pop_front();
                // In one step with finding it empty: who submits from now on is told to lead.
                queue.led = next.is_some();
                next
            };
            match submission {
                Some(submission) => self.serve(submission),
                None => return,
            }
        }
    }

    fn read(&self, f: &mut dyn FnMut(&mut dyn Queries)) -> Result<(), StoreError> {
        if self.is_nested() {
            return Err(StoreError::Nested);
        }
        let mut snapshot = self.committed().clone();
        f(&mut snapshot);
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").finish_non_exhaustive()
    }
}

/// Runs a work in a savepoint of its own.
fn run(work: &mut dyn Work, state: &mut State) -> Result<(), StoreError> {
    let savepoint = state.clone();
    // The state is put back whole, so nothing half done is seen afterwards.
    let (undo, outcome) = match catch_unwind(AssertUnwindSafe(|| work.run(state))) {
        Ok(Verdict::Keep) => (false, Ok(())),
        Ok(Verdict::Undo) => (true, Ok(())),
        Err(panic) => (true, Err(StoreError::Aborted(words_of(panic.as_ref())))),
    };
    if undo {
        *state = savepoint;
    }
    outcome
}

fn tell_all(group: Vec<Box<dyn Work>>, error: &StoreError) {
    group.into_iter().for_each(|work| tell(work, Err(error.clone())));
}

/// Whoever panics on being told harms nobody else in the queue; the panic hook has spoken already.
fn tell(work: Box<dyn Work>, outcome: Result<(), StoreError>) {
    let _panicked = catch_unwind(AssertUnwindSafe(|| work.done(outcome)));
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("a panic without words").to_owned()
}

/// How long a submission waits for those ahead of it.
struct Patience {
    #[cfg(not(target_arch = "wasm32"))]
    until: Option<std::time::Instant>,
}

impl Patience {
    /// Nobody is ahead.
    fn endless() -> Self {
        Patience {
            #[cfg(not(target_arch = "wasm32"))]
            until: None,
        }
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn of(wait_max: Duration) -> Self {
        Patience { until: std::time::Instant::now().checked_add(wait_max) }
    }

    /// On wasm32 one thread does it all inline, and nothing waits.
    #[cfg(target_arch = "wasm32")]
    fn of(_: Duration) -> Self {
        Patience {}
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn is_over(&self) -> bool {
        self.until.is_some_and(|until| std::time::Instant::now() >= until)
    }

    #[cfg(target_arch = "wasm32")]
    fn is_over(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn it_keeps_the_store_contract() {
        storagerent_core::contract::run(&|| Arc::new(MemoryStore::new()));
    }

    struct Panics;

    impl Work for Panics {
        fn run(&mut self, _: &mut dyn storagerent_core::ports::Transaction) -> Verdict {
            Verdict::Keep
        }

        fn done(self: Box<Self>, _: Result<(), StoreError>) {
            panic!("on purpose")
        }
    }

    #[test]
    fn who_panics_on_being_told_stops_nobody_else() {
        let store = MemoryStore::new();
        assert!(store.submit(vec![Box::new(Panics)], Duration::ZERO));
        store.drive();
        let written = storagerent_core::ports::write(&store, Duration::ZERO, |tx| tx.add_channel("mail"));
        assert_eq!(written, Ok(()));
    }
}
