//! One event after the other: what it must look like, what must have been before, and what is so afterwards.
//!
//! Held here: 5, 6 (versions, gaps, what comes together), 11 and 12; `rentals` has reservations and payments. Nothing is asked of
//! the engine's aggregates.

use storagerent_core::event::{Aggregate, AggregateKind, Envelope, Event};
use storagerent_core::reservation::ReservationStatus;
use storagerent_core::review::{ReviewEvent, ReviewRow};
use storagerent_core::settings::Settings;
use storagerent_core::shared::{Sequence, Version};
use storagerent_core::storage::{Rating, StorageEvent, StorageRow, StorageStatus};

use super::Counts;
use super::model::{Model, Next, day};
use crate::simulation::report::{Checked, broken};

/// Unless it is so, an invariant is broken.
macro_rules! must {
    ($number:literal, $so:expr, $($words:tt)+) => {
        if !$so {
            return $crate::simulation::report::broken($number, format!($($words)+));
        }
    };
}
pub(super) use must;

impl Model {
    /// Takes one more event.
    pub(super) fn take(&mut self, event: Envelope, settings: &Settings, counts: &mut Counts) -> Checked {
        let n = event.sequence.get();
        counts.held(6);
        must!(6, n == self.head() + 1, "event {n} follows event {}", self.head());
        let next = self.next.take();
        self.causes_fit(&event, counts)?;
        let (aggregate, version) = (event.aggregate, event.aggregate_version);
        must!(6, aggregate == event.event.aggregate(), "event {n} is kept under {aggregate}");
        let before = self.version_of(aggregate);
        must!(6, version.get() == before + 1, "event {n} of {aggregate} has version {version} after {before}");
        counts.held(5);
        match &event.event {
            Event::Storage(e) => self.storage_event(&event, e, counts)?,
            Event::Reservation(e) => self.reservation_event(&event, e, next, settings, counts)?,
            Event::Payment(e) => self.payment_event(&event, e, next, counts)?,
            Event::Review(e) => self.review_event(&event, e, settings, counts)?,
            _ => return not_known(&event),
        }
        let follows = |wanted: u64, named: &str| {
            event.event.event_type() == named && event.event.reservation_id().is_some_and(|id| id.get() == wanted)
        };
        let followed = match next {
            None => true,
            Some(Next::Requested(id)) => follows(id, "PaymentRequested"),
            Some(Next::Confirmed(id)) => follows(id, "ReservationConfirmed"),
            Some(Next::Rejected(id)) => follows(id, "ReservationRejected"),
            Some(Next::Cancelled(id)) => follows(id, "ReservationCancelled"),
            Some(Next::Ended(id)) => follows(id, "RentalEnded"),
        };
        must!(6, followed, "event {n} is {} where {next:?} must come", event.event.event_type());
        self.of_storage.entry(event.event.storage_id().get()).or_default().push(n);
        self.told.push(0);
        self.events.push(event);
        Ok(())
    }

    fn version_of(&self, aggregate: Aggregate) -> u64 {
        let id = aggregate.id;
        let version = match aggregate.kind {
            AggregateKind::Storage => self.storages.get(&id).or(self.gone.get(&id)).map(|row| row.version),
            AggregateKind::Reservation => self.reservations.get(&id).map(|row| row.version),
            AggregateKind::Payment => self.payments.get(&id).map(|row| row.version),
            AggregateKind::Review => self.reviews.get(&id).map(|row| row.version),
        };
        version.map_or(0, Version::get)
    }

