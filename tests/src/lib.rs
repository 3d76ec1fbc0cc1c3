//! A site for tests: the real engine on either store, with a clock that moves only when told and a gateway that misbehaves
//! when told.

pub mod cuts;
pub mod on_disk;
#[cfg(unix)]
pub mod operations;

pub mod hostile;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, OnceLock};

use storagerent::chrono::{DateTime, NaiveDate, Utc};
use storagerent::clock::ManualClock;
use storagerent::memory::MemoryStore;
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::sqlite::SqliteStore;
use storagerent::{
    App, Caller, CustomerId, Envelope, EventFilter, Money, Options, Page, Per, Rate, RegisterStorage, ReservationRow,
    Reserve, StorageId, Store,
};
use tempfile::TempDir;

/// Which store a site is kept in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// In memory.
    Memory,
    /// In a SQLite file.
    File,
}

impl Kept {
    /// Both.
    pub const ALL: [Kept; 2] = [Kept::Memory, Kept::File];
}

/// A site.
pub struct Site {
    /// The engine.
    pub app: App,
    /// Its clock; it stands at noon (Seoul) of 2026-11-22 at first.
    pub clock: ManualClock,
    /// Its payment service.
    pub gateway: Arc<SimulatedGateway>,
    /// Its store.
    pub store: Arc<dyn Store>,
    folder: TempDir,
}

impl Site {
    /// A fresh site.
    pub fn new(kept: Kept) -> Self {
        Site::with(kept, |options| options)
    }

    /// A fresh site with more options.
    pub fn with(kept: Kept, more: impl FnOnce(Options) -> Options) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let store: Arc<dyn Store> = match kept {
            Kept::Memory => Arc::new(MemoryStore::new()),
            Kept::File => Arc::new(SqliteStore::open(&folder.path().join("rent.db")).expect("a fresh file opens")),
        };
        let clock = ManualClock::at(noon("2026-11-22"));
        let gateway = Arc::new(SimulatedGateway::in_memory(Behaviour::Approve));
        let app = another(&store, &clock, &gateway, more);
        Site { app, clock, gateway, store, folder }
    }

    /// Another application over the same store: a second process, but for the leases' owner.
    pub fn another_app(&self, more: impl FnOnce(Options) -> Options) -> App {
        another(&self.store, &self.clock, &self.gateway, more)
    }

    /// The database file of a site kept in one.
    pub fn file(&self) -> PathBuf {
        self.folder.path().join("rent.db")
    }

    /// Registers a storage at a flat price.
    pub fn storage(&self, won: i64) -> StorageId {
        self.storage_per(won, Per::Rental)
    }

    /// Registers a storage.
    pub fn storage_per(&self, won: i64, per: Per) -> StorageId {
        let rate = Rate::new(Money::krw(won), per).expect("the price is above 0");
        let command = RegisterStorage { description: "강남 소형 1평".parse().expect("it is well formed"), rate };
        self.app.register(&Caller::manager(), command).expect("the manager may").storage_id
    }

    /// Reserves for somebody, with whom it must succeed.
    pub fn reserve(&self, who: &str, command: Reserve) -> ReservationRow {
        self.app.reserve(&customer(who), command).expect("it is free and the money is there")
    }

    /// The day the site has.
    pub fn today(&self) -> NaiveDate {
        self.app.status().expect("the store can be read").today
    }

    /// All events.
    pub fn events(&self) -> Vec<Envelope> {
        self.app.events(&EventFilter::default(), Page::default()).expect("the store can be read")
    }

    /// The names of the events after a sequence.
    pub fn event_types_after(&self, sequence: u64) -> Vec<&'static str> {
        self.events().iter().filter(|e| e.sequence.get() > sequence).map(|e| e.event.event_type()).collect()
    }

    /// Runs due work until nothing is done any more.
    pub fn rest(&self) {
        for _ in 0..20 {
            let ran = self.app.run_due().expect("the store can be written");
            if ran.consumed + ran.effects.done + ran.settled.asked == 0 {
                return;
            }
        }
        panic!("the site does not come to rest");
    }

    /// Panics unless `verify` finds nothing.
    pub fn assert_clean(&self) {
        let verified = self.app.verify().expect("the store can be read");
        assert!(verified.ok, "{:#?}", verified.findings);
    }
}

fn another(
    store: &Arc<dyn Store>,
    clock: &ManualClock,
    gateway: &Arc<SimulatedGateway>,
    more: impl FnOnce(Options) -> Options,
) -> App {
    let options = more(Options::new(Arc::clone(gateway)).clock(clock.clone()));
    storagerent::over(Arc::clone(store), options).expect("the parts fit together")
}

/// A customer.
pub fn customer(name: &str) -> Caller {
    Caller::customer(CustomerId::new(name).expect("the name is well formed"))
}

/// A day.
pub fn day(text: &str) -> NaiveDate {
    text.parse().expect("it is a day")
}

/// Noon of a day in Seoul.
pub fn noon(text: &str) -> DateTime<Utc> {
    format!("{text}T03:00:00Z").parse().expect("it is a moment")
}

/// A file of the test data.
pub fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data").join(name)
}

/// A program of this workspace: the one in the folder `STORAGERENT_PROGRAMS` if that is set, else it is built.
pub fn program(package: &str, name: &str) -> PathBuf {
    let file = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    if let Some(programs) = std::env::var_os("STORAGERENT_PROGRAMS") {
        return Path::new(&programs).join(file);
    }
    let me = std::env::current_exe().expect("a running program has a path");
    let profile = me.ancestors().skip(1).find(|folder| !folder.ends_with("deps"));
    let profile = profile.expect("tests run from target/PROFILE/deps, programs from target/PROFILE");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--locked", "-p", package, "--bin", name]);
    build.current_dir(env!("CARGO_MANIFEST_DIR"));
    // The folder has the profile's name, but for that of `dev`.
    let name_of_profile = profile.file_name().filter(|name| *name != "debug").unwrap_or("dev".as_ref());
    build.arg("--profile").arg(name_of_profile);
    if let Some(target) = profile.parent() {
        build.arg("--target-dir").arg(target);
    }
    assert!(build.status().expect("cargo runs").success(), "{name} does not build");
    profile.join(file)
}

/// The command-line tool.
pub fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| program("storagerent-cli", "storagerent"))
}

/// A call of the command-line tool on a file, JSON in English.
pub fn tool(file: &Path) -> Command {
    let mut command = Command::new(binary());
    command.args(["--json", "--lang", "en", "--db"]).arg(file);
    command.env_remove("STORAGERENT_DB").env_remove("STORAGERENT_PAYMENT");
    command
}

/// Runs the tool and answers with what it printed.
pub fn run(file: &Path, args: &[&str]) -> Output {
    tool(file).args(args).output().expect("the tool runs")
}

/// Runs the tool, which must succeed, and answers with its stdout.
pub fn run_ok(file: &Path, args: &[&str]) -> String {
    let output = run(file, args);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the tool prints UTF-8")
}
