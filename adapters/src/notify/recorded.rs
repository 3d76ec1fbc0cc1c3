//! Messages kept in RAM.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use storagerent_core::effect::Outcome;
use storagerent_core::message::MessageRow;
use storagerent_core::ports::Notifier;
use storagerent_core::shared::Key;

/// What a recorded channel does with messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    /// Delivers them. The default.
    #[default]
    Delivers,
    /// Is away: they are to be tried again.
    Unavailable,
    /// Refuses them for good.
    Refuses,
}

/// Keeps what it delivers, repetitions too: for tests. Its clones are the same channel.
#[derive(Debug, Clone)]
pub struct Recorded {
    channel: String,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    mood: Mood,
    calls: u64,
    deliveries: Vec<(Key, MessageRow)>,
}

impl Recorded {
    /// A channel of that name.
    pub fn new(channel: impl Into<String>) -> Self {
        Recorded { channel: channel.into(), inner: Arc::default() }
    }

    /// What it does from now on.
    pub fn set_mood(&self, mood: Mood) {
        self.lock().mood = mood;
    }

    /// What was delivered, in order.
    pub fn deliveries(&self) -> Vec<(Key, MessageRow)> {
        self.lock().deliveries.clone()
    }

    /// How often it was called, whatever came of it.
    pub fn calls(&self) -> u64 {
        self.lock().calls
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Notifier for Recorded {
    fn channel(&self) -> &str {
        &self.channel
    }

    fn deliver(&self, key: Key, message: &MessageRow) -> Outcome {
        let mut inner = self.lock();
        inner.calls += 1;
        match inner.mood {
            Mood::Delivers => {
                inner.deliveries.push((key, message.clone()));
                Outcome::Delivered
            }
            Mood::Unavailable => Outcome::Unavailable { reason: format!("{} was told to be away", self.channel) },
            Mood::Refuses => Outcome::Refused { reason: format!("{} was told to refuse", self.channel) },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::message;
    use super::*;

    #[test]
    fn only_what_was_delivered_is_kept() {
        let channel = Recorded::new("mail");
        let same = channel.clone();
        same.set_mood(Mood::Unavailable);
        assert!(matches!(channel.deliver(Key::new(1), &message()), Outcome::Unavailable { .. }));
        same.set_mood(Mood::Refuses);
        assert!(matches!(channel.deliver(Key::new(1), &message()), Outcome::Refused { .. }));
        same.set_mood(Mood::Delivers);
        assert_eq!(channel.deliver(Key::new(2), &message()), Outcome::Delivered);
        assert_eq!(channel.deliver(Key::new(2), &message()), Outcome::Delivered);
        assert_eq!(same.deliveries(), [(Key::new(2), message()), (Key::new(2), message())]);
        assert_eq!((same.calls(), same.channel()), (4, "mail"));
    }
}
