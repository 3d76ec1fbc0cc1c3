//! The payment service away, slow, or losing its replies.

use std::time::Duration;

use storagerent::payment::Behaviour;
use storagerent::*;
use storagerent_tests::{Kept, Site, customer, day};

fn unknown(result: Result<ReservationRow, ReservationError>) -> ReservationRow {
    match result {
        Err(ReservationError::OutcomeUnknown { reservation, .. }) => *reservation,
        other => panic!("the outcome should be unknown: {other:?}"),
    }
}

fn status(site: &Site, id: ReservationId) -> ReservationStatus {
    site.app.reservation(id).unwrap().reservation_status
}

/// What the gateway's books and ours say of the money: captured, and refunded.
fn money(site: &Site) -> (i64, i64) {
    site.gateway
        .entries()
        .iter()
        .fold((0, 0), |(c, r), (_, captured, refunded)| (c + captured.amount(), r + refunded.amount()))
}

#[test]
fn the_breaker_lets_no_more_than_its_threshold_of_calls_through_and_recovers() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storages: Vec<_> = (0..100).map(|_| site.storage(1_000)).collect();
        site.gateway.set_behaviour(Behaviour::Down);
        for storage in &storages {
            let refused = site.app.reserve(&customer("kim"), Reserve::new(*storage)).unwrap_err();
            assert!(matches!(refused, ReservationError::PaymentUnavailable { .. }), "{refused}");
        }
        assert_eq!(site.gateway.calls().total(), 5, "the threshold");
        assert_eq!(site.app.breaker_state(), BreakerState::Open);
        let live = site.app.reservations(&ReservationFilter::default(), Page::default()).unwrap();
        assert!(live.iter().all(|r| r.reservation_status == ReservationStatus::Rejected), "nothing is held");
        assert_eq!(live.len(), 5, "with the breaker open nothing is written");

        site.gateway.set_behaviour(Behaviour::Approve);
        let waiting = site.app.reserve(&customer("kim"), Reserve::new(storages[0])).unwrap_err();
        let wait = waiting.retry_after().unwrap();
        assert!(wait <= Duration::from_secs(30), "{wait:?}");
        site.clock.advance(wait);
        assert_eq!(site.app.breaker_state(), BreakerState::HalfOpen);
        for storage in storages {
            site.reserve("kim", Reserve::new(storage));
        }
        assert_eq!(site.app.breaker_state(), BreakerState::Closed);
        site.rest();
        site.assert_clean();
    }
}

#[test]
fn with_the_breaker_open_messages_go_out_and_are_no_probe() {
    for kept in Kept::ALL {
        let letters = notify::Recorded::new("letters");
        let site = Site::with(kept, |options| options.notifier(letters.clone()));
        site.gateway.set_behaviour(Behaviour::Down);
        let fail = || drop(site.app.reserve(&customer("kim"), Reserve::new(site.storage(1_000))).unwrap_err());
        (0..5).for_each(|_| fail());
        assert_eq!((site.app.breaker_state(), letters.deliveries().len()), (BreakerState::Open, 0));
        assert_eq!(site.app.run_effects(3).unwrap().done, 3);
        site.clock.advance(Duration::from_secs(30));
        assert_eq!(site.app.run_effects(9).unwrap().done, 2);
        assert_eq!((site.app.breaker_state(), letters.deliveries().len()), (BreakerState::HalfOpen, 5));
        fail();
        assert_eq!(site.gateway.calls().total(), 6, "the probe was still to be made");
    }
}

#[test]
fn a_failed_probe_opens_the_breaker_again_after_one_call() {
    let site = Site::new(Kept::Memory);
    let storage = site.storage(1_000);
    site.gateway.set_behaviour(Behaviour::Down);
    for _ in 0..10 {
        site.app.reserve(&customer("kim"), Reserve::new(storage)).unwrap_err();
    }
    site.clock.advance(Duration::from_secs(30));
    for _ in 0..10 {
        site.app.reserve(&customer("kim"), Reserve::new(storage)).unwrap_err();
    }
    assert_eq!(site.gateway.calls().total(), 6, "one probe only");
}

