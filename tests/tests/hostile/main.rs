//! A short run of hostile input; the long ones are by hand: `cargo run --release -p storagerent-tests --bin hostile`.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::{Duration, Instant};

use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::{App, Caller, Money, Rate, RegisterStorage};
use storagerent_tests::hostile::{self, Target};

#[track_caller]
fn feed(target: Target, inputs: u64) {
    let report = hostile::run(target, inputs, 20_261_122, |_| {});
    assert_eq!(report.inputs, inputs);
    assert!(report.violations.is_empty(), "{:#?}", report.violations);
    assert!(report.accepted > inputs / 20 && report.accepted < inputs, "{} of {inputs} accepted", report.accepted);
}

#[test]
fn hostile_requests_break_nothing() {
    feed(Target::Json, 8_000);
}

#[test]
fn hostile_sheets_break_nothing() {
    feed(Target::Csv, 800);
}

#[test]
fn hostile_command_lines_break_nothing() {
    feed(Target::Args, 100);
}

#[test]
fn hostile_files_break_nothing() {
    feed(Target::File, 120);
}

/// A site with ten storages, each event not yet seen by any consumer, and what a stranger then does to the file.
fn damaged(sql: &str) -> (tempfile::TempDir, App) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rent.db");
    let open = || storagerent::open(&file, SimulatedGateway::in_memory(Behaviour::Approve)).unwrap();
    let app = open();
    let rate = Rate::flat(Money::krw(59_000)).unwrap();
    for _ in 0..10 {
        app.register(&Caller::manager(), RegisterStorage { description: "강남".parse().unwrap(), rate }).unwrap();
    }
    drop(app);
    let stranger = rusqlite::Connection::open(&file).unwrap();
    stranger.execute_batch("UPDATE head SET cursors = (SELECT json_group_object(key, 0) FROM json_each(cursors)); DELETE FROM storage_views").unwrap();
    stranger.execute_batch(sql).unwrap();
    drop(stranger);
    (folder, open())
}

#[test]
fn a_damaged_or_missing_event_stops_a_consumer_and_does_not_keep_it_busy_for_ever() {
    for (sql, seen) in [
        ("UPDATE events SET payload = 'nonsense' WHERE sequence = 4", 3),
        ("DELETE FROM events WHERE sequence > 6", 6),
        ("UPDATE head SET sequence = 9000000000000000000", 10),
    ] {
        let (_folder, app) = damaged(sql);
        let begun = Instant::now();
        assert_eq!(app.run_consumers(u32::MAX), Ok(4 * seen), "{sql}");
        app.replay(&Caller::manager(), "view").unwrap();
        assert!(begun.elapsed() < Duration::from_secs(5), "{sql}: {:?}", begun.elapsed());
        assert!(
            app.consumers().unwrap().iter().all(|c| c.behind > 0 && c.row.cursor.get() == u64::from(seen)),
            "{sql}"
        );
        assert!(!app.verify().unwrap().ok, "{sql}");
    }
}
