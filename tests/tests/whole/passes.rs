//! One pass of `run_due`: whom it keeps waiting, and for how long a host may sleep after it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use storagerent::chrono::TimeDelta;
use storagerent::clock::ManualClock;
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::*;
use storagerent_tests::{Kept, Site, customer, day};

use crate::frail::{Frail, Fuse};

/// A channel whose deliveries take so long and come to that.
struct Channel {
    name: &'static str,
    clock: ManualClock,
    takes: Duration,
    outcome: Outcome,
    tried: Arc<AtomicU32>,
}

impl Notifier for Channel {
    fn channel(&self) -> &str {
        self.name
    }

    fn deliver(&self, _: Key, _: &MessageRow) -> Outcome {
        self.tried.fetch_add(1, Ordering::Relaxed);
        self.clock.advance(self.takes);
        self.outcome.clone()
    }
}

/// A gateway that approves each charge; its refunds take so long, or are not answered.
struct Lame {
    charges: SimulatedGateway,
    clock: ManualClock,
    refunds_take: Option<Duration>,
}

impl PaymentGateway for Lame {
    fn name(&self) -> &str {
        self.charges.name()
    }

    fn charge(&self, charge: &Charge, deadline: Duration) -> Outcome {
        self.charges.charge(charge, deadline)
    }

    fn void(&self, charge: &Charge, deadline: Duration) -> Outcome {
        self.charges.void(charge, deadline)
    }

    fn refund(&self, charge: &Charge, deadline: Duration) -> Outcome {
        match self.refunds_take {
            Some(time) => {
                self.clock.advance(time);
                self.charges.refund(charge, deadline)
            }
            None => Outcome::Unavailable { reason: "500".to_owned() },
        }
    }
}

fn with_refunds(site: &Site, refunds_take: Option<Duration>, more: impl FnOnce(Options) -> Options) -> App {
    let charges = SimulatedGateway::in_memory(Behaviour::Approve);
    let gateway = Lame { charges, clock: site.clock.clone(), refunds_take };
    let options = more(Options::new(gateway).clock(site.clock.clone()));
    storagerent::over(Arc::clone(&site.store), options).unwrap()
}

fn cancelled(app: &App, storage: StorageId) -> ReservationId {
    let id = app.reserve(&customer("kim"), Reserve::new(storage)).unwrap().booking.reservation_id;
    app.cancel(&customer("kim"), CancelReservation { reservation_id: id }).unwrap();
    id
}

#[test]
fn a_channel_that_hangs_keeps_no_message_of_another_waiting_for_ever() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let told = Arc::new(AtomicU32::new(0));
        let app = site.another_app(|options| {
            let (clock, tried) = (site.clock.clone(), Arc::default());
            let outcome = Outcome::Unavailable { reason: "timeout".to_owned() };
            let hangs = Channel { name: "a-hangs", clock, takes: Duration::from_secs(10), outcome, tried };
            let (clock, tried, outcome) = (site.clock.clone(), Arc::clone(&told), Outcome::Delivered);
            options.notifier(hangs).notifier(Channel { name: "b-works", clock, takes: Duration::ZERO, outcome, tried })
        });
        // More than can be tried, ten seconds each, before the first of them is due again.
        for _ in 0..40 {
            app.reserve(&customer("kim"), Reserve::new(site.storage(1_000))).unwrap();
        }
        for _ in 0..120 {
            let ran = app.run_due().unwrap();
            site.clock.advance(ran.wait(app.now(), Duration::from_secs(1)));
        }
        assert_eq!(told.load(Ordering::Relaxed), 40);
    }
}

#[test]
fn slow_refunds_keep_neither_the_clock_nor_messages_waiting() {
    let site = Site::new(Kept::Memory);
    let told = Arc::new(AtomicU32::new(0));
    let (clock, tried, outcome) = (site.clock.clone(), Arc::clone(&told), Outcome::Delivered);
    let mail = Channel { name: "mail", clock, takes: Duration::ZERO, outcome, tried };
    let app = with_refunds(&site, Some(Duration::from_secs(4)), |options| options.notifier(mail));
    for _ in 0..50 {
        cancelled(&app, site.storage(1_000));
    }
    let began = site.clock.now();
    app.run_due().unwrap();
    let took = site.clock.now() - began;
    assert!(took <= TimeDelta::seconds(8), "a call before the consumers and one after them: {took}");
    assert!(told.load(Ordering::Relaxed) >= 100, "what was reserved and given up was told meanwhile");
    while app.run_due().unwrap().effects.done > 0 {}
    let payments = app.payments(Page::default()).unwrap();
    assert!(payments.iter().all(|payment| payment.payment_status == PaymentStatus::Cancelled), "{payments:?}");
}

