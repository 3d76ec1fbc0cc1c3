//! One exit code for each kind of refusal, and its error in JSON and in words.

use crate::support::{Answer, NOON, Site, tool};

/// Runs a line that must be refused so, in JSON and for people.
fn assert_refused(site: &Site, code: i32, error_code: &str, args: &[&str]) {
    let error = site.refused(code, args);
    assert_eq!(error["code"], error_code, "{args:?}: {error}");
    assert!(error["message"].as_str().is_some_and(|m| !m.is_empty()), "{args:?}: {error}");
    let mut fields: Vec<_> = error.as_object().unwrap().keys().map(String::as_str).collect();
    fields.retain(|field| *field != "refused");
    assert_eq!(fields, ["code", "hint", "message", "retryAfter"], "{args:?}");
    let told = site.run(args);
    assert_eq!((told.code, told.stdout.as_str()), (code, ""), "{args:?}");
    assert!(told.stderr.starts_with("error: "), "{told:?}");
    if error_code != "usage" {
        assert!(told.stderr.contains("\nhint: "), "{told:?}");
    }
}

#[test]
fn usage_and_invalid_values_exit_2() {
    let site = Site::with_storages();
    let register = ["storage", "register", "--description", "x", "--price"];
    for line in [
        &["bogus"][..],
        &["storage", "register", "--price", "5"],
        &["storage", "modify", "1"],
        &["storage", "modify", "1", "--withdrawn", "maybe"],
        &["storage", "show", "0"],
        &["storage", "show", "abc"],
        &["storage", "list", "--limit", "many"],
        &["reserve"],
        &["reservation", "list", "--status", "bogus"],
        &["review", "add", "1", "--rating", "5", "--content", "x"],
        &["review", "modify", "1", "--customer", "kim"],
        &["--payment", "maybe", "view"],
        &["--lang", "fr", "view"],
        &["--now", "yesterday", "view"],
        &["dead-letter", "discard", "1"],
    ] {
        assert_refused(&site, 2, "usage", line);
    }
    for line in [
        &[&register[..], &["0"]].concat()[..],
        &[&register[..], &["-1"]].concat(),
        &[&register[..], &["1e3"]].concat(),
        &[&register[..], &["59000.5"]].concat(),
        &[&register[..], &["99999999999999999999"]].concat(),
        &[&register[..], &["5", "--currency", "XYZ"]].concat(),
        &["storage", "register", "--description", " ", "--price", "5"],
        &["storage", "modify", "1", "--price", "0"],
        &["storage", "modify", "3", "--price", "1.999"],
        &["quote", "2"],
        &["quote", "1", "--until", "2026-11-22"],
        &["quote", "1", "--from", "2026-1-1"],
        &["reserve", "1", "--from", "2026-11-21"],
        &["reserve", "1", "--from", "2026-02-30"],
        &["reserve", "1", "--customer", ""],
        &["reserve", "1", "--price", "abc"],
        &["reserve", "1", "--idempotency-key", "with space"],
        &["review", "add", "1", "--customer", "kim", "--rating", "9", "--content", "x"],
        &["review", "add", "1", "--customer", "kim", "--rating", "-1", "--content", "x"],
        &["review", "add", "1", "--customer", "kim", "--rating", "five", "--content", "x"],
        &["review", "add", "1", "--customer", "kim", "--rating", "5", "--content", ""],
        &["available", "--max-price", "abc"],
        &["available", "--from", "2026-12-05", "--until", "2026-12-01"],
        &["event", "list", "--correlation", "a b"],
        &["settings", "set", "colour", "red"],
        &["settings", "set", "holdMinutes", "0"],
        &["settings", "set", "zone", "Mars/Olympus"],
    ] {
        assert_refused(&site, 2, "invalidValue", line);
    }
    site.assert_clean();
}

#[test]
fn a_missing_command_is_a_usage_error_and_shows_which_there_are() {
    let site = Site::new();
    for line in [&[][..], &["storage"], &["db"]] {
        let error = site.refused(2, line);
        assert_eq!(error["code"], "usage", "{line:?}: {error}");
        assert!(error["hint"].as_str().unwrap().starts_with("Usage: storagerent"), "{error}");
    }
    let bare = Answer::of(tool().output().unwrap());
    assert!(bare.code == 2 && bare.stdout.is_empty() && bare.stderr.contains("demo"), "{bare:?}");
}

