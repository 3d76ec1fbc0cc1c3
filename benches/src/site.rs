//! Sites to measure on: made once for each size, and copied for each run.

use std::path::{Path, PathBuf};

use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::{App, Caller, ImportStorages, Money, Rate, RegisterStorage};

use crate::by_hand::ByHand;

/// What goes wrong here is a defect of the benchmark, or a full disk.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// So many storages are registered in one transaction.
const BATCH: u64 = 10_000;

/// A storage's description.
pub(crate) fn description(id: u64) -> String {
    format!("Gangnam small 3.3 m², floor {}, no. {id}", id % 7)
}

/// The storage that the n-th reservation is for: all of them in an order that looks random.
pub(crate) fn storage(n: u64, storages: u64) -> u64 {
    // It has no divisor in common with a power of ten.
    (n * 618_033) % storages + 1
}

/// The customer of the n-th reservation: ten thousand of them, in an order that looks random.
pub(crate) fn customer(n: u64) -> String {
    format!("customer-{}", (n * 7_919) % 10_000)
}

/// Opens the engine on a file, with a gateway that takes all money.
pub(crate) fn open(path: &Path) -> Result<App, Failure> {
    Ok(storagerent::open(path, SimulatedGateway::in_memory(Behaviour::Approve))?)
}

/// Which program a file is for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Of {
    /// The engine.
    Engine,
    /// SQL by hand.
    Hand,
}

/// A copy to work on, made from the one kept for that size; its name is not used by another.
pub(crate) fn copy(folder: &Path, of: Of, storages: u64, number: u64) -> Result<PathBuf, Failure> {
    std::fs::create_dir_all(folder)?;
    let name = match of {
        Of::Engine => "engine",
        Of::Hand => "hand",
    };
    let kept = folder.join(format!("{name}-{storages}.db"));
    if !kept.exists() {
        let half = folder.join(format!("{name}-{storages}.half"));
        clear(&half);
        match of {
            Of::Engine => make(&half, storages)?,
            Of::Hand => ByHand::make(&half, storages)?,
        }
        std::fs::rename(&half, &kept)?;
    }
    let work = folder.join(format!("work-{name}-{number}.db"));
    clear(&work);
    std::fs::copy(&kept, &work)?;
    // What the copy left for the disk is not this run's to wait for.
    std::fs::File::open(&work)?.sync_all()?;
    Ok(work)
}

/// Removes a file and what SQLite keeps beside it.
pub(crate) fn clear(path: &Path) {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        // It may well not be there.
        let _ = std::fs::remove_file(name);
    }
}

fn make(path: &Path, storages: u64) -> Result<(), Failure> {
    let app = open(path)?;
    let manager = Caller::manager();
    let rate = Rate::flat(Money::parse("59000", "KRW")?)?;
    let mut made = 0;
    while made < storages {
        let until = (made + BATCH).min(storages);
        let storages = (made + 1..=until)
            .map(|id| Ok(RegisterStorage { description: description(id).parse()?, rate }))
            .collect::<Result<Vec<_>, Failure>>()?;
        app.import(&manager, ImportStorages { storages })?;
        made = until;
    }
    while app.consumers()?.iter().any(|c| c.behind > 0) {
        app.run_due()?;
    }
    Ok(())
}
