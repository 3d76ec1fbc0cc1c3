//! The SQLite store: one file, no server.
//!
//! Decides how rows are kept, and with whom a work is committed. Never decides what may happen: that is core's.
//!
//! Many callers share a COMMIT: whoever finds nobody leading leads, and runs what waits group by group. What a work keeps waits in
//! memory for the end of its group, so that undoing one takes nothing of its neighbours; only what is rare is written at once, in a
//! savepoint. A COMMIT goes to the WAL in one piece. Readers have connections of their own and see what is committed. Other processes
//! may write too, so what the writer remembers of the file is good only while SQLite says that nobody else has changed it.

mod ahead;
mod audit;
mod backup;
mod cache;
mod connect;
mod error;
mod fold;
mod group;
mod migrations;
mod queue;
mod rows;
mod seal;
mod session;
mod statements;
mod tables;
mod time;
mod tx;
mod unwritten;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use serde::Serialize;
use storagerent_core::ports::{Queries, Store, StoreError, Work};

use ahead::Ahead;
pub use backup::{check_file, replace, restore};
use cache::Memory;
use connect::OpenFile;
use error::store_error;
use fold::Folder;
pub(crate) use migrations::APPLICATION_ID;
use queue::{Batch, Mark, Queue};
use session::Session;
use statements::Db;
use time::{CAN_WAIT, Since};

/// So many connections are kept for readers to come; more readers at once open their own.
const READERS_KEPT_MAX: usize = 8;

/// So long readers go by the last look at whether the file is still there.
const LOOKED_MAX: Duration = Duration::from_millis(100);

/// So many groups are led by one caller, who has an answer to give too; then another one who waits has to.
const LEAD_GROUPS_MAX: usize = 8;

/// What a store in memory has for a path.
const MEMORY: &str = ":memory:";

/// A store in an SQLite file, or in memory.
pub struct SqliteStore {
    mark: Mark,
    queue: Queue,
    /// Folds the WAL of a file while others write. Is ended before the connections are closed.
    folder: Option<Folder>,
    /// Dropped before the writer, which folds the WAL into the file when it is the last.
    readers: Mutex<Readers>,
    writer: Mutex<Writer>,
    place: Place,
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = match &self.place {
            Place::File(file) => file.path.as_path(),
            Place::Memory(_) => Path::new(MEMORY),
        };
        f.debug_struct("SqliteStore").field("path", &path).finish_non_exhaustive()
    }
}

struct Writer {
    /// Dropped before the connection: what reads ahead has one of its own.
    memory: Memory,
    conn: Connection,
}

#[derive(Default)]
struct Readers {
    /// Connections that nobody uses.
    idle: Vec<Connection>,
    /// When the file was seen where it was opened.
    looked: Option<Since>,
}

enum Place {
    File(OpenFile),
    /// In memory there is no WAL: what is committed is mirrored for readers, who would else wait for, or see, half a group.
    Memory(Mutex<Connection>),
}

/// What there is to know about a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DbInfo {
    /// Where it is; `:memory:` for one in memory.
    pub path: String,
    /// The version of its schema.
    pub schema_version: u32,
    /// The SQLite in use.
    pub sqlite_version: String,
    /// How it commits: `wal` in a file.
    pub journal_mode: String,
    /// Bytes per page.
    pub page_size: u64,
    /// The size of the file, without what still waits in its WAL.
    pub file_bytes: u64,
    /// How many events its log has.
    pub events: u64,
}

