//! Reading.

use std::collections::BTreeMap;

use storagerent_core::chrono::{DateTime, NaiveDate, Utc};
use storagerent_core::consumer::{ConsumerRow, DeadLetter, DeadSubject};
use storagerent_core::effect::{EffectRow, EffectStatus};
use storagerent_core::event::Envelope;
use storagerent_core::message::MessageRow;
use storagerent_core::payment::PaymentRow;
use storagerent_core::ports::{
    Backlog, Counts, DueRental, EffectFilter, EventFilter, Finding, Head, IdempotencyRow, MessageFilter, Page, Queries,
    ReservationFilter, ReviewFilter, StoreError, ViewFilter,
};
use storagerent_core::reservation::{ReservationRow, ReservationStatus};
use storagerent_core::review::ReviewRow;
use storagerent_core::settings::Settings;
use storagerent_core::shared::{
    CustomerId, EffectId, IdempotencyKey, Key, MessageId, PaymentId, Period, ReservationId, ReviewId, Sequence,
    StorageId,
};
use storagerent_core::storage::StorageRow;
use storagerent_core::storage_view::StorageViewRow;

use super::state::{Rows, State, after, at_most};
use super::tables::{is_charge, place};

type Stored<T> = Result<T, StoreError>;

fn one<T: Clone>(rows: &Rows<T>, id: u64) -> Stored<Option<T>> {
    Ok(rows.get(&id).map(|row| T::clone(row)))
}

impl Queries for State {
    fn settings(&mut self) -> Stored<Settings> {
        Ok(Settings::clone(&self.settings))
    }

    fn head(&mut self) -> Stored<Head> {
        Ok(self.log.head())
    }

    fn events(&mut self, filter: &EventFilter, page: Page) -> Stored<Vec<Envelope>> {
        Ok(self.log.list(filter, page))
    }

    fn last_storage_cause(&mut self, id: StorageId, since: Sequence) -> Stored<Option<Sequence>> {
        Ok(self.log.last_storage_cause(id, since))
    }

    fn check_log(&mut self, limit: usize) -> Stored<Vec<Finding>> {
        self.log.check(limit)
    }

    fn storage(&mut self, id: StorageId) -> Stored<Option<StorageRow>> {
        one(&self.storages, id.get())
    }

    fn storages(&mut self, page: Page) -> Stored<Vec<StorageRow>> {
        Ok(at_most(page.limit, after(&self.storages, page.after).filter(|row| !row.deleted)))
    }

    fn free_storages(&mut self, period: &Period, page: Page) -> Stored<Vec<StorageRow>> {
        let is_free = |row: &StorageRow| self.reservations.live_overlapping(row.storage_id, period).next().is_none();
        let free = after(&self.storages, page.after).filter(|row| !row.deleted && !row.withdrawn && is_free(row));
        Ok(at_most(page.limit, free))
    }

    fn reservation(&mut self, id: ReservationId) -> Stored<Option<ReservationRow>> {
        one(&self.reservations.rows, id.get())
    }

    fn reservations(&mut self, filter: &ReservationFilter, page: Page) -> Stored<Vec<ReservationRow>> {
        let table = &self.reservations;
        let ReservationFilter { customer, storage_id, status } = filter;
        // By what leaves the fewest; the rest is looked at row by row.
        let ids: Box<dyn Iterator<Item = u64>> = match (customer, storage_id, status) {
            (Some(customer), _, _) => Box::new(table.by_customer.under(customer, page.after)),
            (None, Some(storage), _) => Box::new(table.by_storage.under(storage, page.after)),
            (None, None, Some(status)) => Box::new(table.by_status.under(&place(*status), page.after)),
            (None, None, None) => return Ok(at_most(page.limit, after(&table.rows, page.after))),
        };
        let rows = ids
            .filter_map(|id| table.rows.get(&id))
            .filter(|row| storage_id.is_none_or(|id| row.booking.storage_id == id))
            .filter(|row| status.is_none_or(|status| row.reservation_status == status));
        Ok(at_most(page.limit, rows))
    }

    fn live_overlapping(&mut self, id: StorageId, period: &Period) -> Stored<Vec<ReservationRow>> {
        Ok(at_most(None, self.reservations.live_overlapping(id, period)))
    }

    fn overdue_holds(&mut self, now: DateTime<Utc>, limit: u32) -> Stored<Vec<ReservationRow>> {
        let table = &self.reservations;
        let overdue = table.holds.iter().take_while(|(at, _)| *at <= now).filter_map(|(_, id)| table.rows.get(id));
        Ok(at_most(Some(limit), overdue))
    }

