//! Services to call: real ones in this process, and raw ones that answer whatever the test says.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::{App, Caller, Charge, Key, Money, PaymentId, Rate, RegisterStorage, ReservationId, StorageId};
use storagerent_remote::payment_sim::{self, Faults, PaymentSim, Switches};
use storagerent_remote::{GatewayConfig, HttpGateway, Secret};
use tokio::runtime::Runtime;

pub(crate) const DEADLINE: Duration = Duration::from_secs(5);

pub(crate) fn secret() -> Secret {
    Secret::new("shared-by-both-sides").unwrap()
}

pub(crate) fn charge(key: u128) -> Charge {
    Charge {
        key: Key::new(key),
        payment_id: PaymentId::new(1),
        reservation_id: ReservationId::new(1),
        amount: Money::krw(59_000),
    }
}

/// The outcome's kind alone.
pub(crate) fn kind(outcome: &storagerent::Outcome) -> String {
    serde_json::to_value(outcome).unwrap()["outcome"].as_str().unwrap().to_owned()
}

pub(crate) fn gateway(address: SocketAddr) -> HttpGateway {
    HttpGateway::new(GatewayConfig::new(format!("http://{address}"))).unwrap()
}

/// An axum service on a port of its own, gone when dropped, calls under way and all.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    runtime: Option<Runtime>,
}

impl Served {
    pub(crate) fn new(router: Router) -> Self {
        Served::on(TcpListener::bind("127.0.0.1:0").unwrap(), router)
    }

    pub(crate) fn on(listener: TcpListener, router: Router) -> Self {
        let runtime = runtime();
        let address = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        runtime.spawn(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            axum::serve(listener, router).await.unwrap();
        });
        Served { address, runtime: Some(runtime) }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.runtime.take().unwrap().shutdown_timeout(DEADLINE);
    }
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// The payment service in this process, with books in RAM.
pub(crate) struct Service {
    pub(crate) served: Served,
    pub(crate) books: Arc<SimulatedGateway>,
    pub(crate) switches: Switches,
}

impl Service {
    pub(crate) fn new(more: impl FnOnce(PaymentSim) -> PaymentSim) -> Self {
        let books = Arc::new(SimulatedGateway::in_memory(Behaviour::Approve));
        let switches = Switches::default();
        let sim = more(PaymentSim::new(Arc::clone(&books), switches.clone()));
        Service { served: Served::new(payment_sim::router(sim)), books, switches }
    }

    pub(crate) fn behave(&self, behaviour: Behaviour) {
        self.switches.set(Faults::of(behaviour));
    }

    pub(crate) fn gateway(&self) -> HttpGateway {
        gateway(self.served.address)
    }
}

/// A raw service: reads each request to its end, then does with the connection what the test says.
pub(crate) struct Raw {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Raw {
    pub(crate) fn new(act: impl Fn(&mut TcpStream) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let request = read_request(&mut stream);
                seen.lock().unwrap().push(request);
                act(&mut stream);
            }
        });
        Raw { address, requests }
    }

    /// Answers every request with these bytes and hangs up.
    pub(crate) fn answering(bytes: impl Into<Vec<u8>>) -> Self {
        let bytes = bytes.into();
        Raw::new(move |stream| {
            // The caller may have hung up before the end.
            let _ = stream.write_all(&bytes);
        })
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn read_request(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|l| l.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0_usize) {
                return text;
            }
        }
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return text,
            Ok(n) => bytes.extend_from_slice(&buffer[..n]),
        }
    }
}

/// An answer in full.
pub(crate) fn http(status: &str, headers: &str, body: &str) -> String {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n{headers}\r\n{body}", body.len())
}

pub(crate) const JSON: &str = "Content-Type: application/json\r\n";

/// What a service says of the charge under key 1.
pub(crate) fn says(outcome: &str) -> String {
    format!(r#"{{"key":"{}","outcome":"{outcome}"}}"#, Key::new(1))
}

pub(crate) fn storage(app: &App, won: i64) -> StorageId {
    let rate = Rate::flat(Money::krw(won)).unwrap();
    app.register(&Caller::manager(), RegisterStorage { description: "강남 소형 1평".parse().unwrap(), rate })
        .unwrap()
        .storage_id
}

pub(crate) fn customer(name: &str) -> Caller {
    Caller::customer(name.parse().unwrap())
}

/// Runs due work until no effect is open and no outcome unknown.
pub(crate) fn rest(app: &App) {
    for _ in 0..600 {
        app.hurry(&Caller::manager()).unwrap();
        app.run_due().unwrap();
        let counts = app.status().unwrap().counts;
        let held = counts.reservations["reqReserve"] + counts.reservations["reqCancel"];
        if counts.effects_open + held == 0 {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the site does not come to rest: {:?}", app.status().unwrap());
}

/// One call with a plain client: status, headers in lower case, body.
pub(crate) fn call(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    // An answer may break off.
    let _ = stream.read_to_string(&mut answer);
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0);
    (status, head.to_lowercase(), body.to_owned())
}
