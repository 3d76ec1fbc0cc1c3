//! Asking: lists and single rows, quotes, what is free, and how the site is.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::{App, Error, OperationError};
use crate::consumer::{ConsumerRow, DeadLetter};
use crate::event::Envelope;
use crate::message::MessageRow;
use crate::payment::{BreakerState, PaymentError, PaymentRow};
use crate::ports::{
    Counts, EventFilter, MessageFilter, Offers, Page, Queries, ReservationFilter, ReviewFilter, ViewFilter,
};
use crate::reservation::{HoldCase, Quote, QuoteStorage, ReservationError, ReservationRow, may_place_hold, not_past};
use crate::review::{ReviewError, ReviewRow};
use crate::settings::Settings;
use crate::shared::{
    Caller, InvalidValue, MessageId, Money, PaymentId, Period, ReservationId, ReviewId, Sequence, StorageId,
};
use crate::storage::{StorageError, StorageRow, manager_only};
use crate::storage_view::StorageViewRow;

/// A storage that is free in the period asked for, and what that would cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct Available {
    /// The storage.
    #[serde(flatten)]
    pub storage: StorageRow,
    /// The quote's total, in minor units.
    pub quote: i64,
}

/// A consumer and how far behind it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct ConsumerStatus {
    /// The consumer.
    #[serde(flatten)]
    pub row: ConsumerRow,
    /// So many events it has not seen.
    pub behind: u64,
}

/// How the site is, at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct Status {
    /// The time now.
    pub now: DateTime<Utc>,
    /// The site's day.
    pub today: NaiveDate,
    /// Its zone.
    pub zone: String,
    /// The length of the log.
    pub events: Sequence,
    /// How much of everything there is.
    pub counts: Counts,
    /// The consumers.
    pub consumers: Vec<ConsumerStatus>,
    /// This process's breaker.
    pub breaker: BreakerState,
    /// When something is due next.
    pub next_at: Option<DateTime<Utc>>,
}

/// Effects of one kind that are not done: what is still owed to the outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OpenEffects {
    /// `charge`, `void`, `refund` or `deliver`.
    pub kind: String,
    /// So many.
    pub open: u64,
    /// When the event happened that wants the oldest of them.
    pub since: DateTime<Utc>,
}

/// So many storages are priced at a time when looking for free ones.
const PRICED_AT_A_TIME: u32 = 500;

impl App {
    /// A storage.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] for none, or a deleted one; so, with its own kind, every method here that asks for one row.
    pub fn storage(&self, id: StorageId) -> Result<StorageRow, Error> {
        let row = self.read(|q| Ok::<_, Error>(q.storage(id)?))?;
        row.filter(|row| !row.deleted).ok_or_else(|| StorageError::NotFound { storage_id: id }.into())
    }

    /// Storages, in order of id.
    ///
    /// # Errors
    /// [`Error`] when the store cannot; so with every list here.
    pub fn storages(&self, page: Page) -> Result<Vec<StorageRow>, Error> {
        self.read(|q| Ok(q.storages(page)?))
    }

    /// What a period of a storage would cost.
    ///
    /// # Errors
    /// [`ReservationError`]: no such storage, a period that began before today, or one that has no price.
    pub fn quote(&self, ask: QuoteStorage) -> Result<Quote, ReservationError> {
        let storage_id = ask.storage_id;
        self.read(|q| {
            let offer = q.offer(storage_id)?.ok_or(ReservationError::StorageNotFound { storage_id })?;
            let today = self.moment::<_, ReservationError>(q)?.today;
            let period = Period::new(ask.from.unwrap_or(today), ask.until)?;
            not_past(&period, today)?;
            Ok(Quote::of(storage_id, offer.rate, period)?)
        })
    }

    /// Storages free and not withdrawn in a period (from today, open-ended, if not given), those by the day only with an end;
    /// at most `max_price` by the quote, in its currency. What has no price for the period is not among them.
    ///
    /// # Errors
    /// [`Error`] for a period or a price that is none, and a period that began before today.
    pub fn available(
        &self,
        from: Option<NaiveDate>,
        until: Option<NaiveDate>,
        max_price: Option<&str>,
        page: Page,
    ) -> Result<Vec<Available>, Error> {
        if let Some(max) = max_price {
            // Whatever is free: whether it is an amount does not depend on the currency.
            Money::parse_down(max, "KRW")?;
        }
        self.available_if(from, until, page, |total| max_price.is_none_or(|max| is_within(total, max)))
    }

