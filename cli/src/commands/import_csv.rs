//! What an import reads: CSV checked line by line, every bad one told by its number and why.

use std::collections::HashMap;

use csv::{ByteRecord, ReaderBuilder};
use storagerent::{Description, InvalidValue, Lang, Money, Per, Rate, RegisterStorage};

use super::RefusedLine;

/// What checking a file came to.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) storages: Vec<RegisterStorage>,
    pub(super) refused: Vec<RefusedLine>,
    /// Whether the lines can be told from each other, and there is a header to read them by.
    pub(super) usable: bool,
    /// Columns that say something a storage is not made from.
    pub(super) unread: Vec<String>,
}

impl Checked {
    /// Refuses a record, and tells each of its lines: whoever leaves it out leaves out all of them.
    fn refuse(&mut self, line: u64, further: u64, reasons: &[Reason], lang: Lang) {
        self.refused.push(refused(line, reasons, lang));
        let en = format!("a quote in line {line} goes on to here");
        let goes_on = Reason::new(en, format!("{line}번째 줄의 따옴표가 여기까지 이어집니다"));
        self.refused.extend((1..=further).map(|n| refused(line + n, std::slice::from_ref(&goes_on), lang)));
    }
}

/// Columns that `export storages` writes and the site keeps by itself.
const KEPT_BY_THE_SITE: [&str; 4] = ["storageid", "storagestatus", "reviewcnt", "rating"];

/// Checks all of a file.
pub(super) fn check(data: &[u8], lang: Lang) -> Checked {
    let data = data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data);
    let mut checked = Checked { storages: Vec::new(), refused: Vec::new(), usable: true, unread: Vec::new() };
    let mut reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(data);
    let mut lines = Lines { data, at: 0, line: 1 };
    let mut record = ByteRecord::new();
    let mut columns = None;
    loop {
        let started = reader.position().byte();
        // Records of bytes, from memory, of any length: there is nothing left to fail.
        if !reader.read_byte_record(&mut record).unwrap_or(false) {
            break;
        }
        let line = lines.line_of(started);
        if is_unclosed(data, (started, reader.position().byte()), &record) {
            // Whatever lines it has swallowed are no line that could be left out.
            let reason =
                Reason::new("a quote begins here that is never closed", "여기서 연 따옴표가 닫히지 않았습니다");
            checked.refused.push(refused(line, &[reason], lang));
            checked.usable = false;
            return checked;
        }
        let raw = lines.raw_to(reader.position().byte());
        let further = lines_in(raw);
        if further > 0 && !is_well_quoted(raw) {
            let reason = Reason::new(
                "a quote in this line takes the next lines along: close it, or leave it out",
                "이 줄의 따옴표가 다음 줄까지 이어집니다. 닫거나 지우세요",
            );
            if columns.is_none() {
                return unusable(reason.told(lang), line);
            }
            checked.refuse(line, further, &[reason], lang);
            continue;
        }
        match &columns {
            None => match Columns::named(&record) {
                Ok(named) => {
                    checked.unread = unread(&record);
                    columns = Some(named);
                }
                Err(reason) => return unusable(reason.told(lang), line),
            },
            Some(columns) => match columns.storage(&record) {
                Ok(storage) => checked.storages.push(storage),
                Err(reasons) => checked.refuse(line, further, &reasons, lang),
            },
        }
    }
    if columns.is_none() {
        let reason = Reason::new(
            "the file is empty; its first line must name the columns",
            "파일이 비어 있습니다. 첫 줄에 열 이름이 있어야 합니다",
        );
        return unusable(reason.told(lang), 1);
    }
    checked
}

/// Whether the last record goes on over several lines only because a quote in it has no other.
fn is_unclosed(data: &[u8], (from, to): (u64, u64), record: &ByteRecord) -> bool {
    let at = |byte: u64| usize::try_from(byte).unwrap_or(usize::MAX).min(data.len());
    let quotes = || data[at(from)..at(to)].iter().filter(|byte| **byte == b'"').count();
    at(to) == data.len() && record.iter().any(|cell| cell.contains(&b'\n')) && quotes() % 2 == 1
}

