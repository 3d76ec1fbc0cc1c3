//! Consumers and notifiers of one's own, outside the file.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use storagerent::clock::ManualClock;
use storagerent::notify::{Mood, Recorded};
use storagerent::payment::Behaviour;
use storagerent::*;
use storagerent_tests::{Kept, Site, customer};

#[derive(Clone, Default)]
struct Listener {
    seen: Arc<Mutex<Vec<u64>>>,
    fail_at: Arc<Mutex<Option<(u64, ConsumeError)>>>,
}

impl Listener {
    fn seen(&self) -> Vec<u64> {
        self.seen.lock().unwrap().clone()
    }
}

impl Consumer for Listener {
    fn name(&self) -> &str {
        "listener"
    }

    fn take(&self, event: &Envelope) -> Result<(), ConsumeError> {
        if let Some((at, error)) = self.fail_at.lock().unwrap().as_ref()
            && *at == event.sequence.get()
        {
            return Err(error.clone());
        }
        self.seen.lock().unwrap().push(event.sequence.get());
        Ok(())
    }
}

#[test]
fn a_consumer_of_ones_own_starts_from_event_1_and_touches_nothing_else() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1);
        site.reserve("kim", Reserve::new(storage));
        site.rest();
        let events = site.events();
        let listener = Listener::default();
        let later = site.another_app(|o| o.consumer(listener.clone()));
        later.run_due().unwrap();
        assert_eq!(listener.seen(), (1..=events.len() as u64).collect::<Vec<_>>());
        assert_eq!(site.events(), events);
        site.assert_clean();
    }
}

#[test]
fn an_unavailable_one_is_tried_again_and_gets_everything_in_order() {
    for kept in Kept::ALL {
        let listener = Listener::default();
        let site = Site::with(kept, |o| o.consumer(listener.clone()));
        *listener.fail_at.lock().unwrap() = Some((3, ConsumeError::Unavailable("away".to_owned())));
        (0..5).for_each(|_| {
            site.storage(1);
        });
        site.app.run_due().unwrap();
        assert_eq!(listener.seen(), [1, 2]);
        *listener.fail_at.lock().unwrap() = None;
        site.app.run_due().unwrap();
        assert_eq!(listener.seen(), [1, 2], "it waits");
        site.clock.advance(Duration::from_secs(1));
        site.app.run_due().unwrap();
        assert_eq!(listener.seen(), [1, 2, 3, 4, 5]);
    }
}

#[test]
fn a_permanent_failure_of_one_is_parked_with_the_later_events_of_its_storage() {
    for kept in Kept::ALL {
        let listener = Listener::default();
        let site = Site::with(kept, |o| o.consumer(listener.clone()));
        *listener.fail_at.lock().unwrap() = Some((1, ConsumeError::Permanent("no".to_owned())));
        let first = site.storage(1); // event 1
        site.storage(1); // event 2
        let mut change = ModifyStorage::new(first);
        change.withdrawn = Some(true);
        site.app.modify(&Caller::manager(), change).unwrap(); // event 3, of the first
        site.app.run_due().unwrap();
        assert_eq!(listener.seen(), [2]);
        let letters = site.app.dead_letters(Page::default()).unwrap();
        assert_eq!(letters.len(), 2);
        *listener.fail_at.lock().unwrap() = None;
        site.app.retry_dead_letter(&Caller::manager(), letters[0].dead_letter_id).unwrap();
        assert_eq!(listener.seen(), [2, 1, 3]);
        assert!(site.app.dead_letters(Page::default()).unwrap().is_empty());
    }
}

