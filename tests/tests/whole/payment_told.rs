//! What the payment service tells of its own accord: booked as the charge's own reply would have been, once, whatever else knows.

use storagerent::chrono::TimeDelta;
use storagerent::payment::Behaviour;
use storagerent::*;
use storagerent_tests::{Kept, Site, customer};

fn why() -> String {
    "why".to_owned()
}

/// A site on which a charge was captured and its reply lost, and the payment.
fn in_doubt(kept: Kept) -> (Site, PaymentRow) {
    let site = Site::new(kept);
    let storage_id = site.storage(59_000);
    site.gateway.set_behaviour(Behaviour::LostReply);
    let refusal = site.app.reserve(&customer("kim"), Reserve::new(storage_id)).unwrap_err();
    assert_eq!(refusal.code(), "outcomeUnknown");
    site.gateway.set_behaviour(Behaviour::Approve);
    let payment = site.app.payment(PaymentId::new(1)).unwrap();
    (site, payment)
}

fn statuses(site: &Site) -> (ReservationStatus, PaymentStatus) {
    let reservation = site.app.reservation(ReservationId::new(1)).unwrap();
    (reservation.reservation_status, site.app.payment(PaymentId::new(1)).unwrap().payment_status)
}

#[test]
fn a_lost_reply_is_made_good_and_told_again_changes_nothing() {
    for kept in Kept::ALL {
        let (site, payment) = in_doubt(kept);
        let told = || site.app.payment_told(payment.key, payment.price, Outcome::Captured).unwrap();
        let before = site.events().len() as u64;
        assert_eq!(told().payment_status, PaymentStatus::Paid);
        let events = site.event_types_after(before);
        assert_eq!(events[..2], ["PaymentApproved", "ReservationConfirmed"]);
        let after = site.events().len();
        assert_eq!(told().payment_status, PaymentStatus::Paid);
        assert_eq!(site.events().len(), after);
        let correlation = site.app.reservation(ReservationId::new(1)).unwrap().correlation_id;
        assert!(site.events().iter().skip(before as usize).all(|e| e.correlation_id == correlation));
        site.rest();
        assert_eq!(site.gateway.calls().voids, 0, "nobody has to ask any more");
        site.assert_clean();
    }
}

#[test]
fn money_told_of_after_its_hold_has_lapsed_is_given_back_once() {
    for kept in Kept::ALL {
        let (site, payment) = in_doubt(kept);
        site.clock.advance(TimeDelta::minutes(11).to_std().unwrap());
        site.app.tick().unwrap();
        site.app.payment_told(payment.key, payment.price, Outcome::Captured).unwrap();
        site.rest();
        assert_eq!(statuses(&site), (ReservationStatus::Expired, PaymentStatus::Cancelled));
        assert_eq!(site.gateway.entries(), [(payment.key, payment.price, payment.price)]);
        // Told once more after the refund: it was taken, and has gone back.
        site.app.payment_told(payment.key, payment.price, Outcome::Captured).unwrap();
        site.rest();
        assert_eq!(site.gateway.entries(), [(payment.key, payment.price, payment.price)]);
        site.assert_clean();
    }
}

#[test]
fn told_while_it_is_being_asked_about_both_answers_fit() {
    let (site, payment) = in_doubt(Kept::Memory);
    site.app.settle().unwrap();
    let void = site.another_app(|options| options).due_effects(9).unwrap();
    assert!(matches!(void[..], [Effect { task: Task::Void(_), .. }]), "{void:?}");
    site.app.payment_told(payment.key, payment.price, Outcome::Captured).unwrap();
    site.app.complete(&void[0], Outcome::Captured).unwrap();
    site.rest();
    assert_eq!(statuses(&site), (ReservationStatus::Reserved, PaymentStatus::Paid));
    assert_eq!(site.app.status().unwrap().counts.dead_letters, 0);
    site.assert_clean();
}

#[test]
fn told_before_the_reply_a_lost_reply_takes_nothing_back() {
    let site = Site::new(Kept::Memory);
    let host = site.another_app(|_| Options::without_gateway().clock(site.clock.clone()));
    let storage_id = site.storage(59_000);
    host.reserve(&customer("kim"), Reserve::new(storage_id)).unwrap();
    let charge = host.due_effects(1).unwrap().remove(0);
    host.payment_told(charge.key, Money::krw(59_000), Outcome::Captured).unwrap();
    host.complete(&charge, Outcome::Unknown { reason: why() }).unwrap();
    assert_eq!(statuses(&site), (ReservationStatus::Reserved, PaymentStatus::Paid));
    assert_eq!(host.settle().unwrap().asked, 0);
}

