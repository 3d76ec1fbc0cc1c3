//! Files of older schemas: what they hold moves over, and what was damaged in them is still told of.

use rusqlite::params;
use storagerent_core::event::EventHash;
use storagerent_core::message::MessageRow;
use storagerent_core::ports::{EventFilter, MessageFilter, write};
use storagerent_core::{ReservationId, Sequence, Version};

use super::super::connect;
use super::super::migrations::{APPLICATION_ID, KNOWN, migrate, recognise};
use super::super::seal::WITH_CURSORS;
use super::super::statements::Db;
use super::super::tables::events;
use super::*;
use crate::log::StoredEvent;

/// A file as that schema made it, empty.
fn of_schema(version: usize, path: &Path) -> Connection {
    let conn = stranger(path);
    let scripts = [
        include_str!("../schema/0001.sql"),
        include_str!("../schema/0002.sql"),
        concat!(include_str!("../schema/0003.sql"), "DROP TABLE loose_views;"),
    ];
    for script in &scripts[..version] {
        conn.execute_batch(script).unwrap();
    }
    conn.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {version}")).unwrap();
    conn
}

fn schema(path: &Path) -> Vec<String> {
    let conn = stranger(path);
    let mut statement = conn.prepare("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn a_file_of_an_older_schema_is_brought_to_the_newest_with_all_it_holds() {
    let (folder, store, path) = in_file();
    drop(store);
    let older = folder.path().join("older.db");
    let conn = of_schema(1, &older);
    conn.execute_batch(
        "INSERT INTO storage_views VALUES (1, 'available', 'one', 59000, 'KRW', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL);
         INSERT INTO storage_views VALUES (15, 'reserved', '둘', 100, 'USD', 7, 'reserved', 20800, 20801, 8, 'paid', 3, 47, 9);
         INSERT INTO storage_views VALUES (2, 'nonsense', 'left behind', 59000, 'KRW', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL);
         INSERT INTO storage_views VALUES (16, 'available', 'three', 1, 'KRW', 10, 'cancelled', 20800, NULL, 11, 'cancelled', 0, NULL, NULL)",
    )
    .unwrap();
    drop(conn);
    let store = SqliteStore::open(&older).unwrap();
    assert_eq!(store.info().unwrap().schema_version, KNOWN);
    let views = read(&store, |q| q.views(&Default::default(), Page { after: 0, limit: None })).unwrap();
    let shown: Vec<String> = views.iter().map(|row| serde_json::to_string(&(row, row.occupant)).unwrap()).collect();
    assert_eq!(
        shown,
        [
            r#"[{"storageId":1,"storageStatus":"available","description":"one","price":59000,"currency":"KRW","reservationId":null,"reservationStatus":null,"from":null,"until":null,"paymentId":null,"paymentStatus":null,"reviewCnt":0,"rating":null},null]"#,
            r#"[{"storageId":15,"storageStatus":"reserved","description":"둘","price":100,"currency":"USD","reservationId":7,"reservationStatus":"reserved","from":"2026-12-13","until":"2026-12-14","paymentId":8,"paymentStatus":"paid","reviewCnt":3,"rating":4.7},9]"#,
            r#"[{"storageId":16,"storageStatus":"available","description":"three","price":1,"currency":"KRW","reservationId":10,"reservationStatus":"cancelled","from":"2026-12-13","until":null,"paymentId":11,"paymentStatus":"cancelled","reviewCnt":0,"rating":null},null]"#,
        ]
    );
    assert_eq!(read(&store, |q| q.check_log(9)).unwrap(), []);
    assert_eq!(register_many(&store, 1), ());
    assert_eq!(schema(&older), schema(&path), "to the letter");
}

#[test]
fn an_older_file_is_recognised_while_another_process_brings_it_to_the_newest_schema() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..8 {
        let path = folder.path().join(format!("{round}.db"));
        lived_in(&path);
        let conn = connect::open(&path).unwrap();
        connect::switch_to_wal(&conn, &path).unwrap();
        assert_eq!(recognise(&conn, &path), Ok(3));
        std::thread::scope(|threads| {
            threads.spawn(|| migrate(&connect::open(&path).unwrap(), &path).unwrap());
            while recognise(&conn, &path).unwrap() != KNOWN {}
        });
    }
}