#[test]
fn while_one_process_has_a_consumer_another_leaves_it_alone() {
    /// A consumer during whose call another process looks for work.
    struct Busy(Mutex<Option<App>>, Arc<Mutex<Vec<u64>>>);
    impl Consumer for Busy {
        fn name(&self) -> &str {
            "listener"
        }
        fn take(&self, event: &Envelope) -> Result<(), ConsumeError> {
            if let Some(other) = self.0.lock().unwrap().take() {
                other.run_due().unwrap();
            }
            self.1.lock().unwrap().push(event.sequence.get());
            Ok(())
        }
    }
    let site = Site::new(Kept::File);
    site.storage(1);
    let other_listener = Listener::default();
    let other = site.another_app(|o| o.consumer(other_listener.clone()));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let busy = site.another_app(|o| o.consumer(Busy(Mutex::new(Some(other)), Arc::clone(&seen))));
    busy.run_due().unwrap();
    assert_eq!(*seen.lock().unwrap(), [1]);
    assert!(other_listener.seen().is_empty(), "the lease is held");
}

#[test]
fn what_a_process_that_died_was_at_is_begun_again_after_two_minutes() {
    /// A consumer in whose call the process ends.
    struct Dies;
    impl Consumer for Dies {
        fn name(&self) -> &str {
            "listener"
        }
        fn take(&self, event: &Envelope) -> Result<(), ConsumeError> {
            // Without words: no panic that is caught, but the end.
            if event.sequence.get() == 3 { std::panic::resume_unwind(Box::new(())) } else { Ok(()) }
        }
    }
    for kept in Kept::ALL {
        let site = Site::new(kept);
        (0..5).for_each(|_| {
            site.storage(1);
        });
        let dying = site.another_app(|o| o.consumer(Dies));
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| dying.run_due())).unwrap_err();
        let listener = Listener::default();
        let next = site.another_app(|o| o.consumer(listener.clone()));
        site.clock.advance(Duration::from_secs(119));
        let waits = next.run_due().unwrap().wait(next.now(), Duration::from_secs(60));
        assert_eq!((listener.seen(), waits), (Vec::new(), Duration::from_secs(1)), "the lease is the dead one's");
        site.clock.advance(waits);
        next.run_due().unwrap();
        assert_eq!(listener.seen(), [1, 2, 3, 4, 5], "what it took before it died, too");
    }
}

