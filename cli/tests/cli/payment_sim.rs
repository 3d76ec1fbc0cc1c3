//! The simulated payment service as a process: where it is, who may call it, and how it ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

use crate::support::{Answer, Site, tool};

/// Started on any free port, and its address.
fn start(site: &Site, more: &[&str]) -> (Child, String) {
    let mut running = tool()
        .args(["--json", "payment-sim", "--listen", "127.0.0.1:0", "--books"])
        .arg(site.path("books"))
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(running.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let told: serde_json::Value = serde_json::from_str(&line).unwrap();
    let address = told["url"].as_str().unwrap().strip_prefix("http://").unwrap().to_owned();
    (running, address)
}

fn call(address: &str, request: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(
        stream,
        "{request} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Type: application/json\r\n\
         Content-Length: {length}\r\n{headers}\r\n{body}"
    )
    .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn refused(args: &[&str]) -> (i32, String) {
    let answer = Answer::of(tool().arg("--json").args(args).output().unwrap());
    (answer.code, answer.error()["code"].as_str().unwrap().to_owned())
}

#[cfg(unix)]
#[test]
fn it_says_where_it_is_keeps_its_books_and_ends_well_when_told_to() {
    let site = Site::new();
    std::fs::write(site.path("token"), "a-token-to-show\n").unwrap();
    let token = site.path("token").display().to_string();
    let (mut running, address) = start(&site, &["--token-file", &token]);
    assert!(call(&address, "GET /health", "", "").starts_with("HTTP/1.1 200"));
    let body = r#"{"paymentId":1,"reservationId":1,"price":59000,"currency":"KRW"}"#;
    let key = format!("Idempotency-Key: {}\r\n", "a".repeat(32));
    assert!(call(&address, "POST /payments", &key, body).starts_with("HTTP/1.1 401"));
    let shown = format!("{key}Authorization: Bearer a-token-to-show\r\n");
    assert!(call(&address, "POST /payments", &shown, body).contains(r#""outcome":"captured""#));
    assert!(std::process::Command::new("kill").arg(running.id().to_string()).status().unwrap().success());
    assert!(running.wait().unwrap().success());
    let (mut again, address) = start(&site, &["--behaviour", "decline"]);
    assert!(call(&address, "GET /books", "", "").contains(r#""captured":59000"#), "the books survive it");
    again.kill().unwrap();
    again.wait().unwrap();
}

#[test]
fn what_would_be_open_to_all_or_unsigned_is_refused() {
    let site = Site::new();
    let books = site.path("books").display().to_string();
    let sim = |more: &[&str]| refused(&[&["payment-sim", "--books", &books], more].concat());
    assert_eq!(sim(&["--listen", "0.0.0.0:0"]), (2, "invalidValue".to_owned()));
    assert_eq!(sim(&["--callback", "http://127.0.0.1:1/"]), (2, "usage".to_owned()), "a callback needs a secret");
    assert_eq!(sim(&["--token-file", "/no/such/file"]), (1, "fileFailed".to_owned()));
    assert_eq!(sim(&["--delay-ms", "600001"]), (2, "usage".to_owned()));
    std::fs::write(site.path("short"), "short").unwrap();
    let short = site.path("short").display().to_string();
    assert_eq!(sim(&["--token-file", &short]), (2, "invalidValue".to_owned()));
    std::fs::write(site.path("secret"), "long-enough-a-secret").unwrap();
    let secret = site.path("secret").display().to_string();
    assert_eq!(sim(&["--callback", "http://pay.example/", "--secret-file", &secret]), (2, "invalidValue".to_owned()));
    assert_eq!(refused(&["payment-sim"]), (2, "usage".to_owned()), "books are named, never guessed");
}

#[test]
fn it_is_told_how_to_behave_by_its_own_option() {
    let site = Site::new();
    let books = site.path("books");
    let line = ["payment-sim", "--payment", "decline", "--listen", "127.0.0.1:0", "--books", books.to_str().unwrap()];
    let answer = Answer::of(tool().arg("--json").args(line).output().unwrap());
    let error = answer.error();
    assert_eq!((answer.code, error["code"].as_str()), (2, Some("usage")), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("--behaviour"), "{error}");
    let answer = Answer::of(tool().args(["--json", "--lang", "ko"]).args(line).output().unwrap());
    let error = answer.error();
    assert!(error["message"].as_str().unwrap().contains("쓸 수 없습니다"), "{error}");
    assert!(error["hint"].as_str().unwrap().contains("--behaviour"), "{error}");
    assert!(!books.exists(), "nothing is made");
}
