//! Closed pipes, following the log, and what else happens to streams.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Answer, NOON, Site, tool};

fn piped(site: &Site, args: &[&str]) -> Child {
    site.tool().args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for a child to exit of its own accord.
fn exits(mut child: Child) -> (Option<i32>, String) {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            let mut stderr = String::new();
            child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
            return (status.code(), stderr);
        }
        assert!(Instant::now() < deadline, "it does not end");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_closed_pipe_is_no_error() {
    let site = Site::new();
    let rows: String = (1..3_000).map(|n| format!("storage number {n},{n},KRW\n")).collect();
    std::fs::write(site.path("many.csv"), format!("description,price,currency\n{rows}")).unwrap();
    site.ok(&["storage", "import", "many.csv"]);
    for line in [
        &["storage", "list"][..],
        &["storage", "list", "--json"],
        &["view"],
        &["event", "list"],
        &["event", "list", "--json"],
        &["export", "storages"],
        &["completions", "bash"],
        &["demo"],
        &["--help"],
    ] {
        let mut child = if line[0] == "demo" {
            tool().args(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        } else {
            piped(&site, line)
        };
        drop(child.stdout.take());
        assert_eq!(exits(child), (Some(0), String::new()), "{line:?}");
    }
}

#[test]
fn a_command_is_done_although_nobody_reads_its_answer() {
    let site = Site::with_storages();
    let mut child = piped(&site, &["reserve", "1", "--customer", "kim"]);
    drop(child.stdout.take());
    assert_eq!(exits(child), (Some(0), String::new()));
    assert_eq!(site.ok(&["reservation", "show", "1"])["reservationStatus"], "reserved");
    let mut child = piped(&site, &["--payment", "slow", "reserve", "3"]);
    drop(child.stdout.take());
    assert_eq!(exits(child).0, Some(7), "the outcome is unknown, read or not");
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_under_stdout_is_an_error() {
    let site = Site::with_storages();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let output = site.tool().args(["--json", "storage", "list"]).stdout(full).output().unwrap();
    let answer = Answer::of(output);
    assert_eq!((answer.code, answer.error()["code"].as_str()), (1, Some("stdoutFailed")));
}

#[test]
fn following_prints_new_events_as_they_happen_and_ends_with_its_reader() {
    let site = Site::with_storages();
    let mut child = piped(&site, &["--json", "event", "list", "--follow", "--after", "3"]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    site.ok(&["reserve", "1", "--customer", "kim"]);
    let first = lines.next().unwrap().unwrap();
    assert!(first.contains("\"eventType\":\"ReservationCreated\""), "{first}");
    for _ in 0..4 {
        lines.next().unwrap().unwrap();
    }
    // Nothing more is to come: it must notice by itself that nobody reads any more.
    drop(lines);
    assert_eq!(exits(child), (Some(0), String::new()));
}

#[test]
fn following_does_what_is_due_and_stops_at_its_limit() {
    let site = Site::with_storages();
    assert_eq!(site.json(&["--payment", "lost-reply", "reserve", "1"]).code, 7);
    let mut command = tool();
    command.arg("--db").arg(site.file()).args(["--now", "2026-11-22T03:10:00Z", "--json", "event", "list"]);
    let child = command.args(["--follow", "--after", "5", "--limit", "1"]).stdout(Stdio::piped()).spawn().unwrap();
    let answer = Answer::of(child.wait_with_output().unwrap());
    assert!(answer.code == 0 && answer.stdout.contains("ReservationExpired"), "{answer:?}");
}

#[test]
fn readers_leave_no_books_and_no_write_ahead_log_behind() {
    let site = Site::with_storages();
    for line in [&["view"][..], &["status"], &["available"], &["verify"], &["event", "list"]] {
        site.run(line);
    }
    let mut left: Vec<_> = std::fs::read_dir(site.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    left.sort();
    assert_eq!(left, ["rent.db"]);
    site.ok(&["reserve", "1"]);
    assert!(site.path("rent.db.books").exists());
}

#[test]
fn who_looks_at_a_site_that_is_not_there_is_told_that_it_is_new() {
    let site = Site::new();
    let first = site.run(&["view"]);
    assert_eq!((first.code, first.stdout.as_str()), (0, ""));
    assert!(first.stderr.contains("note: there was no site at ") && first.stderr.contains("rent.db"), "{first:?}");
    let second = site.run(&["view"]);
    assert!(second.code == 0 && !second.stderr.contains("there was no site"), "{second:?}");
    // Programs are not told.
    assert_eq!(Site::new().ok(&["view"]), serde_json::json!([]));
}

#[test]
fn a_screen_that_is_behind_the_log_says_so() {
    let site = Site::with_storages();
    assert_eq!(site.run(&["view"]).stderr, "");
    for (consumer, change, looks) in [
        ("view", &["storage", "modify", "1", "--price", "60000"][..], [&["view"][..], &["view", "1"]]),
        ("storage", &["reserve", "1"], [&["storage", "list"], &["storage", "show", "1"]]),
        (
            "message",
            &["reserve", "2", "--until", "2026-11-24"],
            [&["message", "list"], &["message", "list", "--limit", "9"]],
        ),
        ("payment", &["reserve", "3"], [&["cancel", "3"], &["cancel", "3"]]),
    ] {
        site.ok(&["consumer", "pause", consumer]);
        site.ok(change);
        for look in looks {
            let behind = site.run(look);
            assert_eq!(behind.code, 0);
            let (note, remedy) = ("has not seen: ", format!("`storagerent consumer resume {consumer}` lets it go on"));
            assert!(behind.stderr.contains(note) && behind.stderr.contains(&remedy), "{behind:?}");
        }
        site.ok(&["consumer", "resume", consumer]);
        assert_eq!(site.run(looks[0]).stderr, "", "{consumer}");
    }
    site.ok(&["consumer", "pause", "view"]);
    site.ok(&["storage", "register", "--description", "not there yet", "--price", "5"]);
    let absent = site.run(&["view", "4"]);
    assert_eq!(absent.code, 3);
    assert!(absent.stderr.contains("has not seen: 1"), "it is there, but the screen is behind: {absent:?}");
}

#[test]
fn books_that_cannot_be_used_are_named() {
    let site = Site::with_storages();
    std::fs::write(site.path("rent.db.books"), "no books, ".repeat(500)).unwrap();
    let away = site.run(&["reserve", "1"]);
    assert_eq!((away.code, away.stdout.as_str()), (7, ""), "{away:?}");
    assert!(away.stderr.contains("rent.db.books cannot be used: "), "{away:?}");
}

#[cfg(unix)]
#[test]
fn by_whatever_name_a_site_is_found_its_books_are_the_same() {
    let site = Site::with_storages();
    std::os::unix::fs::symlink(site.file(), site.path("link.db")).unwrap();
    site.ok(&["reserve", "1"]);
    let by_link =
        tool().current_dir(site.path("")).args(["--db", "link.db", "--now", NOON, "--json", "cancel", "1"]).output();
    let cancelled = Answer::of(by_link.unwrap()).json();
    assert_eq!(cancelled["reservationStatus"], "cancelled", "the money was where it had been taken");
    assert!(!site.path("link.db.books").exists());
}

#[test]
fn who_cannot_reach_the_payment_service_of_a_file_is_told_who_can() {
    let site = Site::with_storages();
    site.ok(&["reserve", "1"]);
    site.ok(&["settings", "set", "gateway", "bank"]);
    for command in [&["cancel", "1"][..], &["settle"], &["run-due"]] {
        let answer = site.run(command);
        assert_eq!(answer.code, 0, "{answer:?}");
        assert!(answer.stderr.contains("while `storagerent serve` runs"), "{answer:?}");
    }
    assert_eq!(site.ok(&["reservation", "show", "1"])["reservationStatus"], "reqCancel");
}
