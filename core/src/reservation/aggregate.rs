//! The reservation and its rules.

use chrono::{DateTime, Duration, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use super::{
    RentalEndSet, RentalEnded, RentalStarted, ReservationCancelRequested, ReservationCancelled, ReservationConfirmed,
    ReservationCreated, ReservationError, ReservationEvent, ReservationExpired, ReservationRejected,
};
use crate::shared::{Booking, CorrelationId, InvalidValue, Period, ReservationId, Version};

/// Where a reservation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub enum ReservationStatus {
    /// Held: the payment's outcome is not known yet.
    ReqReserve,
    /// Paid; it stands.
    Reserved,
    /// To be refunded; the days stay blocked until it is.
    ReqCancel,
    /// Refunded. Final.
    Cancelled,
    /// The rental is over. Final.
    Completed,
    /// The payment was declined or not taken. Final.
    Rejected,
    /// The hold lapsed unpaid. Final.
    Expired,
}

impl ReservationStatus {
    /// All of them.
    pub const ALL: [ReservationStatus; 7] = [
        ReservationStatus::ReqReserve,
        ReservationStatus::Reserved,
        ReservationStatus::ReqCancel,
        ReservationStatus::Cancelled,
        ReservationStatus::Completed,
        ReservationStatus::Rejected,
        ReservationStatus::Expired,
    ];

    /// The word as in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            ReservationStatus::ReqReserve => "reqReserve",
            ReservationStatus::Reserved => "reserved",
            ReservationStatus::ReqCancel => "reqCancel",
            ReservationStatus::Cancelled => "cancelled",
            ReservationStatus::Completed => "completed",
            ReservationStatus::Rejected => "rejected",
            ReservationStatus::Expired => "expired",
        }
    }

    /// Reads the word as in JSON.
    pub fn parse(raw: &str) -> Option<Self> {
        ReservationStatus::ALL.into_iter().find(|s| s.as_str() == raw)
    }

    /// Whether it blocks its period: no two live reservations of one storage overlap.
    pub fn is_live(self) -> bool {
        match self {
            ReservationStatus::ReqReserve | ReservationStatus::Reserved | ReservationStatus::ReqCancel => true,
            ReservationStatus::Cancelled
            | ReservationStatus::Completed
            | ReservationStatus::Rejected
            | ReservationStatus::Expired => false,
        }
    }
}

/// A reservation as it is kept and shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[cfg_attr(feature = "utoipa", derive(utoipa::ToSchema))]
#[serde(rename_all = "camelCase")]
pub struct ReservationRow {
    /// Who reserved what, for when, at what price, paid by which payment.
    #[serde(flatten)]
    pub booking: Booking,
    /// Where it stands.
    pub reservation_status: ReservationStatus,
    /// From when on the hold may be ended; `null` once it is no hold any more.
    pub hold_expires_at: Option<DateTime<Utc>>,
    /// Up to when it is paid; `null` until paid, and for an open-ended flat rental.
    pub paid_until: Option<NaiveDate>,
    /// The request that made it.
    pub correlation_id: CorrelationId,
    /// Up to when its payment will pay, once it is taken.
    #[serde(skip)]
    pub pays_until: Option<NaiveDate>,
    /// Whether the first day was announced: by `ReservationConfirmed` with `started`, or by `RentalStarted`.
    #[serde(skip)]
    pub started: bool,
    /// How many events it has raised.
    #[serde(skip)]
    pub version: Version,
}

impl ReservationRow {
    /// What the reservation is after its first event.
    pub fn created(event: &ReservationCreated, correlation_id: CorrelationId) -> Self {
        ReservationRow {
            booking: event.booking.clone(),
            reservation_status: ReservationStatus::ReqReserve,
            hold_expires_at: Some(event.hold_expires_at),
            paid_until: None,
            correlation_id,
            pays_until: event.pays_until,
            started: false,
            version: Version::ZERO.next(),
        }
    }

    /// What the reservation is after one more event. The only place where its state changes.
    pub fn apply(&mut self, event: &ReservationEvent) {
        self.version = self.version.next();
        match event {
            ReservationEvent::ReservationCreated(e) => *self = ReservationRow::created(e, self.correlation_id.clone()),
            ReservationEvent::ReservationConfirmed(e) => {
                self.reservation_status = ReservationStatus::Reserved;
                self.hold_expires_at = None;
                self.paid_until = e.paid_until;
                self.started = e.started;
            }
            ReservationEvent::ReservationRejected(_) => {
                self.reservation_status = ReservationStatus::Rejected;
                self.hold_expires_at = None;
            }
            ReservationEvent::ReservationExpired(_) => {
                self.reservation_status = ReservationStatus::Expired;
                self.hold_expires_at = None;
            }
            ReservationEvent::ReservationCancelRequested(_) => self.reservation_status = ReservationStatus::ReqCancel,
            ReservationEvent::ReservationCancelled(_) => self.reservation_status = ReservationStatus::Cancelled,
            ReservationEvent::RentalStarted(_) => self.started = true,
            ReservationEvent::RentalEnded(_) => self.reservation_status = ReservationStatus::Completed,
            ReservationEvent::RentalEndSet(e) => self.booking.period = e.booking.period,
        }
    }
}

