//! Serving: an accept loop with deadlines that work, a bound on connections, and an end that drops nobody.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use ipnet::IpNet;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt as _;

use crate::ending::Ending;
use crate::shares::Shares;

/// How much of a client's slowness is borne.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// So many connections at once; further ones wait to be accepted. One address has an eighth of them, or 8, and further ones of it
    /// are closed; this machine's own have no bound.
    pub connections_max: usize,
    /// Proxies, which bring many clients, have no bound either.
    pub trusted_proxies: Vec<IpNet>,
    /// The headers of a request are there within this time.
    pub header_deadline: Duration,
    /// A client takes some of its answer within this time, or is left.
    pub write_deadline: Duration,
    /// At the end, requests under way have so long to finish, and changes whose clients are gone.
    pub drain_deadline: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            // Below the 1,024 open files that most systems grant a process.
            connections_max: 900,
            trusted_proxies: Vec::new(),
            header_deadline: Duration::from_secs(10),
            write_deadline: Duration::from_secs(30),
            drain_deadline: Duration::from_secs(15),
        }
    }
}

/// After trouble with accepting (too many open files) it tries again so much later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Between the last accepted connection and the end of those that say nothing.
const SETTLE: Duration = Duration::from_millis(200);

/// Serves until the end comes; then accepts no more, and lets requests under way finish. The [`Ending`] is the one that the router's
/// [`crate::Options::ending`] was given; after the drain deadline [`Ending::settled`] says whether a change goes on still.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, ending: Ending) {
    let places = Arc::new(Semaphore::new(limits.connections_max.clamp(1, Semaphore::MAX_PERMITS)));
    let shares = Shares::new(limits.connections_max, limits.trusted_proxies);
    let graceful = GracefulShutdown::new();
    let mut http = hyper::server::conn::http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.header_deadline);
    loop {
        let accepted = async {
            let place = Arc::clone(&places).acquire_owned().await.ok();
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            () = ending.come() => break,
        };
        let Ok((stream, peer)) = accepted else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let part = match shares.enter(peer.ip()) {
            Ok(part) => part,
            Err(open) => {
                tracing::warn!(peer = %peer.ip(), open, "a connection is closed: this address has its share of them");
                continue;
            }
        };
        // Small answers are not held back.
        let _delayed = stream.set_nodelay(true);
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(limits.write_deadline));
        let routed = router.clone();
        let service = service_fn(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            routed.clone().oneshot(request)
        });
        let connection = http.serve_connection(TokioIo::new(Box::pin(stream)), service);
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            // A client that is gone, or too slow, is no trouble of ours.
            let _broken = connection.await;
            drop((part, place));
        });
    }
    drop(listener);
    // Connections that were accepted a moment ago have their request on the way: each is closed with its answer now, and whoever
    // says nothing for so long is closed by the next line.
    tokio::time::sleep(SETTLE.min(limits.drain_deadline)).await;
    let drained = async {
        graceful.shutdown().await;
        // A client that is gone leaves its change behind.
        ending.settled().await;
    };
    tokio::select! {
        _late = tokio::time::timeout(limits.drain_deadline, drained) => {}
        () = ending.broken_off() => {}
    }
}
