//! Copies of a whole database: made while others write, complete or not there at all.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use storagerent_core::ports::StoreError;

use super::connect::{self, PATIENCE};
use super::error::{busy, store_error};
use super::migrations;
use super::time::{CAN_WAIT, Deadline, Pauses};

/// Says whether a file is a usable database of a schema this build knows. Changes nothing in it.
///
/// # Errors
/// [`StoreError::NewerSchema`], [`StoreError::Corrupt`] for a damaged or foreign file, [`StoreError::Other`] for none.
pub fn check_file(path: &Path) -> Result<(), StoreError> {
    let path = connect::absolute(path)?;
    check(&open_existing(&path)?, &path)
}

/// Copies a database that nobody need have open, such as a backup, to where no file is yet.
///
/// # Errors
/// Those of [`check_file`]; [`StoreError::Other`] when there is a file already, or it cannot be written.
pub fn restore(from: &Path, to: &Path) -> Result<(), StoreError> {
    let from = connect::absolute(from)?;
    let source = open_existing(&from)?;
    check(&source, &from)?;
    copy(&source, to)
}

/// Makes the database at `to`, which nobody may have open, equal to the one in `bytes`, as [`SqliteStore::to_bytes`] and `db
/// backup` write them. It is replaced as a whole, or stays as it is.
///
/// # Errors
/// Those of [`check_file`] for the bytes; [`StoreError::WalMode`] for bytes of which a part may be in another file;
/// [`StoreError::Busy`] when somebody has it open all the same; [`StoreError::Other`] when it cannot be written.
///
/// [`SqliteStore::to_bytes`]: super::SqliteStore::to_bytes
pub fn replace(to: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let source = from_bytes(bytes)?;
    let mut target = connect::open(&connect::absolute(to)?)?;
    // In WAL mode a database keeps the size of its pages.
    connect::journal_mode(&target, "PRAGMA journal_mode = DELETE").map_err(store_error)?;
    copy_pages(&source, &mut target)
}

/// The database in the bytes of a file, in memory, to be read only.
pub(super) fn from_bytes(bytes: &[u8]) -> Result<Connection, StoreError> {
    if needs_wal(bytes) {
        return Err(StoreError::WalMode);
    }
    let label = Path::new("the new file");
    if bytes.is_empty() {
        return Err(StoreError::Corrupt(format!("{} is empty", label.display())));
    }
    let mut source = connect::open_in_memory()?;
    source.deserialize_read_exact("main", bytes, bytes.len(), true).map_err(store_error)?;
    check(&source, label)?;
    Ok(source)
}

/// Where an SQLite file says by which versions of its format it is written and read; 2 is WAL, 1 is not.
const FORMAT_VERSIONS: std::ops::Range<usize> = 18..20;

/// Whether the bytes of a database say that it is in WAL mode: the file alone may then not be all of it.
fn needs_wal(bytes: &[u8]) -> bool {
    bytes.starts_with(b"SQLite format 3\0") && bytes.get(FORMAT_VERSIONS).is_some_and(|v| v.contains(&2))
}

/// All of a database as it is at one moment, as the bytes of one file that needs no WAL.
pub(super) fn bytes(source: &Connection) -> Result<Vec<u8>, StoreError> {
    let mut copy = connect::open_in_memory()?;
    copy_pages(source, &mut copy)?;
    let mut bytes = copy.serialize("main").map_err(store_error)?.to_vec();
    // What waited in a WAL is among the pages already.
    if let Some(versions) = bytes.get_mut(FORMAT_VERSIONS) {
        versions.fill(1);
    }
    Ok(bytes)
}

fn open_existing(path: &Path) -> Result<Connection, StoreError> {
    if path.is_dir() {
        return Err(connect::is_a_folder(path));
    }
    if !path.is_file() {
        return Err(StoreError::Other(format!("there is no file {}", path.display())));
    }
    connect::refuse_strangers(path)?;
    let conn = connect::read_only(connect::open(path)?)?;
    connect::leave_wal(&conn, path)?;
    Ok(conn)
}

fn check(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let corrupt = |what: &str| Err(StoreError::Corrupt(format!("{}: {what}", path.display())));
    let version = migrations::recognise(conn, path)?;
    if version == 0 {
        return corrupt("it is empty");
    }
    // The schema first: a check of the rows computes whatever a stranger's tables say.
    let is_newest = version == migrations::KNOWN;
    if let Some(difference) = migrations::differences(conn)?.first().filter(|_| is_newest) {
        return corrupt(difference);
    }
    let found: String = conn.query_row("PRAGMA quick_check(1)", [], |row| row.get(0)).map_err(store_error)?;
    if found == "ok" { Ok(()) } else { corrupt(&found) }
}