#[test]
fn declined_cards_never_trip_the_breaker() {
    let site = Site::new(Kept::Memory);
    let storage = site.storage(1_000);
    site.gateway.set_behaviour(Behaviour::Decline);
    for _ in 0..20 {
        let refused = site.app.reserve(&customer("kim"), Reserve::new(storage)).unwrap_err();
        assert_eq!(refused.kind(), Kind::Declined);
    }
    assert_eq!(site.app.breaker_state(), BreakerState::Closed);
    assert_eq!(site.gateway.calls().charges, 20);
}

#[test]
fn a_lost_reply_is_settled_and_confirmed_once() {
    for kept in Kept::ALL {
        for behaviour in [Behaviour::LostReply, Behaviour::Slow] {
            let site = Site::new(kept);
            let storage = site.storage(1_000);
            site.gateway.set_behaviour(behaviour);
            let held = unknown(site.app.reserve(&customer("kim"), Reserve::new(storage)));
            assert_eq!(held.reservation_status, ReservationStatus::ReqReserve);
            let rival = site.app.reserve(&customer("lee"), Reserve::new(storage)).unwrap_err();
            assert!(matches!(rival, ReservationError::Taken { .. }), "the hold blocks: {rival}");

            site.gateway.set_behaviour(Behaviour::Approve);
            assert_eq!(site.app.settle().unwrap().asked, 1);
            site.rest();
            assert_eq!(status(&site, held.booking.reservation_id), ReservationStatus::Reserved);
            assert_eq!(site.app.settle().unwrap().asked, 0);
            site.rest();
            assert_eq!(money(&site), (1_000, 0));
            assert_eq!(site.gateway.calls().charges, 1, "nobody repeats a charge");
            site.assert_clean();
        }
    }
}

#[test]
fn a_lost_reply_whose_hold_lapsed_with_a_rival_in_its_place_is_refunded_once() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        site.gateway.set_behaviour(Behaviour::LostReply);
        let lost = unknown(site.app.reserve(&customer("kim"), Reserve::new(storage)));
        site.gateway.set_behaviour(Behaviour::Approve);
        site.clock.advance(Duration::from_secs(601));
        // The rival's own first transaction writes the lapsed hold.
        let rival = site.reserve("lee", Reserve::new(storage));
        assert_eq!(status(&site, lost.booking.reservation_id), ReservationStatus::Expired);
        site.rest();
        assert_eq!(status(&site, rival.booking.reservation_id), ReservationStatus::Reserved);
        let payment = site.app.payment(lost.booking.payment_id).unwrap();
        assert_eq!(payment.payment_status, PaymentStatus::Cancelled);
        assert_eq!(money(&site), (2_000, 1_000));
        let kinds: Vec<_> = site
            .app
            .messages(&MessageFilter { customer: Some("kim".parse().unwrap()) }, Page::default())
            .unwrap()
            .into_iter()
            .map(|m| m.kind)
            .collect();
        assert_eq!(kinds, ["ReservationExpired", "PaymentCancelled"]);
        site.assert_clean();
    }
}

#[test]
fn an_expired_hold_whose_money_was_never_taken_is_voided() {
    for kept in Kept::ALL {
        let site = Site::with(kept, |options| options);
        let storage = site.storage(1_000);
        // A host that never makes the charge it was to make.
        let host =
            storagerent::over(std::sync::Arc::clone(&site.store), Options::without_gateway().clock(site.clock.clone()))
                .unwrap();
        let held = host.reserve(&customer("kim"), Reserve::new(storage)).unwrap();
        assert_eq!(held.reservation_status, ReservationStatus::ReqReserve);
        assert_eq!(site.app.settle().unwrap().asked, 0, "it is the host's to make while the hold stands");
        site.clock.advance(Duration::from_secs(601));
        site.rest();
        assert_eq!(status(&site, held.booking.reservation_id), ReservationStatus::Expired);
        assert_eq!(site.app.payment(held.booking.payment_id).unwrap().payment_status, PaymentStatus::Voided);
        assert_eq!(money(&site), (0, 0));
        assert!(host.due_effects(10).unwrap().is_empty(), "the charge is not made any more");
        site.assert_clean();
    }
}

