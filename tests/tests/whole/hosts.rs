//! Hosts that do the effects themselves: what they are handed, and what they may tell.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use storagerent::payment::Behaviour;
use storagerent::ports::{Queries, Store, StoreError, Work};
use storagerent::*;
use storagerent_tests::{Kept, Site, customer};

/// An application without a gateway over the site's store.
fn host(site: &Site) -> App {
    let options = Options::without_gateway().clock(site.clock.clone()).notifier(notify::Recorded::new("sms"));
    storagerent::over(Arc::clone(&site.store), options).unwrap()
}

fn only(mut effects: Vec<Effect>) -> Effect {
    assert_eq!(effects.len(), 1, "{effects:?}");
    effects.remove(0)
}

fn outcomes() -> [Outcome; 8] {
    let reason = || "because".to_owned();
    [
        Outcome::Captured,
        Outcome::Declined { reason: reason() },
        Outcome::NotTaken { reason: reason() },
        Outcome::Unknown { reason: reason() },
        Outcome::Refunded,
        Outcome::Delivered,
        Outcome::Unavailable { reason: reason() },
        Outcome::Refused { reason: reason() },
    ]
}

/// A host with one effect of each kind handed out: a charge, a void, a refund and a delivery.
fn one_of_each_kind(site: &Site) -> (App, Vec<Effect>) {
    let host = host(site);
    let storages: Vec<_> = (0..3).map(|_| site.storage(1_000)).collect();
    let paid = site.reserve("kim", Reserve::new(storages[0]));
    host.due_effects(9).unwrap().iter().for_each(|told| host.complete(told, Outcome::Delivered).unwrap());
    site.gateway.set_behaviour(Behaviour::LostReply);
    site.app.reserve(&customer("lee"), Reserve::new(storages[1])).unwrap_err();
    site.gateway.set_behaviour(Behaviour::Approve);
    site.app.settle().unwrap();
    let reservation_id = paid.booking.reservation_id;
    site.app.cancel(&customer("kim"), CancelReservation { reservation_id }).unwrap();
    host.reserve(&customer("park"), Reserve::new(storages[2])).unwrap();
    let effects = host.due_effects(9).unwrap();
    let kinds: Vec<_> = effects
        .iter()
        .map(|e| match e.task {
            Task::Charge(_) => "charge",
            Task::Void(_) => "void",
            Task::Refund(_) => "refund",
            Task::Deliver { .. } => "deliver",
        })
        .collect();
    assert_eq!(kinds, ["void", "refund", "deliver", "charge"]);
    (host, effects)
}

#[test]
fn an_outcome_that_an_effect_cannot_have_is_refused_and_changes_nothing() {
    let mut refused = Vec::new();
    for n in 0..4 {
        for outcome in outcomes() {
            let site = Site::new(Kept::Memory);
            let (host, effects) = one_of_each_kind(&site);
            let events = site.events();
            let told = serde_json::to_value(&outcome).unwrap()["outcome"].as_str().unwrap().to_owned();
            if let Err(error) = host.complete(&effects[n], outcome.clone()) {
                assert_eq!((error.kind(), error.code()), (Kind::Invalid, "wrongOutcome"), "{error}");
                assert_eq!(site.events(), events, "nothing is written");
                host.complete(&effects[n], right(&effects[n])).expect("the right one may still be told");
                refused.push((n, told));
            }
        }
    }
    let expected: [&[&str]; 4] = [
        &["declined", "refunded", "delivered"],
        &["captured", "declined", "notTaken", "delivered"],
        &["captured", "declined", "notTaken", "refunded"],
        &["refunded", "delivered", "unavailable", "refused"],
    ];
    let flat: Vec<_> =
        expected.iter().enumerate().flat_map(|(n, told)| told.iter().map(move |t| (n, (*t).to_owned()))).collect();
    assert_eq!(refused, flat, "of a void, a refund, a delivery and a charge");
}

fn right(effect: &Effect) -> Outcome {
    match effect.task {
        Task::Charge(_) | Task::Void(_) => Outcome::Captured,
        Task::Refund(_) => Outcome::Refunded,
        Task::Deliver { .. } => Outcome::Delivered,
    }
}

