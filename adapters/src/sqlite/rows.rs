//! Rows and values: how days, moments, keys and words are kept, and how a row is read back without trusting it.

use std::cell::Cell;
use std::fmt::Display;

use rusqlite::types::{FromSql, ValueRef};
use storagerent_core::chrono::{DateTime, Days, NaiveDate, Utc};
use storagerent_core::effect::Lease;
use storagerent_core::ports::StoreError;
use storagerent_core::shared::{CorrelationId, Key, Money, Period, currency_of, first_unsafe};
use storagerent_core::storage::Rating;

/// Days as SQLite keeps them: whole days since 1970.
pub(super) fn day(day: NaiveDate) -> i64 {
    (day - NaiveDate::default()).num_days()
}

/// Moments as SQLite keeps them: microseconds since 1970, UTC.
pub(super) fn moment(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

/// Keys as SQLite keeps them: 16 bytes.
pub(super) fn key(key: Key) -> [u8; 16] {
    key.bits().to_be_bytes()
}

/// A number to look up. Beyond 63 bits nothing is ever kept, so the largest stands for all of those.
pub(super) fn sought(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number to keep.
pub(super) fn kept(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Other(format!("{number} is too large a number to keep")))
}

/// A row of a table, read column by column in order; whatever makes no sense is reported by table and row.
pub(super) struct Columns<'r> {
    table: &'static str,
    row: &'r rusqlite::Row<'r>,
    at: Cell<usize>,
}

impl<'r> Columns<'r> {
    /// The first column must be the row's key.
    pub(super) fn of(table: &'static str, row: &'r rusqlite::Row<'r>) -> Self {
        Columns { table, row, at: Cell::new(0) }
    }

    fn next<T: FromSql>(&self) -> Result<T, StoreError> {
        let at = self.at.replace(self.at.get() + 1);
        self.row.get(at).map_err(|e| self.wrong(e))
    }

    /// Says what is wrong with the column read last.
    fn wrong(&self, what: impl Display) -> StoreError {
        let at = self.at.get().saturating_sub(1);
        let column = self.row.as_ref().column_name(at).unwrap_or("?");
        StoreError::Corrupt(format!("{} row {}: {column}: {what}", self.table, self.name()))
    }

    fn name(&self) -> String {
        match self.row.get_ref(0) {
            Ok(ValueRef::Integer(id)) => id.to_string(),
            Ok(ValueRef::Text(text)) => String::from_utf8_lossy(text).into_owned(),
            Ok(_) | Err(_) => "?".to_owned(),
        }
    }

    pub(super) fn checked<T, U>(&self, read: impl FnOnce(T) -> Result<U, String>) -> Result<U, StoreError>
    where
        T: FromSql,
    {
        read(self.next()?).map_err(|what| self.wrong(what))
    }

    fn maybe<T, U>(&self, read: impl FnOnce(T) -> Result<U, String>) -> Result<Option<U>, StoreError>
    where
        T: FromSql,
    {
        let value: Option<T> = self.next()?;
        value.map(read).transpose().map_err(|what| self.wrong(what))
    }

    pub(super) fn int(&self) -> Result<i64, StoreError> {
        self.next()
    }

    pub(super) fn number<N: From<u64>>(&self) -> Result<N, StoreError> {
        self.checked(number).map(N::from)
    }

    pub(super) fn maybe_number<N: From<u64>>(&self) -> Result<Option<N>, StoreError> {
        self.maybe(|n| number(n).map(N::from))
    }

    pub(super) fn small<N: TryFrom<i64>>(&self) -> Result<N, StoreError> {
        self.checked(|n: i64| N::try_from(n).map_err(|_| format!("{n} is out of range")))
    }

    pub(super) fn flag(&self) -> Result<bool, StoreError> {
        self.checked(|n: i64| match n {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(format!("{other} is neither 0 nor 1")),
        })
    }

    pub(super) fn text(&self) -> Result<String, StoreError> {
        self.next()
    }

