//! What the clock brings, and what it does not undo.

use std::time::Duration;

use storagerent::chrono::Days;
use storagerent::*;
use storagerent_tests::{Kept, Site, customer, day, noon};

fn status(site: &Site, id: ReservationId) -> ReservationStatus {
    site.app.reservation(id).unwrap().reservation_status
}

#[test]
fn a_future_rental_starts_and_ends_on_its_days() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        let row = site.reserve("kim", Reserve::new(storage).from(day("2026-11-25")).until(day("2026-11-27")));
        let id = row.booking.reservation_id;
        assert_eq!(site.app.storage(storage).unwrap().storage_status, StorageStatus::Available, "not begun");
        site.clock.set(noon("2026-11-25"));
        assert_eq!(site.app.tick().unwrap(), Ticked { expired: 0, started: 1, ended: 0 });
        assert_eq!(site.app.storage(storage).unwrap().storage_status, StorageStatus::Reserved);
        site.clock.set(noon("2026-11-27"));
        assert_eq!(site.app.tick().unwrap(), Ticked { expired: 0, started: 0, ended: 1 });
        assert_eq!(status(&site, id), ReservationStatus::Completed);
        assert_eq!(site.app.storage(storage).unwrap().storage_status, StorageStatus::Available);
        site.assert_clean();
    }
}

#[test]
fn after_a_long_sleep_every_rental_gets_its_start_and_end_in_order() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        for n in 0..3u64 {
            let from = day("2026-12-01") + Days::new(n * 3);
            site.reserve(&format!("c{n}"), Reserve::new(storage).from(from).until(from + Days::new(3)));
        }
        let before = site.events().len() as u64;
        site.clock.set(noon("2027-06-01"));
        assert_eq!(site.app.tick().unwrap(), Ticked { expired: 0, started: 3, ended: 3 });
        let rentals: Vec<_> =
            site.event_types_after(before).into_iter().filter(|name| name.starts_with("Rental")).collect();
        assert_eq!(
            rentals,
            ["RentalStarted", "RentalEnded", "RentalStarted", "RentalEnded", "RentalStarted", "RentalEnded"]
        );
        assert_eq!(site.app.storage(storage).unwrap().storage_status, StorageStatus::Available);
        site.rest();
        site.assert_clean();
    }
}

#[test]
fn the_day_is_the_sites_not_utc() {
    let site = Site::new(Kept::Memory);
    let storage = site.storage(1_000);
    site.clock.set("2026-11-22T15:30:00Z".parse().unwrap());
    assert_eq!(site.today(), day("2026-11-23"), "half past midnight in Seoul");
    assert_eq!(site.reserve("kim", Reserve::new(storage)).booking.period.from(), day("2026-11-23"));
    site.app.set(&Caller::manager(), "zone", "America/New_York").unwrap();
    assert_eq!(site.today(), day("2026-11-22"));
    let refused = site.app.set(&Caller::manager(), "zone", "Mars/Olympus").unwrap_err();
    assert_eq!(refused.kind(), Kind::Invalid);
}

#[test]
fn a_clock_that_jumps_back_undoes_nothing() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        let row = site.reserve("kim", Reserve::new(storage).until(day("2026-11-24")));
        site.clock.set(noon("2026-11-24"));
        site.app.tick().unwrap();
        site.clock.set(noon("2026-11-20"));
        site.app.tick().unwrap();
        assert_eq!(status(&site, row.booking.reservation_id), ReservationStatus::Completed);
        site.reserve("lee", Reserve::new(storage));
        site.rest();
        site.assert_clean();
    }
}

#[test]
fn moving_out_today_frees_the_days_at_once() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        let row = site.reserve("kim", Reserve::new(storage));
        let id = row.booking.reservation_id;
        site.clock.set(noon("2026-12-01"));
        let before = site.events().len() as u64;
        let ended =
            site.app.end(&customer("kim"), EndRental { reservation_id: id, on: Some(day("2026-12-01")) }).unwrap();
        assert_eq!(ended.reservation_status, ReservationStatus::Completed);
        assert_eq!(site.event_types_after(before)[..2], ["RentalEndSet", "RentalEnded"]);
        site.reserve("lee", Reserve::new(storage));
        assert_eq!(
            site.gateway.entries().iter().map(|(_, _, refunded)| refunded.amount()).sum::<i64>(),
            0,
            "no refund"
        );
        site.rest();
        site.assert_clean();
    }
}

#[test]
fn an_end_frees_the_days_behind_it_and_is_tomorrow_if_not_said() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        let row = site.reserve("kim", Reserve::new(storage));
        let ended =
            site.app.end(&customer("kim"), EndRental { reservation_id: row.booking.reservation_id, on: None }).unwrap();
        assert_eq!(ended.booking.period.until(), Some(day("2026-11-23")));
        assert_eq!(ended.reservation_status, ReservationStatus::Reserved);
        site.reserve("lee", Reserve::new(storage).from(day("2026-11-23")));
        site.assert_clean();
    }
}

