//! `storage import`: many storages from a CSV file, all of them or none.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;
use storagerent::{Caller, ImportStorages, Lang, RegisterStorage};

use super::import_csv::{self, Checked};
use crate::cli::Globals;
use crate::failure::{self, Failure};
use crate::output::{Output, words};
use crate::site::{self, Site};

/// Files larger than this are no lists of storages.
const BYTES_MAX: u64 = 512 * 1024 * 1024;

#[derive(Debug, Args)]
#[command(after_help = "\
The first line names the columns: description, price, currency, and perhaps
per (rental, day or month; an empty cell is rental). Others are not read, and
said to be, but for those of `export storages` that the site keeps by itself. Prices are in major
units. UTF-8, with or without a byte order mark. Cells are taken as they are:
an apostrophe that `export` put before =, +, - or @ stays.

A file with a bad line is refused as a whole (exit 2), every bad line told by
its number and why; so is each line that a quote takes along.")]
pub(crate) struct ImportArgs {
    /// The file; - is stdin
    #[arg(value_name = "FILE.csv")]
    file: PathBuf,
    /// Leave bad lines out instead of refusing the file
    #[arg(long)]
    skip_bad: bool,
    /// Only check, and say what would be done
    #[arg(long)]
    dry_run: bool,
}

/// A line that was refused, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct RefusedLine {
    /// Its number in the file, the header being 1.
    pub(crate) line: u64,
    pub(crate) reason: String,
}

/// What an import came to.
#[derive(Serialize)]
struct Imported<'a> {
    imported: usize,
    refused: &'a [RefusedLine],
}

impl ImportArgs {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let out = globals.output();
        let data = read(&self.file)?;
        let Checked { storages, refused, usable, unread } = import_csv::check(&data, out.lang());
        drop(data);
        let may_go_on = refused.is_empty() || (self.skip_bad && usable);
        if !may_go_on {
            return Err(Failure::ImportRefused { refused, skips: usable });
        }
        if !unread.is_empty() {
            let names = unread.join(", ");
            out.remark(&out.lang().pick(format!("columns not read: {names}"), format!("읽지 않은 열: {names}")));
        }
        let imported = storages.len();
        let report = Imported { imported, refused: &refused };
        if self.dry_run || imported == 0 {
            // A site that is there does what is due, as with every command; for a check none is made.
            let there = site::file(globals).and_then(|path| fs::metadata(&path).map_err(|e| Failure::file(&path, e)));
            return match there.is_ok_and(|data| data.len() > 0) {
                true => Site::reading(globals, |_| self.report(&out, &report)),
                false => self.report(&out, &report),
            };
        }
        // Told as soon as it is kept: letting the consumers follow may take a while.
        Site::writing(globals, |site| {
            write(site, storages)?;
            self.report(&out, &report)
        })
    }

    fn report(&self, out: &Output, report: &Imported<'_>) -> Result<(), Failure> {
        let lang = out.lang();
        if !out.is_json() {
            failure::tell_refused(report.refused, lang);
        }
        let (n, out_of) = (words::grouped(report.imported as u64), report.refused.len());
        let s = if report.imported == 1 { "storage" } else { "storages" };
        let mut sentence = match self.dry_run {
            true => lang.pick(format!("{n} {s} would be imported"), format!("창고 {n}개를 가져올 수 있습니다")),
            false => lang.pick(format!("{n} {s} imported"), format!("창고 {n}개를 가져왔습니다")),
        };
        if out_of > 0 {
            let lines = if out_of == 1 { "line" } else { "lines" };
            let rest = lang.pick(format!(", {out_of} {lines} left out"), format!(", {out_of}개 줄은 건너뛰었습니다"));
            sentence.push_str(&rest);
        }
        out.say(report, &sentence)
    }
}

fn write(site: &Site, storages: Vec<RegisterStorage>) -> Result<(), Failure> {
    let waiting = spinner(storages.len(), site.out.lang());
    let written = site.app.import(&Caller::manager(), ImportStorages { storages });
    waiting.finish_and_clear();
    written?;
    Ok(())
}

/// indicatif draws on stderr, and only on a terminal.
fn spinner(n: usize, lang: Lang) -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.set_message(lang.pick(format!("writing {n} storages"), format!("창고 {n}개를 쓰는 중")));
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// All of the file, read with a bar where there is a terminal to show it on.
fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    let mut data = Vec::new();
    let read = if path.as_os_str() == "-" {
        io::stdin().lock().take(BYTES_MAX + 1).read_to_end(&mut data)
    } else {
        let file = File::open(path).map_err(|e| Failure::file(path, e))?;
        let bar = ProgressBar::new(file.metadata().map_or(0, |about| about.len()));
        let style = ProgressStyle::with_template("{bar:30} {bytes}/{total_bytes}");
        bar.set_style(style.expect("the template is well formed"));
        let read = bar.wrap_read(file).take(BYTES_MAX + 1).read_to_end(&mut data);
        bar.finish_and_clear();
        read
    };
    read.map_err(|e| Failure::file(path, e))?;
    if data.len() as u64 > BYTES_MAX {
        return Err(Failure::file(path, io::Error::new(io::ErrorKind::FileTooLarge, "the file is too large")));
    }
    Ok(data)
}