    /// The same, those whose total is `wanted`.
    ///
    /// # Errors
    /// [`Error`] for a period that is none, or began before today.
    pub fn available_if(
        &self,
        from: Option<NaiveDate>,
        until: Option<NaiveDate>,
        page: Page,
        wanted: impl Fn(Money) -> bool,
    ) -> Result<Vec<Available>, Error> {
        self.read(|q| {
            let today = self.moment::<_, Error>(q)?.today;
            let period = Period::new(from.unwrap_or(today), until)?;
            not_past(&period, today)?;
            let limit = page.limit.unwrap_or(u32::MAX);
            let mut found = Vec::new();
            // Most often the first so many are wanted; where they are not, it looks further in longer strides.
            let mut at = Page { after: page.after, limit: Some(limit.min(PRICED_AT_A_TIME)) };
            while found.len() < limit as usize {
                let rows = q.free_storages(&period, at)?;
                let Some(last) = rows.last() else { break };
                at = Page { after: last.storage_id.get(), limit: Some(PRICED_AT_A_TIME) };
                for storage in rows {
                    // What has no price for this period (by the day, open-ended) is not on offer for it.
                    let Ok(quote) = Quote::of(storage.storage_id, storage.rate, period) else { continue };
                    if wanted(quote.total) {
                        found.push(Available { storage, quote: quote.total.amount() });
                    }
                }
            }
            found.truncate(limit as usize);
            Ok(found)
        })
    }

    /// What a reservation of these days would cost, if it were accepted now; nothing is held.
    ///
    /// # Errors
    /// [`ReservationError`], as [`App::reserve`] would refuse it: no such storage, withdrawn, taken, or a period that has no price.
    pub fn check(&self, ask: QuoteStorage) -> Result<Quote, ReservationError> {
        let storage_id = ask.storage_id;
        self.read(|q| {
            let offer = q.offer(storage_id)?.ok_or(ReservationError::StorageNotFound { storage_id })?;
            let moment = self.moment::<_, ReservationError>(q)?;
            let period = Period::new(ask.from.unwrap_or(moment.today), ask.until)?;
            let quote = Quote::of(storage_id, offer.rate, period)?;
            let live = q.live_overlapping(storage_id, &period)?;
            // An overdue hold is written off by whoever reserves.
            let stands = |row: &ReservationRow| row.hold_expires_at.is_none_or(|until| until > moment.now);
            let in_the_way = live.into_iter().find(stands).map(|row| row.booking.period);
            let (offered, today) = (offer.offered, moment.today);
            may_place_hold(&HoldCase {
                storage_id,
                offered,
                today,
                quote,
                expected_price: None,
                in_the_way,
                holds: None,
            })?;
            Ok(quote)
        })
    }

    /// A reservation.
    pub fn reservation(&self, id: ReservationId) -> Result<ReservationRow, Error> {
        self.read(|q| q.reservation(id)?.ok_or(ReservationError::NotFound { reservation_id: id }.into()))
    }

    /// Reservations, in order of id.
    pub fn reservations(&self, filter: &ReservationFilter, page: Page) -> Result<Vec<ReservationRow>, Error> {
        self.read(|q| Ok(q.reservations(filter, page)?))
    }

    /// A payment.
    pub fn payment(&self, id: PaymentId) -> Result<PaymentRow, Error> {
        self.read(|q| q.payment(id)?.ok_or(PaymentError::NotFound { payment_id: id }.into()))
    }

    /// Payments, in order of id.
    pub fn payments(&self, page: Page) -> Result<Vec<PaymentRow>, Error> {
        self.read(|q| Ok(q.payments(page)?))
    }

    /// A review.
    pub fn review(&self, id: ReviewId) -> Result<ReviewRow, Error> {
        let row = self.read(|q| Ok::<_, Error>(q.review(id)?))?;
        row.filter(|row| !row.deleted).ok_or_else(|| ReviewError::NotFound { review_id: id }.into())
    }

    /// A message; `None` if there is none.
    pub fn message(&self, id: MessageId) -> Result<Option<MessageRow>, Error> {
        self.read(|q| Ok(q.message(id)?))
    }

    /// Reviews, in order of id.
    pub fn reviews(&self, filter: &ReviewFilter, page: Page) -> Result<Vec<ReviewRow>, Error> {
        self.read(|q| Ok(q.reviews(filter, page)?))
    }

    /// Messages, in order of id.
    pub fn messages(&self, filter: &MessageFilter, page: Page) -> Result<Vec<MessageRow>, Error> {
        self.read(|q| Ok(q.messages(filter, page)?))
    }

