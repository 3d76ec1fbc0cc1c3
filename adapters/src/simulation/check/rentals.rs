//! Reservations and payments, event by event: 1, 2, 3, 4, 5 and 10.

use storagerent_core::chrono::{DateTime, Datelike, NaiveDate, Utc};
use storagerent_core::event::Envelope;
use storagerent_core::payment::{PaymentEvent, PaymentRow, PaymentStatus};
use storagerent_core::reservation::{ReservationEvent, ReservationRow, ReservationStatus};
use storagerent_core::settings::Settings;
use storagerent_core::shared::{Booking, Money};

use super::Counts;
use super::fold::{must, name_of, not_known};
use super::model::{Model, Next, day};
use crate::simulation::report::{Checked, broken};

impl Model {
    pub(super) fn reservation_event(
        &mut self,
        event: &Envelope,
        e: &ReservationEvent,
        next: Option<Next>,
        settings: &Settings,
        counts: &mut Counts,
    ) -> Checked {
        use ReservationStatus as R;
        let (id, today) = (e.booking().reservation_id.get(), day(event.occurred_at, settings));
        self.touched.reservations.insert(id);
        if let ReservationEvent::ReservationCreated(created) = e {
            let terms = (created.hold_expires_at, created.pays_until);
            return self.hold_placed(event, &created.booking, terms, settings, counts);
        }
        let Some(row) = self.reservations.get(&id).cloned() else {
            return broken(5, format!("{} of reservation {id}, which is not there", name_of(event)));
        };
        let (was, period) = (row.reservation_status, row.booking.period);
        let name = name_of(event);
        let ends_set = matches!(e, ReservationEvent::RentalEndSet(_));
        let same = Booking { period: e.booking().period, ..row.booking.clone() } == *e.booking()
            && (ends_set || e.booking().period == period);
        must!(5, same, "{name} of reservation {id} tells of another booking");
        let mut row = ReservationRow { version: event.aggregate_version, ..row };
        let allowed = match e {
            ReservationEvent::ReservationCreated(_) => false,
            ReservationEvent::ReservationConfirmed(e) => {
                row.reservation_status = R::Reserved;
                row.started = e.started;
                row.paid_until = row.pays_until;
                was == R::ReqReserve
                    && next == Some(Next::Confirmed(id))
                    && e.paid_until == row.pays_until
                    && e.started == (period.from() <= today)
            }
            ReservationEvent::ReservationRejected(_) => {
                row.reservation_status = R::Rejected;
                was == R::ReqReserve && next == Some(Next::Rejected(id))
            }
            ReservationEvent::ReservationExpired(_) => {
                row.reservation_status = R::Expired;
                was == R::ReqReserve && row.hold_expires_at.is_some_and(|at| at <= event.occurred_at)
            }
            ReservationEvent::ReservationCancelRequested(_) => {
                row.reservation_status = R::ReqCancel;
                was == R::Reserved && today <= period.from()
            }
            ReservationEvent::ReservationCancelled(_) => {
                row.reservation_status = R::Cancelled;
                was == R::ReqCancel && next == Some(Next::Cancelled(id))
            }
            ReservationEvent::RentalStarted(_) => {
                let first = !row.started;
                row.started = true;
                was == R::Reserved && first && period.from() <= today
            }
            ReservationEvent::RentalEndSet(e) => {
                let (until, old) = (e.booking.period.until(), period.until());
                row.booking.period = e.booking.period;
                if until.is_some_and(|until| until <= today) {
                    self.next = Some(Next::Ended(id));
                }
                was == R::Reserved
                    && e.previous_until == old
                    && e.booking.period.from() == period.from()
                    && until.is_some_and(|on| on > period.from() && on >= today && old.is_none_or(|old| on < old))
            }
            ReservationEvent::RentalEnded(_) => {
                row.reservation_status = R::Completed;
                was == R::Reserved && row.started && period.until().is_some_and(|until| until <= today)
            }
            _ => return not_known(event),
        };
        must!(5, allowed, "{name} of reservation {id} on {today}, which was {was:?}: {:?}", row.booking.period);
        if row.reservation_status != R::ReqReserve
            && let Some(at) = row.hold_expires_at.take()
        {
            self.holds.remove(&(at, id));
        }
        self.stands_or_not(was, &row);
        self.reservations.insert(id, row);
        Ok(())
    }