#[test]
fn an_older_file_with_a_strangers_index_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rent.db");
    let conn = of_schema(1, &path);
    conn.execute_batch("CREATE INDEX theirs ON reservations (abs(price))").unwrap();
    drop(conn);
    assert!(matches!(super::files::refused(&path), StoreError::Corrupt(_)));
}

#[test]
fn a_strangers_view_of_what_moves_over_keeps_nobody_from_the_file_and_means_the_same_as_before() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rent.db");
    lived_in(&path);
    stranger(&path)
        .execute_batch(
            "CREATE VIEW told AS SELECT content FROM messages;
             CREATE VIEW blocks AS SELECT count(*) FROM storage_views;
             CREATE VIEW behind AS SELECT name FROM consumers WHERE attempts > 0;
             CREATE TABLE loose_views (storage_id INTEGER PRIMARY KEY);",
        )
        .unwrap();
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(store.info().unwrap().schema_version, KNOWN);
    drop(store);
    let conn = stranger(&path);
    let text = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!((text("SELECT * FROM told"), text("SELECT count(*) || '' FROM behind")), ("yes".into(), "2".into()));
    assert_eq!(
        text("SELECT sql FROM sqlite_schema WHERE name = 'blocks'"),
        "CREATE VIEW blocks AS SELECT count(*) FROM storage_views"
    );
    assert_eq!(text("SELECT count(*) || '' FROM loose_views"), "0", "theirs");
}

#[test]
fn what_cannot_be_moved_over_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    for (n, damage) in ["DELETE FROM head", "UPDATE consumers SET cursor = -1"].into_iter().enumerate() {
        std::fs::create_dir(folder.path().join(n.to_string())).unwrap();
        let path = folder.path().join(n.to_string()).join("rent.db");
        lived_in(&path);
        stranger(&path).execute_batch(damage).unwrap();
        let before = stranger(&path)
            .query_row("SELECT count(*) FROM consumers WHERE cursor <> 0", [], |row| row.get::<_, i64>(0));
        assert!(matches!(SqliteStore::open(&path), Err(StoreError::Corrupt(_))), "{damage}");
        let conn = stranger(&path);
        assert_eq!(conn.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)), Ok(3), "{damage}");
        let after = conn.query_row("SELECT count(*) FROM consumers WHERE cursor <> 0", [], |row| row.get::<_, i64>(0));
        assert_eq!(after, before, "{damage}");
    }
}

/// Four events of two requests, a message, two consumers of which one was damaged, and a view of three blocks.
fn lived_in(path: &Path) {
    let conn = of_schema(3, path);
    let mut head = (0, EventHash::ZERO);
    for (id, request) in [(1, "a"), (2, "a"), (3, "b"), (4, "a")] {
        let description = Description::new("one").unwrap();
        let (_, event) = Storage::register(
            StorageId::new(id),
            RegisterStorage { description, rate: Rate::flat(Money::krw(59_000)).unwrap() },
        );
        let trace = Trace { correlation_id: CorrelationId::new(request).unwrap(), ..trace() };
        let row = StoredEvent::new(Sequence::new(id), &event.into(), Version::new(1), &trace, head.1).unwrap();
        head = (row.sequence, row.hash);
        events::insert(Db::of(&conn), &row).unwrap();
        conn.execute(
            "INSERT INTO storages VALUES (?1, 'one', 59000, 'KRW', 'rental', 'available', 0, NULL, 0, NULL, 0, 1, NULL)",
            [id as i64],
        )
        .unwrap();
    }
    conn.execute("UPDATE head SET sequence = ?1, hash = ?2", params![head.0 as i64, head.1.0]).unwrap();
    conn.execute_batch("INSERT INTO messages VALUES (1, 7, 1, 'kim', 'ReservationConfirmed', 'yes', 2, 'inbox', 'a')")
        .unwrap();
    for (name, cursor, damage) in [("view", 4, 0), ("message", 2, 1)] {
        let seal = WITH_CURSORS.seal_of(params![name, cursor, true, 3, None::<i64>, "why", None::<i64>, None::<i64>]);
        let values = params![name, cursor, seal.unwrap() ^ damage];
        conn.execute("INSERT INTO consumers VALUES (?1, ?2, 1, 3, NULL, 'why', NULL, NULL, ?3)", values).unwrap();
    }
    let nothing = (None::<u64>, None::<&str>, None::<i64>, None::<i64>, None::<u64>, None::<&str>);
    let free = |place: u8| {
        let row = ("available", "one", 59_000i64, "KRW", nothing, 0u64, None::<u8>, None::<u64>);
        let row = postcard::to_allocvec(&row).unwrap();
        [&[place, 0, row.len() as u8][..], &row].concat()
    };
    let shown = (Some(7u64), Some("reserved"), Some(20_800i64), None::<i64>, Some(8u64), Some("paid"));
    let reserved =
        postcard::to_allocvec(&("reserved", "둘", 100i64, "USD", shown, 3u64, Some(47u8), Some(9u64))).unwrap();
    let reserved = [&[15, 0, reserved.len() as u8][..], &reserved].concat();
    let nonsense =
        postcard::to_allocvec(&("free", "one", 59_000i64, "KRW", nothing, 0u64, None::<u8>, None::<u64>)).unwrap();
    let nonsense = [&[3, 0, nonsense.len() as u8][..], &nonsense].concat();
    for (block, rows) in [(0, [free(1), free(2), nonsense, free(4), reserved].concat()), (7, free(0)), (8, free(5))] {
        conn.execute("INSERT INTO storage_views VALUES (?1, ?2)", params![block, rows]).unwrap();
    }
}

