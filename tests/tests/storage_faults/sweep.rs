//! The sweep: each use case again and again, each time another call of the disk fails, once or from then on.
//!
//! Whatever fails, the answer is an error or it is done; it never panics, hangs or does half. Healed and opened again, nothing
//! is found by `verify`; what was acknowledged is there, what was refused is not; and the use case works when tried again.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use storagerent::payment::Behaviour;
use storagerent::*;
use storagerent_disk::{Call, Failure, Fault, Lasting};
use storagerent_tests::on_disk::{Moment, OnDisk, Opened};

use crate::account::{account, differences};
use crate::cases::{Case, Kept, begin, cases};

/// No call may take longer, whatever fails; the machine may be busy.
const HANG: Duration = Duration::from_secs(8);

/// What a caller was told.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Told {
    Done,
    /// It is not there.
    Refused(String),
    /// It may be there, whole, or not at all.
    Unknown(String),
    /// A hold stands, or was settled since.
    Held,
}

fn told(answer: Result<(), Error>) -> Told {
    match answer {
        Ok(()) => Told::Done,
        Err(Error::Reservation(ReservationError::OutcomeUnknown { .. })) => Told::Held,
        Err(e) if e.code() == "commitUnknown" => Told::Unknown(e.to_string()),
        Err(e) => Told::Refused(format!("{e:?}")),
    }
}

struct Swept<'c> {
    case: &'c Case,
    site: OnDisk,
    moment: Moment,
    before: Vec<String>,
    after: Vec<String>,
    /// A reservation whose charge was certainly not made.
    rejected: Vec<String>,
}

impl<'c> Swept<'c> {
    fn new(case: &'c Case) -> Self {
        let mut site = OnDisk::new(1);
        let is_fresh = case.name == "open a fresh file";
        if !is_fresh {
            let opened = site.open().unwrap();
            begin(&site, &opened).unwrap();
            (case.prepare)(&site, &opened).unwrap();
            if case.name == "open a file that was not closed" {
                // As after a kill: a WAL that nobody has folded in, and no shared memory.
                let moment = site.moment();
                drop(opened);
                site.back_to(&moment);
            }
        }
        let moment = site.moment();
        let mut swept = Swept { case, site, moment, before: Vec::new(), after: Vec::new(), rejected: Vec::new() };
        swept.before = swept.undisturbed(|_, _| Ok(()));
        if let Some(run) = case.run {
            swept.after = swept.undisturbed(run);
            swept.rejected = swept.undisturbed(|site, opened| {
                site.gateway.set_behaviour(Behaviour::Down);
                let _ = opened.app.reserve(&storagerent_tests::customer("park"), Reserve::new(3.into()));
                site.gateway.set_behaviour(Behaviour::Approve);
                Ok(())
            });
        } else {
            swept.after = swept.before.clone();
        }
        swept
    }

    fn back(&mut self) {
        self.site.back_to(&self.moment);
        let real = self.site.disk.path("rent.db");
        if self.moment.files.is_empty() {
            let _ = std::fs::remove_file(&real);
        } else if self.case.run.is_none() {
            // Longer than nothing, so that the store looks for strangers before it opens it.
            std::fs::write(&real, b"simulated").unwrap();
        }
        let _ = std::fs::remove_file(self.site.disk.path("copy.db"));
    }

    fn undisturbed(&mut self, run: fn(&OnDisk, &Opened) -> Result<(), Error>) -> Vec<String> {
        self.back();
        let opened = self.site.open().unwrap();
        let answer = told(run(&self.site, &opened));
        assert!(matches!(answer, Told::Done | Told::Held), "{}: {answer:?}", self.case.name);
        self.come_to_rest(&opened).unwrap();
        let kept = account(&opened).unwrap();
        drop(opened);
        kept
    }

    /// Backoff and leases pass; no hold lapses meanwhile.
    fn come_to_rest(&self, opened: &Opened) -> Result<(), Error> {
        opened.rest()?;
        self.site.clock.advance(Duration::from_secs(70));
        opened.rest()
    }

