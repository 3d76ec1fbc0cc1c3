//! Power cuts, and that the harness would notice if something were lost.

use storagerent_tests::cuts::{Synchronous, run};

/// Enough to notice, unless it is said how many: `tests/all.sh` wants more.
fn cuts() -> u64 {
    std::env::var("STORAGERENT_CUTS").map_or(200, |n| n.parse().unwrap())
}

fn assert_none_lost(seed: u64) {
    let cuts = cuts();
    let report = run(seed, cuts, Synchronous::Full);
    assert!(report.lost.is_empty(), "{} lost, first:\n{}", report.lost.len(), report.lost[0]);
    assert!(report.cuts >= cuts && report.acknowledged > report.cuts, "{report:?}");
    assert!(report.while_opening > 0 && report.after_a_fault > 0, "{report:?}");
}

#[test]
fn no_power_cut_loses_what_was_acknowledged_1() {
    assert_none_lost(1);
}

#[test]
fn no_power_cut_loses_what_was_acknowledged_2() {
    assert_none_lost(2);
}

#[test]
fn with_synchronous_normal_power_cuts_do_lose_what_was_acknowledged() {
    let report = run(3, 40, Synchronous::Normal);
    let lost = report.lost.iter().filter(|what| what.contains("acknowledged up to event")).count();
    assert!(lost > 5, "the harness would notice: {report:?}");
    assert!(report.lost.iter().all(|what| !what.contains("Kept")), "only what was not synced is lost: {report:?}");
}