#[test]
fn an_empty_db_is_a_usage_error() {
    let answer = Answer::of(tool().args(["--db", "", "view"]).output().unwrap());
    assert_eq!((answer.code, answer.stdout.as_str()), (2, ""));
    let answer = Answer::of(tool().args(["view", "--json", "--db", ""]).output().unwrap());
    assert_eq!((answer.code, answer.error()["code"].as_str()), (2, Some("usage")));
}

#[test]
fn a_variable_of_the_environment_that_is_empty_is_not_set() {
    let site = Site::new();
    let mut command = tool();
    command.env("STORAGERENT_DB", "").env("STORAGERENT_PAYMENT", "").env("XDG_DATA_HOME", site.path("data"));
    let answer = Answer::of(command.args(["storage", "list", "--json"]).output().unwrap());
    assert_eq!((answer.code, answer.stdout.as_str(), answer.stderr.as_str()), (0, "[]\n", ""));
    assert!(site.path("data/storagerent/rent.db").is_file());
    assert!(tool().env("STORAGERENT_PAYMENT", "").args(["completions", "bash"]).output().unwrap().status.success());
}

#[test]
fn an_amount_that_is_none_is_refused_by_the_name_of_its_option() {
    let site = Site::with_storages();
    for amount in ["abc", "-1", "99999999999999999999"] {
        let message = site.refused(2, &["available", "--max-price", amount])["message"].to_string();
        assert!(message.starts_with("\"max-price: "), "{message}");
    }
}

#[test]
fn what_is_not_there_exits_3() {
    let site = Site::with_storages();
    for (code, line) in [
        ("storageNotFound", &["storage", "show", "9"][..]),
        ("storageNotFound", &["storage", "modify", "9", "--price", "5"]),
        ("storageNotFound", &["storage", "delete", "9"]),
        ("storageNotFound", &["quote", "9"]),
        ("storageNotFound", &["reserve", "9"]),
        ("storageNotFound", &["reserve", "9", "--price", "5"]),
        ("storageNotFound", &["reserve", "18446744073709551615"]),
        ("storageNotFound", &["view", "9"]),
        ("reservationNotFound", &["reservation", "show", "9"]),
        ("reservationNotFound", &["cancel", "9"]),
        ("reservationNotFound", &["end", "9"]),
        ("reservationNotFound", &["review", "add", "9", "--customer", "kim", "--rating", "5", "--content", "x"]),
        ("paymentNotFound", &["payment", "show", "9"]),
        ("reviewNotFound", &["review", "modify", "9", "--rating", "5"]),
        ("reviewNotFound", &["review", "delete", "9"]),
        ("consumerNotFound", &["consumer", "pause", "bogus"]),
        ("deadLetterNotFound", &["dead-letter", "retry", "9"]),
        ("deadLetterNotFound", &["dead-letter", "discard", "9", "--reason", "x"]),
    ] {
        assert_refused(&site, 3, code, line);
    }
}

#[test]
fn conflicts_exit_4() {
    let site = Site::with_storages();
    let key = ["--idempotency-key", "k1"];
    let taken = site.ok(&[&["reserve", "1", "--customer", "kim"], &key[..]].concat());
    assert_eq!(taken["reservationStatus"], "reserved");
    let dated = ["reserve", "2", "--customer", "kim", "--from", "2026-12-01", "--until", "2026-12-05"];
    assert_refused(&site, 4, "priceChanged", &[&dated[..], &["--price", "4001"]].concat());
    site.ok(&[&dated[..], &["--price", "4000"]].concat());
    site.ok(&["review", "add", "1", "--customer", "kim", "--rating", "5", "--content", "x"]);
    site.ok(&["storage", "modify", "3", "--withdrawn", "true"]);
    let review = |id| ["review", "add", id, "--customer", "kim", "--rating", "5", "--content", "x"];
    for (code, line) in [
        ("storageTaken", &["reserve", "1", "--customer", "lee"][..]),
        ("storageTaken", &["reserve", "2", "--from", "2026-12-04", "--until", "2026-12-06"]),
        ("storageWithdrawn", &["reserve", "3"]),
        ("idempotencyKeyReused", &["reserve", "2", "--until", "2026-11-25", "--customer", "kim", key[0], key[1]]),
        ("storageHasBookings", &["storage", "delete", "1"]),
        ("alreadyReviewed", &review("1")),
        ("tooEarlyToReview", &review("2")),
    ] {
        assert_refused(&site, 4, code, line);
    }
    site.ok(&["cancel", "1"]);
    assert_refused(&site, 4, "wrongState", &["end", "1"]);
    assert_refused(
        &site,
        4,
        "notRented",
        &["review", "add", "1", "--customer", "kim", "--rating", "5", "--content", "x"],
    );
    site.assert_clean();
}