    /// Keeps the sums and what is live.
    fn stands_or_not(&mut self, was: ReservationStatus, row: &ReservationRow) {
        use ReservationStatus as R;
        let stands = |status| matches!(status, R::Reserved | R::Completed | R::ReqCancel);
        let price = row.booking.price;
        let sign = i128::from(stands(row.reservation_status)) - i128::from(stands(was));
        self.sums_of(price.currency()).standing += sign * i128::from(price.amount());
        if !matches!(row.reservation_status, R::ReqReserve | R::Reserved | R::ReqCancel)
            && let Some(ids) = self.live.get_mut(&row.booking.storage_id.get())
        {
            ids.retain(|id| *id != row.booking.reservation_id.get());
        }
    }

    fn hold_placed(
        &mut self,
        event: &Envelope,
        booking: &Booking,
        (expires, pays_until): (DateTime<Utc>, Option<NaiveDate>),
        settings: &Settings,
        counts: &mut Counts,
    ) -> Checked {
        let (id, storage) = (booking.reservation_id.get(), booking.storage_id.get());
        let (from, until) = (booking.period.from(), booking.period.until());
        let today = day(event.occurred_at, settings);
        let Some(offer) = self.storages.get(&storage) else {
            return broken(5, format!("reservation {id} is of storage {storage}, which is not there"));
        };
        must!(5, !offer.withdrawn, "reservation {id} is of storage {storage}, which is withdrawn");
        must!(5, from >= today, "reservation {id} begins {from}, before today, {today}");
        let quoted = self.quote(storage, from, until);
        must!(
            3,
            quoted == Some((booking.price, pays_until)),
            "reservation {id} costs {:?} until {pays_until:?}, quoted {quoted:?}",
            booking.price
        );
        let minutes = (expires - event.occurred_at).num_seconds();
        must!(1, minutes == i64::from(settings.hold_minutes) * 60, "hold {id} lasts {minutes} s");
        counts.held(2);
        let days = |from: NaiveDate, until: Option<NaiveDate>| {
            (from.num_days_from_ce(), until.map_or(i32::MAX, |until| until.num_days_from_ce()))
        };
        let mine = days(from, until);
        let live = self.live.entry(storage).or_default();
        for other in live.iter().filter_map(|other| self.reservations.get(other)) {
            let theirs = days(other.booking.period.from(), other.booking.period.until());
            let shared = mine.0.max(theirs.0) < mine.1.min(theirs.1);
            must!(2, !shared, "reservations {} and {id} share days of storage {storage}", other.booking.reservation_id);
        }
        live.push(id);
        self.holds.insert((expires, id));
        if let Some((used, command)) = self.requests.get(event.correlation_id.as_str()).cloned() {
            self.asked_as.insert(id, command);
            counts.held(10);
            let earlier = self.under_key.entry(used.clone()).or_default();
            let standing = earlier.iter().find(|other| {
                self.reservations.get(other).is_some_and(|row| {
                    !matches!(row.reservation_status, ReservationStatus::Rejected | ReservationStatus::Expired)
                })
            });
            must!(10, standing.is_none(), "{used:?} made reservation {id} besides {standing:?}");
            earlier.push(id);
        }
        let row = ReservationRow {
            booking: booking.clone(),
            reservation_status: ReservationStatus::ReqReserve,
            hold_expires_at: Some(expires),
            paid_until: None,
            correlation_id: event.correlation_id.clone(),
            pays_until,
            started: false,
            version: event.aggregate_version,
        };
        self.reservations.insert(id, row);
        self.next = Some(Next::Requested(id));
        Ok(())
    }

