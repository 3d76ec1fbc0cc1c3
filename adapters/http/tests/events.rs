//! Streams over real connections: who drops and resumes, under load, misses nothing and gets nothing twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use storagerent::chrono::TimeDelta;
use storagerent::{Caller, CancelReservation, Reserve};
use storagerent_http::{Ending, Limits, Options, serve};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use crate::bearers::{bearer, guarded};
use crate::house::{House, big_storage, morning};

const DROPS: u32 = 100;
const WRITERS: usize = 4;

struct Stream {
    lines: tokio::io::Lines<BufReader<TcpStream>>,
}

impl Stream {
    async fn open(port: u16, after: Option<u64>) -> Self {
        let resumed = after.map(|id| format!("Last-Event-ID: {id}\r\n")).unwrap_or_default();
        Stream::asked(port, &resumed).await
    }

    async fn asked(port: u16, headers: &str) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let asked = format!("GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n{headers}\r\n");
        stream.write_all(asked.as_bytes()).await.unwrap();
        let mut lines = BufReader::new(stream).lines();
        assert_eq!(lines.next_line().await.unwrap().as_deref(), Some("HTTP/1.1 200 OK"));
        Stream { lines }
    }

    /// The id of the next event; its data says the same.
    async fn next(&mut self) -> Option<u64> {
        let mut id = None;
        while let Ok(Some(line)) = self.lines.next_line().await {
            // The last chunk of the body; the connection may stay.
            if line == "0" {
                return None;
            }
            if let Some(told) = line.strip_prefix("id: ") {
                id = Some(told.parse().unwrap());
            }
            if let Some(data) = line.strip_prefix("data: ") {
                let event: serde_json::Value = serde_json::from_str(data).unwrap();
                assert!(event["eventType"].is_string());
                let sequence = event["sequence"].as_u64();
                assert!(id.is_none() || id == sequence);
                id = sequence;
            }
            if line.is_empty() && id.is_some() {
                return id;
            }
        }
        None
    }
}

async fn served(house: &House, ending: &Ending) -> (u16, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (port, tokio::spawn(serve(listener, house.router.clone(), Limits::default(), ending.clone())))
}

