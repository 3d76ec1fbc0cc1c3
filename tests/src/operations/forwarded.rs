//! A client that forges where it comes from has one rate all the same.

use std::time::Instant;

use super::process::Place;
use super::{Outcome, Stage, wrong};

const REQUESTS: usize = 1_000;
const RATE: usize = 20;

pub(super) fn play(stage: &Stage) -> Outcome {
    let place = Place::new(stage, 1)?;
    let server = place.run("serve", &["--insecure", "--log", "none", "--rate-limit", &RATE.to_string()])?;
    let (mut client, begun) = (server.client(), Instant::now());
    let (mut served, mut refused) = (0, 0);
    for n in 0..REQUESTS {
        let forged = format!("198.51.{}.{}", n / 250, n % 250);
        let headers =
            [("X-Forwarded-For", forged.as_str()), ("Forwarded", &format!("for={forged}")), ("X-Real-IP", &forged)];
        match client.ask("GET", "/storages", &headers, "")? {
            answer if answer.status == 200 => served += 1,
            answer if answer.status == 429 && answer.has_retry_after() => refused += 1,
            answer => return wrong(format!("{answer:?}")),
        }
    }
    let took = begun.elapsed();
    server.end()?;
    let most = RATE + (took.as_secs_f64() * RATE as f64).ceil() as usize;
    if served > most {
        return wrong(format!("{served} were served in {took:?}, {most} may be"));
    }
    Ok(vec![format!(
        "{REQUESTS} forged addresses in {:.1} s at {RATE} a second: {served} served, {refused} turned away; one rate allows {most}",
        took.as_secs_f64()
    )])
}
