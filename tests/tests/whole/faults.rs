//! Consumers inside the file that fail: backoff, dead letters, retry, discard. Their trouble is never the use case's.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use storagerent::*;
use storagerent_tests::{Kept, Site, customer};

/// Makes one consumer fail on the events of one type while it is on.
#[derive(Clone)]
struct Fault {
    on: Arc<AtomicBool>,
    error: Arc<Mutex<ConsumeError>>,
}

impl Fault {
    fn new(error: ConsumeError) -> Self {
        Fault { on: Arc::new(AtomicBool::new(true)), error: Arc::new(Mutex::new(error)) }
    }

    fn mend(&self) {
        self.on.store(false, Ordering::SeqCst);
    }

    fn of(&self, consumer: &'static str, event_type: &'static str) -> Sabotage {
        let fault = self.clone();
        Arc::new(move |name, event| {
            if fault.on.load(Ordering::SeqCst) && name == consumer && event.event.event_type() == event_type {
                return Err(fault.error.lock().unwrap().clone());
            }
            Ok(())
        })
    }
}

fn permanent() -> ConsumeError {
    ConsumeError::Permanent("planted".to_owned())
}

fn messages(site: &Site) -> Vec<(String, u64)> {
    let rows = site.app.messages(&MessageFilter::default(), Page::default()).unwrap();
    rows.into_iter().map(|m| (m.kind, m.reservation_id.get())).collect()
}

#[test]
fn a_permanent_failure_parks_the_event_and_the_later_ones_of_its_key_while_others_go_on() {
    for kept in Kept::ALL {
        let fault = Fault::new(permanent());
        let site = Site::with(kept, |o| o.sabotage(fault.of("message", "ReservationConfirmed")));
        let (a, b) = (site.storage(1), site.storage(1));
        let row = site.reserve("kim", Reserve::new(a));
        assert_eq!(row.reservation_status, ReservationStatus::Reserved, "the use case is untouched");
        let cancel = CancelReservation { reservation_id: row.booking.reservation_id };
        site.app.cancel(&customer("kim"), cancel).unwrap();
        fault.mend();
        site.reserve("lee", Reserve::new(b));
        site.rest();
        assert_eq!(messages(&site), [("ReservationConfirmed".to_owned(), 2)], "others go on");
        let letters = site.app.dead_letters(Page::default()).unwrap();
        assert!(letters.len() >= 3, "the confirmed one, and cancel's two behind it: {letters:#?}");
        assert_eq!(letters[0].reason, "planted");

        site.app.retry_dead_letter(&Caller::manager(), letters[0].dead_letter_id).unwrap();
        assert!(site.app.dead_letters(Page::default()).unwrap().is_empty());
        let of_kim: Vec<_> = messages(&site).into_iter().filter(|(_, id)| *id == 1).map(|(kind, _)| kind).collect();
        assert_eq!(of_kim, ["ReservationConfirmed", "ReservationCancelRequested", "ReservationCancelled"], "in order");
        site.assert_clean();
    }
}

#[test]
fn an_unavailable_consumer_waits_with_backoff_and_never_parks() {
    for kept in Kept::ALL {
        let fault = Fault::new(ConsumeError::Unavailable("away".to_owned()));
        let site = Site::with(kept, |o| o.sabotage(fault.of("view", "ReservationCreated")));
        let storage = site.storage(1);
        site.reserve("kim", Reserve::new(storage));
        let view = |site: &Site| site.app.consumers().unwrap().into_iter().find(|c| c.row.name == "view").unwrap();
        assert_eq!(view(&site).row.attempts, 1);
        for _ in 0..5 {
            let at = view(&site).row.retry_at.unwrap();
            site.clock.set(at);
            site.app.run_consumers(1_000).unwrap();
        }
        assert_eq!(view(&site).row.attempts, 6);
        assert!(site.app.dead_letters(Page::default()).unwrap().is_empty());
        fault.mend();
        site.clock.advance(Duration::from_secs(300));
        site.rest();
        assert_eq!(view(&site).behind, 0);
        assert_eq!(view(&site).row.attempts, 0);
        assert_eq!(site.app.view(storage).unwrap().reservation_status, Some(ReservationStatus::Reserved));
        site.assert_clean();
    }
}