    /// How often the use case makes each kind of call.
    fn count(&mut self) -> Vec<(Call, u64)> {
        self.back();
        let opened = self.case.run.map(|_| self.site.open().unwrap());
        self.site.disk.heal();
        let answer = match (self.case.run, &opened) {
            (Some(run), Some(opened)) => run(&self.site, opened),
            _ => self.site.open().map(drop),
        };
        let calls = self.site.disk.calls();
        assert!(matches!(told(answer), Told::Done | Told::Held));
        drop(opened);
        Call::ALL.iter().map(|call| (*call, calls.of(*call))).collect()
    }

    /// One run with a fault. Says whether the fault was met.
    fn disturbed(&mut self, fault: Fault) -> Result<bool, String> {
        self.back();
        let words = |e: Error| e.to_string();
        let mut opened = match self.case.run {
            Some(_) => Some(self.site.open().map_err(words)?),
            None => None,
        };
        self.site.disk.fail(fault);
        let begun = Instant::now();
        let answer = catch_unwind(AssertUnwindSafe(|| match (self.case.run, &opened) {
            (Some(run), Some(opened)) => run(&self.site, opened),
            _ => self.site.open().map(drop),
        }));
        let took = begun.elapsed();
        let answer = told(answer.map_err(|_| "it panicked".to_owned())?);
        let met = self.site.disk.faults_met() > 0;
        self.site.disk.heal();
        if took > HANG {
            return Err(format!("it took {took:?} to say {answer:?}"));
        }
        if self.case.name == "backup" {
            self.check_copy(&answer)?;
            let _ = std::fs::remove_file(self.site.disk.path("copy.db"));
        }
        // After a fault that passed, the same process goes on; after one that stayed, it begins anew.
        if fault.lasting == Lasting::FromThenOn || opened.is_none() {
            opened = None;
        }
        let first = match opened.take() {
            Some(opened) => opened,
            None => self.site.open().map_err(|e| format!("{answer:?}, and then it cannot be opened: {e}"))?,
        };
        self.come_to_rest(&first).map_err(|e| format!("{answer:?}, and then it does not come to rest: {e}"))?;
        drop(first);
        self.check(&answer).map_err(|what| format!("told {answer:?}: {what}"))?;
        Ok(met)
    }

    fn check(&self, answer: &Told) -> Result<(), String> {
        let words = |e: Error| e.to_string();
        let opened = self.site.open().map_err(words)?;
        let verified = opened.app.verify().map_err(words)?;
        if !verified.ok {
            return Err(format!("verify: {:#?}", verified.findings));
        }
        let (due, kept) = (opened.money_due().map_err(words)?, self.site.money_kept());
        if due != kept {
            return Err(format!("{due} won are paid for what stands, the payment service kept {kept}"));
        }
        let mut now = account(&opened).map_err(words)?;
        if self.case.kept == Kept::Letters && *answer == Told::Done && now != self.after {
            for letter in opened.app.dead_letters(Page::default()).map_err(words)? {
                let retried = opened.app.retry_dead_letter(&Caller::manager(), letter.dead_letter_id);
                retried.map_err(|e| format!("what waited behind it, retried: {e}"))?;
            }
            now = account(&opened).map_err(words)?;
        }
        let may_be: Vec<&Vec<String>> = match (self.case.kept, answer) {
            (Kept::Before, _) => vec![&self.before],
            (Kept::InTheEnd, _) | (_, Told::Done) => vec![&self.after],
            (Kept::WholeOrNot | Kept::Letters, Told::Refused(_)) => vec![&self.before],
            (Kept::WholeOrNot | Kept::Letters, Told::Unknown(_)) => vec![&self.before, &self.after],
            (Kept::Reserve, Told::Refused(_)) => vec![&self.before, &self.rejected],
            (Kept::Reserve, Told::Unknown(_)) => vec![&self.before, &self.after, &self.rejected],
            (Kept::Reserve, Told::Held) => vec![&self.after, &self.rejected],
            (Kept::WholeOrNot | Kept::Letters, Told::Held) => return Err("there is no hold here".to_owned()),
        };
        if !may_be.iter().any(|may| **may == now) {
            return Err(format!("it is neither of {}: {}", may_be.len(), differences(may_be[0], &now)));
        }
        let Some(run) = self.case.run else { return Ok(()) };
        if now == self.before {
            let again = told(run(&self.site, &opened));
            if !matches!(again, Told::Done | Told::Held) {
                return Err(format!("tried again: {again:?}"));
            }
            self.come_to_rest(&opened).map_err(words)?;
            let then = account(&opened).map_err(words)?;
            if then != self.after {
                return Err(format!("tried again, it is another: {}", differences(&self.after, &then)));
            }
        } else if now == self.rejected && self.case.kept == Kept::Reserve {
            let again = told(run(&self.site, &opened));
            if !matches!(again, Told::Done | Told::Held) {
                return Err(format!("tried again after the rejection: {again:?}"));
            }
        }
        Ok(())
    }

