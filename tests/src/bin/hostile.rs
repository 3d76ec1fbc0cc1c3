//! Feeds hostile input until so many inputs are through: `hostile --inputs N --seed S --target all|json|csv|args|file`.
//!
//! Says every few seconds how far it is, and at the end how many were accepted. Exits with 1 if anything was violated; each
//! violation is told with the command that replays its world.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use storagerent_tests::hostile::{self, Report, Target};

struct Asked {
    inputs: u64,
    seed: u64,
    targets: Vec<Target>,
}

fn main() -> ExitCode {
    let asked = match asked(std::env::args().skip(1)) {
        Ok(asked) => asked,
        Err(wrong) => {
            eprintln!("{wrong}\nusage: hostile [--inputs N] [--seed S] [--target all|json|csv|args|file]");
            return ExitCode::from(2);
        }
    };
    // All of them, also after one that found something.
    let violated = asked.targets.iter().filter(|target| !feed(**target, &asked)).count();
    if violated == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn asked(mut args: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut asked = Asked { inputs: 10_000, seed: 1, targets: Target::ALL.to_vec() };
    while let Some(name) = args.next() {
        let value = args.next().ok_or_else(|| format!("{name} needs a value"))?;
        let number = || value.replace('_', "").parse::<u64>().map_err(|e| format!("{name} {value}: {e}"));
        match name.as_str() {
            "--inputs" => asked.inputs = number()?,
            "--seed" => asked.seed = number()?,
            "--target" if value == "all" => asked.targets = Target::ALL.to_vec(),
            "--target" => {
                let target = Target::ALL.into_iter().find(|t| t.as_str() == value);
                asked.targets = vec![target.ok_or_else(|| format!("there is no target {value}"))?];
            }
            other => return Err(format!("there is no option {other}")),
        }
    }
    Ok(asked)
}

fn feed(target: Target, asked: &Asked) -> bool {
    let begun = Instant::now();
    let mut told = begun;
    let say = |report: &Report| {
        let took = begun.elapsed();
        let rate = report.inputs as f64 / took.as_secs_f64();
        let (inputs, accepted, slowest) = (report.inputs, report.accepted, report.slowest);
        eprintln!(
            "{}: {inputs} inputs in {took:.1?}, {rate:.0}/s, {accepted} accepted, slowest {slowest:.1?}",
            target.as_str()
        );
    };
    let report = hostile::run(target, asked.inputs, asked.seed, |report| {
        if told.elapsed() > Duration::from_secs(10) {
            told = Instant::now();
            say(report);
        }
    });
    say(&report);
    for violation in &report.violations {
        let (target, seed, input) = (target.as_str(), violation.seed, violation.input);
        println!("{target}: {}\n  input {input}: {}", violation.what, violation.shown);
        println!("  replay: hostile --target {target} --seed {seed} --inputs {input}");
    }
    println!(
        "{}: {} inputs, {} violations, seed {}",
        target.as_str(),
        report.inputs,
        report.violations.len(),
        asked.seed
    );
    report.violations.is_empty()
}
