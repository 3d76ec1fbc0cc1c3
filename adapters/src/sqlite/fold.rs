//! Folding the WAL into the file, off the commit path: a thread copies what was committed while others commit.
//!
//! SQLite alone would do it inside the COMMIT that makes the WAL too long, and whoever waits for that one would wait for two more
//! syncs and thousands of pages. The thread folds what there is; under load more is committed meanwhile, so that the WAL never
//! is all in the file and never begins anew. Therefore whoever leads folds the little that is left, once all are told.
//!
//! SQLite syncs the file only where nothing was committed while it copied. Therefore the thread does, or the leader would wait for
//! all that the thread has written; and it goes on until what is left is little.
//!
//! A disk says once that it could not keep a page, and the next sync succeeds. So whoever meets an error while folding ends it for
//! the store's life: what is in the WAL stays there, and is not written over.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use storagerent_core::ports::StoreError;

use super::connect;
use super::error::{is_busy, store_error};

/// So many pages of WAL wait before the thread is asked to fold them: 64 MB.
const FOLD_PAGES: i64 = 32 * 1024;

/// With at most so many pages left to fold, the leader does it.
const REST_PAGES: i64 = FOLD_PAGES / 32;

/// Beyond so many pages the leader folds whatever there is: the thread does not keep up.
const WAL_PAGES_MAX: i64 = 2 * FOLD_PAGES;

/// So often the thread folds what has come since it began: all there was, what came meanwhile, and the little that came then.
const ROUNDS: usize = 3;

/// The length of the WAL is looked at after every so many groups: to a lone caller even that costs something.
const LOOKS_EVERY: u32 = 4;

/// What SQLite folds after by itself, unless somebody has set up something else.
const BY_DEFAULT: i64 = 1_000;

/// How far the WAL is folded, in pages.
#[derive(Debug, Clone, Copy)]
struct Extent {
    written: i64,
    folded: i64,
}

/// What the leader has to do about the WAL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Nothing,
    /// Much is to be folded: that is for the thread.
    Thread,
    /// Little is left, or too much waits.
    Leader,
}

impl Extent {
    fn need(self, thread_is_at_it: bool) -> Need {
        match self.written - self.folded {
            0 => Need::Nothing,
            _ if self.written < FOLD_PAGES => Need::Nothing,
            _ if self.written >= WAL_PAGES_MAX => Need::Leader,
            _ if thread_is_at_it => Need::Nothing,
            left if left <= REST_PAGES => Need::Leader,
            // Again, if it has just folded: what came meanwhile is less each time.
            _ => Need::Thread,
        }
    }
}

/// Folds the WAL of one file.
pub(super) struct Folder {
    groups: AtomicU32,
    shared: Arc<Shared>,
    path: PathBuf,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    orders: Mutex<Orders>,
    changed: Condvar,
}

#[derive(Default)]
struct Orders {
    /// Asked for, and not done yet.
    fold: bool,
    /// Something could not be written: no more of it.
    given_up: bool,
    end: bool,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Orders> {
        // Nothing that can panic happens under this lock.
        self.orders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is something to fold; `false` at the end.
    fn next(&self) -> bool {
        let mut orders = self.lock();
        while !orders.fold && !orders.end {
            orders = self.changed.wait(orders).unwrap_or_else(PoisonError::into_inner);
        }
        !orders.end && !orders.given_up
    }
}

impl Folder {
    /// Takes folding over from the connection that writes; `None` where somebody has said when to fold.
    pub(super) fn instead_of(writer: &Connection, path: PathBuf) -> Result<Option<Self>, StoreError> {
        let pages: i64 = writer.query_row("PRAGMA wal_autocheckpoint", [], |row| row.get(0)).map_err(store_error)?;
        if pages != BY_DEFAULT {
            return Ok(None);
        }
        writer.pragma_update(None, "wal_autocheckpoint", 0).map_err(store_error)?;
        Ok(Some(Folder { groups: AtomicU32::default(), shared: Arc::default(), path, thread: Mutex::default() }))
    }

    /// Looks now and then how long the WAL is, after a group; says whether the leader is to fold the rest.
    pub(super) fn after_group(&self, writer: &Connection) -> bool {
        if !self.groups.fetch_add(1, Ordering::Relaxed).is_multiple_of(LOOKS_EVERY) {
            return false;
        }
        let orders = self.shared.lock();
        if orders.given_up {
            return false;
        }
        let thread_is_at_it = orders.fold;
        drop(orders);
        // What cannot be told now is told after the next groups.
        let extent = extent(writer, "PRAGMA wal_checkpoint(NOOP)");
        match extent.map_or(Need::Nothing, |extent| extent.need(thread_is_at_it)) {
            Need::Nothing => false,
            Need::Leader => true,
            Need::Thread => {
                self.ask();
                false
            }
        }
    }

    /// Folds what is left, by whoever leads.
    pub(super) fn fold_rest(&self, writer: &Connection) {
        if fold(writer).is_err() {
            self.shared.lock().given_up = true;
            // Should this fail too, closing tries to fold it, and SQLite meets the disk's next answer.
            let _ = connect::keep_wal_on_close(writer, true);
        }
    }

