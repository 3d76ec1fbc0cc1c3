//! Effects: what has to be done outside.

use rusqlite::{Row, params};
use serde::Serialize;
use storagerent_core::chrono::{DateTime, Utc};
use storagerent_core::effect::{Action, EffectRow, EffectStatus};
use storagerent_core::ports::{Backlog, EffectFilter, Page, StoreError};
use storagerent_core::shared::{EffectId, Key};

use crate::sqlite::rows::{Columns, kept, key, moment, sought};
use crate::sqlite::seal::EFFECTS;
use crate::sqlite::statements::{Db, all, bounds, one};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT effect_id, key, kind, payment_id, message_id, channel, status, attempts, due_at, lease_owner, \
             lease_until, correlation_id, causation_id FROM effects ",
            $rest
        )
    };
}

/// The words for the kinds of actions: calls of the gateway, and deliveries.
const GATEWAY_KINDS: [&str; 3] = ["charge", "void", "refund"];
const DELIVER: &str = "deliver";

fn read(row: &Row<'_>) -> Result<EffectRow, StoreError> {
    let c = Columns::of("effects", row);
    Ok(EffectRow {
        effect_id: c.number()?,
        key: c.key()?,
        action: action(&c)?,
        status: c.word(EffectStatus::parse)?,
        attempts: c.small()?,
        due_at: c.moment()?,
        lease: c.lease()?,
        correlation_id: c.correlation_id()?,
        causation_id: c.number()?,
    })
}

fn action(c: &Columns<'_>) -> Result<Action, StoreError> {
    let kind = c.text()?;
    match (kind.as_str(), c.maybe_number()?, c.maybe_number()?, c.maybe_text()?) {
        ("charge", Some(payment_id), None, None) => Ok(Action::Charge { payment_id }),
        ("void", Some(payment_id), None, None) => Ok(Action::Void { payment_id }),
        ("refund", Some(payment_id), None, None) => Ok(Action::Refund { payment_id }),
        ("deliver", None, Some(message_id), Some(channel)) => Ok(Action::Deliver { message_id, channel }),
        _ => c.refuse(format_args!("what a {kind:?} is about is not told, or is told twice")),
    }
}

/// A list as a statement takes it.
fn json(list: &Vec<impl Serialize>) -> Result<String, StoreError> {
    serde_json::to_string(list).map_err(|e| StoreError::Other(format!("a list cannot be written as JSON: {e}")))
}

pub(in crate::sqlite) fn find(db: Db<'_>, id: EffectId) -> Result<Option<EffectRow>, StoreError> {
    one(db, select!("WHERE effect_id = ?1"), [sought(id.get())], read)
}

pub(in crate::sqlite) fn under(db: Db<'_>, kind: &str, of: Key) -> Result<Option<EffectRow>, StoreError> {
    one(db, select!("WHERE kind = ?1 AND key = ?2"), (kind, key(of)), read)
}

/// The kinds of these effects.
fn kinds(filter: &EffectFilter) -> impl Iterator<Item = &'static str> {
    let gateway = if filter.gateway { GATEWAY_KINDS.as_slice() } else { &[] };
    let deliver = filter.channels.as_ref().is_none_or(|those| !those.is_empty()).then_some(DELIVER);
    gateway.iter().copied().chain(deliver)
}

/// What may be done now, at most so many; a charge that was handed out is settled, never repeated.
pub(in crate::sqlite) fn open(
    db: Db<'_>,
    filter: &EffectFilter,
    now: DateTime<Utc>,
    limit: Option<u32>,
) -> Result<Vec<EffectRow>, StoreError> {
    let (_, rows) = bounds(Page { after: 0, limit });
    let channels = filter.channels.as_ref().map(json).transpose()?;
    // Kind by kind, as the index has them in order of time: of a million that are due no more are read than are asked for.
    let sql = select!(
        "INDEXED BY effects_open WHERE (status = 'due' OR status = 'leased' OR status = 'unknown')
         AND kind = ?1 AND ready_at <= ?2 AND NOT (kind = 'charge' AND status = 'leased')
         AND (channel IS NULL OR ?3 IS NULL OR channel IN (SELECT value FROM json_each(?3)))
         ORDER BY ready_at, effect_id LIMIT ?4"
    );
    let mut found = Vec::new();
    for kind in kinds(filter) {
        found.extend(all(db, sql, (kind, moment(now), &channels, rows), read)?);
    }
    found.sort_unstable_by_key(|row| (row.ready_at(), row.effect_id));
    found.truncate(limit.map_or(usize::MAX, |limit| limit as usize));
    Ok(found)
}