impl SqliteStore {
    /// Opens a file, and makes it if there is none; its folder must exist. Brings older schemas to the newest.
    ///
    /// # Errors
    /// [`StoreError::NewerSchema`] and [`StoreError::Corrupt`] for a file that is not for this build, which is left untouched;
    /// [`StoreError::Busy`] when others hold it for too long; [`StoreError::Other`] when it cannot be made or opened.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        // One at a time: while a new file is made by name, no connection of this process may have it open, for closing the name
        // again would drop that connection's locks.
        static OPENING: Mutex<()> = Mutex::new(());
        let _one_at_a_time = OPENING.lock().unwrap_or_else(PoisonError::into_inner);
        connect::require_sqlite()?;
        let path = connect::absolute(path)?;
        if CAN_WAIT {
            connect::create(&path)?;
            connect::refuse_strangers(&path)?;
        }
        let file = OpenFile::at(path.clone())?;
        let conn = connect::open_writer(&path)?;
        connect::leave_wal(&conn, &path)?;
        if migrations::recognise(&conn, &path)? == migrations::KNOWN {
            // What every application reads first: where that is damaged, the file is left as it is.
            let mut memory = Memory::default();
            let mut session = Session::new(Db::of(&conn), &mut memory);
            session.settings()?;
            session.consumers()?;
            session.channels()?;
        }
        connect::fold_wal(&conn)?;
        connect::switch_to_wal(&conn, &path)?;
        migrations::migrate(&conn, &path)?;
        connect::set_up_writer(&conn)?;
        let folder = if CAN_WAIT { Folder::instead_of(&conn, path.clone())? } else { None };
        let memory = if CAN_WAIT { Memory::reading_ahead(Ahead::of(path.clone())) } else { Memory::default() };
        let mut store = SqliteStore::over(conn, memory, Place::File(file));
        store.folder = folder;
        Ok(store)
    }

    /// A new store in memory, gone when dropped.
    ///
    /// # Errors
    /// [`StoreError::Other`] when SQLite is too old or has no memory.
    pub fn in_memory() -> Result<Self, StoreError> {
        connect::require_sqlite()?;
        SqliteStore::of_memory(connect::open_in_memory()?)
    }

    /// A store in memory with all that is in the bytes of a file, as [`SqliteStore::to_bytes`] and `db backup` write them: to look
    /// at a site before it takes another one's place.
    ///
    /// # Errors
    /// Those of [`check_file`] for the bytes; [`StoreError::WalMode`] for bytes of which a part may be in another file.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, StoreError> {
        connect::require_sqlite()?;
        let mut conn = connect::open_in_memory()?;
        backup::copy_pages(&backup::from_bytes(bytes)?, &mut conn)?;
        SqliteStore::of_memory(conn)
    }

    fn of_memory(conn: Connection) -> Result<Self, StoreError> {
        migrations::migrate(&conn, Path::new(MEMORY))?;
        let mut mirror = connect::open_in_memory()?;
        backup::copy_pages(&conn, &mut mirror)?;
        Ok(SqliteStore::over(conn, Memory::default(), Place::Memory(Mutex::new(connect::read_only(mirror)?))))
    }

    fn over(conn: Connection, memory: Memory, place: Place) -> Self {
        SqliteStore {
            mark: Mark::default(),
            queue: Queue::default(),
            folder: None,
            readers: Mutex::default(),
            writer: Mutex::new(Writer { memory, conn }),
            place,
        }
    }

    /// Copies the whole store, as it is at one moment, to a file that does not exist yet; others may write meanwhile.
    ///
    /// # Errors
    /// [`StoreError::Other`] when there is a file already, or it cannot be written.
    pub fn backup(&self, to: &Path) -> Result<(), StoreError> {
        self.with_reader(|conn| backup::copy(conn, to))?
    }

    /// The whole store, as it is at one moment, as the bytes of one file: what a browser downloads.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot read.
    pub fn to_bytes(&self) -> Result<Vec<u8>, StoreError> {
        self.with_reader(backup::bytes)?
    }

    /// What there is to know about the database.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot read.
    pub fn info(&self) -> Result<DbInfo, StoreError> {
        self.with_reader(|conn| {
            let read = |pragma| conn.query_row(pragma, [], |row| row.get::<_, i64>(0));
            let number = |pragma| read(pragma).map_err(store_error).map(i64::unsigned_abs);
            let page_size = number("PRAGMA page_size")?;
            let (path, file_bytes) = match &self.place {
                Place::File(OpenFile { path, .. }) => {
                    (path.display().to_string(), std::fs::metadata(path).map_or(0, |data| data.len()))
                }
                Place::Memory(_) => (MEMORY.to_owned(), page_size * number("PRAGMA page_count")?),
            };
            Ok(DbInfo {
                path,
                schema_version: migrations::KNOWN,
                sqlite_version: rusqlite::version().to_owned(),
                journal_mode: conn.query_row("PRAGMA journal_mode", [], |row| row.get(0)).map_err(store_error)?,
                page_size,
                file_bytes,
                events: Session::new(Db::of(conn), &mut Memory::default()).head()?.sequence.get(),
            })
        })?
    }

    fn writer(&self) -> MutexGuard<'_, Writer> {
        // Whoever panicked left a transaction at worst, and the next group begins by undoing it.
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn readers(&self) -> MutexGuard<'_, Readers> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls with a connection that sees only what is committed.
    fn with_reader<T>(&self, f: impl FnOnce(&Connection) -> T) -> Result<T, StoreError> {
        if self.mark.is_set() {
            return Err(StoreError::Nested);
        }
        let _inside = self.mark.set();
        if !CAN_WAIT {
            // There is one thread only, and it is not inside a work.
            return Ok(f(&self.writer().conn));
        }
        let file = match &self.place {
            Place::File(file) => file,
            Place::Memory(mirror) => return Ok(f(&mirror.lock().unwrap_or_else(PoisonError::into_inner))),
        };
        let idle = {
            let mut readers = self.readers();
            // Whoever opens a file must know that it is the one; else now and then is enough, for what is read is whole.
            if readers.idle.is_empty() || readers.looked.is_none_or(|at| at.elapsed() >= LOOKED_MAX) {
                file.must_be_there()?;
                readers.looked = Some(Since::now());
            }
            readers.idle.pop()
        };
        let conn = match idle {
            Some(conn) => conn,
            None => connect::read_only(connect::open(&file.path)?)?,
        };
        let answer = f(&conn);
        let mut readers = self.readers();
        if readers.idle.len() < READERS_KEPT_MAX && conn.is_autocommit() {
            readers.idle.push(conn);
        }
        Ok(answer)
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        // By closing the last connection SQLite would fold what its thread could not, and meet the disk's next answer.
        if self.folder.take().is_some_and(|folder| folder.end()) {
            // Should this fail too, it does.
            let _ = connect::keep_wal_on_close(&self.writer().conn, true);
        }
    }
}

