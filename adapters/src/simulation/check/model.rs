//! What everything must be, by the events alone.

use std::collections::{BTreeMap, BTreeSet};

use storagerent_core::chrono::{DateTime, NaiveDate, TimeZone, Utc};
use storagerent_core::consumer::{ConsumerRow, DeadLetter};
use storagerent_core::event::Envelope;
use storagerent_core::payment::PaymentRow;
use storagerent_core::reservation::{ReservationRow, Reserve};
use storagerent_core::review::ReviewRow;
use storagerent_core::settings::Settings;
use storagerent_core::shared::{Currency, Money, ReservationId};
use storagerent_core::storage::StorageRow;
use storagerent_core::storage_view::StorageViewRow;

use super::quote::quote;

/// What must come right after an event, in the same commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    Requested(u64),
    Confirmed(u64),
    Rejected(u64),
    Cancelled(u64),
    Ended(u64),
}

/// Money of one currency, by the events.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) captured: i128,
    pub(super) refunded: i128,
    /// Of what is `reserved`, `completed` or `reqCancel`.
    pub(super) standing: i128,
    /// Captured late, to be refunded.
    pub(super) late: i128,
}

/// An effect, as far as it is watched.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) kind: &'static str,
    pub(super) key: u128,
    pub(super) payment: Option<u64>,
    pub(super) message: Option<u64>,
    pub(super) status: storagerent_core::effect::EffectStatus,
}

/// Dead letters: the open ones, and what was given up.
#[derive(Debug, Default)]
pub(in crate::simulation) struct Letters {
    pub(in crate::simulation) open: BTreeMap<u64, DeadLetter>,
    /// Consumer and event of the open ones, with their key.
    pub(super) events: BTreeMap<(String, u64), String>,
    /// Consumer and event of those discarded since the consumer's last replay.
    pub(super) discarded: BTreeSet<(String, u64)>,
    /// Consumer and event of all ever discarded.
    pub(super) ever_discarded: BTreeSet<(String, u64)>,
    /// Messages whose delivery was given up.
    pub(super) undelivered: BTreeSet<u64>,
    pub(super) last: u64,
}

/// A reserve request under an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct UsedKey {
    pub(super) scope: String,
    pub(super) key: String,
}

