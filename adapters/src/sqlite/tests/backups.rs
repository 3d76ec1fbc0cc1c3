//! Backups, restoring them, and telling whether a file is one.

use std::fs;

use super::super::{check_file, replace, restore};
use super::*;

#[test]
fn a_backup_holds_everything_is_one_file_and_opens() {
    let (folder, store, _) = in_file();
    register_many(&store, 5);
    let copy = folder.path().join("copy.db");
    store.backup(&copy).unwrap();
    register_many(&store, 1);
    assert_eq!(check_file(&copy), Ok(()));
    let mode: String = stranger(&copy).query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete");
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert!(names.iter().all(|name| !name.to_string_lossy().contains("part")), "nothing is left behind: {names:?}");
    let restored = folder.path().join("restored.db");
    restore(&copy, &restored).unwrap();
    for path in [copy, restored] {
        let store = SqliteStore::open(&path).unwrap();
        assert_eq!((storages(&store), store.info().unwrap().events), (5, 5));
        assert_eq!(read(&store, |q| q.check_log(9)).unwrap(), []);
    }
}

#[test]
fn a_store_in_memory_can_be_backed_up_too() {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::in_memory().unwrap();
    register_many(&store, 2);
    let copy = folder.path().join("copy.db");
    store.backup(&copy).unwrap();
    assert_eq!(check_file(&copy), Ok(()));
    assert_eq!(storages(&SqliteStore::open(&copy).unwrap()), 2);
    assert_eq!(store.info().unwrap().path, ":memory:");
}

#[test]
fn an_existing_target_is_never_overwritten() {
    let (folder, store, path) = in_file();
    let target = folder.path().join("mine.txt");
    fs::write(&target, "mine").unwrap();
    for to in [&target, &path] {
        assert!(matches!(store.backup(to), Err(StoreError::Other(why)) if why.contains("exists already")));
    }
    let copy = folder.path().join("copy.db");
    store.backup(&copy).unwrap();
    assert!(matches!(restore(&copy, &target), Err(StoreError::Other(why)) if why.contains("exists already")));
    assert_eq!(fs::read_to_string(&target).unwrap(), "mine");
    assert!(matches!(store.backup(&folder.path().join("no/copy.db")), Err(StoreError::Other(_))));
}

#[test]
fn a_backup_made_while_others_write_is_whole() {
    let (folder, store, _) = in_file();
    register_many(&store, 50);
    std::thread::scope(|threads| {
        threads.spawn(|| register_many(&store, 50));
        for n in 0..5 {
            let copy = folder.path().join(format!("{n}.db"));
            store.backup(&copy).unwrap();
            let copy = SqliteStore::open(&copy).unwrap();
            assert_eq!(read(&copy, |q| q.check_log(9)).unwrap(), []);
            assert_eq!(storages(&copy) as u64, copy.info().unwrap().events);
        }
    });
}

#[test]
fn a_database_in_use_or_closed_can_be_checked_and_copied_and_is_left_as_it_was() {
    let (folder, store, path) = in_file();
    register_many(&store, 3);
    assert_eq!(check_file(&path), Ok(()));
    restore(&path, &folder.path().join("of-open.db")).unwrap();
    drop(store);
    let before = fs::read(&path).unwrap();
    assert_eq!(check_file(&path), Ok(()));
    restore(&path, &folder.path().join("of-closed.db")).unwrap();
    assert!(fs::read(&path).unwrap() == before);
    let mut names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["of-closed.db", "of-open.db", "rent.db"], "nothing is left beside them");
    for name in ["of-open.db", "of-closed.db"] {
        assert_eq!(storages(&SqliteStore::open(&folder.path().join(name)).unwrap()), 3);
    }
}

