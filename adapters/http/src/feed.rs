//! The end of the log, watched: one look for all who wait for new events, and none while nobody does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use storagerent::App;
use tokio::sync::{Notify, watch};

/// Other processes write too: so often somebody looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Tells whoever waits that the log has grown.
pub(crate) struct Feed {
    app: App,
    head: watch::Sender<u64>,
    look: Arc<Notify>,
    looking: Arc<Mutex<bool>>,
}

/// One looks for all. Whether somebody does is changed together with the question whether anybody waits: else a stream that comes as
/// the last one goes would find nobody looking, or start a second one.
struct Turn {
    is_taken: Arc<Mutex<bool>>,
    is_over: bool,
}

impl Turn {
    /// Takes the turn, if nobody has it.
    fn take(is_taken: &Arc<Mutex<bool>>) -> Option<Self> {
        let was_taken = std::mem::replace(&mut *lock(is_taken), true);
        (!was_taken).then(|| Turn { is_taken: Arc::clone(is_taken), is_over: false })
    }

    /// Gives it back, if nobody waits.
    fn goes_on(&mut self, waiting: impl FnOnce() -> usize) -> bool {
        let mut is_taken = lock(&self.is_taken);
        *is_taken = waiting() > 0;
        self.is_over = !*is_taken;
        *is_taken
    }
}

impl Drop for Turn {
    /// A runtime that ends takes the looking along.
    fn drop(&mut self) {
        if !self.is_over {
            *lock(&self.is_taken) = false;
        }
    }
}

fn lock(is_taken: &Mutex<bool>) -> MutexGuard<'_, bool> {
    is_taken.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Feed {
    pub(crate) fn new(app: App) -> Self {
        Feed { app, head: watch::Sender::new(0), look: Arc::default(), looking: Arc::default() }
    }

    /// Something was written here: look now.
    pub(crate) fn look(&self) {
        self.look.notify_one();
    }

    /// The end of the log from now on. The first to ask starts the looking, which ends when the last is gone.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        let followed = self.head.subscribe();
        if let Some(mut turn) = Turn::take(&self.looking) {
            let (app, head, look) = (self.app.clone(), self.head.clone(), Arc::clone(&self.look));
            tokio::spawn(async move {
                while turn.goes_on(|| head.receiver_count()) {
                    if let Ok(now) = app.head() {
                        head.send_if_modified(|known| {
                            let has_grown = now.get() > *known;
                            *known = now.get().max(*known);
                            has_grown
                        });
                    }
                    let _timeout = tokio::time::timeout(LOOK_EVERY, look.notified()).await;
                }
            });
        }
        followed
    }
}
