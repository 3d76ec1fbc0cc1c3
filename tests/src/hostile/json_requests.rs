//! Requests: valid ones, about things that are mostly there, and what becomes of them when bent.

use serde_json::{Value, json};

use super::dice::Dice;
use super::{bend, values};

/// A request as bytes: about a third valid, the rest bent in shape or in bytes, some never JSON at all.
pub(super) fn request(dice: &mut Dice) -> Vec<u8> {
    let mut value = if dice.one_in(4) { query(dice) } else { command(dice) };
    let how = dice.below(10);
    if how >= 4 {
        bend::json(&mut value, dice);
    }
    let mut bytes = value.to_string().into_bytes();
    match how {
        8 => bend::bytes(&mut bytes, dice),
        9 if dice.one_in(4) => bytes = (0..dice.few(400)).map(|_| dice.byte()).collect(),
        9 if dice.one_in(8) => bytes = dice.pick(&["[", "{\"a\":", "[[{\"b\":"]).repeat(20_000).into_bytes(),
        9 => bend::bytes(&mut bytes, dice),
        _ => {}
    }
    bytes
}

fn id(dice: &mut Dice) -> u64 {
    if dice.one_in(30) { values::integer(dice).unsigned_abs() } else { 1 + dice.below(12) as u64 }
}

fn sound_text(dice: &mut Dice) -> String {
    if dice.one_in(3) {
        values::text(dice)
    } else {
        dice.pick(&["강남 소형 1평", "good", "Unit 7", "kim"]).to_owned()
    }
}

fn from(dice: &mut Dice) -> Value {
    match dice.below(4) {
        0 => Value::Null,
        1 => json!(values::day(dice)),
        _ => json!(format!("2026-{}-{:02}", dice.pick(&[11, 12]), 1 + dice.below(30))),
    }
}

fn until(dice: &mut Dice) -> Value {
    match dice.below(4) {
        0 => Value::Null,
        1 => json!(values::day(dice)),
        _ => json!(format!("2027-{:02}-{:02}", 1 + dice.below(12), 1 + dice.below(28))),
    }
}

fn rate(dice: &mut Dice) -> (Value, Value, Value) {
    let price = if dice.one_in(4) { values::integer(dice) } else { 1 + dice.below(200_000) as i64 };
    let currency = if dice.one_in(4) { values::currency(dice) } else { "KRW".to_owned() };
    (json!(price), json!(currency), json!(dice.pick(&["rental", "day", "month"])))
}

fn offered(dice: &mut Dice) -> Value {
    let (price, currency, per) = rate(dice);
    json!({"description": sound_text(dice), "price": price, "currency": currency, "per": per})
}

fn named(name: &str, mut value: Value) -> Value {
    value["command"] = json!(name);
    value
}

fn page(dice: &mut Dice) -> Value {
    json!({"after": dice.pick(&[0, 0, 0, 5, u64::MAX]), "limit": dice.pick(&[None, Some(0u32), Some(3), Some(u32::MAX)])})
}

fn command(dice: &mut Dice) -> Value {
    match dice.below(30) {
        0..=4 => named("registerStorage", offered(dice)),
        5 => {
            let storages: Vec<Value> = (0..dice.few(20)).map(|_| offered(dice)).collect();
            json!({"command": "importStorages", "storages": storages})
        }
        6 | 7 => {
            let (price, currency, per) = rate(dice);
            let mut value = json!({"command": "modifyStorage", "storageId": id(dice)});
            for (name, field) in [
                ("description", json!(sound_text(dice))),
                ("price", price),
                ("currency", currency),
                ("per", per),
                ("withdrawn", json!(dice.one_in(4))),
            ] {
                if dice.one_in(2) {
                    value[name] = field;
                }
            }
            value
        }
        8 => json!({"command": "deleteStorage", "storageId": id(dice)}),
        9..=15 => {
            let price = if dice.one_in(6) { json!(values::integer(dice)) } else { Value::Null };
            json!({"command": "reserve", "storageId": id(dice), "from": from(dice), "until": until(dice), "price": price})
        }
        16..=18 => json!({"command": "cancelReservation", "reservationId": id(dice)}),
        19 => json!({"command": "endRental", "reservationId": id(dice), "on": until(dice)}),
        20 | 21 => {
            let rate = if dice.one_in(4) { values::integer(dice) } else { 1 + dice.below(5) as i64 };
            json!({"command": "addReview", "reservationId": id(dice), "rate": rate, "content": sound_text(dice)})
        }
        22 => json!({"command": "modifyReview", "reviewId": id(dice), "rate": 2, "content": sound_text(dice)}),
        23 => json!({"command": "deleteReview", "reviewId": id(dice)}),
        24 => {
            let name = dice.pick(&["storage", "payment", "message", "view", "nobody", ""]);
            json!({"command": dice.pick(&["pauseConsumer", "resumeConsumer", "replayConsumer"]), "name": name})
        }
        25 => json!({"command": "retryDeadLetter", "deadLetterId": id(dice)}),
        26 => json!({"command": "discardDeadLetter", "deadLetterId": id(dice), "reason": sound_text(dice)}),
        27 => json!({"command": "set", "key": values::word(dice), "value": values::any_text(dice)}),
        _ => json!({"command": dice.pick(&["runConsumers", "tick", "settle", "runDue"])}),
    }
}

fn query(dice: &mut Dice) -> Value {
    let name = dice.pick(&[
        "storage",
        "storages",
        "quote",
        "available",
        "reservation",
        "reservations",
        "payment",
        "payments",
        "messages",
        "reviews",
        "view",
        "views",
        "events",
        "consumers",
        "deadLetters",
        "settings",
        "status",
        "verify",
    ]);
    let mut value = json!({"query": name});
    match name {
        "storage" | "view" => value["storageId"] = json!(id(dice)),
        "reservation" => value["reservationId"] = json!(id(dice)),
        "payment" => value["paymentId"] = json!(id(dice)),
        "quote" => {
            value["storageId"] = json!(id(dice));
            value["from"] = from(dice);
            value["until"] = until(dice);
        }
        "available" => {
            value["from"] = from(dice);
            value["until"] = until(dice);
            value["maxPrice"] = if dice.one_in(2) { json!(values::amount(dice)) } else { Value::Null };
        }
        _ => {}
    }
    if dice.one_in(2) {
        value["page"] = page(dice);
    }
    if dice.one_in(4) {
        value["customer"] = json!(sound_text(dice));
        value["status"] = json!(values::word(dice));
        value["storageId"] = json!(id(dice));
    }
    value
}
