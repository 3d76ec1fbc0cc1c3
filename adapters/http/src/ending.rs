//! The end of serving, told to all who must know: whoever asks whether we are ready, the accept loop, and streams that would go on
//! for ever. And what it waits for: changes that are under way though their clients may be gone.

use std::sync::Arc;

use tokio::sync::watch;

/// How far the end has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Serving,
    Leaving,
    Over,
    BrokenOff,
}

/// Told that serving ends; clones are told with it.
#[derive(Debug, Clone)]
pub struct Ending {
    stage: Arc<watch::Sender<Stage>>,
    under_way: Arc<watch::Sender<usize>>,
}

/// A change that goes on though its client may be gone, until this is dropped.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<watch::Sender<usize>>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Default for Ending {
    fn default() -> Self {
        Ending { stage: Arc::new(watch::Sender::new(Stage::Serving)), under_way: Arc::default() }
    }
}

impl Ending {
    /// Serving is about to end: `/readyz` says so, and each connection is closed with its next answer, so that clients go
    /// elsewhere. All are still served.
    pub fn leave(&self) {
        self.reach(Stage::Leaving);
    }

    /// Serving ends now: nothing new is accepted, streams end, what is under way is finished.
    pub fn end(&self) {
        self.reach(Stage::Over);
    }

    /// Serving ends at once: it waits for no request any more. What changes are under way, [`Ending::settled`] still says.
    pub fn break_off(&self) {
        self.reach(Stage::BrokenOff);
    }

    /// The end never goes back.
    fn reach(&self, stage: Stage) {
        self.stage.send_if_modified(|now| {
            let further = *now < stage;
            *now = stage.max(*now);
            further
        });
    }

    /// Whether serving is about to end, or ends.
    pub fn is_near(&self) -> bool {
        *self.stage.borrow() >= Stage::Leaving
    }

    /// Whether the end has come.
    pub(crate) fn has_come(&self) -> bool {
        *self.stage.borrow() >= Stage::Over
    }

    /// Waits for the end.
    pub async fn come(&self) {
        self.reached(Stage::Over).await;
    }

    /// Waits until nothing is waited for any more.
    pub(crate) async fn broken_off(&self) {
        self.reached(Stage::BrokenOff).await;
    }

    async fn reached(&self, wanted: Stage) {
        let mut stage = self.stage.subscribe();
        // The sender lives as long as this clone of it.
        let _told = stage.wait_for(|stage| *stage >= wanted).await;
    }

    /// One change more is under way.
    pub(crate) fn begin(&self) -> UnderWay {
        self.under_way.send_modify(|count| *count += 1);
        UnderWay(Arc::clone(&self.under_way))
    }

    /// Waits until no change is under way: none whose client is gone, either. Whoever lets the runtime go before that loses what a
    /// payment service may have answered.
    pub async fn settled(&self) {
        let mut under_way = self.under_way.subscribe();
        let _none = under_way.wait_for(|count| *count == 0).await;
    }
}
