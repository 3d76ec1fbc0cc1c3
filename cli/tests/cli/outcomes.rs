//! What becomes of money: unknown outcomes, settling, retries under a key, refunds that have to wait.

use crate::support::Site;

#[test]
fn an_unknown_outcome_prints_the_reservation_and_exits_7() {
    let site = Site::with_storages();
    for (id, how) in [("1", "lost-reply"), ("3", "slow")] {
        let answer = site.json(&["--payment", how, "reserve", id, "--customer", "kim"]);
        assert_eq!(answer.code, 7);
        let (row, error) = (answer.json(), answer.error());
        assert_eq!((&row["reservationStatus"], &row["paidUntil"]), (&"reqReserve".into(), &().into()));
        assert_eq!(row["holdExpiresAt"], "2026-11-22T03:10:00Z");
        assert_eq!((error["code"].as_str(), error["retryAfter"].as_u64()), (Some("outcomeUnknown"), Some(5)));
    }
    let told = site.run(&["--payment", "slow", "reserve", "2", "--until", "2026-11-25"]);
    assert_eq!(told.code, 7);
    assert!(told.stdout.contains("on hold") && told.stderr.starts_with("error: "), "{told:?}");
    assert_eq!(site.refused(4, &["reserve", "1"])["code"], "storageTaken");
    assert_eq!(site.refused(4, &["cancel", "1"])["code"], "paymentPending");
}

#[test]
fn settle_finds_the_money_and_confirms() {
    let site = Site::with_storages();
    assert_eq!(site.json(&["--payment", "lost-reply", "reserve", "1", "--customer", "kim"]).code, 7);
    // Only settling settles: every other command leaves the hold as it is.
    assert_eq!(site.ok(&["reservation", "show", "1"])["reservationStatus"], "reqReserve");
    assert_eq!(site.ok(&["tick"])["expired"], 0);
    assert_eq!(site.ok(&["settle"])["asked"], 1);
    assert_eq!(site.ok(&["reservation", "show", "1"])["reservationStatus"], "reserved");
    assert_eq!(site.ok(&["settle"])["asked"], 0);
    assert_eq!(site.ok(&["message", "list"])[0]["kind"], "ReservationConfirmed");
    site.assert_clean();
}

#[test]
fn run_due_settles_too() {
    let site = Site::with_storages();
    assert_eq!(site.json(&["--payment", "slow", "reserve", "1"]).code, 7);
    assert_eq!(site.ok(&["run-due"])["settled"]["asked"], 1);
    assert_eq!(site.ok(&["reservation", "show", "1"])["reservationStatus"], "reserved");
}

#[test]
fn a_retry_under_the_same_key_settles_and_is_the_same_reservation() {
    let site = Site::with_storages();
    let line = ["reserve", "1", "--customer", "kim", "--price", "59000", "--idempotency-key", "k1"];
    let lost = site.json(&[&["--payment", "lost-reply"], &line[..]].concat());
    assert_eq!((lost.code, &lost.json()["reservationId"]), (7, &1.into()));
    let again = site.ok(&line);
    assert_eq!((&again["reservationId"], &again["reservationStatus"]), (&1.into(), &"reserved".into()));
    assert_eq!(site.ok(&line), again);
    assert_eq!(site.ok(&["payment", "list"]).as_array().unwrap().len(), 1);
    // The key stays the reservation's, also when the storage is gone.
    site.ok(&["cancel", "1"]);
    site.ok(&["storage", "delete", "1"]);
    assert_eq!(site.ok(&line)["reservationStatus"], "cancelled");
    site.assert_clean();
}

#[test]
fn a_refund_that_has_to_wait_leaves_req_cancel_and_exits_0() {
    let site = Site::with_storages();
    site.ok(&["reserve", "1", "--customer", "kim"]);
    let waiting = site.ok(&["--payment", "down", "cancel", "1", "--customer", "kim"]);
    assert_eq!(waiting["reservationStatus"], "reqCancel");
    assert_eq!(site.ok(&["cancel", "1", "--customer", "kim"])["reservationStatus"], "reqCancel");
    assert_eq!(site.refused(4, &["reserve", "1"])["code"], "storageTaken");
    // Some seconds later any command brings it.
    let later = ["--now", "2026-11-22T03:00:05Z"];
    let mut tool = crate::support::tool();
    assert!(tool.arg("--db").arg(site.file()).args(later).arg("status").output().unwrap().status.success());
    assert_eq!(site.ok(&["reservation", "show", "1"])["reservationStatus"], "cancelled");
    assert_eq!(site.ok(&["payment", "show", "1"])["paymentStatus"], "cancelled");
    site.assert_clean();
}

