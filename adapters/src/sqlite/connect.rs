//! Connections: how a file is made, recognised and opened, and how a connection is set up against a file nobody vouches for.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use storagerent_core::ports::StoreError;

use super::error::{busy, is_busy, store_error};
use super::migrations;
use super::time::{CAN_WAIT, Deadline, Pauses};

/// So long the file's lock is waited for outside of works: opening, reading, backing up.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The oldest SQLite without a known fault in WAL mode that could damage a file.
const SQLITE_MIN: i32 = 3_051_003;

/// All statements of this adapter fit, so that none is compiled twice.
const STATEMENTS_MAX: usize = 256;

/// The page size of a new file.
const PAGE_BYTES: i64 = 2048;

/// The writer's page cache, in KiB: room for what a full group changes. More would cost more than it saves: with most COMMITs SQLite
/// looks at every page in the cache, for whoever moved pages between neighbours in a tree had a number beyond the file's end for
/// a moment.
const WRITER_CACHE_KIB: i64 = 6 * 1024;

/// Refuses an SQLite that is too old to be trusted with a file.
pub(super) fn require_sqlite() -> Result<(), StoreError> {
    if rusqlite::version_number() < SQLITE_MIN {
        let found = rusqlite::version();
        return Err(StoreError::Other(format!("SQLite 3.51.3 or newer is needed, this build has {found}")));
    }
    Ok(())
}

/// The path as it is whatever becomes of the working directory, and never one of SQLite's special names.
pub(super) fn absolute(path: &Path) -> Result<PathBuf, StoreError> {
    // The browser knows no working directory; there a file is a plain name.
    if !CAN_WAIT {
        return Ok(path.to_owned());
    }
    std::path::absolute(path).map_err(|e| StoreError::Other(format!("{} is no path: {e}", path.display())))
}

pub(super) fn is_a_folder(path: &Path) -> StoreError {
    StoreError::Other(format!("{} is a folder, not a file", path.display()))
}

/// Makes an empty file that only its owner may read, unless there is a file already.
pub(super) fn create(path: &Path) -> Result<(), StoreError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(StoreError::Other(format!("the folder {} does not exist", folder.display())));
    }
    if path.is_dir() {
        return Err(is_a_folder(path));
    }
    if !path.exists() && waits_beside(path) {
        let what = "is not there, but its -wal is, with what was written last; put both back, or move that one away";
        return Err(StoreError::Other(format!("{} {what}", path.display())));
    }
    match private(path) {
        Ok(file) => {
            let synced = file.sync_all().and_then(|()| sync_folder(folder));
            synced.map_err(|e| StoreError::Other(format!("{} cannot be made: {e}", path.display())))
        }
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(StoreError::Other(format!("{} cannot be made: {e}", path.display()))),
    }
}

/// A new file that only its owner may read or write.
pub(super) fn private(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// Makes the names in a folder survive a power cut.
pub(super) fn sync_folder(folder: &Path) -> std::io::Result<()> {
    // Elsewhere folders cannot be opened, and need not be.
    #[cfg(unix)]
    std::fs::File::open(folder)?.sync_all()?;
    #[cfg(not(unix))]
    let _ = folder;
    Ok(())
}

/// A file as it was opened: its path, and what tells it from another file there.
#[derive(Debug)]
pub(super) struct OpenFile {
    pub(super) path: PathBuf,
    #[cfg(unix)]
    inode: (u64, u64),
}

impl OpenFile {
    /// Refuses a file that has a second name: what waits beside it in a WAL is found by its first alone.
    pub(super) fn at(path: PathBuf) -> Result<Self, StoreError> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let data = std::fs::metadata(&path).map_err(|e| StoreError::Other(format!("{}: {e}", path.display())))?;
            if data.nlink() > 1 {
                let what = "has a second name (a hard link), under which another process would not see what this one writes; copy it instead";
                return Err(StoreError::Other(format!("{} {what}", path.display())));
            }
            Ok(OpenFile { inode: (data.dev(), data.ino()), path })
        }
        #[cfg(not(unix))]
        Ok(OpenFile { path })
    }

    /// Refuses to go on with a file that is no longer where it was: what is written to it would be lost with it, and whoever opens
    /// the path has another one.
    pub(super) fn must_be_there(&self) -> Result<(), StoreError> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let is_there = std::fs::metadata(&self.path).is_ok_and(|data| (data.dev(), data.ino()) == self.inode);
            if !is_there {
                let what = "was moved, removed or replaced while it was open; put it back, or open what is there now";
                return Err(StoreError::Other(format!("{} {what}", self.path.display())));
            }
        }
        Ok(())
    }
}

