//! kill -9 of the command-line tool itself: several at once on one file, each killed at a random moment.

use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use storagerent::clock::ManualClock;
use storagerent::*;
use storagerent_disk::Dice;
use storagerent_tests::{run_ok, tool};

use super::kill::{assert_money_agrees, assert_there};

/// So many run beside each other.
const AT_ONCE: usize = 4;
/// So many kills on one file before a fresh one is taken.
const KILLS_PER_FILE: u32 = 25;
const STORAGES: u64 = 12;

/// One call of the tool, and when it is to be killed.
struct Call {
    child: Child,
    /// What it acknowledges by ending well; with the id it prints, unless it is known.
    what: &'static str,
    id: Option<u64>,
    kill_at: Instant,
}

/// What became of a call.
enum Ended {
    Acknowledged(String, u64),
    Killed,
    /// Refused, or with an unknown outcome: there is nothing to be sure of.
    Otherwise,
}

fn call(file: &Path, dice: &mut Dice, reserved: &[u64], longest_micros: u64) -> Call {
    let day = |n: u64| (chrono::Utc::now().date_naive() + chrono::Days::new(n)).to_string();
    let storage = (1 + dice.below(STORAGES)).to_string();
    let from = 1 + dice.below(40);
    let mut command = tool(file);
    let (what, id) = match dice.below(8) {
        0 => {
            command.args(["storage", "register", "--description", "창고", "--price", "59000"]);
            ("registered", None)
        }
        1 | 2 if !reserved.is_empty() => {
            let id = reserved[dice.below(reserved.len() as u64) as usize];
            command.args(["cancel", &id.to_string()]);
            ("cancelled", Some(id))
        }
        3 => {
            command.args(["run-due"]);
            ("ran", Some(0))
        }
        _ => {
            command.args(["reserve", &storage, "--customer", "kim", "--from", &day(from), "--until", &day(from + 1)]);
            ("reserved", None)
        }
    };
    let child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    Call { child, what, id, kill_at: Instant::now() + Duration::from_micros(dice.below(longest_micros)) }
}

fn end(mut call: Call) -> Ended {
    std::thread::sleep(call.kill_at.saturating_duration_since(Instant::now()));
    call.child.kill().unwrap();
    let status = call.child.wait().unwrap();
    let mut printed = String::new();
    call.child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    match (status.code(), status.signal()) {
        (Some(0), _) => {
            let name = if call.what == "registered" { "storageId" } else { "reservationId" };
            let id = call.id.unwrap_or_else(|| number(&printed, name));
            Ended::Acknowledged(call.what.to_owned(), id)
        }
        (None, Some(9)) => Ended::Killed,
        _ => Ended::Otherwise,
    }
}

/// A number in a line of JSON, by its name.
fn number(json: &str, name: &str) -> u64 {
    let (_, rest) = json.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("{name} in {json}"));
    let digits: String = rest.trim_start().chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap()
}

#[test]
fn kill_9_of_the_tool_a_hundred_times_loses_nothing_that_was_acknowledged() {
    let kills = std::env::var("STORAGERENT_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(100);
    let mut dice = Dice::new(0x0b5e_55ed);
    let (mut killed, mut acknowledged_all) = (0, 0);
    while killed < kills {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("rent.db");
        let begun = Instant::now();
        for _ in 0..STORAGES {
            run_ok(&file, &["storage", "register", "--description", "창고", "--price", "59000"]);
        }
        // Some are to end by themselves, however slow the machine is.
        let longest_micros = begun.elapsed().as_micros() as u64 / STORAGES * 3;
        let (mut acknowledged, mut killed_here) = (Vec::new(), 0);
        while killed_here < KILLS_PER_FILE.min(kills - killed) {
            let reserved: Vec<u64> =
                acknowledged.iter().filter(|(what, _)| what == "reserved").map(|(_, id)| *id).collect();
            let calls: Vec<Call> = (0..AT_ONCE).map(|_| call(&file, &mut dice, &reserved, longest_micros)).collect();
            for ended in calls.into_iter().map(end) {
                match ended {
                    Ended::Acknowledged(what, id) => acknowledged.push((what, id)),
                    Ended::Killed => killed_here += 1,
                    Ended::Otherwise => {}
                }
            }
            let app = storagerent::open_with(&file, Options::without_gateway()).unwrap();
            let of_events = acknowledged.iter().filter(|(what, _)| what != "ran").cloned().collect::<Vec<_>>();
            assert_there(&app, &of_events);
            let verified = app.verify().unwrap();
            assert!(verified.ok, "after {} kills: {:#?}", killed + killed_here, verified.findings);
        }
        killed += killed_here;
        acknowledged_all += acknowledged.len();
        assert_money_agrees(&file, &ManualClock::at(chrono::Utc::now()));
    }
    println!("{killed} calls killed, {acknowledged_all} acknowledged");
    assert!(acknowledged_all > 20, "some ended well between the kills: {acknowledged_all}");
}
