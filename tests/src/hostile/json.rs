//! Commands and queries as JSON, sent by every kind of caller to an application on the memory store.

use std::time::Duration;

use storagerent::payment::Behaviour;
use storagerent::{App, Caller, Command, CorrelationId, Error, IdempotencyKey, Kind, Per, Query};

use super::dice::Dice;
use super::json_requests::request;
use super::properties::{Before, broken, changes_nothing};
use super::{World, rules};
use crate::{Kept, Site, customer};

pub(super) fn feed(mut world: World<'_>) {
    let site = Site::new(Kept::Memory);
    for n in 1..=8 {
        site.storage_per(n * 9_000, world.dice.pick(&[Per::Rental, Per::Day, Per::Month]));
    }
    while world.goes_on() {
        stir(&site, &mut world.dice);
        let caller = caller(&mut world.dice);
        let bytes = request(&mut world.dice);
        let shown = || format!("{:?} sends {}", caller.who(), short(&bytes));
        world.feed(shown, |dice| send(&site.app, &caller, &bytes, dice));
    }
    world.end(|| end(&site));
}

/// Time passes, and the payment service changes its mind.
fn stir(site: &Site, dice: &mut Dice) {
    match dice.below(40) {
        0 => site.clock.advance(Duration::from_secs(dice.bits() % 4_000)),
        1 => site.clock.advance_days(dice.few(90) as u32),
        2 => site.clock.set(site.app.now() - Duration::from_secs(dice.bits() % 90_000)),
        3 => site.gateway.set_behaviour(dice.pick(&Behaviour::ALL)),
        4 => site.gateway.set_behaviour(Behaviour::Approve),
        _ => {}
    }
}

fn caller(dice: &mut Dice) -> Caller {
    let mut caller = match dice.below(8) {
        0..=3 => Caller::manager(),
        4 => Caller::system(),
        n => customer(["kim", "lee", "guest"][n - 5]),
    };
    if dice.one_in(6) {
        let key = IdempotencyKey::new(dice.pick(&["a", "b", "c"])).expect("it is well formed");
        caller = caller.with_idempotency_key(key);
    }
    if dice.one_in(6) {
        caller = caller.with_correlation_id(CorrelationId::new("req-1").expect("it is well formed"));
    }
    caller
}

/// Sends the bytes as a command, or else as a query.
fn send(app: &App, caller: &Caller, bytes: &[u8], dice: &mut Dice) -> Result<bool, String> {
    let command = serde_json::from_slice::<Command>(bytes);
    let query = serde_json::from_slice::<Query>(bytes);
    let before = Before::look(app, dice.one_in(16))?;
    if let Ok(command) = command {
        again(&command)?;
        let answer = app.execute(caller, command);
        return judge(app, &before, answer.map(|answer| serde_json::to_value(answer).map_err(|e| e.to_string())));
    }
    let Ok(query) = query else { return Ok(false) };
    again(&query)?;
    let answer = app.query(query).map(|answer| serde_json::to_value(answer).map_err(|e| e.to_string()));
    before.unchanged(app)?;
    judge(app, &before, answer)
}

type Answered = Result<Result<serde_json::Value, String>, Error>;

fn judge(app: &App, before: &Before, answer: Answered) -> Result<bool, String> {
    before.lawful(app)?;
    match answer {
        Ok(answer) => rules::hold(&answer?).map(|()| true),
        Err(error) if error.kind() == Kind::Internal => Err(broken(error)),
        Err(error) => {
            if changes_nothing(&error) {
                before.unchanged(app).map_err(|e| format!("{} {error}: {e}", error.code()))?;
            }
            told(&error).map(|()| false)
        }
    }
}

/// What is said of a refusal is safe to show.
fn told(error: &Error) -> Result<(), String> {
    rules::hold(&error.to_string().into()).map_err(|e| format!("the words of a refusal: {e}"))
}

/// What was read can be written and reads the same.
fn again<T>(read: &T) -> Result<(), String>
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq,
{
    let text = serde_json::to_vec(read).map_err(|e| format!("what was read cannot be written: {e}"))?;
    match serde_json::from_slice::<T>(&text) {
        Ok(same) if same == *read => Ok(()),
        Ok(_) | Err(_) => Err(format!("what was read is written as {}, which is another", short(&text))),
    }
}

/// Everything comes to rest, and is as the log says.
fn end(site: &Site) -> Result<(), String> {
    site.gateway.set_behaviour(Behaviour::Approve);
    for _ in 0..20 {
        site.app.run_due().map_err(broken)?;
        site.clock.advance(Duration::from_secs(120));
    }
    let verified = site.app.verify().map_err(broken)?;
    if verified.ok { Ok(()) } else { Err(format!("{:?}", verified.findings)) }
}

/// Enough of it to know it by.
pub(super) fn short(bytes: &[u8]) -> String {
    let text = bytes[..bytes.len().min(400)].escape_ascii().to_string();
    if bytes.len() > 400 { format!("{text}… ({} bytes)", bytes.len()) } else { text }
}
