//! Doing one piece of work through the store: it is queued, and its answer awaited, as a future or by blocking.

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
) -> Writing<T, E>
where
    T: Send + 'static,
    E: From<StoreError> + Send + 'static,
{
    let told = Told { waiting_for: 1 + riding.len(), result: None, error: None, waker: None };
    let slot = Arc::new(Slot { told: Mutex::new(told) });
    let mut group: Vec<Box<dyn Work>> = vec![Box::new(Asked { f: Some(f), answer: None, slot: Arc::clone(&slot) })];
    group.extend(riding.into_iter().map(|work| Box::new(Riding { work, slot: Arc::clone(&slot) }) as Box<dyn Work>));
    if store.submit(group, wait_max) {
        store.drive();
    }
    Writing { slot }
}

/// A work that was queued: ready once it and all that rides with it were told, which is after their group's COMMIT. Dropping it
/// takes nothing back.
pub struct Writing<T, E> {
    slot: Arc<Slot<Result<T, E>>>,
}

impl<T, E> std::fmt::Debug for Writing<T, E> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Writing").field("waiting_for", &self.slot.lock().waiting_for).finish()
    }
}

impl<T, E: From<StoreError>> Future for Writing<T, E> {
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut told = self.slot.lock();
        if told.waiting_for > 0 {
            told.waker = Some(context.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(match (told.error.take(), told.result.take()) {
            (Some(error), _) => Err(error.into()),
            (None, Some(answer)) => answer,
            (None, None) => Err(StoreError::Aborted("the work gave no answer".to_owned()).into()),
        })
    }
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
        match future.as_mut().poll(&mut context) {
            Poll::Ready(answer) => return answer,
            Poll::Pending => thread::park(),
        }
    }
}