#[test]
fn what_is_not_allowed_exits_5() {
    let site = Site::with_storages();
    site.ok(&["reserve", "1", "--customer", "kim"]);
    site.ok(&["review", "add", "1", "--customer", "kim", "--rating", "5", "--content", "x"]);
    for line in [
        &["cancel", "1", "--customer", "lee"][..],
        &["end", "1", "--customer", "lee"],
        &["review", "add", "1", "--customer", "lee", "--rating", "1", "--content", "x"],
        &["review", "modify", "1", "--customer", "lee", "--rating", "1"],
        &["review", "modify", "1", "--rating", "1"],
        &["review", "delete", "1", "--customer", "lee"],
    ] {
        assert_refused(&site, 5, "notAllowed", line);
    }
    // The manager may do everything but write a review.
    assert_eq!(site.ok(&["review", "delete", "1"])["reviewId"], 1);
    assert_eq!(site.ok(&["cancel", "1"])["reservationStatus"], "cancelled");
}

#[test]
fn a_declined_payment_exits_6_and_leaves_no_hold() {
    let site = Site::with_storages();
    assert_refused(&site, 6, "paymentDeclined", &["--payment", "decline", "reserve", "1"]);
    assert_eq!(site.ok(&["reservation", "show", "1"])["reservationStatus"], "rejected");
    assert_eq!(site.ok(&["payment", "show", "1"])["paymentStatus"], "declined");
    assert_eq!(site.ok(&["reserve", "1"])["reservationStatus"], "reserved");
}

#[test]
fn a_payment_service_that_is_down_exits_7_and_nothing_is_held() {
    let site = Site::with_storages();
    let error = site.refused(7, &["--payment", "down", "reserve", "1"]);
    assert_eq!((error["code"].as_str(), error["retryAfter"].as_u64()), (Some("paymentUnavailable"), Some(1)));
    let by_environment = site.tool().env("STORAGERENT_PAYMENT", "down").args(["reserve", "1"]).output().unwrap();
    assert_eq!(by_environment.status.code(), Some(7));
    assert!(!site.path("rent.db.books").exists(), "a service that is down keeps no books");
    let live = site.ok(&["reservation", "list", "--status", "reqReserve"]);
    assert_eq!(live.as_array().map(Vec::len), Some(0));
    assert_eq!(site.ok(&["reserve", "1"])["reservationStatus"], "reserved");
    site.assert_clean();
}

#[test]
fn anything_else_exits_1() {
    let site = Site::new();
    let nowhere = site.path("no/such/folder/rent.db");
    let answer = Answer::of(tool().arg("--db").arg(&nowhere).args(["--json", "view"]).output().unwrap());
    assert_eq!((answer.code, answer.error()["code"].as_str()), (1, Some("storeFailed")));
    let a_folder = Answer::of(tool().arg("--db").arg(site.path("")).args(["--json", "view"]).output().unwrap());
    assert_eq!(a_folder.code, 1);
    assert_refused(&site, 1, "fileFailed", &["storage", "import", "missing.csv"]);
}

#[test]
fn help_and_version_exit_0_on_stdout() {
    for args in [&["--help"][..], &["-h"], &["--version"], &["help", "reserve"], &["reserve", "--help", "--json"]] {
        let answer = Answer::of(tool().args(args).output().unwrap());
        assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{args:?}");
        assert!(answer.stdout.contains("storagerent"), "{args:?}");
    }
}

#[test]
fn global_options_stand_before_or_after_the_command() {
    let site = Site::new();
    let file = site.file();
    let file = file.to_str().unwrap();
    let before = ["--db", file, "--json", "--lang", "ko", "--payment", "slow", "--now", NOON, "storage", "list"];
    let after = ["storage", "list", "--db", file, "--json", "--lang", "ko", "--payment", "slow", "--now", NOON];
    let between = ["--now", NOON, "storage", "--json", "--payment", "slow", "list", "--lang", "ko", "--db", file];
    for line in [before, after, between] {
        let answer = Answer::of(tool().args(line).output().unwrap());
        assert_eq!((answer.code, answer.stdout.as_str()), (0, "[]\n"), "{line:?}");
    }
}