impl Place {
    /// What shows readers what is committed, if that is not the file itself.
    fn mirror(&self) -> Option<&Mutex<Connection>> {
        match self {
            Place::Memory(mirror) if CAN_WAIT => Some(mirror),
            Place::Memory(_) | Place::File(_) => None,
        }
    }

    fn must_be_there(&self) -> Result<(), StoreError> {
        match self {
            Place::File(file) if CAN_WAIT => file.must_be_there(),
            Place::File(_) | Place::Memory(_) => Ok(()),
        }
    }
}

impl Store for SqliteStore {
    fn submit(&self, work: Vec<Box<dyn Work>>, wait_max: Duration) -> bool {
        if self.mark.is_set() {
            // The leader waits for this very work; whoever waited for another one would wait for ever.
            work.into_iter().for_each(|work| work.done(Err(StoreError::Nested)));
            return false;
        }
        self.queue.push(Batch::new(work, wait_max))
    }

    fn drive(&self) {
        if self.mark.is_set() {
            return;
        }
        let mut groups = 0;
        while let Some(leader) = self.queue.lead() {
            leader.gather();
            // Those are told before a group makes them wait even longer.
            let mut told = leader.dismiss_late();
            let mut folds = None;
            if told.is_empty() {
                let group = leader.take();
                let batches = group.len();
                let mut writer = self.writer();
                told = group::run(&mut writer, &self.place, &leader, &self.mark, group);
                folds = self.folder.as_ref().filter(|folder| folder.after_group(&writer.conn));
                leader.tells(batches);
            }
            groups += 1;
            // Whoever is told may lead in turn.
            let hands_over = if CAN_WAIT && groups >= LEAD_GROUPS_MAX {
                leader.hand_over()
            } else {
                drop(leader);
                false
            };
            queue::tell(told);
            if let Some(folder) = folds {
                folder.fold_rest(&self.writer().conn);
            }
            if hands_over {
                return;
            }
        }
    }

    fn read(&self, f: &mut dyn FnMut(&mut dyn Queries)) -> Result<(), StoreError> {
        self.with_reader(|conn| {
            let snapshot = Snapshot::begin(conn)?;
            // The first read fixes what the snapshot shows.
            migrations::still_known(conn)?;
            f(&mut Session::new(Db::of(conn), &mut Memory::default()));
            snapshot.end()
        })?
    }
}

/// A reader's transaction.
struct Snapshot<'c> {
    conn: &'c Connection,
}

impl<'c> Snapshot<'c> {
    fn begin(conn: &'c Connection) -> Result<Self, StoreError> {
        statements::run(Db::of(conn), "BEGIN", [])?;
        Ok(Snapshot { conn })
    }

    /// After an error that made SQLite give up the snapshot there is nothing to end, and the reader was told of that error.
    fn end(&self) -> Result<(), StoreError> {
        if self.conn.is_autocommit() { Ok(()) } else { statements::run(Db::of(self.conn), "ROLLBACK", []) }
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        // Whoever breaks off while reading leaves no transaction behind; a failure here shows with the next BEGIN.
        let _ = self.end();
    }
}
