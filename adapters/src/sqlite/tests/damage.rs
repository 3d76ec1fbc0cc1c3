//! Damage: what is not as it was written is told by row, and nothing a stranger writes makes the store panic.

use rusqlite::types::Value;
use storagerent_core::consumer::ConsumerRow;
use storagerent_core::ports::{EventFilter, Finding, write};
use storagerent_core::settings::Settings;
use storagerent_core::storage::StorageRegistered;
use storagerent_core::storage_view::{StorageViewRow, fold};

use super::*;
use crate::sqlite::statements::Db;

fn findings(path: &Path) -> Vec<Finding> {
    let store = SqliteStore::open(path).unwrap();
    read(&store, |q| q.check_log(100)).unwrap()
}

fn subjects(findings: &[Finding]) -> Vec<&str> {
    findings.iter().map(|finding| finding.subject.as_str()).collect()
}

fn ten_events() -> (TempDir, PathBuf) {
    let (folder, store, path) = in_file();
    register_many(&store, 10);
    // One with a cause, so that there is something to change in that column too.
    write(&store, WAIT, |tx| {
        let mut storage = Storage::load(StorageId::new(5), tx.storage(StorageId::new(5))?).unwrap();
        let event = storage.occupy(storagerent_core::ReservationId::new(1)).unwrap();
        tx.save_storage(&storage, event.into(), &trace().caused_by(storagerent_core::Sequence::new(3)))
    })
    .unwrap();
    register_many(&store, 2);
    (folder, path)
}

