//! A site in a folder of its own, and what the tool answered.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// Noon in Seoul.
pub(crate) const NOON: &str = "2026-11-22T03:00:00Z";

/// A folder with a site's file, which is made by the first command.
pub(crate) struct Site {
    folder: TempDir,
}

/// What the tool answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Answer {
    pub(crate) fn of(output: Output) -> Self {
        Answer {
            code: output.status.code().expect("the tool exits of its own accord"),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        }
    }

    /// stdout as one line of JSON.
    pub(crate) fn json(&self) -> Value {
        assert_eq!(self.stdout.matches('\n').count(), 1, "one line: {self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {self:?}"))
    }

    /// The error of stderr, which is one line of JSON.
    pub(crate) fn error(&self) -> Value {
        assert_eq!(self.stderr.matches('\n').count(), 1, "one line: {self:?}");
        let told: Value = serde_json::from_str(&self.stderr).unwrap_or_else(|e| panic!("{e}: {self:?}"));
        told["error"].clone()
    }
}

/// The tool without anything of the surroundings that could change what it says.
pub(crate) fn tool() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_storagerent"));
    for name in ["STORAGERENT_DB", "STORAGERENT_PAYMENT", "LC_ALL", "LC_MESSAGES", "COLUMNS", "NO_COLOR"] {
        command.env_remove(name);
    }
    command.env("LANG", "C.UTF-8").stdin(Stdio::null());
    command
}

impl Site {
    pub(crate) fn new() -> Self {
        Site { folder: tempfile::tempdir().unwrap() }
    }

    /// A site with one storage each by the rental, the day and the month, the last one in dollars.
    pub(crate) fn with_storages() -> Self {
        let site = Site::new();
        site.ok(&["storage", "register", "--description", "강남 소형 1평", "--price", "59000"]);
        site.ok(&["storage", "register", "--description", "by the day", "--price", "1000", "--per", "day"]);
        let third =
            ["--description", "Downtown 10x10 unit", "--price", "189.00", "--currency", "USD", "--per", "month"];
        site.ok(&[&["storage", "register"], &third[..]].concat());
        site
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.path("rent.db")
    }

    /// The tool on this site's file, at noon.
    pub(crate) fn tool(&self) -> Command {
        let mut command = tool();
        command.current_dir(self.folder.path()).arg("--db").arg(self.file()).args(["--now", NOON]);
        command
    }

    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Answer {
        Answer::of(self.tool().args(args).output().unwrap())
    }

    /// Runs with `--json`.
    pub(crate) fn json<S: AsRef<OsStr>>(&self, args: &[S]) -> Answer {
        Answer::of(self.tool().arg("--json").args(args).output().unwrap())
    }

    /// Runs with `--json` what must succeed, and answers with the JSON printed.
    pub(crate) fn ok<S: AsRef<OsStr> + std::fmt::Debug>(&self, args: &[S]) -> Value {
        let answer = self.json(args);
        assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{args:?}: {answer:?}");
        answer.json()
    }

    /// Runs with `--json` what must be refused, and answers with the error; stdout must be empty.
    pub(crate) fn refused<S: AsRef<OsStr> + std::fmt::Debug>(&self, code: i32, args: &[S]) -> Value {
        let answer = self.json(args);
        assert_eq!((answer.code, answer.stdout.as_str()), (code, ""), "{args:?}: {answer:?}");
        answer.error()
    }

    /// Panics unless `verify` finds nothing.
    pub(crate) fn assert_clean(&self) {
        assert_eq!(self.ok(&["verify"])["ok"], true);
    }
}
