//! Dead letters: which events and effects they hold, and what became of those they held.

use storagerent_core::consumer::{DeadLetter, DeadSubject};
use storagerent_core::ports::Queries;

use super::Checker;
use super::model::Model;
use crate::simulation::report::Broken;

impl Model {
    pub(super) fn is_parked(&self, consumer: &str, event: u64) -> bool {
        !self.letters.events.is_empty() && self.letters.events.contains_key(&(consumer.to_owned(), event))
    }

    /// Whether a consumer's dead letter holds an event, or held it when it was given up.
    pub(super) fn holds_back(&self, consumer: &str, event: u64) -> bool {
        self.is_parked(consumer, event) || self.is_discarded(consumer, event)
    }

    pub(super) fn is_discarded(&self, consumer: &str, event: u64) -> bool {
        !self.letters.discarded.is_empty() && self.letters.discarded.contains(&(consumer.to_owned(), event))
    }
}

impl Checker {
    /// Dead letters opened and closed since the last look. Answers the storages whose view or status may have changed by it.
    pub(super) fn letters(&mut self, q: &mut dyn Queries) -> Result<Vec<(String, u64)>, Broken> {
        let mut changed = Vec::new();
        // Those closed first: a replay closes a letter and may open another of the same event.
        let ids: Vec<u64> = self.model.letters.open.keys().copied().collect();
        for id in ids {
            let Some(letter) = q.dead_letter(id)?.filter(|letter| letter.closed_at.is_some()) else { continue };
            self.model.letters.open.remove(&id);
            changed.extend(self.letter_closed(&letter));
        }
        while let Some(letter) = q.dead_letter(self.model.letters.last + 1)? {
            self.model.letters.last += 1;
            changed.extend(self.letter_opened(&letter));
            if letter.closed_at.is_some() {
                changed.extend(self.letter_closed(&letter));
            } else {
                self.model.letters.open.insert(letter.dead_letter_id.get(), letter);
            }
        }
        Ok(changed)
    }

    fn letter_opened(&mut self, letter: &DeadLetter) -> Option<(String, u64)> {
        let DeadSubject::Event { consumer, sequence, key } = &letter.subject else { return None };
        let held = (consumer.clone(), sequence.get());
        self.model.letters.events.insert(held.clone(), key.clone());
        // One taken before and parked in a replay has had its effect.
        if consumer == "storage" && held.1 > self.model.storage_reach {
            self.model.moves_pending.insert(held.1);
        }
        Some((held.0, self.model.event(held.1)?.event.storage_id().get()))
    }

    fn letter_closed(&mut self, letter: &DeadLetter) -> Option<(String, u64)> {
        let discarded = letter.resolution.as_deref().is_some_and(|how| how.starts_with("discarded"));
        match &letter.subject {
            DeadSubject::Effect { effect_id, .. } => {
                let message = self.model.wishes.get(&effect_id.get()).and_then(|wish| wish.message);
                self.model.letters.undelivered.extend(message.filter(|_| discarded));
                None
            }
            DeadSubject::Event { consumer, sequence, .. } => {
                let held = (consumer.clone(), sequence.get());
                self.model.letters.events.remove(&held);
                let storage = self.model.event(held.1)?.event.storage_id().get();
                if held.0 == "storage" && letter.resolution.as_deref() == Some("retried") {
                    self.model.moves_pending.remove(&held.1);
                }
                if discarded {
                    self.model.letters.discarded.insert(held.clone());
                    self.model.letters.ever_discarded.insert(held.clone());
                    if held.0 == "storage" {
                        self.model.given_up.insert(storage);
                    }
                }
                Some((held.0, storage))
            }
        }
    }
}
