//! Database files from strangers: a good one, bent, then opened, read, reserved on and verified.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use storagerent::clock::ManualClock;
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::sqlite::SqliteStore;
use storagerent::{
    AddReview, App, Caller, CancelReservation, Command, Error, EventFilter, MessageFilter, Options, Page, Query,
    ReservationFilter, ReservationId, Reserve, ReviewFilter, Stars, StorageId, ViewFilter,
};
use tempfile::TempDir;

use super::dice::Dice;
use super::properties::{broken, changes_nothing, head};
use super::{World, file_schema, rules};
use crate::{customer, day, noon};

const PAGE: usize = 4_096;

/// A good file to begin with, and where the bad ones are put.
pub(super) struct Image {
    bytes: Vec<u8>,
    folder: TempDir,
}

impl Image {
    pub(super) fn new() -> Self {
        let folder = scratch();
        let good = folder.path().join("good.db");
        let store = Arc::new(SqliteStore::open(&good).expect("a fresh file opens"));
        let (gateway, clock) =
            (Arc::new(SimulatedGateway::in_memory(Behaviour::Approve)), ManualClock::at(noon("2026-11-22")));
        let options = Options::new(Arc::clone(&gateway)).clock(clock.clone());
        let app = storagerent::over(Arc::<SqliteStore>::clone(&store), options).expect("the parts fit together");
        live(&app, &gateway, &clock);
        let copy = folder.path().join("copy.db");
        store.backup(&copy).expect("it can be backed up");
        let bytes = std::fs::read(copy).expect("the backup is there");
        Image { bytes, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("rent.db")
    }
}

/// A folder in memory where there is one: nothing here is about disks.
pub(super) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a temporary folder can be made")
}

