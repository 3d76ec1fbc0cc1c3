//! The simulator itself: the same seed is the same run, and a few seeds of everything in every test run. Many more are
//! simulated by the program `simulate_many`.

use std::collections::BTreeSet;

use storagerent::simulation::{Invariant, Kept, Plan, Report, run};

fn simulate(plan: &Plan) -> Report {
    run(plan, &mut |_| {})
}

fn assert_holds(plan: &Plan) -> Report {
    let report = simulate(plan);
    assert!(report.is_ok(), "seed {}: {:#?}", plan.seed, report.violation);
    report
}

/// Seeds that once led to a violation in the engine, each with what it was.
const FOUND_BEFORE: [(u64, &str); 5] = [
    (7, "a dead letter retried while its consumer panics was answered as a defect of the engine"),
    (16, "a dead letter of the payment consumer could be discarded, and with it a refund"),
    (151, "a rental ended on the day of its late start was never said to have started"),
    (1_453, "an effect done meanwhile was done again when its dead letter was retried"),
    (12_537, "two threads of one process ran the same consumer of one's own at once"),
];

#[test]
fn the_same_seed_is_the_same_run() {
    for kept in [Kept::Memory, Kept::Sqlite] {
        let plan = Plan::new(11, 120).kept(kept);
        assert_eq!(simulate(&plan), simulate(&plan));
    }
}

#[test]
fn both_stores_lead_to_the_same_run() {
    let memory = simulate(&Plan::new(23, 150));
    assert_eq!(memory, simulate(&Plan::new(23, 150).kept(Kept::Sqlite)));
}

#[test]
fn another_seed_is_another_run() {
    let traces: BTreeSet<String> = (0..20).map(|seed| simulate(&Plan::new(seed, 40)).trace.to_string()).collect();
    assert_eq!(traces.len(), 20);
    assert!(traces.iter().all(|trace| trace.len() == 16), "{traces:?}");
}

#[test]
fn steps_left_out_leave_the_others_their_chance() {
    let all = assert_holds(&Plan::new(5, 100));
    let some = assert_holds(&Plan::new(5, 100).only((0..100).collect()));
    assert_eq!(all, some, "left out nothing");
    assert_ne!(all.trace, assert_holds(&Plan::new(5, 100).only((0..99).collect())).trace);
}

#[test]
fn every_invariant_holds_over_some_seeds_in_memory() {
    let mut checked = BTreeSet::new();
    for seed in 0..40 {
        let report = assert_holds(&Plan::new(seed, 250));
        checked.extend(report.checks.into_iter().filter(|(_, count)| *count > 0).map(|(number, _)| number));
    }
    assert_eq!(checked, Invariant::all().map(Invariant::number).collect(), "each was held against something");
}

#[test]
fn every_invariant_holds_over_some_seeds_on_sqlite() {
    (0..6).for_each(|seed| drop(assert_holds(&Plan::new(seed, 150).kept(Kept::Sqlite))));
}

#[test]
fn what_was_found_before_stays_mended() {
    for (seed, what) in FOUND_BEFORE {
        let report = simulate(&Plan::new(seed, 500));
        assert!(report.is_ok(), "seed {seed}, {what}: {:#?}", report.violation);
    }
}

#[test]
fn without_faults_nothing_fails() {
    for seed in 0..10 {
        let report = assert_holds(&Plan { faults: false, ..Plan::new(seed, 200) });
        let own: Vec<_> =
            report.faults.keys().filter(|name| name.contains("crash") || name.contains("store")).collect();
        assert!(own.is_empty(), "{own:?}");
    }
}
