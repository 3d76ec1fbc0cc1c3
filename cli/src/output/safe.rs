//! Text made safe for terminals and tables: no control character, bidi mark or line separator gets through raw.

use std::borrow::Cow;

/// Characters that could move the cursor, change colours, or make text read otherwise than it is.
pub(crate) fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Whether a text has any of them.
pub(crate) fn needed(text: &str) -> bool {
    text.chars().any(is_unsafe)
}

/// A text for one line: every unsafe character as its code.
pub(crate) fn line(text: &str) -> Cow<'_, str> {
    escape(text, is_unsafe)
}

/// A text of several lines: line feeds stay.
pub(crate) fn lines(text: &str) -> Cow<'_, str> {
    escape(text, |c| c != '\n' && is_unsafe(c))
}

fn escape(text: &str, hostile: impl Fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(&hostile) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hostile(c) { safe.extend(c.escape_unicode()) } else { safe.push(c) }
    }
    Cow::Owned(safe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_deceive_is_shown_as_its_code() {
        assert_eq!(line("a\u{1b}[31mb\u{202e}c\u{85}d\ne"), "a\\u{1b}[31mb\\u{202e}c\\u{85}d\\u{a}e");
        assert_eq!(lines("a\nb\u{7f}"), "a\nb\\u{7f}");
        assert!(matches!(line("🚚 강남 <img>"), Cow::Borrowed(_)));
    }
}
