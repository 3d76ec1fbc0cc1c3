//! The gateway from the command line: who may call is always said, options come in order, and it ends when told.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::support::{Answer, tool};

const SECRET: &str = "a secret for tests of thirty-two bytes or more";

struct Served {
    running: Child,
    host: String,
}

impl Served {
    fn start(folder: &Path, args: &[&str]) -> Self {
        Served::run_with(folder, "serve", args, &[])
    }

    /// `serve` or `payment-sim`, whichever address it says it has.
    fn run(folder: &Path, what: &str, args: &[&str]) -> Self {
        Served::run_with(folder, what, args, &[])
    }

    fn run_with(folder: &Path, what: &str, args: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = tool();
        command.envs(environment.iter().copied());
        command.args(["--json", what]).args(args).env("STORAGERENT_DB", folder.join("rent.db"));
        let mut running = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(running.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let served: serde_json::Value = serde_json::from_str(&line).unwrap();
        let host = served["url"].as_str().unwrap().trim_start_matches("http://").trim_end_matches('/').to_owned();
        Served { running, host }
    }

    fn get(&self, path: &str, token: Option<&str>) -> String {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let bearer = token.map_or_else(String::new, |token| format!("Authorization: Bearer {token}\r\n"));
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {}\r\n{bearer}Connection: close\r\n\r\n", self.host).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn post(&self, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let (host, length) = (&self.host, body.len());
        let head =
            format!("Host: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close");
        write!(stream, "POST {path} HTTP/1.1\r\n{head}\r\n\r\n{body}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Told to end, it ends well.
    #[cfg(unix)]
    fn end(mut self) {
        let pid = rustix::process::Pid::from_child(&self.running);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        assert_eq!(self.running.wait().unwrap().code(), Some(0));
    }
}

fn refused(args: &[&str]) -> (i32, serde_json::Value) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = tool();
    command.args(["--json", "serve"]).args(args).env("STORAGERENT_DB", folder.path().join("rent.db"));
    let answer = Answer::of(command.output().unwrap());
    (answer.code, answer.error())
}

#[test]
fn who_may_call_is_always_said() {
    let (code, error) = refused(&["--listen", "127.0.0.1:0"]);
    assert_eq!((code, error["code"].as_str()), (2, Some("invalidValue")));
    assert!(error["message"].as_str().unwrap().contains("--insecure"), "{error}");
    let (code, error) = refused(&["--insecure", "--listen", "0.0.0.0:0"]);
    assert!(code == 2 && error["message"].as_str().unwrap().contains("loopback"), "{error}");
    let (code, error) = refused(&["--listen", "nowhere", "--insecure"]);
    assert!(code == 2 && error["message"].as_str().unwrap().contains("127.0.0.1:8080"), "{error}");
    let (code, error) = refused(&["--jwt-key", "/no/such/key"]);
    assert_eq!((code, error["code"].as_str()), (1, Some("fileFailed")));
}

#[test]
fn a_key_file_that_is_none_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("key");
    std::fs::write(&key, "short").unwrap();
    let (code, error) = refused(&["--jwt-key", key.to_str().unwrap()]);
    assert_eq!((code, error["code"].as_str()), (2, Some("badKey")), "{error}");
}

#[cfg(unix)]
#[test]
fn it_answers_bare_calls_on_loopback_and_ends_when_told() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &["--insecure", "--listen", "127.0.0.1:0"]);
    let answer = served.get("/storages", None);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.contains("\"_embedded\""), "{answer}");
    served.end();
}

#[cfg(unix)]
#[test]
fn callbacks_are_counted_and_numbered_as_all_calls_are() {
    let folder = tempfile::tempdir().unwrap();
    let secret = folder.path().join("callback.secret");
    std::fs::write(&secret, SECRET).unwrap();
    let args = ["--insecure", "--listen", "127.0.0.1:0", "--callback-secret-file", secret.to_str().unwrap()];
    let served = Served::start(folder.path(), &args);
    let answer = served.post("/payment-callbacks", "{}");
    assert!(answer.starts_with("HTTP/1.1 401 ") && answer.contains("x-correlation-id: "), "{answer}");
    let figures = served.get("/metrics", None);
    let counted = r#"http_requests_total{method="POST",route="/payment-callbacks",status="401"} 1"#;
    assert!(figures.contains(counted), "{figures}");
    served.end();
}