/// Charges that nobody is doing.
pub(in crate::sqlite) fn loose_charges(
    db: Db<'_>,
    now: DateTime<Utc>,
    page: Page,
) -> Result<Vec<EffectRow>, StoreError> {
    let (after, limit) = bounds(page);
    let sql = select!(
        "INDEXED BY effects_open WHERE kind = 'charge' AND (status = 'due' OR status = 'leased' OR status = 'unknown') AND effect_id > ?1
         AND (status <> 'leased' OR lease_until <= ?3) ORDER BY effect_id LIMIT ?2"
    );
    all(db, sql, (after, limit, moment(now)), read)
}

pub(in crate::sqlite) fn next_at(
    db: Db<'_>,
    filter: &EffectFilter,
    after: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let channels = filter.channels.as_ref().map(json).transpose()?;
    let sql = "SELECT effect_id, ready_at FROM effects INDEXED BY effects_open \
               WHERE (status = 'due' OR status = 'leased' OR status = 'unknown') AND kind = ?1 AND ready_at > ?3 \
               AND (channel IS NULL OR ?2 IS NULL OR channel IN (SELECT value FROM json_each(?2))) \
               ORDER BY ready_at LIMIT 1";
    let mut next = None;
    for kind in kinds(filter) {
        let of_kind = one(db, sql, (kind, &channels, moment(after)), |row| {
            let c = Columns::of("effects", row);
            c.int()?;
            c.moment()
        })?;
        next = next.into_iter().chain(of_kind).min();
    }
    Ok(next)
}

pub(in crate::sqlite) fn backlog(db: Db<'_>) -> Result<Vec<Backlog>, StoreError> {
    let sql = "SELECT kind, count(*), min(causation_id) FROM effects INDEXED BY effects_open \
               WHERE (status = 'due' OR status = 'leased' OR status = 'unknown') GROUP BY kind ORDER BY kind";
    all(db, sql, [], |row| {
        let c = Columns::of("effects", row);
        Ok(Backlog { kind: c.text()?, open: c.number()?, oldest: c.number()? })
    })
}

/// Adds or changes an effect; a second one of a kind under one key is refused.
///
/// What an effect is about never changes: the usual change leaves the index of kinds and keys alone.
pub(in crate::sqlite) fn save(db: Db<'_>, row: &EffectRow, is_new: bool) -> Result<(), StoreError> {
    let change = "UPDATE effects SET status = ?7, attempts = ?8, due_at = ?9, lease_owner = ?10, lease_until = ?11, \
                  seal = ?14 WHERE effect_id = ?1 AND key = ?2 AND kind = ?3 AND payment_id IS ?4 \
                  AND message_id IS ?5 AND channel IS ?6 AND correlation_id = ?12 AND causation_id = ?13";
    let insert = "INSERT INTO effects (effect_id, key, kind, payment_id, message_id, channel, status, attempts, due_at, \
                  lease_owner, lease_until, correlation_id, causation_id, seal) \
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    let put = "INSERT INTO effects (effect_id, key, kind, payment_id, message_id, channel, status, attempts, due_at, \
               lease_owner, lease_until, correlation_id, causation_id, seal) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14) \
               ON CONFLICT (effect_id) DO UPDATE SET key = ?2, kind = ?3, payment_id = ?4, message_id = ?5, \
               channel = ?6, status = ?7, attempts = ?8, due_at = ?9, lease_owner = ?10, lease_until = ?11, \
               correlation_id = ?12, causation_id = ?13, seal = ?14";
    let (message_id, channel) = match &row.action {
        Action::Deliver { message_id, channel } => (Some(*message_id), Some(channel.as_str())),
        Action::Charge { .. } | Action::Void { .. } | Action::Refund { .. } => (None, None),
    };
    let values = params![
        kept(row.effect_id.get())?,
        key(row.key),
        row.action.kind(),
        row.action.payment_id().map(|id| kept(id.get())).transpose()?,
        message_id.map(|id| kept(id.get())).transpose()?,
        channel,
        row.status.as_str(),
        row.attempts,
        moment(row.due_at),
        row.lease.map(|lease| key(lease.owner)),
        row.lease.map(|lease| moment(lease.until)),
        row.correlation_id.as_str(),
        kept(row.causation_id.get())?,
    ];
    if is_new {
        return EFFECTS.write(db, insert, values).map(drop);
    }
    if EFFECTS.write(db, change, values)? > 0 {
        return Ok(());
    }
    EFFECTS.write(db, put, values).map(drop)
}