#[test]
fn the_outcome_of_an_effect_nobody_knows_is_refused() {
    let site = Site::new(Kept::Memory);
    let (host, effects) = one_of_each_kind(&site);
    let stranger = Effect { effect_id: EffectId::new(99), ..effects[0].clone() };
    assert_eq!(host.complete(&stranger, Outcome::Captured).unwrap_err().code(), "effectNotFound");
}

#[test]
fn an_outcome_told_twice_changes_nothing() {
    let site = Site::new(Kept::Memory);
    let (host, effects) = one_of_each_kind(&site);
    effects.iter().for_each(|effect| host.complete(effect, right(effect)).unwrap());
    let told = (site.events(), site.app.dead_letters(Page::default()).unwrap());
    effects.iter().for_each(|effect| host.complete(effect, right(effect)).unwrap());
    assert_eq!((site.events(), site.app.dead_letters(Page::default()).unwrap()), told);
}

#[test]
fn the_charge_of_a_hold_that_lapsed_is_not_handed_out() {
    let site = Site::new(Kept::Memory);
    let host = host(&site);
    host.reserve(&customer("kim"), Reserve::new(site.storage(1_000))).unwrap();
    site.clock.advance(Duration::from_secs(601));
    host.tick().unwrap();
    let charges = host.due_effects(9).unwrap().into_iter().filter(|e| matches!(e.task, Task::Charge(_))).count();
    assert_eq!(charges, 0);
}

#[test]
fn however_many_charges_of_lapsed_holds_there_are_none_hides_another_and_each_is_asked_about() {
    let site = Site::new(Kept::Memory);
    let host = host(&site);
    for _ in 0..101 {
        host.reserve(&customer("kim"), Reserve::new(site.storage(1_000))).unwrap();
    }
    site.clock.advance(Duration::from_secs(601));
    host.tick().unwrap();
    let held = host.reserve(&customer("lee"), Reserve::new(site.storage(1_000))).unwrap();
    let due = host.due_effects(u32::MAX).unwrap();
    let charged: Vec<_> = due
        .iter()
        .filter_map(|e| if let Task::Charge(charge) = &e.task { Some(charge.payment_id) } else { None })
        .collect();
    assert_eq!(charged, [held.booking.payment_id]);
    assert_eq!(host.settle().unwrap().asked, 101);
}

#[test]
fn a_request_repeated_before_the_host_has_charged_is_unknown_and_not_charged_twice() {
    let site = Site::new(Kept::Memory);
    let host = host(&site);
    let kim = customer("kim").with_idempotency_key(IdempotencyKey::new("order-1").unwrap());
    let command = Reserve::new(site.storage(1_000));
    let held = host.reserve(&kim, command).unwrap();
    assert_eq!(held.reservation_status, ReservationStatus::ReqReserve);
    for _ in 0..2 {
        let again = host.reserve(&kim, command).unwrap_err();
        assert_eq!((again.code(), again.retry_after()), ("outcomeUnknown", Some(Duration::from_secs(5))));
    }
    let charge = only(host.due_effects(9).unwrap());
    let again = host.reserve(&kim, command).unwrap_err();
    assert_eq!(again.retry_after(), Some(Duration::from_secs(20)), "what is left of the lease");
    host.complete(&charge, Outcome::Captured).unwrap();
    let done = host.reserve(&kim, command).unwrap();
    assert_eq!((done.booking, done.reservation_status), (held.booking, ReservationStatus::Reserved));
    assert!(host.due_effects(9).unwrap().iter().all(|e| matches!(e.task, Task::Deliver { .. })));
}

