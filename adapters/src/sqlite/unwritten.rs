//! Rows that works have kept and SQLite has not seen yet.
//!
//! A work that is undone leaves nothing to undo, and one COMMIT writes each row once, table by table in order of key. Whoever asks
//! for a row by its key, or for the days of a storage, is told what is here; for all else it is written before SQLite is asked.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use storagerent_core::effect::EffectRow;
use storagerent_core::message::MessageRow;
use storagerent_core::payment::PaymentRow;
use storagerent_core::ports::{IdempotencyRow, StoreError};
use storagerent_core::reservation::ReservationRow;
use storagerent_core::shared::{
    EffectId, IdempotencyKey, Key, MessageId, PaymentId, ReservationId, Sequence, StorageId,
};
use storagerent_core::storage::StorageRow;
use storagerent_core::storage_view::StorageViewRow;

use super::cache::{Hot, Touched};
use super::statements::Db;
use super::tables::{effects, events, messages, payments, reservations, site, storage_views, storages};
use crate::log::StoredEvent;

/// A row, and whether SQLite has none of it.
#[derive(Debug)]
struct New<R> {
    row: R,
    is_new: bool,
}

/// A storage, and the latest event that caused one of its own, if one did since it was written last.
#[derive(Debug)]
struct Caused {
    row: StorageRow,
    cause: Option<Sequence>,
}

/// Rows to be written, the latest of each.
#[derive(Debug, Default)]
pub(super) struct Unwritten {
    events: Vec<StoredEvent<'static>>,
    storages: BTreeMap<StorageId, Caused>,
    reservations: BTreeMap<ReservationId, New<ReservationRow>>,
    payments: BTreeMap<PaymentId, PaymentRow>,
    messages: BTreeMap<MessageId, MessageRow>,
    effects: BTreeMap<EffectId, New<EffectRow>>,
    /// No row: it is removed.
    views: BTreeMap<StorageId, Option<StorageViewRow>>,
    idempotency: BTreeMap<(String, String, IdempotencyKey), IdempotencyRow>,
    /// Which of the reservations are of which storage.
    of_storage: HashMap<StorageId, Vec<ReservationId>>,
    /// Which of the effects is under which key.
    under_key: HashMap<(&'static str, Key), EffectId>,
}

impl Unwritten {
    pub(super) fn is_empty(&self) -> bool {
        let Unwritten { events, storages, reservations, payments, messages, effects, views, idempotency, .. } = self;
        events.is_empty()
            && storages.is_empty()
            && reservations.is_empty()
            && payments.is_empty()
            && messages.is_empty()
            && effects.is_empty()
            && views.is_empty()
            && idempotency.is_empty()
    }

    pub(super) fn event(&mut self, row: StoredEvent<'static>) {
        self.events.push(row);
    }

    pub(super) fn storage(&mut self, row: StorageRow, cause: Option<Sequence>) {
        let cause = cause.or_else(|| self.storages.get(&row.storage_id)?.cause);
        self.storages.insert(row.storage_id, Caused { row, cause });
    }

    pub(super) fn reservation(&mut self, row: ReservationRow, is_new: bool) {
        let (id, storage) = (row.booking.reservation_id, row.booking.storage_id);
        let before = self.reservations.get(&id).map(|before| before.is_new);
        if before.is_none() {
            self.of_storage.entry(storage).or_default().push(id);
        }
        self.reservations.insert(id, New { row, is_new: before.unwrap_or(is_new) });
    }

    pub(super) fn payment(&mut self, row: PaymentRow) {
        self.payments.insert(row.payment_id, row);
    }

    pub(super) fn message(&mut self, row: MessageRow) {
        self.messages.insert(row.message_id, row);
    }

    pub(super) fn effect(&mut self, row: EffectRow, is_new: bool) {
        let before = self.effects.get(&row.effect_id).map(|before| before.is_new);
        self.under_key.insert((row.action.kind(), row.key), row.effect_id);
        self.effects.insert(row.effect_id, New { row, is_new: before.unwrap_or(is_new) });
    }

    pub(super) fn view(&mut self, id: StorageId, row: Option<StorageViewRow>) {
        self.views.insert(id, row);
    }

