//! Verifying: is everything as the log says it should be?

use std::collections::BTreeMap;

use serde::Serialize;

use super::{App, Error};
use crate::event::{Aggregate, Envelope, Event};
use crate::payment::{PaymentEvent, PaymentRow, PaymentStatus};
use crate::ports::{EventFilter, Finding, MessageFilter, Page, Queries, ReservationFilter, StoreError};
use crate::reservation::{ReservationEvent, ReservationRow, ReservationStatus};
use crate::review::{ReviewEvent, ReviewRow};
use crate::shared::{PaymentId, ReservationId, ReviewId, Sequence, StorageId, Version};
use crate::storage::{StorageEvent, StorageRow};
use crate::storage_view::{Folded, StorageViewRow, fold};

/// So many findings are enough to know.
const FINDINGS_MAX: usize = 100;
const PAGE: u32 = 1_000;

/// What verifying came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// Whether nothing was found.
    pub ok: bool,
    /// The events read.
    pub events: u64,
    /// The rows held against them.
    pub rows: u64,
    /// What is not as it should be, at most 100.
    pub findings: Vec<Finding>,
}

/// Everything as the log alone tells it.
#[derive(Default)]
struct Told {
    events: u64,
    storages: BTreeMap<StorageId, StorageRow>,
    reservations: BTreeMap<ReservationId, ReservationRow>,
    payments: BTreeMap<PaymentId, PaymentRow>,
    reviews: BTreeMap<ReviewId, ReviewRow>,
    views: BTreeMap<StorageId, StorageViewRow>,
    versions: BTreeMap<Aggregate, Version>,
}

impl App {
    /// Holds everything stored against the log, and the log against its own hashes, in one snapshot.
    ///
    /// # Errors
    /// [`Error`] when the store cannot read at all; what is damaged is a finding.
    pub fn verify(&self) -> Result<Verified, Error> {
        self.read(|q| {
            let mut findings = Findings(q.check_log(FINDINGS_MAX)?);
            let view_cursor = q.consumer("view")?.map_or(Sequence::ZERO, |c| c.cursor);
            let mut rows = 0;
            let told = match replay_log(q, view_cursor, &mut findings) {
                Ok(told) => told,
                Err(e) => {
                    findings.add("log", "events".to_owned(), format!("cannot be read to the end: {e}"));
                    Told::default()
                }
            };
            if told.events > 0 || q.head()?.sequence == Sequence::ZERO {
                match compare(q, &told, &mut findings) {
                    Ok(compared) => rows = compared,
                    Err(e) => findings.add("state", "rows".to_owned(), e.to_string()),
                }
            }
            let Findings(findings) = findings;
            Ok(Verified { ok: findings.is_empty(), events: told.events, rows, findings })
        })
    }
}

/// What was found, up to a bound.
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, check: &str, subject: String, detail: String) {
        if self.0.len() < FINDINGS_MAX {
            self.0.push(Finding { check: check.to_owned(), subject, detail });
        }
    }

    fn same<T: PartialEq + std::fmt::Debug>(&mut self, subject: String, told: Option<&T>, kept: Option<&T>) {
        match (told, kept) {
            (Some(a), Some(b)) if a == b => {}
            (None, None) => {}
            (Some(_), None) => self.add("state", subject, "is missing".to_owned()),
            (None, Some(_)) => self.add("state", subject, "is not in the log".to_owned()),
            (Some(a), Some(b)) => self.add("state", subject, format!("is {b:?}, the log says {a:?}")),
        }
    }
}

fn replay_log(q: &mut dyn Queries, view_cursor: Sequence, findings: &mut Findings) -> Result<Told, StoreError> {
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

impl Told {
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
        match fold(self.views.get(&id).cloned(), &event.event) {
            Folded::Row(row) => {
                self.views.insert(id, *row);
            }
            Folded::Removed => {
                self.views.remove(&id);
            }
            Folded::Unchanged => {}
        }
    }
}

