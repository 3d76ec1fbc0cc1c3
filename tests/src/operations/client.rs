//! An HTTP client that shows everything: it retries nothing, follows nothing, and keeps a connection only as long as both want it.

use std::io::{BufRead, BufReader, Error, ErrorKind, Read, Result, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

/// One client.
pub(super) struct Client {
    server: SocketAddr,
    keeps: bool,
    open: Option<BufReader<TcpStream>>,
}

/// What was answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: String,
    pub(super) body: String,
}

impl Answer {
    pub(super) fn has_retry_after(&self) -> bool {
        self.headers.to_ascii_lowercase().contains("\r\nretry-after: ")
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

impl Client {
    /// One that keeps its connection, or makes a new one each time.
    pub(super) fn new(server: SocketAddr, keeps: bool) -> Self {
        Client { server, keeps, open: None }
    }

    pub(super) fn get(&mut self, path: &str) -> Result<Answer> {
        self.ask("GET", path, &[], "")
    }

    pub(super) fn post(&mut self, path: &str, body: &str) -> Result<Answer> {
        self.ask("POST", path, &[], body)
    }

    pub(super) fn ask(&mut self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Result<Answer> {
        let mut stream = match self.open.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.server)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                BufReader::new(stream)
            }
        };
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.server);
        for (name, value) in headers {
            head += &format!("{name}: {value}\r\n");
        }
        if !body.is_empty() {
            head += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        if !self.keeps {
            head += "Connection: close\r\n";
        }
        head += "\r\n";
        stream.get_mut().write_all((head + body).as_bytes())?;
        let (answer, stays) = read(&mut stream)?;
        if self.keeps && stays {
            self.open = Some(stream);
        }
        Ok(answer)
    }

    /// The same, and how long it took.
    pub(super) fn timed(&mut self, method: &str, path: &str, body: &str) -> Result<(Answer, Duration)> {
        let begun = Instant::now();
        let answer = self.ask(method, path, &[], body)?;
        Ok((answer, begun.elapsed()))
    }
}

fn read(stream: &mut BufReader<TcpStream>) -> Result<(Answer, bool)> {
    let mut headers = String::new();
    while !headers.ends_with("\r\n\r\n") {
        if stream.read_line(&mut headers)? == 0 {
            return Err(Error::new(ErrorKind::UnexpectedEof, format!("closed after {headers:?}")));
        }
    }
    let status = headers.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| Error::new(ErrorKind::InvalidData, headers.clone()))?;
    let plain = headers.to_ascii_lowercase();
    let length = plain.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body)?;
    let stays = !plain.contains("\r\nconnection: close\r\n");
    Ok((Answer { status, headers, body: String::from_utf8_lossy(&body).into_owned() }, stays))
}

/// The times at which half, and 99 of 100, were answered.
pub(super) fn shown(times: &mut [Duration]) -> String {
    times.sort_unstable();
    let at = |hundredth: usize| times.get(times.len() * hundredth / 100).or(times.last()).copied().unwrap_or_default();
    format!("p50 {:.1} ms, p99 {:.1} ms", at(50).as_secs_f64() * 1e3, at(99).as_secs_f64() * 1e3)
}
