//! The driver: one step after the other, the checker after each, and rest at the end.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use storagerent_core::ports::Clock;
use storagerent_core::reservation::Reserve;
use storagerent_core::shared::{Caller, DeadLetterId};

use super::check::Checker;
use super::faults::StepFaults;
use super::report::{Broken, Checked, Progress, Report, TraceLine, Violation, broken};
use super::rng::Rng;
use super::site::{APPS, Crash, Site};
use super::steps::{Answer, Chooser, Host, Step, choose, perform};
use super::{Plan, TraceHash, shrink};

/// Requests remembered to be repeated.
const ASKED_MAX: usize = 8;
/// A progress line every so many steps.
const PROGRESS_EVERY: u64 = 1_000;
/// It must come to rest within so many passes, and some for each rental still to come.
const REST_PASSES_MAX: u32 = 80;

/// Simulates a plan, and says now and then how far it is.
///
/// Where an invariant does not hold the run ends, and further runs look for a shorter list of steps that leads there.
pub fn run(plan: &Plan, progress: &mut dyn FnMut(Progress)) -> Report {
    let mut report = run_once(plan, None, false, progress);
    if let Some(found) = report.violation.take() {
        report.violation = Some(shrink::shrink(plan, found, progress));
    }
    report
}

/// One run; `only` some steps, if given; in words, if they are wanted.
pub(super) fn run_once(
    plan: &Plan,
    only: Option<&BTreeSet<u64>>,
    in_words: bool,
    progress: &mut dyn FnMut(Progress),
) -> Report {
    let planned: Option<BTreeSet<u64>> = plan.only.as_ref().map(|steps| steps.iter().copied().collect());
    let only = only.or(planned.as_ref());
    let mut report = Report {
        seed: plan.seed,
        steps: 0,
        trace: TraceHash::start(plan.seed),
        events: 0,
        rest_passes: 0,
        faults: BTreeMap::new(),
        checks: BTreeMap::new(),
        answers: BTreeMap::new(),
        violation: None,
    };
    let mut driver = match Driver::open(plan, in_words) {
        Ok(driver) => driver,
        Err(wrong) => {
            report.violation = Some(violation(0, wrong, Vec::new()));
            return report;
        }
    };
    let outcome = driver.all(plan, only, progress);
    driver.site.close();
    report.steps = driver.step.min(plan.steps);
    report.trace = driver.trace;
    report.events = driver.checker.model.events();
    report.rest_passes = driver.rest_passes;
    report.faults = driver.site.hub(|hub| hub.met.counts());
    report.checks = driver.checker.counts.by_number();
    report.answers = driver.answers.iter().map(|(code, count)| ((*code).to_owned(), *count)).collect();
    report.violation = outcome.err().map(|wrong| violation(driver.step, wrong, driver.lines));
    report
}

fn violation(step: u64, wrong: Broken, trace: Vec<TraceLine>) -> Violation {
    Violation {
        step,
        invariant: wrong.invariant.number(),
        name: wrong.invariant.name().to_owned(),
        detail: wrong.detail,
        only: Vec::new(),
        trace,
    }
}

struct Driver {
    site: Arc<Site>,
    checker: Checker,
    host: Host,
    asked: Vec<(Caller, Reserve)>,
    step: u64,
    trace: TraceHash,
    answers: BTreeMap<&'static str, u64>,
    lines: Vec<TraceLine>,
    in_words: bool,
    rest_passes: u32,
}

impl Driver {
    fn open(plan: &Plan, in_words: bool) -> Result<Self, Broken> {
        let site = Site::new(plan.seed, plan.kept)?;
        for app in 0..APPS {
            site.restart(app)?;
        }
        site.hub(|hub| hub.faults_on = plan.faults);
        Ok(Driver {
            site,
            checker: Checker::new(),
            host: Host::default(),
            asked: Vec::new(),
            step: 0,
            trace: TraceHash::start(plan.seed),
            answers: BTreeMap::new(),
            lines: Vec::new(),
            in_words,
            rest_passes: 0,
        })
    }

    fn all(&mut self, plan: &Plan, only: Option<&BTreeSet<u64>>, progress: &mut dyn FnMut(Progress)) -> Checked {
        let mut tell = |step: u64, events: u64| {
            progress(Progress { step, steps: plan.steps, events, shrinking: None });
        };
        while self.step < plan.steps {
            if only.is_none_or(|only| only.contains(&self.step)) {
                self.one(plan)?;
            }
            self.step += 1;
            if self.step.is_multiple_of(PROGRESS_EVERY) {
                tell(self.step, self.checker.model.events());
            }
        }
        self.rest()?;
        tell(self.step, self.checker.model.events());
        Ok(())
    }

    fn one(&mut self, plan: &Plan) -> Checked {
        let mut rng = Rng::of(plan.seed, self.step);
        let faults = if plan.faults { StepFaults::draw(&mut rng) } else { StepFaults::default() };
        let (step, meanwhile) = choose(Chooser {
            rng: &mut rng,
            model: &self.checker.model,
            site: &self.site,
            step: self.step,
            tag: "",
            asked: &self.asked,
        });
        if let Step::Reserve(_, caller, command) = &step
            && caller.idempotency_key().is_some()
        {
            self.asked.push((caller.clone(), *command));
            if self.asked.len() > ASKED_MAX {
                self.asked.remove(0);
            }
        }
        let words = self.in_words.then(|| in_words(&step, meanwhile.as_ref(), faults));
        let answer = self.perform(&step, faults, meanwhile)?;
        if let Some(words) = words {
            let struck = self.site.hub(|hub| hub.met.take_step());
            let answer = format!("{} {} {struck:?}", answer.code, answer.words);
            self.lines.push(TraceLine { step: self.step, words, answer });
        } else {
            self.site.hub(|hub| hub.met.take_step());
        }
        self.checker.after_step(&self.site, self.step, &step, &answer)?;
        self.note(&answer);
        Ok(())
    }

