//! The report: a table in Markdown, the medians as JSON, and a picture, from lines of figures.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use crate::measure::Figures;
use crate::site::Failure;

/// The order of the table.
const ORDER: [&str; 15] = [
    "floor-one",
    "hand-group",
    "hand-one",
    "hand-two",
    "peer",
    "at-once",
    "callers",
    "alone",
    "mixed",
    "cancel",
    "view-page",
    "view-one",
    "rebuild",
    "open",
    "memory",
];
/// What the picture shows.
const DRAWN: [&str; 7] = ["hand-group", "hand-one", "hand-two", "peer", "at-once", "callers", "alone"];

const WIDTH: f64 = 760.0;
const BAR: f64 = 18.0;
const LEFT: f64 = 340.0;

/// Reads the lines, prints the table, and writes the picture and, beside it, the medians as JSON.
pub(crate) fn write(lines: &Path, svg: &Path) -> Result<(), Failure> {
    let medians = medians(&std::fs::read_to_string(lines)?)?;
    print!("{}", table(&medians));
    std::fs::write(svg, picture(&medians))?;
    std::fs::write(svg.with_extension("json"), serde_json::to_string_pretty(&medians)? + "\n")?;
    Ok(())
}

/// Of the rounds of each case, the one with the median rate.
fn medians(lines: &str) -> Result<Vec<Figures>, Failure> {
    let mut cases: BTreeMap<(u64, usize, String), Vec<Figures>> = BTreeMap::new();
    for line in lines.lines().filter(|line| !line.trim().is_empty()) {
        let one: Figures = serde_json::from_str(line)?;
        let place = ORDER.iter().position(|case| *case == one.case).unwrap_or(ORDER.len());
        cases.entry((one.storages, place, one.who.clone())).or_default().push(one);
    }
    let median = |mut rounds: Vec<Figures>| {
        rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
        rounds.swap_remove(rounds.len() / 2)
    };
    Ok(cases.into_values().map(median).collect())
}

fn name(one: &Figures) -> String {
    let case = match one.case.as_str() {
        "floor-one" => "kept nowhere",
        "hand-group" => "64 reservations a transaction",
        "hand-one" => "a transaction each",
        "hand-two" => "two transactions each",
        "peer" => "two commands each",
        "at-once" => "256 submitted at once",
        "callers" => "64 blocking callers",
        "alone" => "one caller",
        "mixed" => "one caller, 70 % reads",
        "cancel" => "cancel, one caller",
        "view-page" => "view page of 100",
        "view-one" => "one storage of the view",
        "rebuild" => "events folded when the view is rebuilt",
        "open" => "open",
        other => other,
    };
    format!("{}: {case}", one.who)
}

fn table(medians: &[Figures]) -> String {
    let mut text = "| storages | what | per second | median µs | 99 % µs | CPU µs | bytes written | memory MB |\n\
                    | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        .to_owned();
    for one in medians {
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {} | {} | {:.0} | {:.1} | {:.1} | {:.1} | {:.0} | {:.0} |",
            one.storages,
            name(one),
            one.per_second,
            one.p50_us,
            one.p99_us,
            one.cpu_us,
            one.bytes_written,
            one.memory_mb
        );
    }
    text
}

/// Bars of the reservations a second at the largest size.
fn picture(medians: &[Figures]) -> String {
    let largest = medians.iter().map(|one| one.storages).max().unwrap_or(0);
    let drawn: Vec<_> =
        medians.iter().filter(|one| one.storages == largest && DRAWN.contains(&one.case.as_str())).collect();
    let most = drawn.iter().map(|one| one.per_second).fold(1.0, f64::max);
    let height = 40.0 + drawn.len() as f64 * (BAR + 8.0);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"13\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"8\" y=\"20\" font-weight=\"bold\">Reservations a second, {largest} storages</text>\n"
    );
    for (n, one) in drawn.iter().enumerate() {
        let y = 34.0 + n as f64 * (BAR + 8.0);
        let width = (one.per_second / most * (WIDTH - LEFT - 80.0)).max(1.0);
        let colour = if one.who == "storagerent" { "#0b6e4f" } else { "#9aa5b1" };
        let _ = writeln!(
            svg,
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\
             <rect x=\"{LEFT}\" y=\"{y}\" width=\"{width:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>\
             <text x=\"{:.1}\" y=\"{}\">{:.0}</text>",
            LEFT - 8.0,
            y + 13.0,
            name(one),
            LEFT + width + 6.0,
            y + 13.0,
            one.per_second
        );
    }
    svg + "</svg>\n"
}
