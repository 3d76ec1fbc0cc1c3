//! A store whose port fails where it is told to: the same store as the site's, seen through a wire that may break.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use storagerent::chrono::{DateTime, NaiveDate, Utc};
use storagerent::consumer::{ConsumerRow, DeadLetter};
use storagerent::effect::EffectRow;
use storagerent::event::{Envelope, Event, Trace};
use storagerent::ports::{
    Backlog, Counts, DueRental, EffectFilter, Head, IdempotencyRow, Queries, Repositories, Transaction, Verdict, Work,
};
use storagerent::reservation::Reservation;
use storagerent::review::Review;
use storagerent::storage::Storage;
use storagerent::*;
use storagerent_core::payment::Payment;

/// Breaks the wire at the n-th call from now, once; and counts the calls.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fuse {
    calls: Arc<AtomicU64>,
    breaks_at: Arc<AtomicU64>,
    with: Arc<Mutex<Option<StoreError>>>,
}

impl Fuse {
    /// Breaks the n-th call from now on, the first being 1; with 0, none.
    pub(crate) fn arm(&self, n: u64, with: &StoreError) {
        *self.with.lock().unwrap() = Some(with.clone());
        self.calls.store(0, Ordering::SeqCst);
        self.breaks_at.store(n, Ordering::SeqCst);
    }

    /// The calls since it was armed.
    pub(crate) fn calls(&self) -> u64 {
        self.calls.load(Ordering::SeqCst)
    }

    fn call(&self) -> Result<(), StoreError> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        if call != self.breaks_at.load(Ordering::SeqCst) {
            return Ok(());
        }
        self.with.lock().unwrap().take().map_or(Ok(()), Err)
    }
}

/// A store seen through the wire.
pub(crate) struct Frail {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) fuse: Fuse,
}

impl Store for Frail {
    fn submit(&self, work: Vec<Box<dyn Work>>, wait_max: Duration) -> bool {
        let through = |work| Box::new(Through { work, fuse: self.fuse.clone() }) as Box<dyn Work>;
        self.store.submit(work.into_iter().map(through).collect(), wait_max)
    }

    fn drive(&self) {
        self.store.drive();
    }

    fn read(&self, f: &mut dyn FnMut(&mut dyn Queries)) -> Result<(), StoreError> {
        self.fuse.call()?;
        self.store.read(&mut |q| f(&mut Wire { inner: q, fuse: &self.fuse }))
    }
}

struct Through {
    work: Box<dyn Work>,
    fuse: Fuse,
}

impl Work for Through {
    fn run(&mut self, tx: &mut dyn Transaction) -> Verdict {
        self.work.run(&mut Wire { inner: tx, fuse: &self.fuse })
    }

    fn rides_as(&self) -> Option<&'static str> {
        self.work.rides_as()
    }

    fn stand_for(&mut self, works: usize) {
        self.work.stand_for(works);
    }

    fn take_over(&self) -> bool {
        self.work.take_over()
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        self.work.done(outcome);
    }
}

struct Wire<'a, T: ?Sized> {
    inner: &'a mut T,
    fuse: &'a Fuse,
}

macro_rules! through_the_wire {
    ($($name:ident($($argument:ident: $of:ty),*) -> $answer:ty;)+) => {
        $(
            fn $name(&mut self, $($argument: $of),*) -> Result<$answer, StoreError> {
                self.fuse.call()?;
                self.inner.$name($($argument),*)
            }
        )+
    };
}

