//! CSV files, through the very code `storage import` reads them with, and into an application on the memory store.

use storagerent::{Caller, ImportStorages, Lang};

use super::dice::Dice;
use super::json::short;
use super::properties::{Before, broken};
use super::{World, bend, values};
use crate::{Kept, Site, customer};

/// A line that was refused, and why: as the program has it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RefusedLine {
    line: u64,
    reason: String,
}

/// The program's own file: it is a program only, and no library.
#[path = "../../../cli/src/commands/import_csv.rs"]
mod import_csv;

pub(super) fn feed(mut world: World<'_>) {
    let site = Site::new(Kept::Memory);
    while world.goes_on() {
        let data = sheet(&mut world.dice);
        world.feed(|| short(&data), |dice| import(&site, &data, dice));
    }
}

fn import(site: &Site, data: &[u8], dice: &mut Dice) -> Result<bool, String> {
    let lang = dice.pick(&[Lang::En, Lang::Ko]);
    let import_csv::Checked { storages, refused, usable, .. } = import_csv::check(data, lang);
    let lines = 1 + data.iter().filter(|b| matches!(b, b'\n' | b'\r')).count() as u64;
    if refused.iter().any(|r| r.line == 0 || r.line > lines) || !refused.is_sorted_by(|a, b| a.line < b.line) {
        return Err(format!("lines that cannot be, of {lines}: {refused:?}"));
    }
    if !usable && (!storages.is_empty() || refused.len() != 1) {
        return Err(format!("not usable, yet {} storages, {} lines refused", storages.len(), refused.len()));
    }
    let (app, count) = (&site.app, storages.len());
    let caller = if dice.one_in(8) { customer("kim") } else { Caller::manager() };
    let before = Before::look(app, dice.one_in(8))?;
    match app.import(&caller, ImportStorages { storages }) {
        Ok(ids) if caller.is_manager() && ids.len() == count => {
            before.lawful(app)?;
            together(site, &before, count)?;
            Ok(usable && refused.is_empty())
        }
        Ok(ids) => Err(format!("{} of {count} storages were imported by {caller:?}", ids.len())),
        Err(_) if !caller.is_manager() => before.unchanged(app).map(|()| false),
        Err(error) => Err(broken(error)),
    }
}

/// The new events are one registration each, under one correlation id; what consumers made of older ones apart.
fn together(site: &Site, before: &Before, count: usize) -> Result<(), String> {
    let mut new = before.events_since(&site.app)?;
    new.retain(|event| event.causation_id.is_none());
    let one = new.iter().all(|e| e.correlation_id == new[0].correlation_id);
    let registered = new.iter().all(|e| e.event.event_type() == "StorageRegistered");
    if one && registered && new.len() == count { Ok(()) } else { Err("not imported as one".to_owned()) }
}

/// A sheet as people send it, bent: cells, line ends, quotes, columns, bytes.
pub(super) fn sheet(dice: &mut Dice) -> Vec<u8> {
    let mut columns = vec!["description", "price", "currency"];
    if dice.one_in(2) {
        columns.push("per");
    }
    for _ in 0..dice.below(3) {
        let at = dice.below(columns.len() + 1);
        columns.insert(at, dice.pick(&["storageId", "", "", "x", "PRICE ", "per"]));
    }
    let end = dice.pick(&["\n", "\n", "\r\n", "\r", "\n\n"]);
    let mut text = columns.join(",") + end;
    for _ in 0..dice.few(60) {
        let cells: Vec<String> = columns.iter().map(|column| cell(column, dice)).collect();
        text.push_str(&cells.join(","));
        text.push_str(end);
    }
    let mut data = text.into_bytes();
    if dice.one_in(2) {
        bend::bytes(&mut data, dice);
    }
    if dice.one_in(40) {
        data = (0..dice.few(2_000)).map(|_| dice.byte()).collect();
    }
    data
}

fn cell(column: &str, dice: &mut Dice) -> String {
    let sound = !dice.one_in(6);
    let raw = match column {
        "description" if sound => "강남, \"소형\" 1평".to_owned(),
        "description" => values::text(dice),
        "price" if sound => (1 + dice.below(300_000)).to_string(),
        "currency" if sound => dice.pick(&["KRW", "USD", " JPY"]).to_owned(),
        "per" if sound => dice.pick(&["", "day", "rental", " month "]).to_owned(),
        "price" => values::amount(dice),
        "currency" => values::currency(dice),
        _ => values::any_text(dice),
    };
    if dice.one_in(30) { raw } else { format!("\"{}\"", raw.replace('"', "\"\"")) }
}
