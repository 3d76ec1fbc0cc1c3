//! # storagerent-wasm
//!
//! The engine for a page: one SQLite file, requests and answers as JSON text, outside calls left to the host. In the browser it
//! lives in a worker; natively the parity tests drive the same code.
//!
//! Decides nothing of its own: it reads a request, asks the `App`, and writes the answer down. Nothing here waits.

#[cfg(target_arch = "wasm32")]
pub mod page;
mod request;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use storagerent::clock::MovableClock;
use storagerent::ids::SequentialIds;
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent::sqlite::{self, SqliteStore};
use storagerent::{
    App, Caller, Charge, Command, ConsumeError, Effect, EffectId, Error, InvalidValue, OperationError, Options,
    Outcome, PaymentGateway, Reserve, Reserving, StoreError, Told, tell,
};

use request::{Call, Request};

/// The engine over one file, with the simulated payment service's books beside it.
pub struct Engine {
    path: PathBuf,
    gateway: String,
    books: SimulatedGateway,
    clock: MovableClock,
    /// Of the keys; random ones without.
    seed: Option<u64>,
    /// Consumers that fail after they have acted.
    failing: Arc<Mutex<BTreeSet<String>>>,
    /// `None` only while the file is being replaced.
    site: Option<(App, Arc<SqliteStore>)>,
    /// Reservations whose call the host is making.
    begun: BTreeMap<EffectId, (Caller, Reserve, Reserving)>,
    /// Other effects the host is doing.
    leased: BTreeMap<EffectId, Effect>,
}

impl Engine {
    /// Opens the site in a file. `gateway` names the payment service whose books its payments are in.
    ///
    /// # Errors
    /// [`Refused`] when the file or the books cannot be opened, or the payments are in another service's books.
    pub fn open(path: &Path, gateway: &str) -> Result<Self, Refused> {
        let mut beside = path.as_os_str().to_owned();
        beside.push(".books");
        let mut engine = Engine {
            path: path.to_owned(),
            gateway: gateway.to_owned(),
            books: SimulatedGateway::with_books(beside, Behaviour::Approve)?,
            clock: MovableClock::default(),
            seed: None,
            failing: Arc::default(),
            site: None,
            begun: BTreeMap::new(),
            leased: BTreeMap::new(),
        };
        engine.reopen()?;
        Ok(engine)
    }

    fn reopen(&mut self) -> Result<(), Refused> {
        self.site = None;
        (self.begun, self.leased) = Default::default();
        let store = Arc::new(SqliteStore::open(&self.path)?);
        let app = storagerent::over(Arc::<SqliteStore>::clone(&store), self.options())?;
        self.adopt(&app)?;
        self.site = Some((app, store));
        Ok(())
    }

    /// Gives a site that has no payment service yet to this one.
    fn adopt(&self, app: &App) -> Result<(), Refused> {
        let kept = app.settings()?.gateway;
        if kept != self.gateway {
            if !kept.is_empty() {
                return Err(OperationError::OtherGateway { kept, asked: self.gateway.clone() }.into());
            }
            app.set(&Caller::manager(), "gateway", &self.gateway)?;
        }
        Ok(())
    }

    fn options(&self) -> Options {
        let failing = Arc::clone(&self.failing);
        let sabotage = move |consumer: &str, _: &_| match failing.lock().is_ok_and(|set| set.contains(consumer)) {
            true => Err(ConsumeError::Unavailable("made to fail by the bench".to_owned())),
            false => Ok(()),
        };
        let options = Options::without_gateway().clock(self.clock.clone()).sabotage(Arc::new(sabotage));
        match self.seed {
            Some(seed) => options.ids(SequentialIds::new(seed)),
            None => options,
        }
    }

    fn site(&self) -> Result<&(App, Arc<SqliteStore>), Error> {
        self.site.as_ref().ok_or_else(|| StoreError::Other("the file could not be opened again".to_owned()).into())
    }

