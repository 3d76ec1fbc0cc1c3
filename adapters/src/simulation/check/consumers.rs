//! Consumers, their dead letters, the messages they wrote and the view they folded: 7, 8 and 9.

use storagerent_core::consumer::ConsumerRow;
use storagerent_core::event::{Envelope, Event};
use storagerent_core::message::MessageRow;
use storagerent_core::payment::PaymentEvent;
use storagerent_core::ports::{Page, Queries};
use storagerent_core::reservation::ReservationEvent;
use storagerent_core::shared::ReservationId;

use super::fold::must;
use super::{Checker, view};
use crate::simulation::outside::Outside;
use crate::simulation::report::{Checked, broken};
use crate::simulation::site::{CHANNELS, LISTENERS};

/// Every channel, one bit each: the inbox is the first.
const ALL_CHANNELS: u8 = 0b111;

/// Whether customers are told of an event.
pub(super) fn is_told(event: &Envelope) -> bool {
    match &event.event {
        Event::Reservation(e) => !matches!(e, ReservationEvent::ReservationCreated(_)),
        Event::Payment(PaymentEvent::PaymentCancelled(e)) => !e.cancels_reservation,
        _ => false,
    }
}

/// The payment whose money must go back because of an event.
pub(super) fn goes_back(event: &Envelope) -> Option<u64> {
    match &event.event {
        Event::Payment(PaymentEvent::PaymentApproved(e)) if !e.hold_stands => Some(e.booking.payment_id.get()),
        Event::Reservation(ReservationEvent::ReservationCancelRequested(e)) => Some(e.booking.payment_id.get()),
        _ => None,
    }
}

/// Who moves in because of an event, or out.
fn moves(event: &Envelope) -> Option<(bool, ReservationId)> {
    match &event.event {
        Event::Reservation(ReservationEvent::ReservationConfirmed(e)) if e.started => {
            Some((true, e.booking.reservation_id))
        }
        Event::Reservation(ReservationEvent::RentalStarted(e)) => Some((true, e.booking.reservation_id)),
        Event::Reservation(ReservationEvent::RentalEnded(e)) => Some((false, e.booking.reservation_id)),
        Event::Reservation(ReservationEvent::ReservationCancelled(e)) => Some((false, e.booking.reservation_id)),
        _ => None,
    }
}

impl Checker {
    /// Messages since the last look: at most one per event and channel.
    pub(super) fn new_messages(&mut self, q: &mut dyn Queries) -> Checked {
        let rows = q.messages(&Default::default(), Page { after: self.model.last_message, limit: None })?;
        for row in &rows {
            self.counts.held(7);
            self.message(row)?;
        }
        Ok(())
    }

    fn message(&mut self, row: &MessageRow) -> Checked {
        let (id, n) = (row.message_id.get(), row.event_sequence.get());
        self.model.last_message = id;
        let Some(event) = self.model.event(n) else {
            return broken(7, format!("message {id} tells of event {n}, which is not there"));
        };
        must!(7, is_told(event), "message {id} tells of event {n}, {}", event.event.event_type());
        let right = event.event.event_type() == row.kind
            && event.event.storage_id() == row.storage_id
            && event.event.reservation_id() == Some(row.reservation_id);
        must!(7, right, "message {id} tells of something else than event {n}");
        let customer = self.model.reservations.get(&row.reservation_id.get()).map(|r| &r.booking.customer);
        must!(7, customer == Some(&row.customer), "message {id} goes to {}", row.customer);
        must!(11, event.correlation_id == row.correlation_id, "message {id} carries {}", row.correlation_id);
        let bit = match CHANNELS.iter().position(|name| *name == row.channel) {
            Some(at) => 2 << at,
            None if row.channel == "inbox" => 1,
            None => return broken(7, format!("message {id} is for channel {}", row.channel)),
        };
        let told = &mut self.model.told[n as usize - 1];
        must!(7, *told & bit == 0, "event {n} is told twice over {}", row.channel);
        *told |= bit;
        Ok(())
    }

    /// A consumer began at event 1 again, or, unless it is `sure`, may have.
    fn replayed(&mut self, name: &str, sure: bool) {
        self.model.looked_at.insert(name.to_owned(), 0);
        if name == "view" {
            let discarded = self.model.letters.discarded.iter().any(|(consumer, _)| consumer == "view");
            self.model.view_known = sure || (self.model.view_known && !discarded);
            self.model.view.clear();
            self.view_touched.extend(self.model.of_storage.keys().copied());
        }
        if sure {
            self.model.letters.discarded.retain(|(consumer, _)| consumer != name);
        }
    }

