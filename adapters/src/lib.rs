//! # storagerent
//!
//! A reservation engine for rented storage space (창고대여) that you embed: one SQLite file, no server. A manager registers
//! storages; a customer reserves one and pays in the same step, or there is no reservation; the customer is told of every
//! change; one page shows the state of everything; customers cancel and review.
//!
//! ```
//! use storagerent::payment::{Behaviour, SimulatedGateway};
//! use storagerent::*;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let file = folder.path().join("rent.db");
//! let app = storagerent::open(&file, SimulatedGateway::in_memory(Behaviour::Approve))?;
//! let (manager, kim) = (Caller::manager(), Caller::customer("kim".parse()?));
//! let rate = Rate::flat(Money::parse("59000", "KRW")?)?;
//! let storage = app.register(&manager, RegisterStorage { description: "강남 소형 1평".parse()?, rate })?;
//! let reservation = app.reserve(&kim, Reserve::new(storage.storage_id))?;
//! assert_eq!(reservation.reservation_status, ReservationStatus::Reserved);
//! app.cancel(&kim, CancelReservation { reservation_id: reservation.booking.reservation_id })?;
//! app.run_due()?; // the refund is done, the customer told
//! assert_eq!(app.view(storage.storage_id)?.reservation_status, Some(ReservationStatus::Cancelled));
//! # Ok(()) }
//! ```
//!
//! Everything of [`storagerent_core`] is re-exported here. This crate adds the stores (`sqlite`, [`memory`]), a simulated
//! payment gateway ([`payment`]), notifiers ([`notify`]), clocks and ids, and the [`Worker`]; this file is the only wiring.

pub mod clock;
#[cfg(not(target_arch = "wasm32"))]
mod driven;
pub mod ids;
mod log;
pub mod memory;
pub mod notify;
pub mod payment;
#[cfg(feature = "simulation")]
pub mod simulation;
#[cfg(feature = "sqlite")]
pub mod sqlite;
#[cfg(not(target_arch = "wasm32"))]
mod worker;

use std::sync::Arc;
use std::time::Duration;

#[cfg(not(target_arch = "wasm32"))]
pub use driven::DrivenStore;
pub use storagerent_core::*;
#[cfg(not(target_arch = "wasm32"))]
pub use worker::Worker;

/// What an application may choose beyond the file and the gateway.
pub struct Options {
    gateway: Option<Arc<dyn PaymentGateway>>,
    notifiers: Vec<Arc<dyn Notifier>>,
    consumers: Vec<Arc<dyn Consumer>>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    wait_max: Duration,
    holds_max: Option<u32>,
    sabotage: Option<Sabotage>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let gateway = self.gateway.as_ref().map(|gateway| gateway.name());
        let channels: Vec<_> = self.notifiers.iter().map(|notifier| notifier.channel()).collect();
        let consumers: Vec<_> = self.consumers.iter().map(|consumer| consumer.name()).collect();
        let mut options = f.debug_struct("Options");
        options.field("gateway", &gateway).field("notifiers", &channels).field("consumers", &consumers);
        options.field("wait_max", &self.wait_max).field("holds_max", &self.holds_max).finish_non_exhaustive()
    }
}

impl Options {
    /// With a gateway that is called, blocking, when somebody reserves.
    pub fn new(gateway: impl PaymentGateway + 'static) -> Self {
        Options { gateway: Some(Arc::new(gateway)), ..Options::without_gateway() }
    }

    /// Without a gateway: the host does the effects itself, by `App::due_effects` and `App::complete`.
    pub fn without_gateway() -> Self {
        Options {
            gateway: None,
            notifiers: Vec::new(),
            consumers: Vec::new(),
            clock: Arc::new(clock::SystemClock::default()),
            ids: Arc::new(ids::RandomIds),
            wait_max: Duration::from_secs(10),
            holds_max: None,
            sabotage: None,
        }
    }

    /// Tells customers over one more channel.
    #[must_use]
    pub fn notifier(mut self, notifier: impl Notifier + 'static) -> Self {
        self.notifiers.push(Arc::new(notifier));
        self
    }

    /// Adds a consumer of your own; it starts from event 1.
    #[must_use]
    pub fn consumer(mut self, consumer: impl Consumer + 'static) -> Self {
        self.consumers.push(Arc::new(consumer));
        self
    }

    /// Takes the time from another clock.
    #[must_use]
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
        self
    }

    /// Takes keys from another source.
    #[must_use]
    pub fn ids(mut self, ids: impl Ids + 'static) -> Self {
        self.ids = Arc::new(ids);
        self
    }

    /// Turns callers away as busy after waiting this long to write; 10 s if not given.
    #[must_use]
    pub fn wait_max(mut self, wait_max: Duration) -> Self {
        self.wait_max = wait_max;
        self
    }

    /// Lets so many reservations of one customer await their payment at once, and refuses more; any number if not given.
    #[must_use]
    pub fn holds_max(mut self, holds_max: u32) -> Self {
        self.holds_max = Some(holds_max);
        self
    }

    /// For tests and demonstrations: makes a consumer inside the file fail after it has acted.
    #[must_use]
    pub fn sabotage(mut self, sabotage: Sabotage) -> Self {
        self.sabotage = Some(sabotage);
        self
    }
}

/// Opens the site kept in a file, creating it if need be, with a gateway that takes the money.
///
/// # Errors
/// [`Error`] when the file cannot be opened, is damaged, no storagerent file, or of a newer version: it is then left untouched;
/// [`OperationError::OtherGateway`] when the site belongs to another gateway.
#[cfg(feature = "sqlite")]
pub fn open(path: impl AsRef<std::path::Path>, gateway: impl PaymentGateway + 'static) -> Result<App, Error> {
    open_with(path, Options::new(gateway))
}

/// The same, with options.
///
/// # Errors
/// As [`open`].
#[cfg(feature = "sqlite")]
pub fn open_with(path: impl AsRef<std::path::Path>, options: Options) -> Result<App, Error> {
    over(Arc::new(sqlite::SqliteStore::open(path.as_ref())?), options)
}

/// A site kept in memory, gone with the process.
///
/// # Errors
/// [`Error`] when the options do not fit together.
pub fn in_memory(gateway: impl PaymentGateway + 'static) -> Result<App, Error> {
    over(Arc::new(memory::MemoryStore::new()), Options::new(gateway))
}

/// An application over a store of your choice.
///
/// # Errors
/// [`Error`] when the store cannot be read, or the options do not fit together.
pub fn over(store: Arc<dyn Store>, options: Options) -> Result<App, Error> {
    let Options { gateway, notifiers, consumers, clock, ids, wait_max, holds_max, sabotage } = options;
    App::new(Parts { store, clock, ids, gateway, notifiers, consumers, wait_max, holds_max, sabotage })
}

/// The READMEs' code is compiled and run with the doctests.
#[cfg(doctest)]
mod readme {
    #[doc = include_str!("../../README.md")]
    struct English;
    #[doc = include_str!("../../README.ko.md")]
    struct Korean;
}
