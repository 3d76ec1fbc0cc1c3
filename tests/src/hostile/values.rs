//! Values that have broken programs before.

use serde_json::{Value, json};

use super::dice::Dice;

const TEXTS: &[&str] = &[
    "",
    " ",
    "kim",
    "guest",
    "manager",
    "강남 소형 1평",
    "\u{3000}강남\u{a0} ",
    "a\u{0}b",
    "\u{1b}[31mred\u{1b}]0;x\u{7}",
    "a\u{202e}b",
    "\u{2066}a\u{2069}",
    "\u{200f}",
    "\u{200b}",
    "\u{feff}",
    "\u{85}",
    "\u{2028}",
    "a\nb",
    "a\r",
    "\t",
    "👩\u{200d}👩\u{200d}👧\u{fe0f}",
    "e\u{301}\u{301}\u{301}",
    "\u{10ffff}",
    "\u{fffe}",
    "=1+1",
    "@SUM(A1)",
    "'); DROP TABLE storages; --",
    "<img src=x onerror=alert(1)>",
    "%s%n{}{0}",
    "null",
    "true",
    "-",
    "--",
    "--json",
    "..",
    "a,b\"c",
    "Asia/Seoul",
    "Europe/Vienna",
    "Etc/GMT+12",
    "Pacific/Apia",
    "asia/seoul",
    "view",
    "storage",
    "payment",
    "message",
    "en",
    "fr",
];

const AMOUNTS: &[&str] = &[
    "0",
    "1",
    "-1",
    "59000",
    "189.00",
    "0.001",
    "1e3",
    "1.",
    ".5",
    "+5",
    "٣",
    "0x10",
    "NaN",
    "inf",
    "9223372036854775807",
    "9223372036854775808",
    "-9223372036854775808",
    "92233720368547758.07",
    "92233720368547758.08",
    "00000000000000000000000000000000000000001",
    "1,000",
    " 7 ",
    "1_000",
];

const DAYS: &[&str] = &[
    "2026-11-22",
    "2026-11-22",
    "2026-11-23",
    "2026-12-01",
    "2026-11-21",
    "2027-01-31",
    "2027-02-29",
    "2028-02-29",
    "1969-12-31",
    "1970-01-01",
    "9999-12-30",
    "9999-12-31",
    "10000-01-01",
    "+10000-01-01",
    "+262142-12-31",
    "-262143-01-01",
    "-0001-01-01",
    "0000-00-00",
    "2026-1-1",
    "2026-11-22T00:00:00Z",
    "20261122",
    "today",
];

const CURRENCIES: &[&str] =
    &["KRW", "KRW", "KRW", "USD", "KWD", "JPY", "CLF", "XXX", "XAU", "XTS", "krw", "", "EURO", "₩", "US\u{0}"];

const WORDS: &[&str] = &[
    "rental",
    "day",
    "month",
    "week",
    "approve",
    "decline",
    "down",
    "slow",
    "lost-reply",
    "reserved",
    "available",
    "cancelled",
    "reqReserve",
    "completed",
    "zone",
    "holdMinutes",
    "breakerFailures",
    "breakerOpenSeconds",
    "deadlineSeconds",
    "language",
    "colour",
];

pub(super) const KEYS: &[&str] = &[
    "command",
    "query",
    "storageId",
    "reservationId",
    "reviewId",
    "paymentId",
    "deadLetterId",
    "description",
    "price",
    "currency",
    "per",
    "withdrawn",
    "from",
    "until",
    "on",
    "rate",
    "content",
    "customer",
    "status",
    "page",
    "after",
    "limit",
    "key",
    "value",
    "name",
    "reason",
    "maxPrice",
    "correlationId",
    "storages",
    "",
    "__proto__",
];

const INTEGERS: &[i64] = &[
    0,
    1,
    -1,
    2,
    5,
    6,
    59_000,
    127,
    128,
    255,
    256,
    1_440,
    1_441,
    65_536,
    2_147_483_647,
    2_147_483_648,
    4_294_967_295,
    4_294_967_296,
    9_007_199_254_740_993,
    i64::MAX - 1,
    i64::MAX,
    i64::MIN,
    i64::MIN + 1,
];

pub(super) fn text(dice: &mut Dice) -> String {
    match dice.below(10) {
        0 => "창".repeat(dice.pick(&[199, 200, 201, 1_999, 2_000, 2_001, 20_000])),
        1 => (0..dice.few(300)).filter_map(|_| char::from_u32((dice.bits() % 0x11_0000) as u32)).collect(),
        2 => format!("{}{}", dice.pick(TEXTS), dice.pick(TEXTS)),
        3 => amount(dice),
        _ => dice.pick(TEXTS).to_owned(),
    }
}

pub(super) fn amount(dice: &mut Dice) -> String {
    dice.pick(AMOUNTS).to_owned()
}

pub(super) fn day(dice: &mut Dice) -> String {
    match dice.below(4) {
        0 => format!("{:04}-{:02}-{:02}", dice.below(11_000), dice.below(14), dice.below(33)),
        1 => format!("2026-{:02}-{:02}", 11 + dice.below(2), 1 + dice.below(31)),
        _ => dice.pick(DAYS).to_owned(),
    }
}

pub(super) fn currency(dice: &mut Dice) -> String {
    dice.pick(CURRENCIES).to_owned()
}

pub(super) fn word(dice: &mut Dice) -> String {
    dice.pick(WORDS).to_owned()
}

pub(super) fn integer(dice: &mut Dice) -> i64 {
    if dice.one_in(6) { dice.bits() as i64 } else { dice.pick(INTEGERS) }
}

/// Any text that some argument or field might take.
pub(super) fn any_text(dice: &mut Dice) -> String {
    match dice.below(6) {
        0 => amount(dice),
        1 => day(dice),
        2 => currency(dice),
        3 => word(dice),
        4 => integer(dice).to_string(),
        _ => text(dice),
    }
}

/// Any JSON.
pub(super) fn any_json(dice: &mut Dice) -> Value {
    match dice.below(14) {
        0 => Value::Null,
        1 => json!(dice.one_in(2)),
        2..=4 => json!(integer(dice)),
        5 => json!(dice.bits()),
        6 => json!(dice.pick(&[0.0, -0.0, 1.5, 1e300, -1e300, 5e-324, 4.0])),
        7 => json!([]),
        8 => json!({}),
        9 => json!([any_json(dice)]),
        10 => {
            let key = dice.pick(KEYS);
            json!({ key: any_json(dice) })
        }
        11 => (0..dice.few(200)).fold(json!(1), |inner, _| json!([inner])),
        _ => json!(any_text(dice)),
    }
}