    /// One row of the one screen.
    pub fn view(&self, id: StorageId) -> Result<StorageViewRow, Error> {
        self.read(|q| q.view(id)?.ok_or(StorageError::NotFound { storage_id: id }.into()))
    }

    /// The one screen, in order of storage id.
    pub fn views(&self, filter: &ViewFilter, page: Page) -> Result<Vec<StorageViewRow>, Error> {
        self.read(|q| Ok(q.views(filter, page)?))
    }

    /// The sequence of the last event.
    pub fn head(&self) -> Result<Sequence, Error> {
        self.read(|q| Ok(q.head()?.sequence))
    }

    /// Events, in order of sequence.
    pub fn events(&self, filter: &EventFilter, page: Page) -> Result<Vec<Envelope>, Error> {
        self.read(|q| Ok(q.events(filter, page)?))
    }

    /// The consumers and how far behind they are, in order of name.
    pub fn consumers(&self) -> Result<Vec<ConsumerStatus>, Error> {
        self.read(|q| consumers(q))
    }

    /// The dead letters that are open, in order of id.
    pub fn dead_letters(&self, page: Page) -> Result<Vec<DeadLetter>, Error> {
        self.read(|q| Ok(q.dead_letters(page)?))
    }

    /// The settings.
    pub fn settings(&self) -> Result<Settings, Error> {
        self.read(|q| Ok(q.settings()?))
    }

    /// Changes one setting by name, as in JSON: `zone`, `holdMinutes`, `breakerFailures`, `breakerOpenSeconds`, `deadlineSeconds`,
    /// `language`, `gateway`.
    ///
    /// # Errors
    /// [`OperationError`]: not the manager, no such setting, or a value it cannot have.
    pub fn set(&self, caller: &Caller, key: &str, value: &str) -> Result<Settings, OperationError> {
        manager_only(caller)?;
        let (key, value) = (key.to_owned(), value.to_owned());
        self.write_alone(move |app, tx| {
            let mut settings = tx.settings()?;
            let had_gateway = !settings.gateway.is_empty();
            settings.set(&key, &value)?;
            if had_gateway && settings.gateway.is_empty() {
                return Err(InvalidValue::new(
                    "gateway",
                    "a site keeps the name of the gateway whose books its payments are in; it can only be that of the one that took them over",
                    "지점은 결제가 기록된 게이트웨이의 이름을 계속 갖습니다. 장부를 넘겨받은 게이트웨이의 이름만 쓸 수 있습니다",
                )
                .into());
            }
            app.parts().clock.day_at(app.now(), &settings.zone)?;
            tx.put_settings(&settings)?;
            Ok(settings)
        })
    }

    /// The effects that are not done, by kind: what is still owed to the outside, and since when. What was refused for good is not
    /// among them, but a dead letter: an alert looks at both.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn backlog(&self) -> Result<Vec<OpenEffects>, Error> {
        self.read(|q| {
            let mut open = Vec::new();
            for kind in q.backlog()? {
                let wanted = Page { after: kind.oldest.get().saturating_sub(1), limit: Some(1) };
                if let Some(event) = q.events(&EventFilter::default(), wanted)?.first() {
                    open.push(OpenEffects { kind: kind.kind, open: kind.open, since: event.occurred_at });
                }
            }
            Ok(open)
        })
    }

    /// How the site is, at a glance.
    pub fn status(&self) -> Result<Status, Error> {
        self.read(|q| {
            let moment = self.moment::<_, Error>(q)?;
            Ok(Status {
                now: moment.now,
                today: moment.today,
                zone: moment.settings.zone,
                events: q.head()?.sequence,
                counts: q.counts()?,
                consumers: consumers(q)?,
                breaker: self.breaker_state(),
                next_at: self.next_due(q)?,
            })
        })
    }
}

fn consumers(q: &mut dyn Queries) -> Result<Vec<ConsumerStatus>, Error> {
    let head = q.head()?.sequence.get();
    let rows = q.consumers()?;
    Ok(rows.into_iter().map(|row| ConsumerStatus { behind: head.saturating_sub(row.cursor.get()), row }).collect())
}

/// Whether a total is at most an amount given in major units of the total's own currency. One that is too large for that currency
/// is above all totals.
fn is_within(total: Money, max: &str) -> bool {
    Money::parse_down(max, total.currency().code())
        .map_or(true, |max| total.compare(max).is_some_and(std::cmp::Ordering::is_le))
}