async fn write(house: Arc<House>, stop: Arc<AtomicBool>) {
    let manager = Caller::manager();
    while !stop.load(Ordering::Acquire) {
        let storage = house.app.register_async(&manager, big_storage()).await.unwrap();
        let app = house.app.clone();
        let reserved =
            tokio::task::spawn_blocking(move || app.reserve(&Caller::manager(), Reserve::new(storage.storage_id)));
        let reservation_id = reserved.await.unwrap().unwrap().booking.reservation_id;
        house.app.cancel_async(&manager, CancelReservation { reservation_id }).await.unwrap();
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn who_drops_and_resumes_a_hundred_times_gets_every_event_once_in_order() {
    let ending = Ending::default();
    let house = Arc::new(House::open(Options::insecure().ending(ending.clone())));
    let (port, server) = served(&house, &ending).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writers: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(write(Arc::clone(&house), Arc::clone(&stop)))).collect();

    let mut seen: Vec<u64> = Vec::new();
    for drop_no in 0..DROPS {
        let mut stream = Stream::open(port, seen.last().copied()).await;
        // Some go in the middle of a page, some after many, some as soon as they have come.
        for _ in 0..(drop_no * 7) % 23 {
            let next = tokio::time::timeout(Duration::from_secs(10), stream.next()).await.expect("writers go on");
            seen.push(next.unwrap());
        }
    }
    stop.store(true, Ordering::Release);
    for writer in writers {
        writer.await.unwrap();
    }
    let mut stream = Stream::open(port, seen.last().copied()).await;
    // Refunds may still come.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let head = house.app.head().unwrap().get();
    while seen.last().copied() < Some(head) {
        let next = tokio::time::timeout(Duration::from_secs(10), stream.next()).await.expect("the rest comes");
        seen.push(next.unwrap());
    }
    // The end of serving ends the stream, and with it the server.
    ending.end();
    tokio::time::timeout(Duration::from_secs(5), server).await.expect("streams hold nobody back").unwrap();
    // The worker may have written more until then.
    while let Some(next) = stream.next().await {
        seen.push(next);
    }
    assert!(seen.len() > 1000, "{} events", seen.len());
    assert_eq!(seen, (1..=seen.len() as u64).collect::<Vec<_>>());
    assert!(house.app.verify().unwrap().ok);
}

#[tokio::test]
async fn a_stream_that_resumes_after_nonsense_is_refused() {
    let house = House::open(Options::insecure());
    for id in ["x", "-1", "", "1.5"] {
        let headers = [("accept", "text/event-stream"), ("last-event-id", id)];
        let problem = house.ask("GET", "/events", &headers, "").await.problem(422, "invalidValue");
        assert_eq!(problem["field"], "Last-Event-ID", "{id}");
    }
}

#[tokio::test]
async fn a_stream_that_resumes_beyond_the_end_of_the_log_is_refused_and_misses_nothing_silently() {
    let house = House::open(Options::insecure()).with_storages(1).await;
    let head = house.app.status().unwrap().events.get();
    let asks = async |path: String, id: Option<u64>| {
        let id = id.map(|id| id.to_string());
        let mut headers = vec![("accept", "text/event-stream")];
        headers.extend(id.as_deref().map(|id| ("last-event-id", id)));
        house.ask("GET", &path, &headers, "").await
    };
    let refused = asks("/events".to_owned(), Some(head + 1)).await.problem(422, "invalidValue");
    assert_eq!(refused["field"], "Last-Event-ID");
    let refused = asks(format!("/events?after={}", head + 1), None).await.problem(422, "invalidValue");
    assert_eq!(refused["field"], "after");
    // A browser that comes back asks as it did first, and says where it was.
    let both = asks("/events?after=0".to_owned(), Some(head + 1));
    let refused = tokio::time::timeout(Duration::from_secs(10), both).await.unwrap().problem(422, "invalidValue");
    assert_eq!(refused["field"], "Last-Event-ID");
}

#[tokio::test]
async fn one_caller_does_not_take_all_streams() {
    let house = House::open(guarded().streams_max(16)).with_storages(0).await;
    let ending = Ending::default();
    let (port, serving) = served(&house, &ending).await;
    let of = |name: &str| format!("Authorization: {}\r\n", bearer(name));
    let mut first = Stream::asked(port, &of("kim")).await;
    let second = Stream::asked(port, &of("kim")).await;
    let kim = bearer("kim");
    let one_more = async || {
        let headers = format!(
            "GET /events HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\nAuthorization: {kim}\r\n\r\n"
        );
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(headers.as_bytes()).await.unwrap();
        BufReader::new(stream).lines().next_line().await.unwrap().unwrap()
    };
    assert_eq!(one_more().await, "HTTP/1.1 429 Too Many Requests");
    let mut other = Stream::asked(port, &of("lee")).await;
    house.app.register(&Caller::manager(), big_storage()).unwrap();
    assert_eq!((first.next().await, other.next().await), (Some(1), Some(1)));
    drop(second);
    // Its place is free as soon as the server has seen that it is gone.
    for _ in 0..500 {
        if one_more().await == "HTTP/1.1 200 OK" {
            ending.end();
            serving.await.unwrap();
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the place of a stream that is gone is not free");
}

#[tokio::test]
async fn a_stream_ends_with_the_token_that_opened_it() {
    let house = House::open(guarded()).with_storages(0).await;
    house.app.register(&Caller::manager(), big_storage()).unwrap();
    let ending = Ending::default();
    let (port, serving) = served(&house, &ending).await;
    // Its time and the leeway are over in half a second.
    house.clock.set(morning() + TimeDelta::seconds(3_600 + 29) + TimeDelta::milliseconds(500));
    let mut stream = Stream::asked(port, &format!("Authorization: {}\r\n", bearer("manager"))).await;
    assert_eq!(stream.next().await, Some(1));
    assert_eq!(tokio::time::timeout(Duration::from_secs(10), stream.next()).await, Ok(None));
    ending.end();
    serving.await.unwrap();
}