#[test]
fn the_manager_reserves_for_the_guest() {
    let site = Site::with_storages();
    assert_eq!(site.ok(&["reserve", "1"])["customer"], "guest");
    assert_eq!(site.ok(&["reservation", "list", "--customer", "guest"]).as_array().unwrap().len(), 1);
    assert_eq!(site.ok(&["reservation", "list", "--customer", "kim"]).as_array().unwrap().len(), 0);
}

#[test]
fn a_paused_consumer_waits_and_catches_up_in_another_process() {
    let site = Site::with_storages();
    for consumer in ["message", "storage", "view"] {
        assert_eq!(site.ok(&["consumer", "pause", consumer])["paused"], true);
    }
    assert_eq!(site.ok(&["reserve", "1", "--customer", "kim"])["reservationStatus"], "reserved");
    assert_eq!(site.refused(4, &["reserve", "1", "--customer", "lee"])["code"], "storageTaken");
    assert_eq!(site.ok(&["message", "list"]).as_array().unwrap().len(), 0);
    assert_eq!(site.ok(&["storage", "show", "1"])["storageStatus"], "available");
    for consumer in ["message", "storage", "view"] {
        let row = site.ok(&["consumer", "resume", consumer]);
        assert_eq!((&row["paused"], &row["behind"]), (&false.into(), &0.into()), "{consumer}");
    }
    assert_eq!(site.ok(&["message", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(site.ok(&["view", "1"])["storageStatus"], "reserved");
    let before = site.json(&["view"]).stdout;
    assert_eq!(site.ok(&["consumer", "replay", "view"])["behind"], 0);
    assert_eq!(site.json(&["view"]).stdout, before);
    site.assert_clean();
}

#[test]
fn replaying_a_paused_consumer_waits_until_it_is_resumed() {
    let site = Site::with_storages();
    site.ok(&["consumer", "pause", "view"]);
    assert_eq!(site.ok(&["consumer", "replay", "view"])["cursor"], 0);
    assert_eq!(site.ok(&["view"]).as_array().unwrap().len(), 0);
    site.ok(&["consumer", "resume", "view"]);
    assert_eq!(site.ok(&["view"]).as_array().unwrap().len(), 3);
}

#[test]
fn a_retry_that_fails_again_says_so() {
    let site = Site::with_storages();
    site.ok(&["reserve", "1", "--customer", "kim"]);
    // A payment service that knows nothing of the payment.
    let other = Site::with_storages();
    other.ok(&["reserve", "1", "--customer", "lee"]);
    std::fs::copy(other.path("rent.db.books"), site.path("rent.db.books")).unwrap();
    site.ok(&["cancel", "1"]);
    assert_eq!(site.ok(&["dead-letter", "list"])[0]["action"], "refund");
    let retried = site.run(&["dead-letter", "retry", "1"]);
    assert_eq!(retried.code, 0, "{retried:?}");
    assert!(retried.stderr.contains("is dead letter 2 now"), "{retried:?}");
    let in_korean = site.run(&["--lang", "ko", "dead-letter", "retry", "2"]);
    assert!(in_korean.stdout.contains("환불") && in_korean.stdout.contains("다시 시도함"), "{in_korean:?}");
    assert!(in_korean.stderr.contains("데드레터 3번"), "{in_korean:?}");
}

#[test]
fn what_fails_for_want_of_a_site_says_that_there_was_none() {
    let site = Site::new();
    let refused = site.run(&["reserve", "1"]);
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(refused.stderr.contains("there was no site at"), "{refused:?}");
    assert!(!site.run(&["reserve", "1"]).stderr.contains("there was no site at"), "now there is one");
}
