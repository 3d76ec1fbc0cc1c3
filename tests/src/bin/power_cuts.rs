//! Cuts the power again and again, and says what was lost: `power_cuts CUTS [SEED] [full|normal]`. A fourth argument is the seed of a
//! site that lost something: that one alone is run again.

use std::time::Instant;

use storagerent_tests::cuts::{Report, Synchronous, run};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let cuts: u64 = args.next().ok_or("usage: power_cuts CUTS [SEED] [full|normal]")?.parse()?;
    let seed: u64 = args.next().map_or(Ok(1), |seed| seed.parse())?;
    let synchronous = match args.next().as_deref() {
        None | Some("full") => Synchronous::Full,
        Some("normal") => Synchronous::Normal,
        Some(other) => return Err(format!("{other:?} is neither full nor normal").into()),
    };
    if let Some(site) = args.next() {
        let report = storagerent_tests::cuts::replay(site.parse()?, synchronous);
        println!("{} cuts, {} lost", report.cuts, report.lost.len());
        report.lost.iter().for_each(|lost| println!("{lost}"));
        return Ok(());
    }
    let begun = Instant::now();
    let threads = std::thread::available_parallelism()?.get() as u64;
    let workers: Vec<_> = (0..threads)
        .map(|n| {
            let share = cuts / threads + u64::from(n < cuts % threads);
            std::thread::spawn(move || run(seed.wrapping_mul(1_000).wrapping_add(n), share, synchronous))
        })
        .collect();
    let mut report = Report::default();
    for worker in workers {
        report.add(worker.join().map_err(|_| "a worker broke off")?);
    }
    println!(
        "{} cuts ({} while opening, {} after another fault), {} disks looked at, {} commands acknowledged, {} lost, {:.1} s",
        report.cuts,
        report.while_opening,
        report.after_a_fault,
        report.looked_at,
        report.acknowledged,
        report.lost.len(),
        begun.elapsed().as_secs_f64(),
    );
    for lost in report.lost.iter().take(5) {
        println!("{lost}");
    }
    if report.lost.is_empty() == (synchronous == Synchronous::Full) {
        return Ok(());
    }
    Err("that must not be".into())
}
