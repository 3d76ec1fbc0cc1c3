//! A deterministic simulator: the real [`App`](crate::App), driven by one thread and one seed through hostile callers, failing
//! gateways, jumping clocks, crashes and restarts, with every invariant checked after every step.
//!
//! Decides what happens and in which order, by the seed alone, and holds what the engine wrote against an account of its own
//! (`check`), which shares no decision with the engine. Never touches a file, a socket, the machine's clock or its randomness.
//!
//! ```
//! use storagerent::simulation::{Plan, run};
//!
//! let report = run(&Plan::new(7, 200), &mut |_| {});
//! assert!(report.is_ok(), "{:?}", report.violation);
//! assert_eq!(report.trace, run(&Plan::new(7, 200), &mut |_| {}).trace);
//! ```

mod bank;
mod check;
mod driver;
mod faults;
mod line;
mod outside;
mod report;
mod rng;
mod shrink;
mod site;
mod steps;
mod store;
mod trace;

pub use driver::run;
pub use report::{Invariant, Progress, Report, TraceLine, Violation};
pub use trace::TraceHash;

/// Which store is simulated over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum Kept {
    /// In memory, with persistent maps. The default.
    #[default]
    Memory,
    /// SQLite, in memory.
    #[cfg(feature = "sqlite")]
    Sqlite,
}

/// What is to be simulated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Decides everything.
    pub seed: u64,
    /// How many steps.
    pub steps: u64,
    /// Over which store.
    pub kept: Kept,
    /// Whether anything fails; without, callers and clocks still do what they like.
    pub faults: bool,
    /// Only these steps, the others being left out: a shrunk trace replayed.
    pub only: Option<Vec<u64>>,
    /// So many runs are spent on finding a shorter way to a violation.
    pub shrink_runs_max: u32,
}

impl Plan {
    /// So many steps of a seed, in memory, with faults.
    pub fn new(seed: u64, steps: u64) -> Self {
        Plan { seed, steps, kept: Kept::default(), faults: true, only: None, shrink_runs_max: 300 }
    }

    /// The same over another store.
    #[must_use]
    pub fn kept(mut self, kept: Kept) -> Self {
        self.kept = kept;
        self
    }

    /// Only these of the steps.
    #[must_use]
    pub fn only(mut self, steps: Vec<u64>) -> Self {
        self.only = Some(steps);
        self
    }
}
