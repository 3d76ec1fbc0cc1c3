//! Doing one piece of work through the store: it is queued, and its answer awaited, as a future or by blocking.

use std::cell::Cell;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use super::{Store, StoreError, Transaction, Verdict, Work};

/// Where a work leaves its answer.
struct Slot<R> {
    told: Mutex<Told<R>>,
}

struct Told<R> {
    waiting_for: usize,
    result: Option<R>,
    error: Option<StoreError>,
    /// Whoever waits.
    waker: Option<Waker>,
    /// Whoever waits blocks its thread meanwhile: it may as well lead.
    may_lead: bool,
    /// The leader asks whoever waits to lead.
    takes_over: bool,
}

impl<R> Slot<R> {
    fn lock(&self) -> MutexGuard<'_, Told<R>> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One of the works was told; `tell` says what, if it is the one that answers.
    fn one_told(&self, tell: impl FnOnce(&mut Told<R>)) {
        let mut told = self.lock();
        tell(&mut told);
        told.waiting_for -= 1;
        let waker = if told.waiting_for == 0 { told.waker.take() } else { None };
        drop(told);
        if let Some(waker) = waker {
            waker.wake();
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
        let mut told = self.slot.lock();
        if !told.may_lead {
            return false;
        }
        told.takes_over = true;
        if let Some(waker) = told.waker.take() {
            waker.wake();
        }
        true
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Asked { answer, slot, .. } = *self;
        slot.one_told(|told| {
            told.error = outcome.err();
            told.result = answer;
        });
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
        self.slot.one_told(|_| {});
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
    wait(begin_write(store, wait_max, f, riding))
}

/// The same for a host that may not block: queues the work at once, and answers a future of what came of it. Where nobody leads the
/// store this leads it, which blocks: give such a host a store that is led by a thread of its own.
pub fn begin_write<T, E>(
    store: &dyn Store,
    wait_max: Duration,
    f: impl FnOnce(&mut dyn Transaction) -> Result<T, E> + Send + 'static,
    riding: Vec<Box<dyn Work>>,
) -> Writing<'_, T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let mut writings = begin_write_many(store, wait_max, vec![f], riding);
    writings.pop().expect("one work has one answer")
}

/// The same for many works, in this order and in one group; the riding works come after them. Each has the answer it would have had
/// alone.
pub fn begin_write_many<T, E, F>(
    store: &dyn Store,
    wait_max: Duration,
    works: Vec<F>,
    riding: Vec<Box<dyn Work>>,
) -> Vec<Writing<'_, T, E>>
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
        let told = Told { waiting_for, result: None, error: None, waker: None, may_lead: false, takes_over: false };
        let slot = Arc::new(Slot { told: Mutex::new(told) });
        group.push(Box::new(Asked { f: Some(f), answer: None, slot: Arc::clone(&slot) }));
        slots.push(slot);
    }
    let Some(slot) = slots.last() else { return Vec::new() };
    group.extend(riding.into_iter().map(|work| Box::new(Riding { work, slot: Arc::clone(slot) }) as Box<dyn Work>));
    if store.submit(group, wait_max) {
        store.drive();
    }
    slots.into_iter().map(|slot| Writing { slot, store }).collect()
}

/// A work that was queued: ready once it and all that rides with it were told, which is after their group's COMMIT. Dropping it
/// takes nothing back.
pub struct Writing<'s, T, E> {
    slot: Arc<Slot<Result<T, E>>>,
    store: &'s dyn Store,
}

impl<T, E> std::fmt::Debug for Writing<'_, T, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writing").field("waiting_for", &self.slot.lock().waiting_for).finish()
    }
}

impl<T, E: From<StoreError>> Future for Writing<'_, T, E> {
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut told = self.slot.lock();
        while told.waiting_for > 0 {
            if std::mem::take(&mut told.takes_over) {
                told.may_lead = false;
                drop(told);
                self.store.drive();
                told = self.slot.lock();
                continue;
            }
            told.waker = Some(context.waker().clone());
            told.may_lead = BLOCKS.get();
            return Poll::Pending;
        }
        Poll::Ready(match (told.error.take(), told.result.take()) {
            (Some(error), _) => Err(error.into()),
            (None, Some(answer)) => answer,
            (None, None) => Err(StoreError::Aborted("the work gave no answer".to_owned()).into()),
        })
    }
}

thread_local! {
    /// Whether this thread does nothing but wait for the future it polls.
    static BLOCKS: Cell<bool> = const { Cell::new(false) };
}

/// Wakes the thread that waits.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for a future on this thread. On one thread alone, as in a browser, a store leads at once and nothing is left to wait for.
pub(crate) fn wait<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        let outer = BLOCKS.replace(true);
        let polled = future.as_mut().poll(&mut context);
        BLOCKS.set(outer);
        match polled {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}
