//! Command lines, into the real program, one after the other on one file.

use std::fs::File;
use std::process::Command;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};
use serde_json::Value;
use tempfile::TempDir;

use super::{World, args_lines, csv, file, rules};
use crate::binary;

/// Where one world's program runs.
struct Place {
    folder: TempDir,
}

/// What a run of the program came to.
struct Ran {
    code: Option<i32>,
    stdout: Vec<u8>,
    stderr: Vec<u8>,
}

pub(super) fn feed(mut world: World<'_>) {
    let place = Place { folder: file::scratch() };
    for line in
        ["storage register --description 강남 --price 59000", "storage register --description Unit --price 7 --per day"]
    {
        let line: Vec<_> = line.split(' ').map(Into::into).collect();
        let _ = place.run(&line, b"");
    }
    while world.goes_on() {
        let line = args_lines::line(&mut world.dice);
        let stdin = if world.dice.one_in(4) { csv::sheet(&mut world.dice) } else { Vec::new() };
        world.feed(|| format!("{line:?} with {} bytes on stdin", stdin.len()), |_| judge(&place, &line, &stdin));
    }
}

impl Place {
    fn run(&self, line: &[std::ffi::OsString], stdin: &[u8]) -> Result<Ran, String> {
        let at = |name: &str| self.folder.path().join(name);
        let failed = |e: std::io::Error| format!("the program cannot be run: {e}");
        std::fs::write(at("stdin"), stdin).map_err(failed)?;
        std::fs::write(at("list.csv"), stdin).map_err(failed)?;
        let mut command = Command::new(binary());
        command.current_dir(self.folder.path()).env_clear().env("HOME", self.folder.path());
        command.env("STORAGERENT_DB", at("rent.db")).env("TMPDIR", self.folder.path()).args(line);
        command.stdin(File::open(at("stdin")).map_err(failed)?);
        command.stdout(File::create(at("stdout")).map_err(failed)?);
        command.stderr(File::create(at("stderr")).map_err(failed)?);
        let code = wait(&mut command)?;
        let read = |name| std::fs::read(at(name)).map_err(failed);
        Ok(Ran { code, stdout: read("stdout")?, stderr: read("stderr")? })
    }

    /// The events after a sequence: their names, causes and contents, read past the program.
    fn events(&self, after: i64) -> Vec<(String, Option<i64>, String)> {
        let read = || {
            let conn =
                Connection::open_with_flags(self.folder.path().join("rent.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
            let sql = "SELECT event_type, causation_id, payload FROM events WHERE sequence > ?1";
            let mut statement = conn.prepare(sql)?;
            let rows = statement.query_map([after], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()
        };
        read().unwrap_or_default()
    }
}

/// The exit code; an error if the program hangs, which ends it.
fn wait(command: &mut Command) -> Result<Option<i32>, String> {
    let mut child = command.spawn().map_err(|e| format!("the program cannot be run: {e}"))?;
    let begun = Instant::now();
    loop {
        match child.try_wait().map_err(|e| e.to_string())? {
            Some(status) => return Ok(status.code()),
            None if begun.elapsed() > Duration::from_secs(10) => {
                let _ = child.kill().and_then(|()| child.wait());
                return Err("hangs".to_owned());
            }
            None => std::thread::sleep(Duration::from_micros(300)),
        }
    }
}

fn judge(place: &Place, line: &[std::ffi::OsString], stdin: &[u8]) -> Result<bool, String> {
    let before = place.events(0).len() as i64;
    let ran = place.run(line, stdin)?;
    let told = String::from_utf8_lossy(&ran.stderr).into_owned();
    let Some(code @ 0..=7) = ran.code else { return Err(format!("exit code {:?}: {told}", ran.code)) };
    if told.contains("panicked") {
        return Err(told);
    }
    safe("stderr", &ran.stderr)?;
    let has = |word: &str| line.iter().any(|w| w == word);
    // Shells read what `completions` writes; an export is a file's content.
    if !has("completions") && !has("export") {
        safe("stdout", &ran.stdout)?;
    }
    let new = place.events(before);
    let by_caller = |(name, cause, _): &(String, Option<i64>, String)| cause.is_none() && !by_clock(name);
    if (2..=5).contains(&code) && new.iter().any(by_caller) && !has("restore") {
        return Err(format!("exit code {code}, yet new events: {new:?}: {told}"));
    }
    for (name, _, payload) in &new {
        let payload: Value = serde_json::from_str(payload).map_err(|e| format!("{name}: {e}"))?;
        rules::hold(&payload).map_err(|e| format!("{name} was accepted: {e}"))?;
    }
    let json = line.iter().take_while(|word| *word != "--").any(|word| word == "--json");
    let parses = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        text.lines().all(|line| serde_json::from_str::<Value>(line).is_ok())
    };
    if json && code != 0 && !parses(&ran.stderr) {
        return Err(format!("no JSON on stderr: {told}"));
    }
    Ok(code == 0)
}

/// Events that the clock raises, before whatever was asked.
fn by_clock(name: &str) -> bool {
    ["ReservationExpired", "RentalStarted", "RentalEnded"].contains(&name)
}

fn safe(what: &str, bytes: &[u8]) -> Result<(), String> {
    let text = String::from_utf8_lossy(bytes);
    match text.chars().find(|c| !matches!(c, '\n' | '\t') && rules::deceives(*c)) {
        Some(c) => Err(format!("U+{:04X} on {what}: {text:?}", u32::from(c))),
        None => Ok(()),
    }
}
