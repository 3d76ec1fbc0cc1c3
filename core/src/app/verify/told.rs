//! Everything as the log alone tells it.

use std::collections::BTreeMap;

use super::Findings;
use crate::event::{Aggregate, Envelope, Event};
use crate::message::message_of;
use crate::payment::{PaymentEvent, PaymentRow, refund_due};
use crate::ports::{EventFilter, Page, Queries, StoreError};
use crate::reservation::{ReservationEvent, ReservationRow};
use crate::review::{ReviewEvent, ReviewRow};
use crate::shared::{Lang, PaymentId, ReservationId, ReviewId, Sequence, StorageId, Version};
use crate::storage::{StorageEvent, StorageRow};
use crate::storage_view::{StorageViewRow, fold};

const PAGE: u32 = 1_000;

/// What the log tells.
#[derive(Default)]
pub(super) struct Told {
    pub(super) events: u64,
    pub(super) storages: BTreeMap<StorageId, StorageRow>,
    pub(super) reservations: BTreeMap<ReservationId, ReservationRow>,
    pub(super) payments: BTreeMap<PaymentId, PaymentRow>,
    pub(super) reviews: BTreeMap<ReviewId, ReviewRow>,
    /// As far as the view consumer has come.
    pub(super) views: BTreeMap<StorageId, StorageViewRow>,
    /// The events that customers are told of, and their reservations.
    pub(super) tellings: Vec<(Sequence, ReservationId)>,
    /// The first event that wants a payment refunded.
    pub(super) refunds: BTreeMap<PaymentId, Sequence>,
    versions: BTreeMap<Aggregate, Version>,
}

impl Told {
    /// Replays the log from its beginning.
    pub(super) fn replay(
        q: &mut dyn Queries,
        view_cursor: Sequence,
        findings: &mut Findings,
    ) -> Result<Self, StoreError> {
        let mut told = Told::default();
        let mut page = Page::first(PAGE);
        loop {
            let events = q.events(&EventFilter::default(), page)?;
            let Some(last) = events.last() else { return Ok(told) };
            page.after = last.sequence.get();
            for event in &events {
                told.take(event, findings);
                if event.sequence <= view_cursor {
                    told.take_view(event);
                }
            }
        }
    }

    fn take(&mut self, event: &Envelope, findings: &mut Findings) {
        self.events += 1;
        let subject = || format!("events row {}", event.sequence);
        if event.causation_id.is_some_and(|cause| cause >= event.sequence) {
            findings.add("causation", subject(), "was caused by a later event".to_owned());
        }
        if event.aggregate != event.event.aggregate() {
            findings.add("aggregate", subject(), "is of another aggregate than it says".to_owned());
        }
        let version = self.versions.entry(event.aggregate).or_insert(Version::ZERO);
        *version = version.next();
        if *version != event.aggregate_version {
            let detail =
                format!("has version {}, {} events were seen of {}", event.aggregate_version, version, event.aggregate);
            findings.add("version", subject(), detail);
        }
        if !self.apply(event) {
            findings.add("state", subject(), format!("is of {}, which does not exist", event.aggregate));
        }
        if let Some((booking, _)) = message_of(event, Lang::En) {
            self.tellings.push((event.sequence, booking.reservation_id));
        }
        if let Some(payment) = refund_due(&event.event) {
            self.refunds.entry(payment).or_insert(event.sequence);
        }
    }

    /// Applies an event to what it happened to; says whether that exists.
    fn apply(&mut self, event: &Envelope) -> bool {
        match &event.event {
            Event::Storage(StorageEvent::StorageRegistered(e)) => {
                self.storages.insert(e.storage_id, StorageRow::registered(e)).is_none()
            }
            Event::Storage(e) => self.storages.get_mut(&e.storage_id()).map(|row| row.apply(e)).is_some(),
            Event::Reservation(ReservationEvent::ReservationCreated(e)) => {
                let row = ReservationRow::created(e, event.correlation_id.clone());
                self.reservations.insert(e.booking.reservation_id, row).is_none()
            }
            Event::Reservation(e) => {
                self.reservations.get_mut(&e.booking().reservation_id).map(|row| row.apply(e)).is_some()
            }
            Event::Payment(PaymentEvent::PaymentRequested(e)) => {
                let row = PaymentRow::requested(e, event.correlation_id.clone());
                self.payments.insert(e.booking.payment_id, row).is_none()
            }
            Event::Payment(e) => self.payments.get_mut(&e.booking().payment_id).map(|row| row.apply(e)).is_some(),
            Event::Review(ReviewEvent::ReviewCreated(e)) => {
                self.reviews.insert(e.review_id, ReviewRow::created(e)).is_none()
            }
            Event::Review(e) => self.reviews.get_mut(&e.review_id()).map(|row| row.apply(e)).is_some(),
        }
    }

    fn take_view(&mut self, event: &Envelope) {
        let id = event.event.storage_id();
        let mut row = self.views.remove(&id);
        fold(&mut row, &event.event);
        self.views.extend(row.map(|row| (id, row)));
    }
}