/// The value with its lowest bit changed.
fn flipped(value: Value) -> Value {
    match value {
        Value::Integer(n) => Value::Integer(n ^ 1),
        Value::Text(mut text) => {
            let last = char::from(text.pop().unwrap() as u8 ^ 1);
            text.push(last);
            Value::Text(text)
        }
        Value::Blob(mut bytes) => {
            bytes[7] ^= 1;
            Value::Blob(bytes)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_flipped_bit_in_any_column_of_an_event_is_told_by_its_row_alone() {
    let (_folder, path) = ten_events();
    let conn = stranger(&path);
    let columns: Vec<String> = {
        let mut statement = conn.prepare("SELECT name FROM pragma_table_info('events')").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    assert_eq!(columns.len(), 11);
    for column in columns.iter().filter(|column| *column != "sequence") {
        let value: Value =
            conn.query_row(&format!("SELECT {column} FROM events WHERE sequence = 11"), [], |r| r.get(0)).unwrap();
        let set = format!("UPDATE events SET {column} = ?1 WHERE sequence = 11");
        conn.execute(&set, [flipped(value.clone())]).unwrap();
        assert_eq!(subjects(&findings(&path)), ["events row 11"], "{column}");
        conn.execute(&set, [value]).unwrap();
        assert_eq!(findings(&path), []);
    }
    for (row, beyond) in [(11, 8_203), (13, 12 ^ 64)] {
        conn.execute("UPDATE events SET sequence = ?2 WHERE sequence = ?1", [row, beyond]).unwrap();
        let found = findings(&path);
        assert!(subjects(&found).contains(&format!("events row {row}").as_str()), "{found:?}");
        conn.execute("UPDATE events SET sequence = ?1 WHERE sequence = ?2", [row, beyond]).unwrap();
    }
    for (set, undo) in [
        ("UPDATE head SET sequence = 12", "UPDATE head SET sequence = 13"),
        ("UPDATE head SET hash = zeroblob(32)", "UPDATE head SET hash = (SELECT hash FROM events WHERE sequence = 13)"),
    ] {
        conn.execute_batch(set).unwrap();
        assert_eq!(subjects(&findings(&path)), ["head row 1"]);
        conn.execute_batch(undo).unwrap();
    }
    assert_eq!(findings(&path), []);
}

#[test]
fn cursors_that_are_not_as_they_were_written_stay_told_of_and_keep_nobody_from_reserving() {
    let (_folder, path) = ten_events();
    let store = SqliteStore::open(&path).unwrap();
    let put = |name: &'static str, cursor: u64| {
        write(&store, WAIT, move |tx| tx.put_consumer(&ConsumerRow { cursor: cursor.into(), ..ConsumerRow::new(name) }))
    };
    put("view", 7).unwrap();
    put("mine", 5).unwrap();
    assert_eq!(findings(&path), []);
    stranger(&path).execute_batch("UPDATE head SET cursors = replace(cursors, '5', '6')").unwrap();
    // Whoever moves writes all cursors.
    put("view", 8).unwrap();
    register_many(&store, 1);
    assert_eq!(subjects(&findings(&path)), ["head row 1"]);
    let again = SqliteStore::open(&path).unwrap();
    assert_eq!(read(&again, |q| q.consumer("mine")).unwrap().unwrap().cursor.get(), 6);
    // One row that cannot be read stops consumers, and nobody else.
    stranger(&path).execute_batch("UPDATE consumers SET paused = 7 WHERE name = 'mine'").unwrap();
    register_many(&store, 1);
    assert!(matches!(put("view", 9), Err(StoreError::Corrupt(_))));
    assert_eq!(storages(&store), 14);
}

#[test]
fn what_a_request_does_not_find_is_told() {
    for (damage, told) in [
        ("DELETE FROM runs WHERE first = 1", "events row 1"),
        ("UPDATE runs SET first = 2 WHERE first = 1", "events row 1"),
        ("UPDATE runs SET correlation_id = 'another' WHERE first = 1", "events row 1"),
        ("INSERT INTO runs VALUES ('another', 5)", "runs row 5"),
        ("INSERT INTO runs VALUES ('req-1', 99)", "runs row 99"),
    ] {
        let (_folder, path) = ten_events();
        stranger(&path).execute_batch(damage).unwrap();
        assert_eq!(subjects(&findings(&path))[0], told, "{damage}");
    }
    // Two ways to the same events lead to each of them once.
    let (_folder, path) = ten_events();
    stranger(&path).execute_batch("INSERT INTO runs SELECT correlation_id, 4 FROM runs").unwrap();
    assert_eq!(subjects(&findings(&path)), ["runs row 4"]);
    let store = SqliteStore::open(&path).unwrap();
    let filter = EventFilter { correlation_id: Some(trace().correlation_id) };
    let found = read(&store, |q| q.events(&filter, Page::default())).unwrap();
    assert_eq!(found.iter().map(|e| e.sequence.get()).collect::<Vec<_>>(), (1..=13).collect::<Vec<_>>());
}

#[test]
fn missing_rows_are_told_wherever_they_are_missing() {
    for (gone, told) in [(1, "events row 1"), (6, "events row 6"), (13, "head row 1")] {
        let (_folder, path) = ten_events();
        stranger(&path).execute("DELETE FROM events WHERE sequence = ?1", [gone]).unwrap();
        assert_eq!(subjects(&findings(&path)), [told]);
    }
    let (_folder, path) = ten_events();
    stranger(&path).execute_batch("DELETE FROM events; DELETE FROM head").unwrap();
    let refused = SqliteStore::open(&path).map(drop);
    assert_eq!(refused, Err(StoreError::Corrupt("head row 1 is missing".to_owned())));
}

#[test]
fn a_rewritten_row_is_told_even_if_its_own_hash_fits() {
    let (_folder, path) = ten_events();
    let conn = stranger(&path);
    let mut row = conn
        .query_row("SELECT * FROM events WHERE sequence = 4", [], |row| {
            Ok(super::super::tables::events::stored(row).unwrap().owned())
        })
        .unwrap();
    let previous: [u8; 32] = conn.query_row("SELECT hash FROM events WHERE sequence = 3", [], |r| r.get(0)).unwrap();
    row.payload = row.payload.replace("59000", "58000").into();
    let hash = row.hash_after(storagerent_core::EventHash(previous));
    conn.execute("UPDATE events SET payload = ?1, hash = ?2 WHERE sequence = 4", (&row.payload, hash.0)).unwrap();
    assert_eq!(subjects(&findings(&path)), ["events row 5"], "the next row was built upon another");
}

#[test]
fn payloads_that_make_no_sense_and_columns_of_a_wrong_type_are_told_and_do_not_end_the_walk() {
    let (_folder, path) = ten_events();
    let conn = stranger(&path);
    let strict: String =
        conn.query_row("SELECT sql FROM sqlite_schema WHERE name = 'events'", [], |r| r.get(0)).unwrap();
    // A stranger's table need not be strict while it is filled.
    redefine(&conn, "events", &strict.replace("STRICT", "").replace("NOT NULL", ""));
    conn.execute_batch(
        "UPDATE events SET aggregate_id = 'many' WHERE sequence = 2;
         UPDATE events SET payload = x'00ff' WHERE sequence = 4;
         UPDATE events SET hash = 'short' WHERE sequence = 6;
         UPDATE events SET correlation_id = NULL WHERE sequence = 8;
         UPDATE events SET schema_version = -1 WHERE sequence = 10;
         UPDATE events SET payload = 'nonsense' WHERE sequence = 12",
    )
    .unwrap();
    redefine(&conn, "events", &strict);
    let found = findings(&path);
    let log: Vec<_> = found.iter().filter(|f| f.check == "log").cloned().collect();
    let told = subjects(&log);
    let rows = [2, 4, 6, 8, 10, 12].map(|n| format!("events row {n}"));
    assert_eq!(told, rows, "{found:#?}");
    assert!(found.iter().any(|f| f.check == "integrity"), "{found:#?}");
}

/// Changes what a table says it is, and nothing of its rows.
fn redefine(conn: &Connection, table: &str, sql: &str) {
    conn.pragma_update(None, "writable_schema", true).unwrap();
    conn.execute("UPDATE sqlite_schema SET sql = ?2 WHERE name = ?1", (table, sql)).unwrap();
    conn.execute_batch("PRAGMA writable_schema = RESET").unwrap();
}

/// It would take years.
const ENDLESS: &str = "(hex(zeroblob(40)) GLOB '*0*0*0*0*0*0*0*0*0*0*0*0*0*0*1')";

#[test]
fn what_a_strangers_tables_and_indexes_would_compute_is_refused_untouched() {
    for (table, from, to) in [
        ("storages", "INTEGER NOT NULL,\n    currency", "INTEGER AS (ENDLESS) VIRTUAL,\n    currency"),
        ("events", ") STRICT", ", CHECK (ENDLESS = 0)) STRICT"),
        ("", "", "CREATE INDEX slow ON events (CASE WHEN sequence > 13 THEN ENDLESS END)"),
        ("", "", "CREATE INDEX slow ON Events (sequence) WHERE CASE WHEN sequence > 13 THEN ENDLESS END"),
        ("", "", "CREATE UNIQUE INDEX only_one ON reservations (status)"),
        ("", "", "DROP TABLE storages; CREATE VIEW storages AS SELECT ENDLESS AS storage_id"),
        ("", "", "DROP INDEX reservations_by_storage"),
    ] {
        let (_folder, path) = ten_events();
        let conn = stranger(&path);
        let to = to.replace("ENDLESS", ENDLESS);
        if table.is_empty() {
            conn.execute_batch(&to).unwrap();
        } else {
            let select = "SELECT sql FROM sqlite_schema WHERE name = ?1";
            let sql: String = conn.query_row(select, [table], |row| row.get(0)).unwrap();
            assert!(sql.contains(from), "{sql}");
            redefine(&conn, table, &sql.replace(from, &to));
        }
        drop(conn);
        let before = std::fs::read(&path).unwrap();
        let refused = SqliteStore::open(&path).map(drop);
        assert!(matches!(&refused, Err(StoreError::Corrupt(why)) if why.contains("rent.db: ")), "{to}: {refused:?}");
        assert_eq!(std::fs::read(&path).unwrap(), before, "{to}");
        let copied = super::super::restore(&path, &path.with_extension("copy"));
        assert!(matches!(copied, Err(StoreError::Corrupt(_))), "{to}: {copied:?}");
    }
}

/// The bytes of a file and of its WAL.
fn bytes(path: &Path) -> (Vec<u8>, Option<Vec<u8>>) {
    (std::fs::read(path).unwrap(), std::fs::read(path.with_extension("db-wal")).ok())
}

#[test]
fn a_file_refused_for_its_first_rows_keeps_its_journal_mode() {
    for damage in [
        "UPDATE settings SET value = 'ten' WHERE name = 'holdMinutes'",
        r#"UPDATE head SET cursors = '{"view":-1}'"#,
        "UPDATE head SET cursors = '{}'",
        "UPDATE head SET cursors = ''",
        "UPDATE consumers SET paused = 7",
        "UPDATE channels SET name = 'no' || char(27)",
    ] {
        let (folder, path) = ten_events();
        let store = SqliteStore::open(&path).unwrap();
        write(&store, WAIT, |tx| {
            tx.put_settings(&Settings::default())?;
            tx.add_channel("inbox")?;
            tx.put_consumer(&ConsumerRow::new("view"))
        })
        .unwrap();
        let copy = folder.path().join("copy.db");
        store.backup(&copy).unwrap();
        assert_eq!(stranger(&copy).execute_batch(damage).map(|()| bytes(&copy).1), Ok(None), "no WAL");
        let before = bytes(&copy);
        let refused = SqliteStore::open(&copy).map(drop);
        assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{damage}: {refused:?}");
        assert_eq!(bytes(&copy), before, "{damage}");
    }
}

#[test]
fn what_waits_beside_a_refused_file_stays() {
    for damage in [
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE storages (' WHERE name = 'storages'",
        "UPDATE sqlite_schema SET sql = replace(sql, ') STRICT', ', CHECK (1)) STRICT') WHERE name = 'storages'",
    ] {
        let (folder, path) = ten_events();
        let conn = stranger(&path);
        conn.execute_batch("PRAGMA wal_autocheckpoint = 0; PRAGMA writable_schema = ON").unwrap();
        conn.execute_batch(damage).unwrap();
        // As after a kill: the file and its WAL, and nobody who has them open.
        let copy = folder.path().join("copy.db");
        std::fs::copy(&path, &copy).unwrap();
        std::fs::copy(path.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
        let before = bytes(&copy);
        assert!(before.1.as_ref().is_some_and(|wal| !wal.is_empty()));
        SqliteStore::open(&copy).map(drop).unwrap_err();
        assert_eq!(bytes(&copy), before, "{damage}");
    }
}

#[test]
fn what_a_table_beside_ours_would_compute_does_not_run() {
    let (_folder, path) = ten_events();
    stranger(&path)
        .execute_batch(&format!(
            "CREATE TABLE other (x CHECK ({ENDLESS} = 0));
             PRAGMA ignore_check_constraints = ON; INSERT INTO other VALUES (1)"
        ))
        .unwrap();
    let found = findings(&path);
    assert_eq!(found.iter().map(|f| f.check.as_str()).collect::<Vec<_>>(), ["schema"]);
}

#[test]
fn an_event_this_build_does_not_know_is_told_though_its_hash_fits() {
    let (_folder, path) = ten_events();
    let conn = stranger(&path);
    let select = "SELECT * FROM events WHERE sequence = 13";
    let mut row =
        conn.query_row(select, [], |row| Ok(super::super::tables::events::stored(row).unwrap().owned())).unwrap();
    let previous: [u8; 32] = conn.query_row("SELECT hash FROM events WHERE sequence = 12", [], |r| r.get(0)).unwrap();
    row.event_type = "StorageBurnt".into();
    let hash = row.hash_after(storagerent_core::EventHash(previous)).0;
    conn.execute("UPDATE events SET event_type = 'StorageBurnt', hash = ?1 WHERE sequence = 13", [hash]).unwrap();
    conn.execute("UPDATE head SET hash = ?1", [hash]).unwrap();
    let found = findings(&path);
    assert_eq!(subjects(&found), ["events row 13"]);
    assert!(found[0].detail.contains("StorageBurnt") && !found[0].detail.contains("row 13"), "{found:?}");
    let store = SqliteStore::open(&path).unwrap();
    let events = read(&store, |q| q.events(&EventFilter::default(), Page::default()));
    assert!(matches!(&events, Err(StoreError::Corrupt(why)) if why.contains("events row 13")), "{events:?}");
}

#[test]
fn damaged_pages_are_found_and_never_a_panic() {
    let (_folder, store, path) = in_file();
    register_many(&store, 300);
    drop(store);
    let good = std::fs::read(&path).unwrap();
    let page = 4096;
    let mut found_some = 0;
    for n in 1..good.len() / page {
        let mut bytes = good.clone();
        bytes[n * page..(n + 1) * page].iter_mut().for_each(|byte| *byte = !*byte);
        std::fs::write(&path, &bytes).unwrap();
        match SqliteStore::open(&path) {
            Ok(store) => {
                let found = read(&store, |q| q.check_log(100)).unwrap();
                assert!(!found.is_empty(), "page {} is damaged", n + 1);
                found_some += 1;
                let _ = read(&store, |q| q.counts().map(drop));
                let _ = read(&store, |q| q.storages(Page::default()).map(drop));
                let _ = write(&store, WAIT, register);
            }
            Err(error) => assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}"),
        }
        let _ = std::fs::remove_file(path.with_extension("db-wal"));
        let _ = std::fs::remove_file(path.with_extension("db-shm"));
    }
    assert!(found_some > 0);
}

#[test]
fn rows_that_make_no_sense_are_refused_by_table_and_id() {
    let (_folder, path) = ten_events();
    let conn = stranger(&path);
    for (set, expected) in [
        ("UPDATE storages SET status = 'burnt' WHERE storage_id = 3", "storages row 3: status"),
        ("UPDATE storages SET price = 0 WHERE storage_id = 3", "storages row 3"),
        ("UPDATE storages SET currency = 'won' WHERE storage_id = 3", "storages row 3: currency"),
        ("UPDATE storages SET description = '' WHERE storage_id = 3", "storages row 3: description"),
        ("UPDATE storages SET rating_tenths = 99 WHERE storage_id = 3", "storages row 3: rating_tenths"),
        ("UPDATE storages SET withdrawn = 2 WHERE storage_id = 3", "storages row 3: withdrawn"),
        ("UPDATE storages SET version = -1 WHERE storage_id = 3", "storages row 3: version"),
    ] {
        conn.execute_batch("SAVEPOINT good").unwrap();
        conn.execute_batch(set).unwrap();
        let row = super::super::tables::storages::find(Db::of(&conn), StorageId::new(3));
        assert!(matches!(&row, Err(StoreError::Corrupt(why)) if why.starts_with(expected)), "{set}: {row:?}");
        conn.execute_batch("ROLLBACK TO good; RELEASE good").unwrap();
    }
    conn.execute_batch("INSERT INTO settings VALUES ('holdMinutes', 'ten', 0), ('colour', 'red', 0)").unwrap();
    let settings = super::super::tables::site::settings(Db::of(&conn));
    assert!(matches!(&settings, Err(StoreError::Corrupt(why)) if why.contains("settings row holdMinutes")));
}

#[test]
fn what_a_stranger_put_into_the_file_does_not_run() {
    let (_folder, path) = ten_events();
    stranger(&path)
        .execute_batch("CREATE TRIGGER evil AFTER INSERT ON events BEGIN UPDATE storages SET price = 1; END")
        .unwrap();
    let store = SqliteStore::open(&path).unwrap();
    register_many(&store, 1);
    let rows = read(&store, |q| q.storages(Page::default())).unwrap();
    assert!(rows.iter().all(|row| row.rate.price() == Money::krw(59_000)));
    let found = read(&store, |q| q.check_log(9)).unwrap();
    assert_eq!(found.iter().map(|f| f.check.as_str()).collect::<Vec<_>>(), ["schema"]);
}

#[test]
fn numbers_beyond_what_is_ever_kept_are_found_nowhere() {
    let store = SqliteStore::in_memory().unwrap();
    register_many(&store, 1);
    assert_eq!(read(&store, |q| q.storage(StorageId::new(u64::MAX))), Ok(None));
    assert_eq!(read(&store, |q| q.storages(Page { after: u64::MAX, limit: None })), Ok(Vec::new()));
}

#[test]
fn a_block_of_the_view_that_is_not_as_it_was_written_is_told_and_an_empty_view_is_a_good_start() {
    let (_folder, store, path) = in_file();
    let rows: Vec<StorageViewRow> = (1..20).map(view_row).collect();
    let (put, put_again) = (rows.clone(), rows.clone());
    write(&store, WAIT, move |tx| put.iter().try_for_each(|row| tx.put_view(row))).unwrap();
    let all = |store: &SqliteStore| read(store, |q| q.views(&Default::default(), Page::default()));
    assert_eq!(all(&store).unwrap(), rows);
    drop(store);
    let conn = stranger(&path);
    let good: Vec<u8> = conn.query_row("SELECT rows FROM storage_views WHERE block = 1", [], |row| row.get(0)).unwrap();
    let length = 3 + usize::from(u16::from_be_bytes([good[1], good[2]]));
    let (first, rest) = good.split_at(length);
    let elsewhere = [&[8], &good[1..]].concat();
    let wide = [&[0, 0, good[2] + 2, 0x80, 0x80], &good[3..]].concat();
    let strange = [&[0, 0, good[2], 2], &good[4..]].concat();
    let nothing = good.windows(3).position(|bytes| bytes == b"KRW").map(|at| {
        let (before, after) = good.split_at(at);
        [before, b"KR?", &after[3..]].concat()
    });
    for (bad, reads) in [
        (vec![], true),
        (good[..length - 1].to_vec(), false),
        (good[..length + 2].to_vec(), false),
        ([first, first, rest].concat(), false),
        ([rest, first].concat(), false),
        (elsewhere, false),
        (wide, false),
        (strange, false),
        (nothing.unwrap(), false),
        (vec![0, 0, 0], false),
    ] {
        conn.execute("UPDATE storage_views SET rows = ?1 WHERE block = 1", [&bad]).unwrap();
        assert_eq!(subjects(&findings(&path)), ["storage_views row 8 to 15"], "{bad:?}");
        let store = SqliteStore::open(&path).unwrap();
        let found = all(&store);
        assert_eq!(found.is_ok(), reads, "{found:?}");
        assert_eq!(read(&store, |q| q.view(rows[0].storage_id)).unwrap().as_ref(), Some(&rows[0]), "another block");
    }
    let store = SqliteStore::open(&path).unwrap();
    write(&store, WAIT, move |tx| {
        tx.clear_views()?;
        put_again.iter().rev().try_for_each(|row| tx.put_view(row))
    })
    .unwrap();
    assert_eq!(all(&store).unwrap(), rows);
    assert_eq!(findings(&path), []);
}

/// The row of a storage that was just registered.
fn view_row(id: u64) -> StorageViewRow {
    let description = Description::new("강남 소형 1평").unwrap();
    let registered =
        StorageRegistered { storage_id: id.into(), description, rate: Rate::flat(Money::krw(59_000)).unwrap() };
    let mut row = None;
    fold(&mut row, &registered.into());
    row.unwrap()
}
