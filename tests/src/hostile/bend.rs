//! Bending: what was valid, a little changed.

use serde_json::Value;

use super::dice::Dice;
use super::values;

/// Pieces that mean something to one reader or another.
const TOKENS: &[&[u8]] = &[
    b"\"",
    b"'",
    b",",
    b":",
    b"{",
    b"}",
    b"[",
    b"]",
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"\\udc00\\ud800",
    b"\xEF\xBB\xBF",
    b"\xff",
    b"\xc0\x80",
    b"\xed\xa0\x80",
    b"\x00",
    b"\n",
    b"\r",
    b"\r\n",
    b"\t",
    b" ",
    b"-",
    b"+",
    b".",
    b"e999",
    b"1e-999",
    b"99999999999999999999",
    b"-0",
    b"0x",
    b"NaN",
    b"null",
    b"true",
    b"\"\"",
    b"{}",
    b"[]",
    b"//",
    b"/**/",
    b"--",
    b"=",
    b"%00",
    b"\xe2\x80\xae",
    b"\x1b[2J",
    b"\xef\xbf\xbf",
];

/// Changes some bytes.
pub(super) fn bytes(data: &mut Vec<u8>, dice: &mut Dice) {
    for _ in 0..dice.few(16) {
        let at = dice.below(data.len() + 1);
        let end = (at + dice.few(64)).min(data.len());
        match dice.below(8) {
            0 if at < data.len() => data[at] ^= 1 << dice.below(8),
            1 if at < data.len() => data[at] = dice.byte(),
            2 => drop(data.drain(at..end)),
            3 => {
                let copy = data[at..end].to_vec();
                let to = dice.below(data.len() + 1);
                data.splice(to..to, copy);
            }
            4 if dice.one_in(4) => data.truncate(at),
            5 => {
                let text = values::any_text(dice);
                data.splice(at..end, text.into_bytes());
            }
            6 => {
                let many = if dice.one_in(20) { 2_000 } else { 1 };
                data.splice(at..at, dice.pick(TOKENS).repeat(many));
            }
            _ => drop(data.splice(at..at, dice.pick(TOKENS).to_vec())),
        }
    }
}

/// Changes some of a JSON value: its values, its names, its shape.
pub(super) fn json(value: &mut Value, dice: &mut Dice) {
    for _ in 0..dice.few(8) {
        one(value, dice);
    }
}

fn one(value: &mut Value, dice: &mut Dice) {
    match value {
        Value::Object(fields) if !fields.is_empty() && !dice.one_in(12) => {
            let names: Vec<String> = fields.keys().cloned().collect();
            let name = dice.pick(&names);
            match dice.below(8) {
                0 => drop(fields.remove(&name)),
                1 => drop(fields.insert(dice.pick(values::KEYS).to_owned(), values::any_json(dice))),
                2 => {
                    if let Some(moved) = fields.remove(&name) {
                        fields.insert(dice.pick(values::KEYS).to_owned(), moved);
                    }
                }
                _ => {
                    if let Some(field) = fields.get_mut(&name) {
                        one(field, dice);
                    }
                }
            }
        }
        Value::Array(items) if !items.is_empty() && !dice.one_in(4) => {
            let at = dice.below(items.len());
            match dice.below(4) {
                0 => drop(items.remove(at)),
                1 => items.push(values::any_json(dice)),
                2 => items.push(items[at].clone()),
                _ => one(&mut items[at], dice),
            }
        }
        Value::String(text) if dice.one_in(2) => {
            let mut raw = std::mem::take(text).into_bytes();
            bytes(&mut raw, dice);
            *text = String::from_utf8_lossy(&raw).into_owned();
        }
        other => *other = values::any_json(dice),
    }
}