#[test]
fn settling_waits_while_the_payment_service_is_down() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        site.gateway.set_behaviour(Behaviour::LostReply);
        let held = unknown(site.app.reserve(&customer("kim"), Reserve::new(storage)));
        site.gateway.set_behaviour(Behaviour::Down);
        for _ in 0..30 {
            site.app.run_due().unwrap();
            site.clock.advance(Duration::from_secs(10));
        }
        assert_eq!(status(&site, held.booking.reservation_id), ReservationStatus::ReqReserve);
        assert!(site.app.dead_letters(Page::default()).unwrap().is_empty(), "down never parks");
        site.gateway.set_behaviour(Behaviour::Approve);
        site.clock.advance(Duration::from_secs(300));
        site.rest();
        assert_eq!(status(&site, held.booking.reservation_id), ReservationStatus::Expired);
        assert_eq!(money(&site), (1_000, 1_000), "taken for what does not stand, given back");
        site.assert_clean();
    }
}

#[test]
fn a_refund_waits_for_the_payment_service_and_is_made_once() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        let row = site.reserve("kim", Reserve::new(storage));
        let id = row.booking.reservation_id;
        site.gateway.set_behaviour(Behaviour::Down);
        site.app.cancel(&customer("kim"), CancelReservation { reservation_id: id }).unwrap();
        site.app.run_due().unwrap();
        assert_eq!(status(&site, id), ReservationStatus::ReqCancel);
        let rival = site.app.reserve(&customer("lee"), Reserve::new(storage)).unwrap_err();
        assert!(matches!(rival, ReservationError::Taken { .. }), "blocked until refunded: {rival}");
        site.gateway.set_behaviour(Behaviour::Approve);
        site.clock.advance(Duration::from_secs(60));
        site.rest();
        assert_eq!(status(&site, id), ReservationStatus::Cancelled);
        assert_eq!(money(&site), (1_000, 1_000));
        site.reserve("lee", Reserve::new(storage));
        site.assert_clean();
    }
}

#[test]
fn under_one_idempotency_key_it_happens_once() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let (storage, other) = (site.storage(1_000), site.storage(1_000));
        let key = || customer("kim").with_idempotency_key(IdempotencyKey::new("k1").unwrap());
        let first = site.app.reserve(&key(), Reserve::new(storage)).unwrap();
        let again = site.app.reserve(&key(), Reserve::new(storage)).unwrap();
        assert_eq!(first.booking.reservation_id, again.booking.reservation_id);
        assert_eq!(site.gateway.calls().charges, 1);
        let reused = site.app.reserve(&key(), Reserve::new(other)).unwrap_err();
        assert!(matches!(reused, ReservationError::KeyReused { .. }), "{reused}");
        let lees = customer("lee").with_idempotency_key(IdempotencyKey::new("k1").unwrap());
        site.app.reserve(&lees, Reserve::new(other)).unwrap();

        let cancel = CancelReservation { reservation_id: first.booking.reservation_id };
        site.app.cancel(&customer("kim"), cancel).unwrap();
        site.rest();
        let after = site.app.reserve(&key(), Reserve::new(storage)).unwrap();
        assert_eq!(after.reservation_status, ReservationStatus::Cancelled, "its present state, no new one");
        site.assert_clean();
    }
}

#[test]
fn refusals_free_the_idempotency_key() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        let key = || customer("kim").with_idempotency_key(IdempotencyKey::new("k1").unwrap());
        site.gateway.set_behaviour(Behaviour::Decline);
        assert_eq!(site.app.reserve(&key(), Reserve::new(storage)).unwrap_err().kind(), Kind::Declined);
        site.gateway.set_behaviour(Behaviour::Approve);
        let dated = Reserve::new(storage).until(day("2027-01-01"));
        let row = site.app.reserve(&key(), dated).unwrap();
        assert_eq!(row.reservation_status, ReservationStatus::Reserved, "even with another body");
    }
}

