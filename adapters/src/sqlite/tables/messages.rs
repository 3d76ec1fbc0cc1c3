//! Messages, and the channels they go over.

use rusqlite::{Row, params};
use storagerent_core::message::MessageRow;
use storagerent_core::ports::{MessageFilter, Page, StoreError};
use storagerent_core::shared::{CustomerId, MessageId, ReservationId, Sequence};

use crate::sqlite::rows::{Columns, kept, sought};
use crate::sqlite::seal::CHANNELS;
use crate::sqlite::statements::{Db, all, bounds, number, one, run};

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT message_id, reservation_id, storage_id, customer, kind, content, event_sequence, channel, \
             correlation_id FROM messages ",
            $rest
        )
    };
}

/// So many reservations of one customer are many.
const MANY: u32 = 1_000;

fn read(row: &Row<'_>) -> Result<MessageRow, StoreError> {
    let c = Columns::of("messages", row);
    Ok(MessageRow {
        message_id: c.number()?,
        reservation_id: c.number()?,
        storage_id: c.number()?,
        customer: c.parsed(CustomerId::new)?,
        kind: c.shown()?,
        content: c.shown()?,
        event_sequence: c.number()?,
        channel: c.shown()?,
        correlation_id: c.correlation_id()?,
    })
}

pub(in crate::sqlite) fn find(db: Db<'_>, id: MessageId) -> Result<Option<MessageRow>, StoreError> {
    one(db, select!("WHERE message_id = ?1"), [sought(id.get())], read)
}

pub(in crate::sqlite) fn list(db: Db<'_>, filter: &MessageFilter, page: Page) -> Result<Vec<MessageRow>, StoreError> {
    let (after, limit) = bounds(page);
    match &filter.customer {
        None => all(db, select!("WHERE message_id > ?1 ORDER BY message_id LIMIT ?2"), (after, limit), read),
        Some(customer) => {
            let sql = if has_many(db, customer)? {
                select!("NOT INDEXED WHERE customer = ?3 AND message_id > ?1 ORDER BY message_id LIMIT ?2")
            } else {
                select!(
                    "INDEXED BY messages_of_reservation
                     WHERE reservation_id IN (SELECT reservation_id FROM reservations WHERE customer = ?3)
                     AND message_id > ?1 ORDER BY message_id LIMIT ?2"
                )
            };
            all(db, sql, (after, limit, customer.as_str()), read)
        }
    }
}

/// Whether a customer has so many reservations that their messages are found sooner among all than by each of them.
fn has_many(db: Db<'_>, customer: &CustomerId) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM (SELECT 1 FROM reservations WHERE customer = ?1 LIMIT ?2)";
    Ok(number(db, sql, (customer.as_str(), MANY))? >= u64::from(MANY))
}

pub(in crate::sqlite) fn was_told(
    db: Db<'_>,
    of: ReservationId,
    event: Sequence,
    channel: &str,
) -> Result<bool, StoreError> {
    let sql = "SELECT count(*) FROM messages WHERE reservation_id = ?1 AND event_sequence = ?2 AND channel = ?3";
    Ok(number(db, sql, (sought(of.get()), sought(event.get()), channel))? > 0)
}

/// Adds a message; a second one for the same event and channel is refused.
pub(in crate::sqlite) fn insert(db: Db<'_>, row: &MessageRow) -> Result<(), StoreError> {
    let sql = "INSERT INTO messages (message_id, reservation_id, storage_id, customer, kind, content, \
               event_sequence, channel, correlation_id) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    let values = params![
        kept(row.message_id.get())?,
        kept(row.reservation_id.get())?,
        kept(row.storage_id.get())?,
        row.customer.as_str(),
        row.kind,
        row.content,
        kept(row.event_sequence.get())?,
        row.channel,
        row.correlation_id.as_str(),
    ];
    run(db, sql, values)
}

pub(in crate::sqlite) fn channels(db: Db<'_>) -> Result<Vec<String>, StoreError> {
    all(db, "SELECT name FROM channels ORDER BY name", [], |row| Columns::of("channels", row).shown())
}

pub(in crate::sqlite) fn add_channel(db: Db<'_>, name: &str) -> Result<(), StoreError> {
    CHANNELS
        .write(db, "INSERT INTO channels (name, seal) VALUES (?1, ?2) ON CONFLICT DO NOTHING", params![name])
        .map(drop)
}