    /// Cursors since the last look: what they passed was applied or parked.
    pub(super) fn consumers(
        &mut self,
        q: &mut dyn Queries,
        replayed: Option<&str>,
        unsure: Option<&str>,
        changed: &[(String, u64)],
    ) -> Checked {
        if let Some(name) = replayed {
            self.replayed(name, true);
        }
        if let Some(name) = unsure {
            self.replayed(name, false);
        }
        let rows = q.consumers()?;
        self.model.paused.clear();
        for row in rows {
            let known =
                ["storage", "payment", "message", "view", "books", "audit"].into_iter().find(|n| *n == row.name);
            let Some(name) = known else {
                return broken(9, format!("there is a consumer {}", row.name));
            };
            if row.paused {
                self.model.paused.push(name);
            }
            let before = self.model.consumers.insert(row.name.clone(), row.clone());
            if let Some(before) = &before
                && row.cursor < before.cursor
            {
                if replayed != Some(name) && unsure != Some(name) {
                    return broken(9, format!("the cursor of {name} went back to {}", row.cursor));
                }
                self.replayed(name, true);
            }
            self.one_consumer(name, &row, before.as_ref())?;
        }
        for (consumer, storage) in changed {
            match consumer.as_str() {
                "view" => self.fold_again(*storage),
                "storage" => self.move_again(*storage),
                _ => {}
            }
        }
        Ok(())
    }

    fn one_consumer(&mut self, name: &'static str, row: &ConsumerRow, before: Option<&ConsumerRow>) -> Checked {
        let cursor = row.cursor.get();
        must!(9, cursor <= self.model.head(), "the cursor of {name} is {cursor}, past the log");
        if let Some(before) = before {
            let waited = before.paused && row.paused;
            must!(9, !waited || row.cursor <= before.cursor, "{name} went on to {cursor} while paused");
        }
        let from = self.model.looked_at.get(name).copied().unwrap_or(0);
        for n in from + 1..=cursor {
            self.counts.held(9);
            self.passed(name, n)?;
        }
        self.model.looked_at.insert(name.to_owned(), cursor.max(from));
        if name == "storage" {
            self.model.storage_reach = self.model.storage_reach.max(cursor);
        }
        Ok(())
    }

    /// An event lies behind a consumer's cursor.
    fn passed(&mut self, name: &'static str, n: u64) -> Checked {
        let parked = self.model.is_parked(name, n);
        let excused = parked || self.model.is_discarded(name, n);
        let Some(event) = self.model.event(n) else {
            return broken(9, format!("{name} is past event {n}, which is not there"));
        };
        match name {
            "message" if !excused && is_told(event) => {
                let told = self.model.told[n as usize - 1];
                must!(9, told == ALL_CHANNELS, "message is past event {n}, told over channels {told:03b} only");
            }
            "payment" if !excused => {
                if let Some(payment) = goes_back(event) {
                    let key = self.model.payments.get(&payment).map_or(0, |row| row.key.bits());
                    let wished = self.model.wish_under.contains_key(&("refund", key));
                    must!(9, wished, "payment is past event {n}, and payment {payment} is not to be refunded");
                }
            }
            "storage" if !excused => {
                let storage = event.event.storage_id().get();
                let moved = moves(event);
                if n > self.model.storage_reach {
                    if let Some((into, who)) = moved {
                        self.move_one(storage, into, who);
                    }
                } else if self.model.moves_pending.remove(&n) {
                    self.move_again(storage);
                }
            }
            "view" if !excused => {
                let (storage, event) = (event.event.storage_id().get(), event.event.clone());
                if let Some(row) = view::fold(self.model.view.remove(&storage), &event) {
                    self.model.view.insert(storage, row);
                }
                self.view_touched.insert(storage);
            }
            _ => {}
        }
        if parked || self.model.letters.events.is_empty() {
            return Ok(());
        }
        // What is parked holds the later events of its key back.
        let Some(event) = self.model.event(n) else { return Ok(()) };
        let (key, meant) = match name {
            "message" => (event.event.reservation_id().map(|id| format!("reservation:{id}")), is_told(event)),
            "payment" => {
                (event.event.reservation_id().map(|id| format!("reservation:{id}")), goes_back(event).is_some())
            }
            _ => (Some(format!("storage:{}", event.event.storage_id())), name != "storage" || moves(event).is_some()),
        };
        let ahead =
            self.model.letters.events.iter().find(|((consumer, sequence), of)| {
                consumer == name && *sequence < n && meant && Some(*of) == key.as_ref()
            });
        let gone = self.model.is_discarded(name, n);
        must!(9, ahead.is_none() || gone, "{name} took event {n} past {ahead:?}, parked");
        Ok(())
    }

