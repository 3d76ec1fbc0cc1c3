//! Reading: what is committed, or, inside a work, what the transaction sees.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::StoreError;
use crate::consumer::{ConsumerRow, DeadLetter};
use crate::effect::{Action, EffectRow};
use crate::event::{Envelope, EventHash};
use crate::message::MessageRow;
use crate::payment::PaymentRow;
use crate::reservation::{ReservationRow, ReservationStatus};
use crate::review::ReviewRow;
use crate::settings::Settings;
use crate::shared::{
    CorrelationId, CustomerId, EffectId, IdempotencyKey, Key, MessageId, PaymentId, Period, ReservationId, ReviewId,
    Sequence, StorageId,
};
use crate::storage::{StorageRow, StorageStatus};
use crate::storage_view::StorageViewRow;

/// Which part of a list: rows with ids above `after`, in order of id, at most `limit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, serde::Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(default)]
pub struct Page {
    /// The id after which the page begins.
    pub after: u64,
    /// At most so many rows; all if not given.
    pub limit: Option<u32>,
}

impl Page {
    /// The first rows, at most so many.
    pub fn first(limit: u32) -> Self {
        Page { after: 0, limit: Some(limit) }
    }
}

/// Which reservations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReservationFilter {
    /// Of this customer.
    pub customer: Option<CustomerId>,
    /// Of this storage.
    pub storage_id: Option<StorageId>,
    /// In this state.
    pub status: Option<ReservationStatus>,
}

/// Which reviews.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReviewFilter {
    /// Of this storage.
    pub storage_id: Option<StorageId>,
}

/// Which messages.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MessageFilter {
    /// To this customer.
    pub customer: Option<CustomerId>,
}

/// Which rows of the view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ViewFilter {
    /// In this state.
    pub status: Option<StorageStatus>,
}

/// Which effects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectFilter {
    /// Calls of the payment gateway among them.
    pub gateway: bool,
    /// Deliveries over these channels; over every channel if not given.
    pub channels: Option<Vec<String>>,
}

impl EffectFilter {
    /// All effects.
    pub const ALL: EffectFilter = EffectFilter { gateway: true, channels: None };

    /// Whether this is one of them.
    pub fn has(&self, action: &Action) -> bool {
        match action {
            Action::Charge { .. } | Action::Void { .. } | Action::Refund { .. } => self.gateway,
            Action::Deliver { channel, .. } => self.channels.as_ref().is_none_or(|those| those.contains(channel)),
        }
    }
}

/// Which events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EventFilter {
    /// Of this request.
    pub correlation_id: Option<CorrelationId>,
}

/// The end of the log, kept apart from it, so that the last event is covered too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The sequence of the last event: the length of the log.
    pub sequence: Sequence,
    /// Its hash.
    pub hash: EventHash,
}

/// What an idempotency key was used for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyRow {
    /// Who used it: `Caller::scope`.
    pub scope: String,
    /// For which command.
    pub command: String,
    /// The key.
    pub key: IdempotencyKey,
    /// The command as sent.
    pub body: String,
    /// What it led to.
    pub reservation_id: ReservationId,
}

/// A rental whose start or end is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct DueRental {
    /// The day it is due on.
    pub day: NaiveDate,
    /// A start; ends come first on the same day.
    pub is_start: bool,
    /// The reservation.
    pub reservation_id: ReservationId,
}

/// Something that is not as the log says it should be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Which check found it.
    pub check: String,
    /// What it concerns: a row, by its table and id.
    pub subject: String,
    /// What is wrong.
    pub detail: String,
}

/// How much of everything there is.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null, hashmap_as_object))]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Storages, deleted ones apart.
    pub storages: u64,
    /// Reservations, by status; every status is there.
    pub reservations: BTreeMap<String, u64>,
    /// Reviews, deleted ones apart.
    pub reviews: u64,
    /// Messages.
    pub messages: u64,
    /// Effects neither done nor parked.
    pub effects_open: u64,
    /// Dead letters not closed.
    pub dead_letters: u64,
}

/// Effects of one kind that are not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backlog {
    /// `charge`, `void`, `refund` or `deliver`.
    pub kind: String,
    /// So many.
    pub open: u64,
    /// The event that wants the oldest of them.
    pub oldest: Sequence,
}

/// Reading. Lists are in order of id.
pub trait Queries {
    /// The site's settings.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot read; so with every method here.
    fn settings(&mut self) -> Result<Settings, StoreError>;

    /// The end of the log.
    fn head(&mut self) -> Result<Head, StoreError>;
    /// Events in order of sequence.
    fn events(&mut self, filter: &EventFilter, page: Page) -> Result<Vec<Envelope>, StoreError>;
    /// The latest event, from `since` on, that caused an event of this storage: how far the storage consumer has acted on it.
    fn last_storage_cause(&mut self, id: StorageId, since: Sequence) -> Result<Option<Sequence>, StoreError>;
    /// Whether the rows of the log are whole: hash chain, length, gaps. Empty when they are; at most `limit` findings.
    fn check_log(&mut self, limit: usize) -> Result<Vec<Finding>, StoreError>;

    /// A storage, deleted ones too.
    fn storage(&mut self, id: StorageId) -> Result<Option<StorageRow>, StoreError>;
    /// Storages, deleted ones apart.
    fn storages(&mut self, page: Page) -> Result<Vec<StorageRow>, StoreError>;
    /// Storages neither deleted nor withdrawn with no live reservation on any day of the period.
    fn free_storages(&mut self, period: &Period, page: Page) -> Result<Vec<StorageRow>, StoreError>;

