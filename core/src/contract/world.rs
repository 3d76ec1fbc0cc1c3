//! What the facts are told with: days, moments, and rows put into a store in the order the engine does.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};

use crate::event::{Event, Trace};
use crate::message::MessageRow;
use crate::payment::Payment;
use crate::ports::{Page, Queries, Store, StoreError, Transaction, Verdict, Work, write};
use crate::reservation::{HoldTerms, Reservation};
use crate::review::{Review, ReviewCreated, Stars};
use crate::shared::{
    Booking, CorrelationId, CustomerId, Description, Key, Money, Per, Period, Rate, ReviewContent, Sequence, StorageId,
};
use crate::storage::{RegisterStorage, Storage};

/// Long enough for any store on any machine.
pub(super) const WAIT: Duration = Duration::from_secs(60);

pub(super) type Stored<T> = Result<T, StoreError>;

/// Day `n` after 1 January 2026.
pub(super) fn day(n: u64) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day of the calendar") + Days::new(n)
}

pub(super) fn period(from: u64, until: Option<u64>) -> Period {
    Period::new(day(from), until.map(day)).expect("a period")
}

/// So many seconds, and some microseconds that must not get lost, after a fixed moment.
pub(super) fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(1_767_225_600_123_456).expect("a moment") + TimeDelta::seconds(seconds)
}

/// The request of that name, as far as its letters go.
pub(super) fn correlation(name: &str) -> CorrelationId {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    CorrelationId::new(&format!("Req_{letters}-1.2")).expect("a correlation id")
}

pub(super) fn customer(name: &str) -> CustomerId {
    CustomerId::new(name).expect("a customer")
}

/// Raised by a caller.
pub(super) fn asked(name: &str) -> Trace {
    Trace { correlation_id: correlation(name), causation_id: None, occurred_at: at(0) }
}

/// Raised because of an event.
pub(super) fn caused(by: Sequence) -> Trace {
    asked("caused").caused_by(by)
}

/// Writes, and holds that it is kept.
pub(super) fn kept<T: Send + 'static>(
    store: &Arc<dyn Store>,
    f: impl FnOnce(&mut dyn Transaction) -> Stored<T> + Send + 'static,
) -> T {
    write(store.as_ref(), WAIT, f).expect("the store keeps what it is given")
}

/// Writes, and holds that it is refused as making no sense.
pub(super) fn refused_as_corrupt<T: Send + std::fmt::Debug + 'static>(
    store: &Arc<dyn Store>,
    what: &str,
    f: impl FnOnce(&mut dyn Transaction) -> Stored<T> + Send + 'static,
) {
    let refusal = write(store.as_ref(), WAIT, f);
    assert!(matches!(refusal, Err(StoreError::Corrupt(_))), "{what} must be refused as Corrupt, not: {refusal:?}");
}

/// Reads what is committed.
pub(super) fn seen<T>(store: &Arc<dyn Store>, f: impl FnOnce(&mut dyn Queries) -> Stored<T>) -> T {
    let (mut f, mut answer) = (Some(f), None);
    store
        .read(&mut |q| {
            if let Some(f) = f.take() {
                answer = Some(f(q));
            }
        })
        .expect("the store can be read");
    answer.expect("a read calls what it is given").expect("the store answers")
}

/// Holds that a list is read in pages: all of it, after an id, so many, and both.
pub(super) fn paged<T: PartialEq + std::fmt::Debug + Clone>(
    store: &Arc<dyn Store>,
    all: &[T],
    id: impl Fn(&T) -> u64,
    list: impl Fn(&mut dyn Queries, Page) -> Stored<Vec<T>>,
) {
    let page = |after, limit| seen(store, |q| list(q, Page { after, limit }));
    assert_eq!(page(0, None), all, "the whole list");
    assert_eq!(page(0, Some(1)), all[..1.min(all.len())], "its first row");
    assert_eq!(page(0, Some(0)), [], "no row at all");
    assert_eq!(page(u64::from(u32::MAX), None), [], "after the end");
    for (n, row) in all.iter().enumerate() {
        assert_eq!(page(id(row), None), all[n + 1..], "after {}", id(row));
        assert_eq!(page(id(row), Some(1)), all[n + 1..all.len().min(n + 2)], "the one after {}", id(row));
    }
}

/// A work of two closures.
struct Piece<R, D> {
    run: R,
    done: D,
}

impl<R, D> Work for Piece<R, D>
where
    R: FnMut(&mut dyn Transaction) -> Verdict + Send,
    D: FnOnce(Stored<()>) + Send,
{
    fn run(&mut self, tx: &mut dyn Transaction) -> Verdict {
        (self.run)(tx)
    }

    fn done(self: Box<Self>, outcome: Stored<()>) {
        (self.done)(outcome);
    }
}

