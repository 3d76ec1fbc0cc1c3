//! A site on the simulated disk: the real engine on the real SQLite store, on a disk that fails when told.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use storagerent::chrono::{DateTime, Utc};
use storagerent::clock::ManualClock;
use storagerent::effect::Charge;
use storagerent::ids::SequentialIds;
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::ports::{Head, Queries};
use storagerent::sqlite::SqliteStore;
use storagerent::{
    App, Error, GatewayBooks, Key, Money, Options, Page, PaymentGateway, PaymentId, ReservationFilter, ReservationId,
    ReservationRow, ReservationStatus, Store, StoreError,
};
use storagerent_disk::{Disk, Snapshot};

use crate::noon;

/// A site whose file is on a simulated disk. The payment service is elsewhere: no fault of the disk reaches its books.
pub struct OnDisk {
    /// The disk.
    pub disk: Disk,
    /// The clock; it stands at noon (Seoul) of 2026-11-22 at first.
    pub clock: ManualClock,
    /// The payment service.
    pub gateway: Arc<SimulatedGateway>,
    seed: u64,
    openings: AtomicU64,
}

/// A site at one moment, to come back to: its files, its time, and the payment service's books.
#[derive(Debug, Clone)]
pub struct Moment {
    /// The files.
    pub files: Snapshot,
    /// The time.
    pub now: DateTime<Utc>,
    books: Vec<(Key, Money, Money)>,
}

/// The site opened: a process's worth of it.
pub struct Opened {
    /// The engine.
    pub app: App,
    /// Its store.
    pub store: Arc<SqliteStore>,
}

impl OnDisk {
    /// A site not opened yet, on an empty disk. The same seed gives the same keys.
    pub fn new(seed: u64) -> Self {
        OnDisk {
            disk: Disk::new(),
            clock: ManualClock::at(noon("2026-11-22")),
            gateway: Arc::new(SimulatedGateway::in_memory(Behaviour::Approve)),
            seed,
            openings: AtomicU64::new(0),
        }
    }

    /// The site as it is now. Nobody has it open.
    pub fn moment(&self) -> Moment {
        Moment { files: self.disk.snapshot(), now: storagerent::Clock::now(&self.clock), books: self.gateway.entries() }
    }

    /// Makes the site what it was. Nobody has it open.
    pub fn back_to(&mut self, moment: &Moment) {
        self.disk.restore(moment.files.clone());
        self.clock.set(moment.now);
        self.gateway = Arc::new(SimulatedGateway::in_memory(Behaviour::Approve));
        for (key, captured, refunded) in &moment.books {
            let (payment_id, reservation_id) = (PaymentId::new(1), ReservationId::new(1));
            let charge = Charge { key: *key, payment_id, reservation_id, amount: *captured };
            self.gateway.charge(&charge, Duration::ZERO);
            if refunded.amount() > 0 {
                self.gateway.refund(&charge, Duration::ZERO);
            }
        }
    }

    /// What the payment service kept, in all.
    pub fn money_kept(&self) -> i64 {
        self.gateway.entries().iter().map(|(_, captured, refunded)| captured.amount() - refunded.amount()).sum()
    }

    /// Opens the site, making its file if there is none.
    ///
    /// # Errors
    /// Those of the store, and of putting the application together.
    pub fn open(&self) -> Result<Opened, Error> {
        self.open_with(|options| options)
    }

    /// The same, with more options.
    ///
    /// # Errors
    /// As [`OnDisk::open`].
    pub fn open_with(&self, more: impl FnOnce(Options) -> Options) -> Result<Opened, Error> {
        let store = Arc::new(SqliteStore::open(&self.disk.path("rent.db"))?);
        // Keys are unique however often the site is opened, and the same in the same run.
        let ids = SequentialIds::new(self.seed << 20 | self.openings.fetch_add(1, Ordering::Relaxed));
        let options = Options::new(Arc::clone(&self.gateway)).clock(self.clock.clone()).ids(ids);
        let app = storagerent::over(Arc::<SqliteStore>::clone(&store), more(options.wait_max(Duration::from_secs(1))))?;
        Ok(Opened { app, store })
    }
}

impl Opened {
    /// Reads in one snapshot, beside the application.
    ///
    /// # Errors
    /// Those of the store.
    pub fn read<T>(&self, f: impl FnOnce(&mut dyn Queries) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let (mut f, mut answer) = (Some(f), None);
        self.store.read(&mut |q| answer = f.take().map(|f| f(q)))?;
        answer.unwrap_or_else(|| Err(StoreError::Other("the read gave no answer".to_owned())))
    }

    /// The end of the log.
    ///
    /// # Errors
    /// Those of the store.
    pub fn head(&self) -> Result<Head, StoreError> {
        self.read(|q| q.head())
    }

    /// What is paid for what stands, in all.
    ///
    /// # Errors
    /// Those of the application.
    pub fn money_due(&self) -> Result<i64, Error> {
        let all = self.app.reservations(&ReservationFilter::default(), Page::default())?;
        let stands = |row: &&ReservationRow| {
            matches!(row.reservation_status, ReservationStatus::Reserved | ReservationStatus::Completed)
        };
        Ok(all.iter().filter(stands).map(|row| row.booking.price.amount()).sum())
    }

    /// Runs due work until nothing is done any more.
    ///
    /// # Errors
    /// Those of the application; and when it does not come to rest.
    pub fn rest(&self) -> Result<(), Error> {
        for _ in 0..50 {
            let ran = self.app.run_due()?;
            if ran.consumed + ran.effects.done + ran.effects.failed + ran.settled.asked == 0 {
                return Ok(());
            }
        }
        Err(StoreError::Other("the site does not come to rest".to_owned()).into())
    }
}
