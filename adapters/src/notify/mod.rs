//! Ways to customers: kept in RAM, written to a terminal, or appended to a file.
//!
//! Decides how a message looks outside. Never decides who is told what: core did.

mod console;
mod json_lines;
mod recorded;

pub use console::Console;
pub use json_lines::JsonLines;
pub use recorded::{Mood, Recorded};

#[cfg(test)]
fn message() -> storagerent_core::message::MessageRow {
    use storagerent_core::shared::{CorrelationId, CustomerId, MessageId, ReservationId, Sequence, StorageId};
    storagerent_core::message::MessageRow {
        message_id: MessageId::new(7),
        reservation_id: ReservationId::new(2),
        storage_id: StorageId::new(3),
        customer: CustomerId::new("kim").unwrap(),
        kind: "ReservationRejected".to_owned(),
        content: "결제되지 않았습니다 (\u{1b}[31mno\u{202E}\nmoney)".to_owned(),
        event_sequence: Sequence::new(9),
        channel: "mail".to_owned(),
        correlation_id: CorrelationId::new("req-1").unwrap(),
    }
}