pub(super) fn piece(
    run: impl FnMut(&mut dyn Transaction) -> Verdict + Send + 'static,
    done: impl FnOnce(Stored<()>) + Send + 'static,
) -> Box<dyn Work> {
    Box::new(Piece { run, done })
}

/// Submits a group, and leads if nobody does.
pub(super) fn submit(store: &Arc<dyn Store>, group: Vec<Box<dyn Work>>, wait_max: Duration) {
    if store.submit(group, wait_max) {
        store.drive();
    }
}

pub(super) fn flat(won: i64) -> Rate {
    Rate::new(Money::krw(won), Per::Rental).expect("a price above 0")
}

pub(super) fn register(name: &str) -> RegisterStorage {
    RegisterStorage { description: Description::new(name).expect("a description"), rate: flat(59_000) }
}

/// A new storage.
pub(super) fn new_storage(tx: &mut dyn Transaction, name: &str) -> Stored<Storage> {
    let (storage, event) = Storage::register(tx.next_storage_id()?, register(name));
    tx.save_storage(&storage, event.into(), &asked(name))?;
    Ok(storage)
}

/// The id of a new storage.
pub(super) fn new_storage_id(tx: &mut dyn Transaction, name: &str) -> Stored<StorageId> {
    Ok(new_storage(tx, name)?.row().storage_id)
}

/// A new hold with its payment, both of the request named `who` and of the customer of that name.
pub(super) fn new_hold(
    tx: &mut dyn Transaction,
    storage_id: StorageId,
    who: &str,
    period: Period,
    hold_expires_at: DateTime<Utc>,
) -> Stored<(Reservation, Payment)> {
    let booking = Booking {
        reservation_id: tx.next_reservation_id()?,
        storage_id,
        customer: customer(who),
        period,
        price: Money::krw(59_000),
        payment_id: tx.next_payment_id()?,
    };
    let key = Key::new(u128::MAX - u128::from(booking.payment_id.get()));
    let terms = HoldTerms { hold_expires_at, pays_until: period.until(), correlation_id: correlation(who) };
    let (reservation, created) = Reservation::place_hold(booking.clone(), terms);
    let created = tx.save_reservation(&reservation, created.into(), &asked(who))?;
    let (payment, requested) = Payment::request(booking, key, correlation(who));
    tx.save_payment(&payment, requested.into(), &asked(who).caused_by(created))?;
    Ok((reservation, payment))
}

/// Saves a reservation with what just happened to it.
pub(super) fn step(
    tx: &mut dyn Transaction,
    reservation: &Reservation,
    event: Option<impl Into<Event>>,
) -> Stored<Sequence> {
    let event = event.expect("the reservation takes this step");
    tx.save_reservation(reservation, event.into(), &asked("step"))
}

/// A hold confirmed on a day.
pub(super) fn new_rental(
    tx: &mut dyn Transaction,
    storage_id: StorageId,
    who: &str,
    period: Period,
    today: NaiveDate,
) -> Stored<Reservation> {
    let (mut reservation, _) = new_hold(tx, storage_id, who, period, at(600))?;
    let confirmed = reservation.confirm(today);
    step(tx, &reservation, confirmed)?;
    Ok(reservation)
}

/// Message 1, about the confirmation of a rental, over a channel that needs delivery.
pub(super) fn told(tx: &mut dyn Transaction, rental: &Reservation) -> Stored<MessageRow> {
    let message = MessageRow {
        message_id: tx.next_message_id()?,
        reservation_id: rental.row().booking.reservation_id,
        storage_id: rental.row().booking.storage_id,
        customer: rental.row().booking.customer.clone(),
        kind: "ReservationConfirmed".to_owned(),
        content: "확정되었습니다".to_owned(),
        event_sequence: tx.head()?.sequence,
        channel: "mail".to_owned(),
        correlation_id: rental.row().correlation_id.clone(),
    };
    tx.add_message(&message)?;
    Ok(message)
}

/// A new review of a reservation.
pub(super) fn new_review(tx: &mut dyn Transaction, of: &Reservation, stars: i64) -> Stored<Review> {
    let booking = &of.row().booking;
    let (review, event) = Review::create(ReviewCreated {
        review_id: tx.next_review_id()?,
        reservation_id: booking.reservation_id,
        storage_id: booking.storage_id,
        customer: booking.customer.clone(),
        rate: Stars::new(stars).expect("1 to 5"),
        content: ReviewContent::new("좋아요, '); DROP").expect("a review"),
    });
    tx.save_review(&review, event.into(), &asked("review"))?;
    Ok(review)
}
