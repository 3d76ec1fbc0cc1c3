//! Bits that change: each one in an event is told by its row, each one that changes anything stored is found by `verify`.
//!
//! What matters in a file is what its tables hold: each value of each column of each row. A bit elsewhere, in a free page, in the
//! unused bytes of a page, in an index or in a counter of the header, changes nothing that is stored; most are found all the same.

use std::collections::BTreeMap;

use rusqlite::OpenFlags;
use rusqlite::types::{Value, ValueRef};
use storagerent_core::event::EventHash;
use storagerent_core::shared::{Caller, CustomerId, IdempotencyKey};
use storagerent_core::{
    AddReview, App, CancelReservation, ConsumeError, EndRental, ImportStorages, ModifyReview, Reserve, ReviewContent,
    Sabotage, Stars, Verified,
};

use super::*;
use crate::clock::ManualClock;
use crate::notify::Recorded;
use crate::payment::{Behaviour, SimulatedGateway};
use crate::sqlite::tables::events;

const TABLES: [&str; 15] = [
    "events",
    "runs",
    "head",
    "storages",
    "reservations",
    "payments",
    "reviews",
    "messages",
    "channels",
    "storage_views",
    "effects",
    "consumers",
    "dead_letters",
    "idempotency",
    "settings",
];

fn clock() -> ManualClock {
    ManualClock::at("2026-11-22T03:00:00Z".parse().unwrap())
}

/// A site where all that can happen has happened, copied to one file in rollback-journal mode, and its bytes.
fn lived_in() -> (TempDir, PathBuf, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let (path, copy) = (folder.path().join("rent.db"), folder.path().join("copy.db"));
    let store = Arc::new(SqliteStore::open(&path).unwrap());
    let gateway = Arc::new(SimulatedGateway::in_memory(Behaviour::Approve));
    let clock = clock();
    let sabotage: Sabotage = Arc::new(|consumer, event| {
        let hit = consumer == "message" && event.sequence.get() > 60 && event.event.event_type() == "RentalEndSet";
        if hit { Err(ConsumeError::Permanent("planted".to_owned())) } else { Ok(()) }
    });
    let options = crate::Options::new(Arc::clone(&gateway)).clock(clock.clone());
    let options = options.notifier(Recorded::new("sms")).sabotage(sabotage);
    let app = crate::over(Arc::<SqliteStore>::clone(&store), options).unwrap();
    let storage = RegisterStorage {
        description: Description::new("강남 소형 1평").unwrap(),
        rate: Rate::flat(Money::krw(59_000)).unwrap(),
    };
    app.import(&Caller::manager(), ImportStorages { storages: vec![storage; 14] }).unwrap();
    for n in 1..=14 {
        live(&app, &gateway, n);
        clock.advance(Duration::from_secs(60));
    }
    app.set(&Caller::manager(), "holdMinutes", "20").unwrap();
    clock.advance_days(1);
    app.run_due().unwrap();
    // One refund is still to come, so that not everything is done.
    gateway.set_behaviour(Behaviour::Down);
    app.cancel(&Caller::manager(), CancelReservation { reservation_id: 10.into() }).unwrap_err();
    app.reserve(&Caller::manager(), Reserve::new(2.into())).unwrap_err();
    assert!(store.info().unwrap().events >= 100);
    assert!(app.verify().unwrap().ok, "{:#?}", app.verify());
    store.backup(&copy).unwrap();
    let bytes = std::fs::read(&copy).unwrap();
    (folder, copy, bytes)
}

