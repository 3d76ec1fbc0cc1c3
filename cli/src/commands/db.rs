//! `db`: the file itself.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};
use serde::Serialize;
use storagerent::chrono::Utc;
use storagerent::sqlite::{self, SqliteStore};
use storagerent::{Options, StoreError};

use crate::cli::Globals;
use crate::failure::Failure;
use crate::output::{Output, words};
use crate::site::{self, Site, beside};

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Describe the file
    Info,
    /// Copy everything, as it is at one moment, to a new file; others may go on writing
    Backup(FileArg),
    /// Put a backup in the file's place; the file as it was is kept beside it
    #[command(after_help = "\
No other process may use the file meanwhile. The backup is verified first: a
damaged one, one that is not as its own log says, or one of a newer version,
changes nothing. The file as it was is kept as FILE.before-restore-TIME. The payment service's books (FILE.books) are
left alone: they are a third party's.")]
    Restore(FileArg),
}

#[derive(Debug, Args)]
pub(crate) struct FileArg {
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// What was backed up.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BackedUp {
    file: String,
    bytes: u64,
}

/// What was restored.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Restored {
    file: String,
    events: u64,
    /// The file as it was before, if there was one.
    kept: Option<String>,
    /// How many events that has, if it can be read.
    events_before: Option<u64>,
    /// Whether everything is as the restored log says: nothing else is restored.
    ok: bool,
}

impl DbCommand {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        match self {
            DbCommand::Info => Site::reading(globals, |site| site.out.show(&site.store.info()?)),
            DbCommand::Backup(FileArg { file }) => {
                let path = site::file(globals)?;
                // Any other command makes a new site there; a backup of that would pass for one of the site that was meant.
                fs::metadata(&path).map_err(|e| Failure::file(&path, e))?;
                Site::reading(globals, |site| backup(site, &file))
            }
            DbCommand::Restore(FileArg { file }) => restore(globals, &file),
        }
    }
}

fn backup(site: &Site, file: &Path) -> Result<(), Failure> {
    if file.symlink_metadata().is_ok() {
        return Err(Failure::FileExists { path: file.to_owned() });
    }
    site.store.backup(file)?;
    sqlite::check_file(file)?;
    let bytes = fs::metadata(file).map_err(|e| Failure::file(file, e))?.len();
    let (file, size) = (file.display().to_string(), words::bytes(bytes));
    let lang = site.out.lang();
    let sentence = lang.pick(format!("{size} backed up to {file}"), format!("{file}에 {size}를 백업했습니다"));
    site.out.say(&BackedUp { file, bytes }, &sentence)
}

fn restore(globals: &Globals, backup: &Path) -> Result<(), Failure> {
    sqlite::check_file(backup)?;
    // Of a link it is the file that is replaced: beside that are its WAL and its books.
    let named = site::file(globals)?;
    let path = fs::canonicalize(&named).unwrap_or(named);
    let draft = beside(&path, &format!(".restoring-{}", std::process::id()));
    // Written, synced and verified as a whole before anything of the present file is touched.
    sqlite::restore(backup, &draft)?;
    let replaced = verify(globals, &draft, backup).and_then(|()| keep_aside(&path)).and_then(|kept| {
        fs::rename(&draft, &path).and_then(|()| sync_folder(&path)).map_err(|e| Failure::file(&path, e))?;
        Ok(kept)
    });
    for left in ["", "-wal", "-shm"] {
        // Most of these do not exist.
        let _ = fs::remove_file(beside(&draft, left));
    }
    report(globals.output(), globals, &path, replaced?.as_ref())
}

/// Refuses a backup that is not as its own log says.
fn verify(globals: &Globals, draft: &Path, backup: &Path) -> Result<(), Failure> {
    let store = Arc::new(SqliteStore::open(draft)?);
    let app = storagerent::over(store, site::with_clock(globals, Options::without_gateway()))?;
    let findings = app.verify()?.findings;
    match findings.first() {
        None => Ok(()),
        Some(first) => Err(Failure::BackupFound {
            path: backup.to_owned(),
            findings: findings.len(),
            first: format!("{}: {}", first.subject, first.detail),
        }),
    }
}

