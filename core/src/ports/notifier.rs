//! The way to customers.

use std::sync::Arc;

use crate::effect::Outcome;
use crate::message::MessageRow;
use crate::shared::Key;

/// Delivers messages over one channel. Called outside any transaction, at least once per message under the same key. What panics
/// is tried again; an answer that no delivery comes to makes it a dead letter.
pub trait Notifier: Send + Sync {
    /// The channel's name, 1 to 40 of `a-z 0-9 -`; stored, so that every process writes messages for it. Not `inbox`.
    fn channel(&self) -> &str;

    /// Tells the customer: [`Outcome::Delivered`], [`Outcome::Unavailable`] to be tried again, or [`Outcome::Refused`].
    fn deliver(&self, key: Key, message: &MessageRow) -> Outcome;
}

impl<N: Notifier + ?Sized> Notifier for Arc<N> {
    fn channel(&self) -> &str {
        (**self).channel()
    }

    fn deliver(&self, key: Key, message: &MessageRow) -> Outcome {
        (**self).deliver(key, message)
    }
}