#[test]
fn while_one_process_asks_about_a_charge_another_does_not_ask_again() {
    let site = Site::new(Kept::Memory);
    let kim = customer("kim").with_idempotency_key(IdempotencyKey::new("order-1").unwrap());
    let command = Reserve::new(site.storage(1_000));
    site.gateway.set_behaviour(Behaviour::LostReply);
    site.app.reserve(&kim, command).unwrap_err();
    site.gateway.set_behaviour(Behaviour::Approve);
    site.app.settle().unwrap();
    let host = host(&site);
    let void = only(host.due_effects(9).unwrap());
    let calls = site.gateway.calls().total();
    assert_eq!(site.app.reserve(&kim, command).unwrap_err().code(), "outcomeUnknown");
    assert_eq!(site.gateway.calls().total(), calls, "the host holds the lease");
    host.complete(&void, Outcome::Captured).unwrap();
    assert_eq!(site.app.reserve(&kim, command).unwrap().reservation_status, ReservationStatus::Reserved);
}

#[test]
fn with_the_breaker_open_a_host_is_handed_deliveries_only_and_one_probe_afterwards() {
    let site = Site::new(Kept::Memory);
    let host = host(&site);
    let storages: Vec<_> = (0..3).map(|_| site.storage(1_000)).collect();
    host.set(&Caller::manager(), "breakerFailures", "1").unwrap();
    for storage in &storages {
        host.reserve(&customer("kim"), Reserve::new(*storage)).unwrap();
    }
    let first = only(host.due_effects(1).unwrap());
    host.complete(&first, Outcome::NotTaken { reason: "connection refused".to_owned() }).unwrap();
    assert_eq!(host.breaker_state(), BreakerState::Open);
    let handed = host.due_effects(9).unwrap();
    assert!(matches!(&handed[..], [Effect { task: Task::Deliver { .. }, .. }]), "{handed:?}");
    site.clock.advance(Duration::from_secs(30));
    let probe = only(host.due_effects(9).unwrap().into_iter().filter(|e| matches!(e.task, Task::Charge(_))).collect());
    assert_eq!(host.breaker_state(), BreakerState::HalfOpen);
    host.complete(&probe, Outcome::Captured).unwrap();
    assert_eq!(host.breaker_state(), BreakerState::Closed);
}

#[test]
fn only_news_of_a_call_moves_the_breaker() {
    let site = Site::new(Kept::Memory);
    let host = host(&site);
    let storages: Vec<_> = (0..3).map(|_| site.storage(1_000)).collect();
    host.set(&Caller::manager(), "breakerFailures", "2").unwrap();
    for storage in &storages {
        host.reserve(&customer("kim"), Reserve::new(*storage)).unwrap();
    }
    let charges: Vec<_> =
        host.due_effects(9).unwrap().into_iter().filter(|e| matches!(e.task, Task::Charge(_))).collect();
    let refused = || Outcome::NotTaken { reason: "connection refused".to_owned() };
    host.complete(&charges[0], refused()).unwrap();
    host.complete(&charges[0], refused()).unwrap();
    assert_eq!(host.breaker_state(), BreakerState::Closed, "one failure, told twice");
    host.complete(&charges[1], Outcome::Refunded).unwrap_err();
    host.complete(&charges[1], refused()).unwrap();
    assert_eq!(host.breaker_state(), BreakerState::Open, "an outcome it cannot have is no answer in between");
    host.complete(&charges[1], refused()).unwrap();
    site.app.complete(&charges[0], Outcome::Captured).unwrap();
    host.complete(&charges[0], Outcome::Captured).unwrap();
    assert_eq!(host.breaker_state(), BreakerState::Open, "told late, it says nothing of the gateway now");
}

