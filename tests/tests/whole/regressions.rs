//! What the simulator found in the engine, each as small as it goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use storagerent::*;
use storagerent_tests::{Kept, Site, customer, day};

/// A consumer inside the file that fails after its effect while told to: by a panic, or for good.
fn failing(kept: Kept, consumer: &'static str, panics: bool) -> (Site, Arc<AtomicBool>) {
    let fails = Arc::new(AtomicBool::new(true));
    let told = Arc::clone(&fails);
    let site = Site::with(kept, move |options| {
        options.sabotage(Arc::new(move |name, event| {
            let concerned = event.event.event_type().starts_with("ReservationC");
            match name == consumer && concerned && told.load(Ordering::SeqCst) {
                true if panics => std::panic::resume_unwind(Box::new("on purpose".to_owned())),
                true => Err(ConsumeError::Permanent("on purpose".to_owned())),
                false => Ok(()),
            }
        }))
    });
    (site, fails)
}

#[test]
fn a_dead_letter_that_panics_again_is_said_to_have_failed_again() {
    for kept in Kept::ALL {
        let (site, fails) = failing(kept, "message", true);
        let storage = site.storage(1_000);
        site.reserve("kim", Reserve::new(storage));
        let letter = site.app.dead_letters(Page::default()).unwrap().remove(0);
        let again = site.app.retry_dead_letter(&Caller::manager(), letter.dead_letter_id).unwrap_err();
        assert!(matches!(again, OperationError::FailedAgain { .. }), "{again}");
        fails.store(false, Ordering::SeqCst);
        site.app.retry_dead_letter(&Caller::manager(), letter.dead_letter_id).unwrap();
        assert_eq!(site.app.messages(&MessageFilter::default(), Page::default()).unwrap().len(), 1);
    }
}

#[test]
fn a_refund_that_is_not_written_down_yet_is_not_given_up_either() {
    for kept in Kept::ALL {
        let (site, fails) = failing(kept, "payment", false);
        let storage = site.storage(1_000);
        let reservation_id = site.reserve("kim", Reserve::new(storage)).booking.reservation_id;
        site.app.cancel(&customer("kim"), CancelReservation { reservation_id }).unwrap();
        let letter = site.app.dead_letters(Page::default()).unwrap().remove(0);
        let refused = site.app.discard_dead_letter(&Caller::manager(), letter.dead_letter_id, "no time").unwrap_err();
        assert!(matches!(refused, OperationError::MoneyNotDiscarded { .. }), "{refused}");
        fails.store(false, Ordering::SeqCst);
        site.app.retry_dead_letter(&Caller::manager(), letter.dead_letter_id).unwrap();
        site.rest();
        assert_eq!(site.app.reservation(reservation_id).unwrap().reservation_status, ReservationStatus::Cancelled);
        site.assert_clean();
    }
}

#[test]
fn a_rental_ended_before_its_late_start_was_announced_gets_both() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        let command = Reserve::new(storage).from(day("2026-11-23")).until(day("2026-12-20"));
        let reservation_id = site.reserve("kim", command).booking.reservation_id;
        site.clock.advance_days(3);
        let before = site.events().len() as u64;
        site.app.end(&customer("kim"), EndRental { reservation_id, on: Some(site.today()) }).unwrap();
        let raised = site.event_types_after(before);
        assert_eq!(raised[..3], ["RentalStarted", "RentalEndSet", "RentalEnded"], "{raised:?}");
        site.rest();
        site.assert_clean();
    }
}

#[test]
fn a_retried_dead_letter_of_an_effect_done_meanwhile_does_it_no_second_time() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        let reservation_id = site.reserve("kim", Reserve::new(storage)).booking.reservation_id;
        site.app.cancel(&customer("kim"), CancelReservation { reservation_id }).unwrap();
        let refund = site.app.due_effects(1).unwrap().remove(0);
        site.app.complete(&refund, Outcome::Refused { reason: "no".to_owned() }).unwrap();
        let letter = site.app.dead_letters(Page::default()).unwrap().remove(0);
        site.app.complete(&refund, Outcome::Refunded).unwrap();
        site.app.retry_dead_letter(&Caller::manager(), letter.dead_letter_id).unwrap();
        assert_eq!(site.app.due_effects(9).unwrap(), [], "the refund is done");
        site.rest();
        assert_eq!(site.gateway.calls().refunds, 0);
    }
}