    fn move_one(&mut self, storage: u64, into: bool, who: ReservationId) {
        let occupant = self.model.occupants.entry(storage).or_default();
        match (into, *occupant) {
            (true, _) => *occupant = Some(who),
            (false, Some(now)) if now == who => *occupant = None,
            (false, _) => {}
        }
    }

    /// Letters of a storage changed: what the storage consumer took of it, once more from the first event.
    fn move_again(&mut self, storage: u64) {
        let reach = self.model.storage_reach;
        self.model.occupants.insert(storage, None);
        let of = self.model.of_storage.get(&storage).cloned().unwrap_or_default();
        for n in of.into_iter().filter(|n| *n <= reach) {
            if self.model.moves_pending.contains(&n) {
                continue;
            }
            if let Some((into, who)) = self.model.event(n).and_then(moves) {
                self.move_one(storage, into, who);
            }
        }
    }

    /// The same of the view.
    fn fold_again(&mut self, storage: u64) {
        let cursor = self.model.consumers.get("view").map_or(0, |row| row.cursor.get());
        let of = self.model.of_storage.get(&storage).cloned().unwrap_or_default();
        let mut row = None;
        for n in of.into_iter().filter(|n| *n <= cursor) {
            if self.model.holds_back("view", n) {
                continue;
            }
            if let Some(event) = self.model.event(n) {
                row = view::fold(row, &event.event);
            }
        }
        match row {
            Some(row) => self.model.view.insert(storage, row),
            None => self.model.view.remove(&storage),
        };
        self.view_touched.insert(storage);
    }

    /// The rows of the view that events reached.
    pub(super) fn view_rows(&mut self, q: &mut dyn Queries) -> Checked {
        let touched = std::mem::take(&mut self.view_touched);
        if !self.model.view_known {
            return Ok(());
        }
        for storage in touched {
            self.counts.held(8);
            let kept = q.view(storage.into())?;
            let told = self.model.view.get(&storage);
            if kept.as_ref() != told {
                return broken(8, format!("the view of storage {storage} is {kept:?}, events tell {told:?}"));
            }
        }
        Ok(())
    }

    /// Who occupies a storage is who the storage consumer has heard of.
    pub(super) fn occupants(&mut self, storages: impl Iterator<Item = u64>) -> Checked {
        for storage in storages {
            let Some(row) = self.model.storages.get(&storage) else { continue };
            if self.model.given_up.contains(&storage) {
                continue;
            }
            self.counts.held(9);
            let heard = self.model.occupants.get(&storage).copied().flatten();
            must!(9, row.occupant == heard, "storage {storage} is occupied by {:?}, heard was {heard:?}", row.occupant);
        }
        Ok(())
    }

    /// Consumers of one's own: taken or parked, and in order.
    pub(super) fn listeners(&mut self, outside: &mut Outside) -> Checked {
        for (which, name) in LISTENERS.into_iter().enumerate() {
            for n in std::mem::take(&mut outside.first_taken[which]) {
                self.counts.held(9);
                let Some(event) = self.model.event(n) else {
                    return broken(9, format!("{name} was handed event {n}, which is not there"));
                };
                let storage = event.event.storage_id().get();
                let last = self.first_taken[which].entry(storage).or_default();
                let late = self.model.letters.ever_discarded.contains(&(name.to_owned(), n));
                must!(9, n > *last || late, "{name} was handed event {n} of storage {storage} after event {last}");
                *last = n.max(*last);
            }
            let cursor = self.model.consumers.get(name).map_or(0, |row| row.cursor.get());
            for n in self.heard[which] + 1..=cursor {
                let excused = outside.taken[which].contains(&n)
                    || self.model.is_parked(name, n)
                    || self.model.letters.ever_discarded.contains(&(name.to_owned(), n));
                must!(9, excused, "{name} is past event {n}, neither taken nor parked");
            }
            self.heard[which] = self.heard[which].max(cursor);
        }
        Ok(())
    }
}
