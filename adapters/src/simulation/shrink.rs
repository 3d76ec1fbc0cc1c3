//! Shrinking: the steps that are not needed for the same invariant to fail are left out, greedily.

use std::collections::BTreeSet;

use super::driver::run_once;
use super::report::Violation;
use super::{Plan, Progress};

/// Looks for a shorter list of steps; answers the violation at the end of the shortest, in words.
pub(super) fn shrink(plan: &Plan, found: Violation, progress: &mut dyn FnMut(Progress)) -> Violation {
    let mut runs = 0;
    let mut fails = |steps: &BTreeSet<u64>, runs: &mut u32| {
        *runs += 1;
        progress(Progress { step: steps.len() as u64, steps: plan.steps, events: 0, shrinking: Some(*runs) });
        let again = run_once(plan, Some(steps), false, &mut |_| {});
        again.violation.filter(|other| other.invariant == found.invariant)
    };
    let planned = plan.only.iter().flatten().copied().filter(|step| *step <= found.step);
    let mut steps: BTreeSet<u64> = match plan.only {
        Some(_) => planned.collect(),
        None => (0..=found.step.min(plan.steps.saturating_sub(1))).collect(),
    };
    let mut chunk = steps.len().div_ceil(2);
    while chunk > 0 && runs < plan.shrink_runs_max {
        let mut shorter = false;
        let mut at = 0;
        while at < steps.len() && runs < plan.shrink_runs_max {
            let left_out: BTreeSet<u64> = steps.iter().copied().skip(at).take(chunk).collect();
            let rest: BTreeSet<u64> = steps.difference(&left_out).copied().collect();
            match fails(&rest, &mut runs) {
                Some(violation) => {
                    // What comes after the failure is not needed either.
                    steps = rest.into_iter().filter(|step| *step <= violation.step).collect();
                    shorter = true;
                }
                None => at += chunk,
            }
        }
        if chunk == 1 && !shorter {
            break;
        }
        chunk = if chunk == 1 { 1 } else { chunk.div_ceil(2) };
    }
    let last = run_once(plan, Some(&steps), true, &mut |_| {});
    let violation = last.violation.unwrap_or(found);
    Violation { only: steps.into_iter().collect(), ..violation }
}
