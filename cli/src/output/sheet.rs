//! Tables and cards: aligned by the width characters have on a terminal, and fitted to it where there is one.

use std::io::{self, IsTerminal};

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle, Width,
};
use unicode_width::UnicodeWidthStr;

use super::field::{Field, Tone};
use super::{likes_colour, painted, safe};

/// Between columns.
const GAP: usize = 2;
/// Free text is not squeezed below this as long as something else can be folded away.
const FREE_WIDTH_MIN: usize = 24;
/// Nor below this at all: rows are then shown as cards.
const FREE_WIDTH_LEAST: usize = 16;
/// Below this nothing fits; the terminal may wrap as it likes.
const TERMINAL_WIDTH_MIN: u16 = 20;

const PLAIN: TableStyle = TableStyle::new();
const RULED: TableStyle = TableStyle::new().header_separator(LineStyle::none().fill('─'));

/// The sheet rows are written on: its width, if it has one, and whether it takes colours.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sheet {
    pub(super) width: Option<u16>,
    pub(super) colour: bool,
    terminal: bool,
}

/// Which columns stand, and how wide they are; the others are folded under the free text.
struct Layout {
    stands: Vec<bool>,
    /// Of the columns that stand; none where they may be as wide as they like.
    widths: Option<Vec<usize>>,
}

impl Sheet {
    /// A terminal's width, or what `COLUMNS` says; none for files and pipes: nothing is then wrapped.
    pub(super) fn of_stdout() -> Self {
        let stdout = io::stdout();
        let terminal = stdout.is_terminal();
        let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.trim().parse().ok());
        let measured = || terminal.then(|| terminal_size::terminal_size_of(&stdout)).flatten().map(|(w, _)| w.0);
        let width = columns.or_else(measured).filter(|width| *width >= TERMINAL_WIDTH_MIN);
        Sheet { width, colour: likes_colour(&stdout), terminal }
    }

    /// Many rows, one line each where they fit.
    pub(super) fn table(&self, rows: &[Vec<Field>]) -> String {
        let listed = |row: &Vec<Field>| row.iter().filter(|field| !field.alone_only).cloned().collect::<Vec<_>>();
        let rows: Vec<Vec<Field>> = rows.iter().map(listed).collect();
        let Some(first) = rows.first() else { return String::new() };
        let Some(layout) = lay_out(&rows, self.width.map(usize::from)) else {
            return rows.iter().map(|row| self.card(row)).collect::<Vec<_>>().join("\n");
        };
        let mut table = Table::new();
        table.force_no_tty().load_style(if self.terminal { RULED } else { PLAIN });
        table.set_content_arrangement(ContentArrangement::Disabled);
        if self.colour {
            table.enforce_styling();
        }
        table.set_header(standing(first, &layout).map(|field| self.header(field)));
        for row in &rows {
            table.add_row(standing(row, &layout).map(|field| self.cell(field, row, &layout)).collect::<Vec<_>>());
        }
        let columns = standing(first, &layout).count();
        for (at, column) in table.column_iter_mut().enumerate() {
            let padding = if at + 1 < columns { GAP } else { 0 };
            column.set_padding((0, narrow(padding)));
            if let Some(width) = layout.widths.as_ref().and_then(|widths| widths.get(at)) {
                column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(narrow(width + padding))));
            }
        }
        if let Some(width) = self.width {
            table.set_width(width).set_content_arrangement(ContentArrangement::Dynamic);
        }
        table.trim_fmt() + "\n"
    }

    fn header(&self, field: &Field) -> Cell {
        let cell = Cell::new(field.heading).set_alignment(alignment(field));
        if self.colour { cell.add_attribute(Attribute::Bold) } else { cell }
    }

    fn cell(&self, field: &Field, row: &[Field], layout: &Layout) -> Cell {
        let mut text = safe::line(&field.text).into_owned();
        if field.flexible {
            let under = folded(row, layout);
            text.push_str(if under.is_empty() { "" } else { "\n" });
            text.push_str(&under);
        }
        let cell = Cell::new(text).set_alignment(alignment(field));
        match (self.colour, field.tone) {
            (false, _) | (true, Tone::Plain) => cell,
            (true, Tone::Good) => cell.fg(Color::DarkGreen),
            (true, Tone::Waiting) => cell.fg(Color::DarkYellow),
            (true, Tone::Bad) => cell.fg(Color::DarkRed),
            (true, Tone::Faint) => cell.add_attribute(Attribute::Dim),
            (true, Tone::Strong) => cell.add_attribute(Attribute::Bold),
        }
    }

    /// One row, a line per field.
    pub(super) fn card(&self, fields: &[Field]) -> String {
        let label_width = fields.iter().map(|field| field.label.width()).max().unwrap_or(0);
        let mut card = String::new();
        for Field { label, text, tone, .. } in fields {
            let pad = " ".repeat(label_width - label.width() + GAP);
            let text = safe::line(text);
            let (label, text) = match self.colour {
                true => (painted(Tone::Faint.style(), label), painted(tone.style(), &text)),
                false => ((*label).to_owned(), text.into_owned()),
            };
            card.push_str(&format!("{label}{pad}{text}\n"));
        }
        card
    }
}

