//! What goes wrong: the weather, which lasts until it changes, and the faults of one step, which strike at a counted call.

use std::collections::BTreeMap;
use std::fmt;

use super::rng::Rng;

/// What the gateway makes of a charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum ChargeMood {
    #[default]
    Approves,
    Declines,
    /// Refuses the connection: certainly takes nothing.
    Down,
    /// Takes the money; the reply is lost.
    ReplyLost,
    /// Says no; the reply is lost.
    DeclineLost,
    /// The reply is lost, and the money is taken later, unless a void comes first.
    Late,
    /// Takes the money and answers too late, much time having passed.
    Slow,
}

/// What the gateway makes of a void or a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum AfterMood {
    #[default]
    Answers,
    Down,
    /// Does it; the reply is lost.
    ReplyLost,
    /// Refuses for good, without doing it.
    Refuses,
}

/// What a channel, or a consumer of one's own, makes of what it is handed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Mood {
    #[default]
    Up,
    Away,
    /// Refuses some for good: which, the number decides.
    Refuses(u64),
}

/// How a consumer inside the file fails after it has acted; so many times, where it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Sabotaged {
    #[default]
    Not,
    Unavailable(u32),
    Permanent(u64),
    Panics(u64),
}

/// What lasts until it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Weather {
    pub(super) charge: ChargeMood,
    pub(super) after: AfterMood,
    pub(super) channels: [Mood; 2],
    pub(super) listeners: [Mood; 2],
    pub(super) sabotage: [Sabotaged; 4],
}

/// What a write meets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WriteFault {
    Busy,
    Failed,
    /// The COMMIT is said to have failed, and has not.
    UnknownKept,
    /// The COMMIT failed, nothing is kept.
    UnknownLost,
}

/// The faults of one step, each at its counted call.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct StepFaults {
    /// Before which port call the process dies.
    pub(super) crash_at: Option<u32>,
    /// Whether every process dies with it: a power cut.
    pub(super) power_cut: bool,
    pub(super) writes: [Option<(u32, WriteFault)>; 2],
    pub(super) read_at: Option<u32>,
    /// How the gateway takes the first charge of this step, whatever the weather.
    pub(super) charge: Option<ChargeMood>,
    /// How it takes the first void or refund.
    pub(super) after: Option<AfterMood>,
}

/// Only what is to strike.
impl fmt::Debug for StepFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = f.debug_set();
        if let Some(call) = self.crash_at {
            set.entry(&format_args!("{} before port call {call}", if self.power_cut { "power cut" } else { "crash" }));
        }
        for (call, fault) in self.writes.iter().flatten() {
            set.entry(&format_args!("{fault:?} at write {call}"));
        }
        if let Some(call) = self.read_at {
            set.entry(&format_args!("read {call} fails"));
        }
        self.charge.iter().for_each(|mood| {
            set.entry(&format_args!("charge {mood:?}"));
        });
        self.after.iter().for_each(|mood| {
            set.entry(&format_args!("void or refund {mood:?}"));
        });
        set.finish()
    }
}

impl StepFaults {
    /// None in most steps, one in some, two in a few.
    pub(super) fn draw(rng: &mut Rng) -> Self {
        let mut faults = StepFaults::default();
        let so_many = rng.weighted(&[(72, 0), (19, 1), (9, 2)], 0);
        for _ in 0..so_many {
            faults.add(rng);
        }
        faults
    }

    fn add(&mut self, rng: &mut Rng) {
        let at = 1 + rng.below(4) as u32;
        match rng.below(12) {
            0..=3 => {
                self.crash_at = Some(1 + rng.below(14) as u32);
                self.power_cut = rng.percent(30);
            }
            4 => self.writes[0] = Some((at, WriteFault::Busy)),
            5 => self.writes[0] = Some((at, WriteFault::UnknownKept)),
            6 => self.writes[1] = Some((at, WriteFault::UnknownLost)),
            7 => self.writes[1] = Some((at, WriteFault::Failed)),
            8 => self.read_at = Some(1 + rng.below(6) as u32),
            9 | 10 => self.charge = Some(ChargeMood::any(rng)),
            _ => self.after = Some(AfterMood::any(rng)),
        }
    }
}

impl ChargeMood {
    pub(super) fn any(rng: &mut Rng) -> Self {
        use ChargeMood as M;
        rng.weighted(
            &[
                (3, M::Approves),
                (3, M::Declines),
                (2, M::Down),
                (3, M::ReplyLost),
                (1, M::DeclineLost),
                (4, M::Late),
                (2, M::Slow),
            ],
            M::Approves,
        )
    }
}

impl AfterMood {
    pub(super) fn any(rng: &mut Rng) -> Self {
        use AfterMood as M;
        rng.weighted(&[(3, M::Answers), (2, M::Down), (2, M::ReplyLost), (1, M::Refuses)], M::Answers)
    }
}

impl Mood {
    fn any(rng: &mut Rng) -> Self {
        match rng.below(5) {
            0 | 1 => Mood::Up,
            2 | 3 => Mood::Away,
            _ => Mood::Refuses(rng.next()),
        }
    }
}

impl Sabotaged {
    fn any(rng: &mut Rng) -> Self {
        match rng.below(6) {
            0 | 1 => Sabotaged::Not,
            2 | 3 => Sabotaged::Unavailable(1 + rng.below(6) as u32),
            4 => Sabotaged::Permanent(rng.next()),
            _ => Sabotaged::Panics(rng.next()),
        }
    }
}

impl Weather {
    /// Changes one thing, or everything for the better.
    pub(super) fn change(&mut self, rng: &mut Rng) {
        let which = usize::from(rng.percent(50));
        match rng.below(12) {
            0..=2 => *self = Weather::default(),
            3 | 4 => self.charge = ChargeMood::any(rng),
            5 | 6 => self.after = AfterMood::any(rng),
            7 | 8 => self.channels[which] = Mood::any(rng),
            9 => self.listeners[which] = Mood::any(rng),
            _ => self.sabotage[rng.below(4) as usize] = Sabotaged::any(rng),
        }
    }
}

/// Whether what is chosen by a salt falls on this number: on about one in four.
pub(super) fn falls_on(salt: u64, number: u64) -> bool {
    (salt ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15)).count_ones().is_multiple_of(4)
}

/// The faults met, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Met {
    counts: BTreeMap<&'static str, u64>,
    in_step: Vec<&'static str>,
}

impl Met {
    pub(super) fn note(&mut self, name: &'static str) {
        *self.counts.entry(name).or_default() += 1;
        self.in_step.push(name);
    }

    /// What struck since the last call; two or more are noted as a pair.
    pub(super) fn take_step(&mut self) -> Vec<&'static str> {
        let struck = std::mem::take(&mut self.in_step);
        if struck.len() > 1 {
            *self.counts.entry("several in one step").or_default() += 1;
        }
        struck
    }

    pub(super) fn counts(&self) -> BTreeMap<String, u64> {
        self.counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect()
    }
}
