//! The use cases that are swept, each with the site it begins on.

use std::sync::Arc;
use std::time::Duration;

use storagerent::payment::Behaviour;
use storagerent::*;
use storagerent_tests::customer;
use storagerent_tests::on_disk::{OnDisk, Opened};

/// What may be found after a use case met a fault and everything came to rest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kept {
    /// What there was before, or what the use case makes; by its answer.
    WholeOrNot,
    /// The same, or a reservation that was rejected.
    Reserve,
    /// The same; what waited behind the letter may wait on, and is retried under its own number.
    Letters,
    /// What it makes, in the end: it is only hastened.
    InTheEnd,
    /// What there was before: it only reads, or makes something elsewhere.
    Before,
}

type Run = fn(&OnDisk, &Opened) -> Result<(), Error>;

/// A use case.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) kept: Kept,
    /// Makes the site what it is before; closed afterwards.
    pub(crate) prepare: Run,
    /// `None`: it is being opened itself.
    pub(crate) run: Option<Run>,
}

const MANAGER: fn() -> Caller = Caller::manager;

fn nothing(_: &OnDisk, _: &Opened) -> Result<(), Error> {
    Ok(())
}

fn case(name: &'static str, kept: Kept, prepare: Run, run: Run) -> Case {
    Case { name, kept, prepare, run: Some(run) }
}

/// What every site begins with: four storages; on the first a rental that has begun, with a review; on the second one to come.
pub(crate) fn begin(_: &OnDisk, site: &Opened) -> Result<(), Error> {
    let app = &site.app;
    app.import(&MANAGER(), ImportStorages { storages: vec![storage("강남 소형 1평"); 4] })?;
    let today = app.status()?.today;
    app.reserve(&customer("kim"), Reserve::new(1.into()).until(today + chrono::Days::new(3)))?;
    let lee = Reserve::new(2.into()).from(today + chrono::Days::new(2)).until(today + chrono::Days::new(5));
    app.reserve(&customer("lee"), lee)?;
    app.add_review(&customer("kim"), review(1, 4))?;
    site.rest()
}

fn storage(description: &str) -> RegisterStorage {
    RegisterStorage { description: description.parse().unwrap(), rate: Rate::flat(Money::krw(59_000)).unwrap() }
}

fn review(reservation: u64, stars: i64) -> AddReview {
    let content = ReviewContent::new("좋아요").unwrap();
    AddReview { reservation_id: reservation.into(), rate: Stars::new(stars).unwrap(), content }
}

fn reserve_third(site: &OnDisk, opened: &Opened, behaviour: Behaviour, caller: &Caller) -> Result<(), Error> {
    site.gateway.set_behaviour(behaviour);
    let answer = opened.app.reserve(caller, Reserve::new(3.into()));
    site.gateway.set_behaviour(Behaviour::Approve);
    match answer {
        Err(ReservationError::Declined { .. }) if behaviour == Behaviour::Decline => Ok(()),
        Err(e) => Err(e.into()),
        Ok(_) => Ok(()),
    }
}

fn hold_third(site: &OnDisk, opened: &Opened) -> Result<(), Error> {
    match reserve_third(site, opened, Behaviour::LostReply, &customer("park")) {
        Err(Error::Reservation(ReservationError::OutcomeUnknown { .. })) => Ok(()),
        other => other,
    }
}

fn days_later(site: &OnDisk, _: &Opened) -> Result<(), Error> {
    site.clock.advance_days(2);
    Ok(())
}

/// The message about a cancellation could not be written, and what came after it waits.
fn park_message(site: &OnDisk, _: &Opened) -> Result<(), Error> {
    let sabotage: Sabotage = Arc::new(|consumer, event| {
        let hit = consumer == "message" && event.event.event_type() == "ReservationCancelRequested";
        if hit { Err(ConsumeError::Permanent("planted".to_owned())) } else { Ok(()) }
    });
    let opened = site.open_with(|options| options.sabotage(sabotage))?;
    opened.app.cancel(&MANAGER(), CancelReservation { reservation_id: 2.into() })?;
    opened.rest()
}

fn pause_and_change(_: &OnDisk, opened: &Opened) -> Result<(), Error> {
    let app = &opened.app;
    for name in ["storage", "payment", "message", "view"] {
        app.pause(&MANAGER(), name)?;
    }
    app.reserve(&customer("park"), Reserve::new(3.into()))?;
    app.cancel(&customer("lee"), CancelReservation { reservation_id: 2.into() })?;
    for name in ["storage", "payment", "message", "view"] {
        app.resume(&MANAGER(), name)?;
    }
    Ok(())
}