#[test]
fn names_that_are_taken_or_not_well_formed_are_refused() {
    struct Named(&'static str);
    impl Consumer for Named {
        fn name(&self) -> &str {
            self.0
        }
        fn take(&self, _: &Envelope) -> Result<(), ConsumeError> {
            Ok(())
        }
    }
    let site = Site::new(Kept::Memory);
    for name in ["view", "", "Big", "a b"] {
        let options = Options::without_gateway().consumer(Named(name));
        let refused = storagerent::over(Arc::clone(&site.store), options).unwrap_err();
        assert_eq!(refused.kind(), Kind::Invalid, "{name}");
    }
}

#[test]
fn each_channel_gets_each_message_once_under_a_stable_key() {
    for kept in Kept::ALL {
        let sms = Arc::new(Recorded::new("sms"));
        let site = Site::with(kept, |o| o.notifier(Arc::clone(&sms)));
        let storage = site.storage(1);
        sms.set_mood(Mood::Unavailable);
        site.reserve("kim", Reserve::new(storage));
        site.app.run_due().unwrap();
        assert!(sms.deliveries().is_empty());
        sms.set_mood(Mood::Delivers);
        for _ in 0..3 {
            site.clock.advance(Duration::from_secs(300));
            site.app.run_due().unwrap();
        }
        assert_eq!(sms.deliveries().len(), 1);
        assert_eq!(sms.deliveries()[0].1.kind, "ReservationConfirmed");
        let rows = site.app.messages(&MessageFilter::default(), Page::default()).unwrap();
        assert_eq!(rows.len(), 2, "one per channel: the inbox, and sms");
        site.app.replay(&Caller::manager(), "message").unwrap();
        site.rest();
        assert_eq!(sms.deliveries().len(), 1, "a replay tells nobody again");
        site.assert_clean();
    }
}

#[test]
fn a_process_without_the_notifier_leaves_the_delivery_to_one_that_has_it() {
    let sms = Arc::new(Recorded::new("sms"));
    let site = Site::new(Kept::File);
    let with_sms = site.another_app(|o| o.notifier(Arc::clone(&sms)));
    let storage = site.storage(1);
    site.reserve("kim", Reserve::new(storage));
    site.rest();
    assert!(sms.deliveries().is_empty());
    with_sms.run_due().unwrap();
    assert_eq!(sms.deliveries().len(), 1);
}

#[test]
fn a_refused_delivery_is_parked_and_may_be_discarded() {
    let sms = Arc::new(Recorded::new("sms"));
    let site = Site::with(Kept::Memory, |o| o.notifier(Arc::clone(&sms)));
    let storage = site.storage(1);
    sms.set_mood(Mood::Refuses);
    let row = site.reserve("kim", Reserve::new(storage));
    site.rest();
    assert_eq!(row.reservation_status, ReservationStatus::Reserved);
    let letter = site.app.dead_letters(Page::default()).unwrap().remove(0);
    site.app.discard_dead_letter(&Caller::manager(), letter.dead_letter_id, "wrong number").unwrap();
    assert!(site.app.dead_letters(Page::default()).unwrap().is_empty());
    assert_eq!(
        site.app
            .cancel(&customer("kim"), CancelReservation { reservation_id: row.booking.reservation_id })
            .unwrap()
            .reservation_status,
        ReservationStatus::ReqCancel
    );
}

#[test]
fn a_worker_outlives_a_notifier_that_panics() {
    struct Frail(Arc<Mutex<u32>>);
    impl Notifier for Frail {
        fn channel(&self) -> &str {
            "sms"
        }
        fn deliver(&self, _: Key, _: &MessageRow) -> Outcome {
            let mut calls = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *calls += 1;
            assert!(*calls > 1, "a planted panic");
            Outcome::Delivered
        }
    }
    let calls = Arc::new(Mutex::new(0));
    let site = Site::with(Kept::Memory, |o| o.notifier(Frail(Arc::clone(&calls))));
    let storage = site.storage(1);
    site.reserve("kim", Reserve::new(storage));
    let worker = Worker::spawn(site.app.clone()).unwrap();
    for _ in 0..1_000 {
        site.clock.advance(Duration::from_secs(60)); // the lease of the broken call runs out
        worker.wake();
        std::thread::sleep(Duration::from_millis(5));
        if *calls.lock().unwrap_or_else(std::sync::PoisonError::into_inner) > 1 {
            return;
        }
    }
    panic!("the worker is gone");
}

/// A notifier that is told what to do with each message.
struct Told(&'static str, fn() -> Outcome);

impl Notifier for Told {
    fn channel(&self) -> &str {
        self.0
    }

    fn deliver(&self, _: Key, _: &MessageRow) -> Outcome {
        self.1()
    }
}

/// A panic without a word on stderr.
pub(crate) fn panics<T>() -> T {
    std::panic::resume_unwind(Box::new("on purpose"))
}

#[test]
fn notifiers_that_panic_or_answer_nonsense_keep_nobody_from_a_refund() {
    for kept in Kept::ALL {
        let site = Site::with(kept, |o| o.notifier(Told("panics", panics)).notifier(Told("odd", || Outcome::Captured)));
        let storage = site.storage(1);
        let row = site.reserve("kim", Reserve::new(storage));
        site.app.run_due().unwrap();
        let reservation_id = row.booking.reservation_id;
        site.app.cancel(&customer("kim"), CancelReservation { reservation_id }).unwrap();
        site.app.run_due().unwrap();
        assert_eq!(site.app.reservation(reservation_id).unwrap().reservation_status, ReservationStatus::Cancelled);
        let parked = site.app.dead_letters(Page::default()).unwrap();
        assert!(
            !parked.is_empty() && parked.iter().all(|letter| letter.reason.ends_with("over odd: answered Captured")),
            "{parked:?}"
        );
        let open = site.app.backlog().unwrap();
        assert!(open.iter().any(|kind| kind.kind == "deliver" && kind.open > 0), "tried again: {open:?}");
    }
}

#[test]
fn a_consumer_of_your_own_that_panics_is_parked_and_the_others_go_on() {
    #[derive(Clone, Copy)]
    struct Frail;
    impl Consumer for Frail {
        fn name(&self) -> &str {
            "frail"
        }
        fn take(&self, _: &Envelope) -> Result<(), ConsumeError> {
            panics()
        }
    }
    for kept in Kept::ALL {
        let listener = Listener::default();
        let site = Site::with(kept, |o| o.consumer(Frail).consumer(listener.clone()));
        let storage = site.storage(1);
        site.reserve("kim", Reserve::new(storage));
        site.app.run_due().unwrap();
        let events = site.app.events(&EventFilter::default(), Page::default()).unwrap();
        assert_eq!(listener.seen().len(), events.len());
        let parked = site.app.dead_letters(Page::default()).unwrap();
        assert_eq!(parked[0].reason, "it panicked: on purpose");
        let again = site.app.retry_dead_letter(&Caller::manager(), parked[0].dead_letter_id).unwrap_err();
        assert!(matches!(again, OperationError::FailedAgain { .. }), "{again}");
    }
}

/// One that is as slow as it is told, and notes whether it is handed two events at once.
#[derive(Clone, Default)]
struct Slow {
    at_once: Arc<AtomicU32>,
    most_at_once: Arc<AtomicU32>,
    seen: Arc<Mutex<Vec<u64>>>,
}

impl Consumer for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    fn take(&self, event: &Envelope) -> Result<(), ConsumeError> {
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(1));
        self.seen.lock().unwrap().push(event.sequence.get());
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        Ok(())
    }
}

