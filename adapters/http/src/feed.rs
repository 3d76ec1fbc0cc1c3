//! The end of the log, watched: one look for all who wait for new events, and none while nobody does.

use std::sync::Arc;
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
}

impl Feed {
    pub(crate) fn new(app: App) -> Self {
        Feed { app, head: watch::Sender::new(0), look: Arc::default() }
    }

    /// Something was written here: look now.
    pub(crate) fn look(&self) {
        self.look.notify_one();
    }

    /// The end of the log from now on. The first to ask starts the looking, which ends when the last is gone.
    pub(crate) fn follow(&self) -> watch::Receiver<u64> {
        let is_first = self.head.receiver_count() == 0;
        let followed = self.head.subscribe();
        if is_first {
            let (app, head, look) = (self.app.clone(), self.head.clone(), Arc::clone(&self.look));
            tokio::spawn(async move {
                while head.receiver_count() > 0 {
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
