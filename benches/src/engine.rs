//! The engine's cases: the whole flow, and what is read.

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use storagerent::{App, Caller, CancelReservation, Page, Reserve, StorageId, ViewFilter};

use crate::measure::each;
use crate::site::{self, Failure};

/// So many view rows are on a page.
const PAGE: u32 = 100;

/// A customer who calls.
pub(crate) fn caller(n: u64) -> Result<Caller, Failure> {
    Ok(Caller::customer(site::customer(n).parse()?))
}

fn reserve(app: &App, n: u64, storages: u64) -> Result<(), Failure> {
    app.reserve(&caller(n)?, Reserve::new(StorageId::new(site::storage(n, storages))))?;
    Ok(())
}

/// Reserves from so many blocking threads; every answer is a paid reservation, and every consumer has seen it.
pub(crate) fn threads(app: &App, storages: u64, times: u64, threads: u64) -> Result<Vec<Duration>, Failure> {
    let next = AtomicU64::new(0);
    let work = || -> Result<Vec<Duration>, Failure> {
        let mut answers = Vec::new();
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            if n >= times {
                return Ok(answers);
            }
            let begun = Instant::now();
            reserve(app, n, storages)?;
            answers.push(begun.elapsed());
        }
    };
    let answers = if threads == 1 {
        work()?
    } else {
        std::thread::scope(|scope| {
            let all: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            all.into_iter().try_fold(Vec::new(), |mut answers, one| {
                answers.extend(one.join().map_err(|_| "a thread broke off")??);
                Ok::<_, Failure>(answers)
            })
        })?
    };
    caught_up(app)?;
    Ok(answers)
}

/// Reserves for so many callers in one call, again and again.
pub(crate) fn at_once(app: &App, storages: u64, times: u64, together: u64) -> Result<Vec<Duration>, Failure> {
    let mut answers = Vec::new();
    for from in (0..times).step_by(together as usize) {
        let wanted = (from..(from + together).min(times))
            .map(|n| Ok((caller(n)?, Reserve::new(StorageId::new(site::storage(n, storages))))))
            .collect::<Result<Vec<_>, Failure>>()?;
        let (begun, share) = (Instant::now(), wanted.len());
        for answer in app.reserve_all(wanted) {
            answer?;
        }
        answers.extend(vec![begun.elapsed(); share]);
    }
    caught_up(app)?;
    Ok(answers)
}

/// Lets whatever consumer is behind go on.
pub(crate) fn caught_up(app: &App) -> Result<(), Failure> {
    while app.consumers()?.iter().any(|c| c.behind > 0) {
        app.run_due()?;
    }
    Ok(())
}

/// Cancels so many reservations; the refunds are made afterwards, in passes of `run_due`.
pub(crate) fn cancel(app: &App, times: u64) -> Result<Vec<Duration>, Failure> {
    let manager = Caller::manager();
    let mut failed = None;
    let answers = each(times, |n| {
        let command = CancelReservation { reservation_id: (n + 1).into() };
        if let Err(e) = app.cancel(&manager, command) {
            failed = Some(e);
        }
    });
    match failed {
        Some(e) => Err(e.into()),
        None => Ok(answers),
    }
}

/// Of ten calls three reserve; four show a storage, three a page of the view.
pub(crate) fn mixed(app: &App, storages: u64, times: u64) -> Result<Vec<Duration>, Failure> {
    (0..times)
        .map(|n| {
            let begun = Instant::now();
            match n % 10 {
                0..3 => reserve(app, n, storages)?,
                3..7 => one(app, n, storages)?,
                _ => page(app, n, storages)?,
            }
            Ok(begun.elapsed())
        })
        .collect()
}

/// A page of the view, from anywhere.
pub(crate) fn page(app: &App, n: u64, storages: u64) -> Result<(), Failure> {
    let after = site::storage(n, storages.saturating_sub(u64::from(PAGE)).max(1));
    app.views(&ViewFilter::default(), Page { after, limit: Some(PAGE) })?;
    Ok(())
}

/// One row of the view.
pub(crate) fn one(app: &App, n: u64, storages: u64) -> Result<(), Failure> {
    app.view(StorageId::new(site::storage(n, storages)))?;
    Ok(())
}

/// Empties the view and folds the log anew; each event counts as one answer.
pub(crate) fn rebuild(app: &App) -> Result<(u64, Duration), Failure> {
    let events = app.status()?.events.get();
    let begun = Instant::now();
    app.replay(&Caller::manager(), "view")?;
    Ok((events, begun.elapsed()))
}

/// Opens the file, until the first row was read.
pub(crate) fn open(path: &Path) -> Result<Duration, Failure> {
    let begun = Instant::now();
    let app = site::open(path)?;
    one(&app, 1, 1)?;
    let took = begun.elapsed();
    drop(app);
    Ok(took)
}
