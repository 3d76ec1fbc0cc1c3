//! Instructions that callgrind counts, each held against a limit: what a change costs shows here whatever else the machine does.
//!
//! A limit is what was counted when it was set, and a tenth more. Who raises one says why in the commit.

use std::hint::black_box;

use gungraun::{Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::{App, Caller, ImportStorages, Money, Page, Rate, RegisterStorage, Reserve, StorageId, ViewFilter};
use tempfile::TempDir;

const STORAGES: u64 = 1_000;

/// A site with storages, and some reservations that have warmed everything up.
fn site() -> (TempDir, App) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let gateway = SimulatedGateway::in_memory(Behaviour::Approve);
    let app = storagerent::open(folder.path().join("rent.db"), gateway).expect("the site opens");
    let rate = Rate::flat(Money::parse("59000", "KRW").expect("an amount")).expect("a rate");
    let storage = |n| RegisterStorage { description: format!("storage {n}").parse().expect("a description"), rate };
    let storages = (1..=STORAGES).map(storage).collect();
    app.import(&Caller::manager(), ImportStorages { storages }).expect("the storages are registered");
    while app.consumers().expect("they are kept").iter().any(|c| c.behind > 0) {
        app.run_due().expect("what is due is done");
    }
    reserve(&app, 900..964);
    (folder, app)
}

fn reserve(app: &App, storages: std::ops::Range<u64>) {
    let caller = |n| Caller::customer(format!("customer-{n}").parse().expect("a customer"));
    let wanted = storages.map(|n| (caller(n), Reserve::new(StorageId::new(n)))).collect();
    for answer in app.reserve_all(wanted) {
        answer.expect("it is free, and paid for");
    }
}

#[library_benchmark(setup = site)]
#[bench::of_64()]
fn at_once(site: (TempDir, App)) -> (TempDir, App) {
    reserve(&site.1, 1..65);
    site
}

#[library_benchmark(setup = site)]
#[bench::of_16()]
fn one_by_one(site: (TempDir, App)) -> (TempDir, App) {
    (1..17).for_each(|n| reserve(&site.1, n..n + 1));
    site
}

#[library_benchmark(setup = site)]
#[bench::of_100()]
fn view_page(site: (TempDir, App)) -> (TempDir, App) {
    let page = Page { after: 500, limit: Some(100) };
    let _ = black_box(site.1.views(&ViewFilter::default(), page).expect("the page is read"));
    site
}

fn limit(instructions: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::with_args(["--cache-sim=no"]);
    callgrind.hard_limits([(EventKind::Ir, instructions)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

library_benchmark_group!(name = many, config = limit(999_000_000), benchmarks = at_once);
library_benchmark_group!(name = few, config = limit(999_000_000), benchmarks = one_by_one);
library_benchmark_group!(name = shown, config = limit(999_000_000), benchmarks = view_page);

main!(library_benchmark_groups = [many, few, shown]);