    /// Ends the thread; says whether something could not be folded, so that nobody may try again.
    pub(super) fn end(&self) -> bool {
        self.shared.lock().end = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // It has nothing to say, even if it broke off.
            let _ = thread.join();
        }
        self.shared.lock().given_up
    }

    fn ask(&self) {
        self.shared.lock().fold = true;
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if thread.is_none() {
            let (shared, path) = (Arc::clone(&self.shared), self.path.clone());
            // Without a thread the WAL grows until the leader folds it.
            *thread = std::thread::Builder::new().name("fold".to_owned()).spawn(move || fold_along(&shared, path)).ok();
        }
        drop(thread);
        self.shared.changed.notify_one();
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        self.end();
    }
}

/// The thread's work, until the store is closed or the disk fails.
fn fold_along(shared: &Shared, path: PathBuf) {
    let mut kept = None;
    while shared.next() {
        let mut folded = Ok(());
        // What is in the way of a connection is in the way of the next attempt at worst, and the leader folds in the end.
        if let Some(conn) = kept.take().or_else(|| connect::open(&path).ok()) {
            folded = (0..ROUNDS).try_for_each(|_| fold(&conn).and_then(|()| connect::sync(&conn)));
            if folded.is_err() {
                // It has met the error; closing it must not try again.
                let _ = connect::keep_wal_on_close(&conn, true);
            }
            kept = Some(conn);
        }
        let mut orders = shared.lock();
        orders.given_up |= folded.is_err();
        orders.fold = false;
    }
}

/// Folds what can be folded without anybody having to wait.
fn fold(conn: &Connection) -> Result<(), StoreError> {
    match extent(conn, "PRAGMA wal_checkpoint(PASSIVE)") {
        Err(e) if !is_busy(&e) => Err(store_error(e)),
        Ok(_) | Err(_) => Ok(()),
    }
}

fn extent(conn: &Connection, pragma: &'static str) -> rusqlite::Result<Extent> {
    conn.prepare_cached(pragma)?.query_row([], |row| Ok(Extent { written: row.get(1)?, folded: row.get(2)? }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use storagerent_core::ports::write;

    use super::super::SqliteStore;
    use super::*;

    #[test]
    fn after_an_error_nobody_folds_and_the_wal_stays_when_the_file_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let mut conn = Connection::open(&path).unwrap();
        conn.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x); INSERT INTO t VALUES (7)").unwrap();
        let folder = Folder::instead_of(&conn, path.clone()).unwrap().unwrap();
        folder.fold_rest(&conn);
        assert!(!folder.shared.lock().given_up);
        conn.execute_batch("INSERT INTO t VALUES (8)").unwrap();
        conn.progress_handler(1, Some(|| true)).unwrap();
        folder.fold_rest(&conn);
        conn.progress_handler(1, None::<fn() -> bool>).unwrap();
        assert!(folder.shared.lock().given_up);
        folder.groups.store(0, Ordering::Relaxed);
        assert!(!folder.after_group(&conn));
        drop((folder, conn));
        assert!(path.with_extension("db-wal").exists());
        let conn = Connection::open(&path).unwrap();
        assert_eq!(conn.query_row("SELECT sum(x) FROM t", [], |row| row.get::<_, i64>(0)).unwrap(), 15);
    }

    #[test]
    fn what_the_thread_could_not_fold_stays_when_the_store_is_closed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        for meets_an_error in [true, false] {
            let store = SqliteStore::open(&path).unwrap();
            write(&store, Duration::from_secs(9), |tx| tx.add_channel("mail")).unwrap();
            store.folder.as_ref().unwrap().shared.lock().given_up = meets_an_error;
            drop(store);
            assert_eq!(path.with_extension("db-wal").exists(), meets_an_error);
        }
    }

    #[test]
    fn the_thread_folds_much_and_the_leader_what_is_left() {
        let need = |written, folded| Extent { written, folded }.need(false);
        assert_eq!(need(FOLD_PAGES - 1, 0), Need::Nothing);
        assert_eq!(need(FOLD_PAGES, 0), Need::Thread);
        let longer = FOLD_PAGES + REST_PAGES;
        assert_eq!(need(longer, longer - REST_PAGES - 1), Need::Thread, "once more");
        assert_eq!(need(longer, longer - REST_PAGES), Need::Leader);
        assert_eq!(need(longer, longer), Need::Nothing, "the next group begins it anew");
        assert_eq!(need(WAL_PAGES_MAX, 0), Need::Leader, "nobody else does");
    }

    #[test]
    fn the_leader_keeps_out_of_the_threads_way_until_the_wal_is_far_too_long() {
        let need = |written, folded| Extent { written, folded }.need(true);
        assert_eq!(need(FOLD_PAGES, 0), Need::Nothing);
        assert_eq!(need(FOLD_PAGES, FOLD_PAGES - 1), Need::Nothing, "the thread has yet to sync");
        assert_eq!(need(WAL_PAGES_MAX, 0), Need::Leader);
    }
}