/// Refuses what is certainly not for this build, before anything could touch it: no lock, no WAL, no recovery.
///
/// SQLite itself must do it: reading the file here and closing it would drop the locks that other connections of this process
/// hold on it.
pub(super) fn refuse_strangers(path: &Path) -> Result<(), StoreError> {
    let foreign = || StoreError::Corrupt(format!("{} is no SQLite database", path.display()));
    match std::fs::metadata(path).map_or(0, |data| data.len()) {
        0 => return Ok(()),
        // SQLite takes this for an empty file.
        1 => return Err(foreign()),
        _ => {}
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(immutable_uri(path), flags).map_err(|e| unopened(path, e))?;
    match migrations::stamp(&conn) {
        Ok(stamp) => stamp.refuse_strangers(path),
        Err(e) if e.sqlite_error_code() == Some(ErrorCode::NotADatabase) => Err(foreign()),
        // A writer may be half way through this very page; a reader with locks will know.
        Err(_) => Ok(()),
    }
}

/// Makes closing this connection leave alone what waits beside the file and was there before; by itself SQLite folds that into
/// the file. If nothing waits, closing may tidy up as usual.
pub(super) fn leave_wal(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    keep_wal_on_close(conn, waits_beside(path))
}

/// Whether there is a WAL with anything in it; it lies beside the file itself, whatever link leads there.
pub(super) fn waits_beside(path: &Path) -> bool {
    let file = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let mut name = file.into_os_string();
    name.push("-wal");
    std::fs::metadata(name).is_ok_and(|data| data.len() > 0)
}

/// The usual again.
pub(super) fn fold_wal(conn: &Connection) -> Result<(), StoreError> {
    keep_wal_on_close(conn, false)
}

/// Makes closing this connection leave the WAL as it is, or tidy up as usual.
pub(super) fn keep_wal_on_close(conn: &Connection, keep: bool) -> Result<(), StoreError> {
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep).map(drop).map_err(store_error)
}

/// The file as SQLite opens it without locks, as if nobody ever changed it.
fn immutable_uri(path: &Path) -> String {
    let mut uri = "file:".to_owned();
    if cfg!(windows) {
        uri.push('/');
    }
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'\\' if cfg!(windows) => uri.push('/'),
            b'/' | b'.' | b'-' | b'_' | b':' => uri.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri + "?immutable=1"
}

fn unopened(path: &Path, error: rusqlite::Error) -> StoreError {
    if is_busy(&error) {
        return busy();
    }
    StoreError::Other(format!("{} cannot be opened: {error}", path.display()))
}

/// A connection to a file that exists, trusting nothing in it.
pub(super) fn open(path: &Path) -> Result<Connection, StoreError> {
    let conn = Connection::open_with_flags(path, flags()).map_err(|e| unopened(path, e))?;
    trust_nothing(conn, path)
}

/// The same for the one that commits groups: what a COMMIT writes to the WAL goes there in one piece.
pub(super) fn open_writer(path: &Path) -> Result<Connection, StoreError> {
    #[cfg(not(target_family = "wasm"))]
    let opened = {
        storagerent_vfs::register().map_err(StoreError::Other)?;
        Connection::open_with_flags_and_vfs(path, flags(), storagerent_vfs::NAME)
    };
    #[cfg(target_family = "wasm")]
    let opened = Connection::open_with_flags(path, flags());
    let conn = opened.map_err(|e| unopened(path, e))?;
    // Before anything is read: reading makes an index of the WAL that is no more writable than the file, and keeps writers out for good.
    if conn.is_readonly("main").map_err(store_error)? {
        return Err(StoreError::Other(format!("{} may not be written", path.display())));
    }
    trust_nothing(conn, path)
}

/// Calls what commits on the writer's connection.
pub(super) fn in_one_piece<T>(commit: impl FnOnce() -> T) -> T {
    #[cfg(not(target_family = "wasm"))]
    return storagerent_vfs::in_one_piece(commit);
    #[cfg(target_family = "wasm")]
    commit()
}

/// Syncs the file now, so that nobody has to wait for it later.
pub(super) fn sync(conn: &Connection) -> Result<(), StoreError> {
    #[cfg(not(target_family = "wasm"))]
    return storagerent_vfs::sync(conn).map_err(StoreError::Other);
    #[cfg(target_family = "wasm")]
    {
        let _ = conn;
        Ok(())
    }
}

fn flags() -> OpenFlags {
    let create = if CAN_WAIT { OpenFlags::empty() } else { OpenFlags::SQLITE_OPEN_CREATE };
    OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX | create
}