#[test]
fn a_refused_charge_frees_the_storage() {
    for (outcome, status) in [
        (Outcome::Declined { reason: why() }, PaymentStatus::Declined),
        (Outcome::NotTaken { reason: why() }, PaymentStatus::Voided),
    ] {
        let site = Site::new(Kept::Memory);
        let host = site.another_app(|_| Options::without_gateway().clock(site.clock.clone()));
        let storage_id = site.storage(59_000);
        host.reserve(&customer("kim"), Reserve::new(storage_id)).unwrap();
        let charge = host.due_effects(1).unwrap().remove(0);
        host.payment_told(charge.key, Money::krw(59_000), outcome).unwrap();
        assert_eq!(statuses(&site), (ReservationStatus::Rejected, status));
        host.reserve(&customer("lee"), Reserve::new(storage_id)).unwrap();
    }
}

#[test]
fn an_unknown_key_or_another_amount_is_not_found_and_books_nothing() {
    let (site, payment) = in_doubt(Kept::Memory);
    let before = site.events();
    for (key, amount) in [
        (Key::new(1), payment.price),
        (payment.key, Money::krw(58_999)),
        (payment.key, Money::new(59_000, Currency::USD)),
    ] {
        let refusal = site.app.payment_told(key, amount, Outcome::Captured).unwrap_err();
        assert_eq!((refusal.kind(), refusal.code()), (Kind::NotFound, "paymentKeyNotFound"));
    }
    assert_eq!(site.events(), before);
}

#[test]
fn what_settles_no_charge_is_refused_and_books_nothing() {
    let (site, payment) = in_doubt(Kept::Memory);
    let before = site.events();
    for outcome in [
        Outcome::Unknown { reason: why() },
        Outcome::Refunded,
        Outcome::Delivered,
        Outcome::Unavailable { reason: why() },
        Outcome::Refused { reason: why() },
    ] {
        let refusal = site.app.payment_told(payment.key, payment.price, outcome).unwrap_err();
        assert_eq!((refusal.kind(), refusal.code()), (Kind::Invalid, "wrongOutcome"));
    }
    assert_eq!(site.events(), before);
}

#[test]
fn a_contradiction_is_parked_once_and_books_nothing() {
    let (site, payment) = in_doubt(Kept::Memory);
    site.app.payment_told(payment.key, payment.price, Outcome::Captured).unwrap();
    let before = site.events();
    for _ in 0..3 {
        let told = site.app.payment_told(payment.key, payment.price, Outcome::NotTaken { reason: why() }).unwrap();
        assert_eq!(told.payment_status, PaymentStatus::Paid);
    }
    assert_eq!(site.events(), before);
    assert_eq!(site.app.status().unwrap().counts.dead_letters, 1);
}

#[test]
fn a_contradiction_that_is_retried_is_asked_about_and_never_forgotten() {
    for kept in Kept::ALL {
        // The service swore never to take it, and then says that it did.
        let (site, payment) = in_doubt(kept);
        site.app.payment_told(payment.key, payment.price, Outcome::NotTaken { reason: why() }).unwrap();
        assert_eq!(statuses(&site), (ReservationStatus::Rejected, PaymentStatus::Voided));
        site.app.payment_told(payment.key, payment.price, Outcome::Captured).unwrap();
        let open = || site.app.dead_letters(Page::default()).unwrap();
        let [letter] = &open()[..] else { panic!("{:?}", open()) };
        let (manager, before) = (Caller::manager(), site.events());
        assert_eq!(
            site.app.discard_dead_letter(&manager, letter.dead_letter_id, "no").unwrap_err().code(),
            "moneyNotDiscarded"
        );
        site.app.retry_dead_letter(&manager, letter.dead_letter_id).unwrap();
        site.rest();
        assert_eq!(
            (site.gateway.calls().voids, site.gateway.calls().charges),
            (1, 1),
            "it was asked, and not charged again"
        );
        // The money is there: the books still contradict each other.
        let [again] = &open()[..] else { panic!("{:?}", open()) };
        assert!(again.dead_letter_id > letter.dead_letter_id, "{again:?}");
        assert_eq!(site.events(), before, "nothing was booked");
        site.assert_clean();
    }
}