    pub(super) fn idempotency(&mut self, row: IdempotencyRow) {
        self.idempotency.insert((row.scope.clone(), row.command.clone(), row.key.clone()), row);
    }

    pub(super) fn find_storage(&self, id: StorageId) -> Option<&StorageRow> {
        self.storages.get(&id).map(|storage| &storage.row)
    }

    pub(super) fn last_cause(&self, id: StorageId) -> Option<Sequence> {
        self.storages.get(&id)?.cause
    }

    pub(super) fn find_reservation(&self, id: ReservationId) -> Option<&ReservationRow> {
        self.reservations.get(&id).map(|reservation| &reservation.row)
    }

    pub(super) fn reservations_of(&self, id: StorageId) -> impl Iterator<Item = &ReservationRow> {
        self.of_storage.get(&id).into_iter().flatten().filter_map(|id| self.find_reservation(*id))
    }

    pub(super) fn find_payment(&self, id: PaymentId) -> Option<&PaymentRow> {
        self.payments.get(&id)
    }

    pub(super) fn find_effect(&self, id: EffectId) -> Option<&EffectRow> {
        self.effects.get(&id).map(|effect| &effect.row)
    }

    pub(super) fn effect_under(&self, kind: &str, key: Key) -> Option<&EffectRow> {
        let under_key: &HashMap<(&str, Key), EffectId> = &self.under_key;
        self.find_effect(*under_key.get(&(kind, key))?)
    }

    pub(super) fn find_view(&self, id: StorageId) -> Option<Option<&StorageViewRow>> {
        self.views.get(&id).map(Option::as_ref)
    }

    pub(super) fn find_idempotency(&self, scope: &str, command: &str, key: &IdempotencyKey) -> Option<&IdempotencyRow> {
        if self.idempotency.is_empty() {
            return None;
        }
        self.idempotency.get(&(scope.to_owned(), command.to_owned(), key.clone()))
    }

    /// Takes over what came after.
    pub(super) fn extend(&mut self, later: Unwritten) {
        if self.is_empty() {
            *self = later;
            return;
        }
        self.events.extend(later.events);
        later.storages.into_values().for_each(|Caused { row, cause }| self.storage(row, cause));
        later.reservations.into_values().for_each(|New { row, is_new }| self.reservation(row, is_new));
        self.payments.extend(later.payments);
        self.messages.extend(later.messages);
        later.effects.into_values().for_each(|New { row, is_new }| self.effect(row, is_new));
        self.views.extend(later.views);
        self.idempotency.extend(later.idempotency);
    }

    /// Writes all of it, and lets the rows be remembered; answers which. After an error only some is written.
    pub(super) fn write(&mut self, db: Db<'_>, hot: &mut Hot) -> Result<Vec<Touched>, StoreError> {
        let mut touched = Vec::new();
        let all = std::mem::take(self);
        all.events.iter().try_for_each(|row| events::insert(db, row))?;
        events::insert_runs(db, hot.last_event.as_ref(), &all.events)?;
        hot.last_event = all.events.into_iter().next_back().or(hot.last_event.take());
        for (id, Caused { row, cause }) in all.storages {
            storages::save(db, &row, cause)?;
            hot.storages.insert(id, row);
            touched.push(Touched::Storage(id));
        }
        for (id, New { row, is_new }) in all.reservations {
            let save = if is_new { reservations::insert } else { reservations::update };
            save(db, &row)?;
            hot.reservations.insert(id, row);
            touched.push(Touched::Reservation(id));
        }
        for (id, row) in all.payments {
            payments::save(db, &row)?;
            hot.payments.insert(id, row);
            touched.push(Touched::Payment(id));
        }
        all.messages.values().try_for_each(|row| messages::insert(db, row))?;
        for (id, New { row, is_new }) in all.effects {
            effects::save(db, &row, is_new)?;
            hot.effects.insert(id, row);
            touched.push(Touched::Effect(id));
        }
        storage_views::save(db, &all.views)?;
        for (id, row) in all.views {
            touched.push(Touched::View(id));
            hot.view(id, row);
        }
        all.idempotency.values().try_for_each(|row| site::save_idempotency(db, row))?;
        Ok(touched)
    }
}
