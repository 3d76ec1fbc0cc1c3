//! The state of one disk: names, files, locks, shared memory, and what goes wrong.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use crate::dice::Dice;
use crate::locks::{FileLocks, MemoryLocks};
use crate::media::{Media, Mix};
use crate::plan::{Call, Failure, Plan, Verdict};

/// A name given or taken away, not yet on the medium.
#[derive(Debug, Clone)]
enum Naming {
    Given(String, usize),
    Taken(String),
}

/// What a power cut leaves: files with writes on their way, and names with changes on theirs.
#[derive(Debug, Clone, Default)]
pub struct Wreck {
    files: Vec<Media>,
    names: BTreeMap<String, usize>,
    durable_names: BTreeMap<String, usize>,
    namings: Vec<Naming>,
}

/// All files as they are, by name.
pub type Snapshot = BTreeMap<String, Vec<u8>>;

/// One mapped region of shared memory: 32 KiB, as SQLite asks for.
pub(crate) type Region = Box<[AtomicU64; REGION_BYTES / 8]>;

/// The size of a region.
pub(crate) const REGION_BYTES: usize = 32 * 1024;

/// The shared memory beside one file; gone when nobody maps it.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    pub(crate) inner: Mutex<MemoryInner>,
}

/// What is in it.
#[derive(Debug, Default)]
pub(crate) struct MemoryInner {
    pub(crate) regions: Vec<Region>,
    pub(crate) locks: MemoryLocks,
}

impl Memory {
    pub(crate) fn lock(&self) -> MutexGuard<'_, MemoryInner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The disk as the running system sees it.
#[derive(Debug, Default)]
pub(crate) struct State {
    wreck: Wreck,
    locks: BTreeMap<usize, FileLocks>,
    memories: BTreeMap<usize, Weak<Memory>>,
    pub(crate) plan: Plan,
    pub(crate) is_off: bool,
    /// Handles opened before the last power cut or restoring are of another life and do nothing any more.
    pub(crate) life: u64,
    pub(crate) checkpoint_pages: Option<i32>,
    pub(crate) is_synchronous_normal: bool,
    pub(crate) syncs_strand: bool,
}

/// Why a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Refused(pub(crate) Failure);

impl State {
    /// Counts a call and says whether it may go on; a cut lets it begin, and the power is off afterwards.
    pub(crate) fn admit(&mut self, call: Call, grows: bool) -> Result<(), Refused> {
        if self.is_off {
            return Err(Refused(Failure::Error));
        }
        match self.plan.judge(call, grows) {
            Verdict::Goes => Ok(()),
            Verdict::Fails(failure) => Err(Refused(failure)),
            Verdict::Cut => {
                self.is_off = true;
                Err(Refused(Failure::Error))
            }
        }
    }

    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.wreck.names.get(name).copied()
    }

    pub(crate) fn file(&self, file: usize) -> &Media {
        &self.wreck.files[file]
    }

    pub(crate) fn file_mut(&mut self, file: usize) -> &mut Media {
        &mut self.wreck.files[file]
    }

    /// A new, empty file. The main file was made and synced by the store itself; others come with their first sync.
    pub(crate) fn make(&mut self, name: &str, is_main: bool) -> usize {
        let file = self.wreck.files.len();
        self.wreck.files.push(Media::default());
        self.wreck.names.insert(name.to_owned(), file);
        if is_main {
            self.wreck.durable_names.insert(name.to_owned(), file);
        } else {
            self.wreck.namings.push(Naming::Given(name.to_owned(), file));
        }
        file
    }

    pub(crate) fn remove(&mut self, name: &str) {
        if self.wreck.names.remove(name).is_some() {
            self.wreck.namings.push(Naming::Taken(name.to_owned()));
        }
    }

    /// Brings the folder's names to the medium.
    pub(crate) fn sync_names(&mut self) {
        let Wreck { namings, durable_names, .. } = &mut self.wreck;
        namings.drain(..).for_each(|naming| name(durable_names, naming));
    }

    /// Whether the name of this file is on its way to the medium: then its first sync brings the folder along.
    pub(crate) fn is_newly_named(&self, file: usize) -> bool {
        self.wreck.namings.iter().any(|naming| matches!(naming, Naming::Given(_, given) if *given == file))
    }

    pub(crate) fn locks(&mut self, file: usize) -> &mut FileLocks {
        self.locks.entry(file).or_default()
    }

    pub(crate) fn memory(&mut self, file: usize) -> Arc<Memory> {
        match self.memories.get(&file).and_then(Weak::upgrade) {
            Some(memory) => memory,
            None => {
                let memory = Arc::new(Memory::default());
                self.memories.insert(file, Arc::downgrade(&memory));
                memory
            }
        }
    }

    pub(crate) fn snapshot(&self) -> Snapshot {
        let bytes = |(name, file): (&String, &usize)| (name.clone(), self.wreck.files[*file].bytes().to_owned());
        self.wreck.names.iter().map(bytes).collect()
    }

    pub(crate) fn wreck(&self) -> Wreck {
        self.wreck.clone()
    }

    /// Begins a new life with these files, all on the medium.
    pub(crate) fn restore(&mut self, snapshot: Snapshot) {
        self.wreck = Wreck::default();
        for (name, bytes) in snapshot {
            let file = self.wreck.files.len();
            self.wreck.files.push(Media::settled(bytes));
            self.wreck.names.insert(name.clone(), file);
            self.wreck.durable_names.insert(name, file);
        }
        self.locks.clear();
        self.memories.clear();
        self.plan = Plan::default();
        self.is_off = false;
        self.life += 1;
    }
}

impl Wreck {
    /// What is on the medium when the power is back. Names change in order; of those not synced the last ones may be lost.
    pub fn left(&self, mix: Mix, dice: &mut Dice) -> Snapshot {
        let count = match mix {
            Mix::Dropped => 0,
            Mix::Kept => self.namings.len(),
            Mix::Prefix | Mix::Any => dice.below(self.namings.len() as u64 + 1) as usize,
        };
        let mut names = self.durable_names.clone();
        self.namings[..count].iter().cloned().for_each(|naming| name(&mut names, naming));
        names.into_iter().map(|(name, file)| (name, self.files[file].after_cut(mix, dice))).collect()
    }
}

fn name(names: &mut BTreeMap<String, usize>, naming: Naming) {
    match naming {
        Naming::Given(name, file) => {
            names.insert(name, file);
        }
        Naming::Taken(name) => {
            names.remove(&name);
        }
    }
}