#[test]
fn a_retry_under_the_key_settles_an_unknown_outcome_first() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        let key = || customer("kim").with_idempotency_key(IdempotencyKey::new("k1").unwrap());
        site.gateway.set_behaviour(Behaviour::LostReply);
        let held = unknown(site.app.reserve(&key(), Reserve::new(storage)));
        site.gateway.set_behaviour(Behaviour::Down);
        let still = unknown(site.app.reserve(&key(), Reserve::new(storage)));
        assert_eq!(held.booking.reservation_id, still.booking.reservation_id);
        site.gateway.set_behaviour(Behaviour::Approve);
        site.clock.advance(Duration::from_secs(5));
        let row = site.app.reserve(&key(), Reserve::new(storage)).unwrap();
        assert_eq!(row.booking.reservation_id, held.booking.reservation_id);
        assert_eq!(row.reservation_status, ReservationStatus::Reserved);
        assert_eq!(money(&site), (1_000, 0));
        site.rest();
        site.assert_clean();
    }
}

#[test]
fn a_retry_under_the_key_whose_charge_was_never_taken_reserves_anew() {
    // The host crashed between the hold and the charge: the lease runs out, the gateway knows nothing of the key.
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        let key = || customer("kim").with_idempotency_key(IdempotencyKey::new("k1").unwrap());
        let host =
            storagerent::over(std::sync::Arc::clone(&site.store), Options::without_gateway().clock(site.clock.clone()))
                .unwrap();
        let first = host.reserve(&key(), Reserve::new(storage)).unwrap();
        let leased = host.due_effects(1).unwrap();
        assert_eq!(leased.len(), 1);
        let live = unknown(site.app.reserve(&key(), Reserve::new(storage)));
        assert_eq!(live.booking.reservation_id, first.booking.reservation_id, "under a live lease: unknown");
        site.clock.advance(Duration::from_secs(60));
        let anew = site.app.reserve(&key(), Reserve::new(storage)).unwrap();
        assert_ne!(anew.booking.reservation_id, first.booking.reservation_id);
        assert_eq!(status(&site, first.booking.reservation_id), ReservationStatus::Rejected);
        assert_eq!(money(&site), (1_000, 0));
        // The crashed host comes back with an answer that came after all: there is nothing left to do about it.
        host.complete(&leased[0], Outcome::NotTaken { reason: "never sent".to_owned() }).unwrap();
        site.rest();
        site.assert_clean();
    }
}

#[test]
fn late_money_is_refunded_and_the_late_caller_told() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        let host =
            storagerent::over(std::sync::Arc::clone(&site.store), Options::without_gateway().clock(site.clock.clone()))
                .unwrap();
        let held = host.reserve(&customer("kim"), Reserve::new(storage)).unwrap();
        let leased = host.due_effects(1).unwrap().remove(0);
        let Task::Charge(charge) = leased.task.clone() else { panic!("a charge") };
        site.clock.advance(Duration::from_secs(601));
        site.app.tick().unwrap();
        site.reserve("lee", Reserve::new(storage));
        assert_eq!(site.gateway.charge(&charge, Duration::from_secs(5)), Outcome::Captured);
        host.complete(&leased, Outcome::Captured).unwrap();
        host.complete(&leased, Outcome::Captured).unwrap();
        assert_eq!(status(&site, held.booking.reservation_id), ReservationStatus::Expired);
        site.rest();
        assert_eq!(site.app.payment(held.booking.payment_id).unwrap().payment_status, PaymentStatus::Cancelled);
        assert_eq!(money(&site), (2_000, 1_000));
        site.assert_clean();
    }
}