#[test]
fn refunds_that_fail_each_time_they_are_tried_refuse_nobody_a_reservation() {
    let site = Site::new(Kept::Memory);
    let app = with_refunds(&site, None, |options| options);
    for _ in 0..20 {
        cancelled(&app, site.storage(1_000));
    }
    // Tried for the first time, one after the other, they look like a service that is away.
    app.run_due().unwrap();
    assert_eq!(app.breaker_state(), BreakerState::Open);
    let mut refused = 0;
    for _ in 0..600 {
        app.run_due().unwrap();
        site.clock.advance(Duration::from_secs(1));
        refused += u32::from(app.reserve(&customer("lee"), Reserve::new(site.storage(1_000))).is_err());
    }
    assert!(refused <= 90, "{refused} of 600");
    let mut late = 0;
    for _ in 0..600 {
        app.run_due().unwrap();
        site.clock.advance(Duration::from_secs(1));
        late += u32::from(app.reserve(&customer("lee"), Reserve::new(site.storage(1_000))).is_err());
    }
    assert_eq!(late, 0);
}

#[test]
fn a_part_of_a_pass_that_fails_keeps_no_other_from_what_is_due() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let id = cancelled(&site.app, site.storage(1_000));
        let fuse = Fuse::default();
        let frail = Arc::new(Frail { store: Arc::clone(&site.store), fuse: fuse.clone() });
        let options = Options::new(Arc::clone(&site.gateway)).clock(site.clock.clone());
        let app = storagerent::over(frail, options).unwrap();
        fuse.arm(1, &StoreError::Other("the first look at what is due fails".to_owned()));
        assert!(app.run_due().is_err(), "it is told");
        assert_eq!(app.reservation(id).unwrap().reservation_status, ReservationStatus::Cancelled, "given back");
    }
}

#[test]
fn what_a_clock_that_was_ahead_put_off_is_done_when_an_operator_hurries() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let right = site.clock.now();
        let row = site.reserve("kim", Reserve::new(site.storage(1_000)).from(day("2035-01-01")));
        let other = site.reserve("kim", Reserve::new(site.storage(1_000)).from(day("2035-01-01")));
        let ids = [row, other].map(|row| row.booking.reservation_id);
        site.clock.set(right + TimeDelta::days(365));
        for reservation_id in ids {
            site.app.cancel(&customer("kim"), CancelReservation { reservation_id }).unwrap();
        }
        let leased = site.app.due_effects(1).unwrap();
        assert_eq!(leased.len(), 1, "whoever had it is gone");
        site.clock.set(right);
        site.rest();
        let open = |id| site.app.reservation(id).unwrap().reservation_status == ReservationStatus::ReqCancel;
        assert!(ids.into_iter().all(open), "they wait for next year");
        site.app.hurry(&Caller::manager()).unwrap();
        site.app.run_due().unwrap();
        assert!(!ids.into_iter().any(open));
        site.assert_clean();
    }
}

/// A consumer that is away, and takes ten seconds to find out.
struct Away(ManualClock);

impl Consumer for Away {
    fn name(&self) -> &str {
        "away"
    }

    fn take(&self, _: &Envelope) -> Result<(), ConsumeError> {
        self.0.advance(Duration::from_secs(10));
        Err(ConsumeError::Unavailable("timeout".to_owned()))
    }
}

/// A site with a reservation from tomorrow on, five seconds before midnight.
fn before_midnight(site: &Site) {
    let tomorrow = site.today() + TimeDelta::days(1);
    site.reserve("kim", Reserve::new(site.storage(1_000)).from(tomorrow));
    site.rest();
    site.clock.set(site.app.run_due().unwrap().next_at.unwrap() - TimeDelta::seconds(5));
}

const HOUR: Duration = Duration::from_secs(3_600);

#[test]
fn what_became_due_during_a_pass_that_did_nothing_is_not_slept_through() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        before_midnight(&site);
        let app = site.another_app(|options| options.consumer(Away(site.clock.clone())));
        let ran = app.run_due().unwrap();
        assert_eq!(ran.wait(app.now(), HOUR), Duration::ZERO, "the rental began five seconds ago");
        assert_eq!(app.run_due().unwrap().ticked.started, 1);
    }
}

