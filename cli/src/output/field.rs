//! What a row shows: labelled fields, some of them only when it is shown alone.

use anstyle::{AnsiColor, Style};
use storagerent::Lang;

/// What people see of a value.
pub(crate) trait Shown {
    /// Its fields, in order; the same labels for every value of a kind.
    fn fields(&self, lang: Lang) -> Vec<Field>;
}

/// How a text is meant; a terminal shows it by colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Tone {
    #[default]
    Plain,
    Good,
    Waiting,
    Bad,
    Faint,
    Strong,
}

impl Tone {
    pub(crate) fn style(self) -> Style {
        match self {
            Tone::Plain => Style::new(),
            Tone::Good => AnsiColor::Green.on_default(),
            Tone::Waiting => AnsiColor::Yellow.on_default(),
            Tone::Bad => AnsiColor::Red.on_default(),
            Tone::Faint => Style::new().dimmed(),
            Tone::Strong => Style::new().bold(),
        }
    }
}

/// One labelled text of a row.
#[derive(Debug, Clone, Default)]
pub(crate) struct Field {
    /// Beside the text, where the row is shown alone.
    pub(crate) label: &'static str,
    /// Above the column, in tables.
    pub(crate) heading: &'static str,
    pub(crate) text: String,
    pub(crate) tone: Tone,
    /// Aligned to the right: numbers and amounts.
    pub(crate) right: bool,
    /// Left out of tables.
    pub(crate) alone_only: bool,
    /// Free text, which gives way first where the terminal is narrow.
    pub(crate) flexible: bool,
    /// Goes under the free text where the terminal is narrower still.
    pub(crate) folds: bool,
    /// Needs no heading there.
    pub(crate) bare: bool,
}

/// Puts fields together in one language. What follows a field says more of that field.
pub(crate) struct Fields {
    lang: Lang,
    fields: Vec<Field>,
}

impl Fields {
    pub(crate) fn new(lang: Lang) -> Self {
        Fields { lang, fields: Vec::new() }
    }

    /// A short text, such as a day.
    pub(crate) fn text(mut self, en: &'static str, ko: &'static str, text: impl ToString) -> Self {
        let label = self.lang.pick(en, ko);
        self.fields.push(Field { label, heading: label, text: text.to_string(), ..Field::default() });
        self
    }

    /// A text that may be missing.
    pub(crate) fn maybe(self, en: &'static str, ko: &'static str, text: Option<impl ToString>) -> Self {
        let text = text.map_or_else(|| "-".to_owned(), |text| text.to_string());
        self.text(en, ko, text)
    }

    /// A number or an amount.
    pub(crate) fn number(self, en: &'static str, ko: &'static str, number: impl ToString) -> Self {
        self.text(en, ko, number).right()
    }

    /// Free text of any length.
    pub(crate) fn free(self, en: &'static str, ko: &'static str, text: impl ToString) -> Self {
        self.text(en, ko, text).last(|field| field.flexible = true)
    }

    /// A word that says where something stands.
    pub(crate) fn status(self, en: &'static str, ko: &'static str, (word, tone): (&'static str, Tone)) -> Self {
        self.text(en, ko, word).toned(tone).bare()
    }

    fn last(mut self, change: impl FnOnce(&mut Field)) -> Self {
        if let Some(field) = self.fields.last_mut() {
            change(field);
        }
        self
    }

    pub(crate) fn right(self) -> Self {
        self.last(|field| field.right = true)
    }

    pub(crate) fn alone_only(self) -> Self {
        self.last(|field| field.alone_only = true)
    }

    pub(crate) fn folds(self) -> Self {
        self.last(|field| field.folds = true)
    }

    pub(crate) fn bare(self) -> Self {
        self.last(|field| field.bare = true)
    }

    pub(crate) fn toned(self, tone: Tone) -> Self {
        self.last(|field| field.tone = tone)
    }

    pub(crate) fn headed(self, en: &'static str, ko: &'static str) -> Self {
        let heading = self.lang.pick(en, ko);
        self.last(|field| field.heading = heading)
    }

    pub(crate) fn done(self) -> Vec<Field> {
        self.fields
    }
}