/// Some of everything.
fn live(app: &App, gateway: &SimulatedGateway, clock: &ManualClock) {
    let manager = Caller::manager();
    for n in 1..=12 {
        let command =
            format!(r#"{{"command":"registerStorage","description":"강남 {n}","price":{n}000,"currency":"KRW"}}"#);
        let command: Command = serde_json::from_str(&command).expect("it is a command");
        app.execute(&manager, command).expect("the manager may");
    }
    for n in 1..=8u64 {
        let how = [Behaviour::Approve, Behaviour::Approve, Behaviour::Decline, Behaviour::LostReply][n as usize % 4];
        gateway.set_behaviour(how);
        let who = customer(["kim", "lee"][n as usize % 2]);
        // Declined ones and those whose outcome is not known are wanted too.
        let _ = app.reserve(&who, Reserve::new(StorageId::new(n)).from(day("2026-11-22")).until(day("2027-01-31")));
    }
    clock.advance_days(1);
    let _ = app.run_due();
    let content = "좋아요".parse().expect("it is well formed");
    let review =
        AddReview { reservation_id: ReservationId::new(1), rate: Stars::new(4).expect("from 1 to 5"), content };
    let _ = app.add_review(&customer("lee"), review);
    let _ = app.cancel(&customer("kim"), CancelReservation { reservation_id: ReservationId::new(4) });
    let _ = app.run_due();
    let _ = app.reserve(&customer("kim"), Reserve::new(StorageId::new(12)));
}

pub(super) fn feed(mut world: World<'_>, image: &Image) {
    while world.goes_on() {
        let path = image.path();
        for beside in ["", "-wal", "-shm", "-journal"] {
            let _ = std::fs::remove_file(format!("{}{beside}", path.display()));
        }
        let done = world.prepare(|dice| bend(image, &path, dice));
        world.feed(|| done.join("; "), |dice| use_it(&path, dice));
    }
}

/// Puts a bent file in place; answers what was done to it.
fn bend(image: &Image, path: &Path, dice: &mut Dice) -> Vec<String> {
    let mut done = Vec::new();
    let mut bytes = image.bytes.clone();
    if dice.one_in(2) {
        // As a file that was in use before; a backup switches to WAL on its first opening.
        bytes[18..20].copy_from_slice(&[2, 2]);
    }
    if dice.one_in(2) {
        std::fs::write(path, &bytes).expect("the folder can be written");
        file_schema::bend(path, dice, &mut done);
        bytes = std::fs::read(path).expect("the file is there");
    }
    if done.is_empty() || dice.one_in(4) {
        bend_bytes(&mut bytes, dice, &mut done);
    }
    std::fs::write(path, &bytes).expect("the folder can be written");
    if dice.one_in(12) {
        // What SQLite begins these with, then pages as they would follow.
        let (beside, magic) = dice.pick(&[
            ("-wal", [0x37, 0x7f, 6, 0x82, 0, 0x2d, 0xe2, 0x18]),
            ("-journal", [0xd9, 0xd5, 5, 0xf9, 0x20, 0xa1, 0x63, 0xd7]),
            ("-shm", [0x18, 0xe2, 0x2d, 0, 0, 0, 0, 0]),
        ]);
        let junk = [&magic, &bytes[..bytes.len().min(PAGE * 3)]].concat();
        std::fs::write(format!("{}{beside}", path.display()), junk).expect("the folder can be written");
        done.push(format!("junk in {beside}"));
    }
    done
}

fn bend_bytes(bytes: &mut Vec<u8>, dice: &mut Dice, done: &mut Vec<String>) {
    for _ in 0..dice.few(12) {
        let len = bytes.len();
        if len < PAGE {
            return;
        }
        let (at, pages) = (dice.below(len), len / PAGE);
        let (a, b) = (dice.below(pages) * PAGE, dice.below(pages) * PAGE);
        done.push(match dice.below(10) {
            0..=2 => {
                bytes[at] ^= 1 << dice.below(8);
                format!("a bit at {at}")
            }
            3 => {
                bytes[at] = dice.byte();
                format!("a byte at {at}")
            }
            4 => {
                let at = dice.below(100);
                bytes[at] = dice.byte();
                format!("a byte of the header at {at}")
            }
            5 => {
                // The page's own header and cell pointers: where SQLite's structure is.
                let at = a + dice.below(64);
                bytes[at] = dice.byte();
                format!("a byte of a page at {at}")
            }
            6 => {
                bytes.copy_within(a..a + PAGE, b);
                format!("page at {a} over {b}")
            }
            7 => {
                bytes[a..a + PAGE].fill(dice.pick(&[0, 0xff]));
                format!("page at {a} wiped")
            }
            8 if dice.one_in(3) => {
                bytes.truncate(at);
                format!("cut at {at}")
            }
            _ => {
                let end = (at + dice.few(200)).min(len);
                bytes[at..end].iter_mut().for_each(|byte| *byte = dice.byte());
                format!("noise at {at} to {end}")
            }
        });
    }
}

/// Opens the file; if that is refused it must be as it was, else everything is tried on it.
fn use_it(path: &Path, dice: &mut Dice) -> Result<bool, String> {
    let wal = PathBuf::from(format!("{}-wal", path.display()));
    let read = || (std::fs::read(path).ok(), std::fs::read(&wal).ok().filter(|bytes| !bytes.is_empty()));
    let journal = PathBuf::from(format!("{}-journal", path.display())).exists();
    let before = read();
    let clock = ManualClock::at(noon("2026-11-23"));
    let gateway = Arc::new(SimulatedGateway::in_memory(Behaviour::Approve));
    let opened = storagerent::open_with(path, Options::new(gateway).clock(clock.clone()));
    match opened {
        // A journal that waits is rolled back by SQLite, whoever looks.
        Err(_) if read() == before || journal => Ok(false),
        Err(error) => Err(format!("refused ({}), yet {}", broken(error), difference(&before, &read()))),
        Ok(app) => try_all(&app, &clock, dice).map(|()| true),
    }
}

type Files = (Option<Vec<u8>>, Option<Vec<u8>>);

/// Which of the file and its WAL is another, and where.
fn difference(before: &Files, after: &Files) -> String {
    let at = |a: &Option<Vec<u8>>, b: &Option<Vec<u8>>| {
        let (a, b) = (a.as_deref().unwrap_or_default(), b.as_deref().unwrap_or_default());
        let bytes: Vec<usize> = (0..a.len().min(b.len())).filter(|n| a[*n] != b[*n]).take(9).collect();
        format!("{} bytes became {}, changed at {bytes:?}", a.len(), b.len())
    };
    format!("the file: {}; its WAL: {}", at(&before.0, &after.0), at(&before.1, &after.1))
}

fn try_all(app: &App, clock: &ManualClock, dice: &mut Dice) -> Result<(), String> {
    let all = Page::default();
    lawful(app.storages(all))?;
    lawful(app.reservations(&ReservationFilter::default(), all))?;
    lawful(app.payments(all))?;
    lawful(app.reviews(&ReviewFilter::default(), all))?;
    lawful(app.messages(&MessageFilter::default(), all))?;
    lawful(app.views(&ViewFilter::default(), all))?;
    lawful(app.events(&EventFilter::default(), all))?;
    let _ = (app.dead_letters(all), app.status(), app.verify());
    for _ in 0..6 {
        let who = customer(dice.pick(&["kim", "lee"]));
        let (id, n) = (1 + dice.below(12) as u64, 1 + dice.below(8) as u64);
        let reserve =
            format!(r#"{{"command":"reserve","storageId":{id},"from":null,"until":"2027-03-{:02}"}}"#, 1 + id);
        let commands = [
            reserve,
            format!(r#"{{"command":"cancelReservation","reservationId":{n}}}"#),
            format!(r#"{{"command":"endRental","reservationId":{n},"on":"2026-12-24"}}"#),
            format!(r#"{{"command":"modifyStorage","storageId":{id},"price":77,"currency":"KRW"}}"#),
            r#"{"command":"registerStorage","description":"b","price":5,"currency":"USD"}"#.to_owned(),
            format!(r#"{{"command":"addReview","reservationId":{n},"rate":5,"content":"c"}}"#),
            r#"{"command":"runDue"}"#.to_owned(),
            r#"{"command":"replayConsumer","name":"view"}"#.to_owned(),
            r#"{"command":"retryDeadLetter","deadLetterId":1}"#.to_owned(),
            r#"{"command":"set","key":"zone","value":"Europe/Vienna"}"#.to_owned(),
        ];
        let caller = if dice.one_in(2) { who } else { Caller::manager() };
        order(app, &caller, &dice.pick(&commands))?;
        clock.advance(Duration::from_secs(dice.bits() % 90_000));
    }
    let _ = (app.verify(), app.query(Query::Available { from: None, until: None, max_price: None, page: all }));
    Ok(())
}

/// What is read is lawful, or refused.
fn lawful<T: serde::Serialize>(rows: Result<Vec<T>, Error>) -> Result<(), String> {
    let Ok(rows) = rows else { return Ok(()) };
    let json = serde_json::to_value(rows).map_err(|e| e.to_string())?;
    rules::hold(&json).map_err(|e| format!("was read from the file: {e}"))
}

fn order(app: &App, caller: &Caller, command: &str) -> Result<(), String> {
    let command: Command = serde_json::from_str(command).map_err(|e| e.to_string())?;
    let before = head(app);
    match app.execute(caller, command) {
        Ok(answer) => {
            let json = serde_json::to_value(answer).map_err(|e| e.to_string())?;
            rules::hold(&json).map_err(|e| format!("was answered: {e}"))
        }
        Err(error) if changes_nothing(&error) => {
            let (Ok(before), Ok(after)) = (before, head(app)) else { return Ok(()) };
            let new =
                app.events(&EventFilter::default(), Page { after: before.get(), limit: None }).unwrap_or_default();
            // Consumers may go on with what waits for them; such events name their cause.
            if after != before && new.iter().any(|event| event.causation_id.is_none()) {
                return Err(format!("{} was refused, yet the log went from {before} to {after}", broken(error)));
            }
            Ok(())
        }
        Err(_) => Ok(()),
    }
}
