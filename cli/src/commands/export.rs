//! `export`: lists as CSV (RFC 4180), for spreadsheets and for `storage import`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use csv::{Terminator, WriterBuilder};
use serde::Serialize;
use storagerent::chrono::SecondsFormat;
use storagerent::{Page, PaymentRow, ReservationFilter, ReservationRow, StorageRow};

use crate::cli::Globals;
use crate::failure::Failure;
use crate::output::{self, safe, words};
use crate::site::{self, Site};

#[derive(Debug, Subcommand)]
pub(crate) enum ExportCommand {
    /// All storages; `storage import` reads them again
    Storages(ExportArgs),
    /// All reservations
    Reservations(ExportArgs),
    /// All payments
    Payments(ExportArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Prices are in major units. A cell that a spreadsheet would take for a formula,
because it begins with =, +, - or @, gets an apostrophe before it.")]
pub(crate) struct ExportArgs {
    /// The file, replaced if it is there, unless it is a database; stdout if not given
    #[arg(value_name = "FILE.csv")]
    file: Option<PathBuf>,
}

/// What was written to a file.
#[derive(Serialize)]
struct Exported {
    file: String,
    exported: usize,
}

/// The lines of a table, made safe, header first.
struct Csv {
    bytes: Vec<u8>,
    rows: usize,
}

impl ExportCommand {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        Site::reading(globals, |site| {
            let all = Page::default();
            match &self {
                ExportCommand::Storages(args) => {
                    args.write(globals, site, csv(STORAGE, &site.app.storages(all)?, storage))
                }
                ExportCommand::Reservations(args) => {
                    let rows = site.app.reservations(&ReservationFilter::default(), all)?;
                    args.write(globals, site, csv(RESERVATION, &rows, reservation))
                }
                ExportCommand::Payments(args) => {
                    args.write(globals, site, csv(PAYMENT, &site.app.payments(all)?, payment))
                }
            }
        })
    }
}

impl ExportArgs {
    fn write(&self, globals: &Globals, site: &Site, csv: Csv) -> Result<(), Failure> {
        let Some(file) = self.file.as_deref().filter(|file| file.as_os_str() != "-") else {
            return output::bytes(&csv.bytes);
        };
        if is_a_sites(file, globals)? {
            return Err(Failure::FileExists { path: file.to_owned() });
        }
        replace(file, &csv.bytes).map_err(|e| Failure::file(file, e))?;
        let (file, exported) = (file.display().to_string(), csv.rows);
        let lang = site.out.lang();
        let (n, s) = (words::grouped(exported as u64), if exported == 1 { "row" } else { "rows" });
        let sentence = lang.pick(format!("{n} {s} written to {file}"), format!("{file}에 {n}행을 썼습니다"));
        site.out.say(&Exported { file, exported }, &sentence)
    }
}

/// Whether a file is a database, of whatever site or payment service, or lies beside this one's: what is in it would be gone for good.
fn is_a_sites(file: &Path, globals: &Globals) -> Result<bool, Failure> {
    let real = |path: &Path| fs::canonicalize(path).ok();
    let Some(target) = real(file) else { return Ok(false) };
    let site = site::file(globals)?;
    let (books, sides) = (site::books(&site), ["", "-wal", "-shm"]);
    let mut ours = [&site, &books].into_iter().flat_map(|one| sides.map(|side| site::beside(one, side)));
    if ours.any(|ours| real(&ours).as_ref() == Some(&target)) {
        return Ok(true);
    }
    if !target.is_file() {
        return Ok(false);
    }
    let mut first = Vec::new();
    let opened = File::open(&target).map_err(|e| Failure::file(file, e))?;
    opened.take(MAGIC.len() as u64).read_to_end(&mut first).map_err(|e| Failure::file(file, e))?;
    Ok(first == MAGIC)
}

/// What every SQLite database begins with.
const MAGIC: &[u8] = b"SQLite format 3\0";

/// Writes a file as a whole, or not at all. What is no plain file, such as a pipe, is written as it is.
fn replace(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let file = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    if fs::metadata(&file).is_ok_and(|about| !about.is_file()) {
        return File::options().write(true).open(&file)?.write_all(bytes);
    }
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut draft = tempfile::Builder::new();
    draft.prefix(".storagerent-").suffix(".csv");
    // As any new file: readable by whom the umask lets.
    #[cfg(unix)]
    draft.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let mut draft = draft.tempfile_in(folder)?;
    if let Ok(about) = fs::metadata(&file) {
        draft.as_file().set_permissions(about.permissions())?;
    }
    draft.write_all(bytes)?;
    draft.as_file().sync_all()?;
    draft.persist(&file)?;
    Ok(())
}

const STORAGE: &[&str] =
    &["storageId", "description", "price", "currency", "per", "storageStatus", "reviewCnt", "rating", "withdrawn"];
const RESERVATION: &[&str] = &[
    "reservationId",
    "storageId",
    "customer",
    "from",
    "until",
    "price",
    "currency",
    "reservationStatus",
    "paymentId",
    "holdExpiresAt",
    "paidUntil",
    "correlationId",
];
const PAYMENT: &[&str] = &["paymentId", "reservationId", "storageId", "price", "currency", "paymentStatus"];

fn text(value: impl ToString) -> String {
    value.to_string()
}

fn maybe(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, text)
}

