//! What is opened, what is refused, and that what is refused stays as it was.

use std::fs;

use storagerent_core::Reserve;
use storagerent_core::message::INBOX;
use storagerent_core::ports::{MessageFilter, write};
use storagerent_core::shared::{Caller, CustomerId};

use super::super::migrations::{APPLICATION_ID, KNOWN};
use super::*;

/// All files of a folder with their bytes, but SQLite's shared memory, which is none of the data.
fn everything(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_none_or(|e| e != "db-shm"))
        .map(|path| (path.clone(), fs::read(&path).unwrap()))
        .collect();
    files.sort();
    files
}

pub(super) fn refused(path: &Path) -> StoreError {
    let before = everything(path.parent().unwrap());
    let refusal = SqliteStore::open(path).err().unwrap_or_else(|| panic!("must be refused: {path:?}"));
    assert!(everything(path.parent().unwrap()) == before, "what is refused is left untouched: {refusal:?}");
    refusal
}

#[test]
fn a_new_file_has_the_newest_schema_and_the_inbox() {
    let (_folder, store, path) = in_file();
    let info = store.info().unwrap();
    assert_eq!((info.journal_mode.as_str(), info.schema_version, info.events), ("wal", KNOWN, 0));
    assert_eq!(Path::new(&info.path), path);
    assert!(info.file_bytes > 0 && info.page_size >= 2048, "{info:?}");
    assert_eq!(read(&store, |q| q.channels()).unwrap(), [INBOX]);
    assert_eq!(read(&store, |q| q.check_log(9)).unwrap(), []);
    let json = serde_json::to_value(&info).unwrap();
    assert!(json.get("schemaVersion").is_some() && json.get("sqliteVersion").is_some(), "{json}");
}

#[test]
fn what_is_kept_survives_closing_and_opening() {
    let (_folder, store, path) = in_file();
    register_many(&store, 3);
    drop(store);
    assert!(!path.with_extension("db-wal").exists(), "the last to close folds the WAL into the file");
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!((storages(&store), store.info().unwrap().events), (3, 3));
}

#[test]
fn every_write_is_on_disk_when_it_is_told() {
    let (_folder, store, _) = in_file();
    let pragma = |name: &str| store.writer().conn.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    assert_eq!(pragma("synchronous").unwrap(), 2, "FULL");
    assert_eq!(pragma("trusted_schema").unwrap(), 0);
    let defensive = rusqlite::config::DbConfig::SQLITE_DBCONFIG_DEFENSIVE;
    assert!(store.writer().conn.db_config(defensive).unwrap());
}

#[cfg(unix)]
#[test]
fn a_database_and_what_lies_beside_it_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let (folder, store, _) = in_file();
    register_many(&store, 1);
    store.backup(&folder.path().join("copy.db")).unwrap();
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
    assert!(fs::read_dir(folder.path()).unwrap().count() >= 4, "file, WAL, shared memory and copy");
}

#[test]
fn an_empty_file_becomes_a_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rent.db");
    fs::write(&path, "").unwrap();
    let store = SqliteStore::open(&path).unwrap();
    register_many(&store, 1);
}

#[test]
fn special_names_are_plain_files() {
    let folder = tempfile::tempdir().unwrap();
    for name in [":memory:", "file:a?mode=memory", "a b%20c?x#y.db", "창고.db"] {
        let path = folder.path().join(name);
        let store = SqliteStore::open(&path).unwrap();
        register_many(&store, 1);
        drop(store);
        assert!(path.is_file(), "{name}");
        assert_eq!(storages(&SqliteStore::open(&path).unwrap()), 1, "{name}");
    }
}

#[test]
fn a_missing_folder_a_folder_and_a_dangling_link_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let missing = SqliteStore::open(&folder.path().join("no/rent.db")).err().unwrap();
    assert!(matches!(&missing, StoreError::Other(why) if why.contains("does not exist")), "{missing}");
    let not_a_file = SqliteStore::open(folder.path()).err().unwrap();
    assert!(matches!(&not_a_file, StoreError::Other(why) if why.contains("is a folder")), "{not_a_file}");
    #[cfg(unix)]
    {
        let link = folder.path().join("link.db");
        std::os::unix::fs::symlink(folder.path().join("nowhere.db"), &link).unwrap();
        assert!(matches!(SqliteStore::open(&link).err(), Some(StoreError::Other(_))));
        assert!(!folder.path().join("nowhere.db").exists(), "it would not be private");
    }
}

