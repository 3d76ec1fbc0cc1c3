//! Cancelling reservations and ending rentals.

use chrono::Days;

use super::App;
use super::tick::clock_trace;
use crate::ports::wait;
use crate::reservation::{CancelReservation, EndRental, Reservation, ReservationError, ReservationRow, own_only};
use crate::shared::{Caller, InvalidValue};

impl App {
    /// Cancels a reservation, up to and including its first day. Answers at once with `reqCancel`; the refund follows as an
    /// effect, and with it `cancelled`. Repeated, the same answer.
    ///
    /// # Errors
    /// [`ReservationError`]: not found, somebody else's, past the state that can be cancelled, or not in the version the caller expects.
    pub fn cancel(&self, caller: &Caller, command: CancelReservation) -> Result<ReservationRow, ReservationError> {
        wait(self.cancel_async(caller, command))
    }

    /// The same for a host that may not block.
    ///
    /// # Errors
    /// As [`App::cancel`].
    pub async fn cancel_async(
        &self,
        caller: &Caller,
        command: CancelReservation,
    ) -> Result<ReservationRow, ReservationError> {
        let caller = caller.clone();
        self.write_async(move |app, tx| {
            let id = command.reservation_id;
            let mut reservation = Reservation::load(id, tx.reservation(id)?)?;
            own_only(&caller, reservation.row())?;
            let moment = app.moment::<_, ReservationError>(tx)?;
            let as_expected = reservation.must_be_in(caller.expected_version());
            if let Some(event) = reservation.cancel(moment.today)? {
                // Repeated, nothing is changed, and its version is another by then.
                as_expected?;
                tx.save_reservation(&reservation, event.into(), &app.trace(&caller, moment.now))?;
            }
            Ok(reservation.row().clone())
        })
        .await
    }

    /// Sets the first free day of a rental, or brings it forward, without refund. Ending it today ends it at once.
    ///
    /// # Errors
    /// [`ReservationError`]: not found, somebody else's, not `reserved`, a day that is not possible, or not in the version the caller
    /// expects.
    pub fn end(&self, caller: &Caller, command: EndRental) -> Result<ReservationRow, ReservationError> {
        wait(self.end_async(caller, command))
    }

    /// The same for a host that may not block.
    ///
    /// # Errors
    /// As [`App::end`].
    pub async fn end_async(&self, caller: &Caller, command: EndRental) -> Result<ReservationRow, ReservationError> {
        let caller = caller.clone();
        self.write_async(move |app, tx| {
            let id = command.reservation_id;
            let mut reservation = Reservation::load(id, tx.reservation(id)?)?;
            own_only(&caller, reservation.row())?;
            let moment = app.moment::<_, ReservationError>(tx)?;
            let as_expected = reservation.must_be_in(caller.expected_version());
            let on = match command.on {
                Some(day) => day,
                None => moment
                    .today
                    .checked_add_days(Days::new(1))
                    .ok_or_else(|| InvalidValue::new("on", "there is no day after today", "오늘 다음 날이 없습니다"))?,
            };
            // What begins late for want of a tick begins before it ends.
            if on <= moment.today
                && let Some(event) = reservation.start(moment.today)
            {
                let trace = clock_trace(reservation.row().correlation_id.clone(), &moment);
                tx.save_reservation(&reservation, event.into(), &trace)?;
            }
            let trace = app.trace(&caller, moment.now);
            let Some(event) = reservation.set_end(on, moment.today)? else { return Ok(reservation.row().clone()) };
            as_expected?;
            let end_set = tx.save_reservation(&reservation, event.into(), &trace)?;
            if let Some(event) = reservation.finish(moment.today) {
                tx.save_reservation(&reservation, event.into(), &trace.caused_by(end_set))?;
            }
            Ok(reservation.row().clone())
        })
        .await
    }
}
