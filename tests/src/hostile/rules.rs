//! The rules of text and money, known here by themselves: what the engine says it kept is held against them as JSON.

use serde_json::Value;

/// Currencies that have no minor unit, so that no price can be kept in them (ISO 4217).
const WITHOUT_MINOR: &[&str] =
    &["XAG", "XAU", "XBA", "XBB", "XBC", "XBD", "XDR", "XPD", "XPT", "XSU", "XTS", "XUA", "XXX"];

/// Holds everything in a row, event or answer against the rules; says what breaks one.
pub(super) fn hold(value: &Value) -> Result<(), String> {
    match value {
        Value::Object(fields) => {
            // The content of a message is the engine's own words; that of a review is a customer's.
            let is_message = fields.contains_key("messageId");
            let mut bounded = fields.iter().filter(|(name, _)| !is_message || *name != "content");
            bounded.try_for_each(|(name, value)| field(name, value))?;
            fields.values().try_for_each(hold)?;
            period(fields.get("from"), fields.get("until"))
        }
        Value::Array(items) => items.iter().try_for_each(hold),
        Value::String(text) => text
            .chars()
            .find(|c| deceives(*c))
            .map_or(Ok(()), |c| Err(format!("{text:?} holds U+{:04X}", u32::from(c)))),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn field(name: &str, value: &Value) -> Result<(), String> {
    let broken = |rule: &str| Err(format!("{name} is {value}: {rule}"));
    match (name, value) {
        ("description" | "customer", Value::String(text)) if !bounded(text, 200) => {
            broken("trimmed, 1 to 200 characters")
        }
        ("content", Value::String(text)) if !bounded(text, 2_000) => broken("trimmed, 1 to 2,000 characters"),
        ("price" | "unitPrice" | "quote", Value::Number(n)) if n.as_i64().is_none_or(|n| n <= 0) => broken("above 0"),
        ("currency", Value::String(code)) => {
            let fits = code.len() == 3 && code.bytes().all(|b| b.is_ascii_uppercase());
            if fits && !WITHOUT_MINOR.contains(&code.as_str()) { Ok(()) } else { broken("a currency with minor units") }
        }
        ("per", Value::String(per)) if !["rental", "day", "month"].contains(&per.as_str()) => broken("a word for it"),
        ("rate", Value::Number(n)) if !n.as_i64().is_some_and(|n| (1..=5).contains(&n)) => broken("1 to 5"),
        ("rating", Value::Number(n)) if !n.as_f64().is_some_and(|n| (1.0..=5.0).contains(&n)) => broken("1.0 to 5.0"),
        ("from" | "until", Value::String(day)) if !four_digit_day(day) => broken("a day of the years 1970 to 9999"),
        _ => Ok(()),
    }
}

fn period(from: Option<&Value>, until: Option<&Value>) -> Result<(), String> {
    match (from.and_then(Value::as_str), until.and_then(Value::as_str)) {
        // Days of four-digit years are in the order of their texts.
        (Some(from), Some(until)) if from >= until => Err(format!("from {from} is not before until {until}")),
        _ => Ok(()),
    }
}

fn bounded(text: &str, chars_max: usize) -> bool {
    !text.is_empty() && text.trim() == text && text.chars().count() <= chars_max
}

fn four_digit_day(day: &str) -> bool {
    day.len() == 10 && &day[4..5] == "-" && &day[7..8] == "-" && ("1970-01-01"..="9999-12-31").contains(&day)
}

/// Control characters and direction marks (Unicode's `Bidi_Control`).
pub(super) fn deceives(c: char) -> bool {
    let n = u32::from(c);
    n < 0x20
        || (0x7F..0xA0).contains(&n)
        || n == 0x061C
        || (0x200E..=0x200F).contains(&n)
        || (0x202A..=0x202E).contains(&n)
        || (0x2066..=0x2069).contains(&n)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::hold;

    #[test]
    fn what_breaks_a_rule_is_told_wherever_it_stands() {
        assert_eq!(
            hold(&json!([{"description": "강남", "price": 1, "currency": "KRW", "from": "2026-11-22", "until": null}])),
            Ok(())
        );
        for broken in [
            json!({"description": " a"}),
            json!([{"a": {"description": "창".repeat(201)}}]),
            json!({"any": "a\u{202e}b"}),
            json!({"price": 0}),
            json!({"currency": "XXX"}),
            json!({"rate": 6}),
            json!({"from": "2026-11-22", "until": "2026-11-22"}),
            json!({"from": "+10000-01-01"}),
        ] {
            assert!(hold(&broken).is_err(), "{broken}");
        }
    }
}
