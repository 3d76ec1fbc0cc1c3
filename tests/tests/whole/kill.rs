//! kill -9 at random points: what was acknowledged is there, and all is well.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use storagerent::clock::ManualClock;
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::*;
use storagerent_disk::Dice;

/// So many kills on one file before a fresh one is taken: verifying reads the whole log each time.
const KILLS_PER_FILE: u32 = 20;

/// Lets the hammer run for a moment, or until it has acknowledged a few times; kills it, and answers with what it had acknowledged.
fn hammer_and_kill(file: &Path, dice: &mut Dice) -> Vec<(String, u64)> {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hammer")).arg(file).stdout(Stdio::piped()).spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    let (tell, told) = channel();
    let reader = std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            if let Some((what, id)) = line.split_once(' ')
                && let Ok(id) = id.parse()
            {
                tell.send((what.to_owned(), id)).unwrap();
            }
        }
    });
    let mut acknowledged = Vec::new();
    if dice.below(2) == 0 {
        std::thread::sleep(Duration::from_micros(2_000 + dice.below(60_000)));
    } else {
        // However slow the machine is, something happens before these kills.
        let wanted = 1 + dice.below(12) as usize;
        acknowledged.extend(told.iter().take(wanted));
        std::thread::sleep(Duration::from_micros(dice.below(3_000)));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    reader.join().unwrap();
    acknowledged.extend(told);
    acknowledged
}

pub(crate) fn assert_there(app: &App, acknowledged: &[(String, u64)]) {
    for (what, id) in acknowledged {
        match what.as_str() {
            "registered" => assert!(app.storage((*id).into()).is_ok(), "storage {id} is lost"),
            "reserved" => {
                let status = app.reservation((*id).into()).unwrap().reservation_status;
                let stands = [ReservationStatus::Reserved, ReservationStatus::ReqCancel, ReservationStatus::Cancelled];
                assert!(stands.contains(&status), "reservation {id} is {status:?}");
            }
            "cancelled" => {
                let status = app.reservation((*id).into()).unwrap().reservation_status;
                let gone = [ReservationStatus::ReqCancel, ReservationStatus::Cancelled];
                assert!(gone.contains(&status), "cancelled reservation {id} is {status:?}");
            }
            other => panic!("the hammer said {other}"),
        }
    }
}

/// Everything comes to rest, and the gateway's own books agree with ours to the won.
pub(crate) fn assert_money_agrees(file: &Path, clock: &ManualClock) {
    clock.advance(Duration::from_secs(3_600));
    let books =
        std::sync::Arc::new(SimulatedGateway::with_books(file.with_extension("db.books"), Behaviour::Approve).unwrap());
    let app = storagerent::open_with(file, Options::new(std::sync::Arc::clone(&books)).clock(clock.clone())).unwrap();
    for _ in 0..10 {
        app.run_due().unwrap();
    }
    let paid: i64 = app
        .reservations(&ReservationFilter::default(), Page::default())
        .unwrap()
        .iter()
        .filter(|r| matches!(r.reservation_status, ReservationStatus::Reserved | ReservationStatus::Completed))
        .map(|r| r.booking.price.amount())
        .sum();
    let kept: i64 = books.entries().iter().map(|(_, captured, refunded)| captured.amount() - refunded.amount()).sum();
    assert_eq!(paid, kept, "no orphan money");
    assert!(app.verify().unwrap().ok);
}

#[test]
fn kill_9_a_hundred_times_loses_nothing_that_was_acknowledged() {
    let kills = std::env::var("STORAGERENT_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    let mut dice = Dice::new(0x5eed_cafe_f00d);
    let (mut seen, mut acknowledged_all) = (0, 0);
    while seen < kills {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rent.db");
        let clock = ManualClock::at(chrono::Utc::now());
        for _ in 0..KILLS_PER_FILE.min(kills - seen) {
            let acknowledged = hammer_and_kill(&file, &mut dice);
            acknowledged_all += acknowledged.len();
            seen += 1;
            if !file.exists() {
                continue; // killed before it had begun
            }
            let gateway = SimulatedGateway::in_memory(Behaviour::Approve);
            let app = storagerent::open_with(&file, Options::new(gateway).clock(clock.clone())).unwrap();
            assert_there(&app, &acknowledged);
            let verified = app.verify().unwrap();
            assert!(verified.ok, "after kill {seen}: {:#?}", verified.findings);
        }
        assert_money_agrees(&file, &clock);
    }
    assert!(acknowledged_all > kills as usize, "the hammer did something between the kills: {acknowledged_all}");
}