impl<T: Queries + ?Sized> Queries for Wire<'_, T> {
    through_the_wire! {
        settings() -> Settings;
        head() -> Head;
        events(filter: &EventFilter, page: Page) -> Vec<Envelope>;
        last_storage_cause(id: StorageId, since: Sequence) -> Option<Sequence>;
        check_log(limit: usize) -> Vec<Finding>;
        storage(id: StorageId) -> Option<StorageRow>;
        storages(page: Page) -> Vec<StorageRow>;
        free_storages(period: &Period, page: Page) -> Vec<StorageRow>;
        reservation(id: ReservationId) -> Option<ReservationRow>;
        reservations(filter: &ReservationFilter, page: Page) -> Vec<ReservationRow>;
        live_overlapping(id: StorageId, period: &Period) -> Vec<ReservationRow>;
        overdue_holds(now: DateTime<Utc>, limit: u32) -> Vec<ReservationRow>;
        holds_of(customer: &CustomerId, now: DateTime<Utc>, limit: u32) -> u32;
        due_rentals(today: NaiveDate, limit: u32) -> Vec<DueRental>;
        next_hold_expiry() -> Option<DateTime<Utc>>;
        next_rental_day() -> Option<NaiveDate>;
        payment(id: PaymentId) -> Option<PaymentRow>;
        payments(page: Page) -> Vec<PaymentRow>;
        review(id: ReviewId) -> Option<ReviewRow>;
        review_of(id: ReservationId) -> Option<ReviewRow>;
        reviews(filter: &ReviewFilter, page: Page) -> Vec<ReviewRow>;
        review_totals(id: StorageId) -> (u64, u64);
        message(id: MessageId) -> Option<MessageRow>;
        messages(filter: &MessageFilter, page: Page) -> Vec<MessageRow>;
        was_told(of: ReservationId, event: Sequence, channel: &str) -> bool;
        channels() -> Vec<String>;
        view(id: StorageId) -> Option<StorageViewRow>;
        views(filter: &ViewFilter, page: Page) -> Vec<StorageViewRow>;
        effect(id: EffectId) -> Option<EffectRow>;
        effect_under(kind: &str, key: Key) -> Option<EffectRow>;
        open_effects(filter: &EffectFilter, now: DateTime<Utc>, limit: Option<u32>) -> Vec<EffectRow>;
        loose_charges(now: DateTime<Utc>, page: Page) -> Vec<EffectRow>;
        next_effect_at(filter: &EffectFilter, after: DateTime<Utc>) -> Option<DateTime<Utc>>;
        backlog() -> Vec<Backlog>;
        consumer(name: &str) -> Option<ConsumerRow>;
        consumers() -> Vec<ConsumerRow>;
        dead_letter(id: u64) -> Option<DeadLetter>;
        dead_letters(page: Page) -> Vec<DeadLetter>;
        has_dead_events(consumer: &str) -> bool;
        dead_events(consumer: &str, key: Option<&str>, limit: Option<u32>) -> Vec<DeadLetter>;
        idempotency(scope: &str, command: &str, key: &IdempotencyKey) -> Option<IdempotencyRow>;
        counts() -> Counts;
    }
}

impl<T: Repositories + ?Sized> Repositories for Wire<'_, T> {
    through_the_wire! {
        next_storage_id() -> StorageId;
        next_reservation_id() -> ReservationId;
        next_payment_id() -> PaymentId;
        next_review_id() -> ReviewId;
        next_message_id() -> MessageId;
        next_effect_id() -> EffectId;
        next_dead_letter_id() -> DeadLetterId;
        save_storage(storage: &Storage, event: Event, trace: &Trace) -> Sequence;
        save_reservation(reservation: &Reservation, event: Event, trace: &Trace) -> Sequence;
        save_payment(payment: &Payment, event: Event, trace: &Trace) -> Sequence;
        save_review(review: &Review, event: Event, trace: &Trace) -> Sequence;
        add_message(message: &MessageRow) -> ();
        put_effect(effect: &EffectRow) -> ();
        put_view(row: &StorageViewRow) -> ();
        remove_view(id: StorageId) -> ();
        clear_views() -> ();
        put_consumer(consumer: &ConsumerRow) -> ();
        put_dead_letter(letter: &DeadLetter) -> ();
        put_idempotency(row: &IdempotencyRow) -> ();
        put_settings(settings: &Settings) -> ();
        add_channel(name: &str) -> ();
    }
}
