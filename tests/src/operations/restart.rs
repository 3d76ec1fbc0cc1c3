//! Restarts under load that nobody notices: the socket is kept, the process behind it is another one.

use std::net::TcpListener;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use super::client::Client;
use super::process::{Place, Running};
use super::{Outcome, Stage, locked, wrong};

const CALLERS: usize = 16;

pub(super) fn play(stage: &Stage) -> Outcome {
    let (storages, restarts) = (stage.pick(50_000, 20_000), stage.pick(20, 4));
    let place = Place::new(stage, storages)?;
    let socket = TcpListener::bind("127.0.0.1:0")?;
    let address = socket.local_addr()?;
    let args = ["--insecure", "--log", "none"];
    let mut server = Some(place.serve_on(&socket, &args)?);
    let (next, over, failed) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(Vec::new()));
    let reserved = Mutex::new(Vec::new());
    let mut slowest = Duration::ZERO;
    let played = std::thread::scope(|scope| {
        for n in 0..CALLERS {
            let (next, over, failed, reserved) = (&next, &over, &failed, &reserved);
            scope.spawn(move || {
                let mut client = Client::new(address, n % 2 == 0);
                let told = |what: String| locked(failed).push(what);
                while !over.load(Ordering::Relaxed) {
                    let storage = next.fetch_add(1, Ordering::Relaxed) % storages + 1;
                    let answer = match n % 4 {
                        3 => client.get(&format!("/storageviews/{storage}")),
                        _ => client.post("/reservations", &format!(r#"{{"storageId":{storage}}}"#)),
                    };
                    match answer {
                        Ok(answer) if answer.status == 201 => {
                            let mut reserved = locked(reserved);
                            reserved.extend(answer.json()["reservationId"].as_u64());
                        }
                        Ok(answer) if answer.status == 200 || answer.status == 409 => {}
                        Ok(answer) => told(format!("{answer:?}")),
                        Err(error) => told(format!("{error} ({:?})", error.kind())),
                    }
                }
            });
        }
        let mut restart = || {
            for n in 0..restarts {
                std::thread::sleep(Duration::from_millis(300));
                // By turns: the next one begins when the last has ended, as systemd restarts; or while it still serves.
                if n % 2 == 0 {
                    let ended = server.take().map(Running::end).transpose()?;
                    slowest = slowest.max(ended.unwrap_or_default());
                    server = Some(place.serve_on(&socket, &args)?);
                } else {
                    let before = server.replace(place.serve_on(&socket, &args)?);
                    let ended = before.map(Running::end).transpose()?;
                    slowest = slowest.max(ended.unwrap_or_default());
                }
            }
            std::thread::sleep(Duration::from_millis(300));
            Ok::<_, std::io::Error>(())
        };
        let played = restart();
        over.store(true, Ordering::Relaxed);
        played.map(|()| server)
    });
    played?.map(Running::end).transpose()?;
    let failed = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let (asked, reserved) =
        (next.into_inner(), reserved.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner));
    if let Some(first) = failed.first() {
        return wrong(format!("{} of {asked} requests failed, such as {first}", failed.len()));
    }
    place.verified(&reserved)?;
    Ok(vec![format!(
        "{restarts} restarts under {CALLERS} callers: {asked} requests, 0 failed; {} reserved and there; the slowest end took {} ms",
        reserved.len(),
        slowest.as_millis()
    )])
}
