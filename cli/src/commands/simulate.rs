//! `simulate`: the engine under a storm, in memory; every invariant checked after every step. Exits 1 if one did not hold.

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use storagerent::simulation::{Invariant, Kept, Plan, Progress, Report, Violation, run};
use storagerent::{InvalidValue, Lang};

use crate::cli::Globals;
use crate::failure::Failure;
use crate::output::words::grouped;
use crate::output::{self, safe, storm};

#[derive(Debug, Args)]
pub(crate) struct SimulateArgs {
    /// Decides everything: the same seed is the same run
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How many steps
    #[arg(long, value_name = "M", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..))]
    steps: u64,
    /// Over which store, in memory either way
    #[arg(long, value_name = "STORE", default_value = "memory", value_parser = ["memory", "sqlite"])]
    kept: String,
    /// Only these steps: what a run that found something says
    #[arg(long, value_name = "STEP,…", value_delimiter = ',')]
    only: Option<Vec<u64>>,
}

impl SimulateArgs {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let out = globals.output();
        if let Some(step) = self.only.iter().flatten().find(|step| **step >= self.steps) {
            let steps = self.steps;
            return Err(InvalidValue::new(
                "only",
                format!("step {step} is not among 0 to {}: give --steps as it was when the trace was found", steps - 1),
                format!("{step}단계는 0~{} 안에 없습니다. --steps를 추적을 찾았을 때와 같게 주세요", steps - 1),
            )
            .into());
        }
        let kept = if self.kept == "sqlite" { Kept::Sqlite } else { Kept::Memory };
        let mut plan = Plan::new(self.seed, self.steps).kept(kept);
        plan.only = self.only;
        let bar = bar(self.steps);
        let report = run(&plan, &mut |progress| show(&bar, progress, out.lang()));
        bar.finish_and_clear();
        if out.is_json() {
            out.json(&report)?;
        } else {
            output::data(&story(&report, &self.kept, out.lang()))?;
        }
        if report.is_ok() { Ok(()) } else { Err(Failure::Found) }
    }
}

/// indicatif draws on stderr, and only on a terminal.
fn bar(steps: u64) -> ProgressBar {
    let bar = ProgressBar::new(steps);
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} {per_sec} {msg}");
    bar.set_style(style.expect("the template is well formed"));
    bar
}

fn show(bar: &ProgressBar, progress: Progress, lang: Lang) {
    match progress.shrinking {
        None => {
            bar.set_position(progress.step);
            bar.set_message(lang.pick(format!("{} events", progress.events), format!("이벤트 {}건", progress.events)));
        }
        Some(runs) => bar.set_message(lang.pick(
            format!("shrinking: {} steps left, run {runs}", progress.step),
            format!("줄이는 중: {}단계 남음, {runs}번째 실행", progress.step),
        )),
    }
}

fn story(report: &Report, kept: &str, lang: Lang) -> String {
    let (steps, events) = (grouped(report.steps), grouped(report.events));
    let kept_ko = if kept == "memory" { "메모리" } else { "SQLite" };
    let mut lines = vec![lang.pick(
        format!("seed {}: {steps} steps over {kept}, {events} events", report.seed),
        format!("시드 {}: {kept_ko} 저장소에서 {steps}단계, 이벤트 {events}건", report.seed),
    )];
    lines.push(String::new());
    let total = grouped(report.faults.values().sum::<u64>());
    lines.push(lang.pick(format!("faults met: {total}"), format!("겪은 장애: {total}건")));
    lines.extend(report.faults.iter().map(|(name, n)| format!("{:>12}  {}", grouped(*n), storm::fault(name, lang))));
    lines.push(String::new());
    let total = grouped(report.checks.values().sum::<u64>());
    lines.push(lang.pick(format!("invariants checked: {total} times"), format!("확인한 불변식: {total}번")));
    let checks = |invariant: Invariant| report.checks.get(&invariant.number()).copied().unwrap_or(0);
    lines.extend(
        Invariant::all()
            .map(|one| format!("{:>12}  {:>2}  {}", grouped(checks(one)), one.number(), storm::invariant(one, lang))),
    );
    lines.push(String::new());
    match &report.violation {
        None => lines.push(lang.pick(
            match report.rest_passes {
                1 => "every invariant held; at rest after 1 pass".to_owned(),
                passes => format!("every invariant held; at rest after {passes} passes"),
            },
            format!("모든 불변식이 지켜졌습니다. {}번 만에 정리가 끝났습니다", report.rest_passes),
        )),
        Some(violation) => lines.extend(found(report, violation, kept, lang)),
    }
    lines.push(format!("trace {}", report.trace));
    lines.iter().map(|line| safe::line(line) + "\n").collect()
}

fn found(report: &Report, violation: &Violation, kept: &str, lang: Lang) -> Vec<String> {
    let Violation { step, invariant, name, detail, only, trace } = violation;
    let mut lines = vec![
        lang.pick(
            format!("after step {step} invariant {invariant} did not hold: {name}"),
            format!("{step}단계 뒤 불변식 {invariant}이(가) 깨졌습니다: {name}"),
        ),
        detail.clone(),
        String::new(),
    ];
    lines.extend(trace.iter().map(|line| format!("{:>8}  {} -> {}", line.step, line.words, line.answer)));
    let only: Vec<String> = only.iter().map(u64::to_string).collect();
    let kept = if kept == "memory" { String::new() } else { format!(" --kept {kept}") };
    let (seed, steps) = (report.seed, report.steps.max(violation.step));
    lines.push(String::new());
    lines.push(format!("storagerent simulate --seed {seed} --steps {steps}{kept} --only {}", only.join(",")));
    lines
}