/// The file as it was before.
struct Kept {
    path: PathBuf,
    /// How many events it has, if it can be read.
    events: Option<u64>,
}

/// Keeps the present file under another name, whole, and takes away what would be replayed into its successor.
fn keep_aside(path: &Path) -> Result<Option<Kept>, Failure> {
    let kept = unused(path, &Utc::now().format(".before-restore-%Y%m%dT%H%M%SZ").to_string());
    if !path.try_exists().map_err(|e| Failure::file(path, e))? {
        return keep_left_over(path, &kept);
    }
    let mut events = None;
    let copied = SqliteStore::open(path).and_then(|store| {
        store.backup(&kept)?;
        events = Some(store.info()?.events);
        Ok(())
    });
    let (wal, shm) = (beside(path, "-wal"), beside(path, "-shm"));
    match copied {
        // The last one to close a file takes its WAL away: who still has one is not alone.
        Ok(()) if wal.exists() => {
            let _ = fs::remove_file(&kept);
            return Err(Failure::FileInUse { path: path.to_owned() });
        }
        Ok(()) => {}
        Err(StoreError::Busy { .. }) => return Err(Failure::FileInUse { path: path.to_owned() }),
        // What cannot be read as a database is kept byte for byte, with its WAL.
        Err(_) => {
            for (from, to) in [(path, kept.clone()), (&wal, beside(&kept, "-wal"))] {
                if from.exists() {
                    fs::copy(from, to).map_err(|e| Failure::file(from, e))?;
                }
            }
        }
    }
    for stale in [wal, shm] {
        match fs::remove_file(&stale) {
            Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(Failure::file(&stale, e)),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(Some(Kept { path: kept, events }))
}

/// What a file that is gone has left beside it, and would be replayed into its successor, is kept under another name.
fn keep_left_over(path: &Path, kept: &Path) -> Result<Option<Kept>, Failure> {
    let (wal, kept) = (beside(path, "-wal"), beside(kept, "-wal"));
    if !wal.exists() {
        return Ok(None);
    }
    fs::rename(&wal, &kept).map_err(|e| Failure::file(&wal, e))?;
    // It is nothing without the other.
    let _ = fs::remove_file(beside(path, "-shm"));
    Ok(Some(Kept { path: kept, events: None }))
}

/// Makes a new name survive a power cut.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::File::open(folder)?.sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// A name beside the file that nothing has yet.
fn unused(path: &Path, more: &str) -> PathBuf {
    let first = beside(path, more);
    let others = (2..1_000).map(|n| beside(path, &format!("{more}-{n}")));
    std::iter::once(first.clone()).chain(others).find(|name| !name.exists()).unwrap_or(first)
}

fn report(out: Output, globals: &Globals, path: &Path, before: Option<&Kept>) -> Result<(), Failure> {
    let verified = Site::reading(globals, |site| Ok(site.app.verify()?))?;
    let (events, ok) = (verified.events, verified.ok);
    let (file, kept) = (path.display().to_string(), before.map(|kept| kept.path.display().to_string()));
    let events_before = before.and_then(|kept| kept.events);
    let lang = out.lang();
    let s = if events == 1 { "event" } else { "events" };
    let mut sentence =
        lang.pick(format!("{events} {s} restored to {file}"), format!("{file}에 이벤트 {events}건을 복원했습니다"));
    if let Some(kept) = &kept {
        sentence.push_str(&lang.pick(format!("; the file as it was is {kept}"), format!(". 이전 파일: {kept}")));
    }
    out.say(&Restored { file, events, kept, events_before, ok }, &sentence)?;
    if let Some(more) = events_before.and_then(|before| before.checked_sub(events)).filter(|more| *more > 0) {
        out.remark(&lang.pick(
            format!(
                "events that only the file as it was has: {more}; reservations made since are in it alone, and what was paid \
                 for them stays with the payment service"
            ),
            format!(
                "이전 파일에는 이벤트가 {more}건 더 있습니다. 그 뒤의 예약은 이전 파일에만 있고, 받은 돈은 결제 서비스에 남아 있습니다"
            ),
        ));
    }
    if ok { Ok(()) } else { Err(Failure::Found) }
}
