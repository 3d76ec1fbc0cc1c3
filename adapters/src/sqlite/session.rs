//! One connection inside a transaction, as works and readers see it.

use hashbrown::HashMap;
use std::sync::Arc;

use storagerent_core::chrono::{DateTime, NaiveDate, Utc};
use storagerent_core::consumer::{ConsumerRow, DeadLetter};
use storagerent_core::effect::EffectRow;
use storagerent_core::event::{Aggregate, AggregateKind, Envelope};
use storagerent_core::message::MessageRow;
use storagerent_core::payment::PaymentRow;
use storagerent_core::ports::{
    Backlog, Counts, DueRental, EffectFilter, EventFilter, Finding, Head, IdempotencyRow, MessageFilter, Page, Queries,
    ReservationFilter, ReviewFilter, StoreError, ViewFilter,
};
use storagerent_core::reservation::ReservationRow;
use storagerent_core::review::ReviewRow;
use storagerent_core::settings::Settings;
use storagerent_core::shared::{
    CustomerId, EffectId, IdempotencyKey, Key, MessageId, PaymentId, Period, ReservationId, ReviewId, Sequence,
    StorageId, Version,
};
use storagerent_core::storage::StorageRow;
use storagerent_core::storage_view::StorageViewRow;

use super::ahead::Ahead;
use super::audit;
use super::cache::{Consumers, Memory, Touched};
use super::statements::Db;
use super::tables::{
    consumers, dead_letters, effects, events, head, messages, payments, reservations, reviews, site, storage_views,
    storages,
};
use super::unwritten::Unwritten;

/// How what is written can be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undo {
    /// A work has written nothing: its first write begins a savepoint.
    NothingYet,
    /// By going back to the savepoint.
    Savepoint,
    /// With the whole transaction only: this is no work.
    Transaction,
}

/// What one work, or one reader, sees. Lives as long as the work or snapshot; what it remembers beyond that is undone with it.
pub(super) struct Session<'c> {
    pub(super) db: Db<'c>,
    pub(super) memory: &'c mut Memory,
    /// The versions of aggregates that this work has read or kept.
    pub(super) versions: HashMap<Aggregate, Version>,
    /// The reservations it has seen live, with the days they claim.
    pub(super) live: HashMap<ReservationId, Period>,
    /// Days of a storage that it found free, if nothing of a reservation was kept since.
    pub(super) free: Option<(StorageId, Period)>,
    /// What it has kept and SQLite has not seen.
    pub(super) unwritten: Unwritten,
    /// What is remembered of rows that it has written.
    pub(super) touched: Vec<Touched>,
    /// The last id given out of each kind, once one was asked for.
    pub(super) given_out: [Option<u64>; 7],
    pub(super) undo: Undo,
    /// Why nothing of this may be kept: a write failed half way.
    pub(super) broken: Option<StoreError>,
    /// Why nothing of the group may be kept.
    pub(super) lost: Option<StoreError>,
}

impl<'c> Session<'c> {
    pub(super) fn new(db: Db<'c>, memory: &'c mut Memory) -> Self {
        let (versions, live) = (HashMap::new(), HashMap::new());
        let (unwritten, touched) = (Unwritten::default(), Vec::new());
        let (given_out, undo) = ([None; 7], Undo::Transaction);
        Session {
            db,
            memory,
            versions,
            live,
            free: None,
            unwritten,
            touched,
            given_out,
            undo,
            broken: None,
            lost: None,
        }
    }

    /// For one work among several, which can be undone alone.
    pub(super) fn for_work(db: Db<'c>, memory: &'c mut Memory) -> Self {
        Session { undo: Undo::NothingYet, ..Session::new(db, memory) }
    }

    pub(super) fn saw_reservation(&mut self, row: &ReservationRow) {
        let id = row.booking.reservation_id;
        self.saw(AggregateKind::Reservation, id.get(), row.version);
        if row.reservation_status.is_live() {
            self.live.insert(id, row.booking.period);
        } else {
            self.live.remove(&id);
        }
    }

    /// All consumers.
    pub(super) fn known_consumers(&mut self) -> Result<&mut Consumers, StoreError> {
        match &mut self.memory.cache.consumers {
            Some(known) => Ok(known),
            unknown => Ok(unknown.insert(consumers::list(self.db)?)),
        }
    }

    fn saw(&mut self, kind: AggregateKind, id: u64, version: Version) {
        self.versions.insert(Aggregate { kind, id }, version);
    }
}