#[test]
fn what_is_for_others_to_do_hides_nothing_that_comes_after_it() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let given_up = site.reserve("kim", Reserve::new(site.storage(1_000)).from(day("2035-01-01")));
        before_midnight(&site);
        // A host that makes the calls itself: a refund is due, and in five seconds a rental begins.
        let options = Options::without_gateway().clock(site.clock.clone());
        let host = storagerent::over(Arc::clone(&site.store), options).unwrap();
        let reservation_id = given_up.booking.reservation_id;
        host.cancel(&customer("kim"), CancelReservation { reservation_id }).unwrap();
        let ran = host.run_due().unwrap();
        assert!(ran.next_at.unwrap() <= host.now(), "the refund is due");
        assert_eq!(ran.wait(host.now(), HOUR), Duration::from_secs(5));
    }
}

#[test]
fn a_consumer_that_another_process_runs_is_no_reason_to_stay_awake_or_to_oversleep() {
    /// Looks, while it has an event, at what another process would do.
    struct Busy(Mutex<Option<(App, Arc<Mutex<Duration>>)>>);
    impl Consumer for Busy {
        fn name(&self) -> &str {
            "mail"
        }
        fn take(&self, _: &Envelope) -> Result<(), ConsumeError> {
            if let Some((other, wait)) = self.0.lock().unwrap().take() {
                *wait.lock().unwrap() = other.run_due().unwrap().wait(other.now(), HOUR);
            }
            Ok(())
        }
    }
    let site = Site::new(Kept::Memory);
    before_midnight(&site);
    let wait = Arc::new(Mutex::new(HOUR));
    let other = site.another_app(|options| options.consumer(Busy(Mutex::default())));
    let busy = Busy(Mutex::new(Some((other, Arc::clone(&wait)))));
    site.another_app(|options| options.consumer(busy)).run_due().unwrap();
    assert_eq!(*wait.lock().unwrap(), Duration::from_secs(5), "then a rental begins");
}

#[test]
fn a_consumer_that_parks_all_it_is_handed_is_not_idle() {
    struct Refuses(ManualClock);
    impl Consumer for Refuses {
        fn name(&self) -> &str {
            "refuses"
        }
        fn take(&self, _: &Envelope) -> Result<(), ConsumeError> {
            self.0.advance(Duration::from_millis(300));
            Err(ConsumeError::Permanent("no".to_owned()))
        }
    }
    let site = Site::new(Kept::Memory);
    for _ in 0..20 {
        site.storage(1_000);
    }
    let app = site.another_app(|options| options.consumer(Refuses(site.clock.clone())));
    let ran = app.run_due().unwrap();
    assert_eq!((ran.consumed, ran.wait(app.now(), HOUR)), (4, Duration::ZERO), "there are more, and they are its own");
}

#[test]
fn a_consumer_has_a_minute_for_each_event() {
    type Seen = Arc<Mutex<Vec<(&'static str, u64)>>>;
    /// Takes its time, during which another process looks for work.
    struct Slow(ManualClock, Mutex<Option<App>>, Seen);
    impl Consumer for Slow {
        fn name(&self) -> &str {
            "ledger"
        }
        fn take(&self, event: &Envelope) -> Result<(), ConsumeError> {
            self.2.lock().unwrap().push(("slow", event.sequence.get()));
            match event.sequence.get() {
                1 => self.0.advance(Duration::from_secs(59)),
                2 => {
                    self.0.advance(Duration::from_secs(59));
                    if let Some(other) = self.1.lock().unwrap().take() {
                        other.run_due().unwrap();
                    }
                }
                _ => {}
            }
            Ok(())
        }
    }
    struct Other(Seen);
    impl Consumer for Other {
        fn name(&self) -> &str {
            "ledger"
        }
        fn take(&self, event: &Envelope) -> Result<(), ConsumeError> {
            self.0.lock().unwrap().push(("other", event.sequence.get()));
            Ok(())
        }
    }
    let site = Site::new(Kept::Memory);
    for _ in 0..3 {
        site.storage(1_000);
    }
    let seen = Seen::default();
    let other = site.another_app(|options| options.consumer(Other(Arc::clone(&seen))));
    let slow = Slow(site.clock.clone(), Mutex::new(Some(other)), Arc::clone(&seen));
    site.another_app(|options| options.consumer(slow)).run_consumers(u32::MAX).unwrap();
    assert_eq!(*seen.lock().unwrap(), [("slow", 1), ("slow", 2), ("slow", 3)]);
}