#[test]
fn cancelling_is_possible_up_to_and_including_the_first_day() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage(1_000);
        let row = site.reserve("kim", Reserve::new(storage));
        let cancel = CancelReservation { reservation_id: row.booking.reservation_id };
        site.clock.advance_days(1);
        let refused = site.app.cancel(&customer("kim"), cancel).unwrap_err();
        assert!(matches!(refused, ReservationError::FirstDayPast { .. }), "{refused}");
        site.clock.set(noon("2026-11-22"));
        site.app.cancel(&customer("kim"), cancel).unwrap();
    }
}

#[test]
fn dated_rentals_that_touch_do_not_collide_and_those_that_share_a_day_do() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let storage = site.storage_per(1_000, Per::Day);
        let dates = |from: &str, until: &str| Reserve::new(storage).from(day(from)).until(day(until));
        site.reserve("kim", dates("2026-12-05", "2026-12-10"));
        site.reserve("lee", dates("2026-12-10", "2026-12-12"));
        site.reserve("park", dates("2026-12-01", "2026-12-05"));
        for (from, until) in [("2026-12-04", "2026-12-06"), ("2026-12-09", "2026-12-10"), ("2026-11-30", "2026-12-31")]
        {
            let refused = site.app.reserve(&customer("choi"), dates(from, until)).unwrap_err();
            assert!(matches!(refused, ReservationError::Taken { .. }), "{from} {until}: {refused}");
        }
        let open = site.app.reserve(&customer("choi"), Reserve::new(storage).from(day("2026-12-20"))).unwrap_err();
        assert_eq!(open.kind(), Kind::Invalid, "by the day needs an end");
        let past = site.app.reserve(&customer("choi"), dates("2026-11-21", "2026-11-25")).unwrap_err();
        assert_eq!(past.kind(), Kind::Invalid);
        site.assert_clean();
    }
}

#[test]
fn what_is_available_is_free_not_withdrawn_and_has_a_price_for_the_period() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        let (flat, daily, gone) = (site.storage(9_000), site.storage_per(1_000, Per::Day), site.storage(1_000));
        let mut withdraw = ModifyStorage::new(gone);
        withdraw.withdrawn = Some(true);
        site.app.modify(&Caller::manager(), withdraw).unwrap();
        let ids = |from: Option<&str>, until: Option<&str>, max: Option<&str>| -> Vec<StorageId> {
            let found = site.app.available(from.map(day), until.map(day), max, Page::default()).unwrap();
            found.into_iter().map(|a| a.storage.storage_id).collect()
        };
        assert_eq!(ids(None, None, None), [flat], "by the day only with an end");
        assert_eq!(ids(None, Some("2026-11-25"), None), [flat, daily]);
        assert_eq!(ids(None, Some("2026-11-25"), Some("3000")), [daily], "the quote is 3,000");
        site.reserve("kim", Reserve::new(flat).from(day("2026-12-01")));
        assert_eq!(ids(None, Some("2026-12-01"), None), [flat, daily]);
        assert_eq!(ids(None, Some("2026-12-02"), None), [daily]);
        let refused = site.app.reserve(&customer("lee"), Reserve::new(gone)).unwrap_err();
        assert!(matches!(refused, ReservationError::Withdrawn { .. }), "{refused}");
    }
}

#[test]
fn run_due_says_when_to_call_again_and_a_worker_does() {
    let site = Site::new(Kept::Memory);
    let storage = site.storage(1_000);
    assert_eq!(site.app.run_due().unwrap().next_at, None, "nothing is to come");
    site.reserve("kim", Reserve::new(storage).until(day("2026-11-25")));
    let next = site.app.run_due().unwrap().next_at.unwrap();
    assert_eq!(next, "2026-11-24T15:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap(), "midnight in Seoul");

    let worker = Worker::spawn(site.app.clone()).unwrap();
    site.clock.set(next);
    worker.wake();
    for _ in 0..500 {
        if site.app.view(storage).unwrap().reservation_status == Some(ReservationStatus::Completed) {
            assert_eq!(worker.last_error(), None);
            worker.stop();
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("the worker did not do what was due");
}

#[test]
fn whoever_looks_first_after_a_days_turn_sees_all_of_it() {
    for kept in Kept::ALL {
        let site = Site::new(kept);
        for _ in 0..120 {
            let storage = site.storage(1_000);
            site.reserve("kim", Reserve::new(storage).from(day("2026-11-23")).until(day("2026-11-25")));
        }
        site.clock.set(noon("2026-11-23"));
        assert_eq!(site.app.tick().unwrap().started, 120);
        assert!(site.app.consumers().unwrap().iter().all(|consumer| consumer.behind == 0));
        let reserved = ViewFilter { status: Some(StorageStatus::Reserved) };
        assert_eq!(site.app.views(&reserved, Page::default()).unwrap().len(), 120);
        site.assert_clean();
    }
}