#[test]
fn threads_of_one_process_hand_a_consumer_one_event_at_a_time() {
    for kept in Kept::ALL {
        let slow = Slow::default();
        let site = Site::with(kept, |o| o.consumer(slow.clone()));
        (0..20).for_each(|_| {
            site.storage(1);
        });
        let events = site.events().len() as u64;
        std::thread::scope(|scope| {
            (0..8).for_each(|_| drop(scope.spawn(|| site.app.run_due().unwrap())));
        });
        site.app.run_due().unwrap();
        assert_eq!(slow.most_at_once.load(Ordering::SeqCst), 1);
        assert_eq!(*slow.seen.lock().unwrap(), (1..=events).collect::<Vec<_>>(), "each once, in order");
    }
}

#[test]
fn what_a_consumer_says_of_its_trouble_is_kept_on_one_line_and_not_for_ever_long() {
    for error in [ConsumeError::Permanent, ConsumeError::Unavailable] {
        let listener = Listener::default();
        let site = Site::with(Kept::Memory, |o| o.consumer(listener.clone()));
        *listener.fail_at.lock().unwrap() = Some((1, error("bad\n\u{1b}[31m\u{202e}".repeat(1_000))));
        site.storage(1);
        site.app.run_due().unwrap();
        let parked = site.app.dead_letters(Page::default()).unwrap().into_iter().map(|letter| letter.reason);
        let waiting = site.app.consumers().unwrap().into_iter().filter_map(|status| status.row.last_error);
        let told: Vec<_> = parked.chain(waiting).collect();
        assert!(matches!(&told[..], [one] if one.chars().count() <= 500 && one.starts_with("bad [31mbad")), "{told:?}");
    }
}

/// A channel that takes its time, while another process looks for work.
struct TakesLong {
    keys: Arc<Mutex<Vec<Key>>>,
    meanwhile: Box<dyn Fn() + Send + Sync>,
}

impl Notifier for TakesLong {
    fn channel(&self) -> &str {
        "letters"
    }

    fn deliver(&self, key: Key, _: &MessageRow) -> Outcome {
        self.keys.lock().unwrap().push(key);
        (self.meanwhile)();
        Outcome::Delivered
    }
}

