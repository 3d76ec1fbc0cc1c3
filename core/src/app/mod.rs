//! The application: one `App`, and its use cases, one file per family.
//!
//! Loads, decides by asking the aggregates and policies, saves with events. Rules never live here.

mod begin_reserve;
mod cancel;
mod consume;
mod consumers;
mod dead_letters;
mod effects;
mod error;
mod folding;
mod guard;
mod outcome;
mod outside;
mod payment_told;
mod queries;
mod request;
mod reserve;
mod reserve_all;
mod reviews;
mod run_due;
mod settle;
mod storages;
mod tick;
mod verify;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, SubsecRound, Utc};

use crate::consumer::ConsumerRow;
use crate::event::Trace;
use crate::message::INBOX;
use crate::payment::{Breaker, BreakerState};
use crate::ports::{
    Clock, Consumer, Ids, Notifier, Page, PaymentGateway, Queries, Store, StoreError, Transaction, UNNAMED,
    begin_write, begin_write_many, wait,
};
use crate::settings::{self, Settings};
use crate::shared::{Caller, CorrelationId, InvalidValue, Key};

pub use begin_reserve::Reserving;
use consume::{Ride, riding};
pub use consumers::Sabotage;
pub use effects::EffectsDone;
pub use error::{Error, OperationError};
pub use queries::{Available, ConsumerStatus, OpenEffects, Status};
pub use request::{Answer, Command, Query};
pub use run_due::RanDue;
pub use settle::Settled;
pub use tick::Ticked;
pub use verify::Verified;

/// What an [`App`] is made of. The package `storagerent` puts it together.
pub struct Parts {
    /// Keeps everything.
    pub store: Arc<dyn Store>,
    /// Says what time it is.
    pub clock: Arc<dyn Clock>,
    /// Gives out keys.
    pub ids: Arc<dyn Ids>,
    /// Takes money, blocking. Without one the host does the effects itself: `due_effects`, `complete`.
    pub gateway: Option<Arc<dyn PaymentGateway>>,
    /// Tell customers over further channels.
    pub notifiers: Vec<Arc<dyn Notifier>>,
    /// Consumers of your own.
    pub consumers: Vec<Arc<dyn Consumer>>,
    /// So long a caller waits for its turn to write before it is turned away as busy.
    pub wait_max: Duration,
    /// So many reservations of one customer may await their payment at once; any number if not given.
    pub holds_max: Option<u32>,
    /// For tests and demonstrations: makes a consumer inside the file fail after it has acted.
    pub sabotage: Option<Sabotage>,
}

/// The reservation engine. Cheap to clone; share it among threads.
///
/// Every command on storages, reservations and reviews is a struct and a method: `app.reserve(&caller, Reserve::new(storage_id))`.
/// Nobody but the host calls [`App::run_due`]: it must, whenever the last call says so, or nothing expires, starts, ends or is told.
///
/// The methods that end in `_async` wait without blocking where the store is led by a thread of its own (`DrivenStore`); over a
/// store that is not, they lead it themselves, and block as long as others keep the file.
#[derive(Clone)]
pub struct App {
    inner: Arc<Inner>,
}

struct Inner {
    parts: Parts,
    /// This process, to the leases.
    owner: Key,
    breaker: Mutex<Breaker>,
    /// The consumers of the host's own that a thread is running.
    turns: Mutex<BTreeSet<String>>,
}

/// The moment a transaction happens in, and the settings it happens under.
pub(crate) struct Moment {
    pub(crate) now: DateTime<Utc>,
    pub(crate) today: NaiveDate,
    pub(crate) settings: Settings,
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("owner", &self.inner.owner).finish_non_exhaustive()
    }
}

impl App {
    /// Puts an application together, and makes its consumers and channels known to the store.
    ///
    /// # Errors
    /// [`Error`] for names of consumers or channels that are taken or not well formed, and when the store cannot be read or written;
    /// [`OperationError::OtherGateway`] when the site belongs to another gateway.
    pub fn new(parts: Parts) -> Result<Self, Error> {
        let owner = parts.ids.key();
        let app = App { inner: Arc::new(Inner { parts, owner, breaker: Mutex::default(), turns: Mutex::default() }) };
        app.make_known()?;
        Ok(app)
    }

    /// Registers consumers and channels that the store does not know yet.
    fn make_known(&self) -> Result<(), Error> {
        let consumers = self.consumer_names()?;
        let mut channels = vec![INBOX.to_owned()];
        for notifier in &self.inner.parts.notifiers {
            let name = settings::name("channel", notifier.channel())?;
            if channels.contains(&name) {
                return Err(InvalidValue::new(
                    "channel",
                    format!("{name} is taken"),
                    format!("{name}은(는) 이미 있습니다"),
                )
                .into());
            }
            channels.push(name);
        }
        let gateway = match &self.parts().gateway {
            Some(gateway) => settings::name("gateway", gateway.name())?,
            None => String::new(),
        };
        let known = self.read(|q| {
            let mut kept = q.settings()?.gateway;
            if kept.is_empty() && !q.payments(Page::first(1))?.is_empty() {
                // Taken by a host that calls its payment service itself.
                UNNAMED.clone_into(&mut kept);
            }
            if !gateway.is_empty() && !kept.is_empty() && kept != gateway {
                return Err(OperationError::OtherGateway { kept, asked: gateway.clone() }.into());
            }
            let known_consumers = q.consumers()?.into_iter().map(|c| c.name).collect::<Vec<_>>();
            let known_channels = q.channels()?;
            Ok::<_, Error>(
                (gateway.is_empty() || kept == gateway)
                    && consumers.iter().all(|c| known_consumers.contains(c))
                    && channels.iter().all(|c| known_channels.contains(c)),
            )
        })?;
        if known {
            return Ok(());
        }
        self.write_alone(move |_, tx| {
            for name in consumers {
                if tx.consumer(&name)?.is_none() {
                    tx.put_consumer(&ConsumerRow::new(&name))?;
                }
            }
            let known = tx.channels()?;
            channels.iter().filter(|c| !known.contains(c)).try_for_each(|c| tx.add_channel(c))?;
            let settings = tx.settings()?;
            if settings.gateway.is_empty() && !gateway.is_empty() {
                tx.put_settings(&Settings { gateway, ..settings })?;
            } else if !gateway.is_empty() && settings.gateway != gateway {
                // Another process has given the site to its own meanwhile.
                return Err(OperationError::OtherGateway { kept: settings.gateway, asked: gateway }.into());
            }
            Ok::<_, Error>(())
        })
    }