#[test]
fn what_is_no_database_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let (_other, store, original) = in_file();
    register_many(&store, 200);
    drop(store);
    let good = fs::read(original).unwrap();
    let garbage: Vec<u8> = (0..20_000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mut headless = good.clone();
    headless[..16].fill(0);
    let mut beheaded = garbage.clone();
    beheaded[..100].copy_from_slice(&good[..100]);
    let plain = b"hello world, this is no database";
    let cases = [b"x", &plain[..], &garbage, &headless, &beheaded, &good[..5000], &good[..99]];
    for (n, bytes) in cases.into_iter().enumerate() {
        let path = folder.path().join(format!("{n}.db"));
        fs::write(&path, bytes).unwrap();
        let refusal = refused(&path);
        assert!(matches!(refusal, StoreError::Corrupt(_)), "{} bytes: {refusal:?}", bytes.len());
    }
}

#[test]
fn another_applications_database_is_refused_untouched() {
    let folder = tempfile::tempdir().unwrap();
    for (n, script) in [
        "CREATE TABLE notes (id INTEGER PRIMARY KEY)",
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 1",
        "PRAGMA journal_mode = WAL; CREATE TABLE notes (id INTEGER PRIMARY KEY)",
        "PRAGMA application_id = 1919250036",
        "PRAGMA application_id = 1919250036; PRAGMA user_version = -1",
    ]
    .into_iter()
    .enumerate()
    {
        let path = folder.path().join(format!("{n}.db"));
        stranger(&path).execute_batch(script).unwrap();
        let refusal = refused(&path);
        assert!(matches!(refusal, StoreError::Corrupt(_)), "{script}: {refusal:?}");
    }
    assert_eq!(APPLICATION_ID, 1_919_250_036);
}

#[test]
fn a_newer_schema_is_refused_untouched() {
    for mode in ["DELETE", "WAL"] {
        let (_folder, store, path) = in_file();
        register_many(&store, 1);
        drop(store);
        let newer = stranger(&path);
        newer.execute_batch(&format!("PRAGMA journal_mode = {mode}; PRAGMA user_version = 99")).unwrap();
        drop(newer);
        assert_eq!(refused(&path), StoreError::NewerSchema { found: 99, known: KNOWN });
    }
}

#[test]
fn a_newer_schema_that_is_only_in_the_wal_is_refused_untouched() {
    let (_folder, store, path) = in_file();
    register_many(&store, 1);
    drop(store);
    let newer = stranger(&path);
    let keep_wal = rusqlite::config::DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE;
    newer.set_db_config(keep_wal, true).unwrap();
    newer.execute_batch("PRAGMA user_version = 99").unwrap();
    drop(newer);
    assert!(fs::metadata(path.with_extension("db-wal")).unwrap().len() > 0);
    assert_eq!(refused(&path), StoreError::NewerSchema { found: 99, known: KNOWN });
    #[cfg(unix)]
    {
        let link = path.with_file_name("link.db");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(refused(&link), StoreError::NewerSchema { found: 99, known: KNOWN });
    }
}

#[test]
fn a_store_that_is_open_while_a_newer_version_changes_the_schema_stops() {
    let (_folder, store, path) = in_file();
    register_many(&store, 1);
    stranger(&path).execute_batch("PRAGMA user_version = 99").unwrap();
    let newer = StoreError::NewerSchema { found: 99, known: KNOWN };
    assert_eq!(write(&store, WAIT, register), Err(newer.clone()));
    assert_eq!(read(&store, |q| q.head()).map(drop), Err(newer));
}

