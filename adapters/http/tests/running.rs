//! What an operator relies on: probes, figures, who is turned away, and how.

use std::convert::Infallible;
use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use futures_util::future::join_all;
use storagerent::payment::Behaviour;
use storagerent_http::{Ending, Options};

use crate::bearers::{bearer, guarded};
use crate::house::{Answer, House};

const STORAGE: &str = r#"{"description":"BigStorage","price":"1000"}"#;

#[tokio::test]
async fn told_to_leave_it_is_unready_at_once_and_serves_on() {
    let ending = Ending::default();
    let house = House::open(Options::insecure().ending(ending.clone()));
    for path in ["/livez", "/readyz", "/actuator/health"] {
        let answer = house.get(path).await;
        assert_eq!((answer.told(200)["status"].as_str(), answer.header("connection")), (Some("UP"), None), "{path}");
    }
    ending.leave();
    assert_eq!(house.get("/readyz").await.problem(503, "ending")["detail"], "this server is about to end");
    assert_eq!(house.get("/livez").await.told(200)["status"], "UP");
    let answer = house.post("/storages", STORAGE).await;
    answer.told(201);
    assert_eq!(answer.header("connection"), Some("close"), "the client goes elsewhere with its next request");
    ending.end();
    ending.leave();
    house.get("/readyz").await.problem(503, "ending");
}

async fn figures(house: &House) -> String {
    let answer = house.get("/metrics").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    String::from_utf8(answer.body.to_vec()).unwrap()
}

#[track_caller]
fn has(figures: &str, lines: &[&str]) {
    for line in lines {
        assert!(figures.lines().any(|l| l == *line), "{line} is not in\n{figures}");
    }
}