#[test]
fn a_consumer_that_panics_is_undone_alone_and_parked() {
    for kept in Kept::ALL {
        let on = Arc::new(AtomicBool::new(true));
        let armed = Arc::clone(&on);
        let sabotage: Sabotage = Arc::new(move |name, event| {
            let hit = name == "message" && event.event.event_type() == "ReservationConfirmed";
            assert!(!(hit && armed.load(Ordering::SeqCst)), "a planted panic");
            Ok(())
        });
        let site = Site::with(kept, |o| o.sabotage(sabotage));
        let storage = site.storage(1);
        site.reserve("kim", Reserve::new(storage));
        assert_eq!(
            site.app.view(storage).unwrap().storage_status,
            StorageStatus::Reserved,
            "the others are not touched"
        );
        let letters = site.app.dead_letters(Page::default()).unwrap();
        assert_eq!(letters.len(), 1);
        on.store(false, Ordering::SeqCst);
        site.app.retry_dead_letter(&Caller::manager(), letters[0].dead_letter_id).unwrap();
        assert_eq!(messages(&site).len(), 1);
        site.assert_clean();
    }
}

#[test]
fn a_discarded_event_is_given_up_with_its_reason_and_those_behind_it_go_on() {
    for kept in Kept::ALL {
        let fault = Fault::new(permanent());
        let site = Site::with(kept, |o| o.sabotage(fault.of("message", "ReservationConfirmed")));
        let storage = site.storage(1);
        let row = site.reserve("kim", Reserve::new(storage));
        let cancel = CancelReservation { reservation_id: row.booking.reservation_id };
        site.app.cancel(&customer("kim"), cancel).unwrap();
        site.rest();
        let manager = Caller::manager();
        let first = site.app.dead_letters(Page::default()).unwrap().remove(0);
        let id = first.dead_letter_id;
        assert_eq!(site.app.retry_dead_letter(&manager, id).unwrap_err().kind(), Kind::Conflict, "it fails again");
        assert_eq!(site.app.discard_dead_letter(&manager, id, "  ").unwrap_err().kind(), Kind::Invalid);
        let closed = site.app.discard_dead_letter(&manager, id, "told by phone").unwrap();
        assert_eq!(closed.resolution.as_deref(), Some("discarded: told by phone"));
        let kinds: Vec<_> = messages(&site).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, ["ReservationCancelRequested", "ReservationCancelled"]);
        assert_eq!(site.app.discard_dead_letter(&manager, id, "again").unwrap_err().kind(), Kind::NotFound);
        site.assert_clean();
    }
}

#[test]
fn a_replay_after_a_discard_does_not_let_the_storage_policy_act_out_of_turn() {
    let fault = Fault::new(permanent());
    let site = Site::with(Kept::Memory, |o| o.sabotage(fault.of("storage", "ReservationConfirmed")));
    let storage = site.storage(1);
    let row = site.reserve("kim", Reserve::new(storage).until(site.today() + chrono::Days::new(1)));
    let manager = Caller::manager();
    let letter = site.app.dead_letters(Page::default()).unwrap().remove(0);
    site.app.discard_dead_letter(&manager, letter.dead_letter_id, "never mind").unwrap();
    fault.mend();
    site.clock.advance_days(1);
    site.rest();
    let other = site.reserve("lee", Reserve::new(storage));
    site.rest();
    let before = site.events().len();
    site.app.replay(&manager, "storage").unwrap();
    site.rest();
    assert_eq!(
        site.events().len(),
        before,
        "the discarded start of reservation {} is history",
        row.booking.reservation_id
    );
    let view = site.app.view(storage).unwrap();
    assert_eq!(view.reservation_id, Some(other.booking.reservation_id));
    site.assert_clean();
}

#[test]
fn many_who_meet_a_failing_event_at_once_park_none_that_nobody_has_tried() {
    const STORAGES: u64 = 64;
    let sabotage: Sabotage = Arc::new(|name, event| {
        let is_bad = name == "view" && event.event.storage_id().get().is_multiple_of(4);
        let created = event.event.event_type() == "ReservationCreated";
        if is_bad && created { Err(permanent()) } else { Ok(()) }
    });
    for kept in Kept::ALL {
        let site = Site::with(kept, |o| o.sabotage(Arc::clone(&sabotage)));
        (0..STORAGES).for_each(|_| {
            site.storage(1);
        });
        std::thread::scope(|scope| {
            for thread in 0..8 {
                let app = &site.app;
                scope.spawn(move || {
                    for id in (1..=STORAGES).filter(|id| id % 8 == thread) {
                        app.reserve(&customer("kim"), Reserve::new(StorageId::new(id))).unwrap();
                    }
                });
            }
        });
        site.rest();
        let mut parked: Vec<_> = site.app.dead_letters(Page::default()).unwrap();
        parked.retain(|letter| letter.reason == "planted");
        assert_eq!(parked.len() as u64, STORAGES / 4, "each of the bad ones, once");
        for letter in site.app.dead_letters(Page::default()).unwrap() {
            let DeadSubject::Event { key, .. } = &letter.subject else { panic!("{letter:?}") };
            let id: u64 = key.trim_start_matches("storage:").parse().unwrap();
            assert!(id.is_multiple_of(4), "{letter:?}");
        }
    }
}
