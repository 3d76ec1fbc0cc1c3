//! What else is outside: channels to customers and consumers of one's own, and what they remember of what they were handed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use storagerent_core::chrono::{DateTime, Utc};
use storagerent_core::effect::Outcome;
use storagerent_core::event::Envelope;
use storagerent_core::message::MessageRow;
use storagerent_core::ports::{Clock, ConsumeError, Consumer, Notifier};
use storagerent_core::shared::Key;

use super::faults::{Mood, falls_on};
use super::site::{CHANNELS, LISTENERS, Site};

/// Something being handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Handing {
    /// Over which channel, under which key.
    Message(usize, u128),
    /// To which consumer of one's own, an event of which storage.
    Event(usize, u64),
}

/// What was handed to channels and consumers.
#[derive(Debug, Default)]
pub(super) struct Outside {
    /// By channel: under which key which message was delivered.
    pub(super) delivered: [BTreeMap<u128, u64>; 2],
    /// By channel: under which key each message came.
    keys: [BTreeMap<u64, u128>; 2],
    /// Messages handed over since the checker looked.
    pub(super) handed: Vec<MessageRow>,
    /// What is being handed over, by which process and since when.
    under_way: Vec<(Handing, usize, DateTime<Utc>)>,
    /// By consumer: the events it took.
    pub(super) taken: [BTreeSet<u64>; 2],
    /// Those taken for the first time since the checker looked, in that order.
    pub(super) first_taken: [Vec<u64>; 2],
}

impl Outside {
    /// Handing something over begins; whether somebody is at it already, under a lease that cannot be over yet.
    fn begins(&mut self, what: Handing, app: usize, now: DateTime<Utc>) -> bool {
        let twice = self
            .under_way
            .iter()
            .any(|(that, _, since)| *that == what && (now - *since).num_seconds().unsigned_abs() < 10);
        self.under_way.push((what, app, now));
        twice
    }

    fn ends(&mut self, what: Handing, app: usize) {
        if let Some(at) = self.under_way.iter().rposition(|(that, by, _)| *that == what && *by == app) {
            self.under_way.remove(at);
        }
    }

    /// Nothing is under way between steps.
    pub(super) fn begin_step(&mut self) {
        self.under_way.clear();
    }

    /// A delivery arrives; what is wrong with it.
    fn deliver(&mut self, channel: usize, key: Key, message: &MessageRow) -> Option<String> {
        let (id, key) = (message.message_id.get(), key.bits());
        self.handed.push(message.clone());
        let other_key = self.keys[channel].insert(id, key).filter(|other| *other != key);
        let other_message = self.delivered[channel].insert(key, id).filter(|other| *other != id);
        if other_key.is_some() {
            return Some(format!("message {id} comes over {} under a second key", CHANNELS[channel]));
        }
        if message.channel != CHANNELS[channel] {
            return Some(format!("message {id} for {} comes over {}", message.channel, CHANNELS[channel]));
        }
        other_message.map(|other| format!("messages {other} and {id} come under one key"))
    }
}

/// A channel of one process.
pub(super) struct Channel {
    which: usize,
    app: usize,
    site: Arc<Site>,
}

impl Channel {
    pub(super) fn new(which: usize, app: usize, site: &Arc<Site>) -> Self {
        Channel { which, app, site: Arc::clone(site) }
    }
}

impl Site {
    /// What a channel does with a message in the present weather.
    pub(super) fn over_channel(&self, which: usize, key: Key, message: &MessageRow) -> Outcome {
        let mood = self.hub(|hub| {
            let mood = if hub.faults_on { hub.weather.channels[which] } else { Mood::Up };
            match mood {
                Mood::Away => hub.met.note("channel away"),
                Mood::Refuses(salt) if falls_on(salt, message.message_id.get()) => hub.met.note("channel refuses"),
                Mood::Refuses(_) | Mood::Up => return Mood::Up,
            }
            mood
        });
        match mood {
            Mood::Away => return Outcome::Unavailable { reason: "away".to_owned() },
            Mood::Refuses(_) => return Outcome::Refused { reason: "refused".to_owned() },
            Mood::Up => {}
        }
        if let Some(wrong) = self.outside(|outside| outside.deliver(which, key, message)) {
            self.flag(7, || wrong);
        }
        Outcome::Delivered
    }
}

impl Notifier for Channel {
    fn channel(&self) -> &str {
        CHANNELS[self.which]
    }

    fn deliver(&self, key: Key, message: &MessageRow) -> Outcome {
        self.site.port(self.app, "crash before a delivery");
        let (handing, now) = (Handing::Message(self.which, key.bits()), self.site.clock.now());
        if self.site.outside(|outside| outside.begins(handing, self.app, now)) {
            self.site.flag(9, || format!("message {} is delivered twice at one time", message.message_id));
        }
        self.site.do_meanwhile();
        let outcome = self.site.over_channel(self.which, key, message);
        self.site.outside(|outside| outside.ends(handing, self.app));
        self.site.port(self.app, "crash after a delivery");
        outcome
    }
}

/// A consumer of one's own, in one process.
pub(super) struct Listener {
    which: usize,
    app: usize,
    site: Arc<Site>,
}

impl Listener {
    pub(super) fn new(which: usize, app: usize, site: &Arc<Site>) -> Self {
        Listener { which, app, site: Arc::clone(site) }
    }
}

impl Consumer for Listener {
    fn name(&self) -> &str {
        LISTENERS[self.which]
    }

    fn take(&self, event: &Envelope) -> Result<(), ConsumeError> {
        self.site.port(self.app, "crash before a consumer of one's own");
        let (which, number) = (self.which, event.sequence.get());
        let (handing, now) = (Handing::Event(which, event.event.storage_id().get()), self.site.clock.now());
        if self.site.outside(|outside| outside.begins(handing, self.app, now)) {
            self.site.flag(9, || {
                format!("event {number} is handed to {} while another of its storage is", LISTENERS[which])
            });
        }
        self.site.do_meanwhile();
        self.site.outside(|outside| outside.ends(handing, self.app));
        self.site.hub(|hub| {
            let mood = if hub.faults_on { hub.weather.listeners[which] } else { Mood::Up };
            match mood {
                Mood::Up => Ok(()),
                Mood::Away => {
                    hub.met.note("consumer of one's own away");
                    Err(ConsumeError::Unavailable("away".to_owned()))
                }
                Mood::Refuses(salt) if falls_on(salt, number) => {
                    hub.met.note("consumer of one's own refuses");
                    Err(ConsumeError::Permanent("refused".to_owned()))
                }
                Mood::Refuses(_) => Ok(()),
            }
        })?;
        self.site.outside(|outside| {
            if outside.taken[which].insert(number) {
                outside.first_taken[which].push(number);
            }
        });
        self.site.port(self.app, "crash after a consumer of one's own");
        Ok(())
    }
}