#[test]
fn a_contradiction_that_the_service_takes_back_is_closed_by_a_retry() {
    let (site, payment) = in_doubt(Kept::Memory);
    site.app.payment_told(payment.key, payment.price, Outcome::Captured).unwrap();
    site.app.payment_told(payment.key, payment.price, Outcome::NotTaken { reason: why() }).unwrap();
    // What it says unasked does not settle it.
    site.app.payment_told(payment.key, payment.price, Outcome::Captured).unwrap();
    let letter = site.app.dead_letters(Page::default()).unwrap().remove(0);
    site.app.retry_dead_letter(&Caller::manager(), letter.dead_letter_id).unwrap();
    site.rest();
    assert_eq!(site.gateway.calls().voids, 1);
    assert_eq!(site.app.status().unwrap().counts.dead_letters, 0, "asked, it says that it was captured");
    assert_eq!(statuses(&site), (ReservationStatus::Reserved, PaymentStatus::Paid));
    site.assert_clean();
}

#[test]
fn whoever_waits_for_a_charge_that_contradicts_its_void_is_not_told_that_the_money_comes_back() {
    let site = Site::new(Kept::Memory);
    let host = site.another_app(|_| Options::without_gateway().clock(site.clock.clone()));
    let (kim, command) = (customer("kim"), Reserve::new(site.storage(59_000)));
    let begun = host.begin_reserve(&kim, command).unwrap();
    let charge = begun.effect.clone().unwrap();
    host.payment_told(charge.key, Money::krw(59_000), Outcome::NotTaken { reason: why() }).unwrap();
    for _ in 0..2 {
        let refusal = host.resume_reserve(&kim, command, &begun, Outcome::Captured).unwrap_err();
        assert_eq!(refusal.code(), "outcomeUnknown", "{refusal}");
    }
    assert_eq!(host.status().unwrap().counts.dead_letters, 1, "one letter, however often it is told");
}

#[test]
fn told_of_its_probe_before_the_reply_the_breaker_closes() {
    let site = Site::new(Kept::Memory);
    let host = site.another_app(|_| Options::without_gateway().clock(site.clock.clone()));
    host.set(&Caller::manager(), "breakerFailures", "1").unwrap();
    let kim = customer("kim");
    let reserve = |told: bool, outcome: Outcome| {
        let command = Reserve::new(site.storage(59_000));
        let begun = host.begin_reserve(&kim, command).unwrap();
        if told {
            let charge = begun.effect.as_ref().unwrap();
            host.payment_told(charge.key, Money::krw(59_000), outcome.clone()).unwrap();
        }
        host.resume_reserve(&kim, command, &begun, outcome)
    };
    reserve(false, Outcome::NotTaken { reason: why() }).unwrap_err();
    assert_eq!(host.breaker_state(), BreakerState::Open);
    site.clock.advance(TimeDelta::seconds(30).to_std().unwrap());
    assert_eq!(host.breaker_state(), BreakerState::HalfOpen);
    reserve(true, Outcome::Captured).unwrap();
    assert_eq!(host.breaker_state(), BreakerState::Closed, "the service has answered, by another way");
    reserve(true, Outcome::Captured).unwrap();
}

#[test]
fn a_contradiction_is_asked_about_whatever_is_told_before_somebody_looks() {
    let site = Site::new(Kept::Memory);
    let host = site.another_app(|_| Options::without_gateway().clock(site.clock.clone()));
    let (kim, command) = (customer("kim"), Reserve::new(site.storage(59_000)));
    let begun = host.begin_reserve(&kim, command).unwrap();
    let charge = begun.effect.clone().unwrap();
    let (told, not_taken) = (
        |outcome| host.payment_told(charge.key, Money::krw(59_000), outcome).unwrap(),
        || Outcome::NotTaken { reason: why() },
    );
    told(not_taken());
    told(Outcome::Captured);
    host.complete(&charge, not_taken()).unwrap();
    let letter = host.dead_letters(Page::default()).unwrap().remove(0);
    host.retry_dead_letter(&Caller::manager(), letter.dead_letter_id).unwrap();
    let asked = host.due_effects(9).unwrap();
    assert!(asked.iter().any(|effect| matches!(effect.task, Task::Void(_))), "{asked:?}");
}
