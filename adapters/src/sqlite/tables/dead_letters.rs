//! Dead letters: what could not be done and waits for a decision.

use rusqlite::{Row, params};
use storagerent_core::consumer::{DeadLetter, DeadSubject};
use storagerent_core::ports::{Page, StoreError};

use crate::sqlite::rows::{Columns, kept, moment, sought};
use crate::sqlite::seal::DEAD_LETTERS;
use crate::sqlite::statements::{Db, all, bounds, one};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT dead_letter_id, subject, consumer, sequence, key, effect_id, action, reason, parked_at, \
             closed_at, resolution FROM dead_letters ",
            $rest
        )
    };
}

fn read(row: &Row<'_>) -> Result<DeadLetter, StoreError> {
    let c = Columns::of("dead_letters", row);
    Ok(DeadLetter {
        dead_letter_id: c.number()?,
        subject: subject(&c)?,
        reason: c.text()?,
        parked_at: c.moment()?,
        closed_at: c.maybe_moment()?,
        resolution: c.maybe_text()?,
    })
}

fn subject(c: &Columns<'_>) -> Result<DeadSubject, StoreError> {
    let word = c.text()?;
    let event = (c.maybe_text()?, c.maybe_number()?, c.maybe_text()?);
    let effect = (c.maybe_number()?, c.maybe_text()?);
    match (word.as_str(), event, effect) {
        ("event", (Some(consumer), Some(sequence), Some(key)), (None, None)) => {
            Ok(DeadSubject::Event { consumer, sequence, key })
        }
        ("effect", (None, None, None), (Some(effect_id), Some(action))) => {
            Ok(DeadSubject::Effect { effect_id, action })
        }
        _ => c.refuse(format_args!("what kind of letter a {word:?} is, is not told, or is told twice")),
    }
}

pub(in crate::sqlite) fn find(db: Db<'_>, id: u64) -> Result<Option<DeadLetter>, StoreError> {
    one(db, select!("WHERE dead_letter_id = ?1"), [sought(id)], read)
}

pub(in crate::sqlite) fn list_open(db: Db<'_>, page: Page) -> Result<Vec<DeadLetter>, StoreError> {
    let sql = select!("WHERE closed_at IS NULL AND dead_letter_id > ?1 ORDER BY dead_letter_id LIMIT ?2");
    all(db, sql, bounds(page), read)
}

/// Whether a consumer has open ones.
pub(in crate::sqlite) fn are_there_of(db: Db<'_>, consumer: &str) -> Result<bool, StoreError> {
    let sql = "SELECT dead_letter_id FROM dead_letters INDEXED BY dead_letters_open \
               WHERE closed_at IS NULL AND consumer = ?1 LIMIT 1";
    one(db, sql, [consumer], |_| Ok(())).map(|found| found.is_some())
}

/// The open ones of a consumer, or only those of a key, in order of event.
pub(in crate::sqlite) fn of_consumer(
    db: Db<'_>,
    consumer: &str,
    key: Option<&str>,
    limit: Option<u32>,
) -> Result<Vec<DeadLetter>, StoreError> {
    let (_, limit) = bounds(Page { after: 0, limit });
    match key {
        None => {
            let sql = select!(
                "INDEXED BY dead_letters_open WHERE closed_at IS NULL AND consumer = ?1 ORDER BY sequence, dead_letter_id LIMIT ?2"
            );
            all(db, sql, (consumer, limit), read)
        }
        Some(key) => {
            let sql = select!(
                "INDEXED BY dead_letters_open WHERE closed_at IS NULL AND consumer = ?1 AND key = ?2 ORDER BY sequence, dead_letter_id LIMIT ?3"
            );
            all(db, sql, (consumer, key, limit), read)
        }
    }
}

pub(in crate::sqlite) fn save(db: Db<'_>, letter: &DeadLetter) -> Result<(), StoreError> {
    let sql = "INSERT INTO dead_letters (dead_letter_id, subject, consumer, sequence, key, effect_id, action, reason, \
               parked_at, closed_at, resolution, seal) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) \
               ON CONFLICT (dead_letter_id) DO UPDATE SET subject = ?2, consumer = ?3, sequence = ?4, key = ?5, \
               effect_id = ?6, action = ?7, reason = ?8, parked_at = ?9, closed_at = ?10, resolution = ?11, seal = ?12";
    let (word, consumer, sequence, key, effect_id, action) = match &letter.subject {
        DeadSubject::Event { consumer, sequence, key } => {
            ("event", Some(consumer), Some(kept(sequence.get())?), Some(key), None, None)
        }
        DeadSubject::Effect { effect_id, action } => {
            ("effect", None, None, None, Some(kept(effect_id.get())?), Some(action))
        }
    };
    let values = params![
        kept(letter.dead_letter_id.get())?,
        word,
        consumer,
        sequence,
        key,
        effect_id,
        action,
        letter.reason,
        moment(letter.parked_at),
        letter.closed_at.map(moment),
        letter.resolution,
    ];
    DEAD_LETTERS.write(db, sql, values).map(drop)
}