    /// Does a step. Whatever dies by it is started anew.
    fn perform(
        &mut self,
        step: &Step,
        faults: StepFaults,
        meanwhile: Option<super::steps::Meanwhile>,
    ) -> Result<Answer, Broken> {
        self.checker.asks(step);
        self.checker.asks_meanwhile(meanwhile.as_ref());
        self.site.begin_step(faults, meanwhile);
        if let Step::Restart(app) = step {
            self.site.restart(*app)?;
            self.site.hub(|hub| hub.met.note("process ended and started anew"));
            return Ok(Answer::ok(super::steps::Ack::Nothing));
        }
        let (site, host) = (&self.site, &mut self.host);
        match catch_unwind(AssertUnwindSafe(|| perform(site, host, step))) {
            Ok(answer) => Ok(answer),
            Err(payload) if payload.is::<Crash>() => {
                let involved = self.site.hub(|hub| if faults.power_cut { [true; APPS] } else { hub.involved });
                for app in (0..APPS).filter(|app| involved[*app]) {
                    self.site.restart(app)?;
                }
                Ok(Answer::crashed())
            }
            Err(_) => broken(16, format!("{step:?} panicked")),
        }
    }

    fn note(&mut self, answer: &Answer) {
        *self.answers.entry(answer.code).or_default() += 1;
        let nested = self.site.hub(|hub| hub.nested_codes.clone());
        let mut trace = self.trace.with_number(self.step).with_bytes(answer.code.as_bytes());
        for code in nested {
            trace = trace.with_bytes(code.as_bytes());
        }
        self.trace = trace.with_number(self.checker.model.events()).with_bytes(&self.checker.model.last_hash());
    }

    /// Faults stop; what is left must come to rest in a bounded number of passes.
    fn rest(&mut self) -> Checked {
        self.site.hub(|hub| hub.faults_on = false);
        let bound = REST_PASSES_MAX + 3 * self.checker.model.to_come();
        loop {
            self.pass()?;
            self.rest_passes += 1;
            self.checker.look_at_effects(&self.site)?;
            self.checker.counts.held(15);
            let Some(why) = self.checker.restless() else { break };
            if self.rest_passes > bound {
                return broken(15, format!("after {bound} passes without faults: {why}"));
            }
        }
        self.checker.at_rest(&self.site)?;
        let view = Step::Replay(0, Caller::manager(), "view");
        let answer = self.perform(&view, StepFaults::default(), None)?;
        self.checker.after_step(&self.site, self.step, &view, &answer)?;
        self.checker.everything(&self.site)
    }

    /// One pass of everybody: the operator mends, the host finishes, the applications do what is due, time goes by.
    fn pass(&mut self) -> Checked {
        let manager = Caller::manager;
        let mut steps: Vec<Step> =
            self.checker.model.paused.iter().map(|name| Step::Resume(0, manager(), name)).collect();
        let letters: Vec<u64> = self.checker.model.letters.open.keys().copied().collect();
        steps.extend(letters.into_iter().map(|id| Step::RetryLetter(0, manager(), DeadLetterId::new(id))));
        steps.push(Step::HostTakes(50));
        for step in steps {
            self.quietly(&step)?;
        }
        self.site.begin_step(StepFaults::default(), None);
        self.host.finish(&self.site);
        // A host may be as late as it likes.
        self.site.bank(|bank| bank.asks.clear());
        let mut next = None;
        for app in [2, 0, 1] {
            self.quietly(&Step::RunDue(app))?;
            next = self.site.app(app).and_then(|app| app.status().ok()).and_then(|status| status.next_at).or(next);
        }
        let now = self.site.clock.now();
        let wait = next.and_then(|at| (at - now).to_std().ok()).unwrap_or(Duration::ZERO);
        // Leases of before the clock was set back may have long to go.
        let growing = Duration::from_secs(61 << self.rest_passes.min(11));
        self.site.clock.advance(wait.max(growing));
        Ok(())
    }

    fn quietly(&mut self, step: &Step) -> Checked {
        let answer = self.perform(step, StepFaults::default(), None)?;
        self.checker.after_step(&self.site, self.step, step, &answer)?;
        self.note(&answer);
        Ok(())
    }
}

/// A step in words short enough to read: what types are called is left out.
fn in_words(step: &Step, meanwhile: Option<&super::steps::Meanwhile>, faults: StepFaults) -> String {
    let mut words = format!("{step:?}");
    if let Some(super::steps::Meanwhile(asides)) = meanwhile {
        words.push_str(&format!("; meanwhile {asides:?}"));
    }
    if faults != StepFaults::default() {
        words.push_str(&format!("; faults {faults:?}"));
    }
    let mut plain = words;
    for (long, short) in [
        ("Caller { who: ", "{"),
        ("idempotency_key: Some(IdempotencyKey(", "key ("),
        (", idempotency_key: None", ""),
        (", correlation_id: None", ""),
        ("correlation_id: Some(CorrelationId(", "("),
        ("Customer(CustomerId(", "("),
        ("storage_id: StorageId(", "storage ("),
        ("reservation_id: ReservationId(", "reservation ("),
        ("review_id: ReviewId(", "review ("),
        ("description: Description(", "("),
        (": None", ": -"),
    ] {
        plain = plain.replace(long, short);
    }
    plain
}