fn unusable(reason: String, line: u64) -> Checked {
    let refused = vec![RefusedLine { line, reason }];
    Checked { storages: Vec::new(), refused, usable: false, unread: Vec::new() }
}

/// The columns that are neither looked at nor the site's own to keep: what they were meant to say is not taken.
fn unread(header: &ByteRecord) -> Vec<String> {
    let names = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned());
    let is_known = |name: &str| Columns::READ.contains(&name) || KEPT_BY_THE_SITE.contains(&name);
    names.filter(|name| !name.is_empty() && !is_known(&name.to_ascii_lowercase())).collect()
}

fn refused(line: u64, reasons: &[Reason], lang: Lang) -> RefusedLine {
    let reasons = reasons.iter().map(|reason| reason.told(lang)).collect::<Vec<_>>();
    RefusedLine { line, reason: reasons.join("; ") }
}

/// Counts the lines of a file up to where a record begins. The csv crate's own count lags behind where lines end in CR LF, or
/// are empty.
struct Lines<'a> {
    data: &'a [u8],
    at: usize,
    line: u64,
}

impl Lines<'_> {
    /// The line of the record that was read from here: records come after the line ends that stand here.
    fn line_of(&mut self, started: u64) -> u64 {
        let started = usize::try_from(started).unwrap_or(usize::MAX).min(self.data.len());
        while self.at < started || matches!(self.data.get(self.at), Some(b'\r' | b'\n')) {
            let ends_line = match self.data[self.at] {
                b'\n' => true,
                b'\r' => self.data.get(self.at + 1) != Some(&b'\n'),
                _ => false,
            };
            self.line += u64::from(ends_line);
            self.at += 1;
        }
        self.line
    }

    /// What stands from the record that was begun last up to here, without the end of its line.
    fn raw_to(&self, ended: u64) -> &[u8] {
        let ended = usize::try_from(ended).unwrap_or(usize::MAX).min(self.data.len());
        let mut raw = &self.data[self.at.min(ended)..ended];
        while let [before @ .., b'\r' | b'\n'] = raw {
            raw = before;
        }
        raw
    }
}