/// Copies all of a database, as it is at one moment, to where no file is yet.
pub(super) fn copy(source: &Connection, to: &Path) -> Result<(), StoreError> {
    let to = connect::absolute(to)?;
    let Some(folder) = to.parent().filter(|folder| folder.is_dir()) else {
        return Err(StoreError::Other(format!("the folder of {} does not exist", to.display())));
    };
    if to.symlink_metadata().is_ok() {
        return Err(exists(&to));
    }
    if connect::waits_beside(&to) {
        let what = "cannot be made beside its -wal, which another file has left; move that one away";
        return Err(StoreError::Other(format!("{} {what}", to.display())));
    }
    let draft = Draft::new(&to).map_err(|e| failed(&to, &e))?;
    draft.fill(source)?;
    draft.publish(&to)?;
    // Its own name goes first: whoever is killed in between leaves no file with two names, which nobody could open.
    drop(draft);
    connect::sync_folder(folder).map_err(|e| failed(&to, &e))
}

fn exists(to: &Path) -> StoreError {
    StoreError::Other(format!("{} exists already; it is not overwritten", to.display()))
}

fn failed(to: &Path, error: &std::io::Error) -> StoreError {
    StoreError::Other(format!("{} cannot be written: {error}", to.display()))
}

/// A copy under a name of its own, gone when dropped.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn new(to: &Path) -> std::io::Result<Self> {
        let name = |n: u32| {
            let mut name = to.file_name().unwrap_or_default().to_owned();
            name.push(format!(".{}-{n}.part", std::process::id()));
            to.with_file_name(name)
        };
        let free = (0..1_000).map(name).find_map(|path| match connect::private(&path) {
            Ok(_) => Some(Ok(Draft { path })),
            // One that somebody who was killed has left behind.
            Err(e) if e.kind() == ErrorKind::AlreadyExists => None,
            Err(e) => Some(Err(e)),
        });
        free.unwrap_or_else(|| Err(ErrorKind::AlreadyExists.into()))
    }

    fn fill(&self, source: &Connection) -> Result<(), StoreError> {
        let mut target = connect::open(&self.path)?;
        copy_pages(source, &mut target)?;
        // A copy is one file: a WAL beside it would be left behind when it is carried away.
        let mode = connect::journal_mode(&target, "PRAGMA journal_mode = DELETE").map_err(store_error)?;
        if mode != "delete" {
            return Err(StoreError::Other(format!("the copy stays in journal mode {mode}")));
        }
        target.close().map_err(|(_, e)| store_error(e))
    }

    /// Gives it its name, for good, if nothing else has got that name meanwhile.
    fn publish(&self, to: &Path) -> Result<(), StoreError> {
        // To be written: some systems sync no other.
        let file = fs::OpenOptions::new().write(true).open(&self.path).and_then(|file| file.sync_all());
        file.map_err(|e| failed(to, &e))?;
        match fs::hard_link(&self.path, to) {
            Ok(()) => Ok(()),
            Err(e) if e.kind() == ErrorKind::AlreadyExists => Err(exists(to)),
            // Some file systems know no second names.
            Err(_) if to.symlink_metadata().is_ok() => Err(exists(to)),
            Err(_) => fs::rename(&self.path, to).map_err(|e| failed(to, &e)),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        for suffix in ["", "-journal", "-wal", "-shm"] {
            let mut name = self.path.clone().into_os_string();
            name.push(suffix);
            // Most of these do not exist.
            let _ = fs::remove_file(name);
        }
    }
}

/// Makes one database equal to another, as that is at one moment.
pub(super) fn copy_pages(source: &Connection, target: &mut Connection) -> Result<(), StoreError> {
    let backup = Backup::new(source, target).map_err(store_error)?;
    let deadline = Deadline::after(PATIENCE);
    let mut pauses = Pauses::default();
    loop {
        // All in one step, so that a writer cannot make it begin again and again.
        match backup.step(-1).map_err(store_error)? {
            StepResult::Done => return Ok(()),
            StepResult::More => {}
            _ if CAN_WAIT && !deadline.is_over() => pauses.pause(),
            _ => return Err(busy()),
        }
    }
}