#[test]
fn a_file_that_is_no_backup_is_told_apart_and_left_alone() {
    let (folder, store, _) = in_file();
    register_many(&store, 300);
    let copy = folder.path().join("copy.db");
    store.backup(&copy).unwrap();
    let good = fs::read(&copy).unwrap();
    let damaged = folder.path().join("damaged.db");
    let mut torn = good.clone();
    let half = torn.len() / 2;
    torn[half..].fill(0xA5);
    for bytes in [b"garbage".to_vec(), torn, good[..half].to_vec(), Vec::new()] {
        fs::write(&damaged, &bytes).unwrap();
        assert!(matches!(check_file(&damaged), Err(StoreError::Corrupt(_))), "{} bytes", bytes.len());
        assert_eq!(fs::read(&damaged).unwrap(), bytes);
        assert!(matches!(restore(&damaged, &folder.path().join("never.db")), Err(StoreError::Corrupt(_))));
    }
    assert!(matches!(check_file(&folder.path().join("none.db")), Err(StoreError::Other(_))));
    for (script, newer) in [
        ("PRAGMA user_version = 99", true),
        ("DROP INDEX reservations_by_storage", false),
        ("CREATE TRIGGER evil AFTER INSERT ON events BEGIN DELETE FROM events; END", false),
    ] {
        fs::write(&damaged, &good).unwrap();
        stranger(&damaged).execute_batch(script).unwrap();
        let refusal = check_file(&damaged).unwrap_err();
        assert_eq!(matches!(refusal, StoreError::NewerSchema { found: 99, .. }), newer, "{script}: {refusal}");
        assert_eq!(matches!(refusal, StoreError::Corrupt(_)), !newer, "{script}: {refusal}");
    }
    assert!(!folder.path().join("never.db").exists());
}

#[test]
fn the_bytes_of_a_store_are_a_file_that_needs_no_other() {
    let (folder, store, path) = in_file();
    register_many(&store, 5);
    assert!(path.with_extension("db-wal").exists(), "its last changes wait in the WAL");
    let copy = folder.path().join("copy.db");
    fs::write(&copy, store.to_bytes().unwrap()).unwrap();
    assert_eq!(check_file(&copy), Ok(()));
    let mode: String = stranger(&copy).query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    assert_eq!(mode, "delete");
    let store = SqliteStore::open(&copy).unwrap();
    assert_eq!((storages(&store), read(&store, |q| q.check_log(9)).unwrap()), (5, vec![]));
}

#[test]
fn a_site_is_replaced_by_another_ones_bytes() {
    let (folder, store, path) = in_file();
    register_many(&store, 5);
    let bytes = store.to_bytes().unwrap();
    let looked_at = SqliteStore::from_bytes(&bytes).unwrap();
    register_many(&looked_at, 1);
    assert_eq!((storages(&looked_at), read(&looked_at, |q| q.check_log(9)).unwrap()), (6, vec![]));
    let old = folder.path().join("old.db");
    register_many(&SqliteStore::open(&old).unwrap(), 1);
    replace(&old, &bytes).unwrap();
    let replaced = SqliteStore::open(&old).unwrap();
    assert_eq!((storages(&replaced), read(&replaced, |q| q.check_log(9)).unwrap()), (5, vec![]));
    drop(replaced);
    let backup = folder.path().join("backup.db");
    store.backup(&backup).unwrap();
    assert_eq!(replace(&old, &fs::read(backup).unwrap()), Ok(()), "what `db backup` writes is taken");
    let empty = replace(&old, &[]);
    assert!(matches!(&empty, Err(StoreError::Corrupt(why)) if why.contains("is empty")), "{empty:?}");
    drop(store);
    assert_eq!(replace(&old, &fs::read(path).unwrap()), Err(StoreError::WalMode), "a file alone may not be all of it");
}

#[test]
fn bytes_that_are_no_site_are_refused_and_what_was_there_stays() {
    let (folder, store, _) = in_file();
    register_many(&store, 3);
    let good = store.to_bytes().unwrap();
    let kept = folder.path().join("kept.db");
    register_many(&SqliteStore::open(&kept).unwrap(), 2);
    let before = fs::read(&kept).unwrap();
    let foreign = folder.path().join("foreign.db");
    stranger(&foreign).execute_batch("CREATE TABLE t (x)").unwrap();
    let foreign = fs::read(foreign).unwrap();
    let mut newer = good.clone();
    newer[60..64].copy_from_slice(&99_u32.to_be_bytes());
    let half = good[..good.len() / 2].to_vec();
    for (what, bytes) in [
        ("nothing", vec![]),
        ("words", b"not a database".to_vec()),
        ("zeros", vec![0; 8192]),
        ("half", half),
        ("foreign", foreign),
    ] {
        assert!(matches!(replace(&kept, &bytes), Err(StoreError::Corrupt(_) | StoreError::Other(_))), "{what}");
        let looked_at = SqliteStore::from_bytes(&bytes).map(drop);
        assert!(matches!(looked_at, Err(StoreError::Corrupt(_) | StoreError::Other(_))), "{what}");
    }
    assert!(matches!(replace(&kept, &newer), Err(StoreError::NewerSchema { found: 99, .. })));
    assert_eq!(fs::read(&kept).unwrap(), before);
    assert_eq!(storages(&SqliteStore::open(&kept).unwrap()), 2);
}