fn live(app: &App, gateway: &SimulatedGateway, n: u64) {
    let kim = Caller::customer(CustomerId::new(["kim", "lee", "park"][n as usize % 3]).unwrap());
    let behaviour = [Behaviour::Approve, Behaviour::Approve, Behaviour::LostReply, Behaviour::Decline][n as usize % 4];
    gateway.set_behaviour(behaviour);
    let keyed = kim.clone().with_idempotency_key(IdempotencyKey::new(&format!("key-{n}")).unwrap());
    let reserved = app.reserve(&keyed, Reserve::new(n.into()));
    gateway.set_behaviour(Behaviour::Approve);
    let Ok(row) = reserved else { return };
    let reservation_id = row.booking.reservation_id;
    if n.is_multiple_of(3) {
        app.cancel(&kim, CancelReservation { reservation_id }).unwrap();
    } else {
        let content = ReviewContent::new("좋아요").unwrap();
        let review = app.add_review(&kim, AddReview { reservation_id, rate: Stars::new(4).unwrap(), content }).unwrap();
        let rate = Stars::new(5).ok();
        app.modify_review(&kim, ModifyReview { review_id: review.review_id, rate, content: None }).unwrap();
        app.end(&kim, EndRental { reservation_id, on: None }).unwrap();
    }
    app.run_due().unwrap();
}

fn verify(path: &Path) -> Result<Verified, crate::Error> {
    let options = crate::Options::without_gateway().clock(clock());
    crate::over(Arc::new(SqliteStore::open(path)?), options)?.verify()
}

/// Puts these bytes in the file's place, with nothing beside it.
fn put(path: &Path, bytes: &[u8]) {
    std::fs::write(path, bytes).unwrap();
    for beside in ["-wal", "-shm", "-journal"] {
        let mut name = path.as_os_str().to_owned();
        name.push(beside);
        let _ = std::fs::remove_file(name);
    }
}

type Row = Vec<Value>;

/// All that the tables hold, read by SQLite alone.
fn contents(path: &Path) -> rusqlite::Result<BTreeMap<&'static str, Vec<Row>>> {
    let conn = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    TABLES.into_iter().map(|table| Ok((table, rows(&conn, table)?))).collect()
}

fn rows(conn: &Connection, table: &str) -> rusqlite::Result<Vec<Row>> {
    let mut statement = conn.prepare(&format!("SELECT * FROM {table} NOT INDEXED"))?;
    let columns = statement.column_count();
    let read = statement.query_map([], |row| {
        // Text that is no UTF-8 any more is kept as bytes, marked.
        let value = |at| match row.get_ref(at)? {
            ValueRef::Text(text) if str::from_utf8(text).is_err() => Ok(Value::Blob([b"text:", text].concat())),
            _ => row.get(at),
        };
        (0..columns).map(value).collect()
    })?;
    read.collect()
}

/// How many bits a value has, as it is read.
fn bits(value: &Value) -> usize {
    match value {
        Value::Null => 0,
        Value::Integer(_) | Value::Real(_) => 64,
        Value::Text(text) => text.len() * 8,
        Value::Blob(bytes) => bytes.len() * 8,
    }
}

/// Changes one bit of a value in a row; text that is none any more is stored as text all the same.
fn flip(conn: &Connection, set: &str, value: &Value, bit: usize) -> rusqlite::Result<usize> {
    let flipped = |bytes: &[u8]| {
        let mut bytes = bytes.to_owned();
        bytes[bit / 8] ^= 1 << (bit % 8);
        bytes
    };
    let changed = match value {
        Value::Integer(n) => Value::Integer(n ^ (1 << bit)),
        Value::Blob(bytes) => Value::Blob(flipped(bytes)),
        Value::Text(text) => {
            let set = set.replace("?1", "CAST(?1 AS TEXT)");
            return conn.prepare_cached(&set)?.execute([flipped(text.as_bytes())]);
        }
        other => panic!("{other:?}"),
    };
    conn.prepare_cached(set)?.execute([changed])
}