#[cfg(unix)]
#[test]
fn a_minted_token_lets_its_bearer_in_and_the_line_wins_over_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (key, config) = (folder.path().join("dev.key"), folder.path().join("serve.toml"));
    std::fs::write(&key, SECRET).unwrap();
    std::fs::write(&config, format!("listen = \"nowhere\"\njwt-key = {key:?}\naudience = \"tests\"\n")).unwrap();
    let served = Served::start(folder.path(), &["--config", config.to_str().unwrap(), "--listen", "127.0.0.1:0"]);
    assert!(served.get("/status", None).starts_with("HTTP/1.1 401 "));
    let mint = |role: &str, more: &[&str]| {
        let mut command = tool();
        command.args(["token", "--role", role, "--key", key.to_str().unwrap(), "--audience", "tests"]).args(more);
        Answer::of(command.output().unwrap()).stdout.trim().to_owned()
    };
    let (manager, kim) = (mint("manager", &[]), mint("customer", &["--subject", "kim"]));
    assert!(served.get("/status", Some(&manager)).starts_with("HTTP/1.1 200 "));
    assert!(served.get("/status", Some(&kim)).starts_with("HTTP/1.1 403 "));
    assert!(served.get("/me/reservations", Some(&kim)).starts_with("HTTP/1.1 200 "));
    let stale = mint("manager", &["--now", "2020-01-01T00:00:00Z"]);
    assert!(served.get("/status", Some(&stale)).starts_with("HTTP/1.1 401 "));
    served.end();
}

#[test]
fn a_configuration_that_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("serve.toml");
    std::fs::write(&config, "lisen = \"127.0.0.1:1\"\n").unwrap();
    let (code, error) = refused(&["--config", config.to_str().unwrap()]);
    assert!(code == 2 && error["message"].as_str().unwrap().contains("lisen"), "{error}");
}

#[test]
fn what_is_refused_on_the_line_is_refused_in_the_file_too() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("serve.toml");
    for limit in [
        "connections = 0",
        "admission = 0",
        "rate-limit = 0",
        "holds-per-customer = 0",
        "payment-calls = 0",
        "drain-seconds = 3601",
    ] {
        std::fs::write(&config, format!("listen = \"127.0.0.1:0\"\ninsecure = true\n{limit}\n")).unwrap();
        let (code, error) = refused(&["--config", config.to_str().unwrap()]);
        let name = limit.split(' ').next().unwrap();
        assert!(code == 2 && error["message"].as_str().unwrap().starts_with(name), "{limit}: {error}");
    }
    for origin in ["*", "app.example", "https://app.example/path"] {
        let (code, error) = refused(&["--insecure", "--listen", "127.0.0.1:0", "--allow-origin", origin]);
        assert!(code == 2 && error["message"].as_str().unwrap().starts_with("allow-origin"), "{origin}: {error}");
    }
}

#[test]
fn where_it_cannot_listen_no_site_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let db = folder.path().join("other.db");
    let address = taken.local_addr().unwrap().to_string();
    let (code, _) = refused(&["--db", db.to_str().unwrap(), "--insecure", "--listen", &address]);
    assert_eq!(code, 7);
    assert!(!db.exists());
}

/// A request that does not come to its end, and a server that would wait a minute for it.
#[cfg(unix)]
#[test]
fn told_again_it_waits_for_no_request() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["--insecure", "--listen", "127.0.0.1:0", "--linger-seconds", "60", "--drain-seconds", "60"];
    let mut served = Served::start(folder.path(), &args);
    let mut slow = TcpStream::connect(&served.host).unwrap();
    let head = "Content-Type: application/json\r\nContent-Length: 99";
    write!(slow, "POST /storages HTTP/1.1\r\nHost: {}\r\n{head}\r\n\r\n{{", served.host).unwrap();
    let pid = rustix::process::Pid::from_child(&served.running);
    let begun = std::time::Instant::now();
    // It lingers, drains, and ends.
    for _ in 0..3 {
        std::thread::sleep(std::time::Duration::from_millis(500));
        assert!(served.running.try_wait().unwrap().is_none(), "it is not told yet that it is in a hurry");
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    }
    assert_eq!(served.running.wait().unwrap().code(), Some(0));
    // The body is waited for for 10 s.
    assert!(begun.elapsed().as_secs() < 8, "{:?}", begun.elapsed());
}