    /// Causes come before what they cause, and hand their correlation on.
    fn causes_fit(&self, event: &Envelope, counts: &mut Counts) -> Checked {
        counts.held(11);
        let (n, name) = (event.sequence.get(), event.event.event_type());
        let Some(cause) = event.causation_id.map(Sequence::get) else {
            let alone = matches!(
                name,
                "ReservationCreated"
                    | "ReservationExpired"
                    | "ReservationCancelRequested"
                    | "RentalStarted"
                    | "RentalEnded"
                    | "RentalEndSet"
                    | "StorageRegistered"
                    | "StorageModified"
                    | "StorageDeleted"
                    | "ReviewCreated"
                    | "ReviewModified"
                    | "ReviewDeleted"
            );
            must!(11, alone, "event {n}, {name}, has no cause");
            if matches!(name, "ReservationExpired" | "RentalStarted") {
                let own = event.event.reservation_id().and_then(|id| self.reservations.get(&id.get()));
                let same = own.is_some_and(|row| row.correlation_id == event.correlation_id);
                must!(11, same, "event {n}, {name}, does not carry its reservation's correlation");
            }
            return Ok(());
        };
        let Some(of) = self.event(cause) else {
            return broken(11, format!("event {n}, {name}, is caused by event {cause}, which does not come before it"));
        };
        let by = of.event.event_type();
        let fits = match name {
            "PaymentRequested" => by == "ReservationCreated",
            "PaymentApproved" | "PaymentDeclined" | "PaymentVoided" => by == "PaymentRequested",
            "ReservationConfirmed" => by == "PaymentApproved",
            "ReservationRejected" => matches!(by, "PaymentDeclined" | "PaymentVoided"),
            "PaymentCancelled" => matches!(by, "ReservationCancelRequested" | "PaymentApproved"),
            "ReservationCancelled" => by == "PaymentCancelled",
            "RentalEnded" => by == "RentalEndSet",
            "StorageReserved" => matches!(by, "ReservationConfirmed" | "RentalStarted"),
            "StorageCancelled" => matches!(by, "ReservationCancelled" | "RentalEnded"),
            "StorageModified" => matches!(by, "ReviewCreated" | "ReviewModified" | "ReviewDeleted"),
            _ => false,
        };
        must!(11, fits, "event {n}, {name}, is caused by event {cause}, {by}");
        let same_thing = of.event.storage_id() == event.event.storage_id()
            && (name == "StorageModified" || of.event.reservation_id() == event.event.reservation_id());
        must!(11, same_thing, "event {n}, {name}, is caused by event {cause} of something else");
        must!(
            11,
            of.correlation_id == event.correlation_id,
            "event {n}, {name}, carries {}, its cause {}",
            event.correlation_id,
            of.correlation_id
        );
        Ok(())
    }

    fn storage_event(&mut self, event: &Envelope, e: &StorageEvent, counts: &mut Counts) -> Checked {
        let id = e.storage_id().get();
        self.touched.storages.insert(id);
        if let StorageEvent::StorageRegistered(e) = e {
            must!(5, e.rate.price().amount() > 0, "storage {id} is offered for nothing");
            let row = StorageRow {
                storage_id: e.storage_id,
                description: e.description.clone(),
                rate: e.rate,
                storage_status: StorageStatus::Available,
                review_cnt: 0,
                rating: None,
                withdrawn: false,
                occupant: None,
                deleted: false,
                version: event.aggregate_version,
            };
            self.storages.insert(id, row);
            return Ok(());
        }
        if let Some(cause) = event.causation_id {
            counts.held(9);
            let first = self.causes.insert((id, cause.get()));
            must!(9, first, "event {cause} has two effects on storage {id}");
        }
        let totals = self.review_totals(id);
        let live = self.live.get(&id).and_then(|ids| ids.first()).copied();
        let Some(row) = self.storages.get_mut(&id) else {
            return broken(5, format!("{} of storage {id}, which is not there", name_of(event)));
        };
        row.version = event.aggregate_version;
        match e {
            StorageEvent::StorageRegistered(_) => {}
            StorageEvent::StorageModified(e) => {
                must!(5, e.rate.price().currency() == row.rate.price().currency(), "storage {id} changes its currency");
                let reviews = (e.review_cnt, e.rating) != (row.review_cnt, row.rating);
                let rest = (&e.description, e.rate, e.withdrawn) != (&row.description, row.rate, row.withdrawn);
                must!(5, reviews != rest, "StorageModified of {id} changes nothing, or too much");
                must!(5, reviews == event.causation_id.is_some(), "reviews of storage {id} are changed by hand");
                if reviews {
                    counts.held(12);
                    let right = (totals.0, average(totals)) == (e.review_cnt, e.rating);
                    must!(12, right, "storage {id} has {totals:?} reviews and stars, said are {e:?}");
                }
                row.description = e.description.clone();
                (row.rate, row.withdrawn, row.review_cnt, row.rating) = (e.rate, e.withdrawn, e.review_cnt, e.rating);
            }
            StorageEvent::StorageReserved(e) => {
                must!(
                    5,
                    row.occupant != Some(e.reservation_id),
                    "storage {id} is occupied twice by {}",
                    e.reservation_id
                );
                row.occupant = Some(e.reservation_id);
                row.storage_status = StorageStatus::Reserved;
            }
            StorageEvent::StorageCancelled(e) => {
                must!(
                    5,
                    row.occupant == Some(e.reservation_id),
                    "{} leaves storage {id}, not its own",
                    e.reservation_id
                );
                row.occupant = None;
                row.storage_status = StorageStatus::Available;
            }
            StorageEvent::StorageDeleted(_) => {
                must!(5, live.is_none(), "storage {id} is deleted with reservation {live:?} to come");
                row.deleted = true;
                if let Some(row) = self.storages.remove(&id) {
                    self.gone.insert(id, row);
                }
            }
            _ => return not_known(event),
        }
        Ok(())
    }

