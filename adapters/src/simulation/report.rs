//! What a simulation came to.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use storagerent_core::ports::StoreError;

use super::TraceHash;

/// The invariants that are checked: those of the design by their numbers, and what goes without saying as the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Invariant(u8);

/// The names, in the order of their numbers.
const NAMES: [&str; 16] = [
    "what is reserved is paid, overdue holds expire",
    "no two live reservations of a storage overlap",
    "captured less refunded is what stands and what awaits refund",
    "one capture and one refund per key, in the ledger and in the gateway's books",
    "only the transitions listed, final states stay",
    "state, events and effects commit together, the chain holds",
    "one message per event and channel",
    "the view is the fold of the log",
    "no cursor passes what is neither applied nor parked",
    "a repeated request is done once",
    "everything carries its correlation, causes form trees",
    "reviews are allowed, count and average right",
    "what was acknowledged is there, the rest whole or not at all",
    "an open breaker lets no call through, declines never trip it",
    "without faults everything comes to rest",
    "nobody does what they may not, nothing breaks inside",
];

impl Invariant {
    /// How many there are.
    pub const COUNT: u8 = NAMES.len() as u8;

    /// That of a number, 1 to [`Invariant::COUNT`].
    pub const fn new(number: u8) -> Self {
        Invariant(number)
    }

    /// Its number.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// What it says, in a few words.
    pub fn name(self) -> &'static str {
        NAMES.get(usize::from(self.0.saturating_sub(1))).copied().unwrap_or("")
    }

    /// All of them.
    pub fn all() -> impl Iterator<Item = Invariant> {
        (1..=Invariant::COUNT).map(Invariant)
    }
}

impl fmt::Display for Invariant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:>2}  {}", self.0, self.name())
    }
}

/// How far a simulation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Steps done.
    pub step: u64,
    /// Steps in all.
    pub steps: u64,
    /// Events in the log.
    pub events: u64,
    /// Runs made to find a shorter way to a violation; nothing while there is none.
    pub shrinking: Option<u32>,
}

/// A step of a trace, in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TraceLine {
    /// Which step.
    pub step: u64,
    /// What it did, and with what faults.
    pub words: String,
    /// What came of it.
    pub answer: String,
}

/// An invariant that did not hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// After which step; the number of steps when it was at rest, after the last.
    pub step: u64,
    /// Its number.
    pub invariant: u8,
    /// What it says.
    pub name: String,
    /// What was found.
    pub detail: String,
    /// The shortest list of steps found that leads to the same invariant failing.
    pub only: Vec<u64>,
    /// The same in words.
    pub trace: Vec<TraceLine>,
}

/// What a simulation came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The seed.
    pub seed: u64,
    /// Steps done.
    pub steps: u64,
    /// The trace.
    pub trace: TraceHash,
    /// Events in the log at the end.
    pub events: u64,
    /// So many passes it took to come to rest.
    pub rest_passes: u32,
    /// The faults met, by name.
    pub faults: BTreeMap<String, u64>,
    /// How often each invariant was held against something, by its number.
    pub checks: BTreeMap<u8, u64>,
    /// How often each answer was given, by the stable code; `ok` for none.
    pub answers: BTreeMap<String, u64>,
    /// The invariant that did not hold, if there was one.
    pub violation: Option<Violation>,
}

impl Report {
    /// Whether every invariant held.
    pub fn is_ok(&self) -> bool {
        self.violation.is_none()
    }
}

/// Found wrong, not yet put into a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub(super) invariant: Invariant,
    pub(super) detail: String,
}

/// What a check answers.
pub(super) type Checked = Result<(), Broken>;

/// Says what is wrong.
pub(super) fn broken<T>(invariant: u8, detail: impl Into<String>) -> Result<T, Broken> {
    Err(Broken { invariant: Invariant::new(invariant), detail: detail.into() })
}

impl From<StoreError> for Broken {
    fn from(error: StoreError) -> Self {
        Broken { invariant: Invariant::new(16), detail: format!("the checker cannot read: {error}") }
    }
}
