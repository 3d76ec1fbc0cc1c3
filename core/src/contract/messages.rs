//! Facts about reviews and messages.

use std::sync::Arc;

use super::world::{
    Stored, asked, correlation, customer, day, kept, new_rental, new_review, new_storage_id, paged, period,
    refused_as_corrupt, seen,
};
use crate::message::MessageRow;
use crate::ports::{MessageFilter, ReviewFilter, Store, Transaction};
use crate::reservation::Reservation;
use crate::review::{ModifyReview, ReviewRow, Stars};
use crate::shared::{MessageId, ReservationId, ReviewContent, ReviewId, Sequence, StorageId};

pub(super) fn reviews_survive_and_deleted_ones_are_in_no_list(store: &Arc<dyn Store>) {
    let rows: Vec<ReviewRow> = kept(store, |tx| {
        let (one, two) = (new_storage_id(tx, "one")?, new_storage_id(tx, "two")?);
        let mut rentals = Vec::new();
        for (storage, from) in [(one, 1), (one, 2), (two, 3), (one, 4)] {
            rentals.push(new_rental(tx, storage, "kim", period(from, Some(from + 1)), day(9))?);
        }
        let mut reviews = Vec::new();
        for (rental, stars) in rentals.iter().zip([5, 2, 3, 4]) {
            reviews.push(new_review(tx, rental, stars)?);
        }
        let change = ModifyReview {
            review_id: reviews[0].row().review_id,
            rate: Stars::new(1).ok(),
            content: ReviewContent::new(&"창".repeat(2_000)).ok(),
        };
        let event = reviews[0].modify(&change).expect("a change");
        tx.save_review(&reviews[0], event.into(), &asked("change"))?;
        let event = reviews[1].delete();
        tx.save_review(&reviews[1], event.into(), &asked("delete"))?;
        assert_eq!(tx.review_of(rentals[1].row().booking.reservation_id)?, None, "a work sees its own");
        // A deleted review makes room for another.
        reviews.push(new_review(tx, &rentals[1], 5)?);
        Ok(reviews.iter().map(|review| review.row().clone()).collect())
    });
    refused_as_corrupt(store, "a second review of a reservation", |tx| {
        let rental = Reservation::load(ReservationId::new(1), tx.reservation(ReservationId::new(1))?).expect("there");
        new_review(tx, &rental, 1)
    });
    for row in &rows {
        assert_eq!(seen(store, |q| q.review(row.review_id)).as_ref(), Some(row), "deleted ones can be looked up");
    }
    assert_eq!(seen(store, |q| q.review(ReviewId::new(99))), None);
    let of = |n| seen(store, move |q| q.review_of(ReservationId::new(n))).map(|row| row.review_id.get());
    assert_eq!([of(1), of(2), of(3), of(4), of(9)], [Some(1), Some(5), Some(3), Some(4), None]);
    for storage_id in [None, Some(StorageId::new(1)), Some(StorageId::new(2)), Some(StorageId::new(9))] {
        let listed = |row: &&ReviewRow| !row.deleted && storage_id.is_none_or(|id| id == row.storage_id);
        let expected: Vec<_> = rows.iter().filter(listed).cloned().collect();
        paged(store, &expected, |row| row.review_id.get(), |q, page| q.reviews(&ReviewFilter { storage_id }, page));
    }
    let totals = |n| seen(store, move |q| q.review_totals(StorageId::new(n)));
    assert_eq!([totals(1), totals(2), totals(9)], [(3, 10), (1, 3), (0, 0)]);
}

fn message(tx: &mut dyn Transaction, event: u64, channel: &str, who: &str) -> Stored<MessageRow> {
    let row = MessageRow {
        message_id: tx.next_message_id()?,
        reservation_id: ReservationId::new(if who == "kim" { 1 } else { 2 }),
        storage_id: StorageId::new(1),
        customer: customer(who),
        kind: "ReservationRejected".to_owned(),
        content: "성사되지 않았습니다 (\"no 'money'\"; 100 %)".to_owned(),
        event_sequence: Sequence::new(event),
        channel: channel.to_owned(),
        correlation_id: correlation(who),
    };
    tx.add_message(&row)?;
    Ok(row)
}

fn world(tx: &mut dyn Transaction) -> Stored<()> {
    let id = new_storage_id(tx, "one")?;
    new_rental(tx, id, "kim", period(1, Some(9)), day(1))?;
    new_rental(tx, id, "lee", period(9, None), day(1)).map(drop)
}

pub(super) fn messages_survive_filtered_and_paged(store: &Arc<dyn Store>) {
    let rows = kept(store, |tx| {
        world(tx)?;
        let told = [(2, "inbox", "kim"), (2, "mail", "kim"), (3, "inbox", "lee"), (4, "inbox", "kim")];
        told.iter().map(|(event, channel, who)| message(tx, *event, channel, who)).collect::<Stored<Vec<_>>>()
    });
    for row in &rows {
        assert_eq!(seen(store, |q| q.message(row.message_id)).as_ref(), Some(row));
    }
    assert_eq!(seen(store, |q| q.message(MessageId::new(99))), None);
    for who in [None, Some("kim"), Some("lee"), Some("choi")] {
        let filter = MessageFilter { customer: who.map(customer) };
        let expected: Vec<_> =
            rows.iter().filter(|row| who.is_none_or(|w| row.customer.as_str() == w)).cloned().collect();
        paged(store, &expected, |row| row.message_id.get(), |q, page| q.messages(&filter, page));
    }
}

pub(super) fn an_event_is_told_once_per_channel(store: &Arc<dyn Store>) {
    kept(store, |tx| {
        world(tx)?;
        message(tx, 2, "inbox", "kim")?;
        assert!(tx.was_told(ReservationId::new(1), Sequence::new(2), "inbox")?, "a work sees its own");
        Ok(())
    });
    let told = |event, channel: &str| seen(store, |q| q.was_told(ReservationId::new(1), Sequence::new(event), channel));
    assert!(told(2, "inbox"));
    assert!(!told(2, "mail") && !told(3, "inbox") && !told(99, "inbox"));
    assert!(!seen(store, |q| q.was_told(ReservationId::new(2), Sequence::new(2), "inbox")), "of another reservation");
    refused_as_corrupt(store, "a second message for an event and channel", |tx| message(tx, 2, "inbox", "kim"));
    kept(store, |tx| {
        message(tx, 2, "mail", "kim")?;
        message(tx, 3, "inbox", "kim")
    });
    assert!(told(2, "mail") && told(3, "inbox"));
}