    /// A text where SQLite has it: most are only compared with words, and need no copy.
    pub(super) fn borrowed(&self) -> Result<&'r str, StoreError> {
        self.maybe_borrowed()?.map_or_else(|| self.refuse("Null is no text"), Ok)
    }

    fn maybe_borrowed(&self) -> Result<Option<&'r str>, StoreError> {
        let at = self.at.replace(self.at.get() + 1);
        match self.row.get_ref(at) {
            Ok(ValueRef::Null) => Ok(None),
            Ok(value) => match value.as_str() {
                Ok(text) => Ok(Some(text)),
                // The error as every other column's.
                Err(wrong) => self.row.get::<_, String>(at).map_or_else(|e| self.refuse(e), |_| self.refuse(wrong)),
            },
            Err(e) => self.refuse(e),
        }
    }

    /// A text that was made to be shown: one line, nothing that could deceive or damage a terminal.
    pub(super) fn shown(&self) -> Result<String, StoreError> {
        let text = self.borrowed()?;
        match first_unsafe(text) {
            Some(c) => self.refuse(format_args!("holds U+{:04X}", u32::from(c))),
            None => Ok(text.to_owned()),
        }
    }

    pub(super) fn maybe_text(&self) -> Result<Option<String>, StoreError> {
        self.next()
    }

    /// A text that must be one of the words, or of the shape, that `parse` knows.
    pub(super) fn parsed<T, E: Display>(&self, parse: impl FnOnce(&str) -> Result<T, E>) -> Result<T, StoreError> {
        parse(self.borrowed()?).or_else(|e| self.refuse(e))
    }

    pub(super) fn word<T>(&self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, StoreError> {
        word(self.borrowed()?, parse).or_else(|what| self.refuse(what))
    }

    pub(super) fn maybe_word<T>(&self, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, StoreError> {
        let text = self.maybe_borrowed()?;
        text.map(|text| word(text, parse)).transpose().or_else(|what| self.refuse(what))
    }

    pub(super) fn correlation_id(&self) -> Result<CorrelationId, StoreError> {
        self.parsed(CorrelationId::new)
    }

    pub(super) fn day(&self) -> Result<NaiveDate, StoreError> {
        self.checked(read_day)
    }

    pub(super) fn maybe_day(&self) -> Result<Option<NaiveDate>, StoreError> {
        self.maybe(read_day)
    }

    pub(super) fn moment(&self) -> Result<DateTime<Utc>, StoreError> {
        self.checked(read_moment)
    }

    pub(super) fn maybe_moment(&self) -> Result<Option<DateTime<Utc>>, StoreError> {
        self.maybe(read_moment)
    }

    pub(super) fn key(&self) -> Result<Key, StoreError> {
        self.next().map(|bytes| Key::new(u128::from_be_bytes(bytes)))
    }

    /// Bytes where SQLite has them.
    pub(super) fn bytes(&self) -> Result<&'r [u8], StoreError> {
        let at = self.at.replace(self.at.get() + 1);
        let value = self.row.get_ref(at).or_else(|e| self.refuse(e))?;
        value.as_blob().or_else(|e| self.refuse(e))
    }

    pub(super) fn hash(&self) -> Result<[u8; 32], StoreError> {
        self.next()
    }

    /// Two columns: the first day and the first free day.
    pub(super) fn period(&self) -> Result<Period, StoreError> {
        let from = self.day()?;
        let until = self.maybe_day()?;
        Period::new(from, until).or_else(|e| self.refuse(e))
    }

    /// Two columns: the days of a period, or no period.
    pub(super) fn maybe_period(&self) -> Result<(Option<NaiveDate>, Option<NaiveDate>), StoreError> {
        let (from, until) = (self.maybe_day()?, self.maybe_day()?);
        match from.map(|from| Period::new(from, until)) {
            Some(Err(e)) => self.refuse(e),
            Some(Ok(_)) | None => Ok((from, until)),
        }
    }

    /// Two columns: an amount above 0 and its currency.
    pub(super) fn price(&self) -> Result<Money, StoreError> {
        let amount = self.int()?;
        let currency = self.word(currency_of)?;
        Money::new(amount, currency).above_zero().or_else(|e| self.refuse(e))
    }

    /// Two columns: the owner and until when.
    pub(super) fn lease(&self) -> Result<Option<Lease>, StoreError> {
        let owner: Option<[u8; 16]> = self.next()?;
        match (owner, self.maybe_moment()?) {
            (Some(owner), Some(until)) => Ok(Some(Lease { owner: Key::new(u128::from_be_bytes(owner)), until })),
            (None, None) => Ok(None),
            (Some(_), None) | (None, Some(_)) => Err(self.wrong("half a lease")),
        }
    }

    pub(super) fn rating(&self) -> Result<Option<Rating>, StoreError> {
        self.maybe(|tenths: i64| {
            let rating = u8::try_from(tenths).ok().and_then(Rating::from_tenths);
            rating.ok_or_else(|| format!("{tenths} tenths are no rating"))
        })
    }

    /// Refuses the row for what several of its columns say together.
    pub(super) fn refuse<T>(&self, what: impl Display) -> Result<T, StoreError> {
        Err(self.wrong(what))
    }
}

fn number(n: i64) -> Result<u64, String> {
    u64::try_from(n).map_err(|_| format!("{n} is below 0"))
}

/// A text that must be one of the words that `parse` knows.
pub(super) fn word<T>(text: &str, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, String> {
    parse(text).ok_or_else(|| format!("{text:?} is no word for it"))
}

/// The day of so many whole days since 1970.
pub(super) fn read_day(n: i64) -> Result<NaiveDate, String> {
    let days = Days::new(n.unsigned_abs());
    let epoch = NaiveDate::default();
    let day = if n < 0 { epoch.checked_sub_days(days) } else { epoch.checked_add_days(days) };
    day.ok_or_else(|| format!("{n} is no day"))
}

fn read_moment(micros: i64) -> Result<DateTime<Utc>, String> {
    DateTime::from_timestamp_micros(micros).ok_or_else(|| format!("{micros} is no moment"))
}
