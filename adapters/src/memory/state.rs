//! Everything the store holds at one moment. Cloning it shares all rows.

use std::sync::Arc;

use imbl::{OrdMap, OrdSet};
use storagerent_core::consumer::ConsumerRow;
use storagerent_core::message::INBOX;
use storagerent_core::payment::PaymentRow;
use storagerent_core::ports::{IdempotencyRow, StoreError};
use storagerent_core::settings::Settings;
use storagerent_core::shared::IdempotencyKey;
use storagerent_core::storage::StorageRow;
use storagerent_core::storage_view::StorageViewRow;

use super::log::Log;
use super::tables::{DeadLetters, Effects, Messages, Reservations, Reviews};

/// Rows by id.
pub(super) type Rows<T> = OrdMap<u64, Arc<T>>;

/// Scope, command and key.
pub(super) type UsedKey = (String, String, IdempotencyKey);

#[derive(Clone)]
pub(super) struct State {
    pub(super) settings: Arc<Settings>,
    pub(super) given_out: GivenOut,
    pub(super) log: Log,
    pub(super) storages: Rows<StorageRow>,
    pub(super) reservations: Reservations,
    pub(super) payments: Rows<PaymentRow>,
    pub(super) reviews: Reviews,
    pub(super) messages: Messages,
    pub(super) channels: OrdSet<String>,
    pub(super) views: Rows<StorageViewRow>,
    pub(super) effects: Effects,
    pub(super) consumers: OrdMap<String, Arc<ConsumerRow>>,
    pub(super) dead_letters: DeadLetters,
    pub(super) idempotency: OrdMap<UsedKey, Arc<IdempotencyRow>>,
}

impl Default for State {
    fn default() -> Self {
        State {
            settings: Arc::default(),
            given_out: GivenOut::default(),
            log: Log::default(),
            storages: OrdMap::new(),
            reservations: Reservations::default(),
            payments: OrdMap::new(),
            reviews: Reviews::default(),
            messages: Messages::default(),
            channels: OrdSet::unit(INBOX.to_owned()),
            views: OrdMap::new(),
            effects: Effects::default(),
            consumers: OrdMap::new(),
            dead_letters: DeadLetters::default(),
            idempotency: OrdMap::new(),
        }
    }
}

/// The last id of each kind that was given out or saved.
#[derive(Clone, Default)]
pub(super) struct GivenOut {
    pub(super) storages: LastId,
    pub(super) reservations: LastId,
    pub(super) payments: LastId,
    pub(super) reviews: LastId,
    pub(super) messages: LastId,
    pub(super) effects: LastId,
    pub(super) dead_letters: LastId,
}

#[derive(Clone, Copy, Default)]
pub(super) struct LastId(u64);

impl LastId {
    pub(super) fn next<I: From<u64>>(&mut self) -> Result<I, StoreError> {
        self.0 += 1;
        Ok(I::from(self.0))
    }

    /// A row came with its id.
    pub(super) fn seen(&mut self, id: u64) {
        self.0 = self.0.max(id);
    }
}

/// The rows, as many as the limit allows.
pub(super) fn at_most<'r, T: Clone + 'r>(limit: Option<u32>, rows: impl Iterator<Item = &'r Arc<T>>) -> Vec<T> {
    let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    rows.take(limit).map(|row| T::clone(row)).collect()
}

/// The rows with ids above `id`, in order.
pub(super) fn after<T>(rows: &Rows<T>, id: u64) -> impl Iterator<Item = &Arc<T>> {
    rows.range(id.saturating_add(1)..).map(|(_, row)| row)
}

pub(super) fn corrupt(what: String) -> StoreError {
    StoreError::Corrupt(what)
}
