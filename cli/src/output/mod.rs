//! What is printed: data to stdout, words to stderr.
//!
//! Decides how answers look to people and to programs. Never prints a control character or bidi mark of the data raw, and
//! never colours anything but a terminal.

mod field;
pub(crate) mod json;
mod reports;
mod rows;
pub(crate) mod safe;
mod sheet;
pub(crate) mod storm;
pub(crate) mod words;

use std::io::{self, IsTerminal, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;
use storagerent::Lang;

pub(crate) use field::{Field, Fields, Shown, Tone};

use crate::failure::Failure;
use sheet::Sheet;

/// A list of these may be empty; people are then told so.
pub(crate) trait Listed: Shown {
    /// What to say of an empty list that was not narrowed down.
    fn none_yet(lang: Lang) -> &'static str;
}

/// How this run prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    json: bool,
    lang: Lang,
    sheet: Sheet,
}

impl Output {
    pub(crate) fn new(json: bool, lang: Lang) -> Self {
        Output { json, lang, sheet: Sheet::of_stdout() }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    pub(crate) fn lang(&self) -> Lang {
        self.lang
    }

    /// Prints one object.
    pub(crate) fn show<T: Shown + Serialize>(&self, one: &T) -> Result<(), Failure> {
        if self.json { self.json(one) } else { data(&self.sheet.card(&one.fields(self.lang))) }
    }

    /// Prints a list: a JSON array or a table. `narrowed` says whether less than everything was asked for.
    pub(crate) fn list<T: Listed + Serialize>(&self, all: &[T], narrowed: bool) -> Result<(), Failure> {
        if self.json {
            return self.json(all);
        }
        if all.is_empty() {
            words(if narrowed {
                self.lang.pick("nothing matches", "해당하는 항목이 없습니다")
            } else {
                T::none_yet(self.lang)
            });
            return Ok(());
        }
        data(&self.table(all))
    }

    /// A table of rows, for people.
    pub(crate) fn table<T: Shown>(&self, all: &[T]) -> String {
        self.sheet.table(&all.iter().map(|one| one.fields(self.lang)).collect::<Vec<_>>())
    }

    /// Prints one line of JSON.
    pub(crate) fn json<T: Serialize + ?Sized>(&self, value: &T) -> Result<(), Failure> {
        data(&(json::line(value) + "\n"))
    }

    /// Prints a sentence, for people; programs get the value.
    pub(crate) fn say<T: Serialize>(&self, value: &T, sentence: &str) -> Result<(), Failure> {
        if self.json { self.json(value) } else { data(&format!("{}\n", safe::line(sentence))) }
    }

    /// Says something beside the answer, for people: programs ask for what they want to know.
    pub(crate) fn remark(&self, sentence: &str) {
        if !self.json {
            hint_line(self.lang.pick("note:", "참고:"), &safe::line(sentence));
        }
    }

    /// How wide the terminal is, if there is one.
    pub(crate) fn width(&self) -> Option<u16> {
        self.sheet.width
    }

    /// Paints words that go to stdout, if that is a terminal.
    pub(crate) fn paint(&self, tone: Tone, text: &str) -> String {
        if self.sheet.colour { painted(tone.style(), text) } else { text.to_owned() }
    }
}

fn painted(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// Whether a stream is a terminal that likes colours.
fn likes_colour<S: anstream::stream::RawStream + IsTerminal>(stream: &S) -> bool {
    IsTerminal::is_terminal(stream) && anstream::AutoStream::choice(stream) != anstream::ColorChoice::Never
}

/// Writes data to stdout, all of it before returning.
pub(crate) fn data(text: &str) -> Result<(), Failure> {
    bytes(text.as_bytes())
}

/// Writes bytes to stdout as they are.
pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(Failure::stdout)
}

/// Writes words to stderr. If nobody can read them, so be it.
pub(crate) fn words(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

pub(crate) fn error_line(label: &str, message: &str) {
    labelled(AnsiColor::Red.on_default().bold(), label, message);
}

pub(crate) fn hint_line(label: &str, message: &str) {
    labelled(AnsiColor::Cyan.on_default(), label, message);
}

fn labelled(style: Style, label: &str, message: &str) {
    let label = if likes_colour(&io::stderr()) { painted(style, label) } else { label.to_owned() };
    words(&format!("{label} {message}"));
}