/// On what terms a hold is placed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldTerms {
    /// From when on it may be ended.
    pub hold_expires_at: DateTime<Utc>,
    /// Up to when the payment will pay.
    pub pays_until: Option<NaiveDate>,
    /// The request that makes it.
    pub correlation_id: CorrelationId,
}

/// A reservation (예약): the aggregate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    row: ReservationRow,
}

impl Reservation {
    /// Places a hold.
    pub fn place_hold(booking: Booking, terms: HoldTerms) -> (Self, ReservationEvent) {
        let event =
            ReservationCreated { booking, hold_expires_at: terms.hold_expires_at, pays_until: terms.pays_until };
        (Reservation { row: ReservationRow::created(&event, terms.correlation_id) }, event.into())
    }

    /// Takes up a stored reservation.
    ///
    /// # Errors
    /// [`ReservationError::NotFound`] when there is none.
    pub fn load(id: ReservationId, row: Option<ReservationRow>) -> Result<Self, ReservationError> {
        row.map(|row| Reservation { row }).ok_or(ReservationError::NotFound { reservation_id: id })
    }

    /// What is kept and shown of it.
    pub fn row(&self) -> &ReservationRow {
        &self.row
    }

    /// Refuses whoever has another version of it in mind.
    ///
    /// # Errors
    /// [`ReservationError::Changed`] unless it is in the expected version, if one is given.
    pub fn must_be_in(&self, expected: Option<Version>) -> Result<(), ReservationError> {
        let (reservation_id, found) = (self.row.booking.reservation_id, self.row.version);
        match expected {
            Some(expected) if expected != found => Err(ReservationError::Changed { reservation_id, expected, found }),
            Some(_) | None => Ok(()),
        }
    }

    /// Whether it is still a hold: only a written event ends one, never the clock alone.
    pub fn hold_stands(&self) -> bool {
        self.row.reservation_status == ReservationStatus::ReqReserve
    }

    /// Whether it is a hold whose time is over.
    pub fn is_overdue(&self, now: DateTime<Utc>) -> bool {
        self.hold_stands() && self.row.hold_expires_at.is_some_and(|at| at <= now)
    }

    /// The money was taken: the reservation stands; `None` when the hold is gone.
    pub fn confirm(&mut self, today: NaiveDate) -> Option<ReservationEvent> {
        let started = self.row.booking.period.from() <= today;
        let paid_until = self.row.pays_until;
        self.if_hold(|booking| ReservationConfirmed { booking, started, paid_until }.into())
    }

    /// The money was certainly not taken: there is no reservation; `None` when the hold is gone.
    pub fn reject(&mut self, reason: &str) -> Option<ReservationEvent> {
        self.if_hold(|booking| ReservationRejected { booking, reason: reason.to_owned() }.into())
    }

    /// The hold's time is over; `None` when it is not, or is no hold.
    pub fn expire(&mut self, now: DateTime<Utc>) -> Option<ReservationEvent> {
        if !self.is_overdue(now) {
            return None;
        }
        self.if_hold(|booking| ReservationExpired { booking }.into())
    }

    /// Asks for the cancellation; `None` when it was asked for already.
    ///
    /// # Errors
    /// [`ReservationError::PaymentPending`] for a hold, [`ReservationError::FirstDayPast`] after the first day,
    /// [`ReservationError::WrongState`] when it is over otherwise.
    pub fn cancel(&mut self, today: NaiveDate) -> Result<Option<ReservationEvent>, ReservationError> {
        match self.row.reservation_status {
            ReservationStatus::Reserved if today <= self.row.booking.period.from() => {
                Ok(Some(self.raise(ReservationCancelRequested { booking: self.row.booking.clone() })))
            }
            ReservationStatus::Reserved => Err(ReservationError::FirstDayPast {
                reservation_id: self.row.booking.reservation_id,
                from: self.row.booking.period.from(),
            }),
            ReservationStatus::ReqCancel | ReservationStatus::Cancelled => Ok(None),
            ReservationStatus::ReqReserve => {
                Err(ReservationError::PaymentPending { reservation_id: self.row.booking.reservation_id })
            }
            ReservationStatus::Completed | ReservationStatus::Rejected | ReservationStatus::Expired => {
                Err(self.wrong_state("cancelled"))
            }
        }
    }