/// What a blocking application answers and what a host is answered that makes the call itself, for one way the gateway behaves.
fn both_ways(behaviour: Behaviour, key: Option<&str>) -> [String; 2] {
    let asker = || match key {
        Some(key) => customer("kim").with_idempotency_key(IdempotencyKey::new(key).unwrap()),
        None => customer("kim"),
    };
    let told = |answer: Result<ReservationRow, ReservationError>| match answer {
        Ok(row) => format!("{} {}", row.booking.reservation_id, row.reservation_status.as_str()),
        Err(ReservationError::OutcomeUnknown { reservation: row, retry_after }) => {
            format!("unknown: {} {} {retry_after:?}", row.booking.reservation_id, row.reservation_status.as_str())
        }
        Err(error) => error.to_string(),
    };
    let blocking = {
        let site = Site::new(Kept::Memory);
        let reserve = Reserve::new(site.storage(1_000));
        site.gateway.set_behaviour(behaviour);
        let first = told(site.app.reserve(&asker(), reserve));
        site.gateway.set_behaviour(Behaviour::Approve);
        let again = told(site.app.reserve(&asker(), reserve));
        format!("{first}, then {again}; {:?}", site.gateway.calls())
    };
    let hosted = {
        let site = Site::new(Kept::Memory);
        let host = host(&site);
        let reserve = Reserve::new(site.storage(1_000));
        let drive = |behaviour| {
            site.gateway.set_behaviour(behaviour);
            let mut step = host.begin_reserve(&asker(), reserve)?;
            while let Some(effect) = &step.effect {
                let outcome = match &effect.task {
                    Task::Charge(charge) => site.gateway.charge(charge, Duration::from_secs(5)),
                    Task::Void(charge) => site.gateway.void(charge, Duration::from_secs(5)),
                    Task::Refund(_) | Task::Deliver { .. } => panic!("no part of reserving"),
                };
                step = host.resume_reserve(&asker(), reserve, &step, outcome)?;
            }
            Ok(step.reservation)
        };
        let first = told(drive(behaviour));
        let again = told(drive(Behaviour::Approve));
        format!("{first}, then {again}; {:?}", site.gateway.calls())
    };
    [blocking, hosted]
}

#[test]
fn a_host_that_makes_the_call_itself_is_answered_as_a_blocking_caller_is() {
    for behaviour in Behaviour::ALL {
        for key in [None, Some("once")] {
            let [blocking, hosted] = both_ways(behaviour, key);
            assert_eq!(blocking, hosted, "{behaviour} {key:?}");
        }
    }
}

#[test]
fn a_host_makes_no_call_while_the_breaker_is_open() {
    let site = Site::new(Kept::Memory);
    let host = host(&site);
    let reserve = Reserve::new(site.storage(1_000));
    let down = || Outcome::NotTaken { reason: "connection refused".to_owned() };
    for _ in 0..5 {
        let step = host.begin_reserve(&customer("kim"), reserve).unwrap();
        let refusal = host.resume_reserve(&customer("kim"), reserve, &step, down()).unwrap_err();
        assert!(matches!(refusal, ReservationError::PaymentUnavailable { .. }), "{refusal}");
    }
    assert_eq!(host.breaker_state(), BreakerState::Open);
    let refusal = host.begin_reserve(&customer("kim"), reserve).unwrap_err();
    assert!(matches!(refusal, ReservationError::PaymentUnavailable { .. }), "{refusal}");
    site.clock.advance(Duration::from_secs(31));
    let probe = host.begin_reserve(&customer("kim"), reserve).unwrap();
    let other = Reserve::new(site.storage(1_000));
    let behind = host.begin_reserve(&customer("lee"), other);
    assert!(matches!(behind, Err(ReservationError::PaymentUnavailable { .. })), "one probe only: {behind:?}");
    let row = host.resume_reserve(&customer("kim"), reserve, &probe, Outcome::Captured).unwrap().reservation;
    assert_eq!(row.reservation_status, ReservationStatus::Reserved);
    assert_eq!(host.breaker_state(), BreakerState::Closed);
}

#[test]
fn a_call_told_twice_or_with_an_outcome_it_cannot_have_changes_nothing_more() {
    let site = Site::new(Kept::Memory);
    let host = host(&site);
    let reserve = Reserve::new(site.storage(1_000));
    let step = host.begin_reserve(&customer("kim"), reserve).unwrap();
    let refusal = host.resume_reserve(&customer("kim"), reserve, &step, Outcome::Delivered).unwrap_err();
    assert!(matches!(refusal, ReservationError::Invalid(_)), "{refusal}");
    let refusal = host.resume_reserve(&customer("lee"), reserve, &step, Outcome::Captured).unwrap_err();
    assert!(matches!(refusal, ReservationError::NotAllowed(_)), "{refusal}");
    let row = host.resume_reserve(&customer("kim"), reserve, &step, Outcome::Captured).unwrap().reservation;
    let again = host.resume_reserve(&customer("kim"), reserve, &step, Outcome::Captured).unwrap();
    assert_eq!((again.reservation, again.effect), (row, None));
    assert_eq!(site.events().len(), 6, "nothing was raised twice");
}