/// So many lines a text goes on after its first.
fn lines_in(raw: &[u8]) -> u64 {
    let ends = raw.iter().enumerate().filter(|(at, byte)| match byte {
        b'\n' => true,
        b'\r' => raw.get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    ends.count() as u64
}

/// Whether each cell that begins with a quote ends with one. Where one closes in the midst of a cell, it was hardly meant to open.
fn is_well_quoted(raw: &[u8]) -> bool {
    let mut rest = raw;
    loop {
        if let Some(mut quoted) = rest.strip_prefix(b"\"") {
            loop {
                let Some(at) = quoted.iter().position(|byte| *byte == b'"') else { return false };
                quoted = &quoted[at + 1..];
                match quoted.strip_prefix(b"\"") {
                    Some(after) => quoted = after,
                    None => break,
                }
            }
            rest = quoted;
            if !rest.is_empty() && !rest.starts_with(b",") {
                return false;
            }
        }
        match rest.iter().position(|byte| *byte == b',') {
            Some(at) => rest = &rest[at + 1..],
            None => return true,
        }
    }
}

/// Why a line is bad, in both languages.
struct Reason {
    en: String,
    ko: String,
}

impl Reason {
    fn new(en: impl Into<String>, ko: impl Into<String>) -> Self {
        Reason { en: en.into(), ko: ko.into() }
    }

    fn told(&self, lang: Lang) -> String {
        lang.pick(&self.en, &self.ko).clone()
    }
}

impl From<InvalidValue> for Reason {
    fn from(value: InvalidValue) -> Self {
        let InvalidValue { field, reason, reason_ko } = value;
        Reason::new(format!("{field}: {reason}"), format!("{field}: {reason_ko}"))
    }
}

/// Where the columns are.
struct Columns {
    count: usize,
    description: usize,
    price: usize,
    currency: usize,
    per: Option<usize>,
}

impl Columns {
    const READ: [&str; 4] = ["description", "price", "currency", "per"];

    fn named(header: &ByteRecord) -> Result<Self, Reason> {
        let mut at = HashMap::new();
        for (index, name) in header.iter().enumerate() {
            let name = String::from_utf8_lossy(name).trim().to_ascii_lowercase();
            if at.insert(name.clone(), index).is_some() && !name.is_empty() {
                return Err(Reason::new(
                    format!("there are two columns {name:?}"),
                    format!("{name:?} 열이 두 개입니다"),
                ));
            }
        }
        let needed = |name: &str| {
            at.get(name).copied().ok_or_else(|| {
                let known = "description, price, currency[, per]";
                Reason::new(
                    format!("there is no column {name}; the first line must name {known}"),
                    format!("{name} 열이 없습니다. 첫 줄에 {known} 열 이름이 있어야 합니다"),
                )
            })
        };
        Ok(Columns {
            count: header.len(),
            description: needed("description")?,
            price: needed("price")?,
            currency: needed("currency")?,
            per: at.get("per").copied(),
        })
    }

    /// The storage a line offers, or all that is wrong with it.
    fn storage(&self, record: &ByteRecord) -> Result<RegisterStorage, Vec<Reason>> {
        if record.len() != self.count {
            let (n, of) = (record.len(), self.count);
            return Err(vec![Reason::new(
                format!("cells found: {n}, columns named: {of}"),
                format!("칸 {n}개, 열 {of}개로 맞지 않습니다"),
            )]);
        }
        let Ok(cells) = csv::StringRecord::from_byte_record(record.clone()) else {
            return Err(vec![Reason::new(
                "is not UTF-8; in Excel, save as CSV UTF-8",
                "UTF-8이 아닙니다. 엑셀에서는 'CSV UTF-8(쉼표로 분리)'로 저장하세요",
            )]);
        };
        let cell = |at: usize| cells.get(at).unwrap_or_default();
        let description = Description::new(cell(self.description));
        let per = self.per.map(cell).filter(|per| !per.trim().is_empty()).map_or(Ok(Per::Rental), Per::parse);
        let price = Money::parse(cell(self.price), cell(self.currency)).and_then(Money::above_zero);
        match (description, price, per) {
            (Ok(description), Ok(price), Ok(per)) => {
                let rate = Rate::new(price, per).map_err(|e| vec![e.into()])?;
                Ok(RegisterStorage { description, rate })
            }
            (description, price, per) => {
                let reasons = [description.err(), price.err(), per.err()];
                Err(reasons.into_iter().flatten().map(Reason::from).collect())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_refused(data: &str) -> Vec<u64> {
        check(data.as_bytes(), Lang::En).refused.iter().map(|r| r.line).collect()
    }

    #[test]
    fn line_numbers_are_those_of_an_editor() {
        for end in ["\n", "\r\n", "\r"] {
            let data = ["description,price,currency", "a,1,KRW", "", "", "b,x,KRW", "\"c\n", "d\",2,KRW", ",3,KRW", ""];
            // The quoted cell holds a line feed of its own, whatever ends the lines; it goes on for two lines more.
            assert_eq!(lines_refused(&data.join(end)), [5, 6, 7, 8, 9], "{end:?}");
        }
    }

    #[test]
    fn a_byte_order_mark_and_other_columns_do_no_harm() {
        let data = "\u{feff}storageId, Price ,description,CURRENCY,per,x\r\n7,10.50,Unit,USD,month,\r\n8,3,U,KRW,,\r\n";
        let checked = check(data.as_bytes(), Lang::En);
        assert_eq!(checked.refused, []);
        let rates: Vec<_> = checked.storages.iter().map(|s| (s.rate.price().amount(), s.rate.per())).collect();
        assert_eq!(rates, [(1050, Per::Month), (3, Per::Rental)]);
    }

    #[test]
    fn what_is_no_text_or_ragged_is_a_bad_line() {
        let data = b"description,price,currency\n\xff\xfe,1,KRW\na,1\na,1,KRW,x\n\"open,1,KRW";
        let checked = check(data, Lang::En);
        assert_eq!(checked.refused.iter().map(|r| r.line).collect::<Vec<_>>(), [2, 3, 4, 5]);
        assert!(checked.storages.is_empty() && checked.usable);
    }

    #[test]
    fn a_quote_that_is_never_closed_leaves_no_line_to_be_read() {
        let data = "description,price,currency\na,1,KRW\n\"b,2,KRW\nc,3,KRW\nd,4,KRW\n";
        let checked = check(data.as_bytes(), Lang::En);
        assert!(!checked.usable, "what it swallowed is not left out");
        assert_eq!(checked.refused.iter().map(|r| r.line).collect::<Vec<_>>(), [3]);
        // Quotes that mean nothing, and cells of several lines, do no such harm.
        for fine in ["5\" wide,1,KRW\nb,2,KRW\n", "\"a\nb\",1,KRW\n5\" wide,2,KRW\n"] {
            let checked = check(format!("description,price,currency\n{fine}").as_bytes(), Lang::En);
            assert!(checked.usable && !checked.storages.is_empty(), "{fine}");
        }
    }

    #[test]
    fn lines_that_a_stray_quote_takes_along_are_told_one_by_one() {
        let begun = "description,price,currency\n";
        let stray = "\"5 inch shelf,1,KRW\ngood1,2,KRW\ngood2,3,KRW\n\"other,4,KRW\nlast,5,KRW\n";
        let checked = check(format!("{begun}{stray}").as_bytes(), Lang::En);
        assert_eq!((checked.storages.len(), checked.usable), (1, true));
        assert_eq!(checked.refused.iter().map(|r| r.line).collect::<Vec<_>>(), [2, 3, 4, 5]);
        assert!(checked.refused[1].reason.contains("line 2"), "{:?}", checked.refused);
        // Nor does it take them into a column that is not read.
        let header = "description,price,currency,note\n";
        let data = format!("{header}a,1,KRW,\"5 inch\nb,2,KRW,x\nc,3,KRW,\"6 inch\nd,4,KRW,\"a\nnote\"\n");
        let checked = check(data.as_bytes(), Lang::Ko);
        assert_eq!(checked.refused.iter().map(|r| r.line).collect::<Vec<_>>(), [2, 3, 4]);
        assert_eq!(checked.storages.iter().map(|s| s.description.as_str()).collect::<Vec<_>>(), ["d"]);
        let data = "description,price,currency,\"note\na,1,KRW,x\nb,2,KRW,\"y\nc,3,KRW,z\n";
        assert!(!check(data.as_bytes(), Lang::En).usable, "the first line takes others along");
    }

    #[test]
    fn a_file_without_the_columns_is_not_usable() {
        for data in ["", "\n\n", "a,1,KRW\n", "description,price\n", "price,price,description,currency\n"] {
            let checked = check(data.as_bytes(), Lang::Ko);
            assert!(!checked.usable && checked.refused.len() == 1, "{data:?}");
        }
    }

    #[test]
    fn all_that_is_wrong_with_a_line_is_told() {
        let checked = check(b"description,price,currency,per\n,x,KRW,week\n", Lang::En);
        let reason = &checked.refused[0].reason;
        assert!(reason.contains("description:") && reason.contains("price:") && reason.contains("per:"), "{reason}");
    }
}
