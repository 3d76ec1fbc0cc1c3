//! Facts about what is due: holds that lapse, rentals that start and end.

use std::sync::Arc;

use chrono::TimeDelta;

use super::world::{at, customer, day, kept, new_hold, new_rental, new_storage_id, period, seen, step};
use crate::ports::{DueRental, Store};
use crate::reservation::Reservation;
use crate::shared::ReservationId;

pub(super) fn overdue_holds_come_oldest_first(store: &Arc<dyn Store>) {
    assert_eq!(seen(store, |q| q.next_hold_expiry()), None);
    kept(store, |tx| {
        let id = new_storage_id(tx, "one")?;
        for (n, expires) in [300, 100, 200, 100, 50].into_iter().enumerate() {
            let n = n as u64;
            new_hold(tx, id, "kim", period(n, Some(n + 1)), at(expires))?;
        }
        let mut paid = Reservation::load(ReservationId::new(5), tx.reservation(ReservationId::new(5))?).expect("there");
        let event = paid.confirm(day(0));
        step(tx, &paid, event)
    });
    let overdue = |now, limit| -> Vec<u64> {
        let rows = seen(store, |q| q.overdue_holds(at(now), limit));
        rows.iter().map(|row| row.booking.reservation_id.get()).collect()
    };
    assert_eq!(seen(store, |q| q.overdue_holds(at(100) - TimeDelta::microseconds(1), 10)), []);
    assert_eq!(overdue(100, 10), [2, 4], "from the moment itself on, and by id within one");
    assert_eq!(overdue(300, 10), [2, 4, 3, 1]);
    assert_eq!(overdue(300, 3), [2, 4, 3]);
    assert_eq!(overdue(300, 0), [0; 0]);
    assert_eq!(seen(store, |q| q.next_hold_expiry()), Some(at(100)), "what is paid does not lapse");
    for (id, next) in [(2, Some(at(100))), (4, Some(at(200))), (3, Some(at(300))), (1, None)] {
        kept(store, move |tx| {
            let id = ReservationId::new(id);
            let mut hold = Reservation::load(id, tx.reservation(id)?).expect("it is there");
            let event = hold.expire(at(300));
            step(tx, &hold, event)
        });
        assert_eq!(seen(store, |q| q.next_hold_expiry()), next);
    }
    assert_eq!(overdue(300, 10), [0; 0]);
}

pub(super) fn holds_that_stand_are_counted_by_customer(store: &Arc<dyn Store>) {
    let holds = |name: &str, now, limit| {
        let customer = customer(name);
        seen(store, |q| q.holds_of(&customer, at(now), limit))
    };
    assert_eq!(holds("kim", 0, 9), 0);
    kept(store, |tx| {
        let id = new_storage_id(tx, "one")?;
        for (n, (name, expires)) in [("kim", 100), ("lee", 100), ("kim", 200), ("kim", 300)].into_iter().enumerate() {
            let n = n as u64;
            new_hold(tx, id, name, period(n, Some(n + 1)), at(expires))?;
        }
        let mut paid = Reservation::load(ReservationId::new(4), tx.reservation(ReservationId::new(4))?).expect("there");
        let event = paid.confirm(day(0));
        step(tx, &paid, event)?;
        assert_eq!(tx.holds_of(&customer("kim"), at(0), 9)?, 2, "a work sees its own");
        Ok(())
    });
    assert_eq!((holds("kim", 99, 9), holds("lee", 99, 9), holds("choi", 99, 9)), (2, 1, 0), "what is paid is no hold");
    let a_moment_before = at(100) - TimeDelta::microseconds(1);
    assert_eq!(seen(store, |q| q.holds_of(&customer("kim"), a_moment_before, 9)), 2);
    assert_eq!(holds("kim", 100, 9), 1, "nor is what lapsed, from the moment itself on");
    assert_eq!((holds("kim", 0, 1), holds("kim", 0, 0)), (1, 0), "counted up to the limit");
}

fn due(on: u64, is_start: bool, id: u64) -> DueRental {
    DueRental { day: day(on), is_start, reservation_id: ReservationId::new(id) }
}

pub(super) fn due_rentals_come_by_day_ends_before_starts(store: &Arc<dyn Store>) {
    assert_eq!(seen(store, |q| Ok((q.due_rentals(day(9), 9)?, q.next_rental_day()?))), (Vec::new(), None));
    kept(store, |tx| {
        for (from, until, confirmed_on) in
            [(5, Some(8), 0), (2, Some(5), 2), (5, None, 0), (1, Some(3), 0), (3, None, 3), (5, Some(6), 0)]
        {
            let id = new_storage_id(tx, "one each")?;
            new_rental(tx, id, "kim", period(from, until), day(confirmed_on))?;
        }
        Ok(())
    });
    let all = [
        due(1, true, 4),
        due(3, false, 4),
        due(5, false, 2),
        due(5, true, 1),
        due(5, true, 3),
        due(5, true, 6),
        due(6, false, 6),
        due(8, false, 1),
    ];
    for today in 0..10 {
        let expected: Vec<_> = all.iter().filter(|due| due.day <= day(today)).copied().collect();
        assert_eq!(seen(store, |q| q.due_rentals(day(today), 100)), expected, "on day {today}");
    }
    assert_eq!(seen(store, |q| q.due_rentals(day(9), 4)), all[..4]);
    assert_eq!(seen(store, |q| q.due_rentals(day(9), 0)), []);
    for due in all {
        assert_eq!(seen(store, |q| q.next_rental_day()), Some(due.day), "before {due:?}");
        assert_eq!(seen(store, |q| q.due_rentals(day(9), 1)), [due]);
        kept(store, move |tx| {
            let mut rental = Reservation::load(due.reservation_id, tx.reservation(due.reservation_id)?).expect("there");
            let event = if due.is_start { rental.start(day(9)) } else { rental.finish(day(9)) };
            step(tx, &rental, event)
        });
    }
    assert_eq!(seen(store, |q| Ok((q.due_rentals(day(9), 9)?, q.next_rental_day()?))), (Vec::new(), None));
}

pub(super) fn only_reserved_rentals_are_due(store: &Arc<dyn Store>) {
    let id = kept(store, |tx| {
        let id = new_storage_id(tx, "one")?;
        new_hold(tx, id, "kim", period(1, Some(2)), at(600))?;
        let mut to_cancel = new_rental(tx, id, "kim", period(2, Some(3)), day(0))?;
        let event = to_cancel.cancel(day(0)).expect("it has not begun");
        step(tx, &to_cancel, event)?;
        Ok(new_rental(tx, id, "kim", period(3, None), day(3))?.row().booking.reservation_id)
    });
    assert_eq!(seen(store, |q| Ok((q.due_rentals(day(9), 9)?, q.next_rental_day()?))), (Vec::new(), None));
    kept(store, move |tx| {
        let mut rental = Reservation::load(id, tx.reservation(id)?).expect("it is there");
        let event = rental.set_end(day(8), day(4)).expect("an end after the first day");
        step(tx, &rental, event)
    });
    assert_eq!(seen(store, |q| q.next_rental_day()), Some(day(8)), "an end that is set becomes due");
    assert_eq!(seen(store, |q| q.due_rentals(day(8), 9)), [due(8, false, id.get())]);
    assert_eq!(seen(store, |q| q.due_rentals(day(7), 9)), []);
}