    /// A copy is there as a whole, under its name, or not at all.
    fn check_copy(&self, answer: &Told) -> Result<(), String> {
        let copy = self.site.disk.path("copy.db");
        let left: Vec<_> =
            std::fs::read_dir(self.site.disk.folder()).unwrap().map(|e| e.unwrap().file_name()).collect();
        let left: Vec<_> = left.iter().filter_map(|name| name.to_str()).filter(|name| name.contains("copy")).collect();
        if *answer != Told::Done {
            return if left.is_empty() { Ok(()) } else { Err(format!("{left:?} are left behind")) };
        }
        if left != ["copy.db"] || !copy.exists() {
            return Err(format!("the copy is not there alone: {left:?}"));
        }
        // It was given its name by the real file system; the disk knows it by the name of its draft.
        let files = self.site.disk.snapshot();
        let draft = files.iter().find(|(name, _)| name.ends_with(".part")).map(|(_, bytes)| bytes.clone());
        let other = OnDisk::new(2);
        other.disk.restore([("rent.db".to_owned(), draft.ok_or("no draft")?)].into());
        let opened = other.open().map_err(|e| format!("the copy cannot be opened: {e}"))?;
        let copied = account(&opened).map_err(|e| e.to_string())?;
        if copied == self.before { Ok(()) } else { Err(differences(&self.before, &copied)) }
    }
}

/// The ways a kind of call can fail.
fn ways(call: Call) -> Vec<(Lasting, Failure)> {
    let mut ways = vec![(Lasting::Once, Failure::Error), (Lasting::FromThenOn, Failure::Error)];
    match call {
        Call::Write => ways.extend([(Lasting::Once, Failure::Full), (Lasting::FromThenOn, Failure::Full)]),
        // Locked for good, the store would be waited for as long as callers say, which is another test.
        Call::Lock => ways.push((Lasting::Once, Failure::Busy)),
        _ => {}
    }
    ways
}

fn sweep(case: &Case) {
    let begun = Instant::now();
    let mut swept = Swept::new(case);
    let counts = swept.count();
    let (mut runs, mut met, mut failed) = (0, 0, Vec::new());
    for (call, count) in &counts {
        for nth in 1..=*count {
            for (lasting, failure) in ways(*call) {
                let fault = Fault { call: *call, nth, lasting, failure };
                runs += 1;
                match swept.disturbed(fault) {
                    Ok(hit) => met += u32::from(hit),
                    Err(what) => failed.push(format!("{fault:?}: {what}")),
                }
            }
        }
    }
    let calls: Vec<_> = counts.iter().filter(|(_, n)| *n > 0).map(|(call, n)| format!("{n} {call:?}")).collect();
    let took = begun.elapsed().as_secs_f64();
    println!("{}: {}; {runs} runs, {met} met their fault, {took:.1} s", case.name, calls.join(", "));
    assert!(
        failed.is_empty(),
        "{}: {} of {runs} runs failed, first:\n{}",
        case.name,
        failed.len(),
        failed[..failed.len().min(3)].join("\n")
    );
    assert!(met > 0, "{}: no run met its fault", case.name);
}

/// The cases of one share of four, so that they run beside each other.
fn sweep_share(share: usize) {
    cases().iter().enumerate().filter(|(n, _)| n % 4 == share).for_each(|(_, case)| sweep(case));
}

#[test]
fn whatever_call_of_the_disk_fails_nothing_is_half_done_1() {
    sweep_share(0);
}

#[test]
fn whatever_call_of_the_disk_fails_nothing_is_half_done_2() {
    sweep_share(1);
}

#[test]
fn whatever_call_of_the_disk_fails_nothing_is_half_done_3() {
    sweep_share(2);
}

#[test]
fn whatever_call_of_the_disk_fails_nothing_is_half_done_4() {
    sweep_share(3);
}
