//! What whoever mounts the gateway may choose.

use std::num::NonZeroU32;
use std::sync::Arc;

use axum::Router;
use ipnet::IpNet;
use storagerent::InvalidValue;

use crate::ending::Ending;
use crate::origin::Origin;
use crate::token::Verifier;

/// Called after each accepted change, so that whoever runs due effects does so now.
pub type OnWritten = Arc<dyn Fn() + Send + Sync>;

/// What whoever mounts the gateway may choose. Made by [`Options::new`] or [`Options::insecure`]: who may call is always said.
#[derive(Clone)]
pub struct Options {
    /// Whose tokens are believed; without it every call is the manager's.
    pub(crate) verifier: Option<Verifier>,
    pub(crate) origins: Vec<Origin>,
    pub(crate) on_written: Option<OnWritten>,
    pub(crate) calls_max: usize,
    pub(crate) changes_max: usize,
    pub(crate) rate_max: Option<NonZeroU32>,
    pub(crate) streams_max: usize,
    pub(crate) trusted_proxies: Vec<IpNet>,
    pub(crate) ending: Ending,
    pub(crate) also: Router,
}

/// So many calls of the payment gateway are under way at once, unless another number is given.
const CALLS_MAX: usize = 64;

/// So many changes are let in at once, unless another number is given.
const CHANGES_MAX: usize = 256;

/// So many streams of events are open at once, unless another number is given: two thirds of the connections there are by
/// [`crate::Limits`], so that others find one.
const STREAMS_MAX: usize = 600;

impl Options {
    /// Callers show a token that the verifier believes.
    pub fn new(verifier: Verifier) -> Self {
        Options { verifier: Some(verifier), ..Options::insecure() }
    }

    /// Anybody who reaches the gateway is the manager, and reservations belong to `guest`: for one's own machine only. Called under
    /// another name than `localhost` (`Host`), or by a page that is not listed (`Origin`), it refuses.
    pub fn insecure() -> Self {
        Options {
            verifier: None,
            origins: Vec::new(),
            on_written: None,
            calls_max: CALLS_MAX,
            changes_max: CHANGES_MAX,
            rate_max: None,
            streams_max: STREAMS_MAX,
            trusted_proxies: Vec::new(),
            ending: Ending::default(),
            also: Router::new(),
        }
    }

    /// Lets pages of these origins (`https://app.example`) call; without any, no page of another origin may.
    ///
    /// # Errors
    /// [`InvalidValue`] for what is no origin; `*` is none.
    pub fn origins(mut self, origins: impl IntoIterator<Item = String>) -> Result<Self, InvalidValue> {
        for origin in origins {
            self.origins.push(Origin::parse(&origin)?);
        }
        Ok(self)
    }

    /// Is told of each accepted change: `Worker::wake`, so that refunds and messages follow at once. A cancellation then waits
    /// for its refund, for a second at most.
    #[must_use]
    pub fn on_written(mut self, told: impl Fn() + Send + Sync + 'static) -> Self {
        self.on_written = Some(Arc::new(told));
        self
    }

    /// So many reservations call the payment gateway at once; further ones are turned away with 503 after a second. 64 if not given.
    #[must_use]
    pub fn calls_max(mut self, calls_max: usize) -> Self {
        self.calls_max = calls_max.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// So many changes are let in at once; further ones are turned away with 503, at once. 256 if not given.
    #[must_use]
    pub fn changes_max(mut self, changes_max: usize) -> Self {
        self.changes_max = changes_max.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// So many requests a second each caller may make, and as many at once; further ones are turned away with 429. Callers are told
    /// apart by their token, and without one by their address. Any number if not given; 0 is any number, too.
    #[must_use]
    pub fn rate_max(mut self, per_second: u32) -> Self {
        self.rate_max = NonZeroU32::new(per_second);
        self
    }

    /// So many streams of events are open at once, and of one caller an eighth of them; further ones are turned away, with 503 or
    /// 429. Fewer than there may be connections, or nobody else finds one. 600 if not given.
    #[must_use]
    pub fn streams_max(mut self, streams_max: usize) -> Self {
        self.streams_max = streams_max.max(1);
        self
    }

    /// Proxies that are believed when they say by `X-Forwarded-For` who asks; nobody is if none is given. The router must know its
    /// peers then, as it does under [`crate::serve`].
    #[must_use]
    pub fn trusted_proxies(mut self, proxies: impl IntoIterator<Item = IpNet>) -> Self {
        self.trusted_proxies.extend(proxies);
        self
    }

    /// Routes of other adapters, such as a payment service's callbacks. They are logged, counted and numbered as those of the gateway,
    /// and decide by themselves whom they let through.
    #[must_use]
    pub fn also(mut self, routes: Router) -> Self {
        self.also = self.also.merge(routes);
        self
    }

    /// Streams end with it, and it knows of changes under way: the one that ends [`crate::serve`].
    #[must_use]
    pub fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let is_open = self.verifier.is_none();
        f.debug_struct("Options").field("insecure", &is_open).field("origins", &self.origins).finish_non_exhaustive()
    }
}
