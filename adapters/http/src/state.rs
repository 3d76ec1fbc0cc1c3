//! What every handler has at hand.

use std::sync::Arc;
use std::time::Duration;

use storagerent::App;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::admission::{Admission, Admitted, Payer, Rates, StreamPlace, Streams};
use crate::ending::UnderWay;
use crate::feed::Feed;
use crate::options::Options;
use crate::problem::Refusal;
use crate::watch::Watch;

/// The application, and how it is shown.
pub(crate) struct Site {
    pub(crate) app: App,
    pub(crate) options: Options,
    pub(crate) feed: Feed,
    pub(crate) admission: Admission,
    pub(crate) rates: Rates,
    streams: Streams,
    pub(crate) watch: Watch,
    calls: Arc<Semaphore>,
    reads: Arc<Semaphore>,
}

/// So long a reservation waits for a free call before it is turned away.
const CALL_WAIT_MAX: Duration = Duration::from_secs(1);

/// So many lists are read at once: each has a connection of its own, and the store keeps as many.
const READS_MAX: usize = 8;

impl Site {
    pub(crate) fn new(app: App, options: Options) -> Arc<Self> {
        let calls = Arc::new(Semaphore::new(options.calls_max));
        Arc::new(Site {
            feed: Feed::new(app.clone()),
            admission: Admission::new(options.changes_max),
            rates: Rates::new(options.rate_max),
            streams: Streams::new(options.streams_max),
            watch: Watch::new(),
            app,
            options,
            calls,
            reads: Arc::new(Semaphore::new(READS_MAX)),
        })
    }

    /// One request more of this caller.
    pub(crate) fn charge(&self, payer: &Payer) -> Result<(), Refusal> {
        self.rates.charge(payer).inspect_err(|_| self.watch.refused("rate"))
    }

    /// One stream of events more of this caller.
    pub(crate) fn stream(&self, payer: &Payer) -> Result<StreamPlace, Refusal> {
        self.streams.enter(payer).inspect_err(|_| self.watch.refused("streams"))
    }

    /// A place in front of the writer.
    pub(crate) fn admit(&self) -> Result<Admitted, Refusal> {
        self.admission.enter().inspect_err(|_| self.watch.refused("queue"))
    }

    /// A place among those who may call the payment gateway.
    pub(crate) async fn call(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let place = Arc::clone(&self.calls).acquire_owned();
        match tokio::time::timeout(CALL_WAIT_MAX, place).await {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => {
                self.watch.refused("payments");
                Err(Refusal::ManyPayments { calls: self.options.calls_max })
            }
        }
    }

    /// One change more is under way: see [`through`].
    pub(crate) fn begin(&self) -> UnderWay {
        self.options.ending.begin()
    }

    /// Something was changed: whoever waits for it looks now.
    pub(crate) fn written(&self) {
        if let Some(told) = &self.options.on_written {
            told();
        }
        self.feed.look();
    }

    /// Reads a list aside. Of very many at once some wait for others, and nobody for them: neither changes nor probes.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        f: impl FnOnce(&App) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let place = Arc::clone(&self.reads).acquire_owned().await.map_err(|_| broken())?;
        // Its own until it is done, though nobody may wait for it any more.
        let read = move |app: &App| {
            let answer = f(app);
            drop(place);
            answer
        };
        self.aside(read).await
    }

    /// Does something that may take long, or block, where it keeps nobody else from going on.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        f: impl FnOnce(&App) -> Result<T, Refusal> + Send + 'static,
    ) -> Result<T, Refusal> {
        let app = self.app.clone();
        tokio::task::spawn_blocking(move || f(&app)).await.unwrap_or_else(|_| Err(broken()))
    }
}

/// A defect: a task broke off.
pub(crate) fn broken() -> Refusal {
    storagerent::StoreError::Aborted("the request broke off".to_owned()).into()
}

/// Goes through with a change although its client may be gone: what is begun is brought to its end, and serving does not end before.
pub(crate) async fn through<T: Send + 'static>(
    under_way: UnderWay,
    change: impl Future<Output = Result<T, Refusal>> + Send + 'static,
) -> Result<T, Refusal> {
    let change = async move {
        let answer = change.await;
        drop(under_way);
        answer
    };
    tokio::spawn(change).await.unwrap_or_else(|_| Err(broken()))
}