/// Refuses rows that do not come in order of their ids, all after where the page begins: where a damaged file hands them out in
/// another order, whoever reads page by page would never come to the last.
fn in_order<T>(page: Page, rows: Vec<T>, id: impl Fn(&T) -> u64) -> Result<Vec<T>, StoreError> {
    let mut last = page.after;
    for id in rows.iter().map(id) {
        if id <= last {
            return Err(StoreError::Corrupt(format!("row {id} comes after row {last}")));
        }
        last = id;
    }
    Ok(rows)
}

impl Queries for Session<'_> {
    fn settings(&mut self) -> Result<Settings, StoreError> {
        if let Some(settings) = &self.memory.cache.settings {
            return Ok(Settings::clone(settings));
        }
        let settings = site::settings(self.db)?;
        self.memory.cache.settings = Some(Arc::new(settings.clone()));
        Ok(settings)
    }

    fn head(&mut self) -> Result<Head, StoreError> {
        if let Some(head) = self.memory.cache.head {
            return Ok(head);
        }
        let head = head::find(self.db)?;
        self.memory.cache.head = Some(head);
        Ok(head)
    }

    fn events(&mut self, filter: &EventFilter, page: Page) -> Result<Vec<Envelope>, StoreError> {
        if filter.correlation_id.is_none()
            && let Some(written) = self.memory.page(page)
        {
            return Ok(written);
        }
        if Ahead::is_for(filter, page)
            && self.memory.ahead.is_some()
            && let Ok(head) = self.head()
            && let Some(events) = self.memory.ahead.as_mut().and_then(|ahead| ahead.take(page, head.sequence.get()))
        {
            return in_order(page, events, |e| e.sequence.get());
        }
        in_order(page, events::list(self.written()?, filter, page)?, |e| e.sequence.get())
    }

    fn last_storage_cause(&mut self, id: StorageId, since: Sequence) -> Result<Option<Sequence>, StoreError> {
        if self.memory.caused_nothing_yet(since) {
            return Ok(None);
        }
        let kept = self.unwritten.last_cause(id).or_else(|| self.memory.unwritten.last_cause(id));
        match kept {
            Some(last) => Ok(Some(last).filter(|last| *last >= since)),
            None => storages::last_cause(self.db, id, since),
        }
    }

    fn check_log(&mut self, limit: usize) -> Result<Vec<Finding>, StoreError> {
        self.write_put_off()?;
        audit::check_log(self.written()?.conn(), limit)
    }

    fn storage(&mut self, id: StorageId) -> Result<Option<StorageRow>, StoreError> {
        let kept = self.unwritten.find_storage(id).or_else(|| self.memory.unwritten.find_storage(id));
        if let Some(row) = kept.or_else(|| self.memory.hot.storages.get(&id)) {
            let row = row.clone();
            self.saw(AggregateKind::Storage, id.get(), row.version);
            return Ok(Some(row));
        }
        let row = storages::find(self.db, id)?;
        if let Some(row) = &row {
            self.saw(AggregateKind::Storage, id.get(), row.version);
            self.memory.hot.storages.insert(id, row.clone());
        }
        Ok(row)
    }

    fn storages(&mut self, page: Page) -> Result<Vec<StorageRow>, StoreError> {
        in_order(page, storages::list(self.written()?, page)?, |row| row.storage_id.get())
    }

    fn free_storages(&mut self, period: &Period, page: Page) -> Result<Vec<StorageRow>, StoreError> {
        in_order(page, storages::free(self.written()?, period, page)?, |row| row.storage_id.get())
    }

    fn reservation(&mut self, id: ReservationId) -> Result<Option<ReservationRow>, StoreError> {
        let kept = self.unwritten.find_reservation(id).or_else(|| self.memory.unwritten.find_reservation(id));
        if let Some(row) = kept.or_else(|| self.memory.hot.reservations.get(&id)) {
            let row = row.clone();
            self.saw_reservation(&row);
            return Ok(Some(row));
        }
        let row = reservations::find(self.db, id)?;
        if let Some(row) = &row {
            self.saw_reservation(row);
            self.memory.hot.reservations.insert(id, row.clone());
        }
        Ok(row)
    }

    fn reservations(&mut self, filter: &ReservationFilter, page: Page) -> Result<Vec<ReservationRow>, StoreError> {
        in_order(page, reservations::list(self.written()?, filter, page)?, |row| row.booking.reservation_id.get())
    }

    fn live_overlapping(&mut self, id: StorageId, period: &Period) -> Result<Vec<ReservationRow>, StoreError> {
        let mut rows = reservations::live_overlapping(self.db, id, period)?;
        for kept in [&self.memory.unwritten, &self.unwritten] {
            for row in kept.reservations_of(id) {
                rows.retain(|older| older.booking.reservation_id != row.booking.reservation_id);
                if row.reservation_status.is_live() && row.booking.period.overlaps(period) {
                    rows.push(row.clone());
                }
            }
        }
        rows.sort_by_key(|row| (row.booking.period.from(), row.booking.reservation_id));
        self.free = rows.is_empty().then_some((id, *period));
        Ok(rows)
    }

    fn overdue_holds(&mut self, now: DateTime<Utc>, limit: u32) -> Result<Vec<ReservationRow>, StoreError> {
        reservations::overdue_holds(self.written()?, now, limit)
    }

    fn holds_of(&mut self, customer: &CustomerId, now: DateTime<Utc>, limit: u32) -> Result<u32, StoreError> {
        reservations::holds_of(self.written()?, customer, now, limit)
    }

    fn due_rentals(&mut self, today: NaiveDate, limit: u32) -> Result<Vec<DueRental>, StoreError> {
        reservations::due_rentals(self.written()?, today, limit)
    }

    fn next_hold_expiry(&mut self) -> Result<Option<DateTime<Utc>>, StoreError> {
        reservations::next_hold_expiry(self.written()?)
    }

    fn next_rental_day(&mut self) -> Result<Option<NaiveDate>, StoreError> {
        reservations::next_rental_day(self.written()?)
    }

    fn payment(&mut self, id: PaymentId) -> Result<Option<PaymentRow>, StoreError> {
        let kept = self.unwritten.find_payment(id).or_else(|| self.memory.unwritten.find_payment(id));
        if let Some(row) = kept.or_else(|| self.memory.hot.payments.get(&id)) {
            let row = row.clone();
            self.saw(AggregateKind::Payment, id.get(), row.version);
            return Ok(Some(row));
        }
        let row = payments::find(self.db, id)?;
        if let Some(row) = &row {
            self.saw(AggregateKind::Payment, id.get(), row.version);
            self.memory.hot.payments.insert(id, row.clone());
        }
        Ok(row)
    }

    fn payments(&mut self, page: Page) -> Result<Vec<PaymentRow>, StoreError> {
        in_order(page, payments::list(self.written()?, page)?, |row| row.payment_id.get())
    }

    fn review(&mut self, id: ReviewId) -> Result<Option<ReviewRow>, StoreError> {
        reviews::find(self.written()?, id)
    }

    fn review_of(&mut self, id: ReservationId) -> Result<Option<ReviewRow>, StoreError> {
        reviews::of(self.written()?, id)
    }

    fn reviews(&mut self, filter: &ReviewFilter, page: Page) -> Result<Vec<ReviewRow>, StoreError> {
        in_order(page, reviews::list(self.written()?, filter, page)?, |row| row.review_id.get())
    }

    fn review_totals(&mut self, id: StorageId) -> Result<(u64, u64), StoreError> {
        reviews::totals(self.written()?, id)
    }

    fn message(&mut self, id: MessageId) -> Result<Option<MessageRow>, StoreError> {
        messages::find(self.written()?, id)
    }

    fn messages(&mut self, filter: &MessageFilter, page: Page) -> Result<Vec<MessageRow>, StoreError> {
        in_order(page, messages::list(self.written()?, filter, page)?, |row| row.message_id.get())
    }

    fn was_told(&mut self, of: ReservationId, event: Sequence, channel: &str) -> Result<bool, StoreError> {
        if self.memory.is_untold(event) {
            return Ok(false);
        }
        messages::was_told(self.written()?, of, event, channel)
    }

    fn channels(&mut self) -> Result<Vec<String>, StoreError> {
        if let Some(channels) = &self.memory.cache.channels {
            return Ok(Vec::clone(channels));
        }
        let channels = messages::channels(self.db)?;
        self.memory.cache.channels = Some(Arc::new(channels.clone()));
        Ok(channels)
    }

    fn view(&mut self, id: StorageId) -> Result<Option<StorageViewRow>, StoreError> {
        if let Some(row) = self.unwritten.find_view(id).or_else(|| self.memory.unwritten.find_view(id)) {
            return Ok(row.cloned());
        }
        if let Some(row) = self.memory.hot.views.get(&id) {
            return Ok(Some(row.clone()));
        }
        if self.memory.cache.views_to.is_some_and(|last| id > last) {
            return Ok(None);
        }
        let row = storage_views::find(self.db, id)?;
        if let Some(row) = &row {
            self.memory.hot.views.insert(id, row.clone());
        }
        Ok(row)
    }

    fn views(&mut self, filter: &ViewFilter, page: Page) -> Result<Vec<StorageViewRow>, StoreError> {
        in_order(page, storage_views::list(self.written()?, filter, page)?, |row| row.storage_id.get())
    }

    fn effect(&mut self, id: EffectId) -> Result<Option<EffectRow>, StoreError> {
        let kept = self.unwritten.find_effect(id).or_else(|| self.memory.unwritten.find_effect(id));
        if let Some(row) = kept.or_else(|| self.memory.hot.effects.get(&id)) {
            let row = row.clone();
            return Ok(Some(row));
        }
        let row = effects::find(self.db, id)?;
        if let Some(row) = &row {
            self.memory.hot.effects.insert(id, row.clone());
        }
        Ok(row)
    }

    fn effect_under(&mut self, kind: &str, key: Key) -> Result<Option<EffectRow>, StoreError> {
        let kept = self.unwritten.effect_under(kind, key).or_else(|| self.memory.unwritten.effect_under(kind, key));
        if let Some(row) = kept {
            return Ok(Some(row.clone()));
        }
        match effects::under(self.db, kind, key)? {
            // As it is now, if it was kept since.
            Some(row) => self.effect(row.effect_id),
            None => Ok(None),
        }
    }

    fn open_effects(
        &mut self,
        filter: &EffectFilter,
        now: DateTime<Utc>,
        limit: Option<u32>,
    ) -> Result<Vec<EffectRow>, StoreError> {
        effects::open(self.written()?, filter, now, limit)
    }

    fn loose_charges(&mut self, now: DateTime<Utc>, page: Page) -> Result<Vec<EffectRow>, StoreError> {
        in_order(page, effects::loose_charges(self.written()?, now, page)?, |row| row.effect_id.get())
    }

    fn next_effect_at(
        &mut self,
        filter: &EffectFilter,
        after: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        effects::next_at(self.written()?, filter, after)
    }

    fn backlog(&mut self) -> Result<Vec<Backlog>, StoreError> {
        effects::backlog(self.written()?)
    }

    fn consumer(&mut self, name: &str) -> Result<Option<ConsumerRow>, StoreError> {
        Ok(self.known_consumers()?.get(name).cloned())
    }

    fn consumers(&mut self) -> Result<Vec<ConsumerRow>, StoreError> {
        let mut rows: Vec<_> = self.known_consumers()?.all().cloned().collect();
        rows.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(rows)
    }

    fn dead_letter(&mut self, id: u64) -> Result<Option<DeadLetter>, StoreError> {
        dead_letters::find(self.db, id)
    }

    fn dead_letters(&mut self, page: Page) -> Result<Vec<DeadLetter>, StoreError> {
        in_order(page, dead_letters::list_open(self.db, page)?, |row| row.dead_letter_id.get())
    }

    fn has_dead_events(&mut self, consumer: &str) -> Result<bool, StoreError> {
        if self.memory.cache.untroubled.contains(consumer) {
            return Ok(false);
        }
        let any = dead_letters::are_there_of(self.db, consumer)?;
        if !any {
            Arc::make_mut(&mut self.memory.cache.untroubled).insert(consumer.to_owned());
        }
        Ok(any)
    }

    fn dead_events(
        &mut self,
        consumer: &str,
        key: Option<&str>,
        limit: Option<u32>,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        dead_letters::of_consumer(self.db, consumer, key, limit)
    }

    fn idempotency(
        &mut self,
        scope: &str,
        command: &str,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRow>, StoreError> {
        let kept = self.unwritten.find_idempotency(scope, command, key);
        match kept.or_else(|| self.memory.unwritten.find_idempotency(scope, command, key)) {
            Some(row) => Ok(Some(row.clone())),
            None => site::idempotency(self.db, scope, command, key),
        }
    }

    fn counts(&mut self) -> Result<Counts, StoreError> {
        site::counts(self.written()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_out_of_order_are_refused() {
        let page = Page { after: 2, limit: Some(9) };
        let read = |ids: &[u64]| in_order(page, ids.to_vec(), |id| *id);
        assert_eq!(read(&[]), Ok(vec![]));
        assert_eq!(read(&[3, 7, 8]), Ok(vec![3, 7, 8]));
        for ids in [&[2, 3][..], &[3, 3], &[7, 5, 9]] {
            assert!(matches!(read(ids), Err(StoreError::Corrupt(_))), "{ids:?}");
        }
    }
}
