//! A consumer of one's own while it runs: paused, replayed, slow, and one whose keys panic.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use storagerent::*;
use storagerent_tests::{Kept, Site};

/// What a consumer does besides noting an event.
type Besides = Box<dyn Fn(&Envelope) + Send + Sync>;

/// A consumer that does something with each event, and whose keys may panic.
struct Slow {
    seen: Arc<Mutex<Vec<u64>>>,
    besides: Besides,
    keys_panic: bool,
}

impl Consumer for Slow {
    fn name(&self) -> &str {
        "slow"
    }

    fn take(&self, event: &Envelope) -> Result<(), ConsumeError> {
        self.seen.lock().unwrap().push(event.sequence.get());
        (self.besides)(event);
        Ok(())
    }

    fn key(&self, event: &Envelope) -> String {
        assert!(!self.keys_panic, "no key for {}", event.sequence);
        String::new()
    }
}

/// A site with ten storages, another application with a slow consumer, and what that has seen.
fn with_slow(kept: Kept, keys_panic: bool, besides: impl Fn(&Site) -> Besides) -> (Site, App, Arc<Mutex<Vec<u64>>>) {
    let site = Site::new(kept);
    for _ in 0..10 {
        site.storage(1);
    }
    let seen = Arc::new(Mutex::new(Vec::new()));
    let slow = Slow { seen: Arc::clone(&seen), besides: besides(&site), keys_panic };
    let app = site.another_app(|o| o.consumer(slow));
    (site, app, seen)
}

#[test]
fn a_consumer_whose_keys_panic_keeps_nobody_waiting() {
    let (_site, app, seen) = with_slow(Kept::Memory, true, |_| Box::new(|_| {}));
    app.run_due().unwrap();
    assert_eq!(*seen.lock().unwrap(), (1..=10).collect::<Vec<_>>());
    assert!(app.dead_letters(Page::default()).unwrap().is_empty());
}

#[test]
fn a_consumer_that_is_replayed_while_it_runs_begins_again_from_event_1() {
    for kept in Kept::ALL {
        let (_site, app, seen) = with_slow(kept, false, |site| {
            let (other, once) = (site.app.clone(), AtomicU32::new(0));
            Box::new(move |event| {
                if event.sequence.get() == 4 && once.fetch_add(1, Ordering::Relaxed) == 0 {
                    assert_eq!(other.replay(&Caller::manager(), "slow").unwrap().cursor, Sequence::ZERO);
                }
            })
        });
        for _ in 0..2 {
            app.run_due().unwrap();
        }
        assert_eq!(*seen.lock().unwrap(), (1..=4).chain(1..=10).collect::<Vec<_>>());
    }
}

#[test]
fn a_consumer_that_is_paused_while_it_runs_stops_at_once_and_goes_on_from_there() {
    for kept in Kept::ALL {
        let (site, app, seen) = with_slow(kept, false, |site| {
            let other = site.app.clone();
            Box::new(move |event| {
                if event.sequence.get() == 4 {
                    assert!(other.pause(&Caller::manager(), "slow").unwrap().paused);
                }
            })
        });
        app.run_due().unwrap();
        assert_eq!(*seen.lock().unwrap(), [1, 2, 3, 4]);
        site.app.resume(&Caller::manager(), "slow").unwrap();
        app.run_due().unwrap();
        assert_eq!(*seen.lock().unwrap(), (1..=10).collect::<Vec<_>>());
    }
}

#[test]
fn a_slow_consumer_keeps_its_lease_and_a_pass_leaves_it_after_a_second() {
    for kept in Kept::ALL {
        let (site, app, seen) = with_slow(kept, false, |site| {
            // Longer in all than a lease is; meanwhile another process looks for work.
            let clock = site.clock.clone();
            let named_alike = Arc::new(Slow { seen: Arc::default(), besides: Box::new(|_| {}), keys_panic: false });
            let other = site.another_app(|o| o.consumer(Arc::clone(&named_alike)));
            Box::new(move |_| {
                clock.advance(Duration::from_secs(20));
                other.run_consumers(u32::MAX).unwrap();
                assert!(named_alike.seen.lock().unwrap().is_empty(), "the lease is held");
            })
        });
        app.run_due().unwrap();
        assert_eq!(*seen.lock().unwrap(), [1], "what else is due comes before its next event");
        app.run_consumers(u32::MAX).unwrap();
        assert_eq!(*seen.lock().unwrap(), (1..=10).collect::<Vec<_>>());
        site.assert_clean();
    }
}