#[cfg(unix)]
#[test]
fn what_is_said_on_the_line_about_who_may_call_wins_over_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let key = folder.path().join("dev.key");
    std::fs::write(&key, SECRET).unwrap();
    let key = key.to_str().unwrap();
    let line = ["--insecure", "--listen", "127.0.0.1:0"];
    let served = Served::run_with(folder.path(), "serve", &line, &[("STORAGERENT_JWT_KEY", key)]);
    assert!(served.get("/status", None).starts_with("HTTP/1.1 200 "));
    served.end();
    let (code, error) = refused(&["--insecure", "--listen", "127.0.0.1:0", "--jwt-key", key]);
    assert!(code == 2 && error["message"].as_str().unwrap().contains("not both"), "{error}");
    // A key of the environment wins over what the file says.
    let config = folder.path().join("serve.toml");
    std::fs::write(&config, "insecure = true\nlisten = \"127.0.0.1:0\"\n").unwrap();
    let line = ["--config", config.to_str().unwrap()];
    let served = Served::run_with(folder.path(), "serve", &line, &[("STORAGERENT_JWT_KEY", key)]);
    assert!(served.get("/status", None).starts_with("HTTP/1.1 401 "));
    served.end();
}

#[cfg(unix)]
#[test]
fn how_the_simulated_service_behaves_is_not_said_to_another_one() {
    let folder = tempfile::tempdir().unwrap();
    let url = ["--payment-url", "http://127.0.0.1:9"];
    let line = ["--insecure", "--listen", "127.0.0.1:0", "--payment", "decline"];
    let (code, error) = refused(&[&line[..], &url].concat());
    assert_eq!((code, error["code"].as_str()), (2, Some("usage")), "{error}");
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("--payment ") && message.contains("--payment-url"), "{error}");
    let config = folder.path().join("serve.toml");
    std::fs::write(&config, "payment-url = \"http://127.0.0.1:9\"\n").unwrap();
    let (code, error) = refused(&[&line[..], &["--config", config.to_str().unwrap(), "--lang", "ko"]].concat());
    assert_eq!((code, error["code"].as_str()), (2, Some("usage")), "{error}");
    // What the environment says of it is for other commands.
    let line = ["--insecure", "--listen", "127.0.0.1:0", url[0], url[1]];
    let served = Served::run_with(folder.path(), "serve", &line, &[("STORAGERENT_PAYMENT", "decline")]);
    served.end();
}

/// The outage scene of the first storagerent, with two processes: the payment service is stopped, and started again.
#[cfg(unix)]
#[test]
fn while_the_payment_service_is_stopped_nothing_is_held_and_then_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let books = folder.path().join("sim.books");
    let books = books.to_str().unwrap();
    let sim = Served::run(folder.path(), "payment-sim", &["--listen", "127.0.0.1:0", "--books", books]);
    let (sim_host, sim_url) = (sim.host.clone(), format!("http://{}", sim.host));
    let args = ["--insecure", "--listen", "127.0.0.1:0", "--payment-url", &sim_url];
    let served = Served::start(folder.path(), &args);
    for _ in 0..3 {
        let storage = served.post("/storages", r#"{"description":"BigStorage","price":"200000"}"#);
        assert!(storage.starts_with("HTTP/1.1 201 "), "{storage}");
    }
    let reserve = |id: u32| served.post("/reservations", &format!(r#"{{"storageId":"{id}"}}"#));
    assert!(reserve(1).starts_with("HTTP/1.1 201 "));
    sim.end();
    let refused = reserve(2);
    assert!(refused.starts_with("HTTP/1.1 503 ") && refused.contains("paymentUnavailable"), "{refused}");
    assert!(refused.to_ascii_lowercase().contains("retry-after: "), "{refused}");
    assert!(served.get("/check/chkAndReqReserve?storageId=2", None).ends_with("true"), "nothing is held");
    let sim = Served::run(folder.path(), "payment-sim", &["--listen", &sim_host, "--books", books]);
    assert!(reserve(2).starts_with("HTTP/1.1 201 "));
    let kept = served.get("/verify", None);
    assert!(kept.contains(r#""ok":true"#), "{kept}");
    served.end();
    sim.end();
}

#[cfg(unix)]
#[test]
fn books_that_could_not_be_opened_at_first_are_tried_again() {
    let folder = tempfile::tempdir().unwrap();
    let served = Served::start(folder.path(), &["--insecure", "--listen", "127.0.0.1:0"]);
    let storage = served.post("/storages", r#"{"description":"BigStorage","price":"200000"}"#);
    assert!(storage.starts_with("HTTP/1.1 201 "), "{storage}");
    let reserve = || served.post("/reservations", r#"{"storageId":"1"}"#);
    let books = folder.path().join("rent.db.books");
    std::fs::create_dir(&books).unwrap();
    assert!(reserve().starts_with("HTTP/1.1 503 "));
    std::fs::remove_dir(&books).unwrap();
    let reserved = reserve();
    assert!(reserved.starts_with("HTTP/1.1 201 "), "{reserved}");
    served.end();
}
