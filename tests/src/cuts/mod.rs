//! Power cuts: random work on a simulated disk, cut off at a random write, and what is left held against what was acknowledged.
//!
//! The log is what everything else is held against by `verify`, and its hashes chain: if the event that was last when a command
//! was acknowledged is there with its hash, so is all that was acknowledged before. Beside the log, idempotency keys and
//! settings that were acknowledged must be there, and of a command under way all or nothing.

mod check;
mod work;

use std::collections::BTreeMap;

use storagerent::ports::Head;
use storagerent::{Caller, ReservationId, Reserve};
use storagerent_disk::{Call, Dice, Failure, Fault, Lasting, Mix};

use crate::on_disk::OnDisk;

/// So many cuts a site has to live through.
const CUTS_PER_SITE: u64 = 12;

/// How the store commits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Synchronous {
    /// As it does: each COMMIT is synced.
    Full,
    /// As it must not: to show that the harness notices.
    Normal,
}

/// What a run came to.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Power cuts.
    pub cuts: u64,
    /// Disks looked at afterwards: each cut leaves one for each mix of what was on its way.
    pub looked_at: u64,
    /// Commands acknowledged before the cuts.
    pub acknowledged: u64,
    /// Cuts while the site was being opened, that is, while an earlier cut was recovered from.
    pub while_opening: u64,
    /// Cuts stacked upon another failure of the disk before.
    pub after_a_fault: u64,
    /// What was not as it must be.
    pub lost: Vec<String>,
}

impl Report {
    /// Adds another run's.
    pub fn add(&mut self, other: Report) {
        self.cuts += other.cuts;
        self.looked_at += other.looked_at;
        self.acknowledged += other.acknowledged;
        self.while_opening += other.while_opening;
        self.after_a_fault += other.after_a_fault;
        self.lost.extend(other.lost);
    }
}

/// Runs sites until there were so many cuts.
pub fn run(seed: u64, cuts: u64, synchronous: Synchronous) -> Report {
    let mut report = Report::default();
    let mut dice = Dice::new(seed);
    while report.cuts < cuts {
        let seed = dice.throw() >> 24;
        let mut trial = Trial::new(seed, synchronous);
        trial.run(&mut report, cuts);
    }
    report
}

/// Runs one site anew: the seed is the one a loss is told with.
pub fn replay(seed: u64, synchronous: Synchronous) -> Report {
    let mut report = Report::default();
    Trial::new(seed, synchronous).run(&mut report, u64::MAX);
    report
}

/// What was acknowledged.
#[derive(Debug, Clone, Default)]
struct Acknowledged {
    head: Option<Head>,
    keys: Vec<(Caller, Reserve, ReservationId)>,
    hold_minutes: Option<u32>,
    /// Under way at the last cut: it may be either.
    hold_minutes_asked: Option<u32>,
}

/// One site and its troubles.
struct Trial {
    seed: u64,
    site: OnDisk,
    dice: Dice,
    acknowledged: Acknowledged,
    /// How many storages each import has.
    imports: BTreeMap<String, usize>,
}

impl Trial {
    fn new(seed: u64, synchronous: Synchronous) -> Self {
        let site = OnDisk::new(seed);
        let mut dice = Dice::new(seed);
        site.disk.checkpoint_after(*dice.pick(&[None, Some(4), Some(20)]));
        site.disk.make_synchronous_normal(synchronous == Synchronous::Normal);
        site.disk.strand_failed_syncs(true);
        Trial { seed, site, dice, acknowledged: Acknowledged::default(), imports: BTreeMap::new() }
    }

    fn run(&mut self, report: &mut Report, cuts: u64) {
        for _ in 0..CUTS_PER_SITE.min(cuts - report.cuts) {
            self.work_until_cut(report);
            report.cuts += 1;
            let wreck = self.site.disk.wreck();
            let mut lefts = Vec::new();
            for mix in Mix::ALL {
                let left = wreck.left(mix, &mut self.dice);
                self.site.disk.restore(left.clone());
                report.looked_at += 1;
                match self.check() {
                    Ok(()) => lefts.push(left),
                    Err(what) => report.lost.push(format!("seed {} cut {} {mix:?}: {what}", self.seed, report.cuts)),
                }
            }
            // Life goes on with one of them.
            if lefts.len() < Mix::ALL.len() {
                return;
            }
            self.site.disk.restore(self.dice.pick(&lefts).clone());
            self.learn_setting();
        }
        if let Err(what) = self.settle_accounts() {
            report.lost.push(format!("seed {}, at rest: {what}", self.seed));
        }
    }

    fn work_until_cut(&mut self, report: &mut Report) {
        let nth = 1 + match self.dice.below(4) {
            0 => self.dice.below(12),
            1 | 2 => self.dice.below(150),
            _ => self.dice.below(900),
        };
        if self.dice.one_in(4) {
            report.after_a_fault += 1;
            let call = *self.dice.pick(&[Call::Sync, Call::Write, Call::Read, Call::Truncate]);
            let failure = if self.dice.one_in(2) { Failure::Error } else { Failure::Full };
            let nth_of_kind = 1 + self.dice.below(nth);
            self.site.disk.fail_and_cut_at(Fault { call, nth: nth_of_kind, lasting: Lasting::Once, failure }, nth);
        } else {
            self.site.disk.cut_at(nth);
        }
        let mut opened = self.site.open().ok();
        report.while_opening += u64::from(self.site.disk.is_off());
        while !self.site.disk.is_off() {
            let Some(site) = &opened else {
                opened = self.site.open().ok();
                continue;
            };
            if self.dice.one_in(25) {
                // Closing in order folds the WAL in.
                opened = None;
                continue;
            }
            let done = self.work(site);
            if done && !self.site.disk.is_off() {
                report.acknowledged += 1;
                if let Ok(head) = site.head() {
                    self.acknowledged.head = Some(head);
                }
            }
        }
    }
}
