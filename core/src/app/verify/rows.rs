//! The rows of state and view, held against the log.

use std::collections::BTreeSet;

use super::Findings;
use super::told::Told;
use crate::consumer::DeadSubject;
use crate::ports::{Page, Queries, ReservationFilter, ReviewFilter, StoreError, ViewFilter};
use crate::shared::StorageId;

/// Holds every row against what the log tells; answers how many rows were held.
pub(super) fn compare(q: &mut dyn Queries, told: &Told, findings: &mut Findings) -> Result<u64, StoreError> {
    let mut rows = 0;
    for (id, row) in &told.storages {
        rows += 1;
        findings.row(format!("storages row {id}"), row, q.storage(*id))?;
    }
    for (id, row) in &told.reservations {
        rows += 1;
        findings.row(format!("reservations row {id}"), row, q.reservation(*id))?;
    }
    for (id, row) in &told.payments {
        rows += 1;
        findings.row(format!("payments row {id}"), row, q.payment(*id))?;
    }
    for (id, row) in &told.reviews {
        rows += 1;
        findings.row(format!("reviews row {id}"), row, q.review(*id))?;
    }
    let held_back = held_back(q)?;
    for (id, row) in told.views.iter().filter(|(id, _)| !held_back.contains(*id)) {
        rows += 1;
        findings.row(format!("storage_views row {id}"), row, q.view(*id))?;
    }
    strangers(q, told, &held_back, findings)?;
    Ok(rows)
}

/// The storages whose events wait as dead letters of the view: their rows are behind, and it is known.
fn held_back(q: &mut dyn Queries) -> Result<BTreeSet<StorageId>, StoreError> {
    let of = |subject| match subject {
        DeadSubject::Event { key, .. } => key.strip_prefix("storage:").and_then(|id| id.parse::<u64>().ok()),
        DeadSubject::Effect { .. } => None,
    };
    let letters = q.dead_events("view", None, None)?;
    Ok(letters.into_iter().filter_map(|letter| of(letter.subject)).map(StorageId::new).collect())
}

/// Rows the log knows nothing of.
fn strangers(
    q: &mut dyn Queries,
    told: &Told,
    held_back: &BTreeSet<StorageId>,
    findings: &mut Findings,
) -> Result<(), StoreError> {
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
    for row in q.reviews(&ReviewFilter::default(), all)? {
        if !told.reviews.contains_key(&row.review_id) {
            findings.same(format!("reviews row {}", row.review_id), None, Some(&row));
        }
    }
    for row in q.views(&ViewFilter::default(), all)? {
        if !told.views.contains_key(&row.storage_id) && !held_back.contains(&row.storage_id) {
            findings.same(format!("storage_views row {}", row.storage_id), None, Some(&row));
        }
    }
    Ok(())
}