fn storage(row: &StorageRow) -> Vec<String> {
    let price = row.rate.price();
    vec![
        text(row.storage_id),
        text(&row.description),
        price.major(),
        text(price.currency().code()),
        text(row.rate.per().as_str()),
        text(row.storage_status.as_str()),
        text(row.review_cnt),
        maybe(row.rating),
        text(row.withdrawn),
    ]
}

fn reservation(row: &ReservationRow) -> Vec<String> {
    let booking = &row.booking;
    vec![
        text(booking.reservation_id),
        text(booking.storage_id),
        text(&booking.customer),
        text(booking.period.from()),
        maybe(booking.period.until()),
        booking.price.major(),
        text(booking.price.currency().code()),
        text(row.reservation_status.as_str()),
        text(booking.payment_id),
        maybe(row.hold_expires_at.map(|at| at.to_rfc3339_opts(SecondsFormat::AutoSi, true))),
        maybe(row.paid_until),
        text(row.correlation_id.as_str()),
    ]
}

fn payment(row: &PaymentRow) -> Vec<String> {
    vec![
        text(row.payment_id),
        text(row.reservation_id),
        text(row.storage_id),
        row.price.major(),
        text(row.price.currency().code()),
        text(row.payment_status.as_str()),
    ]
}

fn csv<T>(header: &[&str], rows: &[T], cells: impl Fn(&T) -> Vec<String>) -> Csv {
    let mut writer = WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new());
    let written = writer.write_record(header).and_then(|()| {
        rows.iter().try_for_each(|row| writer.write_record(cells(row).iter().map(|cell| harmless(cell))))
    });
    written.expect("every record has the header's cells, and a Vec takes every byte");
    let bytes = writer.into_inner().expect("a Vec takes every byte");
    Csv { bytes, rows: rows.len() }
}

/// A cell that is no formula to any spreadsheet, and no command to a terminal.
fn harmless(cell: &str) -> String {
    const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
    // Where lists are written with semicolons, a spreadsheet begins a cell after each.
    let cells = cell.split_inclusive(';').map(|part| {
        let apostrophe = if part.trim_start_matches([' ', '"']).starts_with(FORMULA) { "'" } else { "" };
        format!("{apostrophe}{}", safe::line(part))
    });
    cells.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_defused_and_other_text_is_left_alone() {
        for cell in ["=1+1", "+1", "-1", "@SUM(A1)", "＝1"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
        assert_eq!(harmless("강남 소형 1평 - CCTV"), "강남 소형 1평 - CCTV");
        assert_eq!(harmless("\t=1"), "'\\u{9}=1");
        assert_eq!(harmless("a;=1;b; \"@x"), "a;'=1;b;' \"@x");
    }

    #[test]
    fn cells_are_quoted_as_rfc_4180_says() {
        let csv = csv(&["a", "b"], &[("say \"hi\", you", "plain")], |row| vec![row.0.to_owned(), row.1.to_owned()]);
        assert_eq!(String::from_utf8(csv.bytes).unwrap(), "a,b\r\n\"say \"\"hi\"\", you\",plain\r\n");
    }
}
