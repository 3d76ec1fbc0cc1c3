//! The payment service as a process of its own, killed and started again under load: in both books the money agrees to the won.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::{App, Caller, CancelReservation, Kind, PaymentStatus, ReservationStatus, Reserve};
use storagerent_remote::callback_router;
use storagerent_remote::payment_sim::{self, CallbackConfig, Faults, PaymentSim, Switches};

use crate::support::{Served, call, customer, gateway, rest, secret, storage};

const BOOKS: &str = "STORAGERENT_TEST_SIM_BOOKS";
const LISTEN: &str = "STORAGERENT_TEST_SIM_LISTEN";
const CALLBACK: &str = "STORAGERENT_TEST_SIM_CALLBACK";

/// No test: this program as the payment service, when another of these tests starts it as one.
#[test]
fn as_the_payment_service() {
    let (Ok(books), Ok(listen)) = (std::env::var(BOOKS), std::env::var(LISTEN)) else { return };
    let books = Arc::new(SimulatedGateway::with_books(books, Behaviour::Approve).unwrap());
    let mut sim = PaymentSim::new(books, Switches::new(Faults::default()));
    if let Ok(url) = std::env::var(CALLBACK) {
        sim = sim.callback(CallbackConfig::new(url, secret())).unwrap();
    }
    payment_sim::run(listen.parse().unwrap(), sim, |address| {
        // The harness prints on stdout too.
        eprintln!("listening {address}");
        Ok(())
    })
    .unwrap();
}

struct Process {
    child: Child,
    address: SocketAddr,
}

