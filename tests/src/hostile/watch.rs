//! Watching: panics are kept, wherever they were caught, and an input that never ends is told before the run is broken off.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

/// So long an input may run before it is held to hang for ever.
const HANGS_AFTER: Duration = Duration::from_secs(30);

thread_local! {
    /// The panics of this thread's present input; none when nothing is watched.
    static PANICS: RefCell<Option<Vec<String>>> = const { RefCell::new(None) };
}

#[derive(Default)]
struct Now {
    world: u64,
    since: Option<Instant>,
    shown: String,
}

/// Watches over the inputs of one run.
pub(super) struct Watch {
    now: Arc<Mutex<Now>>,
    over: Arc<AtomicBool>,
}

impl Watch {
    pub(super) fn start(target: &'static str) -> Self {
        keep_panics();
        let watch = Watch { now: Arc::default(), over: Arc::default() };
        let (now, over) = (Arc::clone(&watch.now), Arc::clone(&watch.over));
        std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                std::thread::sleep(Duration::from_millis(200));
                let now = now.lock().unwrap_or_else(PoisonError::into_inner);
                if now.since.is_some_and(|since| since.elapsed() > HANGS_AFTER) {
                    eprintln!("{target}, world of seed {}: an input hangs: {}", now.world, now.shown);
                    std::process::exit(86);
                }
            }
        });
        watch
    }

    pub(super) fn world(&self, seed: u64) {
        self.now().world = seed;
    }

    /// Runs one input; a panic, caught by whomever, is what is wrong with it.
    pub(super) fn over<T>(
        &self,
        shown: &impl Fn() -> String,
        f: impl FnOnce() -> Result<T, String>,
    ) -> Result<T, String> {
        {
            let mut now = self.now();
            now.since = Some(Instant::now());
            now.shown = shown();
        }
        PANICS.set(Some(Vec::new()));
        let outcome = catch_unwind(AssertUnwindSafe(f));
        let panics = PANICS.take().unwrap_or_default();
        self.now().since = None;
        if !panics.is_empty() {
            return Err(panics.join("; "));
        }
        outcome.unwrap_or_else(|_| Err("a panic without words".to_owned()))
    }

    fn now(&self) -> std::sync::MutexGuard<'_, Now> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}

/// Keeps the panics of watched threads instead of printing them; those of others go the usual way.
fn keep_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let kept = PANICS.with_borrow_mut(|panics| {
                panics.as_mut().map(|panics| panics.push(panic.to_string().replace('\n', " "))).is_some()
            });
            if !kept {
                usual(panic);
            }
        }));
    });
}