    fn parts(&self) -> &Parts {
        &self.inner.parts
    }

    /// The state of this process's circuit breaker.
    pub fn breaker_state(&self) -> BreakerState {
        self.breaker().state(self.parts().clock.elapsed())
    }

    fn breaker(&self) -> MutexGuard<'_, Breaker> {
        self.inner.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The time by the Clock port, in whole microseconds.
    pub fn now(&self) -> DateTime<Utc> {
        self.parts().clock.now().trunc_subsecs(6)
    }

    /// The moment, by the store's own settings.
    fn moment<Q: Queries + ?Sized, E: From<StoreError> + From<InvalidValue>>(&self, q: &mut Q) -> Result<Moment, E> {
        let settings = q.settings()?;
        let now = self.now();
        let today = self.parts().clock.day_at(now, &settings.zone)?;
        Ok(Moment { now, today, settings })
    }

    /// The trace of what a caller asks for: the caller's correlation id, or a new one.
    fn trace(&self, caller: &Caller, now: DateTime<Utc>) -> Trace {
        let correlation_id =
            caller.correlation_id().cloned().unwrap_or_else(|| CorrelationId::from(self.parts().ids.key()));
        Trace { correlation_id, causation_id: None, occurred_at: now }
    }

    /// Reads in one short snapshot of what is committed.
    fn read<T, E: From<StoreError>>(&self, f: impl FnOnce(&mut dyn Queries) -> Result<T, E>) -> Result<T, E> {
        let mut f = Some(f);
        let mut answer = None;
        self.parts().store.read(&mut |q| {
            if let Some(f) = f.take() {
                answer = Some(f(q));
            }
        })?;
        answer.unwrap_or_else(|| Err(StoreError::Aborted("the read gave no answer".to_owned()).into()))
    }

    /// One transaction of a use case; the consumers inside the file ride in its group, and their trouble is never its trouble.
    async fn write_async<T, E>(
        &self,
        f: impl FnOnce(&App, &mut dyn Transaction) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.write_within(self.parts().wait_max, f).await
    }

    /// The same, waiting so long for its turn.
    async fn write_within<T, E>(
        &self,
        wait_max: Duration,
        f: impl FnOnce(&App, &mut dyn Transaction) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let app = self.clone();
        let rides = self.rides(1);
        let answer = begin_write(self.parts().store.as_ref(), wait_max, move |tx| f(&app, tx), riding(&rides)).await;
        self.redo_failed(&rides).await;
        answer
    }

    /// Many transactions of use cases in one group: each is told what it would have been alone.
    fn write_many<T, E, F>(&self, wait_max: Duration, works: Vec<F>) -> Vec<Result<T, E>>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnOnce(&App, &mut dyn Transaction) -> Result<T, E> + Send + 'static,
    {
        let with_app = |f: F| {
            let app = self.clone();
            move |tx: &mut dyn Transaction| f(&app, tx)
        };
        let works: Vec<_> = works.into_iter().map(with_app).collect();
        let rides = self.rides(works.len());
        wait(async {
            let mut answers = Vec::with_capacity(works.len());
            for writing in begin_write_many(self.parts().store.as_ref(), wait_max, works, riding(&rides)) {
                answers.push(writing.await);
            }
            self.redo_failed(&rides).await;
            answers
        })
    }

    /// Redoes what failed of the consumers that rode along.
    async fn redo_failed(&self, rides: &[Ride]) {
        for ride in rides.iter().filter(|ride| ride.failed()) {
            self.redo(ride.consumer()).await;
        }
    }

    /// One transaction that raises no events: nothing rides.
    async fn write_alone_async<T, E>(
        &self,
        f: impl FnOnce(&App, &mut dyn Transaction) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        let app = self.clone();
        begin_write(self.parts().store.as_ref(), self.parts().wait_max, move |tx| f(&app, tx), Vec::new()).await
    }

    /// `write_async`, blocking.
    fn write<T, E>(&self, f: impl FnOnce(&App, &mut dyn Transaction) -> Result<T, E> + Send + 'static) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        wait(self.write_async(f))
    }

    /// `write_alone_async`, blocking.
    fn write_alone<T, E>(
        &self,
        f: impl FnOnce(&App, &mut dyn Transaction) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        wait(self.write_alone_async(f))
    }
}
