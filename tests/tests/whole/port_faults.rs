//! Every call of the store's port by every use case fails once: nothing is half done, and all comes to rest.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use storagerent::notify::{Mood, Recorded};
use storagerent::payment::Behaviour;
use storagerent::*;
use storagerent_tests::{Kept, Site, customer, day, noon};

use crate::frail::{Frail, Fuse};

/// A consumer of one's own that fails when told.
#[derive(Clone, Default)]
struct Listener {
    fails: Arc<Mutex<Option<ConsumeError>>>,
}

impl Consumer for Listener {
    fn name(&self) -> &str {
        "listener"
    }

    fn take(&self, _: &Envelope) -> Result<(), ConsumeError> {
        self.fails.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

/// A site, a second application over it whose wire may break, and what both are connected to.
struct Wired {
    site: Site,
    app: App,
    fuse: Fuse,
    sms: Recorded,
    listener: Listener,
}

impl Wired {
    fn new() -> Self {
        let (sms, listener) = (Recorded::new("sms"), Listener::default());
        let site = Site::with(Kept::Memory, |o| o.notifier(sms.clone()).consumer(listener.clone()));
        let fuse = Fuse::default();
        let frail = Arc::new(Frail { store: Arc::clone(&site.store), fuse: fuse.clone() });
        let options = Options::new(Arc::clone(&site.gateway)).clock(site.clock.clone());
        let app = storagerent::over(frail, options.notifier(sms.clone()).consumer(listener.clone())).unwrap();
        Wired { site, app, fuse, sms, listener }
    }

    fn letter(&self) -> DeadLetterId {
        self.site.app.dead_letters(Page::default()).unwrap().first().map_or(DeadLetterId::new(1), |l| l.dead_letter_id)
    }

    /// The healthy application brings everything to rest; then all promises hold.
    fn check(&self, told: &str) {
        self.sms.set_mood(Mood::Delivers);
        *self.listener.fails.lock().unwrap() = None;
        self.site.gateway.set_behaviour(Behaviour::Approve);
        for _ in 0..4 {
            self.site.clock.advance(Duration::from_secs(1_800));
            self.site.rest();
        }
        let manager = Caller::manager();
        while let Some(letter) = self.site.app.dead_letters(Page::default()).unwrap().first() {
            self.site.app.retry_dead_letter(&manager, letter.dead_letter_id).unwrap();
            self.site.rest();
        }
        ["storage", "payment", "message", "view", "listener"].iter().for_each(|name| {
            self.site.app.resume(&manager, name).unwrap();
        });
        self.site.rest();
        let verified = self.site.app.verify().unwrap();
        assert!(verified.ok, "{told}: {:#?}", verified.findings);
        let rows = self.site.app.reservations(&ReservationFilter::default(), Page::default()).unwrap();
        let standing: i64 = rows
            .iter()
            .filter(|r| matches!(r.reservation_status, ReservationStatus::Reserved | ReservationStatus::Completed))
            .map(|r| r.booking.price.amount())
            .sum();
        let kept: i64 = self.site.gateway.entries().iter().map(|(_, c, r)| c.amount() - r.amount()).sum();
        assert_eq!(kept, standing, "{told}: the gateway keeps the money of what stands, and no other");
        let status = self.site.app.status().unwrap();
        assert!(status.consumers.iter().all(|c| c.behind == 0), "{told}: {:?}", status.consumers);
        assert_eq!(status.counts.effects_open, 0, "{told}");
    }
}

type Step = fn(&Wired) -> Result<(), Error>;

fn first() -> StorageId {
    StorageId::new(1)
}

fn rental(n: u64) -> ReservationId {
    ReservationId::new(n)
}

fn with_key(name: &str, key: &str) -> Caller {
    customer(name).with_idempotency_key(IdempotencyKey::new(key).unwrap())
}

fn registration(won: i64) -> RegisterStorage {
    RegisterStorage { description: "강남".parse().unwrap(), rate: Rate::flat(Money::krw(won)).unwrap() }
}

/// A life of a site in which every use case has its turn; each line is one step that may break anywhere.
const STORY: &[(&str, Step)] = &[
    ("register", |w| Ok(w.app.register(&Caller::manager(), registration(59_000)).map(drop)?)),
    ("import", |w| {
        let storages = (1..4).map(|n| registration(n * 1_000)).collect();
        Ok(w.app.import(&Caller::manager(), ImportStorages { storages }).map(drop)?)
    }),
    ("modify", |w| {
        let per = Some(Per::Month);
        Ok(w.app.modify(&Caller::manager(), ModifyStorage { per, ..ModifyStorage::new(first()) }).map(drop)?)
    }),
    ("reserve under a key", |w| Ok(w.app.reserve(&with_key("kim", "a"), Reserve::new(first())).map(drop)?)),
    ("reserve again under the key", |w| Ok(w.app.reserve(&with_key("kim", "a"), Reserve::new(first())).map(drop)?)),
    ("review", |w| {
        let (rate, content) = (Stars::new(5).unwrap(), "좋아요".parse().unwrap());
        Ok(w.app.add_review(&customer("kim"), AddReview { reservation_id: rental(1), rate, content }).map(drop)?)
    }),
    ("modify the review", |w| {
        let (review_id, rate) = (ReviewId::new(1), Some(Stars::new(2).unwrap()));
        Ok(w.app.modify_review(&customer("kim"), ModifyReview { review_id, rate, content: None }).map(drop)?)
    }),
    ("delete the review", |w| {
        Ok(w.app.delete_review(&customer("kim"), DeleteReview { review_id: ReviewId::new(1) }).map(drop)?)
    }),
    ("cancel", |w| Ok(w.app.cancel(&customer("kim"), CancelReservation { reservation_id: rental(1) }).map(drop)?)),
    ("refund", |w| w.app.run_effects(9).map(drop)),
    ("lose the reply of a charge", |w| {
        w.site.gateway.set_behaviour(Behaviour::LostReply);
        let reserved = w.app.reserve(&with_key("lee", "b"), Reserve::new(StorageId::new(2)));
        w.site.gateway.set_behaviour(Behaviour::Approve);
        Ok(reserved.map(drop)?)
    }),
    ("ask again under its key", |w| {
        Ok(w.app.reserve(&with_key("lee", "b"), Reserve::new(StorageId::new(2))).map(drop)?)
    }),
    ("lose another reply", |w| {
        w.site.gateway.set_behaviour(Behaviour::LostReply);
        let reserved = w.app.reserve(&customer("park"), Reserve::new(first()));
        w.site.gateway.set_behaviour(Behaviour::Approve);
        Ok(reserved.map(drop)?)
    }),
    ("settle", |w| w.app.settle().map(drop)),
    ("lapse", |w| {
        w.site.clock.advance(Duration::from_secs(700));
        w.app.tick().map(drop)
    }),
    ("be declined", |w| {
        w.site.gateway.set_behaviour(Behaviour::Decline);
        let reserved = w.app.reserve(&customer("han"), Reserve::new(StorageId::new(3)));
        w.site.gateway.set_behaviour(Behaviour::Approve);
        Ok(reserved.map(drop)?)
    }),
    ("reserve for later", |w| {
        let later = Reserve::new(StorageId::new(3)).from(day("2026-11-25")).until(day("2026-11-29"));
        Ok(w.app.reserve(&customer("han"), later).map(drop)?)
    }),
    ("run what is due on its first day", |w| {
        w.site.clock.set(noon("2026-11-25"));
        w.app.run_due().map(drop)
    }),
    ("end", |w| {
        let rows = w.site.app.reservations(&ReservationFilter::default(), Page::default()).unwrap();
        let standing = rows.iter().rfind(|r| r.reservation_status == ReservationStatus::Reserved);
        let reservation_id = standing.map_or(rental(1), |r| r.booking.reservation_id);
        Ok(w.app.end(&Caller::manager(), EndRental { reservation_id, on: None }).map(drop)?)
    }),
    ("refuse a delivery and an event", |w| {
        w.sms.set_mood(Mood::Refuses);
        *w.listener.fails.lock().unwrap() = Some(ConsumeError::Permanent("no".to_owned()));
        w.site.clock.set(noon("2026-11-26"));
        w.app.run_due().map(drop)
    }),
    ("have an event wait behind another", |w| {
        let withdrawn = Some(true);
        let modify = ModifyStorage { withdrawn, ..ModifyStorage::new(StorageId::new(3)) };
        w.app.modify(&Caller::manager(), modify).map_err(Error::from)?;
        w.app.run_consumers(100).map(drop)
    }),
    ("be away", |w| {
        w.sms.set_mood(Mood::Unavailable);
        *w.listener.fails.lock().unwrap() = Some(ConsumeError::Unavailable("away".to_owned()));
        let storage_id = w.app.register(&Caller::manager(), registration(7)).map_err(Error::from)?.storage_id;
        w.app.reserve(&customer("kim"), Reserve::new(storage_id)).map_err(Error::from)?;
        w.app.run_due().map(drop)
    }),
    ("hurry", |w| {
        w.sms.set_mood(Mood::Delivers);
        *w.listener.fails.lock().unwrap() = None;
        w.app.hurry(&Caller::manager())
    }),
    ("retry a dead letter", |w| Ok(w.app.retry_dead_letter(&Caller::manager(), w.letter()).map(drop)?)),
    ("discard a dead letter", |w| Ok(w.app.discard_dead_letter(&Caller::manager(), w.letter(), "why").map(drop)?)),
    ("pause", |w| Ok(w.app.pause(&Caller::manager(), "view").map(drop)?)),
    ("resume", |w| Ok(w.app.resume(&Caller::manager(), "view").map(drop)?)),
    ("replay the view", |w| w.app.replay(&Caller::manager(), "view").map(drop)),
    ("replay the messages", |w| w.app.replay(&Caller::manager(), "message").map(drop)),
    ("replay a consumer of one's own", |w| w.app.replay(&Caller::manager(), "listener").map(drop)),
    ("set", |w| Ok(w.app.set(&Caller::manager(), "holdMinutes", "3").map(drop)?)),
    ("delete a storage", |w| Ok(w.app.delete(&Caller::manager(), DeleteStorage { storage_id: first() }).map(drop)?)),
    ("hand out and complete an effect", |w| {
        let storage_id = w.app.register(&Caller::manager(), registration(9)).map_err(Error::from)?.storage_id;
        w.app.reserve(&customer("kim"), Reserve::new(storage_id)).map_err(Error::from)?;
        w.app.due_effects(9)?.into_iter().try_for_each(|effect| w.app.complete(&effect, Outcome::Delivered))
    }),
    ("ask for everything", |w| {
        let page = Page::default();
        w.app.status()?;
        w.app.storage(StorageId::new(2))?;
        w.app.storages(page)?;
        w.app.available(None, None, Some("100000"), page)?;
        w.app.quote(QuoteStorage { storage_id: StorageId::new(2), from: None, until: None }).map_err(Error::from)?;
        w.app.reservation(rental(1))?;
        w.app.reservations(&ReservationFilter::default(), page)?;
        w.app.payment(PaymentId::new(1))?;
        w.app.payments(page)?;
        w.app.reviews(&ReviewFilter::default(), page)?;
        w.app.messages(&MessageFilter::default(), page)?;
        w.app.view(StorageId::new(2))?;
        w.app.views(&ViewFilter::default(), page)?;
        w.app.events(&EventFilter::default(), page)?;
        w.app.consumers()?;
        w.app.dead_letters(page)?;
        w.app.settings().map(drop)
    }),
];

/// Tells the story up to a step, with the wire breaking at the n-th call of that step; answers with its outcome and calls.
fn tell(step: usize, breaks_at: u64, with: &StoreError) -> (Wired, Result<(), Error>, u64) {
    let wired = Wired::new();
    for (_, earlier) in &STORY[..step] {
        // Some answers are refusals: a lost reply, a declined card.
        let _: Result<(), Error> = earlier(&wired);
    }
    wired.fuse.arm(breaks_at, with);
    let outcome = STORY[step].1(&wired);
    let calls = wired.fuse.calls();
    wired.fuse.arm(0, with);
    (wired, outcome, calls)
}

/// Breaks every call of every step once; answers how many were broken.
fn break_every_call(with: &StoreError) -> u32 {
    let mut broken = 0;
    for (step, (name, _)) in STORY.iter().enumerate() {
        let (wired, _, calls) = tell(step, 0, with);
        wired.check(name);
        assert!(calls > 0, "{name} calls the store");
        for n in 1..=calls {
            let (wired, outcome, _) = tell(step, n, with);
            let told = format!("{name}, call {n} of {calls}: {outcome:?}");
            if let Err(error) = &outcome {
                // Broken outright, refused as it would be anyway, or not known: never another refusal than it was.
                let kinds = [Kind::Internal, Kind::Unavailable, Kind::Declined, Kind::Conflict, Kind::NotFound];
                assert!(kinds.contains(&error.kind()), "{told}");
            }
            wired.check(&told);
            broken += 1;
        }
    }
    broken
}

#[test]
fn every_call_of_the_port_may_fail_once_in_every_use_case_and_nothing_is_half_done() {
    let broken = break_every_call(&StoreError::Other("the wire broke".to_owned()));
    assert!(broken > 1_000, "only {broken} calls broken");
}

#[test]
fn what_a_consumer_finds_damaged_is_parked_and_goes_through_once_mended() {
    let broken = break_every_call(&StoreError::Corrupt("the wire garbled it".to_owned()));
    assert!(broken > 1_000, "only {broken} calls broken");
}

#[test]
fn an_application_over_a_store_that_fails_is_not_put_together() {
    let site = Site::new(Kept::Memory);
    let fuse = Fuse::default();
    let put_together = || {
        let frail = Arc::new(Frail { store: Arc::clone(&site.store), fuse: fuse.clone() });
        let sms = Recorded::new("sms");
        storagerent::over(frail, Options::new(Arc::clone(&site.gateway)).clock(site.clock.clone()).notifier(sms))
    };
    let with = StoreError::Other("the wire broke".to_owned());
    fuse.arm(1, &with);
    assert_eq!(put_together().unwrap_err().code(), "storeFailed");
    let mut n = 2;
    loop {
        fuse.arm(n, &with);
        match put_together() {
            Err(error) => assert_eq!(error.code(), "storeFailed", "call {n}"),
            Ok(_) => break,
        }
        n += 1;
    }
    assert!(n > 3, "it looked and wrote: {n}");
}
