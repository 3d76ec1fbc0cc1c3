//! At rest: nothing is under way, everybody was told, every won is where it belongs. 3, 4, 7 and 15 in their strict form.

use storagerent_core::effect::EffectStatus;
use storagerent_core::reservation::ReservationStatus;

use super::Checker;
use super::fold::must;
use crate::simulation::report::{Checked, broken};
use crate::simulation::site::{CHANNELS, Site};

impl Checker {
    /// Why it is not at rest yet, if so.
    pub(in crate::simulation) fn restless(&self) -> Option<String> {
        let model = &self.model;
        let unfinished = model.wishes.iter().find(|(_, wish)| wish.status != EffectStatus::Done);
        if let Some((id, wish)) = unfinished {
            return Some(format!("effect {id} is not done: {wish:?}"));
        }
        if let Some((at, id)) = model.holds.first() {
            return Some(format!("reservation {id} is held until {at}"));
        }
        if let Some((_, letter)) = model.letters.open.first_key_value() {
            return Some(format!("a dead letter is open: {letter:?}"));
        }
        let behind = model.consumers.values().find(|row| row.cursor.get() < model.head());
        if let Some(row) = behind {
            return Some(format!("{} is at {} of {}", row.name, row.cursor, model.head()));
        }
        let mut live = model.live.values().flatten().filter_map(|id| model.reservations.get(id));
        let cancelling = live.find(|row| row.reservation_status != ReservationStatus::Reserved);
        cancelling.map(|row| format!("reservation {} is {:?}", row.booking.reservation_id, row.reservation_status))
    }

    /// The strict forms, once it is at rest.
    pub(in crate::simulation) fn at_rest(&mut self, site: &Site) -> Checked {
        site.bank(|bank| self.books_at_rest(bank))?;
        for event in &self.model.events {
            self.counts.held(7);
            let (n, told) = (event.sequence.get(), self.model.told[event.sequence.get() as usize - 1]);
            let wanted = if super::consumers::is_told(event) { 0b111 } else { 0 };
            let given_up = self.model.letters.ever_discarded.contains(&("message".to_owned(), n));
            must!(7, told == wanted || given_up, "at rest event {n} was told over channels {told:03b}");
        }
        site.outside(|outside| {
            for message in self.model.delivery_of.keys() {
                self.counts.held(7);
                let times: usize = (0..CHANNELS.len())
                    .map(|at| outside.delivered[at].values().filter(|id| *id == message).count())
                    .sum();
                let given_up = self.model.letters.undelivered.contains(message);
                if times != 1 && !given_up {
                    return broken(7, format!("at rest message {message} was delivered under {times} keys"));
                }
            }
            Ok(())
        })?;
        for (storage, row) in &self.model.storages {
            self.counts.held(12);
            let totals = self.model.review_totals(*storage);
            let right = (row.review_cnt, row.rating) == (totals.0, super::fold::average(totals));
            let given_up = self.model.given_up.contains(storage);
            must!(12, right || given_up, "at rest storage {storage} has {row:?}, its reviews are {totals:?}");
        }
        let storages: Vec<u64> = self.model.storages.keys().copied().collect();
        self.occupants(storages.into_iter())
    }
}
