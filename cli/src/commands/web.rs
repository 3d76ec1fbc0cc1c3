//! `web`: serves the page to this machine alone. Everything it can serve is in the program: no path leads to a file.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;

/// The page: path and bytes of each file. Empty where it was not built before this program.
static PAGE: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/page.rs"));

/// A browser's request line and headers fit many times over.
const HEAD_BYTES_MAX: u64 = 16 * 1024;
/// A browser opens half a dozen connections; more are closed at once.
const CONNECTIONS_MAX: usize = 64;
const PATIENCE: Duration = Duration::from_secs(10);
/// After trouble with accepting it tries again so much later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Nothing from elsewhere, nothing inline, in no frame.
const HEADERS: &str = "Content-Security-Policy: default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; \
style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
Cross-Origin-Opener-Policy: same-origin\r\nCross-Origin-Resource-Policy: same-origin\r\nReferrer-Policy: no-referrer\r\n\
X-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\nConnection: close\r\n";

#[derive(Debug, Args)]
pub(crate) struct WebArgs {
    /// The port on 127.0.0.1; 0 takes any that is free
    #[arg(long, value_name = "N", default_value_t = 8017)]
    port: u16,
}

/// Where the page is.
#[derive(Serialize)]
struct Served {
    url: String,
}

impl WebArgs {
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        if PAGE.is_empty() {
            return Err(Failure::NoPage);
        }
        let failed = |source| Failure::Port { port: self.port, source };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let url = format!("http://127.0.0.1:{port}/");
        let sentence = out.lang().pick(
            format!("the page is at {url} until this program is stopped"),
            format!("페이지 주소는 {url} 입니다. 이 프로그램을 끝내면 닫힙니다"),
        );
        out.say(&Served { url }, &sentence)?;
        static OPEN: AtomicUsize = AtomicUsize::new(0);
        for stream in listener.incoming() {
            // Whoever went away before being served is no trouble of ours. Where there is no file left to open it in, there may be
            // one a little later.
            let Ok(stream) = stream else {
                std::thread::sleep(ACCEPT_PAUSE);
                continue;
            };
            if OPEN.fetch_add(1, Ordering::SeqCst) >= CONNECTIONS_MAX {
                OPEN.fetch_sub(1, Ordering::SeqCst);
                continue;
            }
            std::thread::spawn(move || {
                // A browser that hangs up is none the worse for it.
                let _ = serve(&stream, port);
                OPEN.fetch_sub(1, Ordering::SeqCst);
            });
        }
        Ok(())
    }
}

fn serve(stream: &TcpStream, port: u16) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new(stream.take(HEAD_BYTES_MAX)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let mut host = None;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("host")
        {
            host = Some(value.trim().to_owned());
        }
    }
    let answer = answer(&request, host.as_deref(), port);
    let mut stream = stream;
    let Answer { status, content_type, body, with_body } = answer;
    let length = body.len();
    write!(stream, "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {length}\r\n{HEADERS}\r\n")?;
    if with_body {
        stream.write_all(body)?;
    }
    stream.flush()
}

/// What is answered to a request.
struct Answer {
    status: &'static str,
    content_type: &'static str,
    body: &'static [u8],
    with_body: bool,
}

fn answer(request: &str, host: Option<&str>, port: u16) -> Answer {
    let refusal = |status| Answer { status, content_type: "text/plain; charset=utf-8", body: b"", with_body: false };
    let mut words = request.split(' ');
    let (Some(method), Some(target), Some("HTTP/1.1" | "HTTP/1.0"), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return refusal("400 Bad Request");
    };
    // A name of somebody else's that leads here must not make this page theirs.
    if !host
        .is_some_and(|host| [format!("127.0.0.1:{port}"), format!("localhost:{port}")].iter().any(|own| own == host))
    {
        return refusal("421 Misdirected Request");
    }
    if !matches!(method, "GET" | "HEAD") {
        return refusal("405 Method Not Allowed");
    }
    let path = target.split(['?', '#']).next().unwrap_or_default().trim_start_matches('/');
    let path = if path.is_empty() { "index.html" } else { path };
    match PAGE.iter().find(|(name, _)| *name == path) {
        Some((name, body)) => {
            Answer { status: "200 OK", content_type: content_type(name), body, with_body: method == "GET" }
        }
        None => refusal("404 Not Found"),
    }
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" => "application/json",
        "webmanifest" => "application/manifest+json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_own_names_whole_requests_and_known_paths_are_answered() {
        let host = Some("127.0.0.1:8017");
        for (request, host, status) in [
            ("GET /no/such HTTP/1.1", host, "404 Not Found"),
            ("GET /../../etc/passwd HTTP/1.1", host, "404 Not Found"),
            ("GET /%2e%2e/Cargo.toml HTTP/1.1", host, "404 Not Found"),
            ("POST / HTTP/1.1", host, "405 Method Not Allowed"),
            ("GET /", host, "400 Bad Request"),
            ("", host, "400 Bad Request"),
            ("GET / HTTP/1.1 more", host, "400 Bad Request"),
            ("GET / HTTP/1.1", None, "421 Misdirected Request"),
            ("GET / HTTP/1.1", Some("evil.example:8017"), "421 Misdirected Request"),
            ("GET / HTTP/1.1", Some("127.0.0.1:9"), "421 Misdirected Request"),
        ] {
            assert_eq!(answer(request, host, 8017).status, status, "{request} {host:?}");
        }
    }

    #[test]
    fn every_file_of_the_page_is_answered_with_its_type() {
        for (name, bytes) in PAGE {
            let request = format!("GET /{name}?v=1 HTTP/1.1");
            let told = answer(&request, Some("localhost:1"), 1);
            assert_eq!((told.status, told.body.len(), told.with_body), ("200 OK", bytes.len(), true));
            assert_ne!(told.content_type, "application/octet-stream", "{name}");
            assert!(!answer(&request.replace("GET", "HEAD"), Some("localhost:1"), 1).with_body);
        }
    }
}
