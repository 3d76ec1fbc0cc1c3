//! What concerns the site as a whole: settings, used idempotency keys, and how much of everything there is.

use std::collections::BTreeMap;

use rusqlite::params;
use storagerent_core::ports::{Counts, IdempotencyRow, StoreError};
use storagerent_core::reservation::ReservationStatus;
use storagerent_core::settings::Settings;
use storagerent_core::shared::IdempotencyKey;

use crate::sqlite::rows::{Columns, kept};
use crate::sqlite::seal::{IDEMPOTENCY, SETTINGS};
use crate::sqlite::statements::{Db, all, number, one};

/// The settings; those never set are as in a new site.
pub(in crate::sqlite) fn settings(db: Db<'_>) -> Result<Settings, StoreError> {
    let rows = all(db, "SELECT name, value FROM settings", [], |row| {
        let c = Columns::of("settings", row);
        Ok((c.text()?, c.text()?))
    })?;
    let mut settings = Settings::default();
    // A setting this build does not have is left to the one that has.
    for (name, value) in rows.iter().filter(|(name, _)| Settings::KEYS.contains(&name.as_str())) {
        settings.set(name, value).map_err(|e| StoreError::Corrupt(format!("settings row {name}: {e}")))?;
    }
    Ok(settings)
}

pub(in crate::sqlite) fn save_settings(db: Db<'_>, settings: &Settings) -> Result<(), StoreError> {
    let sql = "INSERT INTO settings (name, value, seal) VALUES (?1, ?2, ?3) \
               ON CONFLICT (name) DO UPDATE SET value = ?2, seal = ?3";
    settings.entries().iter().try_for_each(|(name, value)| SETTINGS.write(db, sql, params![name, value]).map(drop))
}

pub(in crate::sqlite) fn idempotency(
    db: Db<'_>,
    scope: &str,
    command: &str,
    key: &IdempotencyKey,
) -> Result<Option<IdempotencyRow>, StoreError> {
    let sql = "SELECT scope, command, key, body, reservation_id FROM idempotency \
               WHERE scope = ?1 AND command = ?2 AND key = ?3";
    one(db, sql, (scope, command, key.as_str()), |row| {
        let c = Columns::of("idempotency", row);
        Ok(IdempotencyRow {
            scope: c.text()?,
            command: c.text()?,
            key: c.parsed(IdempotencyKey::new)?,
            body: c.text()?,
            reservation_id: c.number()?,
        })
    })
}

pub(in crate::sqlite) fn save_idempotency(db: Db<'_>, row: &IdempotencyRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO idempotency (scope, command, key, body, reservation_id, seal) VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
               ON CONFLICT (scope, command, key) DO UPDATE SET body = ?4, reservation_id = ?5, seal = ?6";
    let values = params![row.scope, row.command, row.key.as_str(), row.body, kept(row.reservation_id.get())?];
    IDEMPOTENCY.write(db, sql, values).map(drop)
}

pub(in crate::sqlite) fn counts(db: Db<'_>) -> Result<Counts, StoreError> {
    let mut reservations: BTreeMap<String, u64> =
        ReservationStatus::ALL.into_iter().map(|status| (status.as_str().to_owned(), 0)).collect();
    let by_status = "SELECT status, count(*) FROM reservations INDEXED BY reservations_by_status \
                     WHERE status <> 'reqReserve' GROUP BY status UNION ALL \
                     SELECT 'reqReserve', count(*) FROM reservations INDEXED BY reservations_holds \
                     WHERE status = 'reqReserve'";
    let found = all(db, by_status, [], |row| {
        let c = Columns::of("reservations", row);
        Ok((c.text()?, c.number()?))
    })?;
    for (status, count) in found {
        // What is no status is told by whoever reads the row.
        reservations.entry(status).and_modify(|known| *known = count);
    }
    let open = "SELECT count(*) FROM effects WHERE (status = 'due' OR status = 'leased' OR status = 'unknown')";
    Ok(Counts {
        storages: number(db, "SELECT count(*) FROM storages WHERE deleted = 0", [])?,
        reservations,
        reviews: number(db, "SELECT count(*) FROM reviews WHERE deleted = 0", [])?,
        messages: number(db, "SELECT count(*) FROM messages", [])?,
        effects_open: number(db, open, [])?,
        dead_letters: number(db, "SELECT count(*) FROM dead_letters WHERE closed_at IS NULL", [])?,
    })
}
