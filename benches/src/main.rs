//! `storagerent-benches CASE STORAGES TIMES FOLDER` measures one case in a process of its own and prints a line of JSON;
//! `storagerent-benches report FILE SVG` makes a table and a picture of many such lines.

mod by_hand;
mod engine;
mod floor;
mod measure;
mod report;
mod site;

use std::path::Path;
use std::time::Duration;

use by_hand::{ByHand, Commits};
use measure::{Figures, Measure};
use site::{Failure, Of};

/// So many reservations share a transaction of the hand-written SQL.
const GROUP: usize = 64;
/// So many reservations are submitted at once.
const AT_ONCE: u64 = 256;

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["report", lines, svg] => report::write(Path::new(lines), Path::new(svg)),
        [case, storages, times, folder] => {
            let figures = run(case, storages.parse()?, times.parse()?, Path::new(folder))?;
            println!("{}", serde_json::to_string(&figures)?);
            Ok(())
        }
        _ => Err("CASE STORAGES TIMES FOLDER, or: report FILE SVG".into()),
    }
}

fn run(case: &str, storages: u64, times: u64, folder: &Path) -> Result<Figures, Failure> {
    let mut measure = Measure::new();
    let who = match case.split_once('-') {
        Some(("hand", _)) => "hand-written SQL",
        Some(("floor", _)) => "HashMap",
        _ => "storagerent",
    };
    match case {
        "floor-one" => measure.stretch(|| floor::reserve(storages, times)),
        "hand-one" | "hand-two" => {
            let commits = if case == "hand-one" { Commits::One } else { Commits::Two };
            let one = |hand: &mut ByHand, n| hand.reserve(site::storage(n, storages), &site::customer(n), commits);
            by_hand(&mut measure, storages, times, folder, |hand, share| {
                let mut outcome = Ok(());
                let took =
                    measure::each(share, |n| outcome = std::mem::replace(&mut outcome, Ok(())).and(one(hand, n)));
                outcome.map(|()| took)
            })?;
        }
        "hand-group" => by_hand(&mut measure, storages, times, folder, |hand, share| {
            let wanted: Vec<_> = (0..share).map(|n| (site::storage(n, storages), site::customer(n))).collect();
            let mut answers = Vec::with_capacity(wanted.len());
            for group in wanted.chunks(GROUP) {
                let begun = std::time::Instant::now();
                hand.reserve_all(group)?;
                answers.extend(vec![begun.elapsed(); group.len()]);
            }
            Ok(answers)
        })?,
        "alone" => {
            engine(&mut measure, storages, times, folder, |app, share| engine::threads(app, storages, share, 1))?
        }
        "callers" => {
            engine(&mut measure, storages, times, folder, |app, share| engine::threads(app, storages, share, 64))?
        }
        "at-once" => {
            engine(&mut measure, storages, times, folder, |app, share| engine::at_once(app, storages, share, AT_ONCE))?
        }
        "mixed" => engine(&mut measure, storages, times, folder, |app, share| engine::mixed(app, storages, share))?,
        "cancel" => {
            let app = site::open(&site::copy(folder, Of::Engine, storages, 0)?)?;
            engine::threads(&app, storages, times, 64)?;
            stretch(&mut measure, || engine::cancel(&app, times))?;
        }
        "view-page" | "view-one" => {
            let app = site::open(&site::copy(folder, Of::Engine, storages, 0)?)?;
            let read = if case == "view-page" { engine::page } else { engine::one };
            let mut outcome = Ok(());
            // What the first thousand bring into memory is not measured.
            measure::each(1_000, |n| outcome = read(&app, n, storages));
            outcome?;
            stretch(&mut measure, || {
                let mut outcome = Ok(());
                let took = measure::each(times, |n| outcome = read(&app, n, storages));
                outcome.map(|()| took)
            })?;
        }
        "rebuild" => {
            let app = site::open(&site::copy(folder, Of::Engine, storages, 0)?)?;
            stretch(&mut measure, || {
                let (events, took) = engine::rebuild(&app)?;
                Ok(vec![took.div_f64(events as f64); events as usize])
            })?;
        }
        "open" => {
            let path = site::copy(folder, Of::Engine, storages, 0)?;
            stretch(&mut measure, || (0..times).map(|_| engine::open(&path)).collect())?;
        }
        _ => return Err(format!("no case is called {case}").into()),
    }
    Ok(measure.figures(who, case, storages))
}

fn stretch(measure: &mut Measure, f: impl FnOnce() -> Result<Vec<Duration>, Failure>) -> Result<(), Failure> {
    let mut failed = None;
    measure.stretch(|| {
        f().unwrap_or_else(|e| {
            failed = Some(e);
            Vec::new()
        })
    });
    failed.map_or(Ok(()), Err)
}

/// Where there are fewer storages than reservations to make, on as many files, one after the other.
fn shares(storages: u64, times: u64) -> impl Iterator<Item = u64> {
    (0..times.div_ceil(storages)).map(move |n| (times - n * storages).min(storages))
}

fn by_hand(
    measure: &mut Measure,
    storages: u64,
    times: u64,
    folder: &Path,
    f: impl Fn(&mut ByHand, u64) -> rusqlite::Result<Vec<Duration>>,
) -> Result<(), Failure> {
    for share in shares(storages, times) {
        let mut hand = ByHand::open(&site::copy(folder, Of::Hand, storages, 0)?)?;
        stretch(measure, || Ok(f(&mut hand, share)?))?;
    }
    Ok(())
}

fn engine(
    measure: &mut Measure,
    storages: u64,
    times: u64,
    folder: &Path,
    f: impl Fn(&storagerent::App, u64) -> Result<Vec<Duration>, Failure>,
) -> Result<(), Failure> {
    for share in shares(storages, times) {
        let app = site::open(&site::copy(folder, Of::Engine, storages, 0)?)?;
        stretch(measure, || f(&app, share))?;
    }
    Ok(())
}
