//! A thread that does what is due, for applications that have no loop of their own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::{App, Error, StoreError};

/// So long it waits at most between two passes: other processes write too.
const WAIT_MAX: Duration = Duration::from_secs(1);
/// So long it waits at least: neither work that cannot be done for now nor callers without number make it spin.
const WAIT_MIN: Duration = Duration::from_millis(20);
/// So long it waits after trouble with the store.
const WAIT_AFTER_ERROR: Duration = Duration::from_secs(1);

/// Calls [`App::run_due`] whenever something is due, on a thread of its own, until dropped or stopped.
#[derive(Debug)]
pub struct Worker {
    /// Holds one: whoever wakes it while it is yet to look has been heard.
    wake: SyncSender<()>,
    stopping: Arc<AtomicBool>,
    last_error: Arc<Mutex<Option<Error>>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts it.
    ///
    /// # Errors
    /// Those of starting a thread.
    pub fn spawn(app: App) -> std::io::Result<Self> {
        let (wake, woken) = sync_channel(1);
        let stopping = Arc::new(AtomicBool::new(false));
        let last_error = Arc::new(Mutex::new(None));
        let (stop, errors) = (Arc::clone(&stopping), Arc::clone(&last_error));
        let thread = std::thread::Builder::new()
            .name("storagerent-worker".to_owned())
            .spawn(move || work(&app, &woken, &stop, &errors))?;
        Ok(Worker { wake, stopping, last_error, thread: Some(thread) })
    }

    /// Lets it look at once, or, if it has just looked, a moment later: one look for all who woke it meanwhile.
    pub fn wake(&self) {
        // A worker that is gone, or about to look, needs no waking.
        let _needless = self.wake.try_send(());
    }

    /// What its last pass failed with, if it did.
    pub fn last_error(&self) -> Option<Error> {
        self.last_error.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets it finish its pass and ends it. Whoever is called by that pass, such as a consumer, does not wait for its end.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.stopping.store(true, Ordering::Release);
        self.wake();
        // Ended by what it calls, such as a consumer, it is the thread itself that ends: it cannot wait for itself.
        if let Some(thread) = self.thread.take().filter(|thread| thread.thread().id() != std::thread::current().id()) {
            // A panic of the pass was its own end; there is nothing left to stop.
            let _panicked = thread.join();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.end();
    }
}

fn work(app: &App, woken: &Receiver<()>, stopping: &AtomicBool, errors: &Mutex<Option<Error>>) {
    while !stopping.load(Ordering::Acquire) {
        // Whatever panics ends the pass, not the worker: what it was to do is leased, and tried again.
        let (wait, error) = match catch_unwind(AssertUnwindSafe(|| app.run_due())) {
            Ok(Ok(ran)) => (ran.wait(app.now(), WAIT_MAX), None),
            Ok(Err(e)) => (WAIT_AFTER_ERROR, Some(e)),
            Err(_) => {
                let why = "a pass panicked".to_owned();
                (WAIT_AFTER_ERROR, Some(StoreError::Aborted(why).into()))
            }
        };
        *errors.lock().unwrap_or_else(PoisonError::into_inner) = error;
        std::thread::sleep(WAIT_MIN);
        match woken.recv_timeout(wait.saturating_sub(WAIT_MIN)) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::time::Instant;

    use super::*;
    use crate::memory::MemoryStore;
    use crate::ports::{Queries, Store, Work};

    #[derive(Default)]
    struct Counted {
        store: MemoryStore,
        reads: AtomicUsize,
    }

    impl Store for Counted {
        fn submit(&self, work: Vec<Box<dyn Work>>, wait_max: Duration) -> bool {
            self.store.submit(work, wait_max)
        }

        fn drive(&self) {
            self.store.drive();
        }

        fn read(&self, f: &mut dyn FnMut(&mut dyn Queries)) -> Result<(), StoreError> {
            self.reads.fetch_add(1, Ordering::Relaxed);
            self.store.read(f)
        }
    }

    /// Stops the worker that runs it.
    #[derive(Clone, Default)]
    struct Stops(Arc<Mutex<Option<Worker>>>);

    impl crate::Consumer for Stops {
        fn name(&self) -> &str {
            "stops"
        }

        fn take(&self, _: &crate::Envelope) -> Result<(), crate::ConsumeError> {
            let worker = self.0.lock().unwrap().take();
            if let Some(worker) = worker {
                worker.stop();
            }
            Ok(())
        }
    }

    #[test]
    fn a_consumer_may_stop_the_worker_that_runs_it() {
        let stops = Stops::default();
        let options = crate::Options::without_gateway().consumer(stops.clone());
        let app = crate::over(Arc::new(MemoryStore::new()), options).unwrap();
        *stops.0.lock().unwrap() = Some(Worker::spawn(app.clone()).unwrap());
        let rate = crate::Rate::flat(crate::Money::krw(1000)).unwrap();
        let description = "강남 소형".parse().unwrap();
        app.register(&crate::Caller::manager(), crate::RegisterStorage { description, rate }).unwrap();
        let given_up = Instant::now() + Duration::from_secs(10);
        while stops.0.lock().unwrap().is_some() || app.consumers().unwrap().iter().any(|c| c.behind > 0) {
            assert!(Instant::now() < given_up, "the event is not taken: {:?}", app.consumers().unwrap());
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(app.dead_letters(crate::Page::default()).unwrap(), [], "to stop it is no failure of the consumer");
    }

    #[test]
    fn whoever_wakes_it_without_end_does_not_make_it_spin() {
        let store = Arc::new(Counted::default());
        let reads = || store.reads.load(Ordering::Relaxed);
        let app = crate::over(Arc::clone(&store) as Arc<dyn Store>, crate::Options::without_gateway()).unwrap();
        let before = reads();
        app.run_due().unwrap();
        let a_pass = reads() - before;
        let (worker, before, begun) = (Worker::spawn(app).unwrap(), reads(), Instant::now());
        for _ in 0..1_000 {
            worker.wake();
            std::thread::sleep(Duration::from_micros(100));
        }
        worker.stop();
        let (passes, most) = ((reads() - before) / a_pass, begun.elapsed().as_millis() / WAIT_MIN.as_millis() + 2);
        assert!((1..=most).contains(&(passes as u128)), "{passes} passes, no more than {most}");
    }
}
