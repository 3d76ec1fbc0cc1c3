//! The end of serving: what it waits for, and what it does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use storagerent::effect::{Charge, Outcome};
use storagerent::memory::MemoryStore;
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::{Caller, DrivenStore, PaymentGateway, ReservationId, ReservationStatus};
use storagerent_http::{Ending, Limits, Options, router, serve};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};

use crate::house::big_storage;

/// A payment service that takes its time.
struct Late {
    service: SimulatedGateway,
    is_called: AtomicBool,
}

const LATE: Duration = Duration::from_secs(1);

impl PaymentGateway for Late {
    fn charge(&self, charge: &Charge, deadline: Duration) -> Outcome {
        self.is_called.store(true, Ordering::SeqCst);
        std::thread::sleep(LATE);
        self.service.charge(charge, deadline)
    }

    fn void(&self, charge: &Charge, deadline: Duration) -> Outcome {
        self.service.void(charge, deadline)
    }

    fn refund(&self, charge: &Charge, deadline: Duration) -> Outcome {
        self.service.refund(charge, deadline)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_payment_service_answers_is_written_down_though_the_client_has_left() {
    let gateway =
        Arc::new(Late { service: SimulatedGateway::in_memory(Behaviour::Approve), is_called: AtomicBool::new(false) });
    let store = Arc::new(DrivenStore::new(Arc::new(MemoryStore::new())).unwrap());
    let app = storagerent::over(store, storagerent::Options::new(Arc::clone(&gateway))).unwrap();
    app.register_async(&Caller::manager(), big_storage()).await.unwrap();
    let ending = Ending::default();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let routes = router(app.clone(), Options::insecure().ending(ending.clone()));
    let server = tokio::spawn(serve(listener, routes, Limits::default(), ending.clone()));

    let mut client = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let asked = "POST /reservations HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
                 Content-Length: 15\r\n\r\n{\"storageId\":1}";
    client.write_all(asked.as_bytes()).await.unwrap();
    while !gateway.is_called.load(Ordering::SeqCst) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(client);
    ending.end();
    tokio::time::timeout(Duration::from_secs(10), server).await.expect("it waits for nothing else").unwrap();

    let row = app.reservation(ReservationId::new(1)).unwrap();
    assert_eq!(row.reservation_status, ReservationStatus::Reserved, "{row:?}");
    tokio::time::timeout(Duration::ZERO, ending.settled()).await.expect("nothing is under way");
}
