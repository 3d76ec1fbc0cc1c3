//! The end of serving, told to all who must know: the accept loop, streams that would go on for ever, and whoever asks whether we are ready.

use std::sync::Arc;

use tokio::sync::watch;

/// Told once that serving ends; clones are told with it.
#[derive(Debug, Clone)]
pub struct Ending {
    ends: Arc<watch::Sender<bool>>,
}

impl Default for Ending {
    fn default() -> Self {
        Ending { ends: Arc::new(watch::Sender::new(false)) }
    }
}

impl Ending {
    /// Serving ends now: nothing new is accepted, streams end, what is under way is finished.
    pub fn end(&self) {
        self.ends.send_replace(true);
    }

    /// Whether serving ends.
    pub fn has_come(&self) -> bool {
        *self.ends.borrow()
    }

    /// Waits for it.
    pub async fn come(&self) {
        let mut ends = self.ends.subscribe();
        // The sender lives as long as this clone of it.
        let _told = ends.wait_for(|ended| *ended).await;
    }
}
