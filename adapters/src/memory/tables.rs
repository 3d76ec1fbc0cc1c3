//! The kinds of row that are looked up by more than their id, each with its indexes.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use storagerent_core::chrono::{DateTime, NaiveDate, Utc};
use storagerent_core::consumer::{DeadLetter, DeadSubject};
use storagerent_core::effect::{Action, EffectRow, EffectStatus};
use storagerent_core::message::MessageRow;
use storagerent_core::ports::StoreError;
use storagerent_core::reservation::{ReservationRow, ReservationStatus};
use storagerent_core::review::ReviewRow;
use storagerent_core::shared::{CustomerId, Key, Period, StorageId};

use super::index::Index;
use super::state::{Rows, corrupt};

/// Has the id in the set, or not.
fn keep(ids: &mut OrdSet<u64>, id: u64, has: bool) {
    if has {
        ids.insert(id);
    } else {
        ids.remove(&id);
    }
}

/// Reservations: by whom, where, in which state; what blocks days, and what is due.
#[derive(Clone, Default)]
pub(super) struct Reservations {
    pub(super) rows: Rows<ReservationRow>,
    pub(super) by_customer: Index<CustomerId>,
    pub(super) by_storage: Index<StorageId>,
    pub(super) by_status: Index<usize>,
    pub(super) holds: Index<DateTime<Utc>>,
    /// Days on which reserved rentals start (`true`) or end.
    pub(super) due: Index<(NaiveDate, bool)>,
    pub(super) counts: [u64; ReservationStatus::ALL.len()],
    live: Index<(StorageId, NaiveDate)>,
}

/// The place of a status in the order of all.
pub(super) fn place(status: ReservationStatus) -> usize {
    ReservationStatus::ALL.iter().position(|s| *s == status).expect("ALL has every status")
}

impl Reservations {
    /// Refuses a live reservation that overlaps another: the last line of defence behind the use cases' own rule.
    pub(super) fn check(&self, row: &ReservationRow) -> Result<(), StoreError> {
        let (id, storage) = (row.booking.reservation_id, row.booking.storage_id);
        let mut near = self.live_overlapping(storage, &row.booking.period);
        match near.find(|other| row.reservation_status.is_live() && other.booking.reservation_id != id) {
            Some(rival) => {
                let rival = rival.booking.reservation_id;
                Err(StoreError::Corrupt(format!("reservations {rival} and {id} of storage {storage} overlap")))
            }
            None => Ok(()),
        }
    }

    pub(super) fn put(&mut self, row: &ReservationRow) {
        let id = row.booking.reservation_id.get();
        let before = self.rows.insert(id, Arc::new(row.clone()));
        let (before, after) = (before.as_deref(), Some(row));
        fn keys<K>(
            before: Option<&ReservationRow>,
            after: Option<&ReservationRow>,
            key: impl Fn(&ReservationRow) -> Option<K>,
        ) -> (Option<K>, Option<K>) {
            (before.and_then(&key), after.and_then(&key))
        }
        let reserved = |r: &ReservationRow| r.reservation_status == ReservationStatus::Reserved;
        let (old, new) = keys(before, after, |r| Some(r.booking.customer.clone()));
        self.by_customer.put(id, old, new);
        let (old, new) = keys(before, after, |r| Some(r.booking.storage_id));
        self.by_storage.put(id, old, new);
        let (old, new) = keys(before, after, |r| {
            r.hold_expires_at.filter(|_| r.reservation_status == ReservationStatus::ReqReserve)
        });
        self.holds.put(id, old, new);
        let (old, new) = keys(before, after, |r| {
            r.reservation_status.is_live().then(|| (r.booking.storage_id, r.booking.period.from()))
        });
        self.live.put(id, old, new);
        let (old, new) = keys(before, after, |r| (reserved(r) && !r.started).then(|| (r.booking.period.from(), true)));
        self.due.put(id, old, new);
        let (old, new) =
            keys(before, after, |r| r.booking.period.until().filter(|_| reserved(r)).map(|day| (day, false)));
        self.due.put(id, old, new);
        let (old, new) = keys(before, after, |r| Some(place(r.reservation_status)));
        self.by_status.put(id, old, new);
        old.into_iter().for_each(|place| self.counts[place] -= 1);
        new.into_iter().for_each(|place| self.counts[place] += 1);
    }

    pub(super) fn live_overlapping(
        &self,
        id: StorageId,
        period: &Period,
    ) -> impl Iterator<Item = &Arc<ReservationRow>> {
        self.live
            .from(((id, NaiveDate::MIN), 0))
            .take_while(move |((storage, from), _)| *storage == id && period.until().is_none_or(|until| *from < until))
            .filter_map(|(_, reservation)| self.rows.get(reservation))
            .filter(|row| row.booking.period.overlaps(period))
    }
}

/// Reviews: that of a reservation, those of a storage, and what they come to; deleted ones apart.
#[derive(Clone, Default)]
pub(super) struct Reviews {
    pub(super) rows: Rows<ReviewRow>,
    pub(super) of_reservation: OrdMap<u64, u64>,
    pub(super) by_storage: Index<StorageId>,
    /// Their number and the sum of their ratings.
    pub(super) totals: OrdMap<u64, (u64, u64)>,
    pub(super) count: u64,
}