/// What everything must be.
#[derive(Debug, Default)]
pub(in crate::simulation) struct Model {
    pub(super) events: Vec<Envelope>,
    /// Those not deleted.
    pub(in crate::simulation) storages: BTreeMap<u64, StorageRow>,
    pub(super) gone: BTreeMap<u64, StorageRow>,
    pub(in crate::simulation) reservations: BTreeMap<u64, ReservationRow>,
    pub(super) payments: BTreeMap<u64, PaymentRow>,
    pub(in crate::simulation) reviews: BTreeMap<u64, ReviewRow>,
    /// The review of a reservation, deleted ones apart.
    pub(in crate::simulation) review_of: BTreeMap<u64, u64>,
    /// The reviews of a storage, deleted ones apart.
    pub(super) reviews_on: BTreeMap<u64, BTreeSet<u64>>,
    /// The live reservations of a storage.
    pub(super) live: BTreeMap<u64, Vec<u64>>,
    pub(super) holds: BTreeSet<(DateTime<Utc>, u64)>,
    pub(super) payment_of_key: BTreeMap<u128, u64>,
    /// The storage and the event that caused an event of it.
    pub(super) causes: BTreeSet<(u64, u64)>,
    pub(super) of_storage: BTreeMap<u64, Vec<u64>>,
    pub(super) next: Option<Next>,
    pub(super) sums: BTreeMap<&'static str, Sums>,
    /// By event, from 1: over which channels it was told, one bit each.
    pub(super) told: Vec<u8>,
    pub(super) last_message: u64,
    pub(super) wishes: BTreeMap<u64, Wish>,
    pub(super) wish_under: BTreeMap<(&'static str, u128), u64>,
    pub(super) delivery_of: BTreeMap<u64, u64>,
    /// Effects not yet done or parked.
    pub(super) unfinished: Vec<u64>,
    pub(in crate::simulation) letters: Letters,
    pub(in crate::simulation) paused: Vec<&'static str>,
    pub(super) consumers: BTreeMap<String, ConsumerRow>,
    /// By consumer: up to which event its effects were looked at.
    pub(super) looked_at: BTreeMap<String, u64>,
    /// Who occupies a storage, by what the storage consumer has taken.
    pub(super) occupants: BTreeMap<u64, Option<ReservationId>>,
    /// The furthest the storage consumer ever was.
    pub(super) storage_reach: u64,
    /// Events behind that which were parked and are not taken yet.
    pub(super) moves_pending: BTreeSet<u64>,
    /// Storages of which an event was given up: their status is what it is.
    pub(super) given_up: BTreeSet<u64>,
    pub(super) view: BTreeMap<u64, StorageViewRow>,
    /// Whether what the view has discarded is known.
    pub(super) view_known: bool,
    /// Requests under way, by correlation.
    pub(super) requests: BTreeMap<String, (UsedKey, Reserve)>,
    /// What was asked for that made a reservation.
    pub(super) asked_as: BTreeMap<u64, Reserve>,
    pub(super) under_key: BTreeMap<UsedKey, Vec<u64>>,
    /// What each step's events changed, until it is looked at.
    pub(super) touched: Touched,
}

/// Aggregates with new events.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) storages: BTreeSet<u64>,
    pub(super) reservations: BTreeSet<u64>,
    pub(super) payments: BTreeSet<u64>,
    pub(super) reviews: BTreeSet<u64>,
}

impl Model {
    pub(super) fn new() -> Self {
        Model { view_known: true, ..Model::default() }
    }

    /// So many storages take new reservations.
    pub(in crate::simulation) fn offered(&self) -> usize {
        self.storages.values().filter(|row| !row.withdrawn).count()
    }

    /// So many events are in the log.
    pub(in crate::simulation) fn events(&self) -> u64 {
        self.head()
    }

    /// The hash of the last of them.
    pub(in crate::simulation) fn last_hash(&self) -> [u8; 32] {
        self.events.last().map_or([0; 32], |event| event.hash.0)
    }

    /// So many reservations are live.
    pub(in crate::simulation) fn to_come(&self) -> u32 {
        self.live.values().map(|ids| ids.len() as u32).sum()
    }

    /// What a period of a storage costs.
    pub(in crate::simulation) fn quote(
        &self,
        storage: u64,
        from: NaiveDate,
        until: Option<NaiveDate>,
    ) -> Option<(Money, Option<NaiveDate>)> {
        quote(self.storages.get(&storage)?.rate, from, until)
    }

    pub(super) fn sums_of(&mut self, currency: Currency) -> &mut Sums {
        self.sums.entry(currency.code()).or_default()
    }

    pub(super) fn event(&self, sequence: u64) -> Option<&Envelope> {
        self.events.get(usize::try_from(sequence).ok()?.checked_sub(1)?)
    }

    pub(super) fn head(&self) -> u64 {
        self.events.len() as u64
    }

    /// The number of reviews of a storage and the sum of their stars.
    pub(super) fn review_totals(&self, storage: u64) -> (u64, u64) {
        let of = self.reviews_on.get(&storage).into_iter().flatten().filter_map(|id| self.reviews.get(id));
        of.fold((0, 0), |(count, sum), row| (count + 1, sum + u64::from(row.rate.get())))
    }
}

/// The day it is at a moment in the site's zone.
pub(super) fn day(at: DateTime<Utc>, settings: &Settings) -> NaiveDate {
    let zone: chrono_tz::Tz = settings.zone.parse().unwrap_or(chrono_tz::UTC);
    zone.from_utc_datetime(&at.naive_utc()).date_naive()
}
