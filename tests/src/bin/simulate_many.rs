//! Simulates many seeds: `simulate_many --seeds 0..2000 --steps 500 --kept memory --threads 2 [--budget-seconds 120]`.
//!
//! Exits with 1 on the first violation, having printed the command that replays it, and with 2 when it was called wrongly.

use std::collections::BTreeMap;
use std::ops::Range;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use storagerent::simulation::{Invariant, Kept, Plan, Report, Violation, run};

const USAGE: &str =
    "simulate_many --seeds A..B --steps N --kept memory|sqlite [--threads N] [--budget-seconds N] [--only 3,17]";

struct Order {
    seeds: Range<u64>,
    steps: u64,
    kept: Kept,
    threads: usize,
    budget: Option<Duration>,
    only: Option<Vec<u64>>,
}

fn order(mut args: impl Iterator<Item = String>) -> Option<Order> {
    let mut order = Order { seeds: 0..100, steps: 500, kept: Kept::Memory, threads: 2, budget: None, only: None };
    while let Some(name) = args.next() {
        let value = args.next()?;
        match name.as_str() {
            "--seeds" => {
                let (from, to) = value.split_once("..")?;
                order.seeds = from.parse().ok()?..to.parse().ok()?;
            }
            "--steps" => order.steps = value.parse().ok()?,
            "--threads" => order.threads = value.parse().ok().filter(|threads| *threads > 0)?,
            "--only" => order.only = Some(value.split(',').map(|n| n.parse().ok()).collect::<Option<_>>()?),
            "--budget-seconds" => order.budget = Some(Duration::from_secs(value.parse().ok()?)),
            "--kept" if value == "memory" => order.kept = Kept::Memory,
            "--kept" if value == "sqlite" => order.kept = Kept::Sqlite,
            _ => return None,
        }
    }
    Some(order)
}

#[derive(Default)]
struct Totals {
    seeds: u64,
    steps: u64,
    events: u64,
    faults: BTreeMap<String, u64>,
    checks: BTreeMap<u8, u64>,
    answers: BTreeMap<String, u64>,
}

impl Totals {
    fn add(&mut self, report: Report) {
        self.seeds += 1;
        self.steps += report.steps;
        self.events += report.events;
        report.faults.into_iter().for_each(|(name, n)| *self.faults.entry(name).or_default() += n);
        report.checks.into_iter().for_each(|(name, n)| *self.checks.entry(name).or_default() += n);
        report.answers.into_iter().for_each(|(name, n)| *self.answers.entry(name).or_default() += n);
    }
}

fn main() -> ExitCode {
    let Some(order) = order(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let (began, next, stop) = (Instant::now(), AtomicU64::new(order.seeds.start), AtomicBool::new(false));
    let (totals, failed) = (Mutex::new(Totals::default()), Mutex::new(None));
    std::thread::scope(|scope| {
        for _ in 0..order.threads {
            scope.spawn(|| simulate(&order, &next, &stop, began, &totals, &failed));
        }
    });
    let totals = totals.into_inner().unwrap_or_default();
    let seconds = began.elapsed().as_secs_f64();
    for (name, count) in &totals.faults {
        println!("fault {count:>10}  {name}");
    }
    for invariant in Invariant::all() {
        println!("check {:>10}  {invariant}", totals.checks.get(&invariant.number()).copied().unwrap_or(0));
    }
    for (code, count) in &totals.answers {
        println!("answer {count:>9}  {code}");
    }
    println!(
        "{} seeds, {} steps, {} events over {:?} in {seconds:.1} s: {:.0} steps/s",
        totals.seeds,
        totals.steps,
        totals.events,
        order.kept,
        totals.steps as f64 / seconds
    );
    match failed.into_inner().ok().flatten() {
        Some((seed, violation)) => {
            explain(&order, seed, &violation);
            ExitCode::FAILURE
        }
        None => {
            println!("no violation");
            ExitCode::SUCCESS
        }
    }
}

type Failed = Mutex<Option<(u64, Violation)>>;

fn simulate(
    order: &Order,
    next: &AtomicU64,
    stop: &AtomicBool,
    began: Instant,
    totals: &Mutex<Totals>,
    failed: &Failed,
) {
    while !stop.load(Ordering::Relaxed) && order.budget.is_none_or(|budget| began.elapsed() < budget) {
        let seed = next.fetch_add(1, Ordering::Relaxed);
        if seed >= order.seeds.end {
            return;
        }
        let plan = Plan { only: order.only.clone(), ..Plan::new(seed, order.steps).kept(order.kept) };
        let mut report = run(&plan, &mut |_| {});
        if let Some(violation) = report.violation.take() {
            stop.store(true, Ordering::Relaxed);
            if let Ok(mut failed) = failed.lock() {
                failed.get_or_insert((seed, violation));
            }
        }
        let Ok(mut totals) = totals.lock() else { return };
        totals.add(report);
        if totals.seeds % 200 == 0 {
            eprintln!("{} seeds, {} steps, {:.0} s", totals.seeds, totals.steps, began.elapsed().as_secs_f64());
        }
    }
}

fn explain(order: &Order, seed: u64, violation: &Violation) {
    println!("\nseed {seed}, step {}: invariant {} ({})", violation.step, violation.invariant, violation.name);
    println!("{}\n", violation.detail);
    for line in &violation.trace {
        println!("{:>5}  {}\n       -> {}", line.step, line.words, line.answer);
    }
    let only: Vec<String> = violation.only.iter().map(u64::to_string).collect();
    let kept = if order.kept == Kept::Memory { "" } else { " --kept sqlite" };
    println!("\nstoragerent simulate --seed {seed} --steps {}{kept} --only {}", order.steps, only.join(","));
}
