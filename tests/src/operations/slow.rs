//! Clients that send a byte now and then: they are borne for a while, and keep nobody else from being served.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use super::client::{Client, shown};
use super::process::Place;
use super::{Outcome, Stage, wrong};

const SLOW: usize = 500;
const BETWEEN_BYTES: Duration = Duration::from_millis(500);

pub(super) fn play(stage: &Stage) -> Outcome {
    let place = Place::new(stage, 1_000)?;
    let server = place.run("serve", &["--insecure", "--log", "none"])?;
    let mut alone = healthy(server.address, stage.pick(2_000, 300))?;
    let mut dripping = Vec::new();
    for n in 0..SLOW {
        let mut stream = TcpStream::connect(server.address)?;
        stream.set_nonblocking(false)?;
        // Headers that do not end, and bodies that do not.
        let head = if n % 2 == 0 { "" } else { "Content-Type: application/json\r\nContent-Length: 60000\r\n\r\n" };
        write!(stream, "POST /storages HTTP/1.1\r\nHost: localhost\r\n{head}")?;
        dripping.push(stream);
    }
    let count = dripping.len();
    let drip = std::thread::spawn(move || {
        let (begun, mut closed_after) = (Instant::now(), Vec::new());
        while !dripping.is_empty() && begun.elapsed() < Duration::from_secs(30) {
            std::thread::sleep(BETWEEN_BYTES);
            dripping.retain_mut(|stream| {
                let gone = stream.write_all(b"x").is_err() || is_closed(stream);
                if gone {
                    closed_after.push(begun.elapsed());
                }
                !gone
            });
        }
        (dripping.len(), closed_after.into_iter().max().unwrap_or_default())
    });
    std::thread::sleep(Duration::from_millis(300));
    let mut beside = healthy(server.address, stage.pick(2_000, 300))?;
    let (left, last) = drip.join().map_err(|_| "the dripping broke off")?;
    if left > 0 {
        return wrong(format!("{left} connections still drip"));
    }
    let mut after = healthy(server.address, 100)?;
    server.end()?;
    Ok(vec![format!(
        "a healthy client alone: {}; beside {count} that drip: {}; all of them closed after {:.0} s; then: {}",
        shown(&mut alone),
        shown(&mut beside),
        last.as_secs_f64(),
        shown(&mut after)
    )])
}

/// Whether the server has given it up: it answered, or closed.
fn is_closed(stream: &mut TcpStream) -> bool {
    let mut read = [0; 512];
    if stream.set_nonblocking(true).is_err() {
        return true;
    }
    let gone = match stream.read(&mut read) {
        Ok(_) => true,
        Err(error) => error.kind() != std::io::ErrorKind::WouldBlock,
    };
    gone || stream.set_nonblocking(false).is_err()
}

fn healthy(server: SocketAddr, requests: usize) -> Result<Vec<Duration>, Box<dyn std::error::Error + Send + Sync>> {
    let mut times = Vec::new();
    for n in 0..requests {
        // A new connection each time: it is accepted, too.
        let (answer, took) = Client::new(server, false).timed("GET", &format!("/storages/{}", n % 1_000 + 1), "")?;
        if answer.status != 200 {
            return wrong(format!("{answer:?}"));
        }
        times.push(took);
    }
    Ok(times)
}
