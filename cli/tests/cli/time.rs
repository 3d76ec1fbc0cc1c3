//! What the clock brings: every command first does what is due.

use serde_json::Value;

use crate::support::{Answer, Site, tool};

/// Runs at another time, successfully.
fn at(site: &Site, now: &str, args: &[&str]) -> Value {
    let line = tool().arg("--db").arg(site.file()).args(["--json", "--now", now]).args(args).output().unwrap();
    let answer = Answer::of(line);
    assert_eq!(answer.code, 0, "{args:?}: {answer:?}");
    answer.json()
}

#[test]
fn a_hold_lapses_after_ten_minutes_before_whatever_command_comes() {
    let site = Site::with_storages();
    assert_eq!(site.json(&["--payment", "lost-reply", "reserve", "1", "--customer", "kim"]).code, 7);
    let still = at(&site, "2026-11-22T03:09:59Z", &["reservation", "show", "1"]);
    assert_eq!(still["reservationStatus"], "reqReserve");
    let lapsed = at(&site, "2026-11-22T03:10:00Z", &["reservation", "show", "1"]);
    assert_eq!(lapsed["reservationStatus"], "expired");
    let rival = at(&site, "2026-11-22T03:10:00Z", &["reserve", "1", "--customer", "lee"]);
    assert_eq!(rival["reservationStatus"], "reserved");
    // The late money is found, and goes back.
    assert_eq!(at(&site, "2026-11-22T03:10:00Z", &["settle"])["asked"], 1);
    assert_eq!(at(&site, "2026-11-22T03:10:00Z", &["payment", "show", "1"])["paymentStatus"], "cancelled");
    assert_eq!(at(&site, "2026-11-22T03:10:00Z", &["verify"])["ok"], true);
}

#[test]
fn rentals_start_and_end_on_the_sites_day() {
    let site = Site::with_storages();
    site.ok(&["reserve", "1", "--customer", "kim", "--from", "2026-12-01", "--until", "2026-12-05"]);
    assert_eq!(site.ok(&["storage", "show", "1"])["storageStatus"], "available");
    // Midnight in Seoul is 15:00 UTC of the day before.
    assert_eq!(at(&site, "2026-11-30T14:59:59Z", &["tick"])["started"], 0);
    assert_eq!(at(&site, "2026-11-30T15:00:00Z", &["tick"])["started"], 1);
    assert_eq!(at(&site, "2026-11-30T15:00:00Z", &["storage", "show", "1"])["storageStatus"], "reserved");
    let over = at(&site, "2026-12-04T15:00:00Z", &["reservation", "show", "1"]);
    assert_eq!(over["reservationStatus"], "completed");
    let kinds: Vec<Value> = at(&site, "2026-12-04T15:00:00Z", &["message", "list"])
        .as_array()
        .unwrap()
        .iter()
        .map(|m| m["kind"].clone())
        .collect();
    assert_eq!(kinds, ["ReservationConfirmed", "RentalStarted", "RentalEnded"]);
}

#[test]
fn cancelling_is_for_the_first_day_and_ending_for_later_ones() {
    let site = Site::with_storages();
    site.ok(&["reserve", "1", "--customer", "kim"]);
    let next_day = "2026-11-23T03:00:00Z";
    let late = tool().arg("--db").arg(site.file()).args(["--json", "--now", next_day, "cancel", "1"]).output().unwrap();
    let late = Answer::of(late);
    assert_eq!((late.code, late.error()["code"].as_str()), (4, Some("firstDayPast")));
    let ended = at(&site, next_day, &["end", "1", "--customer", "kim"]);
    assert_eq!((&ended["until"], &ended["reservationStatus"]), (&"2026-11-24".into(), &"reserved".into()));
    let today = at(&site, next_day, &["end", "1", "--on", "2026-11-23"]);
    assert_eq!((&today["until"], &today["reservationStatus"]), (&"2026-11-23".into(), &"completed".into()));
    assert_eq!(at(&site, next_day, &["reserve", "1", "--customer", "lee"])["reservationStatus"], "reserved");
}

#[test]
fn the_zone_says_which_day_it_is() {
    let site = Site::with_storages();
    assert_eq!(at(&site, "2026-11-22T20:00:00Z", &["status"])["today"], "2026-11-23");
    site.ok(&["settings", "set", "zone", "America/New_York"]);
    assert_eq!(at(&site, "2026-11-22T20:00:00Z", &["status"])["today"], "2026-11-22");
}

#[test]
fn a_check_of_a_file_does_what_is_due_first_where_there_is_a_site() {
    let site = Site::with_storages();
    assert_eq!(site.json(&["--payment", "lost-reply", "reserve", "1", "--customer", "kim"]).code, 7);
    std::fs::write(site.path("more.csv"), "description,price,currency\na,5,KRW\n").unwrap();
    let more = site.path("more.csv");
    let later = "2026-11-22T04:00:00Z";
    assert_eq!(at(&site, later, &["storage", "import", more.to_str().unwrap(), "--dry-run"])["imported"], 1);
    // At a time before it lapsed: it was written then.
    assert_eq!(site.ok(&["reservation", "show", "1"])["reservationStatus"], "expired");
    assert_eq!(site.ok(&["storage", "list"]).as_array().unwrap().len(), 3);
}

#[test]
fn what_is_over_is_neither_quoted_nor_offered() {
    let site = Site::with_storages();
    for args in [&["quote", "1", "--from", "2026-11-21"][..], &["available", "--from", "2026-11-21"]] {
        let refused = site.refused(2, args);
        assert_eq!(refused["code"], "invalidValue", "{args:?}: {refused}");
    }
    assert_eq!(site.ok(&["quote", "1", "--from", "2026-11-22"])["price"], 59_000);
    assert_eq!(site.ok(&["available", "--from", "2026-11-22"]).as_array().unwrap().len(), 2);
}

#[test]
fn one_row_of_the_screen_may_be_asked_for_with_its_state() {
    let site = Site::with_storages();
    assert_eq!(site.ok(&["view", "1", "--status", "available"]), site.ok(&["view", "1"]));
    assert_eq!(site.refused(3, &["view", "1", "--status", "reserved"])["code"], "storageNotFound");
}
