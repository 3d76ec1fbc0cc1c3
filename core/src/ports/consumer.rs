//! Consumers of your own, outside the file.

use std::sync::Arc;

use crate::event::Envelope;

/// Why a consumer could not take an event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConsumeError {
    /// Not now; it is tried again with backoff and never parked.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// Never; the event is parked as a dead letter, with the later events of the same key.
    #[error("refused for good: {0}")]
    Permanent(String),
}

/// A consumer of your own. It starts from event 1, is called outside any transaction, and its cursor is saved afterwards: at
/// least once per event, in order, `sequence` being the key by which to tell a repetition.
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
        format!("storage:{}", event.event.storage_id())
    }
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