/// Holds every row against what the log tells; answers how many rows were held.
fn compare(q: &mut dyn Queries, told: &Told, findings: &mut Findings) -> Result<u64, StoreError> {
    let mut rows = 0;
    for (id, row) in &told.storages {
        rows += 1;
        findings.same(format!("storages row {id}"), Some(row), q.storage(*id)?.as_ref());
    }
    for (id, row) in &told.reservations {
        rows += 1;
        findings.same(format!("reservations row {id}"), Some(row), q.reservation(*id)?.as_ref());
    }
    for (id, row) in &told.payments {
        rows += 1;
        findings.same(format!("payments row {id}"), Some(row), q.payment(*id)?.as_ref());
    }
    for (id, row) in &told.reviews {
        rows += 1;
        findings.same(format!("reviews row {id}"), Some(row), q.review(*id)?.as_ref());
    }
    // The view is compared with the fold up to its cursor, unless dead letters hold some of its events back.
    if q.dead_events("view", None)?.is_empty() {
        for (id, row) in &told.views {
            rows += 1;
            findings.same(format!("storage_views row {id}"), Some(row), q.view(*id)?.as_ref());
        }
    }
    strangers(q, told, findings)?;
    invariants(told, findings);
    Ok(rows)
}

/// Rows the log knows nothing of.
fn strangers(q: &mut dyn Queries, told: &Told, findings: &mut Findings) -> Result<(), StoreError> {
    let all = Page::default();
    for row in q.storages(all)? {
        if !told.storages.contains_key(&row.storage_id) {
            findings.same(format!("storages row {}", row.storage_id), None, Some(&row));
        }
    }
    for row in q.reservations(&ReservationFilter::default(), all)? {
        let id = row.booking.reservation_id;
        if !told.reservations.contains_key(&id) {
            findings.same(format!("reservations row {id}"), None, Some(&row));
        }
    }
    for row in q.payments(all)? {
        if !told.payments.contains_key(&row.payment_id) {
            findings.same(format!("payments row {}", row.payment_id), None, Some(&row));
        }
    }
    for row in q.views(&crate::ports::ViewFilter::default(), all)? {
        if !told.views.contains_key(&row.storage_id) && q.dead_events("view", None)?.is_empty() {
            findings.same(format!("storage_views row {}", row.storage_id), None, Some(&row));
        }
    }
    for row in q.messages(&MessageFilter::default(), all)? {
        let known = told.reservations.get(&row.reservation_id).is_some_and(|r| r.booking.customer == row.customer);
        if !known || row.event_sequence.get() > told.events {
            findings.add(
                "message",
                format!("messages row {}", row.message_id),
                "tells of what the log does not know".to_owned(),
            );
        }
    }
    Ok(())
}

/// The promises, held against the log's own account: what stands is paid, and nothing is rented twice.
fn invariants(told: &Told, findings: &mut Findings) {
    let mut live: BTreeMap<StorageId, Vec<&ReservationRow>> = BTreeMap::new();
    for row in told.reservations.values() {
        let id = row.booking.reservation_id;
        let payment = told.payments.get(&row.booking.payment_id);
        let status = payment.map(|p| p.payment_status);
        let paid = match row.reservation_status {
            ReservationStatus::Reserved | ReservationStatus::ReqCancel | ReservationStatus::Completed => {
                status == Some(PaymentStatus::Paid)
            }
            ReservationStatus::Cancelled => status == Some(PaymentStatus::Cancelled),
            ReservationStatus::ReqReserve => status == Some(PaymentStatus::Requested),
            ReservationStatus::Rejected => matches!(status, Some(PaymentStatus::Declined | PaymentStatus::Voided)),
            ReservationStatus::Expired => status.is_some(),
        };
        if !paid || payment.is_some_and(|p| p.price != row.booking.price) {
            let detail = format!("is {} but its payment is {status:?}", row.reservation_status.as_str());
            findings.add("paid", format!("reservations row {id}"), detail);
        }
        if row.reservation_status.is_live() {
            live.entry(row.booking.storage_id).or_default().push(row);
        }
    }
    for rows in live.values_mut() {
        rows.sort_by_key(|r| r.booking.period.from());
        for pair in rows.windows(2) {
            if pair[0].booking.period.overlaps(&pair[1].booking.period) {
                let (a, b) = (pair[0].booking.reservation_id, pair[1].booking.reservation_id);
                findings.add("exclusive", format!("reservations row {b}"), format!("overlaps reservation {a}"));
            }
        }
    }
}
