//! The log and its head.

use std::cell::RefCell;

use rusqlite::{Row, params};
use storagerent_core::event::{Envelope, EventHash};
use storagerent_core::ports::{EventFilter, Head, Page, StoreError};

use crate::log::StoredEvent;
use crate::sqlite::rows::{Columns, kept};
use crate::sqlite::statements::{Db, all, bounds, one, run};

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
    let (after, limit) = bounds(page);
    let before = RefCell::new(None);
    let envelope = |row: &Row<'_>| {
        let event = stored(row)?.into_envelope_after(before.borrow().as_ref())?;
        *before.borrow_mut() = Some(event.correlation_id.clone());
        Ok(event)
    };
    match &filter.correlation_id {
        None => all(db, select!("WHERE sequence > ?1 ORDER BY sequence LIMIT ?2"), (after, limit), envelope),
        Some(id) => {
            let sql = select!(
                "INDEXED BY events_by_correlation
                 WHERE sequence > ?1 AND correlation_id = ?3 ORDER BY sequence LIMIT ?2"
            );
            all(db, sql, (after, limit, id.as_str()), envelope)
        }
    }
}

pub(in crate::sqlite) fn head(db: Db<'_>) -> Result<Head, StoreError> {
    one(db, "SELECT id, sequence, hash FROM head", [], |row| {
        let c = Columns::of("head", row);
        c.int()?;
        Ok(Head { sequence: c.number()?, hash: EventHash(c.hash()?) })
    })?
    .ok_or_else(|| StoreError::Corrupt("head row 1 is missing".to_owned()))
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

/// Moves the end of the log.
pub(in crate::sqlite) fn set_head(db: Db<'_>, head: Head) -> Result<(), StoreError> {
    let values = (kept(head.sequence.get())?, head.hash.0);
    run(db, "UPDATE head SET sequence = ?1, hash = ?2 WHERE id = 1", values)
}
