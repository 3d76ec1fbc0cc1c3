//! What the clock brings: holds lapse, rentals start and end.

use serde::Serialize;

use super::{App, Error, Moment};
use crate::event::{Event, Trace};
use crate::ports::{DueRental, Queries, StoreError, Transaction};
use crate::reservation::{Reservation, ReservationEvent, ReservationRow};
use crate::shared::CorrelationId;

/// So many of each are written in one transaction.
const BATCH_MAX: u32 = 100;

/// What a tick wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct Ticked {
    /// Holds that lapsed.
    pub expired: u32,
    /// Rentals that started.
    pub started: u32,
    /// Rentals that ended.
    pub ended: u32,
}

impl Ticked {
    fn total(self) -> u32 {
        self.expired + self.started + self.ended
    }

    fn add(&mut self, other: Ticked) {
        self.expired += other.expired;
        self.started += other.started;
        self.ended += other.ended;
    }
}

impl App {
    /// Writes what is due by the clock: expires holds, starts and ends rentals, in order.
    ///
    /// # Errors
    /// [`Error`] when the store cannot; what was written before stays.
    pub fn tick(&self) -> Result<Ticked, Error> {
        self.tick_within(u32::MAX)
    }

    /// The same, stopping after about so many.
    pub(super) fn tick_within(&self, limit: u32) -> Result<Ticked, Error> {
        let mut all = Ticked::default();
        while all.total() < limit {
            // A look first, so that a tick with nothing to do writes nothing and waits for nobody.
            let due = self.read(|q| {
                let moment = self.moment::<_, Error>(q)?;
                Ok::<_, Error>(
                    !q.overdue_holds(moment.now, 1)?.is_empty() || !q.due_rentals(moment.today, 1)?.is_empty(),
                )
            })?;
            if !due {
                return Ok(all);
            }
            let ticked = self.write(|app, tx| {
                let moment = app.moment::<_, Error>(tx)?;
                tick_batch(tx, &moment).map_err(Error::from)
            })?;
            all.add(ticked);
            if ticked.total() == 0 {
                break;
            }
        }
        Ok(all)
    }
}

fn tick_batch(tx: &mut dyn Transaction, moment: &Moment) -> Result<Ticked, StoreError> {
    let mut ticked = Ticked::default();
    for row in tx.overdue_holds(moment.now, BATCH_MAX)? {
        ticked.expired += u32::from(expire_hold(tx, row, moment)?);
    }
    for due in tx.due_rentals(moment.today, BATCH_MAX)? {
        let written = turn_day(tx, due, moment)?;
        ticked.started += u32::from(written && due.is_start);
        ticked.ended += u32::from(written && !due.is_start);
    }
    Ok(ticked)
}

/// Writes `expired` for a hold whose time is over; says whether it did.
pub(super) fn expire_hold(tx: &mut dyn Transaction, row: ReservationRow, moment: &Moment) -> Result<bool, StoreError> {
    let mut reservation = reload(row)?;
    let event = reservation.expire(moment.now);
    save(tx, &reservation, event, moment)
}

fn turn_day(tx: &mut dyn Transaction, due: DueRental, moment: &Moment) -> Result<bool, StoreError> {
    let Some(row) = Queries::reservation(tx, due.reservation_id)? else { return Ok(false) };
    let mut reservation = reload(row)?;
    let event = if due.is_start { reservation.start(moment.today) } else { reservation.finish(moment.today) };
    save(tx, &reservation, event, moment)
}

fn reload(row: ReservationRow) -> Result<Reservation, StoreError> {
    Reservation::load(row.booking.reservation_id, Some(row)).map_err(|e| StoreError::Corrupt(e.to_string()))
}

/// Saves under the reservation's own correlation: the clock begins none.
fn save(
    tx: &mut dyn Transaction,
    reservation: &Reservation,
    event: Option<ReservationEvent>,
    moment: &Moment,
) -> Result<bool, StoreError> {
    let Some(event) = event else { return Ok(false) };
    let trace = clock_trace(reservation.row().correlation_id.clone(), moment);
    tx.save_reservation(reservation, Event::from(event), &trace)?;
    Ok(true)
}

/// The trace of what the clock brings.
pub(super) fn clock_trace(correlation_id: CorrelationId, moment: &Moment) -> Trace {
    Trace { correlation_id, causation_id: None, occurred_at: moment.now }
}