    fn review_event(&mut self, event: &Envelope, e: &ReviewEvent, settings: &Settings, counts: &mut Counts) -> Checked {
        counts.held(12);
        let (id, of) = (e.review_id().get(), e.reservation_id().get());
        self.touched.reviews.insert(id);
        if let ReviewEvent::ReviewCreated(e) = e {
            let today = day(event.occurred_at, settings);
            let Some(rental) = self.reservations.get(&of) else {
                return broken(12, format!("review {id} is of reservation {of}, which is not there"));
            };
            let rented =
                matches!(rental.reservation_status, ReservationStatus::Reserved | ReservationStatus::Completed);
            must!(12, rented, "review {id} is of reservation {of}, {:?}", rental.reservation_status);
            must!(12, rental.booking.period.from() <= today, "review {id} comes before the first day");
            must!(12, rental.booking.customer == e.customer, "review {id} is by a stranger");
            must!(12, rental.booking.storage_id == e.storage_id, "review {id} is of another storage");
            let other = self.review_of.insert(of, id);
            must!(12, other.is_none(), "reservation {of} has reviews {other:?} and {id}");
            self.reviews_on.entry(e.storage_id.get()).or_default().insert(id);
            let row = ReviewRow {
                review_id: e.review_id,
                reservation_id: e.reservation_id,
                storage_id: e.storage_id,
                rate: e.rate,
                content: e.content.clone(),
                customer: e.customer.clone(),
                deleted: false,
                version: event.aggregate_version,
            };
            self.reviews.insert(id, row);
            return Ok(());
        }
        let Some(row) = self.reviews.get_mut(&id).filter(|row| !row.deleted) else {
            return broken(5, format!("{} of review {id}, which is not there", name_of(event)));
        };
        row.version = event.aggregate_version;
        match e {
            ReviewEvent::ReviewCreated(_) => {}
            ReviewEvent::ReviewModified(e) => {
                must!(5, (e.rate, &e.content) != (row.rate, &row.content), "review {id} is modified to the same");
                (row.rate, row.content) = (e.rate, e.content.clone());
            }
            ReviewEvent::ReviewDeleted(e) => {
                row.deleted = true;
                self.review_of.remove(&of);
                self.reviews_on.entry(e.storage_id.get()).or_default().remove(&id);
            }
            _ => return not_known(event),
        }
        Ok(())
    }
}

/// An event that came after this account was written: it has to learn of it first.
pub(super) fn not_known(event: &Envelope) -> Checked {
    broken(5, format!("{} is no event that is known here", name_of(event)))
}

pub(super) fn name_of(event: &Envelope) -> &'static str {
    event.event.event_type()
}

/// The average of the stars in tenths, rounded half up.
pub(super) fn average((count, sum): (u64, u64)) -> Option<Rating> {
    if count == 0 {
        return None;
    }
    let tenths = (20 * sum + count) / (2 * count);
    Rating::from_tenths(u8::try_from(tenths).ok()?)
}
