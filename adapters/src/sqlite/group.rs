//! Groups: several works, one transaction, one COMMIT; each work is undone alone, and what those kept is written at the end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::Connection;
use storagerent_core::ports::{StoreError, Verdict, Work};

use super::backup::copy_pages;
use super::cache::{Hot, Memory};
use super::connect::{PATIENCE, in_one_piece};
use super::error::{busy, is_busy, store_error};
use super::migrations;
use super::queue::{Batch, Leader, Mark, Told};
use super::session::{Session, Undo};
use super::statements::{self, AtHand, Db};
use super::time::{CAN_WAIT, Pauses};
use super::unwritten::Unwritten;
use super::{Place, Writer};

/// How beginning the transaction went.
enum Begun {
    /// The data has this version, as long as nobody else writes.
    Yes(i64),
    /// Somebody has waited too long and is to be told first.
    Late,
    No(StoreError),
}

/// Runs a group and commits it; answers what each work is to be told, once the connection is free again.
/// The place's mirror, if there is one, shows readers what is committed, and is brought up to date before anybody is told.
pub(super) fn run(writer: &mut Writer, place: &Place, leader: &Leader<'_>, mark: &Mark, mut group: Vec<Batch>) -> Told {
    let Writer { conn, memory } = writer;
    let conn: &Connection = conn;
    if let Err(error) = place.must_be_there() {
        return everybody(group, &error);
    }
    match begin(conn, memory, leader, &mut group) {
        Begun::Yes(data_version) => memory.begin(data_version),
        Begun::Late => {
            leader.put_back(group);
            return Told::new();
        }
        Begun::No(error) => return everybody(group, &error),
    }
    let at_hand = AtHand::of(conn);
    let db = Db::with(&at_hand);
    let mut running = Running { db, memory, mark, told: Told::new(), lost: None, keeps: false };
    let mut rides: Vec<Box<dyn Work>> = Vec::new();
    for batch in group {
        // Looked at once for all of a batch: a ride must not miss what it rides with.
        let late = batch.is_late();
        for work in batch.works {
            if late {
                running.told.push((work, Err(busy())));
            } else if work.rides_as().is_some() {
                rides.push(work);
            } else {
                running.run(work);
            }
        }
    }
    if !rides.is_empty() {
        running.ride(rides);
    }
    let Running { memory, mut told, lost, keeps, .. } = running;
    let ended = match lost {
        Some(error) => Err(error),
        // Nothing to keep needs no disk.
        None if !keeps => Ok(()),
        None => end(db, memory, place.mirror()),
    };
    roll_back(conn);
    if let Err(error) = ended {
        memory.forget();
        // Who was told busy or aborted is certainly not kept.
        told.iter_mut().filter(|(_, outcome)| outcome.is_ok()).for_each(|(_, outcome)| *outcome = Err(error.clone()));
    }
    told
}

/// A group inside its transaction.
struct Running<'g> {
    db: Db<'g>,
    memory: &'g mut Memory,
    mark: &'g Mark,
    told: Told,
    /// Why nothing of it may be kept.
    lost: Option<StoreError>,
    keeps: bool,
}

impl Running<'_> {
    fn run(&mut self, mut work: Box<dyn Work>) {
        let outcome = match &self.lost {
            Some(error) => Err(error.clone()),
            None => match run_one(self.db, self.memory, self.mark, work.as_mut()) {
                Ok(Ran::Kept) => {
                    self.keeps = true;
                    Ok(())
                }
                Ok(Ran::Undone) => Ok(()),
                Ok(Ran::Aborted(why)) => Err(StoreError::Aborted(why)),
                Err(error) => {
                    self.lost = Some(error.clone());
                    Err(error)
                }
            },
        };
        self.told.push((work, outcome));
    }

    /// Runs what only catches up: once for all, after the others, in the order the first of each came. Trouble with writing what
    /// it keeps is never the others' trouble.
    fn ride(&mut self, mut rides: Vec<Box<dyn Work>>) {
        let (first, before) = (self.told.len(), self.memory.cache.clone());
        self.unless_lost(|db, memory| {
            Session::new(db, memory).write_group()?;
            statements::run(db, "SAVEPOINT rides", [])
        });
        let lost_before = self.lost.is_some();
        while let Some(name) = rides.first().and_then(|work| work.rides_as()) {
            let (mut same, others): (Vec<_>, Vec<_>) =
                rides.into_iter().partition(|work| work.rides_as() == Some(name));
            rides = others;
            let works = same.len();
            if let Some(mut work) = same.pop() {
                work.stand_for(works);
                self.run(work);
            }
            self.told.extend(same.into_iter().map(|work| (work, Ok(()))));
        }
        // One of them may have met what could not be written of another one before it.
        let met = if lost_before { None } else { self.lost.take() };
        let mut failed = None;
        self.unless_lost(|db, memory| {
            if let Err(error) = met.map_or_else(|| Session::new(db, memory).write_group(), Err) {
                if db.is_autocommit() {
                    return Err(error);
                }
                memory.go_back(before, &[]);
                memory.hot = Hot::default();
                memory.unwritten = Unwritten::default();
                statements::run(db, "ROLLBACK TO rides", [])?;
                failed = Some(StoreError::Aborted(format!("a write failed half way: {error}")));
            }
            statements::run(db, "RELEASE rides", [])
        });
        if let Some(error) = failed {
            let of_rides = self.told.iter_mut().skip(first);
            let stand = of_rides.filter(|(_, outcome)| !matches!(outcome, Err(StoreError::Aborted(_))));
            stand.for_each(|(_, outcome)| *outcome = Err(error.clone()));
        }
    }

    fn unless_lost(&mut self, f: impl FnOnce(Db<'_>, &mut Memory) -> Result<(), StoreError>) {
        if self.lost.is_none()
            && let Err(error) = f(self.db, self.memory)
        {
            self.lost = Some(error);
        }
    }
}

