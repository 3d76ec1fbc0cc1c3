//! Secrets and names of customers put in everywhere: the log and the figures have none of them, and say all the same what happened.

use super::client::Client;
use super::process::{Place, arg};
use super::{Outcome, Stage, wrong};

/// Part of each secret and name.
const CANARY: &str = "canary";
const KEY: &str = "canary-jwt-key-of-thirty-two-bytes-or-more";
const SECRETS: [(&str, &str); 3] = [
    ("token", "canary-payment-token-of-thirty-two-bytes"),
    ("callback", "canary-callback-secret-of-thirty-two-bytes"),
    ("webhook", "canary-webhook-secret-of-thirty-two-bytes"),
];

pub(super) fn play(stage: &Stage) -> Outcome {
    let place = Place::new(stage, 20)?;
    let key = place.write("key", KEY)?;
    let [token, callback, webhook] = SECRETS.map(|(name, secret)| place.write(name, secret));
    let (token, callback, webhook) = (token?, callback?, webhook?);
    let books = arg(&place.path("sim.books"));
    let sim = place.run("payment-sim", &["--books", &books, "--token-file", &token])?;
    let url = format!("http://{}", sim.address);
    let args = [
        "--jwt-key",
        &key,
        "--log",
        "json",
        "--log-level",
        "debug",
        "--rate-limit",
        "200",
        "--payment-url",
        &url,
        "--payment-token-file",
        &token,
        "--callback-secret-file",
        &callback,
        // Nobody listens there: deliveries fail, and are tried again.
        "--webhook-url",
        "http://127.0.0.1:9/canary-hook",
        "--webhook-secret-file",
        &webhook,
    ];
    let server = place.run("serve", &args)?;
    let mut client = server.client();
    let minted = |role: &str, name: &str| mint(stage, &key, role, name);
    let (manager, customer) = (minted("manager", "canary-manager")?, minted("customer", "canary-customer")?);
    let mut asked = 0;
    for token in [&manager, &customer, "canary-guess", "eyJhbGciOiJub25lIn0.canary.canary"] {
        asked += everywhere(&mut client, token)?;
    }
    // And the same while the payment service is gone.
    sim.kill()?;
    asked += everywhere(&mut client, &customer)?;
    let bearer = format!("Bearer {manager}");
    let figures = client.ask("GET", "/metrics", &[("Authorization", &bearer)], "")?;
    let traced =
        client.ask("GET", "/storages", &[("Authorization", &bearer), ("X-Correlation-Id", "seen-in-the-log")], "")?;
    if (figures.status, traced.status) != (200, 200) {
        return wrong(format!("{figures:?} {traced:?}"));
    }
    server.end()?;
    let log = place.log()?;
    for (what, text) in [("the log", &log), ("the figures", &figures.body)] {
        if let Some(line) = text.lines().find(|line| line.to_lowercase().contains(CANARY)) {
            return wrong(format!("{what} says: {line}"));
        }
        if let Some(line) = text.lines().find(|line| {
            line.contains(&manager[..20]) || line.contains(customer.rsplit('.').next().unwrap_or(&customer))
        }) {
            return wrong(format!("{what} has a token: {line}"));
        }
    }
    let lines: Vec<serde_json::Value> = log.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let is_request = |line: &&serde_json::Value| {
        line["message"] == "answered" && line["route"].is_string() && line["status"].is_u64()
    };
    let requests = lines.iter().filter(is_request).count();
    if requests < asked || !lines.iter().any(|line| line["correlation_id"] == "seen-in-the-log") {
        return wrong(format!("{requests} requests of {asked} are in the log\n{log}"));
    }
    for wanted in ["serving", "told to end", "ended"] {
        if !lines.iter().any(|line| line["message"] == wanted) {
            return wrong(format!("{wanted:?} is not in the log"));
        }
    }
    Ok(vec![format!(
        "{asked} requests with secrets and names in every place: {} lines of log and {} of figures without any",
        lines.len(),
        figures.body.lines().count()
    )])
}

fn mint(stage: &Stage, key: &str, role: &str, name: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let mut command = std::process::Command::new(&stage.tool);
    let minted = command.args(["token", "--key", key, "--role", role, "--subject", name]).output()?;
    let token = String::from_utf8(minted.stdout)?.trim().to_owned();
    if token.is_empty() { wrong(String::from_utf8_lossy(&minted.stderr)) } else { Ok(token) }
}

/// Puts canaries into paths, queries, headers and bodies; says how many requests of these are logged.
fn everywhere(client: &mut Client, token: &str) -> Result<usize, Box<dyn std::error::Error + Send + Sync>> {
    let bearer = format!("Bearer {token}");
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Idempotency-Key", "canary-idempotency"),
        ("Cookie", "session=canary"),
        ("User-Agent", "canary-agent"),
        ("traceparent", "canary-parent"),
        ("X-Forwarded-For", "canary-host"),
    ];
    let calls = [
        ("GET", "/storages?canary=canary", ""),
        ("GET", "/reservations?customer=canary-customer", ""),
        ("GET", "/messages?customer=canary-customer", ""),
        ("GET", "/nothing/canary", ""),
        ("GET", "/correlations/canary-id", ""),
        ("CANARY", "/storages", ""),
        ("POST", "/consumers/canary/pause", "{}"),
        ("PUT", "/settings/canary", r#"{"value":"canary"}"#),
        ("POST", "/storages", r#"{"description":"canary","price":"1000"}"#),
        ("POST", "/storages", r#"{"canary":"canary"}"#),
        ("POST", "/storages", "canary"),
        ("POST", "/reservations", r#"{"storageId":"canary"}"#),
        ("POST", "/reservations", r#"{"storageId":1}"#),
        ("POST", "/reservations", r#"{"storageId":2}"#),
        ("POST", "/reviews", r#"{"storageId":1,"rate":5,"content":"canary"}"#),
        ("PATCH", "/reservations/1", r#"{"reservationStatus":"canary"}"#),
        ("POST", "/payment-callbacks", r#"{"key":"canary"}"#),
        ("POST", "/run-due", "{}"),
    ];
    for (method, path, body) in calls {
        client.ask(method, path, &headers, body)?;
    }
    // An id that cannot be one is refused, and not repeated anywhere.
    client.ask("GET", "/storages", &[("X-Correlation-Id", "canary canary")], "")?;
    // Callbacks are taken by another router, which logs none; the last one makes up for it.
    Ok(calls.len())
}