fn columns(conn: &Connection, table: &str) -> Vec<String> {
    let mut statement = conn.prepare(&format!("SELECT name FROM pragma_table_info('{table}')")).unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn every_bit_of_a_hundred_event_rows_is_told_by_its_row() {
    let (_folder, path, _) = lived_in();
    let whole = stranger(&path);
    let columns = columns(&whole, "events");
    let log = rows(&whole, "events").unwrap();
    // One row at a time in a table of its own, so that each of so many flips costs little.
    let one = Connection::open_in_memory().unwrap();
    let create: String =
        whole.query_row("SELECT sql FROM sqlite_schema WHERE name = 'events'", [], |row| row.get(0)).unwrap();
    one.execute_batch(&create).unwrap();
    let insert = format!("INSERT INTO events VALUES ({})", vec!["?"; columns.len()].join(", "));
    let (mut previous, mut flips, mut walks) = (EventHash::ZERO, 0_usize, 0);
    for (n, row) in log.iter().take(100).enumerate() {
        one.execute("DELETE FROM events", []).unwrap();
        one.execute(&insert, rusqlite::params_from_iter(row)).unwrap();
        let told = |one: &Connection| {
            one.prepare_cached(events::EVERY)
                .and_then(|mut s| s.query_row([], |row| Ok(events::stored(row).and_then(|row| row.check(previous)))))
                .unwrap()
        };
        assert_eq!(told(&one), Ok(()), "row {}", n + 1);
        for (column, value) in columns.iter().zip(row) {
            let set = format!("UPDATE events SET {column} = ?1");
            for bit in 0..bits(value) {
                flip(&one, &set, value, bit).unwrap();
                assert!(told(&one).is_err(), "bit {bit} of {column} in row {}", n + 1);
                flips += 1;
                if flips.is_multiple_of(1_999) && column != "sequence" {
                    let set = format!("UPDATE events SET {column} = ?1 WHERE sequence = {}", n + 1);
                    flip(&whole, &set, value, bit).unwrap();
                    let found = super::super::audit::check_log(&whole, 9).unwrap();
                    let row = format!("events row {}", n + 1);
                    assert!(found.iter().any(|f| f.subject == row), "bit {bit} of {column} in {row}: {found:?}");
                    assert!(found.iter().all(|f| f.subject == row || f.check == "integrity"), "{found:?}");
                    whole.execute(&set, [value]).unwrap();
                    walks += 1;
                }
            }
            one.execute(&set, [value]).unwrap();
        }
        let Some(Value::Blob(hash)) = row.last() else { panic!("the hash is the last column") };
        previous = EventHash(hash.as_slice().try_into().unwrap());
    }
    assert_eq!(super::super::audit::check_log(&whole, 9).unwrap(), []);
    println!("{flips} bits of 100 event rows flipped, all told; {walks} by a walk through the whole log");
    assert!(flips > 200_000 && walks > 100, "{flips} {walks}");
}

#[test]
fn a_changed_value_in_any_column_of_any_row_is_found() {
    let (_folder, path, bytes) = lived_in();
    let mut changes = 0;
    for table in TABLES {
        put(&path, &bytes);
        let conn = stranger(&path);
        let columns = columns(&conn, table);
        let rows = rows(&conn, table).unwrap();
        drop(conn);
        assert!(!rows.is_empty(), "{table} has rows");
        for (at, column) in columns.iter().enumerate() {
            // A row that has a value there, and one of the last.
            let is_something = |value: &Value| !matches!(value, Value::Null) && *value != Value::Blob(Vec::new());
            let mut with_value = rows.iter().enumerate().filter(|(_, row)| is_something(&row[at]));
            let Some((n, row)) = with_value.next_back() else { continue };
            put(&path, &bytes);
            let conn = stranger(&path);
            let key = if ["idempotency"].contains(&table) { 2 } else { 0 };
            let (key, key_value) = (&columns[key], &row[key]);
            let set = format!("UPDATE {table} SET {column} = ?1 WHERE {key} IS {}", literal(key_value));
            // Its lowest bit; in a text the last letter's.
            let bit = match &row[at] {
                Value::Text(text) => text.len() * 8 - 8,
                Value::Integer(_) => 0,
                other => bits(other) - 1,
            };
            let changed = flip(&conn, &set, &row[at], bit);
            drop(conn);
            // What even a stranger's connection refuses (head has one row, and its id is 1) cannot be stored.
            let Ok(1) = changed else { continue };
            let found = verify(&path);
            let told = match &found {
                Ok(verified) => verified.findings.iter().any(|f| f.subject.starts_with(table)),
                Err(_) => true,
            };
            assert!(told, "{table}.{column} of row {n} ({:?}): {found:#?}", row[at]);
            changes += 1;
        }
    }
    println!("{changes} columns changed, each found");
    assert!(changes >= 100, "{changes}");
}

fn literal(value: &Value) -> String {
    match value {
        Value::Integer(n) => n.to_string(),
        Value::Text(text) => format!("'{text}'"),
        other => panic!("{other:?} is no key"),
    }
}

#[derive(Debug, Default)]
struct Tally {
    /// Flips that changed what is stored; `verify` reported each.
    changed: u32,
    /// Of these, SQLite's own check noticed so many.
    changed_noticed: u32,
    /// Flips that changed nothing that is stored.
    elsewhere: u32,
    /// Of these, SQLite's own check noticed so many.
    elsewhere_noticed: u32,
    /// Of the first of these, `verify` was asked about so many, and reported so many.
    elsewhere_verified: (u32, u32),
}

/// So many flips that change nothing are verified all the same.
const ELSEWHERE_VERIFIED_MAX: u32 = 100;

/// What SQLite's own check says of a file.
fn sqlite_notices(path: &Path) -> bool {
    let checked = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
        .and_then(|conn| conn.query_row("PRAGMA integrity_check", [], |row| row.get::<_, String>(0)));
    checked.map_or(true, |line| line != "ok")
}

/// Flips bits anywhere in the file, until so many changed what is stored.
fn flip_at_random(path: &Path, bytes: &[u8], seed: u64, changes: u32) -> Tally {
    put(path, bytes);
    let before = contents(path).unwrap();
    let (mut tally, mut dice) = (Tally::default(), seed);
    while tally.changed < changes {
        dice = dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let bit = (dice >> 16) as usize % (bytes.len() * 8);
        let mut flipped = bytes.to_owned();
        flipped[bit / 8] ^= 1 << (bit % 8);
        put(path, &flipped);
        let is_changed = contents(path).map_or(true, |now| now != before);
        let noticed = u32::from(sqlite_notices(path));
        let is_reported = || {
            put(path, &flipped);
            !matches!(verify(path), Ok(verified) if verified.ok)
        };
        if is_changed {
            assert!(is_reported(), "bit {bit} changes what is stored, and verify finds nothing");
            tally.changed += 1;
            tally.changed_noticed += noticed;
            continue;
        }
        tally.elsewhere += 1;
        tally.elsewhere_noticed += noticed;
        if tally.elsewhere_verified.0 < ELSEWHERE_VERIFIED_MAX {
            tally.elsewhere_verified.0 += 1;
            tally.elsewhere_verified.1 += u32::from(is_reported());
        }
    }
    tally
}

#[test]
fn random_flips_in_a_file_that_change_what_is_stored_are_all_reported() {
    // Enough to notice, unless it is said how many: `tests/all.sh` wants more.
    let changes = std::env::var("STORAGERENT_FLIPS").map_or(200, |n| n.parse().unwrap());
    let (folder, _, bytes) = lived_in();
    let tallies: Vec<Tally> = std::thread::scope(|scope| {
        let halves = [1, 2].map(|seed| {
            let (path, bytes) = (folder.path().join(format!("flipped-{seed}.db")), &bytes);
            scope.spawn(move || flip_at_random(&path, bytes, seed, changes / 2))
        });
        halves.map(|half| half.join().unwrap()).into()
    });
    let sum = |of: fn(&Tally) -> u32| tallies.iter().map(of).sum::<u32>();
    let (changed, elsewhere) = (sum(|t| t.changed), sum(|t| t.elsewhere));
    println!(
        "{} flips in {} bytes: {changed} changed what is stored, all reported (SQLite's own check noticed {}); {elsewhere} did \
         not (it noticed {}; verify reported {} of the first {})",
        changed + elsewhere,
        bytes.len(),
        sum(|t| t.changed_noticed),
        sum(|t| t.elsewhere_noticed),
        sum(|t| t.elsewhere_verified.1),
        sum(|t| t.elsewhere_verified.0),
    );
    assert!(elsewhere < changed * 5, "much of the file is what is stored");
}