fn everybody(group: Vec<Batch>, error: &StoreError) -> Told {
    group.into_iter().flat_map(|batch| batch.works).map(|work| (work, Err(error.clone()))).collect()
}

/// Waits for the file's lock as long as anybody in the group can wait.
fn begin(conn: &Connection, memory: &Memory, leader: &Leader<'_>, group: &mut [Batch]) -> Begun {
    roll_back(conn);
    let mut pauses = Pauses::default();
    loop {
        match try_begin(conn) {
            Ok(()) => break,
            Err(e) if is_busy(&e) && CAN_WAIT => {}
            Err(e) => return Begun::No(store_error(e)),
        }
        group.iter_mut().for_each(Batch::fall_behind);
        if group.iter().any(Batch::is_late) || leader.anybody_late() {
            return Begun::Late;
        }
        pauses.pause();
    }
    let version = data_version(conn).and_then(|version| {
        // Nobody else has written: nor has anybody changed the schema.
        if memory.is_true_of(version) { Ok(version) } else { migrations::still_known(conn).map(|()| version) }
    });
    match version {
        Ok(version) => Begun::Yes(version),
        Err(error) => {
            roll_back(conn);
            Begun::No(error)
        }
    }
}

/// SQLite does not wait here: it knows of no deadline but one for all.
fn try_begin(conn: &Connection) -> rusqlite::Result<()> {
    conn.busy_timeout(Duration::ZERO)?;
    let begun = conn.prepare_cached("BEGIN IMMEDIATE")?.execute([]);
    conn.busy_timeout(PATIENCE)?;
    begun.map(drop)
}

/// Writes what was put off to the end of the group, and commits.
fn end(db: Db<'_>, memory: &mut Memory, mirror: Option<&Mutex<Connection>>) -> Result<(), StoreError> {
    // Before the COMMIT nothing is in doubt: what fails here is certainly not kept.
    let mut session = Session::new(db, memory);
    session.write_group()?;
    session.write_put_off()?;
    commit(db.conn(), mirror).map_err(|error| StoreError::OutcomeUnknown(error.to_string()))
}

/// Changes whenever another connection, of whatever process, has written.
fn data_version(conn: &Connection) -> Result<i64, StoreError> {
    conn.prepare_cached("PRAGMA data_version").and_then(|mut s| s.query_row([], |row| row.get(0))).map_err(store_error)
}

fn commit(conn: &Connection, mirror: Option<&Mutex<Connection>>) -> Result<(), StoreError> {
    in_one_piece(|| conn.prepare_cached("COMMIT").and_then(|mut s| s.execute([]))).map_err(store_error)?;
    match mirror {
        Some(mirror) => copy_pages(conn, &mut mirror.lock().unwrap_or_else(PoisonError::into_inner)),
        None => Ok(()),
    }
}

/// Ends whatever transaction there still is, undoing it.
fn roll_back(conn: &Connection) {
    if !conn.is_autocommit() {
        // Should this fail too, the connection keeps its transaction, and the next BEGIN fails and says so.
        let _ = conn.execute_batch("ROLLBACK");
    }
}

enum Ran {
    Kept,
    Undone,
    Aborted(String),
}

/// Runs one work, in a savepoint if it writes.
///
/// # Errors
/// Why the whole transaction is lost.
fn run_one(db: Db<'_>, memory: &mut Memory, mark: &Mark, work: &mut dyn Work) -> Result<Ran, StoreError> {
    let before = memory.cache.clone();
    let mut session = Session::for_work(db, memory);
    let inside = mark.set();
    let verdict = catch_unwind(AssertUnwindSafe(|| work.run(&mut session)));
    drop(inside);
    let wrote = session.undo == Undo::Savepoint;
    let Session { broken, lost, touched, unwritten, .. } = session;
    if let Some(error) = lost {
        return Err(error);
    }
    if db.is_autocommit() {
        let cause = broken.map_or_else(String::new, |e| format!(": {e}"));
        return Err(StoreError::Other(format!("SQLite gave up the transaction after an error{cause}")));
    }
    let ran = match (verdict, broken) {
        (Ok(Verdict::Keep), None) => Ran::Kept,
        (Ok(Verdict::Keep), Some(error)) => Ran::Aborted(format!("a write failed half way: {error}")),
        (Ok(Verdict::Undo), _) => Ran::Undone,
        (Err(panic), _) => Ran::Aborted(words_of(panic.as_ref())),
    };
    if matches!(ran, Ran::Kept) {
        memory.unwritten.extend(unwritten);
    } else {
        memory.go_back(before, &touched);
        if wrote {
            statements::run(db, "ROLLBACK TO work", [])?;
        }
    }
    if wrote {
        statements::run(db, "RELEASE work", [])?;
    }
    Ok(ran)
}

fn words_of(panic: &(dyn Any + Send)) -> String {
    let words = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".to_owned())
}
