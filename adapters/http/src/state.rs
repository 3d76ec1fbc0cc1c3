//! What every handler has at hand.

use std::sync::Arc;
use std::time::Duration;

use storagerent::App;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::admission::{Admission, Admitted, Payer, Rates, Streams};
use crate::asker::correlation_id;
use crate::ending::UnderWay;
use crate::feed::Feed;
use crate::options::Options;
use crate::problem::Refusal;
use crate::shares::Share;
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
    pub(crate) fn stream(&self, payer: &Payer) -> Result<Share, Refusal> {
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
    let (tell, told) = oneshot::channel();
    let id = correlation_id();
    tokio::spawn(async move {
        let _under_way = under_way;
        if let Err(Err(refusal)) = tell.send(change.await) {
            refusal.log_unanswered(id.as_ref());
        }
    });
    told.await.unwrap_or_else(|_| Err(broken()))
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::sync::Mutex;

    use storagerent::StoreError;
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::*;
    use crate::ending::Ending;

    /// What is logged, as text.
    #[derive(Default)]
    struct Log(Mutex<String>);

    struct Words<'a>(&'a mut String);

    impl Visit for Words<'_> {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            self.0.push_str(&format!("{field}={value:?} "));
        }
    }

    impl Subscriber for Log {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            event.record(&mut Words(&mut self.0.lock().unwrap()));
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    #[tokio::test]
    async fn what_goes_wrong_after_the_client_has_left_is_logged() {
        let log = Arc::new(Log::default());
        let _logging = tracing::subscriber::set_default(Arc::clone(&log));
        let (ending, (go, gone)) = (Ending::default(), oneshot::channel::<()>());
        let change = async move {
            let _left = gone.await;
            Err::<(), _>(StoreError::Corrupt("row 7".to_owned()).into())
        };
        let asked = through(ending.begin(), change);
        assert!(tokio::time::timeout(Duration::from_millis(1), asked).await.is_err(), "the client leaves");
        assert!(log.0.lock().unwrap().is_empty());
        drop(go);
        ending.settled().await;
        let said = log.0.lock().unwrap();
        assert!(said.contains("row 7") && said.contains("corrupt"), "{said}");
    }
}