    /// A reservation.
    fn reservation(&mut self, id: ReservationId) -> Result<Option<ReservationRow>, StoreError>;
    /// Reservations.
    fn reservations(&mut self, filter: &ReservationFilter, page: Page) -> Result<Vec<ReservationRow>, StoreError>;
    /// The live reservations of a storage that share a day with the period, in order of their first day.
    fn live_overlapping(&mut self, id: StorageId, period: &Period) -> Result<Vec<ReservationRow>, StoreError>;
    /// Holds whose time is over at `now`, the oldest first.
    fn overdue_holds(&mut self, now: DateTime<Utc>, limit: u32) -> Result<Vec<ReservationRow>, StoreError>;
    /// So many holds a customer has that have not lapsed at `now`, counted up to `limit`.
    fn holds_of(&mut self, customer: &CustomerId, now: DateTime<Utc>, limit: u32) -> Result<u32, StoreError>;
    /// Starts and ends of `reserved` rentals due on `today` or before, in order, at most `limit`.
    fn due_rentals(&mut self, today: NaiveDate, limit: u32) -> Result<Vec<DueRental>, StoreError>;
    /// When the next hold may be ended.
    fn next_hold_expiry(&mut self) -> Result<Option<DateTime<Utc>>, StoreError>;
    /// On which day the next start or end of a `reserved` rental is due.
    fn next_rental_day(&mut self) -> Result<Option<NaiveDate>, StoreError>;

    /// A payment.
    fn payment(&mut self, id: PaymentId) -> Result<Option<PaymentRow>, StoreError>;
    /// Payments.
    fn payments(&mut self, page: Page) -> Result<Vec<PaymentRow>, StoreError>;

    /// A review, deleted ones too.
    fn review(&mut self, id: ReviewId) -> Result<Option<ReviewRow>, StoreError>;
    /// The review of a reservation that is not deleted.
    fn review_of(&mut self, id: ReservationId) -> Result<Option<ReviewRow>, StoreError>;
    /// Reviews, deleted ones apart.
    fn reviews(&mut self, filter: &ReviewFilter, page: Page) -> Result<Vec<ReviewRow>, StoreError>;
    /// How many reviews a storage has, and the sum of their ratings; deleted ones apart.
    fn review_totals(&mut self, id: StorageId) -> Result<(u64, u64), StoreError>;

    /// A message.
    fn message(&mut self, id: MessageId) -> Result<Option<MessageRow>, StoreError>;
    /// Messages.
    fn messages(&mut self, filter: &MessageFilter, page: Page) -> Result<Vec<MessageRow>, StoreError>;
    /// Whether an event of a reservation was told over a channel.
    fn was_told(&mut self, of: ReservationId, event: Sequence, channel: &str) -> Result<bool, StoreError>;
    /// The channels messages are written for, in order of name.
    fn channels(&mut self) -> Result<Vec<String>, StoreError>;

    /// A row of the view.
    fn view(&mut self, id: StorageId) -> Result<Option<StorageViewRow>, StoreError>;
    /// Rows of the view.
    fn views(&mut self, filter: &ViewFilter, page: Page) -> Result<Vec<StorageViewRow>, StoreError>;

    /// An effect.
    fn effect(&mut self, id: EffectId) -> Result<Option<EffectRow>, StoreError>;
    /// The effect of a kind under a key; there is at most one.
    fn effect_under(&mut self, kind: &str, key: Key) -> Result<Option<EffectRow>, StoreError>;
    /// Effects that may be done at `now`: `due` ones whose `due_at` has come, and `leased` ones, charges apart, whose lease is
    /// over; at most so many. Those come first that have waited longest, so that none that fails again and again is in the way of
    /// others: in order of [`EffectRow::ready_at`], then of id.
    fn open_effects(
        &mut self,
        filter: &EffectFilter,
        now: DateTime<Utc>,
        limit: Option<u32>,
    ) -> Result<Vec<EffectRow>, StoreError>;
    /// Charges without a live lease at `now`: `unknown` ones, `leased` ones whose lease is over, and `due` ones. In order of id.
    fn loose_charges(&mut self, now: DateTime<Utc>, page: Page) -> Result<Vec<EffectRow>, StoreError>;
    /// When the first of these effects may be done, or its lease ends: the first that is ready later than `after`.
    fn next_effect_at(
        &mut self,
        filter: &EffectFilter,
        after: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError>;
    /// The effects that are not done, by kind: those waiting, those under way, and charges of unknown outcome.
    fn backlog(&mut self) -> Result<Vec<Backlog>, StoreError>;

    /// A consumer.
    fn consumer(&mut self, name: &str) -> Result<Option<ConsumerRow>, StoreError>;
    /// Consumers, in order of name.
    fn consumers(&mut self) -> Result<Vec<ConsumerRow>, StoreError>;
    /// A dead letter, closed ones too.
    fn dead_letter(&mut self, id: u64) -> Result<Option<DeadLetter>, StoreError>;
    /// Dead letters that are open.
    fn dead_letters(&mut self, page: Page) -> Result<Vec<DeadLetter>, StoreError>;
    /// Whether a consumer has open dead letters: asked by every group, however many they are.
    fn has_dead_events(&mut self, consumer: &str) -> Result<bool, StoreError>;
    /// The open dead letters of a consumer, only those of a key if one is given; in order of event, at most `limit` if one is given.
    fn dead_events(
        &mut self,
        consumer: &str,
        key: Option<&str>,
        limit: Option<u32>,
    ) -> Result<Vec<DeadLetter>, StoreError>;

    /// What a key was used for.
    fn idempotency(
        &mut self,
        scope: &str,
        command: &str,
        key: &IdempotencyKey,
    ) -> Result<Option<IdempotencyRow>, StoreError>;
    /// How much of everything there is.
    fn counts(&mut self) -> Result<Counts, StoreError>;
}