#[test]
fn what_another_process_took_over_from_a_slow_channel_is_not_delivered_by_both() {
    // Slow enough to be left after each message; and, over all that is handed out at once, slower than its lease.
    for (kept, messages, takes) in [(Kept::Memory, 6, 15_000), (Kept::File, 6, 15_000), (Kept::Memory, 100, 900)] {
        let (site, keys) = (Site::new(kept), Arc::<Mutex<Vec<Key>>>::default());
        let idle = TakesLong { keys: Arc::clone(&keys), meanwhile: Box::new(|| {}) };
        let (other, clock) = (site.another_app(|o| o.notifier(idle)), site.clock.clone());
        let meanwhile = Box::new(move || {
            clock.advance(Duration::from_millis(takes));
            other.run_effects(u32::MAX).unwrap();
        });
        let slow = site.another_app(|o| o.notifier(TakesLong { keys: Arc::clone(&keys), meanwhile }));
        (0..messages).for_each(|_| {
            site.reserve("kim", Reserve::new(site.storage(1)));
        });
        slow.run_effects(u32::MAX).unwrap();
        let keys = keys.lock().unwrap();
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!((keys.len(), distinct.len()), (messages, messages));
    }
}

#[test]
fn what_another_process_has_taken_over_and_not_done_yet_is_left_to_it() {
    for kept in Kept::ALL {
        let (site, keys) = (Site::new(kept), Arc::<Mutex<Vec<Key>>>::default());
        let taken = Arc::<Mutex<Vec<Effect>>>::default();
        let (other, clock, takes) = (site.another_app(|o| o), site.clock.clone(), Arc::clone(&taken));
        let meanwhile = Box::new(move || {
            clock.advance(Duration::from_secs(30));
            takes.lock().unwrap().extend(other.due_effects(u32::MAX).unwrap());
        });
        let slow = site.another_app(|o| o.notifier(TakesLong { keys: Arc::clone(&keys), meanwhile }));
        (0..2).for_each(|_| drop(site.reserve("kim", Reserve::new(site.storage(1)))));
        slow.run_effects(u32::MAX).unwrap();
        let taken: Vec<_> = taken.lock().unwrap().iter().map(|effect| effect.key).collect();
        assert_eq!((keys.lock().unwrap().len(), taken.len()), (1, 2));
    }
}

#[test]
fn a_channel_that_hangs_keeps_no_refund_waiting() {
    for kept in Kept::ALL {
        let (site, keys) = (Site::new(kept), Arc::<Mutex<Vec<Key>>>::default());
        let clock = site.clock.clone();
        let hangs = Box::new(move || clock.advance(Duration::from_secs(10)));
        let app = site.another_app(|o| o.notifier(TakesLong { keys: Arc::clone(&keys), meanwhile: hangs }));
        let rows: Vec<_> = (0..20).map(|_| site.reserve("kim", Reserve::new(site.storage(1)))).collect();
        let cancelled = rows[0].booking.reservation_id;
        site.gateway.set_behaviour(Behaviour::Down);
        site.app.cancel(&customer("kim"), CancelReservation { reservation_id: cancelled }).unwrap();
        site.gateway.set_behaviour(Behaviour::Approve);
        let ran = app.run_due().unwrap();
        assert_eq!(site.app.reservation(cancelled).unwrap().reservation_status, ReservationStatus::Cancelled);
        assert_eq!(keys.lock().unwrap().len(), 2, "one message each time what is due is looked at");
        assert_eq!(ran.wait(site.app.now(), Duration::from_secs(60)), Duration::ZERO, "the others are due at once");
        while app.run_due().unwrap().effects.done > 0 {}
        let keys = keys.lock().unwrap();
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(
            (keys.len(), distinct.len()),
            (22, 22),
            "each once: 20 confirmed, one on its way back, and given back"
        );
    }
}

#[test]
fn a_letter_is_not_retried_while_another_process_hands_its_consumer_an_event() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let refused = Arc::new(Mutex::new(None));
        let retried = Arc::clone(&refused);
        let other = site.another_app(|o| o.consumer(Fussy { inside: None, refused: Arc::default() }));
        site.storage(1);
        other.run_due().unwrap();
        let letter = other.dead_letters(Page::default()).unwrap().remove(0).dead_letter_id;
        site.reserve("kim", Reserve::new(site.storage(1)));
        let inside = Some((other, letter));
        let busy = site.another_app(|o| o.consumer(Fussy { inside, refused: retried }));
        busy.run_due().unwrap();
        assert_eq!(refused.lock().unwrap().as_deref(), Some("busy"), "while it is handed one elsewhere");
        let again = busy.retry_dead_letter(&Caller::manager(), letter).unwrap_err();
        assert_eq!(again.code(), "failedAgain", "now it has its turn");
    }
}