fn alignment(field: &Field) -> CellAlignment {
    if field.right { CellAlignment::Right } else { CellAlignment::Left }
}

fn narrow(width: usize) -> u16 {
    u16::try_from(width).unwrap_or(u16::MAX)
}

fn standing<'a>(row: &'a [Field], layout: &'a Layout) -> impl Iterator<Item = &'a Field> {
    row.iter().zip(&layout.stands).filter(|(_, stands)| **stands).map(|(field, _)| field)
}

/// What was folded away, as a line under the free text.
fn folded(row: &[Field], layout: &Layout) -> String {
    let away = row.iter().zip(&layout.stands).filter(|(field, stands)| !**stands && field.text != "-");
    let told = away.map(|(field, _)| match field.bare {
        true => safe::line(&field.text).into_owned(),
        false => format!("{} {}", field.heading, safe::line(&field.text)),
    });
    told.collect::<Vec<_>>().join(" · ")
}

/// Fits columns to a width: free text gives way first, then columns that fold do, the last first. `None` when even that is
/// too wide.
fn lay_out(rows: &[Vec<Field>], width: Option<usize>) -> Option<Layout> {
    let first = rows.first()?;
    let widest = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|field| safe::line(&field.text).width());
        cells.chain([first[at].heading.width()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..first.len()).map(widest).collect();
    let mut stands = vec![true; first.len()];
    let Some(width) = width else { return Some(Layout { stands, widths: None }) };
    loop {
        let at: Vec<usize> = (0..first.len()).filter(|at| stands[*at]).collect();
        let room = width.checked_sub(GAP * (at.len() - 1));
        let fixed: usize = at.iter().filter(|at| !first[**at].flexible).map(|at| widths[*at]).sum();
        let free: Vec<usize> = at.iter().filter(|at| first[**at].flexible).map(|at| widths[*at]).collect();
        let folds = at.iter().rev().find(|at| first[**at].folds && !free.is_empty());
        if let Some(left) = room.and_then(|room| room.checked_sub(fixed))
            && let Some(shares) = share(left, &free, if folds.is_some() { FREE_WIDTH_MIN } else { FREE_WIDTH_LEAST })
        {
            let mut shares = shares.into_iter();
            let fitted = |at: &usize| if first[*at].flexible { shares.next().unwrap_or(0) } else { widths[*at] };
            let widths = at.iter().map(fitted).collect();
            return Some(Layout { stands, widths: Some(widths) });
        }
        stands[*folds?] = false;
    }
}

/// Shares a width among columns of free text, none below `at_least` unless it needs no more; `None` when there is not enough.
fn share(left: usize, free: &[usize], at_least: usize) -> Option<Vec<usize>> {
    let needed: usize = free.iter().map(|width| (*width).min(at_least)).sum();
    if needed > left {
        return None;
    }
    let mut shares: Vec<usize> = free.iter().map(|width| (*width).min(at_least)).collect();
    let mut spare = left - needed;
    while spare > 0 {
        let Some(hungry) = (0..free.len()).filter(|at| shares[*at] < free[*at]).min_by_key(|at| shares[*at]) else {
            break;
        };
        shares[hungry] += 1;
        spare -= 1;
    }
    Some(shares)
}

#[cfg(test)]
mod tests {
    use storagerent::Lang;

    use super::*;
    use crate::output::Fields;

    fn rows() -> Vec<Vec<Field>> {
        let row = |id: u64, text: &str| {
            let fields = Fields::new(Lang::En).number("storage", "창고", id).free("description", "설명", text);
            let fields = fields.text("period", "기간", "2026-11-22 ~ 2027-01-01").folds().bare();
            fields.number("price", "가격", "1,035,000 KRW").folds().done()
        };
        vec![row(1, "강남 소형 1평 · 화물엘리베이터"), row(1_000, "Downtown \u{1b}[31m unit")]
    }

    fn sheet(width: Option<u16>) -> Sheet {
        Sheet { width, terminal: false, colour: false }
    }

    #[test]
    fn without_a_width_nothing_is_wrapped_and_wide_characters_align() {
        let table = sheet(None).table(&rows());
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines.len(), 3, "{table}");
        assert!(lines.iter().all(|line| line.width() == lines[0].width()), "{table}");
    }

    #[test]
    fn a_table_is_never_wider_than_the_terminal_and_loses_nothing() {
        for width in 20..140 {
            let table = sheet(Some(width)).table(&rows());
            let squeezed: String = table.split_whitespace().collect();
            assert!(squeezed.contains("1,035,000"), "{width}\n{table}");
            if width >= 36 {
                assert!(table.lines().all(|line| line.width() <= usize::from(width)), "{width}\n{table}");
            }
        }
    }

    #[test]
    fn no_control_character_reaches_a_table_or_a_card() {
        let text = sheet(Some(60)).table(&rows()) + &sheet(None).card(&rows()[1]);
        assert!(!safe::needed(&text.replace('\n', "")), "{text:?}");
    }
}
