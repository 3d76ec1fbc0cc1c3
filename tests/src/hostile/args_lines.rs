//! Command lines: valid ones, and what becomes of them when bent.

use std::ffi::OsString;

use super::dice::Dice;
use super::{bend, values};

const LINES: &[&str] = &[
    "storage register --description 강남 --price 59000",
    "storage register --description 강남 --price 189.00 --currency USD --per month",
    "storage modify 1 --price 61000 --per day --withdrawn false",
    "storage modify 2 --description Unit",
    "storage delete 3",
    "storage show 1",
    "storage list --limit 2 --after 1",
    "storage import - --skip-bad",
    "storage import -",
    "storage import - --dry-run",
    "storage import list.csv",
    "export storages",
    "export reservations out.csv",
    "export payments -",
    "quote 1 --from 2026-12-01 --until 2027-01-01",
    "reserve 1 --customer kim --from 2026-12-01 --until 2027-01-01 --price 59000 --idempotency-key k1",
    "reserve 2",
    "cancel 1 --customer kim",
    "end 1 --on 2027-01-01",
    "reservation show 1",
    "reservation list --customer kim --storage 1 --status reserved",
    "payment show 1",
    "payment list",
    "message list --customer kim",
    "review add 1 --customer kim --rating 5 --content good",
    "review modify 1 --rating 4 --content fair --customer kim",
    "review delete 1",
    "review list --storage 1",
    "available --from 2026-12-01 --until 2027-01-01 --max-price 100000",
    "view 1",
    "view --status reserved",
    "event list --after 2 --correlation req-1 --limit 5",
    "consumer list",
    "consumer pause view",
    "consumer resume view",
    "consumer replay view",
    "consumer run",
    "dead-letter list",
    "dead-letter retry 1",
    "dead-letter discard 1 --reason lost",
    "tick",
    "settle",
    "run-due",
    "status",
    "verify",
    "settings show",
    "settings set holdMinutes 5",
    "settings set zone Europe/Vienna",
    "db info",
    "db backup copy.db",
    "db restore copy.db",
    "completions bash",
    "man pages",
    "help",
    "--version",
];

const WORDS: &[&str] = &[
    "storage",
    "reserve",
    "--json",
    "--lang",
    "ko",
    "--payment",
    "slow",
    "--now",
    "2027-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "0000-01-01T00:00:00Z",
    "--limit",
    "--after",
    "--",
    "-",
    "--help",
    "-h",
    "-V",
    "--customer",
    "--price",
    "--from",
    "--until=",
    "--description=",
    "--db",
    "other.db",
    "",
    "-1",
    "@list.csv",
    "--=",
    "---",
    "\u{202e}--json",
    "1",
    "999999999999999999999",
];

/// A command line without the program's name.
pub(super) fn line(dice: &mut Dice) -> Vec<OsString> {
    let mut words: Vec<Vec<u8>> = dice.pick(LINES).split(' ').map(|word| word.as_bytes().to_vec()).collect();
    if dice.one_in(3) {
        words.push(b"--json".to_vec());
    }
    if dice.one_in(8) {
        words.extend([b"--payment".to_vec(), values::word(dice).into_bytes()]);
    }
    for _ in 0..dice.below(6) {
        bend_words(&mut words, dice);
    }
    words.iter().map(|word| safe(word)).filter(|word| !word.to_string_lossy().starts_with("--f")).collect()
}

fn bend_words(words: &mut Vec<Vec<u8>>, dice: &mut Dice) {
    let at = dice.below(words.len() + 1);
    let value = match dice.below(4) {
        0 => dice.pick(WORDS).to_owned(),
        _ => values::any_text(dice),
    };
    match dice.below(8) {
        0 if at < words.len() => drop(words.remove(at)),
        1 if at < words.len() => words.insert(at, words[at].clone()),
        2 => words.insert(at, value.into_bytes()),
        3 if at < words.len() => bend::bytes(&mut words[at], dice),
        4 if at < words.len() => {
            let other = dice.below(words.len());
            words.swap(at, other);
        }
        // The value of an option, mostly.
        _ if at < words.len() && at > 1 => words[at] = value.into_bytes(),
        _ => {}
    }
}

/// A word that names no file outside the folder the program runs in, does not end in the middle, and is no flag to go on for
/// ever.
fn safe(word: &[u8]) -> OsString {
    let mut word: Vec<u8> = word.iter().map(|b| if matches!(b, b'/' | 0) { b'_' } else { *b }).collect();
    // More than the system passes on is refused before the program runs.
    word.truncate(60_000);
    if word.starts_with(b"..") {
        word[0] = b'_';
    }
    os(word)
}

#[cfg(unix)]
fn os(word: Vec<u8>) -> OsString {
    std::os::unix::ffi::OsStringExt::from_vec(word)
}

#[cfg(not(unix))]
fn os(word: Vec<u8>) -> OsString {
    String::from_utf8_lossy(&word).into_owned().into()
}
