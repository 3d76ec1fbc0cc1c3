//! Who is let in: a bounded number of changes at once in front of the writer, a bounded number of streams, and a bounded rate for each
//! caller.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock as _, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use storagerent::CustomerId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::problem::Refusal;
use crate::shares::{Full, Share, Shares};

/// A change on its way to the writer; its place is free again when all clones are dropped.
pub(crate) type Admitted = Arc<OwnedSemaphorePermit>;

/// A bounded number of changes at once: whoever comes beyond it is turned away at once, so that those inside keep their pace.
pub(crate) struct Admission {
    places: Arc<Semaphore>,
    max: usize,
}

impl Admission {
    pub(crate) fn new(max: usize) -> Self {
        Admission { places: Arc::new(Semaphore::new(max)), max }
    }

    pub(crate) fn enter(&self) -> Result<Admitted, Refusal> {
        Arc::clone(&self.places).try_acquire_owned().map(Arc::new).map_err(|_| Refusal::busy())
    }

    /// So many changes are inside.
    pub(crate) fn inside(&self) -> usize {
        self.max - self.places.available_permits()
    }

    pub(crate) fn max(&self) -> usize {
        self.max
    }
}

/// One caller has at most this part of all streams.
const STREAMS_SHARE: usize = 8;

/// A bounded number of streams of events, each of which keeps a connection; nobody has more than a part of them.
pub(crate) struct Streams(Shares);

impl Streams {
    pub(crate) fn new(max: usize) -> Self {
        Streams(Shares::new(max.div_ceil(STREAMS_SHARE), max))
    }

    pub(crate) fn enter(&self, payer: &Payer) -> Result<Share, Refusal> {
        self.0.enter(payer.clone()).map_err(|full| match full {
            Full::All => Refusal::busy(),
            Full::Own(open) => Refusal::many_streams(open),
        })
    }
}

/// Whose rate it is: of whoever showed a token that is believed, or else of the address.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Payer {
    Manager,
    Customer(CustomerId),
    Peer(IpAddr),
}

impl Payer {
    /// One household has one rate, however many of its 2⁶⁴ addresses it uses.
    pub(crate) fn peer(address: IpAddr) -> Self {
        Payer::Peer(match address.to_canonical() {
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                IpAddr::from([a, b, c, d, 0, 0, 0, 0])
            }
            v4 => v4,
        })
    }
}

type Buckets = RateLimiter<Payer, DashMapStateStore<Payer>, MonotonicClock, NoOpMiddleware<std::time::Instant>>;

/// So many callers are remembered before those are forgotten whose rate has recovered.
const REMEMBERED_MAX: usize = 10_000;

/// So many requests a second for each caller, with a burst of as many.
pub(crate) struct Rates(Option<Buckets>);

impl Rates {
    /// Without a number, any rate.
    pub(crate) fn new(per_second: Option<NonZeroU32>) -> Self {
        Rates(per_second.map(|n| RateLimiter::new(Quota::per_second(n), DashMapStateStore::default(), MonotonicClock)))
    }

    /// One request more of this caller.
    pub(crate) fn charge(&self, payer: &Payer) -> Result<(), Refusal> {
        let Some(buckets) = &self.0 else { return Ok(()) };
        if buckets.len() > REMEMBERED_MAX {
            buckets.retain_recent();
        }
        buckets.check_key(payer).map_err(|early| {
            let wait = early.wait_time_from(MonotonicClock.now());
            Refusal::TooMany { wait: wait.max(Duration::from_secs(1)) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_comes_beyond_the_limit_is_turned_away_until_a_place_is_free() {
        let admission = Admission::new(2);
        let (first, _second) = (admission.enter().unwrap(), admission.enter().unwrap());
        assert!(admission.enter().is_err());
        let clone = Arc::clone(&first);
        drop(first);
        assert!(admission.enter().is_err(), "the change goes on in its clone");
        drop(clone);
        assert!(admission.enter().is_ok());
        assert_eq!((admission.inside(), admission.max()), (1, 2));
    }

    #[test]
    fn nobody_has_more_than_an_eighth_of_the_streams() {
        let streams = Streams::new(16);
        let (kim, lee) = (Payer::Customer("kim".parse().unwrap()), Payer::Manager);
        let _own = [streams.enter(&kim).unwrap(), streams.enter(&kim).unwrap()];
        let Err(Refusal::Own { status, code, .. }) = streams.enter(&kim) else { panic!("an eighth is two") };
        assert_eq!((status.as_u16(), code), (429, "tooManyStreams"));
        let _others: Vec<_> =
            (0..14).map(|n| streams.enter(&Payer::Peer(IpAddr::from([10, 0, 0, n]))).unwrap()).collect();
        let Err(Refusal::Engine(busy)) = streams.enter(&lee) else { panic!("there are sixteen in all") };
        assert_eq!(busy.code(), "busy");
        assert!(Streams::new(1).enter(&lee).is_ok(), "one at least");
    }

    #[test]
    fn each_caller_has_a_rate_of_its_own() {
        let rates = Rates::new(NonZeroU32::new(2));
        let (kim, lee) = (Payer::Customer("kim".parse().unwrap()), Payer::Customer("lee".parse().unwrap()));
        assert!(rates.charge(&kim).is_ok() && rates.charge(&kim).is_ok());
        let Err(Refusal::TooMany { wait }) = rates.charge(&kim) else { panic!("a third one in the same second") };
        assert_eq!(wait, Duration::from_secs(1));
        assert!(rates.charge(&lee).is_ok());
        let unlimited = Rates::new(None);
        assert!((0..1000).all(|_| unlimited.charge(&kim).is_ok()));
    }

    #[test]
    fn a_household_has_one_rate() {
        let peer = |raw: &str| Payer::peer(raw.parse().unwrap());
        assert_eq!(peer("2001:db8:1:2::1"), peer("2001:db8:1:2:ffff::9"));
        assert_ne!(peer("2001:db8:1:2::1"), peer("2001:db8:1:3::1"));
        assert_eq!(peer("::ffff:192.0.2.1"), peer("192.0.2.1"));
        assert_ne!(peer("192.0.2.1"), peer("192.0.2.2"));
    }
}
