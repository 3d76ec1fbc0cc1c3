//! JSON on one compact line, with everything escaped that a terminal could take for more than text.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CompactFormatter, Formatter};

use super::safe;

/// A value as one line of JSON.
pub(crate) fn line<T: Serialize + ?Sized>(value: &T) -> String {
    let mut bytes = Vec::new();
    let mut serializer = serde_json::Serializer::with_formatter(&mut bytes, Escaping);
    value.serialize(&mut serializer).expect("rows and reports are plain data, and a Vec takes every byte");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

/// serde_json escapes U+0000 to U+001F; this one also U+007F to U+009F, bidi marks and line separators.
struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: ?Sized + Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut plain_from = 0;
        for (at, c) in fragment.char_indices().filter(|(_, c)| safe::is_unsafe(*c)) {
            writer.write_all(&fragment.as_bytes()[plain_from..at])?;
            // All of them lie in the basic plane: one escape each.
            write!(writer, "\\u{:04x}", u32::from(c))?;
            plain_from = at + c.len_utf8();
        }
        writer.write_all(&fragment.as_bytes()[plain_from..])
    }

    fn write_f64<W: ?Sized + Write>(&mut self, writer: &mut W, value: f64) -> io::Result<()> {
        CompactFormatter.write_f64(writer, value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_reads_back_and_holds_nothing_a_terminal_obeys() {
        let hostile = "\u{1b}[31m\u{7f}\u{9b}\u{202e}\u{2066}\u{2028}\"\\ 강남 🚚\n";
        let line = line(&[hostile]);
        assert!(!safe::needed(&line), "{line}");
        assert_eq!(serde_json::from_str::<Vec<String>>(&line).unwrap(), [hostile]);
    }

    #[test]
    fn ratings_keep_their_decimal() {
        assert_eq!(line(&(5.0_f64, 4.5_f64)), "[5.0,4.5]");
    }
}