/// Its process ends while it is handed an event: what that had leased stays leased.
struct Dies;

impl Consumer for Dies {
    fn name(&self) -> &str {
        "ledger"
    }
    fn take(&self, _: &Envelope) -> Result<(), ConsumeError> {
        std::panic::panic_any(())
    }
}

fn dies(app: &App) {
    let run = std::panic::AssertUnwindSafe(|| app.run_consumers(9));
    assert!(std::panic::catch_unwind(run).is_err());
}

#[test]
fn who_has_lost_its_consumer_to_another_process_hands_it_nothing_more() {
    struct Slow(ManualClock, App, Arc<AtomicU32>);
    impl Consumer for Slow {
        fn name(&self) -> &str {
            "ledger"
        }
        fn take(&self, _: &Envelope) -> Result<(), ConsumeError> {
            self.2.fetch_add(1, Ordering::Relaxed);
            self.0.advance(Duration::from_secs(121));
            dies(&self.1);
            Ok(())
        }
    }
    for kept in Kept::ALL {
        let (site, taken) = (Site::new(kept), Arc::<AtomicU32>::default());
        for _ in 0..3 {
            site.storage(1);
        }
        let slow = Slow(site.clock.clone(), site.another_app(|o| o.consumer(Dies)), Arc::clone(&taken));
        site.another_app(|o| o.consumer(slow)).run_consumers(9).unwrap();
        assert_eq!(taken.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn hurrying_takes_away_no_lease_but_one_that_a_clock_that_was_ahead_has_made() {
    struct Heir(Arc<AtomicU32>);
    impl Consumer for Heir {
        fn name(&self) -> &str {
            "ledger"
        }
        fn take(&self, _: &Envelope) -> Result<(), ConsumeError> {
            self.0.fetch_add(1, Ordering::Relaxed);
            Ok(())
        }
    }
    for kept in Kept::ALL {
        let (site, taken) = (Site::new(kept), Arc::<AtomicU32>::default());
        let heir = site.another_app(|o| o.consumer(Heir(Arc::clone(&taken))));
        let gone = site.another_app(|o| o.consumer(Dies));
        let after_hurrying = || {
            site.app.hurry(&Caller::manager()).unwrap();
            heir.run_consumers(9).unwrap();
            taken.load(Ordering::Relaxed)
        };
        let reservation_id = site.reserve("kim", Reserve::new(site.storage(1))).booking.reservation_id;
        site.app.cancel(&customer("kim"), CancelReservation { reservation_id }).unwrap();
        assert_eq!(site.app.due_effects(9).unwrap().len(), 1, "the refund");
        dies(&gone);
        assert_eq!(after_hurrying(), 0);
        assert_eq!(site.app.due_effects(9).unwrap().len(), 0);
        let right = site.clock.now();
        site.clock.advance(Duration::from_secs(365 * 24 * 60 * 60));
        dies(&gone);
        site.clock.set(right);
        heir.run_consumers(9).unwrap();
        assert_eq!(taken.load(Ordering::Relaxed), 0);
        assert!(after_hurrying() > 0);
    }
}

/// Takes no storage that is registered first; inside another event, somebody else retries that one.
struct Fussy {
    inside: Option<(App, DeadLetterId)>,
    refused: Arc<Mutex<Option<String>>>,
}

impl Consumer for Fussy {
    fn name(&self) -> &str {
        "fussy"
    }
    fn take(&self, event: &Envelope) -> Result<(), ConsumeError> {
        if event.sequence == Sequence::new(1) {
            return Err(ConsumeError::Permanent("not this one".to_owned()));
        }
        if let Some((other, letter)) = &self.inside {
            let retried = other.retry_dead_letter(&Caller::manager(), *letter);
            self.refused.lock().unwrap().get_or_insert_with(|| retried.unwrap_err().code().to_owned());
        }
        Ok(())
    }
}
