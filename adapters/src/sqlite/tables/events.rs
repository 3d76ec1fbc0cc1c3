//! The log, and where in it the events of a request begin.

use std::ops::ControlFlow;

use rusqlite::{Row, params};
use storagerent_core::event::{Envelope, EventHash};
use storagerent_core::ports::{EventFilter, Page, StoreError};
use storagerent_core::shared::CorrelationId;

use crate::log::StoredEvent;
use crate::sqlite::error::store_error;
use crate::sqlite::rows::{Columns, kept, sought};
use crate::sqlite::statements::{Db, bounds, each, number, run};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT sequence, event_type, schema_version, occurred_at, aggregate_kind, aggregate_id, \
             aggregate_version, correlation_id, causation_id, payload, hash FROM events ",
            $rest
        )
    };
}

/// Every row, in order, whatever it holds.
pub(in crate::sqlite) const EVERY: &str = select!("ORDER BY sequence");

pub(in crate::sqlite) fn stored<'r>(row: &'r Row<'r>) -> Result<StoredEvent<'r>, StoreError> {
    let c = Columns::of("events", row);
    Ok(StoredEvent {
        sequence: c.number()?,
        event_type: c.borrowed()?.into(),
        schema_version: c.small()?,
        occurred_at: c.int()?,
        aggregate_kind: c.borrowed()?.into(),
        aggregate_id: c.number()?,
        aggregate_version: c.number()?,
        correlation_id: c.borrowed()?.into(),
        causation_id: c.maybe_number()?,
        payload: c.borrowed()?.into(),
        hash: EventHash(c.hash()?),
    })
}

pub(in crate::sqlite) fn list(db: Db<'_>, filter: &EventFilter, page: Page) -> Result<Vec<Envelope>, StoreError> {
    match &filter.correlation_id {
        None => list_until(db, page, || false),
        Some(id) => list_of(db, id, page),
    }
}

/// The events of a page up to where `enough` says so.
pub(in crate::sqlite) fn list_until(
    db: Db<'_>,
    page: Page,
    enough: impl Fn() -> bool,
) -> Result<Vec<Envelope>, StoreError> {
    let mut found: Vec<Envelope> = Vec::new();
    each(db, select!("WHERE sequence > ?1 ORDER BY sequence LIMIT ?2"), bounds(page), |row| {
        let event = stored(row)?.into_envelope_after(found.last().map(|before| &before.correlation_id))?;
        found.push(event);
        Ok(if enough() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    })?;
    Ok(found)
}

/// The events of one request, run by run: the last that begins on this page's first place or before it, and those after it.
fn list_of(db: Db<'_>, id: &CorrelationId, page: Page) -> Result<Vec<Envelope>, StoreError> {
    let first = sought(page.after.saturating_add(1));
    let limit = page.limit.map_or(usize::MAX, |limit| limit as usize);
    let (mut found, mut next) = (Vec::new(), first);
    let sql = "SELECT first FROM runs WHERE correlation_id = ?1 AND first >= coalesce( \
               (SELECT max(first) FROM runs WHERE correlation_id = ?1 AND first <= ?2), 0) ORDER BY first";
    each(db, sql, (id.as_str(), first), |row| {
        if found.len() >= limit {
            return Ok(ControlFlow::Break(()));
        }
        let run: i64 = row.get(0).map_err(store_error)?;
        each(db, select!("WHERE sequence >= ?1 ORDER BY sequence"), [run.max(next)], |row| {
            let event = stored(row)?;
            if found.len() >= limit || event.correlation_id != id.as_str() {
                return Ok(ControlFlow::Break(()));
            }
            next = sought(event.sequence.saturating_add(1));
            found.push(event.into_envelope_after(Some(id))?);
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(found)
}

/// Adds an event.
pub(in crate::sqlite) fn insert(db: Db<'_>, event: &StoredEvent<'_>) -> Result<(), StoreError> {
    let sql = "INSERT INTO events (sequence, event_type, schema_version, occurred_at, aggregate_kind, aggregate_id, \
               aggregate_version, correlation_id, causation_id, payload, hash) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    let values = params![
        kept(event.sequence)?,
        event.event_type,
        event.schema_version,
        event.occurred_at,
        event.aggregate_kind,
        kept(event.aggregate_id)?,
        kept(event.aggregate_version)?,
        event.correlation_id,
        event.causation_id.map(kept).transpose()?,
        event.payload,
        event.hash.0,
    ];
    run(db, sql, values)
}

/// Lets events that were added, in order, be found by their request. `before` is the event written before them, if that is still
/// true.
pub(in crate::sqlite) fn insert_runs(
    db: Db<'_>,
    before: Option<&StoredEvent<'_>>,
    events: &[StoredEvent<'_>],
) -> Result<(), StoreError> {
    let goes_on = |before: &StoredEvent<'_>, event: &StoredEvent<'_>| before.correlation_id == event.correlation_id;
    let Some(first) = events.first() else { return Ok(()) };
    let first_goes_on = match before.filter(|before| before.sequence + 1 == first.sequence) {
        Some(before) => goes_on(before, first),
        None => {
            let sql = "SELECT count(*) FROM events WHERE sequence = ?1 AND correlation_id = ?2";
            number(db, sql, (sought(first.sequence - 1), &first.correlation_id))? > 0
        }
    };
    let runs = events.chunk_by(goes_on).filter_map(|run| run.first()).skip(first_goes_on.into());
    let mut runs: Vec<_> = runs.map(|first| (first.correlation_id.as_ref(), first.sequence)).collect();
    runs.sort_unstable();
    // One that a stranger has left there is in nobody's way.
    let sql = "INSERT INTO runs (correlation_id, first) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    runs.into_iter().try_for_each(|(id, first)| run(db, sql, (id, kept(first)?)))
}
