//! Services that mean harm, or are broken: a charge is never called taken or not taken by what they do.

use std::io::Write;
use std::net::TcpListener;
use std::time::{Duration, Instant};

use storagerent::{Outcome, PaymentGateway};

use crate::support::{DEADLINE, JSON, Raw, charge, gateway, http, kind, says};

/// What the three calls come to, as words.
fn calls(raw: &Raw, deadline: Duration) -> [String; 3] {
    let gateway = gateway(raw.address);
    [gateway.charge(&charge(1), deadline), gateway.void(&charge(1), deadline), gateway.refund(&charge(1), deadline)]
        .map(|outcome| kind(&outcome))
}

const NOTHING_KNOWN: [&str; 3] = ["unknown", "unavailable", "unavailable"];

#[test]
fn a_reply_that_is_none_settles_nothing() {
    let captured = says("captured");
    for (what, bytes) in [
        ("nothing", String::new()),
        ("garbage", "\0\u{1}garbage\r\n\r\n".to_owned()),
        ("another protocol", "SSH-2.0-OpenSSH_9.2\r\n".to_owned()),
        ("half a head", "HTTP/1.1 200 OK\r\nContent-Ty".to_owned()),
        ("half a body", format!("HTTP/1.1 200 OK\r\n{JSON}Content-Length: 4000\r\n\r\n{captured}")),
        ("half a chunk", format!("HTTP/1.1 200 OK\r\n{JSON}Transfer-Encoding: chunked\r\n\r\nffff\r\n{captured}")),
        ("no JSON", http("200 OK", JSON, "captured")),
        ("another type", http("200 OK", "Content-Type: text/html\r\n", &captured)),
        ("no type", http("200 OK", "", &captured)),
        ("another key", http("200 OK", JSON, &captured.replace("1\"", "2\""))),
        ("a redirect", http("307 Temporary Redirect", "Location: /payments\r\n", "")),
        ("a redirect with a body", http("303 See Other", &format!("{JSON}Location: /\r\n"), &captured)),
        ("a server error", http("500 Internal Server Error", JSON, &captured)),
        ("a gateway's error", http("502 Bad Gateway", "Content-Type: text/html\r\n", "<html>")),
        ("a header without end", format!("HTTP/1.1 200 OK\r\nX: {}", "x".repeat(200_000))),
    ] {
        let raw = Raw::answering(bytes);
        assert_eq!(calls(&raw, DEADLINE), NOTHING_KNOWN, "{what}");
        // On a slow machine the deadline may come before a request does.
        assert!(raw.requests().len() <= 3, "{what}: no call is made twice");
    }
}

#[test]
fn a_reply_without_end_is_not_read_to_its_end() {
    let raw = Raw::new(|stream| {
        let head = format!("HTTP/1.1 200 OK\r\n{JSON}Transfer-Encoding: chunked\r\n\r\n");
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x1_0000));
        let mut written = stream.write_all(head.as_bytes());
        for _ in 0..10_000 {
            if written.is_err() {
                return;
            }
            written = stream.write_all(chunk.as_bytes());
        }
        panic!("640 MB were read");
    });
    let begun = Instant::now();
    assert_eq!(calls(&raw, DEADLINE), NOTHING_KNOWN);
    assert!(begun.elapsed() < DEADLINE, "{:?}", begun.elapsed());
}

#[test]
fn a_reply_of_64_kib_is_read_and_of_a_byte_more_is_not() {
    let body = says("captured");
    for (bytes, expected) in [(64 * 1024, "captured"), (64 * 1024 + 1, "unknown")] {
        let padded = format!("{body}{}", " ".repeat(bytes - body.len()));
        let raw = Raw::answering(http("200 OK", JSON, &padded));
        assert_eq!(kind(&gateway(raw.address).charge(&charge(1), DEADLINE)), expected, "{bytes}");
    }
}

#[test]
fn a_reply_in_drops_ends_at_the_deadline() {
    let raw = Raw::new(|stream| {
        let answer = http("200 OK", JSON, &says("captured"));
        for byte in answer.bytes() {
            if stream.write_all(&[byte]).is_err() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let begun = Instant::now();
    let outcome = gateway(raw.address).charge(&charge(1), Duration::from_secs(1));
    assert_eq!(kind(&outcome), "unknown");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn a_service_that_never_answers_is_left_at_the_deadline() {
    // The system accepts for it; nobody reads.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let begun = Instant::now();
    let outcome = gateway(silent.local_addr().unwrap()).charge(&charge(1), Duration::from_millis(500));
    assert_eq!(kind(&outcome), "unknown");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
}

#[test]
fn redirects_take_neither_the_request_nor_the_token_elsewhere() {
    let elsewhere = Raw::answering(http("200 OK", JSON, &says("captured")));
    let location = format!("Location: http://{}/payments\r\n", elsewhere.address);
    for status in
        ["301 Moved Permanently", "302 Found", "303 See Other", "307 Temporary Redirect", "308 Permanent Redirect"]
    {
        let raw = Raw::answering(http(status, &location, ""));
        assert_eq!(calls(&raw, DEADLINE), NOTHING_KNOWN, "{status}");
    }
    assert!(elsewhere.requests().is_empty());
}

#[test]
fn the_request_is_what_the_contract_says() {
    let raw = Raw::answering(http("200 OK", JSON, &says("captured")));
    assert_eq!(gateway(raw.address).charge(&charge(1), DEADLINE), Outcome::Captured);
    assert_eq!(gateway(raw.address).void(&charge(1), DEADLINE), Outcome::Captured);
    let key = charge(1).key;
    for (request, line) in
        raw.requests().iter().zip(["POST /payments HTTP/1.1", &format!("POST /payments/{key}/void HTTP/1.1")])
    {
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(line), "{head}");
        assert!(head.to_lowercase().contains(&format!("\r\nidempotency-key: {key}")), "{head}");
        let expected = serde_json::json!({"paymentId": 1, "reservationId": 1, "price": 59_000, "currency": "KRW"});
        assert_eq!(serde_json::from_str::<serde_json::Value>(body).unwrap(), expected);
    }
}

#[test]
fn what_a_service_says_enters_no_log_as_it_is() {
    let canary = format!("\u{1b}[31m{}", "x".repeat(5_000));
    let body = serde_json::json!({"key": charge(1).key, "outcome": "declined", "reason": canary}).to_string();
    let raw = Raw::answering(http("402 Payment Required", JSON, &body));
    let outcome = gateway(raw.address).charge(&charge(1), DEADLINE);
    assert_eq!(outcome, Outcome::Declined { reason: canary });
    let Outcome::Declined { reason } = outcome.plain() else { panic!("it stays declined") };
    assert!(reason.chars().count() <= 200 && !reason.contains('\u{1b}'), "core makes it plain: {reason}");
}