#[test]
fn a_caller_reads_from_json_and_nobody_is_the_system() {
    let read = |json| serde_json::from_str::<Caller>(json);
    assert_eq!(read(r#"{"by":"manager"}"#).unwrap(), Caller::manager());
    let kim = read(r#"{"by":{"customer":"kim"},"idempotencyKey":"a","correlationId":"b"}"#).unwrap();
    assert_eq!((kim.idempotency_key().is_some(), kim.correlation_id().is_some()), (true, true));
    for json in [r#"{"by":"system"}"#, r#"{"by":{"customer":" "}}"#, "{}", r#"{"by":{"customer":"a","manager":true}}"#]
    {
        assert!(read(json).is_err(), "{json}");
    }
}

/// A store that counts how often it is read.
struct Read {
    store: Arc<dyn Store>,
    times: AtomicUsize,
}

impl Store for Read {
    fn submit(&self, work: Vec<Box<dyn Work>>, wait_max: Duration) -> bool {
        self.store.submit(work, wait_max)
    }

    fn drive(&self) {
        self.store.drive();
    }

    fn read(&self, f: &mut dyn FnMut(&mut dyn Queries)) -> Result<(), StoreError> {
        self.times.fetch_add(1, Ordering::Relaxed);
        self.store.read(f)
    }
}

#[test]
fn a_host_that_calls_the_gateway_itself_knows_the_deadline_and_reads_nothing_on_the_way() {
    let site = Site::new(Kept::Memory);
    site.app.set(&Caller::manager(), "deadlineSeconds", "7").unwrap();
    let storage = site.storage(1_000);
    let store = Arc::new(Read { store: Arc::clone(&site.store), times: AtomicUsize::new(0) });
    let options = Options::new(Arc::clone(&site.gateway)).clock(site.clock.clone());
    let app = storagerent::over(Arc::<Read>::clone(&store), options).unwrap();
    let (kim, wanted) = (customer("kim"), Reserve::new(storage));
    let before = store.times.load(Ordering::Relaxed);
    let begun = app.begin_reserve(&kim, wanted).unwrap();
    let effect = begun.effect.clone().unwrap();
    assert_eq!(effect.deadline(), Duration::from_secs(7));
    assert_eq!(serde_json::to_value(&effect).unwrap()["deadlineSeconds"], 7);
    let outcome = app.call(&effect);
    let reserved = app.resume_reserve(&kim, wanted, &begun, outcome).unwrap();
    assert_eq!(reserved.reservation.reservation_status, ReservationStatus::Reserved);
    assert_eq!(store.times.load(Ordering::Relaxed), before);
}

#[test]
fn a_setback_told_after_its_lease_counts_for_nothing_while_the_same_process_is_at_it_again() {
    for outcome in [Outcome::Unavailable { reason: "away".to_owned() }, Outcome::Refused { reason: "no".to_owned() }] {
        let site = Site::new(Kept::Memory);
        let host = host(&site);
        site.reserve("kim", Reserve::new(site.storage(1_000)));
        let slow = only(host.due_effects(9).unwrap());
        site.clock.advance(Duration::from_secs(60));
        let again = only(host.due_effects(9).unwrap());
        assert_eq!(slow.effect_id, again.effect_id);
        host.complete(&slow, outcome).unwrap();
        assert_eq!(host.status().unwrap().counts.dead_letters, 0, "it may yet be delivered");
        site.clock.advance(Duration::from_secs(5));
        let another = self::host(&site).due_effects(9).unwrap();
        assert_eq!(another, [], "one at a time does it");
        host.complete(&again, Outcome::Delivered).unwrap();
    }
}
