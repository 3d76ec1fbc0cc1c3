//! Hostile input, by the million: what strangers may send is made from a seed, sent, and what came of it is held against a few
//! properties.
//!
//! Decides how inputs are made (valid ones, bent) and what must hold: no panic, no input that takes over a second, nothing
//! written unless accepted, and the rules of text and money on whatever was. Never decides a rule by asking the engine: `rules`
//! knows them by itself.
//!
//! Inputs come in worlds: a site and some hundred inputs one after the other. World n of seed S has the seed S + n, so a
//! violation is replayed by `--seed S+n` alone.

mod args;
mod args_lines;
mod bend;
mod csv;
mod dice;
mod file;
mod file_schema;
mod json;
mod json_requests;
mod properties;
mod rules;
mod values;
mod watch;

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use dice::Dice;
use watch::Watch;

/// No input may take longer.
pub const INPUT_TIME_MAX: Duration = Duration::from_secs(1);

/// So many violations are enough to stop.
const VIOLATIONS_MAX: usize = 20;

/// What is fed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Commands and queries as JSON, into an application on the memory store.
    Json,
    /// CSV files, through the reading and checking that `storage import` does.
    Csv,
    /// Command lines, into the real program.
    Args,
    /// Database files, opened, read, reserved on and verified.
    File,
}

impl Target {
    /// All of them.
    pub const ALL: [Target; 4] = [Target::Json, Target::Csv, Target::Args, Target::File];

    /// Its name on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Target::Json => "json",
            Target::Csv => "csv",
            Target::Args => "args",
            Target::File => "file",
        }
    }

    /// How many inputs one world takes.
    pub fn world_inputs(self) -> u64 {
        match self {
            Target::Json => 400,
            Target::Csv => 40,
            Target::Args => 100,
            Target::File => 1,
        }
    }
}

/// Something that must not be.
#[derive(Debug, Clone)]
pub struct Violation {
    /// The seed of its world.
    pub seed: u64,
    /// Which input of that world, from 1.
    pub input: u64,
    /// The input, as far as it can be shown.
    pub shown: String,
    /// What is wrong.
    pub what: String,
}

/// What a run came to.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Inputs fed.
    pub inputs: u64,
    /// Those that were accepted: a command done, a query answered, a file opened.
    pub accepted: u64,
    /// The longest any input took.
    pub slowest: Duration,
    /// What must not be, at most `VIOLATIONS_MAX`.
    pub violations: Vec<Violation>,
}

/// One world while its inputs are fed.
struct World<'r> {
    seed: u64,
    dice: Dice,
    inputs: u64,
    watch: &'r Watch,
    report: &'r mut Report,
    fed: u64,
}

impl World<'_> {
    fn goes_on(&self) -> bool {
        self.fed < self.inputs && self.report.violations.len() < VIOLATIONS_MAX
    }

    /// Feeds one input under watch: `f` answers whether it was accepted, or what is wrong.
    fn feed(&mut self, shown: impl Fn() -> String, f: impl FnOnce(&mut Dice) -> Result<bool, String>) {
        self.fed += 1;
        self.report.inputs += 1;
        let begun = Instant::now();
        let dice = &mut self.dice;
        let outcome = self.watch.over(&shown, || f(dice));
        let took = begun.elapsed();
        self.report.slowest = self.report.slowest.max(took);
        match outcome {
            Ok(accepted) => self.report.accepted += u64::from(accepted),
            Err(what) => self.violated(shown(), what),
        }
        if took > INPUT_TIME_MAX {
            self.violated(shown(), format!("took {took:?}"));
        }
    }

    /// Makes an input, which must end too, however long it takes.
    fn prepare<T: Default>(&mut self, f: impl FnOnce(&mut Dice) -> T) -> T {
        let (watch, dice) = (self.watch, &mut self.dice);
        let shown = || "making an input".to_owned();
        watch.over(&shown, || Ok(f(dice))).unwrap_or_else(|what| {
            self.violated(shown(), what);
            T::default()
        })
    }

    /// Checks what all inputs together came to.
    fn end(&mut self, f: impl FnOnce() -> Result<(), String>) {
        let shown = || "all of it".to_owned();
        if let Err(what) = self.watch.over(&shown, f) {
            self.violated(shown(), what);
        }
    }

    fn violated(&mut self, shown: String, what: String) {
        self.report.violations.push(Violation { seed: self.seed, input: self.fed, shown, what });
    }
}

/// Feeds so many inputs to a target, telling how far it is after every world.
pub fn run(target: Target, inputs: u64, seed: u64, mut progress: impl FnMut(&Report)) -> Report {
    let mut report = Report::default();
    let watch = Watch::start(target.as_str());
    let file = (target == Target::File).then(file::Image::new);
    for n in 0u64.. {
        let left = inputs.saturating_sub(report.inputs);
        if left == 0 || report.violations.len() >= VIOLATIONS_MAX {
            break;
        }
        let seed = seed.wrapping_add(n);
        watch.world(seed);
        let inputs = left.min(target.world_inputs());
        let world = World { seed, dice: Dice::new(seed), inputs, watch: &watch, report: &mut report, fed: 0 };
        feed(target, world, file.as_ref());
        progress(&report);
    }
    report
}

fn feed(target: Target, world: World<'_>, file: Option<&file::Image>) {
    match (target, file) {
        (Target::Json, _) => json::feed(world),
        (Target::Csv, _) => csv::feed(world),
        (Target::Args, _) => args::feed(world),
        (Target::File, Some(image)) => file::feed(world, image),
        (Target::File, None) => {}
    }
}

/// Feeds one small world whose choices a coverage-guided fuzzer made: the fuzz targets in `tests/fuzz` call it.
///
/// # Panics
/// When something is violated: that is how a fuzzer is told.
pub fn guided(target: Target, chosen: &[u8]) {
    static WATCH: OnceLock<Watch> = OnceLock::new();
    static IMAGE: OnceLock<file::Image> = OnceLock::new();
    let watch = WATCH.get_or_init(|| Watch::start(target.as_str()));
    let file = (target == Target::File).then(|| IMAGE.get_or_init(file::Image::new));
    let mut report = Report::default();
    let inputs = target.world_inputs().min(8);
    feed(target, World { seed: 0, dice: Dice::chosen(chosen), inputs, watch, report: &mut report, fed: 0 }, file);
    assert!(report.violations.is_empty(), "{:#?}", report.violations);
}