#[test]
fn what_schema_3_holds_moves_over_and_what_was_damaged_is_still_told_of() {
    let (folder, store, new) = in_file();
    drop(store);
    let path = folder.path().join("older.db");
    lived_in(&path);
    let store = SqliteStore::open(&path).unwrap();
    let views = read(&store, |q| q.views(&Default::default(), Page::default())).unwrap();
    assert_eq!(views.iter().map(|row| row.storage_id.get()).collect::<Vec<_>>(), [1, 2, 4, 15, 112, 133]);
    assert_eq!(
        serde_json::to_string(&(&views[3], views[3].occupant)).unwrap(),
        r#"[{"storageId":15,"storageStatus":"reserved","description":"둘","price":100,"currency":"USD","reservationId":7,"reservationStatus":"reserved","from":"2026-12-13","until":null,"paymentId":8,"paymentStatus":"paid","reviewCnt":3,"rating":4.7},9]"#
    );
    let consumers = read(&store, |q| q.consumers()).unwrap();
    let kept: Vec<_> = consumers.iter().map(|c| (c.name.as_str(), c.cursor.get(), c.paused, c.attempts)).collect();
    assert_eq!(kept, [("message", 2, true, 3), ("view", 4, true, 3)]);
    for (request, expected) in [("a", &[1, 2, 4][..]), ("b", &[3]), ("c", &[])] {
        let filter = EventFilter { correlation_id: Some(CorrelationId::new(request).unwrap()) };
        let events = read(&store, |q| q.events(&filter, Page::default())).unwrap();
        assert_eq!(events.iter().map(|e| e.sequence.get()).collect::<Vec<_>>(), expected);
    }
    let messages = read(&store, |q| q.messages(&MessageFilter::default(), Page::default())).unwrap();
    assert_eq!(messages.len(), 1);
    assert!(read(&store, |q| q.was_told(ReservationId::new(7), Sequence::new(2), "inbox")).unwrap());
    let again = MessageRow { message_id: 2.into(), ..messages[0].clone() };
    assert!(matches!(write(&store, WAIT, move |tx| tx.add_message(&again)), Err(StoreError::Corrupt(_))));
    let told: Vec<_> = read(&store, |q| q.check_log(9)).unwrap().into_iter().map(|f| (f.check, f.subject)).collect();
    assert_eq!(
        told,
        [("seal", "consumers row message"), ("seal", "head row 1")]
            .map(|(check, row)| (check.to_owned(), row.to_owned()))
    );
    assert_eq!(schema(&path), schema(&new), "to the letter");
    // What is written next is sealed anew, but of whose cursor was wrong nobody knows.
    write(&store, WAIT, move |tx| {
        consumers.iter().try_for_each(|row| {
            let moved = storagerent_core::consumer::ConsumerRow { paused: false, ..row.clone() };
            tx.put_consumer(&moved)
        })
    })
    .unwrap();
    register_many(&store, 1);
    let told: Vec<_> = read(&store, |q| q.check_log(9)).unwrap().into_iter().map(|f| f.subject).collect();
    assert_eq!(told, ["head row 1"]);
}
