//! `demo`: the whole story on a real file, in a few seconds. Every line tells what the engine did: rows read back, errors it
//! gave, events it wrote; each step is held against what the story promises, and the demo fails if one did not come about.

mod generated;
mod orders;
mod scenes;
mod stage;
mod trouble;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use storagerent::chrono::{DateTime, TimeDelta, Utc};
use storagerent::clock::ManualClock;
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::{Caller, Clock, Options};

use crate::cli::Globals;
use crate::failure::Failure;
use crate::output::Output;
use crate::site::books;
use stage::Stage;

/// The steps that stay on the first day take less than this.
const FIRST_DAY_LEFT_MIN: TimeDelta = TimeDelta::minutes(10);
const ZONE: &str = "Asia/Seoul";

pub(super) fn run(globals: &Globals) -> Result<(), Failure> {
    let began = Instant::now();
    let out = globals.output();
    if let Some(path) = &globals.db {
        if path.symlink_metadata().is_err() {
            return tell(path, globals, &out, began, true);
        }
        let path = path.display();
        out.remark(&out.lang().pick(
            format!("{path} exists already and is left alone: the demo uses a temporary file"),
            format!("{path} 파일이 이미 있어 그대로 두고, 임시 파일로 보여 드립니다"),
        ));
    }
    let folder = tempfile::Builder::new().prefix("storagerent-demo-").tempdir();
    let folder = folder.map_err(|e| Failure::file(&std::env::temp_dir(), e))?;
    tell(&folder.path().join("rent.db"), globals, &out, began, false)
}

fn tell(path: &Path, globals: &Globals, out: &Output, began: Instant, kept: bool) -> Result<(), Failure> {
    let clock = ManualClock::at(early_enough(globals.now.unwrap_or_else(Utc::now)));
    let gateway = Arc::new(SimulatedGateway::with_books(books(path), Behaviour::Approve)?);
    let app = storagerent::open_with(path, Options::new(Arc::clone(&gateway)).clock(clock.clone()))?;
    app.set(&Caller::manager(), "language", out.lang().code())?;
    app.set(&Caller::manager(), "zone", ZONE)?;
    let mut stage = Stage::new(&app, &clock, &gateway, out);
    stage.opening(path, kept)?;
    orders::opening(&mut stage)?;
    let kim = orders::kim_reserves(&mut stage)?;
    orders::lee_is_refused(&mut stage, &kim)?;
    let park = orders::park_books_days(&mut stage)?;
    trouble::declined(&mut stage)?;
    let jung = trouble::down(&mut stage)?;
    trouble::lost_reply(&mut stage)?;
    trouble::messages_paused(&mut stage)?;
    orders::kim_cancels(&mut stage, &kim)?;
    orders::reviews(&mut stage, &jung, &park)?;
    orders::days_go_by(&mut stage, &park)?;
    stage.board(began, kept.then_some(path))
}

/// Now, or a little before where midnight would fall into the story.
fn early_enough(now: DateTime<Utc>) -> DateTime<Utc> {
    let clock = ManualClock::at(now);
    let day = |at| clock.day_at(at, ZONE).ok();
    if day(now) == day(now + FIRST_DAY_LEFT_MIN) { now } else { now - FIRST_DAY_LEFT_MIN }
}