fn trust_nothing(conn: Connection, path: &Path) -> Result<Connection, StoreError> {
    if !CAN_WAIT {
        have_alone(&conn).map_err(store_error)?;
    }
    // Setting up reads the schema; if that cannot be read, what waits beside the file stays too.
    leave_wal(&conn, path)?;
    set_up(&conn).map_err(store_error)?;
    fold_wal(&conn)?;
    Ok(conn)
}

/// A database of its own in memory.
pub(super) fn open_in_memory() -> Result<Connection, StoreError> {
    let conn = Connection::open_in_memory().map_err(store_error)?;
    set_up(&conn).map_err(store_error)?;
    Ok(conn)
}

/// Sets up the connection that writes: it keeps more pages in memory than a reader, for what does not fit is written before its
/// time, and read again.
pub(super) fn set_up_writer(conn: &Connection) -> Result<(), StoreError> {
    conn.pragma_update(None, "cache_size", -WRITER_CACHE_KIB).map_err(store_error)
}

/// Makes a connection one that changes nothing.
///
/// It is not opened read-only: then SQLite could neither join a WAL, nor recover one, nor tidy up behind itself.
pub(super) fn read_only(conn: Connection) -> Result<Connection, StoreError> {
    conn.pragma_update(None, "query_only", true).map_err(store_error)?;
    Ok(conn)
}

/// Sets up a connection; of what is in the file, it reads the schema at most.
pub(super) fn set_up(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(PATIENCE)?;
    conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
    for (config, value) in [
        (DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true),
        (DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false),
        // This schema has none; what a stranger put into a file shall not run.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false),
        (DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DML, false),
        (DbConfig::SQLITE_DBCONFIG_DQS_DDL, false),
        // Each statement has one plan: without this, one whose bound values differ from the last time is compiled anew.
        (DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true),
    ] {
        conn.set_db_config(config, value)?;
    }
    conn.pragma_update(None, "synchronous", "FULL")?;
    // Where a plain sync leaves what was written in the drive's cache (macOS), a fuller one; elsewhere they say nothing.
    conn.pragma_update(None, "fullfsync", true)?;
    conn.pragma_update(None, "checkpoint_fullfsync", true)?;
    // Of a new file. Most changes touch a page here and there: a smaller page is less to write and to sync.
    conn.pragma_update(None, "page_size", PAGE_BYTES)?;
    // What a savepoint would need to be undone stays in memory; it is worth nothing after a crash.
    conn.pragma_update(None, "temp_store", "MEMORY")?;
    conn.pragma_update(None, "cell_size_check", true)
}

/// Keeps the file to this connection for good: the browser's file systems share no memory, and without any a WAL takes that. To be
/// said before anything is read.
fn have_alone(conn: &Connection) -> rusqlite::Result<()> {
    conn.query_row("PRAGMA locking_mode = EXCLUSIVE", [], |_| Ok(()))
}

/// Switches a file to WAL. The busy handler is not asked everywhere on that way, so this asks again itself.
pub(super) fn switch_to_wal(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    if !CAN_WAIT {
        // Where even that does not go, a rollback journal has to do, and its folder has to be synced.
        return match journal_mode(conn, "PRAGMA journal_mode = WAL").map_err(store_error)?.as_str() {
            "wal" => Ok(()),
            _ => conn.pragma_update(None, "synchronous", "EXTRA").map_err(store_error),
        };
    }
    let switched = patiently(|| match journal_mode(conn, "PRAGMA journal_mode")? {
        wal if wal == "wal" => Ok(wal),
        _ => journal_mode(conn, "PRAGMA journal_mode = WAL"),
    })?;
    if switched == "wal" {
        return Ok(());
    }
    let path = path.display();
    Err(StoreError::Other(format!("{path} stays in journal mode {switched}: its file system knows no WAL")))
}

/// The mode that a pragma answers with. It is asked to its end: the answer comes before the switch is committed, and if that
/// fails, the file is in the old mode, in which a power cut may undo what was acknowledged.
pub(super) fn journal_mode(conn: &Connection, pragma: &str) -> rusqlite::Result<String> {
    let mut statement = conn.prepare(pragma)?;
    let mut rows = statement.query([])?;
    let mode = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?.get(0)?;
    while rows.next()?.is_some() {}
    Ok(mode)
}

/// Tries until nobody is in the way any more, or patience ends.
pub(super) fn patiently<T>(mut attempt: impl FnMut() -> rusqlite::Result<T>) -> Result<T, StoreError> {
    let deadline = Deadline::after(PATIENCE);
    let mut pauses = Pauses::default();
    loop {
        match attempt() {
            Err(e) if is_busy(&e) && CAN_WAIT && !deadline.is_over() => pauses.pause(),
            outcome => return outcome.map_err(store_error),
        }
    }
}