impl Reviews {
    /// Whether the reservation has no other review.
    pub(super) fn check(&self, row: &ReviewRow) -> Result<(), StoreError> {
        match self.of_reservation.get(&row.reservation_id.get()) {
            Some(other) if !row.deleted && *other != row.review_id.get() => {
                Err(corrupt(format!("reservation {} has the review {other} already", row.reservation_id)))
            }
            Some(_) | None => Ok(()),
        }
    }

    pub(super) fn put(&mut self, row: &ReviewRow) {
        let id = row.review_id.get();
        let before = self.rows.insert(id, Arc::new(row.clone())).filter(|row| !row.deleted);
        let after = Some(row).filter(|row| !row.deleted);
        self.by_storage.put(id, before.as_deref().map(|r| r.storage_id), after.map(|r| r.storage_id));
        if let Some(gone) = before {
            self.of_reservation.remove(&gone.reservation_id.get());
            let (count, sum) = self.totals.entry(gone.storage_id.get()).or_default();
            *count -= 1;
            *sum -= u64::from(gone.rate.get());
            self.count -= 1;
        }
        if let Some(row) = after {
            self.of_reservation.insert(row.reservation_id.get(), id);
            let (count, sum) = self.totals.entry(row.storage_id.get()).or_default();
            *count += 1;
            *sum += u64::from(row.rate.get());
            self.count += 1;
        }
    }
}

/// Messages: by customer, and what was told.
#[derive(Clone, Default)]
pub(super) struct Messages {
    pub(super) rows: Rows<MessageRow>,
    pub(super) by_customer: Index<CustomerId>,
    /// The reservation, its event and the channel.
    pub(super) told: OrdSet<(u64, u64, String)>,
}

impl Messages {
    pub(super) fn add(&mut self, row: &MessageRow) -> Result<(), StoreError> {
        let id = row.message_id.get();
        let told = (row.reservation_id.get(), row.event_sequence.get(), row.channel.clone());
        if self.rows.contains_key(&id) || self.told.contains(&told) {
            return Err(corrupt(format!(
                "event {} was told over {} already, or message {id} is there",
                told.1, told.2
            )));
        }
        self.told.insert(told);
        self.by_customer.put(id, None, Some(row.customer.clone()));
        self.rows.insert(id, Arc::new(row.clone()));
        Ok(())
    }
}

/// Effects: under their keys, what may be done, what is to be settled, and when something happens next.
#[derive(Clone, Default)]
pub(super) struct Effects {
    pub(super) rows: Rows<EffectRow>,
    pub(super) by_key: Index<Key>,
    /// When each may be done, or its lease ends.
    pub(super) ready: Index<DateTime<Utc>>,
    /// Charges that are not done.
    pub(super) charges: OrdSet<u64>,
    pub(super) open_count: u64,
}

pub(super) fn is_charge(row: &EffectRow) -> bool {
    matches!(row.action, Action::Charge { .. })
}

fn is_open(row: &EffectRow) -> bool {
    match row.status {
        EffectStatus::Due | EffectStatus::Leased | EffectStatus::Unknown => true,
        EffectStatus::Done | EffectStatus::Parked => false,
    }
}

impl Effects {
    pub(super) fn under(&self, kind: &str, key: Key) -> Option<&Arc<EffectRow>> {
        let mut rows = self.by_key.under(&key, 0).filter_map(|id| self.rows.get(&id));
        rows.find(|row| row.action.kind() == kind)
    }

    pub(super) fn put(&mut self, row: &EffectRow) -> Result<(), StoreError> {
        let id = row.effect_id.get();
        if self.under(row.action.kind(), row.key).is_some_and(|other| other.effect_id != row.effect_id) {
            return Err(corrupt(format!("there is a {} under the key {} already", row.action.kind(), row.key)));
        }
        let before = self.rows.insert(id, Arc::new(row.clone()));
        let before = before.as_deref();
        self.by_key.put(id, before.map(|r| r.key), Some(row.key));
        self.ready.put(id, before.and_then(EffectRow::ready_at), row.ready_at());
        self.open_count -= u64::from(before.is_some_and(is_open));
        self.open_count += u64::from(is_open(row));
        keep(&mut self.charges, id, is_charge(row) && is_open(row));
        Ok(())
    }
}

/// Dead letters: the open ones, and the events among them by consumer.
#[derive(Clone, Default)]
pub(super) struct DeadLetters {
    pub(super) rows: Rows<DeadLetter>,
    pub(super) open: OrdSet<u64>,
    /// By consumer and event.
    pub(super) events: Index<(String, u64)>,
}

impl DeadLetters {
    pub(super) fn put(&mut self, letter: &DeadLetter) {
        let id = letter.dead_letter_id.get();
        let before = self.rows.insert(id, Arc::new(letter.clone()));
        let event = |letter: &DeadLetter| match &letter.subject {
            DeadSubject::Event { consumer, sequence, .. } if letter.closed_at.is_none() => {
                Some((consumer.clone(), sequence.get()))
            }
            DeadSubject::Event { .. } | DeadSubject::Effect { .. } => None,
        };
        self.events.put(id, before.as_deref().and_then(event), event(letter));
        keep(&mut self.open, id, letter.closed_at.is_none());
    }
}