    /// The refund is done; `None` unless a cancellation was asked for.
    pub fn complete_cancel(&mut self) -> Option<ReservationEvent> {
        (self.row.reservation_status == ReservationStatus::ReqCancel)
            .then(|| self.raise(ReservationCancelled { booking: self.row.booking.clone() }))
    }

    /// Sets the first free day, or brings it forward; `None` when it is that day already.
    ///
    /// # Errors
    /// [`InvalidValue`] for a day before today, not after the first day, or later than the present end;
    /// [`ReservationError::PaymentPending`] and [`ReservationError::WrongState`] when it is not `reserved`.
    pub fn set_end(&mut self, on: NaiveDate, today: NaiveDate) -> Result<Option<ReservationEvent>, ReservationError> {
        match self.row.reservation_status {
            ReservationStatus::Reserved => {}
            ReservationStatus::ReqReserve => {
                return Err(ReservationError::PaymentPending { reservation_id: self.row.booking.reservation_id });
            }
            ReservationStatus::ReqCancel
            | ReservationStatus::Cancelled
            | ReservationStatus::Completed
            | ReservationStatus::Rejected
            | ReservationStatus::Expired => return Err(self.wrong_state("ended")),
        }
        let previous = self.row.booking.period;
        if previous.until() == Some(on) {
            return Ok(None);
        }
        let period = end_within(&previous, on, today)?;
        let booking = Booking { period, ..self.row.booking.clone() };
        Ok(Some(self.raise(RentalEndSet { booking, previous_until: previous.until() })))
    }

    /// The first day came; `None` unless it did, for a `reserved` rental not yet announced.
    pub fn start(&mut self, today: NaiveDate) -> Option<ReservationEvent> {
        let due = self.row.reservation_status == ReservationStatus::Reserved
            && !self.row.started
            && self.row.booking.period.from() <= today;
        due.then(|| self.raise(RentalStarted { booking: self.row.booking.clone() }))
    }

    /// The first free day came; `None` unless it did, for a `reserved` rental.
    pub fn finish(&mut self, today: NaiveDate) -> Option<ReservationEvent> {
        let due = self.row.reservation_status == ReservationStatus::Reserved
            && self.row.booking.period.until().is_some_and(|until| until <= today);
        due.then(|| self.raise(RentalEnded { booking: self.row.booking.clone() }))
    }

    fn if_hold(&mut self, event: impl FnOnce(Booking) -> ReservationEvent) -> Option<ReservationEvent> {
        self.hold_stands().then(|| {
            let event = event(self.row.booking.clone());
            self.raise(event)
        })
    }

    fn wrong_state(&self, action: &'static str) -> ReservationError {
        ReservationError::WrongState {
            reservation_id: self.row.booking.reservation_id,
            status: self.row.reservation_status,
            action,
        }
    }

    fn raise(&mut self, event: impl Into<ReservationEvent>) -> ReservationEvent {
        let event = event.into();
        self.row.apply(&event);
        event
    }
}

/// The period with its new end, if that is after the first day, not before today, and not later than the old end.
fn end_within(period: &Period, on: NaiveDate, today: NaiveDate) -> Result<Period, InvalidValue> {
    let refuse = |en: String, ko: String| Err(InvalidValue::new("on", en, ko));
    if on < today {
        return refuse(
            format!("{on} lies in the past, today is {today}"),
            format!("{on}은 지난 날짜입니다. 오늘은 {today}입니다"),
        );
    }
    if on <= period.from() {
        return refuse(
            format!("the first free day must come after the first day, {}; cancel instead", period.from()),
            format!("종료일은 시작일 {} 다음이어야 합니다. 취소를 이용하세요", period.from()),
        );
    }
    match period.until() {
        Some(until) if on > until => refuse(
            format!("the rental ends on {until} already; an end can only be brought forward"),
            format!("이미 {until}에 끝납니다. 종료일은 앞당길 수만 있습니다"),
        ),
        Some(_) | None => Period::new(period.from(), Some(on)),
    }
}

impl HoldTerms {
    /// When a hold placed at `now` may be ended.
    pub fn expiry(now: DateTime<Utc>, minutes: u32) -> DateTime<Utc> {
        now + Duration::minutes(i64::from(minutes))
    }
}

#[cfg(test)]
#[path = "aggregate_tests.rs"]
mod tests;