#[test]
fn an_overdue_hold_that_nobody_wrote_off_is_still_confirmed() {
    let site = Site::new(Kept::Memory);
    let storage = site.storage(1_000);
    let host =
        storagerent::over(std::sync::Arc::clone(&site.store), Options::without_gateway().clock(site.clock.clone()))
            .unwrap();
    let held = host.reserve(&customer("kim"), Reserve::new(storage)).unwrap();
    let leased = host.due_effects(1).unwrap().remove(0);
    site.clock.advance(Duration::from_secs(3_600));
    host.complete(&leased, Outcome::Captured).unwrap();
    assert_eq!(status(&site, held.booking.reservation_id), ReservationStatus::Reserved);
}

#[test]
fn a_gateway_that_contradicts_itself_is_parked_for_people() {
    let site = Site::new(Kept::Memory);
    let storage = site.storage(1_000);
    let host =
        storagerent::over(std::sync::Arc::clone(&site.store), Options::without_gateway().clock(site.clock.clone()))
            .unwrap();
    host.reserve(&customer("kim"), Reserve::new(storage)).unwrap();
    let leased = host.due_effects(1).unwrap().remove(0);
    host.complete(&leased, Outcome::Declined { reason: "no".to_owned() }).unwrap();
    host.complete(&leased, Outcome::Captured).unwrap();
    let letters = site.app.dead_letters(Page::default()).unwrap();
    assert_eq!(letters.len(), 1);
    assert!(letters[0].reason.contains("Captured"), "{}", letters[0].reason);
}

#[test]
fn a_refund_refused_for_good_is_parked_and_never_given_up() {
    let site = Site::new(Kept::Memory);
    let storage = site.storage(1_000);
    let row = site.reserve("kim", Reserve::new(storage));
    let host =
        storagerent::over(std::sync::Arc::clone(&site.store), Options::without_gateway().clock(site.clock.clone()))
            .unwrap();
    let id = row.booking.reservation_id;
    host.cancel(&customer("kim"), CancelReservation { reservation_id: id }).unwrap();
    let refund = host.due_effects(1).unwrap().remove(0);
    host.complete(&refund, Outcome::Refused { reason: "account closed".to_owned() }).unwrap();
    assert_eq!(status(&site, id), ReservationStatus::ReqCancel, "it stays there");
    let letter = site.app.dead_letters(Page::default()).unwrap().remove(0);
    let manager = Caller::manager();
    let kept = site.app.discard_dead_letter(&manager, letter.dead_letter_id, "we phoned").unwrap_err();
    assert!(matches!(kept, OperationError::MoneyNotDiscarded { .. }), "{kept}");
    site.app.retry_dead_letter(&manager, letter.dead_letter_id).unwrap();
    site.rest();
    assert_eq!(status(&site, id), ReservationStatus::Cancelled);
    site.assert_clean();
}

#[test]
fn a_customer_may_be_told_the_truth_when_the_hold_lapsed_during_the_charge() {
    /// A gateway during whose charge the hold lapses and is written off.
    struct SlowCharge(std::sync::Mutex<Option<(App, storagerent::clock::ManualClock)>>);
    impl PaymentGateway for SlowCharge {
        fn name(&self) -> &str {
            "simulated"
        }
        fn charge(&self, _: &Charge, _: Duration) -> Outcome {
            if let Some((app, clock)) = self.0.lock().unwrap().take() {
                clock.advance(Duration::from_secs(601));
                app.tick().unwrap();
            }
            Outcome::Captured
        }
        fn void(&self, _: &Charge, _: Duration) -> Outcome {
            Outcome::Captured
        }
        fn refund(&self, _: &Charge, _: Duration) -> Outcome {
            Outcome::Refunded
        }
    }
    let site = Site::new(Kept::Memory);
    let storage = site.storage(1_000);
    let slow = SlowCharge(std::sync::Mutex::new(Some((site.app.clone(), site.clock.clone()))));
    let app =
        storagerent::over(std::sync::Arc::clone(&site.store), Options::new(slow).clock(site.clock.clone())).unwrap();
    let lapsed = app.reserve(&customer("kim"), Reserve::new(storage)).unwrap_err();
    assert!(matches!(lapsed, ReservationError::HoldLapsed { .. }), "{lapsed}");
    app.run_due().unwrap();
    let payments = app.payments(Page::default()).unwrap();
    assert_eq!(payments[0].payment_status, PaymentStatus::Cancelled, "given back");
}