#[tokio::test]
async fn figures_say_what_happened_and_what_waits() {
    let house = House::without_worker(Options::insecure()).with_storages(3).await;
    let fresh = figures(&house).await;
    has(
        &fresh,
        &["storagerent_breaker_state{state=\"closed\"} 1", "storagerent_http_refused_total{reason=\"rate\"} 0"],
    );
    house.post("/consumers/view/pause", "").await.told(200);
    house.post("/reservations", r#"{"storageId":1}"#).await.told(201);
    house.ask("PATCH", "/reservations/1", &[], r#"{"reservationStatus":"reqCancel"}"#).await.told(200);
    house.gateway.set_behaviour(Behaviour::LostReply);
    house.post("/reservations", r#"{"storageId":2}"#).await.told(202);
    house.post("/reservations", r#"{"storageId":9}"#).await.problem(404, "storageNotFound");
    house.get("/nothing/of/mine").await.problem(404, "notFound");
    house.clock.advance(std::time::Duration::from_secs(90));
    let figures = figures(&house).await;
    has(
        &figures,
        &[
            "storagerent_http_requests_total{method=\"POST\",route=\"/reservations\",status=\"201\"} 1",
            "storagerent_http_requests_total{method=\"POST\",route=\"/reservations\",status=\"202\"} 1",
            "storagerent_http_requests_total{method=\"GET\",route=\"none\",status=\"404\"} 1",
            "storagerent_http_request_duration_seconds_count{method=\"POST\",route=\"/reservations\"} 3",
            "storagerent_http_requests_in_flight 1",
            "storagerent_writer_queue_depth 0",
            "storagerent_writer_queue_max 256",
            "storagerent_effects_open{kind=\"refund\"} 1",
            "storagerent_effects_oldest_seconds{kind=\"refund\"} 90",
            "storagerent_effects_open{kind=\"charge\"} 1",
            "storagerent_effects_open{kind=\"void\"} 0",
            "storagerent_effects_oldest_seconds{kind=\"void\"} 0",
            "storagerent_reservations{status=\"reqReserve\"} 1",
            "storagerent_reservations{status=\"reqCancel\"} 1",
            "storagerent_holds_open 1",
            "storagerent_dead_letters_open 0",
            "storagerent_consumer_paused{consumer=\"view\"} 1",
            "storagerent_storages 3",
            concat!("storagerent_build_info{version=\"", env!("CARGO_PKG_VERSION"), "\"} 1"),
        ],
    );
    let behind = figures.lines().find(|l| l.starts_with("storagerent_consumer_lag{consumer=\"view\"} ")).unwrap();
    assert!(!behind.ends_with(" 0"), "it is paused: {behind}");
}

#[tokio::test]
async fn the_breaker_shows_and_is_told_with_when_to_come_back() {
    let house = House::open(Options::insecure()).with_storages(9).await;
    house.gateway.set_behaviour(Behaviour::Down);
    for storage in 1..=5 {
        house.post("/reservations", &format!(r#"{{"storageId":{storage}}}"#)).await.problem(503, "paymentUnavailable");
    }
    let events = house.app.head().unwrap();
    let problem = house.post("/reservations", r#"{"storageId":6}"#).await.problem(503, "paymentUnavailable");
    assert_eq!(problem["retryAfter"], 30);
    assert_eq!(house.app.head().unwrap(), events, "with the breaker open nothing is held");
    has(
        &figures(&house).await,
        &["storagerent_breaker_state{state=\"open\"} 1", "storagerent_breaker_state{state=\"closed\"} 0"],
    );
}

#[tokio::test]
async fn changes_beyond_the_limit_are_turned_away_at_once_and_reads_are_not() {
    let house = House::open(Options::insecure().changes_max(4));
    let all = join_all((0..20).map(|_| house.post("/storages", STORAGE))).await;
    let (made, refused): (Vec<Answer>, Vec<Answer>) = all.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((made.len(), refused.len()), (4, 16));
    for answer in refused {
        assert_eq!(answer.problem(503, "busy")["retryAfter"], 1);
    }
    let reads = join_all((0..20).map(|_| house.get("/storages"))).await;
    assert!(reads.iter().all(|answer| answer.status == 200));
    house.post("/storages", STORAGE).await.told(201);
    assert_eq!(house.app.storages(storagerent::Page::default()).unwrap().len(), 5, "what was refused was not done");
    has(&figures(&house).await, &["storagerent_http_refused_total{reason=\"queue\"} 16"]);
}

#[tokio::test]
async fn reservations_that_find_no_call_of_the_payment_service_free_are_told_so_and_counted() {
    let (house, _gateway) = House::late(Options::insecure().calls_max(1), std::time::Duration::from_secs(3));
    let house = house.with_storages(2).await;
    has(&figures(&house).await, &["storagerent_http_refused_total{reason=\"payments\"} 0"]);
    let bodies = [r#"{"storageId":1}"#, r#"{"storageId":2}"#];
    let [first, second] = bodies.map(|body| house.post("/reservations", body));
    let (first, second) = tokio::join!(first, second);
    let (made, refused) = if first.status == 201 { (first, second) } else { (second, first) };
    made.told(201);
    assert_eq!(refused.header("retry-after"), Some("1"));
    let problem = refused.problem(503, "tooManyPayments");
    assert_eq!(problem["detail"], "1 reservation waits for the payment service already");
    assert_eq!(problem["retryAfter"], 1);
    has(&figures(&house).await, &["storagerent_http_refused_total{reason=\"payments\"} 1"]);
}

#[tokio::test]
async fn whose_body_is_still_coming_takes_no_place_from_others() {
    let house = House::open(Options::insecure().changes_max(1));
    let coming = Body::from_stream(futures_util::stream::pending::<Result<Bytes, Infallible>>());
    let slow = Request::post("/storages").header("content-type", "application/json").body(coming).unwrap();
    let meanwhile = async {
        tokio::task::yield_now().await;
        house.post("/storages", STORAGE).await
    };
    tokio::select! {
        biased;
        answer = house.send(slow) => panic!("{answer:?}"),
        answer = meanwhile => drop(answer.told(201)),
    }
}

/// Asks from an address, saying to come from others.
async fn asked_from(house: &House, peer: &str, forwarded: Option<&str>, token: Option<&str>) -> Answer {
    let mut request = Request::get("/storages").extension(ConnectInfo::<SocketAddr>(peer.parse().unwrap()));
    if let Some(forwarded) = forwarded {
        request = request.header("x-forwarded-for", forwarded);
    }
    if let Some(token) = token {
        request = request.header("authorization", token);
    }
    house.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn a_thousand_forged_addresses_share_one_rate() {
    let house = House::open(Options::insecure().rate_max(5));
    let mut answered = 0;
    for n in 0..1000 {
        let forged = format!("198.51.{}.{}", n / 250, n % 250);
        let answer = asked_from(&house, "203.0.113.9:4000", Some(&forged), None).await;
        match answer.status.as_u16() {
            200 => answered += 1,
            429 => assert_eq!(answer.problem(429, "tooManyRequests")["retryAfter"], 1),
            other => panic!("{other}"),
        }
    }
    assert!((5..100).contains(&answered), "{answered}");
    assert_eq!(asked_from(&house, "203.0.113.10:4000", None, None).await.status, 200, "others have their own");
}

#[tokio::test]
async fn a_listed_proxy_says_who_asks() {
    let house = House::open(Options::insecure().rate_max(1).trusted_proxies(["10.0.0.0/8".parse().unwrap()]));
    for client in ["198.51.100.1", "198.51.100.2", "6.6.6.6, 198.51.100.3"] {
        assert_eq!(asked_from(&house, "10.0.0.7:80", Some(client), None).await.status, 200, "{client}");
        assert_eq!(asked_from(&house, "10.0.0.7:80", Some(client), None).await.status, 429, "{client}");
    }
    let told_again = asked_from(&house, "10.0.0.7:80", Some("7.7.7.7, 198.51.100.3"), None).await;
    assert_eq!(told_again.status, 429, "what a client writes itself stands further left");
}

#[tokio::test]
async fn each_token_has_a_rate_and_whoever_guesses_tokens_pays_by_address() {
    let house = House::open(guarded().rate_max(1));
    let (kim, lee) = (bearer("kim"), bearer("lee"));
    for (token, status) in [(&kim, 200), (&kim, 429), (&lee, 200), (&lee, 429)] {
        assert_eq!(asked_from(&house, "203.0.113.9:1", None, Some(token)).await.status, status);
    }
    let guessed = |peer| asked_from(&house, peer, None, Some("Bearer guessed"));
    assert_eq!(guessed("203.0.113.9:1").await.status, 401);
    assert_eq!(guessed("203.0.113.9:2").await.status, 429, "one address, whatever its port");
    assert_eq!(guessed("203.0.113.8:1").await.status, 401);
    for _ in 0..3 {
        assert_eq!(house.get("/livez").await.status, 200, "probes are never turned away");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_given_up() {
    let house = House::open(Options::insecure());
    let drip = futures_util::stream::once(async { Ok::<_, std::io::Error>(Bytes::from_static(b"{")) });
    let endless = futures_util::StreamExt::chain(drip, futures_util::stream::pending());
    let request = Request::post("/storages").header("content-type", "application/json");
    let begun = tokio::time::Instant::now();
    house.send(request.body(Body::from_stream(endless)).unwrap()).await.problem(408, "tooSlow");
    assert_eq!(begun.elapsed().as_secs(), 10);
}