impl Process {
    fn start(books: &Path, listen: &str, callback: Option<&str>) -> Self {
        let mut command = Command::new(std::env::current_exe().unwrap());
        if let Some(url) = callback {
            command.env(CALLBACK, url);
        }
        let mut child = command
            .args(["--exact", "killed::as_the_payment_service", "--nocapture"])
            .env(BOOKS, books)
            .env(LISTEN, listen)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let address = loop {
            let line = lines.next().expect("it says where it listens").unwrap();
            if let Some(address) = line.strip_prefix("listening ") {
                break address.parse().unwrap();
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        Process { child, address }
    }

    fn behave(&self, faults: &str) {
        let json = "Content-Type: application/json\r\n";
        assert_eq!(call(self.address, "PUT", "/faults", json, faults).0, 200);
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Ends the load, also when the test fails meanwhile.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[test]
fn a_service_killed_under_load_agrees_with_the_site_to_the_won() {
    let folder = tempfile::tempdir().unwrap();
    let books = folder.path().join("books");
    let ear = TcpListener::bind("127.0.0.1:0").unwrap();
    let callback = format!("http://{}/payment-callbacks", ear.local_addr().unwrap());
    let mut process = Process::start(&books, "127.0.0.1:0", Some(&callback));
    let address = process.address;
    let app = storagerent::open(folder.path().join("rent.db"), gateway(address)).unwrap();
    for (key, value) in [("deadlineSeconds", "1"), ("breakerFailures", "1000"), ("breakerOpenSeconds", "1")] {
        app.set(&Caller::manager(), key, value).unwrap();
    }
    // What its replies do not say it tells unasked, while the site asks: whoever comes first.
    let _ear = Served::on(ear, callback_router(app.clone(), secret()));
    let (over, reserved, in_doubt) = (AtomicBool::new(false), AtomicU32::new(0), AtomicU32::new(0));
    std::thread::scope(|s| {
        for n in 0..4_u32 {
            let (app, over, reserved, in_doubt) = (&app, &over, &reserved, &in_doubt);
            s.spawn(move || {
                let kim = customer(&format!("kim-{n}"));
                for m in 0.. {
                    if over.load(Ordering::Relaxed) {
                        return;
                    }
                    let id = storage(app, 1_000 + i64::from(n * 1_000 + m % 997));
                    match app.reserve(&kim, Reserve::new(id)) {
                        Ok(row) => {
                            reserved.fetch_add(1, Ordering::Relaxed);
                            if m % 3 == 0 {
                                let reservation_id = row.booking.reservation_id;
                                app.cancel(&kim, CancelReservation { reservation_id }).unwrap();
                            }
                        }
                        Err(error) => {
                            assert!(matches!(error.kind(), Kind::Declined | Kind::Unavailable), "{error}");
                            in_doubt.fetch_add(u32::from(error.code() == "outcomeUnknown"), Ordering::Relaxed);
                            std::thread::sleep(Duration::from_millis(20));
                        }
                    }
                }
            });
        }
        s.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                app.run_due().unwrap();
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let _over = Over(&over);
        for round in 0..5 {
            for faults in [
                r#"{"behaviour":"approve"}"#,
                r#"{"behaviour":"lost-reply"}"#,
                r#"{"behaviour":"slow","delayMs":1500}"#,
                r#"{"behaviour":"decline"}"#,
                r#"{"behaviour":"down"}"#,
                r#"{"behaviour":"approve","delayMs":30}"#,
            ] {
                process.behave(faults);
                std::thread::sleep(Duration::from_millis(150 + 40 * round));
            }
            process.kill();
            std::thread::sleep(Duration::from_millis(200));
            process = Process::start(&books, &address.to_string(), Some(&callback));
        }
    });
    process.behave(r#"{"behaviour":"approve"}"#);
    rest(&app);
    process.kill();
    let (reserved, in_doubt) = (reserved.into_inner(), in_doubt.into_inner());
    println!("{reserved} reserved, {in_doubt} in doubt");
    assert!(reserved >= 10 && in_doubt >= 1, "the storm has blown: {reserved} reserved, {in_doubt} in doubt");
    agree(&app, &SimulatedGateway::with_books(&books, Behaviour::Approve).unwrap());
}

/// Both books say the same of every payment, and what stands is paid.
fn agree(app: &App, books: &SimulatedGateway) {
    let verified = app.verify().unwrap();
    assert!(verified.ok, "{:#?}", verified.findings);
    let entries = books.try_entries().unwrap();
    let payments = app.payments(Default::default()).unwrap();
    for payment in &payments {
        let entry = entries.iter().find(|(key, ..)| *key == payment.key);
        let (taken, back) = entry.map_or((0, 0), |(_, taken, back)| (taken.amount(), back.amount()));
        let price = payment.price.amount();
        let expected = match payment.payment_status {
            PaymentStatus::Paid => (price, 0),
            PaymentStatus::Cancelled => (price, price),
            PaymentStatus::Declined | PaymentStatus::Voided => (0, 0),
            PaymentStatus::Requested => panic!("payment {} is in doubt still", payment.payment_id),
        };
        assert_eq!((taken, back), expected, "payment {}: {:?}", payment.payment_id, payment.payment_status);
    }
    assert!(entries.iter().all(|(key, ..)| payments.iter().any(|payment| payment.key == *key)), "no orphan money");
    let all = app.reservations(&Default::default(), Default::default()).unwrap();
    let stands = |status| matches!(status, ReservationStatus::Reserved | ReservationStatus::Completed);
    let standing: i64 = all.iter().filter(|r| stands(r.reservation_status)).map(|r| r.booking.price.amount()).sum();
    let kept: i64 = entries.iter().map(|(_, taken, back)| taken.amount() - back.amount()).sum();
    assert_eq!(kept, standing);
}

#[test]
fn the_outage_scene_stop_the_payment_service_reserve_start_it_reserve() {
    let folder = tempfile::tempdir().unwrap();
    let books = folder.path().join("books");
    let mut process = Process::start(&books, "127.0.0.1:0", None);
    let address = process.address;
    let app = storagerent::open(folder.path().join("rent.db"), gateway(address)).unwrap();
    let (kim, id) = (customer("kim"), storage(&app, 59_000));
    process.kill();
    let refusal = app.reserve(&kim, Reserve::new(id)).unwrap_err();
    assert_eq!(refusal.code(), "paymentUnavailable", "certainly not taken: {refusal}");
    process = Process::start(&books, &address.to_string(), None);
    let row = app.reserve(&kim, Reserve::new(id)).unwrap();
    assert_eq!(row.reservation_status, ReservationStatus::Reserved, "the storage was free again at once");
    rest(&app);
    process.kill();
    agree(&app, &SimulatedGateway::with_books(&books, Behaviour::Approve).unwrap());
}

#[cfg(unix)]
#[test]
fn told_to_stop_it_answers_what_is_under_way_and_ends_well() {
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(&folder.path().join("books"), "127.0.0.1:0", None);
    process.behave(r#"{"behaviour":"approve","delayMs":700}"#);
    let address = process.address;
    let under_way = std::thread::spawn(move || {
        use storagerent::PaymentGateway;
        gateway(address).charge(&crate::support::charge(1), Duration::from_secs(5))
    });
    std::thread::sleep(Duration::from_millis(300));
    let asked = Command::new("kill").arg(process.child.id().to_string()).status().unwrap();
    assert!(asked.success());
    assert_eq!(under_way.join().unwrap(), storagerent::Outcome::Captured);
    assert!(process.child.wait().unwrap().success(), "it ends by itself, without an error");
}
