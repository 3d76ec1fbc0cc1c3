//! Serving: an accept loop with deadlines that work, a bound on connections, and an end that drops nobody.

use std::net::IpAddr;
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

use crate::admission::Payer;
use crate::ending::Ending;
use crate::shares::{Full, Share, Shares};

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

/// One address has at most this part of all connections, and so many in any case.
const SHARE: usize = 8;
const SHARE_MIN: usize = 8;

/// The connections that addresses have: those of this machine and of listed proxies, which bring many clients, have no bound of
/// their own.
struct Connections {
    shares: Shares,
    proxies: Vec<IpNet>,
}

impl Connections {
    fn new(max: usize, proxies: Vec<IpNet>) -> Self {
        Connections { shares: Shares::new((max / SHARE).max(SHARE_MIN), usize::MAX), proxies }
    }

    /// One more of this address.
    fn enter(&self, address: IpAddr) -> Result<Option<Share>, Full> {
        let address = address.to_canonical();
        if address.is_loopback() || self.proxies.iter().any(|net| net.contains(&address)) {
            return Ok(None);
        }
        self.shares.enter(Payer::peer(address)).map(Some)
    }
}

/// Serves until the end comes; then accepts no more, and lets requests under way finish. The [`Ending`] is the one that the router's
/// [`crate::Options::ending`] was given; after the drain deadline [`Ending::settled`] says whether a change goes on still.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, ending: Ending) {
    let places = Arc::new(Semaphore::new(limits.connections_max.clamp(1, Semaphore::MAX_PERMITS)));
    let connections = Connections::new(limits.connections_max, limits.trusted_proxies);
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
        let share = match connections.enter(peer.ip()) {
            Ok(share) => share,
            Err(_) => {
                tracing::warn!(peer = %peer.ip(), "a connection is closed: this address has its share of them");
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
            drop((share, place));
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

#[cfg(test)]
mod tests {
    use super::*;

    fn address(raw: &str) -> IpAddr {
        raw.parse().unwrap()
    }

    #[test]
    fn one_address_has_an_eighth_of_the_connections_or_eight() {
        let connections = Connections::new(80, Vec::new());
        let _ten: Vec<_> = (0..10).map(|_| connections.enter(address("203.0.113.9")).unwrap()).collect();
        assert_eq!(connections.enter(address("::ffff:203.0.113.9")).err(), Some(Full::Own(10)), "the same address");
        assert!(connections.enter(address("203.0.113.10")).is_ok());
        let few = Connections::new(1, Vec::new());
        let _eight: Vec<_> = (0..8).map(|_| few.enter(address("2001:db8::1")).unwrap()).collect();
        assert_eq!(few.enter(address("2001:db8::2")).err(), Some(Full::Own(8)), "one household");
    }

    #[test]
    fn this_machine_and_proxies_have_no_bound_of_their_own() {
        let connections = Connections::new(8, vec!["10.0.0.0/8".parse().unwrap()]);
        for many in ["127.0.0.1", "::1", "10.1.1.1", "::ffff:10.1.1.1"] {
            assert!((0..100).all(|_| matches!(connections.enter(address(many)), Ok(None))), "{many}");
        }
    }
}
