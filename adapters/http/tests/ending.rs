//! The end of serving: what it waits for, and what it does not.

use std::time::Duration;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use storagerent::{ReservationId, ReservationStatus};
use storagerent_http::{Ending, Limits, Options, serve};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tower::ServiceExt as _;

use crate::house::House;

async fn served(house: &House, ending: &Ending) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    (port, tokio::spawn(serve(listener, house.router.clone(), Limits::default(), ending.clone())))
}

/// A client that has asked for storage 1 and waits.
async fn reserving(port: u16) -> TcpStream {
    let mut client = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let asked = "POST /reservations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                 Content-Length: 15\r\n\r\n{\"storageId\":1}";
    client.write_all(asked.as_bytes()).await.unwrap();
    client
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_payment_service_answers_is_written_down_though_the_client_has_left() {
    let ending = Ending::default();
    let (house, gateway) = House::late(Options::insecure().ending(ending.clone()), Duration::from_secs(1));
    let house = house.with_storages(1).await;
    let (port, server) = served(&house, &ending).await;

    let client = reserving(port).await;
    gateway.called().await;
    drop(client);
    ending.end();
    tokio::time::timeout(Duration::from_secs(10), server).await.expect("it waits for nothing else").unwrap();

    let row = house.app.reservation(ReservationId::new(1)).unwrap();
    assert_eq!(row.reservation_status, ReservationStatus::Reserved, "{row:?}");
    tokio::time::timeout(Duration::ZERO, ending.settled()).await.expect("nothing is under way");
}

#[tokio::test]
async fn a_stream_ends_though_there_is_more_to_tell() {
    let ending = Ending::default();
    let house = House::open(Options::insecure().ending(ending.clone())).with_storages(9).await;
    let asked = Request::get("/events").header("accept", "text/event-stream").body(Body::empty()).unwrap();
    let mut told = house.router.clone().oneshot(asked).await.unwrap().into_body();
    assert!(told.frame().await.is_some());
    ending.end();
    assert!(told.frame().await.is_none(), "whoever reads slowly comes back for the rest");
}

#[tokio::test]
async fn a_client_that_leaves_is_counted_as_one_that_left() {
    let (house, gateway) = House::late(Options::insecure(), Duration::from_millis(300));
    let house = house.with_storages(1).await;
    let ending = Ending::default();
    let (port, server) = served(&house, &ending).await;
    let client = reserving(port).await;
    gateway.called().await;
    drop(client);
    ending.end();
    server.await.unwrap();
    let figures = house.get("/metrics").await;
    let figures = String::from_utf8_lossy(&figures.body);
    let left = "storagerent_http_requests_total{method=\"POST\",route=\"/reservations\",status=\"499\"} 1";
    assert!(figures.contains(left), "{figures}");
    assert!(figures.contains("storagerent_http_requests_in_flight 1\n"), "{figures}");
}
