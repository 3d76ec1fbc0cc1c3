//! The page: in this build or not, said either way.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use crate::support::{Answer, tool};

#[test]
fn what_the_page_has_no_use_for_is_refused_on_the_line_alone() {
    for given in [["--db", "rent.db"], ["--payment", "down"]] {
        for line in
            [[&["--json"], &given[..], &["web", "--port", "0"]].concat(), [&["--json", "web"], &given[..]].concat()]
        {
            let answer = Answer::of(tool().args(&line).output().unwrap());
            let error = answer.error();
            assert_eq!((answer.code, error["code"].as_str()), (2, Some("usage")), "{line:?}: {error}");
            assert!(error["message"].as_str().unwrap().contains(given[0]), "{line:?}: {error}");
        }
    }
}

#[test]
fn the_page_is_served_or_said_to_be_missing() {
    // A port that is free by then, whichever.
    let mut running = tool()
        .args(["--json", "web", "--port", "0"])
        .env("STORAGERENT_DB", "rent.db")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(running.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    if line.is_empty() {
        let answer = Answer::of(running.wait_with_output().unwrap());
        let error = answer.error();
        assert_eq!((answer.code, error["code"].as_str()), (1, Some("noPage")), "{error}");
        assert!(error["hint"].as_str().unwrap().contains("wasm/build.sh"));
        return;
    }
    let url: serde_json::Value = serde_json::from_str(&line).unwrap();
    let host = url["url"].as_str().unwrap().trim_start_matches("http://").trim_end_matches('/').to_owned();
    let mut stream = TcpStream::connect(&host).unwrap();
    write!(stream, "GET /engine/engine.js HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    running.kill().unwrap();
    running.wait().unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains("script-src 'self' 'wasm-unsafe-eval'") && !answer.contains("unsafe-inline"), "{answer}");
}