    pub(super) fn payment_event(
        &mut self,
        event: &Envelope,
        e: &PaymentEvent,
        next: Option<Next>,
        counts: &mut Counts,
    ) -> Checked {
        use PaymentStatus as P;
        let booking = e.booking();
        let (id, of) = (booking.payment_id.get(), booking.reservation_id.get());
        self.touched.payments.insert(id);
        counts.held(4);
        let Some(reservation) = self.reservations.get(&of) else {
            return broken(5, format!("payment {id} is of reservation {of}, which is not there"));
        };
        let told = Booking { period: booking.period, ..reservation.booking.clone() };
        must!(5, told == *booking, "payment {id} tells of another booking than reservation {of}");
        let (held, cancelling) = (
            reservation.reservation_status == ReservationStatus::ReqReserve,
            reservation.reservation_status == ReservationStatus::ReqCancel,
        );
        if let PaymentEvent::PaymentRequested(e) = e {
            must!(6, next == Some(Next::Requested(of)), "payment {id} is requested apart from its hold");
            let key = e.payment_key.bits();
            let first = self.payment_of_key.insert(key, id);
            must!(4, first.is_none(), "payments {first:?} and {id} have one key");
            let row = PaymentRow {
                payment_id: booking.payment_id,
                reservation_id: booking.reservation_id,
                storage_id: booking.storage_id,
                price: booking.price,
                payment_status: P::Requested,
                key: e.payment_key,
                correlation_id: event.correlation_id.clone(),
                version: event.aggregate_version,
            };
            self.payments.insert(id, row);
            return Ok(());
        }
        let Some(row) = self.payments.get_mut(&id) else {
            return broken(5, format!("{} of payment {id}, which is not there", name_of(event)));
        };
        let (was, price) = (row.payment_status, row.price);
        row.version = event.aggregate_version;
        let mut money = |captured: i64, refunded: i64, late: i64| {
            let sums = self.sums.entry(Money::currency(price).code()).or_default();
            sums.captured += i128::from(captured);
            sums.refunded += i128::from(refunded);
            sums.late += i128::from(late);
        };
        let amount = price.amount();
        let (becomes, allowed, then) = match e {
            PaymentEvent::PaymentRequested(_) => (P::Requested, false, None),
            PaymentEvent::PaymentApproved(e) => {
                money(amount, 0, if e.hold_stands { 0 } else { amount });
                (P::Paid, was == P::Requested && e.hold_stands == held, Next::Confirmed(of)).with(e.hold_stands)
            }
            PaymentEvent::PaymentDeclined(e) => {
                (P::Declined, was == P::Requested && e.hold_stands == held, Next::Rejected(of)).with(e.hold_stands)
            }
            PaymentEvent::PaymentVoided(e) => {
                (P::Voided, was == P::Requested && e.hold_stands == held, Next::Rejected(of)).with(e.hold_stands)
            }
            PaymentEvent::PaymentCancelled(e) => {
                money(0, amount, if e.cancels_reservation { 0 } else { -amount });
                let allowed = was == P::Paid && e.cancels_reservation == cancelling;
                (P::Cancelled, allowed, Next::Cancelled(of)).with(e.cancels_reservation)
            }
            _ => return not_known(event),
        };
        row.payment_status = becomes;
        must!(5, allowed, "{} of payment {id}, which was {was:?}, hold {held}", name_of(event));
        self.next = then;
        Ok(())
    }
}

trait With {
    fn with(self, then: bool) -> (PaymentStatus, bool, Option<Next>);
}

impl With for (PaymentStatus, bool, Next) {
    fn with(self, then: bool) -> (PaymentStatus, bool, Option<Next>) {
        (self.0, self.1, then.then_some(self.2))
    }
}
