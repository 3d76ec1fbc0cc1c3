//! kill -9 under load, with a supervisor that starts the server again: whoever repeats under the same key gets the one answer.

use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::client::Client;
use super::process::{Place, Running};
use super::{Outcome, Stage, locked, wrong};

const CALLERS: usize = 8;
const TRIES_MAX: u32 = 200;

pub(super) fn play(stage: &Stage) -> Outcome {
    let (storages, kills) = (stage.pick(50_000, 10_000), stage.pick(20, 4));
    let place = Place::new(stage, storages)?;
    let socket = TcpListener::bind("127.0.0.1:0")?;
    let address = socket.local_addr()?;
    let args = ["--insecure", "--log", "none"];
    let mut server = Some(place.serve_on(&socket, &args)?);
    let (next, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let (reserved, failed, broken) = (Mutex::new(Vec::new()), Mutex::new(Vec::new()), AtomicUsize::new(0));
    let played = std::thread::scope(|scope| {
        for _ in 0..CALLERS {
            let (next, over, reserved, failed, broken) = (&next, &over, &reserved, &failed, &broken);
            scope.spawn(move || {
                let mut client = Client::new(address, true);
                let mut open = Vec::new();
                while !over.load(Ordering::Relaxed) {
                    let storage = next.fetch_add(1, Ordering::Relaxed) + 1;
                    if storage > storages {
                        break;
                    }
                    match repeat(&mut client, storage, 20, broken) {
                        Ok(Some(id)) => locked(reserved).push(id),
                        // Its charge was under way when the server was killed: it is known when its lease is over.
                        Ok(None) => open.push(storage),
                        Err(what) => locked(failed).push(what),
                    }
                }
                for storage in open {
                    let answer = repeat(&mut client, storage, TRIES_MAX, broken);
                    let answer = answer.and_then(|id| id.ok_or_else(|| format!("storage {storage}: never known")));
                    match answer {
                        Ok(id) => locked(reserved).push(id),
                        Err(what) => locked(failed).push(what),
                    }
                }
            });
        }
        let mut kill = || {
            for n in 0..kills {
                // At moments that differ, some while it begins.
                std::thread::sleep(Duration::from_millis(40 + 97 * n % 400));
                server.take().map(Running::kill).transpose()?;
                server = Some(place.serve_on(&socket, &args)?);
            }
            std::thread::sleep(Duration::from_millis(500));
            Ok::<_, std::io::Error>(())
        };
        let played = kill();
        over.store(true, Ordering::Relaxed);
        played.map(|()| server)
    });
    played?.map(Running::end).transpose()?;
    let failed = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(first) = failed.first() {
        return wrong(format!("{} reservations came to nothing, such as {first}", failed.len()));
    }
    let mut reserved = reserved.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    place.verified(&reserved)?;
    let count = reserved.len();
    reserved.sort_unstable();
    reserved.dedup();
    if reserved.len() != count {
        return wrong("one reservation answered two requests");
    }
    let broken = broken.into_inner();
    Ok(vec![format!(
        "{kills} kills under {CALLERS} callers: {broken} requests broke off and were repeated; {count} reserved, each once, all there; verified"
    )])
}

/// Asks until there is an answer, under one key; `None` if its outcome is not known by then.
fn repeat(client: &mut Client, storage: usize, tries: u32, broken: &AtomicUsize) -> Result<Option<u64>, String> {
    let (key, body) = (format!("key-{storage}"), format!(r#"{{"storageId":{storage}}}"#));
    for n in 0..tries {
        match client.ask("POST", "/reservations", &[("Idempotency-Key", &key)], &body) {
            Ok(answer) if answer.status == 201 => return Ok(answer.json()["reservationId"].as_u64()),
            // Not known yet, or the file is another process's for a moment.
            Ok(answer) if answer.status == 202 && tries < TRIES_MAX && n > 0 => return Ok(None),
            Ok(answer) if answer.status == 202 || answer.status == 503 => {}
            Ok(answer) => return Err(format!("storage {storage}: {answer:?}")),
            Err(_) => {
                broken.fetch_add(1, Ordering::Relaxed);
            }
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    Ok(None)
}