    /// Answers one request, both as JSON: the answer of a command or query is the very text of the command line.
    ///
    /// # Errors
    /// [`Refused`] as the command line would tell it.
    pub fn ask(&mut self, request: &str) -> Result<String, Refused> {
        let app = self.site()?.0.clone();
        match Request::read(request)? {
            Request::Execute { caller, command } => {
                // As on the command line: what is due comes first, and whoever lets consumers run by hand means now.
                app.tick()?;
                if matches!(command, Command::RunConsumers) {
                    app.hurry(&caller)?;
                }
                text(&app.execute(&caller, command)?)
            }
            Request::Query { query } => text(&app.query(query)?),
            Request::BeginReserve { caller, reserve } => {
                app.tick()?;
                let begun = app.begin_reserve(&caller, reserve)?;
                self.going_on(caller, reserve, begun)
            }
            Request::ResumeReserve { effect_id, outcome } => {
                let (caller, reserve, begun) = self.begun.remove(&effect_id).ok_or_else(|| missing(effect_id))?;
                let next = app.resume_reserve(&caller, reserve, &begun, outcome)?;
                self.going_on(caller, reserve, next)
            }
            Request::RunDue => text(&app.run_due()?),
            Request::Settle => {
                app.hurry(&Caller::manager())?;
                text(&app.settle()?)
            }
            Request::DueEffects { limit } => {
                let effects = app.due_effects(limit)?;
                let told = text(&effects);
                self.leased.extend(effects.into_iter().map(|effect| (effect.effect_id, effect)));
                told
            }
            Request::Complete { effect_id, outcome } => {
                let effect = self.leased.get(&effect_id).ok_or_else(|| missing(effect_id))?;
                let told = text(&app.complete(effect, outcome)?);
                self.leased.remove(&effect_id);
                told
            }
            Request::Gateway { call, charge } => text(&self.call(call, &charge, app.settings()?.deadline())),
            Request::Payment { behaviour } => text(&self.books.set_behaviour(behaviour.parse()?)),
            Request::Books => text(&self.books.try_entries()?),
            Request::Sabotage { consumer, on } => {
                let mut failing = self.failing.lock().unwrap_or_else(PoisonError::into_inner);
                text(&if on { failing.insert(consumer) } else { failing.remove(&consumer) })
            }
            Request::Advance { minutes } => text(&self.clock.advance(Duration::from_secs(u64::from(minutes) * 60))),
            Request::Fixed { now, seed } => {
                self.clock.stand_at(now);
                self.seed = Some(seed);
                drop(app);
                text(&self.reopen()?)
            }
            Request::Panic => panic!("the bench asked for a panic"),
        }
    }

    /// What to tell of a reservation: it is over, or which call the host is to make.
    fn going_on(&mut self, caller: Caller, reserve: Reserve, reserving: Reserving) -> Result<String, Refused> {
        let told = text(&reserving);
        if let Some(effect) = &reserving.effect {
            self.begun.insert(effect.effect_id, (caller, reserve, reserving));
        }
        told
    }

    fn call(&self, call: Call, charge: &Charge, deadline: Duration) -> Outcome {
        match call {
            Call::Charge => self.books.charge(charge, deadline),
            Call::Void => self.books.void(charge, deadline),
            Call::Refund => self.books.refund(charge, deadline),
        }
    }

    /// The whole site as the bytes of one file.
    ///
    /// # Errors
    /// [`Refused`] when it cannot be read.
    pub fn download(&self) -> Result<Vec<u8>, Refused> {
        Ok(self.site()?.1.to_bytes()?)
    }

    /// Replaces the site by the one in the bytes of a file, which is looked at as a whole before; if it is refused, the old one stays.
    ///
    /// # Errors
    /// [`Refused`] for bytes that are no site this build knows, of another payment service, in WAL mode, or not as their own log says.
    pub fn upload(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        let app = storagerent::over(Arc::new(SqliteStore::from_bytes(bytes)?), self.options())?;
        self.adopt(&app)?;
        if let Some(first) = app.verify()?.findings.first() {
            return Err(StoreError::Corrupt(format!("{}: {}", first.subject, first.detail)).into());
        }
        drop(app);
        let old = self.download()?;
        self.site = None;
        let replaced = sqlite::replace(&self.path, bytes).map_err(Refused::from).and_then(|()| self.reopen());
        if replaced.is_err() {
            self.site = None;
            sqlite::replace(&self.path, &old)?;
            self.reopen()?;
        }
        replaced
    }
}

/// A refusal, as the command line tells it.
#[derive(Debug)]
pub struct Refused(pub Box<Told>);

impl<E: Into<Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Refused(Box::new(tell(&error.into())))
    }
}

fn text(answer: &impl Serialize) -> Result<String, Refused> {
    serde_json::to_string(answer).map_err(|e| unreadable(e).into())
}

fn unreadable(e: serde_json::Error) -> InvalidValue {
    InvalidValue::new("request", format!("it cannot be read: {e}"), format!("읽을 수 없습니다: {e}"))
}

fn missing(effect_id: EffectId) -> OperationError {
    OperationError::EffectNotFound { effect_id }
}