    fn holds_of(&mut self, customer: &CustomerId, now: DateTime<Utc>, limit: u32) -> Stored<u32> {
        let table = &self.reservations;
        let standing = table.holds.iter().skip_while(|(at, _)| *at <= now).filter_map(|(_, id)| table.rows.get(id));
        let his = standing.filter(|row| row.booking.customer == *customer);
        Ok(his.zip(0..limit).map(|(_, n)| n + 1).last().unwrap_or(0))
    }

    fn due_rentals(&mut self, today: NaiveDate, limit: u32) -> Stored<Vec<DueRental>> {
        let due = self.reservations.due.iter().take_while(|((day, _), _)| *day <= today);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let due = due.take(limit).map(|((day, is_start), id)| DueRental {
            day: *day,
            is_start: *is_start,
            reservation_id: ReservationId::new(*id),
        });
        Ok(due.collect())
    }

    fn next_hold_expiry(&mut self) -> Stored<Option<DateTime<Utc>>> {
        Ok(self.reservations.holds.first().copied())
    }

    fn next_rental_day(&mut self) -> Stored<Option<NaiveDate>> {
        Ok(self.reservations.due.first().map(|(day, _)| *day))
    }

    fn payment(&mut self, id: PaymentId) -> Stored<Option<PaymentRow>> {
        one(&self.payments, id.get())
    }

    fn payments(&mut self, page: Page) -> Stored<Vec<PaymentRow>> {
        Ok(at_most(page.limit, after(&self.payments, page.after)))
    }

    fn review(&mut self, id: ReviewId) -> Stored<Option<ReviewRow>> {
        one(&self.reviews.rows, id.get())
    }

    fn review_of(&mut self, id: ReservationId) -> Stored<Option<ReviewRow>> {
        match self.reviews.of_reservation.get(&id.get()) {
            Some(review) => one(&self.reviews.rows, *review),
            None => Ok(None),
        }
    }

    fn reviews(&mut self, filter: &ReviewFilter, page: Page) -> Stored<Vec<ReviewRow>> {
        let table = &self.reviews;
        Ok(match &filter.storage_id {
            Some(storage) => {
                at_most(page.limit, table.by_storage.under(storage, page.after).filter_map(|id| table.rows.get(&id)))
            }
            None => at_most(page.limit, after(&table.rows, page.after).filter(|row| !row.deleted)),
        })
    }

    fn review_totals(&mut self, id: StorageId) -> Stored<(u64, u64)> {
        Ok(self.reviews.totals.get(&id.get()).copied().unwrap_or_default())
    }

    fn message(&mut self, id: MessageId) -> Stored<Option<MessageRow>> {
        one(&self.messages.rows, id.get())
    }

    fn messages(&mut self, filter: &MessageFilter, page: Page) -> Stored<Vec<MessageRow>> {
        let table = &self.messages;
        Ok(match &filter.customer {
            Some(customer) => {
                at_most(page.limit, table.by_customer.under(customer, page.after).filter_map(|id| table.rows.get(&id)))
            }
            None => at_most(page.limit, after(&table.rows, page.after)),
        })
    }

    fn was_told(&mut self, of: ReservationId, event: Sequence, channel: &str) -> Stored<bool> {
        Ok(self.messages.told.contains(&(of.get(), event.get(), channel.to_owned())))
    }

    fn channels(&mut self) -> Stored<Vec<String>> {
        Ok(self.channels.iter().cloned().collect())
    }

    fn view(&mut self, id: StorageId) -> Stored<Option<StorageViewRow>> {
        one(&self.views, id.get())
    }

    fn views(&mut self, filter: &ViewFilter, page: Page) -> Stored<Vec<StorageViewRow>> {
        let wanted = |row: &StorageViewRow| filter.status.is_none_or(|status| row.storage_status == status);
        Ok(at_most(page.limit, after(&self.views, page.after).filter(|row| wanted(row))))
    }

    fn effect(&mut self, id: EffectId) -> Stored<Option<EffectRow>> {
        one(&self.effects.rows, id.get())
    }

    fn effect_under(&mut self, kind: &str, key: Key) -> Stored<Option<EffectRow>> {
        Ok(self.effects.under(kind, key).map(|row| EffectRow::clone(row)))
    }

    fn open_effects(
        &mut self,
        filter: &EffectFilter,
        now: DateTime<Utc>,
        limit: Option<u32>,
    ) -> Stored<Vec<EffectRow>> {
        let table = &self.effects;
        let ready = table.ready.iter().take_while(|(at, _)| *at <= now).filter_map(|(_, id)| table.rows.get(id));
        let settled_instead = |row: &EffectRow| is_charge(row) && row.status == EffectStatus::Leased;
        Ok(at_most(limit, ready.filter(|row| filter.has(&row.action) && !settled_instead(row))))
    }