#[test]
fn an_operator_who_hurries_does_not_wait_for_the_next_try() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        let row = site.reserve("kim", Reserve::new(storage));
        let id = row.booking.reservation_id;
        site.gateway.set_behaviour(Behaviour::Down);
        site.app.cancel(&customer("kim"), CancelReservation { reservation_id: id }).unwrap();
        site.app.run_due().unwrap();
        site.gateway.set_behaviour(Behaviour::Approve);
        site.app.run_due().unwrap();
        assert_eq!(status(&site, id), ReservationStatus::ReqCancel, "in backoff");
        assert_eq!(site.app.hurry(&customer("kim")).unwrap_err().kind(), Kind::NotAllowed);
        site.app.hurry(&Caller::manager()).unwrap();
        site.app.run_due().unwrap();
        assert_eq!(status(&site, id), ReservationStatus::Cancelled);
        site.assert_clean();
    }
}

/// What another process plugs in.
struct Elsewhere;

impl Notifier for Elsewhere {
    fn channel(&self) -> &str {
        "sms"
    }
    fn deliver(&self, _: Key, _: &MessageRow) -> Outcome {
        Outcome::Delivered
    }
}

impl Consumer for Elsewhere {
    fn name(&self) -> &str {
        "ledger"
    }
    fn take(&self, _: &Envelope) -> Result<(), ConsumeError> {
        Ok(())
    }
}

#[test]
fn what_only_others_can_do_does_not_keep_a_host_from_what_is_due_here() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        let other = site.another_app(|options| options.notifier(Elsewhere).consumer(Elsewhere));
        let row = site.reserve("kim", Reserve::new(storage));
        site.rest();
        assert_eq!(site.app.run_due().unwrap().next_at, None, "a message and events wait for that one");
        site.gateway.set_behaviour(Behaviour::Down);
        site.app.cancel(&customer("kim"), CancelReservation { reservation_id: row.booking.reservation_id }).unwrap();
        site.app.run_due().unwrap();
        let idle = site.app.run_due().unwrap();
        let wait = idle.wait(site.app.now(), Duration::from_secs(3_600));
        assert_eq!(wait, Duration::from_secs(1), "until the refund is due again");
        site.gateway.set_behaviour(Behaviour::Approve);
        site.clock.advance(wait);
        assert_eq!(site.app.run_due().unwrap().effects.done, 1);
        assert_eq!(status(&site, row.booking.reservation_id), ReservationStatus::Cancelled);
        assert_eq!(other.run_due().unwrap().effects.done, 3, "what waited for it: reserved, on its way, given back");
    }
}

/// Keeps the store for a while.
struct Keeps(std::sync::mpsc::Sender<()>);

impl ports::Work for Keeps {
    fn run(&mut self, _: &mut dyn ports::Transaction) -> ports::Verdict {
        self.0.send(()).unwrap();
        std::thread::sleep(Duration::from_millis(500));
        ports::Verdict::Keep
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        outcome.unwrap();
    }
}

#[test]
fn what_is_not_known_is_settled_however_short_the_patience_of_callers() {
    for kept in Kept::ALL {
        let site = Site::with(kept, |options| options.wait_max(Duration::from_millis(20)));
        let storage_id = site.storage(59_000);
        site.gateway.set_behaviour(Behaviour::LostReply);
        site.app.reserve(&customer("kim"), Reserve::new(storage_id)).unwrap_err();
        let (kept, keeps) = std::sync::mpsc::channel();
        std::thread::scope(|s| {
            s.spawn(|| {
                if site.store.submit(vec![Box::new(Keeps(kept))], Duration::from_secs(10)) {
                    site.store.drive();
                }
            });
            keeps.recv().unwrap();
            assert_eq!(site.app.settle().map(|settled| settled.asked), Ok(1));
        });
    }
}
