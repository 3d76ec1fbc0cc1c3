//! The checker: an account of everything by the events alone, and what is kept held against it after every step.
//!
//! Decides what must be. Shares no decision with the engine: its own fold of every aggregate and of the view, its own prices,
//! its own sums, its own breaker. It reads rows through the `Queries` port, past the faults.

mod answers;
mod breaker;
mod consumers;
mod effects;
mod fold;
mod letters;
mod model;
mod money;
mod quote;
mod rentals;
mod rest;
mod rows;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use storagerent_core::ports::{Clock, EventFilter, Page, Queries};

use super::report::{Checked, Invariant, broken};
use super::site::{APPS, Site};
use super::steps::{Answer, Step};
use fold::must;

pub(super) use breaker::Breaker;
pub(super) use model::Model;

/// The costly checks come every so many steps …
const WHOLE_EVERY: u64 = 50;
/// … or every so many-th part of the log, once that is long: their cost grows with it.
const WHOLE_PART: u64 = 40;

/// How often each invariant was held against something.
#[derive(Debug, Default)]
pub(super) struct Counts([u64; Invariant::COUNT as usize + 1]);

impl Counts {
    pub(super) fn held(&mut self, invariant: usize) {
        self.0[invariant] += 1;
    }

    pub(super) fn by_number(&self) -> BTreeMap<u8, u64> {
        Invariant::all().map(|i| (i.number(), self.0[usize::from(i.number())])).collect()
    }
}

/// What everything must be, and how often it was looked at.
pub(super) struct Checker {
    pub(super) model: Model,
    pub(super) counts: Counts,
    commits: u64,
    turn: usize,
    view_touched: BTreeSet<u64>,
    /// By consumer of one's own and storage: the latest event it was handed for the first time.
    first_taken: [BTreeMap<u64, u64>; 2],
    heard: [u64; 2],
    /// Requests with an idempotency key that the log cannot tell apart.
    untraced: u64,
    /// What stood under the key of the request under way, before it.
    stood: Option<u64>,
    whole_at: u64,
}

impl Checker {
    pub(super) fn new() -> Self {
        Checker {
            model: Model::new(),
            counts: Counts::default(),
            commits: 0,
            turn: 0,
            view_touched: BTreeSet::new(),
            first_taken: Default::default(),
            heard: [0; 2],
            untraced: 0,
            stood: None,
            whole_at: WHOLE_EVERY,
        }
    }

    /// Looks at everything the last step can have touched.
    pub(super) fn after_step(&mut self, site: &Site, number: u64, step: &Step, answer: &Answer) -> Checked {
        if let Some(wrong) = site.hub(|hub| hub.flagged.take()) {
            return Err(wrong);
        }
        let (commits, nested) = site.hub(|hub| (hub.commits, hub.nested));
        site.bank(|bank| self.asked(bank, !nested && !matches!(step, Step::HostDoes(..))))?;
        let first_new = self.model.head() + 1;
        if commits != self.commits {
            self.commits = commits;
            self.read(site, |checker, q, site| checker.committed(q, site, step, answer))?;
        }
        site.bank(|bank| self.keys(bank))?;
        self.model.touched = model::Touched::default();
        self.sums()?;
        self.breakers(site)?;
        if matches!(answer.ack, super::steps::Ack::Ticked) {
            self.nothing_due(site)?;
        }
        site.hub(|hub| self.answer(step, answer, hub, first_new))?;
        if number >= self.whole_at {
            self.whole_at = number + WHOLE_EVERY.max(self.model.head() / WHOLE_PART);
            self.read(site, |checker, q, _| checker.whole(q))?;
        }
        Ok(())
    }

    /// Everything, whenever: at the end.
    pub(super) fn everything(&mut self, site: &Site) -> Checked {
        self.read(site, |checker, q, _| checker.whole(q))
    }

    /// Every effect not done, however many there are.
    pub(super) fn look_at_effects(&mut self, site: &Site) -> Checked {
        self.read(site, |checker, q, site| site.outside(|outside| checker.unfinished(q, outside, usize::MAX)))
    }

    /// Reads past the faults.
    fn read(&mut self, site: &Site, f: impl FnOnce(&mut Checker, &mut dyn Queries, &Site) -> Checked) -> Checked {
        let mut f = Some(f);
        let mut checked = broken(16, "the checker was not let read");
        site.store.read(&mut |q| {
            if let Some(f) = f.take() {
                checked = f(self, q, site);
            }
        })?;
        checked
    }

    /// What was committed since the last look.
    fn committed(&mut self, q: &mut dyn Queries, site: &Site, step: &Step, answer: &Answer) -> Checked {
        let settings = site.hub(|hub| hub.settings.clone());
        let head = q.head()?;
        let known = self.model.head();
        must!(6, head.sequence.get() >= known, "the log has {} events, it had {known}", head.sequence);
        if head.sequence.get() > known {
            for event in q.events(&EventFilter::default(), Page { after: known, limit: None })? {
                self.model.take(event, &settings, &mut self.counts)?;
            }
            must!(6, self.model.next.is_none(), "{:?} is missing at the end of the log", self.model.next);
            let last = self.model.events.last().map(|event| event.hash);
            must!(6, last == Some(head.hash), "the head does not bear the hash of the last event");
        }
        let touched = std::mem::take(&mut self.model.touched);
        self.touched_rows(q, &touched)?;
        self.model.touched = touched;
        self.new_messages(q)?;
        let changed = self.letters(q)?;
        site.outside(|outside| self.effects(q, outside))?;
        let (replayed, unsure) = match step {
            Step::Replay(_, _, name) if answer.is_ok() => (Some(*name), None),
            Step::Replay(_, _, name) => (None, Some(*name)),
            _ => (None, None),
        };
        self.consumers(q, replayed, unsure, &changed)?;
        self.view_rows(q)?;
        if self.model.storage_reach == self.model.consumers.get("storage").map_or(0, |row| row.cursor.get()) {
            let touched: Vec<u64> = self.model.touched.storages.iter().copied().collect();
            self.occupants(touched.into_iter())?;
        }
        site.outside(|outside| self.listeners(outside))?;
        let settings = q.settings()?;
        site.hub(|hub| hub.settings = settings);
        Ok(())
    }

    fn breakers(&mut self, site: &Site) -> Checked {
        let elapsed = site.elapsed();
        for app in 0..APPS {
            let Some(says) = site.breaker_state(app) else { continue };
            self.counts.held(14);
            if let Err(wrong) = site.hub(|hub| hub.breakers[app].compare(says, elapsed)) {
                return broken(14, format!("the breaker of process {app} {wrong}"));
            }
        }
        Ok(())
    }

    /// After a tick nothing is due by the clock any more.
    fn nothing_due(&mut self, site: &Site) -> Checked {
        self.counts.held(1);
        let (now, settings) = (site.clock.now(), site.hub(|hub| hub.settings.clone()));
        if let Some((at, id)) = self.model.holds.first() {
            must!(1, *at > now, "after a tick at {now} hold {id} of {at} still stands");
        }
        let today = model::day(now, &settings);
        for id in self.model.live.values().flatten() {
            let Some(row) = self.model.reservations.get(id) else { continue };
            if row.reservation_status != storagerent_core::reservation::ReservationStatus::Reserved {
                continue;
            }
            let period = row.booking.period;
            let due = (!row.started && period.from() <= today) || period.until().is_some_and(|until| until <= today);
            must!(1, !due, "after a tick on {today} rental {id} of {period:?} has not turned");
        }
        Ok(())
    }
}
