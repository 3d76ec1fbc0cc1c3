//! A payment service in a process of its own that is killed, started again, slow, and loses its replies, under load: at the end the
//! reservations, the payments and the service's own books agree, to the won.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::{Page, PaymentStatus, ReservationFilter, ReservationStatus};

use super::client::Client;
use super::process::{Place, Running, arg};
use super::{Outcome, Stage, locked, wrong};

const CALLERS: usize = 16;
/// So long everything may take to come to rest.
const REST: Duration = Duration::from_secs(180);
const TOKEN: &str = "a token between server and payment service";
const SECRET: &str = "a secret of thirty-two bytes or more for callbacks";

pub(super) fn play(stage: &Stage) -> Outcome {
    let storages = stage.pick(50_000, 10_000);
    let phase = Duration::from_millis(stage.pick(6_000, 1_200));
    let place = Place::new(stage, storages)?;
    place.app()?.set(&storagerent::Caller::manager(), "deadlineSeconds", "1")?;
    place.app()?.set(&storagerent::Caller::manager(), "breakerOpenSeconds", "1")?;
    let (token, secret) = (place.write("token", TOKEN)?, place.write("secret", SECRET)?);
    let books = arg(&place.path("sim.books"));
    let reserved_port = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.to_string();
    let sim = |server: Option<SocketAddr>| {
        let mut args = vec!["--listen", &reserved_port, "--books", &books, "--token-file", &token];
        let callback = server.map(|at| format!("http://{at}/payment-callbacks"));
        if let Some(url) = &callback {
            args.extend(["--callback", url, "--secret-file", &secret]);
        }
        place.run("payment-sim", &args)
    };
    let url = format!("http://{reserved_port}");
    let server = place.run(
        "serve",
        &[
            "--insecure",
            "--log",
            "none",
            "--payment-url",
            &url,
            "--payment-token-file",
            &token,
            "--callback-secret-file",
            &secret,
        ],
    )?;
    let mut service = Some(sim(Some(server.address))?);
    let (next, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let mut told: BTreeMap<(String, u16), u32> = BTreeMap::new();
    let name = std::sync::Mutex::new("as it should be".to_owned());
    std::thread::scope(|scope| {
        let callers: Vec<_> =
            (0..CALLERS).map(|_| scope.spawn(|| load(server.address, storages, &next, &over, &name))).collect();
        let call_it = |what: &str| *locked(&name) = what.to_owned();
        let mut play = || {
            std::thread::sleep(phase);
            call_it("killed and started again");
            for _ in 0..stage.pick(5, 2) {
                service.take().map(Running::kill).transpose()?;
                std::thread::sleep(phase / 4);
                service = Some(sim(Some(server.address))?);
                std::thread::sleep(phase / 2);
            }
            let mut switch = Client::new(reserved_port.parse().map_err(std::io::Error::other)?, false);
            let bearer = format!("Bearer {TOKEN}");
            for (what, fault) in [
                ("slow", r#"{"behaviour":"slow","delayMs":1500}"#),
                ("losing replies", r#"{"behaviour":"lost-reply"}"#),
                ("declining", r#"{"behaviour":"decline"}"#),
                ("well again", r#"{"behaviour":"approve"}"#),
            ] {
                call_it(what);
                let set = switch.ask("PUT", "/faults", &[("Authorization", &bearer)], fault)?;
                if set.status != 200 {
                    return Err(std::io::Error::other(format!("{set:?}")));
                }
                std::thread::sleep(phase);
            }
            Ok(())
        };
        let played = play();
        over.store(true, Ordering::Relaxed);
        for caller in callers {
            for (what, count) in caller.join().map_err(|_| std::io::Error::other("a caller broke off"))? {
                *told.entry(what).or_default() += count;
            }
        }
        played
    })?;
    rest(&server)?;
    server.end()?;
    service.map(Running::end).transpose()?;
    let mut lines: Vec<String> = Vec::new();
    let phases: std::collections::BTreeSet<_> = told.keys().map(|(phase, _)| phase.clone()).collect();
    for phase in phases {
        let answers: Vec<_> =
            told.iter().filter(|((p, _), _)| *p == phase).map(|((_, s), n)| format!("{n} × {s}")).collect();
        lines.push(format!("{phase}: {}", answers.join(", ")));
    }
    if let Some(((phase, status), count)) = told.iter().find(|((_, s), _)| ![201, 202, 402, 409, 503].contains(s)) {
        return wrong(format!("{count} answers {status} while {phase}"));
    }
    lines.push(agree(&place)?);
    Ok(lines)
}

fn load(
    server: SocketAddr,
    storages: usize,
    next: &AtomicUsize,
    over: &AtomicBool,
    phase: &std::sync::Mutex<String>,
) -> BTreeMap<(String, u16), u32> {
    let mut told = BTreeMap::new();
    let mut client = Client::new(server, true);
    while !over.load(Ordering::Relaxed) {
        let storage = next.fetch_add(1, Ordering::Relaxed) % storages + 1;
        let now = locked(phase).clone();
        // 0 is no answer at all, which must not happen: the server lives.
        let answer = client.post("/reservations", &format!(r#"{{"storageId":{storage}}}"#));
        let status = answer.as_ref().map_or(0, |answer| answer.status);
        if let (Ok(answer), 0) = (&answer, storage % 5)
            && let (201, Some(id)) = (answer.status, answer.json()["reservationId"].as_u64())
        {
            let cancel =
                client.ask("PATCH", &format!("/reservations/{id}"), &[], r#"{"reservationStatus":"reqCancel"}"#);
            *told
                .entry((
                    format!("{now}, cancelling"),
                    cancel.map_or(0, |c| if c.status == 200 { 201 } else { c.status }),
                ))
                .or_default() += 1;
        }
        *told.entry((now, status)).or_default() += 1;
        if status == 503 {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    told
}

/// Waits until nothing is owed to the payment service any more.
fn rest(server: &Running) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let (mut client, begun) = (server.client(), Instant::now());
    let mut last = String::new();
    while begun.elapsed() < REST {
        client.post("/settle", "{}")?;
        client.post("/run-due", "{}")?;
        let page = client.get("/metrics")?.body;
        let open = page.lines().filter(|line| line.starts_with("storagerent_effects_open{") && !line.ends_with(" 0"));
        last = open.collect::<Vec<_>>().join(", ");
        if last.is_empty() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    wrong(format!("it does not come to rest: {last}"))
}

/// The log, the payments and the service's books say the same.
fn agree(place: &Place) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
    let verified = place.verified(&[])?;
    let app = place.app()?;
    let books = SimulatedGateway::with_books(place.path("sim.books"), Behaviour::Approve)?.try_entries()?;
    let mut books: BTreeMap<_, _> =
        books.into_iter().map(|(key, captured, refunded)| (key, (captured, refunded))).collect();
    let (mut kept, mut given_back, mut count) = (0, 0, 0);
    for payment in app.payments(Page::default())? {
        let (captured, refunded) = books.remove(&payment.key).map_or((0, 0), |(c, r)| (c.amount(), r.amount()));
        let price = payment.price.amount();
        let expected = match payment.payment_status {
            PaymentStatus::Paid => (price, 0),
            PaymentStatus::Cancelled => (price, price),
            PaymentStatus::Declined | PaymentStatus::Voided => (0, 0),
            PaymentStatus::Requested => {
                return wrong(format!("payment {} is not known at the end", payment.payment_id));
            }
        };
        // What was taken and given back may be told as never taken.
        if (captured, refunded) != expected && !(captured == refunded && expected == (0, 0)) {
            return wrong(format!(
                "payment {} is {:?}, and the service has taken {captured} and given back {refunded}",
                payment.payment_id, payment.payment_status
            ));
        }
        (kept, given_back, count) = (kept + captured - refunded, given_back + refunded, count + 1);
    }
    if let Some((key, (captured, refunded))) = books.iter().find(|(_, (captured, refunded))| captured != refunded) {
        return wrong(format!(
            "the service took {captured} and gave back {refunded} under {key}, which nobody asked for"
        ));
    }
    let of = |status| {
        let filter = ReservationFilter { status: Some(status), ..ReservationFilter::default() };
        app.reservations(&filter, Page::default())
            .map(|rows| rows.iter().map(|row| row.booking.price.amount()).sum::<i64>())
    };
    let rented = of(ReservationStatus::Reserved)? + of(ReservationStatus::Completed)?;
    if rented != kept {
        return wrong(format!("{rented} won are reserved for, and {kept} were kept"));
    }
    Ok(format!(
        "both books agree: {count} payments, {kept} won kept for what is reserved, {given_back} won given back; {} events verified",
        verified.events
    ))
}