pub(crate) fn cases() -> Vec<Case> {
    use Kept::{Before, InTheEnd, Letters, Reserve as Reserves, WholeOrNot};
    vec![
        case("register", WholeOrNot, nothing, |_, o| Ok(o.app.register(&MANAGER(), storage("새 창고")).map(drop)?)),
        case("import", WholeOrNot, nothing, |_, o| {
            let storages = vec![storage("묶음"); 12];
            Ok(o.app.import(&MANAGER(), ImportStorages { storages }).map(drop)?)
        }),
        case("modify", WholeOrNot, nothing, |_, o| {
            let description = "다른 이름".parse().ok();
            let modify = ModifyStorage { description, ..ModifyStorage::new(3.into()) };
            Ok(o.app.modify(&MANAGER(), modify).map(drop)?)
        }),
        case("delete", WholeOrNot, nothing, |_, o| {
            Ok(o.app.delete(&MANAGER(), DeleteStorage { storage_id: 4.into() }).map(drop)?)
        }),
        case("reserve", Reserves, nothing, |s, o| reserve_third(s, o, Behaviour::Approve, &customer("park"))),
        case("reserve with a key", Reserves, nothing, |s, o| {
            let key = IdempotencyKey::new("once").unwrap();
            reserve_third(s, o, Behaviour::Approve, &customer("park").with_idempotency_key(key))
        }),
        case("reserve declined", Reserves, nothing, |s, o| reserve_third(s, o, Behaviour::Decline, &customer("park"))),
        case("reserve unknown", Reserves, nothing, |s, o| reserve_third(s, o, Behaviour::LostReply, &customer("park"))),
        case("cancel", WholeOrNot, nothing, |_, o| {
            Ok(o.app.cancel(&customer("lee"), CancelReservation { reservation_id: 2.into() }).map(drop)?)
        }),
        case("end", WholeOrNot, nothing, |_, o| {
            let tomorrow = EndRental { reservation_id: 1.into(), on: None };
            Ok(o.app.end(&customer("kim"), tomorrow).map(drop)?)
        }),
        case("end today", WholeOrNot, days_later, |_, o| {
            let today = EndRental { reservation_id: 1.into(), on: Some(o.app.status()?.today) };
            Ok(o.app.end(&customer("kim"), today).map(drop)?)
        }),
        case(
            "review",
            WholeOrNot,
            |_, o| {
                o.app.reserve(&customer("park"), Reserve::new(3.into()))?;
                o.rest()
            },
            |_, o| Ok(o.app.add_review(&customer("park"), review(3, 5)).map(drop)?),
        ),
        case("modify a review", WholeOrNot, nothing, |_, o| {
            let modify = ModifyReview { review_id: 1.into(), rate: Stars::new(2).ok(), content: None };
            Ok(o.app.modify_review(&customer("kim"), modify).map(drop)?)
        }),
        case("delete a review", WholeOrNot, nothing, |_, o| {
            Ok(o.app.delete_review(&customer("kim"), DeleteReview { review_id: 1.into() }).map(drop)?)
        }),
        case("set", WholeOrNot, nothing, |_, o| Ok(o.app.set(&MANAGER(), "holdMinutes", "20").map(drop)?)),
        case(
            "tick: holds expire",
            InTheEnd,
            |s, o| {
                hold_third(s, o)?;
                s.clock.advance(Duration::from_secs(660));
                Ok(())
            },
            |_, o| o.app.tick().map(drop),
        ),
        case("tick: rentals start", InTheEnd, days_later, |_, o| o.app.tick().map(drop)),
        case(
            "tick: rentals end",
            InTheEnd,
            |s, _| {
                s.clock.advance_days(9);
                Ok(())
            },
            |_, o| o.app.tick().map(drop),
        ),
        case(
            "settle",
            InTheEnd,
            |s, o| {
                hold_third(s, o)?;
                s.clock.advance(Duration::from_secs(30));
                Ok(())
            },
            |_, o| o.app.settle().map(drop),
        ),
        case(
            "effects",
            InTheEnd,
            |_, o| Ok(o.app.cancel(&customer("lee"), CancelReservation { reservation_id: 2.into() }).map(drop)?),
            |_, o| o.app.run_effects(9).map(drop),
        ),
        case("consumers catch up", InTheEnd, pause_and_change, |_, o| o.app.run_consumers(1_000).map(drop)),
        case(
            "all that is due",
            InTheEnd,
            |s, o| {
                hold_third(s, o)?;
                days_later(s, o)
            },
            |_, o| o.app.run_due().map(drop),
        ),
        case("replay the view", InTheEnd, nothing, |_, o| o.app.replay(&MANAGER(), "view").map(drop)),
        case("replay messages", InTheEnd, nothing, |_, o| o.app.replay(&MANAGER(), "message").map(drop)),
        case("retry a dead letter", Letters, park_message, |_, o| {
            Ok(o.app.retry_dead_letter(&MANAGER(), 1.into()).map(drop)?)
        }),
        case("discard a dead letter", Letters, park_message, |_, o| {
            Ok(o.app.discard_dead_letter(&MANAGER(), 1.into(), "told by phone").map(drop)?)
        }),
        case("look around", Before, nothing, |_, o| {
            o.app.status()?;
            o.app.available(None, None, None, Page::default())?;
            o.app.views(&ViewFilter::default(), Page::default()).map(drop)
        }),
        case("verify", Before, nothing, |_, o| o.app.verify().map(drop)),
        case("backup", Before, nothing, |s, o| Ok(o.store.backup(&s.disk.path("copy.db"))?)),
        Case { name: "open a fresh file", kept: Before, prepare: nothing, run: None },
        Case { name: "open a file", kept: Before, prepare: nothing, run: None },
        Case { name: "open a file that was not closed", kept: Before, prepare: nothing, run: None },
    ]
}