    fn loose_charges(&mut self, now: DateTime<Utc>, page: Page) -> Stored<Vec<EffectRow>> {
        let table = &self.effects;
        let is_leased =
            |row: &EffectRow| row.status == EffectStatus::Leased && row.ready_at().is_some_and(|at| now < at);
        let charges = table.charges.range(page.after.saturating_add(1)..).filter_map(|id| table.rows.get(id));
        Ok(at_most(page.limit, charges.filter(|row| !is_leased(row))))
    }

    fn next_effect_at(&mut self, filter: &EffectFilter, after: DateTime<Utc>) -> Stored<Option<DateTime<Utc>>> {
        let table = &self.effects;
        let later = table.ready.from((after, u64::MAX));
        let ready = later.filter_map(|(at, id)| Some((at, table.rows.get(id)?)));
        Ok(ready.filter(|(_, row)| filter.has(&row.action)).map(|(at, _)| *at).next())
    }

    fn backlog(&mut self) -> Stored<Vec<Backlog>> {
        let table = &self.effects;
        let mut kinds: BTreeMap<&str, Backlog> = BTreeMap::new();
        let ready = table.ready.iter().filter_map(|(_, id)| table.rows.get(id));
        let unknown = table.charges.iter().filter_map(|id| table.rows.get(id)).filter(|row| row.ready_at().is_none());
        for row in ready.chain(unknown) {
            let kind = row.action.kind();
            let kind = kinds.entry(kind).or_insert_with(|| Backlog {
                kind: kind.to_owned(),
                open: 0,
                oldest: row.causation_id,
            });
            kind.open += 1;
            kind.oldest = kind.oldest.min(row.causation_id);
        }
        Ok(kinds.into_values().collect())
    }

    fn consumer(&mut self, name: &str) -> Stored<Option<ConsumerRow>> {
        Ok(self.consumers.get(name).map(|row| ConsumerRow::clone(row)))
    }

    fn consumers(&mut self) -> Stored<Vec<ConsumerRow>> {
        Ok(at_most(None, self.consumers.values()))
    }

    fn dead_letter(&mut self, id: u64) -> Stored<Option<DeadLetter>> {
        one(&self.dead_letters.rows, id)
    }

    fn dead_letters(&mut self, page: Page) -> Stored<Vec<DeadLetter>> {
        let table = &self.dead_letters;
        let open = table.open.range(page.after.saturating_add(1)..).filter_map(|id| table.rows.get(id));
        Ok(at_most(page.limit, open))
    }

    fn has_dead_events(&mut self, consumer: &str) -> Stored<bool> {
        Ok(!self.dead_events(consumer, None, Some(1))?.is_empty())
    }

    fn dead_events(&mut self, consumer: &str, key: Option<&str>, limit: Option<u32>) -> Stored<Vec<DeadLetter>> {
        let table = &self.dead_letters;
        let wanted = |letter: &DeadLetter| match (&letter.subject, key) {
            (DeadSubject::Event { key, .. }, Some(wanted)) => key == wanted,
            (DeadSubject::Event { .. }, None) => true,
            (DeadSubject::Effect { .. }, _) => false,
        };
        let letters = table
            .events
            .from(((consumer.to_owned(), 0), 0))
            .take_while(|((name, _), _)| name == consumer)
            .filter_map(|(_, id)| table.rows.get(id));
        Ok(at_most(limit, letters.filter(|letter| wanted(letter))))
    }

    fn idempotency(&mut self, scope: &str, command: &str, key: &IdempotencyKey) -> Stored<Option<IdempotencyRow>> {
        let used = (scope.to_owned(), command.to_owned(), key.clone());
        Ok(self.idempotency.get(&used).map(|row| IdempotencyRow::clone(row)))
    }

    fn counts(&mut self) -> Stored<Counts> {
        let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        let reservations = ReservationStatus::ALL.iter().zip(self.reservations.counts);
        Ok(Counts {
            storages: count(self.storages.values().filter(|row| !row.deleted).count()),
            reservations: reservations.map(|(status, n)| (status.as_str().to_owned(), n)).collect(),
            reviews: self.reviews.count,
            messages: count(self.messages.rows.len()),
            effects_open: self.effects.open_count,
            dead_letters: count(self.dead_letters.open.len()),
        })
    }
}
