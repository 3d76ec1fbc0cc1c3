//! Several processes on one file. The test binary calls itself.

use std::process::{Child, Command, Stdio};

use storagerent_core::ports::write;

use super::*;

/// Names the file for the processes this test starts.
const FILE: &str = "STORAGERENT_TEST_FILE";

fn myself(test: &str, path: &Path) -> Child {
    let me = std::env::current_exe().unwrap();
    let name = format!("sqlite::tests::processes::{test}");
    Command::new(me)
        .args(["--exact", &name, "--nocapture", "--test-threads=1"])
        .env(FILE, path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn sixty_four_processes_may_open_one_new_file_at_once() {
    if let Some(path) = std::env::var_os(FILE) {
        let store = SqliteStore::open(Path::new(&path)).unwrap();
        write(&store, WAIT, register).unwrap();
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rent.db");
    let name = "sixty_four_processes_may_open_one_new_file_at_once";
    let children: Vec<_> = (0..64).map(|_| myself(name, &path)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!(storages(&store), 64);
    assert_eq!(read(&store, |q| q.check_log(9)).unwrap(), []);
}

#[test]
fn what_was_told_survives_a_kill() {
    if let Some(path) = std::env::var_os(FILE) {
        let store = SqliteStore::open(Path::new(&path)).unwrap();
        register_many(&store, 5);
        // No destructor runs, no WAL is folded in.
        std::process::abort();
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rent.db");
    assert!(!myself("what_was_told_survives_a_kill", &path).wait().unwrap().success());
    assert!(path.with_extension("db-wal").exists(), "nothing was closed in order");
    let store = SqliteStore::open(&path).unwrap();
    assert_eq!((storages(&store), store.info().unwrap().events), (5, 5));
}