#[test]
fn opening_a_file_twice_in_one_process_is_fine() {
    let (_folder, one, path) = in_file();
    let two = SqliteStore::open(&path).unwrap();
    register_many(&one, 1);
    register_many(&two, 1);
    drop(one);
    register_many(&two, 1);
    assert_eq!(storages(&two), 3);
    assert_eq!(read(&two, |q| q.check_log(9)).unwrap(), []);
}

#[test]
fn a_customers_messages_are_the_same_however_many_reservations_they_have() {
    let (_folder, store, path) = in_file();
    let gateway = crate::payment::SimulatedGateway::in_memory(crate::payment::Behaviour::Approve);
    let app = crate::open(&path, gateway).unwrap();
    let rate = Rate::flat(Money::krw(59_000)).unwrap();
    for who in ["kim", "lee", "kim"] {
        let description = Description::new("강남 소형 1평").unwrap();
        let storage = app.register(&Caller::manager(), RegisterStorage { description, rate }).unwrap();
        let caller = Caller::customer(CustomerId::new(who).unwrap());
        app.reserve(&caller, Reserve::new(storage.storage_id)).unwrap();
    }
    let messages = |after, limit| {
        let filter = MessageFilter { customer: Some(CustomerId::new("kim").unwrap()) };
        let page = Page { after, limit };
        let rows = read(&store, |q| q.messages(&filter, page)).unwrap();
        rows.iter().map(|row| row.message_id.get()).collect::<Vec<_>>()
    };
    let pages = || [messages(0, None), messages(0, Some(1)), messages(1, Some(9)), messages(3, None)];
    let few = pages();
    assert_eq!(few, [vec![1, 3], vec![1], vec![3], vec![]]);
    let more = "INSERT INTO reservations SELECT n, storage_id, customer, from_day, until_day, price, currency, payment_id, 'cancelled', \
                hold_expires_at, paid_until, correlation_id, pays_until, started, version FROM reservations, \
                (WITH RECURSIVE count(n) AS (SELECT 4 UNION ALL SELECT n + 1 FROM count WHERE n < 1200) SELECT n FROM count) \
                WHERE reservation_id = 1";
    assert_eq!(stranger(&path).execute(more, []).unwrap(), 1197);
    assert_eq!(pages(), few);
}

#[cfg(unix)]
#[test]
fn nothing_is_written_to_a_file_that_is_no_longer_where_it_was() {
    for replaced in [false, true] {
        let (folder, store, path) = in_file();
        register_many(&store, 2);
        let away = folder.path().join("away.db");
        fs::rename(&path, &away).unwrap();
        if replaced {
            fs::copy(&away, &path).unwrap();
        }
        let moved =
            |error: StoreError| assert!(error.to_string().contains("was moved, removed or replaced"), "{error}");
        moved(write(&store, WAIT, register).unwrap_err());
        std::thread::sleep(super::super::LOOKED_MAX);
        moved(read(&store, |q| q.head()).unwrap_err());
        fs::rename(&away, &path).unwrap();
        register_many(&store, 1);
        assert_eq!(storages(&store), 3, "put back, it goes on");
    }
}

#[cfg(unix)]
#[test]
fn a_file_with_a_second_name_is_refused() {
    let (folder, store, path) = in_file();
    drop(store);
    fs::hard_link(&path, folder.path().join("second.db")).unwrap();
    for name in ["rent.db", "second.db"] {
        let error = refused(&folder.path().join(name));
        assert!(error.to_string().contains("has a second name"), "{error}");
    }
    fs::remove_file(folder.path().join("second.db")).unwrap();
    SqliteStore::open(&path).unwrap();
}

#[test]
fn no_new_file_is_made_beside_what_an_old_one_has_left_to_fold() {
    let (folder, store, path) = in_file();
    register_many(&store, 2);
    let wal = fs::read(path.with_extension("db-wal")).unwrap();
    drop(store);
    let other = folder.path().join("other.db");
    fs::write(folder.path().join("other.db-wal"), &wal).unwrap();
    let error = refused(&other);
    assert!(error.to_string().contains("is not there, but its -wal is"), "{error}");
    fs::write(folder.path().join("other.db-wal"), []).unwrap();
    SqliteStore::open(&other).unwrap();
}
