//! Too many callers: each is answered, and those that are let in keep their pace.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::client::{Client, shown};
use super::process::Place;
use super::{Outcome, Stage, locked, wrong};

/// Somebody who was turned away comes again after so long, far sooner than it was told.
const IMPATIENCE: Duration = Duration::from_millis(20);

#[derive(Default)]
struct Seen {
    reserved: Vec<u64>,
    taken: usize,
    refused: usize,
    reads: usize,
    served: Vec<Duration>,
    turned_away: Vec<Duration>,
    wrong: Vec<String>,
}

pub(super) fn play(stage: &Stage) -> Outcome {
    let storages = stage.pick(100_000, 5_000);
    let seconds = stage.pick(20, 3);
    let mut told = Vec::new();
    for callers in [50, 100] {
        let place = Place::new(stage, storages)?;
        let server = place.run("serve", &["--insecure", "--log", "none"])?;
        let seen = load(server.address, callers, callers / 10, storages, seconds);
        server.end()?;
        told.push(format!("{callers} callers, {}", settled(&place, seen, seconds)?));
    }
    // The same server with few places: as many callers as places, then twice as many.
    let admission: usize = 32;
    for callers in [admission, 2 * admission] {
        let place = Place::new(stage, storages)?;
        let limit = admission.to_string();
        let server = place.run("serve", &["--insecure", "--log", "none", "--admission", &limit])?;
        let seen = load(server.address, callers, 0, storages, seconds);
        server.end()?;
        let (mut away, refused) = (seen.turned_away.clone(), seen.refused);
        if callers > admission && refused == 0 {
            return wrong("twice the limit, and nobody was turned away");
        }
        let away = if refused > 0 { format!("; turned away at once: {}", shown(&mut away)) } else { String::new() };
        told.push(format!("{callers} callers, {admission} places: {}{away}", settled(&place, seen, seconds)?));
    }
    Ok(told)
}

fn settled(place: &Place, mut seen: Seen, seconds: u64) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    if let Some(first) = seen.wrong.first() {
        return wrong(format!("{} answers were wrong, such as {first}", seen.wrong.len()));
    }
    let verified = place.verified(&seen.reserved)?;
    Ok(format!(
        "{seconds} s: {} reserved, {} taken already, {} turned away, {} reads; {}; all there, {} events verified",
        seen.reserved.len(),
        seen.taken,
        seen.refused,
        seen.reads,
        shown(&mut seen.served),
        verified.events,
    ))
}

fn load(server: SocketAddr, callers: usize, readers: usize, storages: usize, seconds: u64) -> Seen {
    let (next, over, all) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(Seen::default()));
    std::thread::scope(|scope| {
        for n in 0..callers + readers {
            let (next, over, all) = (&next, &over, &all);
            scope.spawn(move || {
                let mut seen = Seen::default();
                // Some keep their connection, some make a new one each time.
                let mut client = Client::new(server, n % 2 == 0);
                while !over.load(Ordering::Relaxed) {
                    let at = next.fetch_add(1, Ordering::Relaxed) % storages + 1;
                    if n < callers { reserve(&mut client, at, &mut seen) } else { read(&mut client, at, &mut seen) }
                }
                let mut all = locked(all);
                all.reserved.append(&mut seen.reserved);
                all.served.append(&mut seen.served);
                all.turned_away.append(&mut seen.turned_away);
                all.wrong.append(&mut seen.wrong);
                (all.taken, all.refused, all.reads) =
                    (all.taken + seen.taken, all.refused + seen.refused, all.reads + seen.reads);
            });
        }
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_secs(seconds) {
            std::thread::sleep(Duration::from_millis(20));
        }
        over.store(true, Ordering::Relaxed);
    });
    all.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn reserve(client: &mut Client, storage: usize, seen: &mut Seen) {
    match client.timed("POST", "/reservations", &format!(r#"{{"storageId":{storage}}}"#)) {
        Ok((answer, took)) => match answer.status {
            201 => {
                seen.served.push(took);
                seen.reserved.extend(answer.json()["reservationId"].as_u64());
            }
            409 => {
                seen.served.push(took);
                seen.taken += 1;
            }
            503 if answer.has_retry_after() => {
                seen.turned_away.push(took);
                seen.refused += 1;
                std::thread::sleep(IMPATIENCE);
            }
            _ => seen.wrong.push(format!("{answer:?}")),
        },
        Err(error) => seen.wrong.push(error.to_string()),
    }
}

fn read(client: &mut Client, storage: usize, seen: &mut Seen) {
    let path = match storage % 3 {
        0 => format!("/storageviews/{storage}"),
        1 => format!("/storageviews?size=20&after={storage}"),
        _ => "/reservations?size=20&status=reserved".to_owned(),
    };
    match client.get(&path) {
        Ok(answer) if answer.status == 200 => seen.reads += 1,
        Ok(answer) => seen.wrong.push(format!("{path}: {answer:?}")),
        Err(error) => seen.wrong.push(format!("{path}: {error}")),
    }
}
