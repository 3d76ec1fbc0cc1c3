//! Consumers of your own, outside the file.

use std::sync::Arc;

use crate::event::Envelope;

/// Why a consumer could not take an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConsumeError {
    /// Not now; it is tried again with backoff and never parked.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Never; the event is parked as a dead letter, with the later events of the same key.
    #[error("refused for good: {0}")]
    Permanent(String),
}

/// A consumer of your own. It starts from event 1, is called outside any transaction, and its cursor is saved afterwards: at
/// least once per event, in order, `sequence` being the key by which to tell a repetition. An event on which it panics is parked.
///
/// It runs in whichever process calls `run_due`, in one at a time, in the thread that also gives money back: a pass leaves it
/// after a second, so take little time for an event. After a minute with one event, another process may take over; what a process
/// that died was at is begun again, up to 100 events of it, once its lease is over, which takes two minutes at most.
pub trait Consumer: Send + Sync {
    /// Its name, 1 to 40 of `a-z 0-9 -`; stored with its cursor. Not `storage`, `payment`, `message` or `view`.
    fn name(&self) -> &str;

    /// Takes one event.
    ///
    /// # Errors
    /// [`ConsumeError`]: whether to try again or to park it.
    fn take(&self, event: &Envelope) -> Result<(), ConsumeError>;

    /// Events of one key wait behind one of theirs that is parked; others go on. The storage, if you do not say otherwise.
    fn key(&self, event: &Envelope) -> String {
        storage_key(event)
    }
}

pub(crate) fn storage_key(event: &Envelope) -> String {
    format!("storage:{}", event.event.storage_id())
}

impl<C: Consumer + ?Sized> Consumer for Arc<C> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn take(&self, event: &Envelope) -> Result<(), ConsumeError> {
        (**self).take(event)
    }

    fn key(&self, event: &Envelope) -> String {
        (**self).key(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::tests::{envelope, every_event};

    struct Refuses;

    impl Consumer for Refuses {
        fn name(&self) -> &str {
            "refuses"
        }

        fn take(&self, event: &Envelope) -> Result<(), ConsumeError> {
            Err(ConsumeError::Permanent(event.event.event_type().to_owned()))
        }
    }

    #[test]
    fn events_of_one_storage_wait_for_each_other_and_a_shared_consumer_is_the_same_one() {
        let shared: Arc<dyn Consumer> = Arc::new(Refuses);
        for event in every_event().into_iter().map(envelope) {
            assert_eq!(shared.key(&event), "storage:3");
            assert_eq!(Consumer::key(&Arc::clone(&shared), &event), "storage:3");
            let refused = Consumer::take(&shared, &event).unwrap_err();
            assert_eq!(refused.to_string(), format!("refused for good: {}", event.event.event_type()));
        }
        assert_eq!(Consumer::name(&shared), "refuses");
        assert_eq!(ConsumeError::Unavailable("away".to_owned()).to_string(), "unavailable: away");
    }
}
