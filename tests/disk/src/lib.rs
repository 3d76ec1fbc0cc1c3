//! A simulated disk under SQLite, for tests: it fails, fills up and loses power when told.
//!
//! [`Disk::new`] makes a temporary folder and registers, as the process's default VFS, one that keeps all files of that folder
//! in memory; files elsewhere are the real system's. So the store under test is opened by path, as always, and needs no hook.
//! What the store asks of the real file system itself (is there a folder, make an empty file) it asks of the real folder.
//!
//! Only [`vfs`](self) is unsafe: it speaks C with SQLite. It reports the same sector size and powersafe overwrite as SQLite's own
//! unix VFS, so that SQLite takes the same way as on a real disk.

mod dice;
mod locks;
mod media;
mod plan;
mod state;
#[expect(unsafe_code, reason = "SQLite is told of a VFS by C structures, and calls it with raw pointers")]
mod vfs;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use dice::Dice;
pub use media::Mix;
pub use plan::{Call, Calls, Failure, Fault, Lasting};
pub use state::{Snapshot, Wreck};

use plan::Plan;
use state::State;
use tempfile::TempDir;

/// What handles and their disk share.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    state: Mutex<State>,
}

impl Shared {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A disk, empty at first. Its files are gone with it.
#[derive(Debug)]
pub struct Disk {
    shared: Arc<Shared>,
    folder: TempDir,
}

impl Default for Disk {
    fn default() -> Self {
        Disk::new()
    }
}

impl Disk {
    /// A new disk.
    ///
    /// # Panics
    /// When there is no room for a temporary folder, or SQLite takes no VFS.
    pub fn new() -> Self {
        // What little the store asks of the real folder, syncs among it, need not wait for a real disk.
        let quick = tempfile::tempdir_in("/dev/shm");
        let folder = quick.or_else(|_| tempfile::tempdir()).expect("a temporary folder can be made");
        let shared = Arc::new(Shared::default());
        vfs::mount(folder.path(), &shared);
        Disk { shared, folder }
    }

    /// The path of a file on the disk.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The real folder in its place: what the store makes there by itself is empty.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Lets something go wrong from now on, counting calls anew.
    pub fn fail(&self, fault: Fault) {
        self.shared.lock().plan = Plan::of(Some(fault), None);
    }

    /// Cuts the power during the n-th write, truncation, sync or deletion from now on. Whatever comes after it fails, until the
    /// disk is restored.
    pub fn cut_at(&self, nth: u64) {
        self.shared.lock().plan = Plan::of(None, Some(nth));
    }

    /// Both: a fault first, and a cut later.
    pub fn fail_and_cut_at(&self, fault: Fault, nth: u64) {
        self.shared.lock().plan = Plan::of(Some(fault), Some(nth));
    }

    /// Cuts the power now.
    pub fn cut(&self) {
        self.shared.lock().is_off = true;
    }

    /// Lets nothing go wrong any more, counting calls anew. What is cut stays cut.
    pub fn heal(&self) {
        self.shared.lock().plan = Plan::default();
    }

    /// The calls since the last plan was made.
    pub fn calls(&self) -> Calls {
        self.shared.lock().plan.calls
    }

    /// How many calls have met the planned fault.
    pub fn faults_met(&self) -> u64 {
        self.shared.lock().plan.met
    }

    /// Whether the power is cut.
    pub fn is_off(&self) -> bool {
        self.shared.lock().is_off
    }

    /// All files as the running system sees them: what is left when the process is killed, but not the power cut.
    pub fn snapshot(&self) -> Snapshot {
        self.shared.lock().snapshot()
    }

    /// What is on the medium, and what is on its way there.
    pub fn wreck(&self) -> Wreck {
        self.shared.lock().wreck()
    }

    /// Begins anew with these files, all on the medium. Connections that are still open do nothing any more.
    pub fn restore(&self, snapshot: Snapshot) {
        self.shared.lock().restore(snapshot);
    }

    /// Lets each connection opened from now on fold its WAL into the file after so many pages, not after 1,000.
    pub fn checkpoint_after(&self, pages: Option<i32>) {
        self.shared.lock().checkpoint_pages = pages;
    }

    /// Makes of each `PRAGMA synchronous = FULL` a `NORMAL`, to show what that would lose.
    pub fn make_synchronous_normal(&self, normal: bool) {
        self.shared.lock().is_synchronous_normal = normal;
    }

    /// Whether what a failed sync left behind is forgotten by later syncs, as Linux does, or taken along.
    pub fn strand_failed_syncs(&self, strand: bool) {
        self.shared.lock().syncs_strand = strand;
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        vfs::unmount(self.folder.path());
    }
}
