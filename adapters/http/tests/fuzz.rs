//! Hostile requests: nothing breaks, and nothing is written that was not accepted.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request};
use storagerent::payment::Behaviour;
use storagerent_http::access::TABLE;
use storagerent_http::{BODY_BYTES_MAX, Options};

use crate::house::House;

const SEED: u64 = 20_261_122;
const REQUESTS: u64 = 2_000;
const REQUESTS_LONG: u64 = 100_000;

/// SplitMix64: the same requests on every machine.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((u128::from(z ^ (z >> 31)) * bound as u128) >> 64) as usize
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.below(256) as u8).collect()
    }
}

const METHODS: [&str; 9] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"];
const SEGMENTS: [&str; 18] = [
    "0",
    "1",
    "2",
    "3",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775808",
    "-1",
    "1e3",
    "%00",
    "%ff",
    "%2e%2e",
    "..%2fstorages",
    "view",
    "zone",
    "holdMinutes",
    "%ED%95%9C",
    "a%20b",
];
const QUERIES: [&str; 16] = [
    "",
    "?",
    "?after=1",
    "?size=100",
    "?size=0",
    "?size=4294967296",
    "?after=18446744073709551615",
    "?after=-1",
    "?x=1",
    "?storageId=1",
    "?storageId=%00",
    "?size=1&size=2",
    "?from=9999-12-31&storageId=1",
    "?status=%FF",
    "?maxPrice=1&until=0000-00-00",
    "?correlation=%E2%80%AE",
];
const HEADERS: [(&str, &[u8]); 20] = [
    ("accept-language", b"ko;q=NaN, en;q=inf, ;;;=,"),
    ("accept-language", b"\xff\xfe"),
    ("x-correlation-id", b"fuzz"),
    ("x-correlation-id", b""),
    ("x-correlation-id", b"a b\xff"),
    ("traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
    ("traceparent", b"----"),
    ("idempotency-key", b"k1"),
    ("idempotency-key", b"k2"),
    ("idempotency-key", b"\x80"),
    ("if-match", b"\"1\""),
    ("if-match", b"\"18446744073709551616\""),
    ("if-match", b"\""),
    ("authorization", b"Bearer \xff"),
    ("authorization", b""),
    ("last-event-id", b"18446744073709551615"),
    ("content-length", b"7"),
    ("content-encoding", b"gzip"),
    ("transfer-encoding", b"chunked"),
    ("host", b"\"><script>"),
];
const TYPES: [&[u8]; 8] = [
    b"application/json",
    b"application/json",
    b"application/json; charset=utf-8",
    b"application/hal+json",
    b"text/plain",
    b"application/x-www-form-urlencoded",
    b"",
    b"\xff/json",
];
const FIELDS: [&str; 16] = [
    "storageId",
    "description",
    "price",
    "reservationStatus",
    "from",
    "until",
    "rate",
    "content",
    "reservationId",
    "value",
    "reason",
    "on",
    "currency",
    "per",
    "withdrawn",
    "nobody\\u0000",
];
const VALUES: [&str; 30] = [
    "1",
    "2",
    "3",
    "\"1\"",
    "\"2\"",
    "200000",
    "\"200000\"",
    "0",
    "-1",
    "1.5",
    "1e400",
    "-0",
    "99999999999999999999999999",
    "9223372036854775807",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\"reqReserve\"",
    "\"reqCancel\"",
    "\"BigStorage\"",
    "\"2026-11-23\"",
    "\"9999-12-31\"",
    "\"0000-00-00\"",
    "\"\\u202e\"",
    "\"\\ud800\"",
    "\"KRW\"",
    "\"day\"",
    "5",
];

fn object(chance: &mut Chance) -> String {
    let count = chance.below(6);
    let fields: Vec<_> = (0..count).map(|_| format!("\"{}\":{}", chance.one(&FIELDS), chance.one(&VALUES))).collect();
    format!("{{{}}}", fields.join(","))
}

fn body(chance: &mut Chance) -> Vec<u8> {
    match chance.below(16) {
        0 => Vec::new(),
        1 => {
            let len = BODY_BYTES_MAX - 1 + chance.below(3);
            let mut body = br#"{"description":""#.to_vec();
            body.resize(len - 2, b'x');
            body.extend(b"\"}");
            body
        }
        2 => {
            // What is not looked at may be large: exactly up to the bound it is taken.
            let mut body = br#"{"description":"Padded","price":1}"#.to_vec();
            body.resize(BODY_BYTES_MAX - 1 + chance.below(3), b' ');
            body
        }
        3 => chance.one(&["[", "{\"description\":", "{\"lastAction\":["]).repeat(10_000).into_bytes(),
        4 => format!("{{\"lastAction\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000)).into_bytes(),
        5 => {
            let len = chance.below(300);
            chance.bytes(len)
        }
        6 => b"{\"description\":\"\xff\xc0\",\"price\":1}".to_vec(),
        7 => {
            let mut cut = object(chance).into_bytes();
            cut.truncate(chance.below(cut.len() + 1));
            cut
        }
        8 => br#"{"storageId":1,"price":"200000","reservationStatus":"reqReserve"}"#.to_vec(),
        9 => br#"{"reservationStatus":"reqCancel"}"#.to_vec(),
        10 => format!("[{}]", object(chance)).into_bytes(),
        11 => format!("{{\"storages\":[{},{}]}}", object(chance), object(chance)).into_bytes(),
        12 => format!("{{\"price\":{}}}", "9".repeat(chance.below(5000) + 1)).into_bytes(),
        _ => object(chance).into_bytes(),
    }
}

fn path(chance: &mut Chance) -> (String, &'static str) {
    let rule = chance.one(TABLE);
    let mut path = rule.path.to_owned();
    for name in ["{id}", "{name}", "{key}"] {
        path = path.replace(name, chance.one(&SEGMENTS));
    }
    match chance.below(20) {
        0 => path.push('/'),
        1 => path = format!("/{}", chance.one(&SEGMENTS)),
        2 => path.push_str("/x/y"),
        _ => {}
    }
    (path + chance.one(&QUERIES), rule.method)
}

/// What is accepted, in between: else there would soon be nothing left to attack.
fn fitting(chance: &mut Chance) -> Request<Body> {
    let id = 1 + chance.below(40);
    let (method, path, body) = match chance.below(8) {
        0 | 1 => ("POST", "/storages".to_owned(), r#"{"description":"BigStorage","price":"200000"}"#.to_owned()),
        2 | 3 => ("POST", "/reservations".to_owned(), format!(r#"{{"storageId":{id},"price":"200000"}}"#)),
        4 => ("PATCH", format!("/reservations/{id}"), r#"{"reservationStatus":"reqCancel"}"#.to_owned()),
        5 => ("POST", "/reviews".to_owned(), format!(r#"{{"storageId":{id},"rate":3,"content":"dry"}}"#)),
        6 => ("PATCH", format!("/storages/{id}"), r#"{"description":"Bigger"}"#.to_owned()),
        _ => ("POST", "/run-due".to_owned(), String::new()),
    };
    let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
    request.body(Body::from(body)).unwrap()
}

fn request(chance: &mut Chance) -> Request<Body> {
    if chance.below(5) == 0 {
        return fitting(chance);
    }
    let (path, method) = path(chance);
    let method = if chance.below(4) == 0 { chance.one(&METHODS) } else { method };
    let mut request = Request::new(Body::from(body(chance)));
    *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
    *request.uri_mut() = path.parse().unwrap();
    let headers = request.headers_mut();
    headers.insert("content-type", HeaderValue::from_bytes(chance.one(&TYPES)).unwrap());
    for _ in 0..chance.below(3) {
        let (name, value) = chance.one(&HEADERS);
        headers.append(HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap());
    }
    request
}

/// A refusal that the log may tell of: a hold was placed, and let go.
fn may_be_told(asked: &str, status: u16) -> bool {
    matches!(status, 402 | 409 | 503) && asked.starts_with("POST /reservations")
}

#[tokio::test]
async fn hostile_requests_break_nothing_and_write_only_what_is_accepted() {
    // Many sites rather than a long log: much of what is asked reads all of it.
    let sites = if std::env::var_os("STORAGERENT_LONG").is_some() { REQUESTS_LONG / REQUESTS } else { 1 };
    for site in 0..sites {
        attack(SEED + site).await;
    }
}

async fn attack(seed: u64) {
    let count = REQUESTS;
    let house = House::without_worker(Options::insecure()).with_storages(3).await;
    let mut chance = Chance(seed);
    let mut statuses: BTreeMap<u16, u64> = BTreeMap::new();
    let began = std::time::Instant::now();
    for no in 0..count {
        if no % 50 == 0 {
            let behaviours = [Behaviour::Approve, Behaviour::Approve, Behaviour::Decline, Behaviour::Down];
            house.gateway.set_behaviour(chance.one(&behaviours));
            house.clock.advance(std::time::Duration::from_secs(60));
        }
        let request = request(&mut chance);
        let asked = format!("{} {}", request.method(), request.uri());
        let head = house.app.head().unwrap();
        let answer = house.send(request).await;
        let (status, grown) = (answer.status.as_u16(), house.app.head().unwrap() != head);
        *statuses.entry(status).or_default() += 1;
        assert!(status < 500 || status == 503, "{no}: {asked}: {answer:?}");
        let is_safe = ["GET ", "HEAD ", "OPTIONS ", "TRACE "].iter().any(|method| asked.starts_with(method));
        let may_write = !is_safe && (answer.status.is_success() || may_be_told(&asked, status));
        assert!(may_write || !grown, "{no}: {asked}: {status} and the log has grown");
        if status >= 400 && !asked.starts_with("HEAD") {
            let code = answer.json()["code"].as_str().unwrap().to_owned();
            answer.problem(status, &code);
        }
    }
    println!("{count} requests in {:.1?}: {statuses:?}, {} events", began.elapsed(), house.app.head().unwrap());
    let verified = house.app.verify().unwrap();
    assert!(verified.ok, "{verified:?}");
    for status in [200, 201, 400, 404, 405, 409, 413, 415, 422] {
        assert!(statuses.contains_key(&status), "no {status} in {statuses:?}");
    }
}

#[tokio::test]
async fn a_body_may_have_64_kib_and_no_byte_more() {
    let house = House::open(Options::insecure());
    for (len, status) in [(BODY_BYTES_MAX - 1, 201), (BODY_BYTES_MAX, 201), (BODY_BYTES_MAX + 1, 413)] {
        let mut body = r#"{"description":"Padded","price":1}"#.to_owned();
        body.extend(std::iter::repeat_n(' ', len - body.len()));
        house.post("/storages", &body).await.told(status);
    }
    assert_eq!(house.app.head().unwrap().get(), 2);
    let deep = format!("{{\"lastAction\":{}", "[".repeat(10_000));
    house.post("/storages", &deep).await.problem(400, "malformed");
    for listed in [r#"["Listed", 1]"#, &"[".repeat(10_000), r#"{"storages": [["Listed", 1]]}"#] {
        let path = if listed.starts_with('{') { "/storages/import" } else { "/storages" };
        let problem = house.post(path, listed).await.problem(422, "invalidValue");
        assert!(problem["detail"].as_str().unwrap().contains("expected an object"), "{problem}");
    }
    assert_eq!(house.app.head().unwrap().get(), 2);
}
