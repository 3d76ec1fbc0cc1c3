//! The simulated site: a store, a clock, a bank, channels, and three processes' worth of applications over them.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use storagerent_core::app::{App, Sabotage};
use storagerent_core::effect::{Charge, Effect};
use storagerent_core::event::Envelope;
use storagerent_core::payment::BreakerState;
use storagerent_core::ports::{Clock, ConsumeError, Consumer, Notifier, PaymentGateway, Store};
use storagerent_core::settings::Settings;

use super::bank::{Ask, Bank};
use super::check::Breaker;
use super::faults::{Met, Sabotaged, StepFaults, Weather, falls_on};
use super::line::Line;
use super::outside::{Channel, Listener, Outside};
use super::report::Broken;
use super::steps::Meanwhile;
use super::store::Faulty;
use super::{Invariant, Kept};
use crate::clock::ManualClock;
use crate::ids::SequentialIds;
use crate::memory::MemoryStore;

/// So many processes: two with a gateway and one whose host does the effects itself.
pub(super) const APPS: usize = 3;
/// The one without a gateway.
pub(super) const HOST: usize = 2;
/// The channels, and which process has which: the first both, the second the first of them, the host none.
pub(super) const CHANNELS: [&str; 2] = ["mail", "sms"];
/// The consumers of one's own, shared out likewise.
pub(super) const LISTENERS: [&str; 2] = ["books", "audit"];

/// What a process dies with. Nobody but the driver knows it.
pub(super) struct Crash;

/// What lies between the applications and the driver.
#[derive(Default)]
pub(super) struct Hub {
    /// Whether faults strike at all.
    pub(super) faults_on: bool,
    pub(super) weather: Weather,
    pub(super) step: StepFaults,
    /// What others do while the first call of the gateway is under way.
    pub(super) meanwhile: Option<Meanwhile>,
    pub(super) nested_codes: Vec<&'static str>,
    pub(super) nested: bool,
    port_calls: u32,
    writes: u32,
    reads: u32,
    pub(super) met: Met,
    pub(super) flagged: Option<Broken>,
    /// Submissions that reached the store.
    pub(super) commits: u64,
    /// Processes that made a port call in this step.
    pub(super) involved: [bool; APPS],
    /// Whether the store was made to fail in this step.
    pub(super) store_failed: bool,
    /// The settings as the last check saw them.
    pub(super) settings: Settings,
    pub(super) breakers: [Breaker; APPS],
}

/// The simulated site.
pub(super) struct Site {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: ManualClock,
    ids: Arc<SequentialIds>,
    hub: Mutex<Hub>,
    bank: Mutex<Bank>,
    outside: Mutex<Outside>,
    apps: Mutex<[Option<App>; APPS]>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Site {
    pub(super) fn new(seed: u64, kept: Kept) -> Result<Arc<Self>, Broken> {
        let store: Arc<dyn Store> = match kept {
            Kept::Memory => Arc::new(MemoryStore::new()),
            #[cfg(feature = "sqlite")]
            Kept::Sqlite => Arc::new(
                crate::sqlite::SqliteStore::in_memory()
                    .map_err(|e| Broken { invariant: Invariant::new(16), detail: format!("no store: {e}") })?,
            ),
        };
        // 2026-11-22, noon in Seoul, and up to some days later.
        let began = storagerent_core::chrono::DateTime::from_timestamp(1_795_316_400 + (seed % 1_000_000) as i64, 0)
            .unwrap_or_default();
        Ok(Arc::new(Site {
            store,
            clock: ManualClock::at(began),
            ids: Arc::new(SequentialIds::new(seed)),
            hub: Mutex::default(),
            bank: Mutex::default(),
            outside: Mutex::default(),
            apps: Mutex::default(),
        }))
    }

    /// Asks or tells the hub. What is handed in must not call back.
    pub(super) fn hub<R>(&self, f: impl FnOnce(&mut Hub) -> R) -> R {
        f(&mut lock(&self.hub))
    }

    pub(super) fn bank<R>(&self, f: impl FnOnce(&mut Bank) -> R) -> R {
        f(&mut lock(&self.bank))
    }

    pub(super) fn outside<R>(&self, f: impl FnOnce(&mut Outside) -> R) -> R {
        f(&mut lock(&self.outside))
    }

    /// The application of a process.
    pub(super) fn app(&self, which: usize) -> Option<App> {
        lock(&self.apps).get(which).cloned().flatten()
    }

    /// Ends a process and starts it anew: another lease owner, a fresh breaker, the same store.
    pub(super) fn restart(self: &Arc<Self>, which: usize) -> Result<(), Broken> {
        lock(&self.apps)[which] = None;
        let (sabotaged, site) = (Arc::downgrade(self), Arc::clone(self));
        let sabotage: Sabotage = Arc::new(move |consumer, event| match sabotaged.upgrade() {
            Some(site) => site.sabotage(consumer, event),
            None => Ok(()),
        });
        let gateway = (which != HOST).then(|| Arc::new(Line::new(which, &site)) as Arc<dyn PaymentGateway>);
        let reach = [2, 1, 0][which];
        let notifiers = (0..reach).map(|n| Arc::new(Channel::new(n, which, &site)) as Arc<dyn Notifier>);
        let consumers = (0..reach).map(|n| Arc::new(Listener::new(n, which, &site)) as Arc<dyn Consumer>);
        let faults_on = self.hub(|hub| std::mem::replace(&mut hub.faults_on, false));
        let options = crate::Options {
            gateway,
            notifiers: notifiers.collect(),
            consumers: consumers.collect(),
            clock: Arc::new(self.clock.clone()),
            ids: Arc::<SequentialIds>::clone(&self.ids),
            wait_max: Duration::from_secs(10),
            holds_max: None,
            sabotage: Some(sabotage),
        };
        let app = crate::over(Arc::new(Faulty::new(which, &site)), options);
        self.hub(|hub| {
            hub.faults_on = faults_on;
            hub.breakers[which] = Breaker::default();
        });
        match app {
            Ok(app) => {
                lock(&self.apps)[which] = Some(app);
                Ok(())
            }
            Err(e) => Err(Broken { invariant: Invariant::new(16), detail: format!("a restart failed: {e}") }),
        }
    }

    /// Lets everything go; the site and its applications hold each other.
    pub(super) fn close(&self) {
        *lock(&self.apps) = Default::default();
    }

    /// Begins a step.
    pub(super) fn begin_step(&self, step: StepFaults, meanwhile: Option<Meanwhile>) {
        self.hub(|hub| {
            hub.step = step;
            hub.meanwhile = meanwhile;
            hub.nested = false;
            hub.nested_codes.clear();
            (hub.port_calls, hub.writes, hub.reads) = (0, 0, 0);
            hub.involved = [false; APPS];
            hub.store_failed = false;
        });
        self.bank(|bank| bank.under_way.clear());
        self.outside(Outside::begin_step);
    }

    /// A port call begins, or has just ended: the process may die here.
    pub(super) fn port(&self, app: usize, name: &'static str) {
        let dies = self.hub(|hub| {
            hub.involved[app] = true;
            hub.port_calls += 1;
            let dies = hub.faults_on && hub.step.crash_at == Some(hub.port_calls);
            if dies {
                hub.met.note(name);
            }
            dies
        });
        if dies {
            resume_unwind(Box::new(Crash));
        }
    }

    /// Which write, or read, of the step this is.
    pub(super) fn count_write(&self) -> u32 {
        self.hub(|hub| {
            hub.writes += 1;
            hub.writes
        })
    }

    pub(super) fn count_read(&self) -> u32 {
        self.hub(|hub| {
            hub.reads += 1;
            hub.reads
        })
    }

    /// Found wrong where nobody can be told: the driver looks after the step.
    pub(super) fn flag(&self, invariant: u8, detail: impl FnOnce() -> String) {
        self.hub(|hub| {
            if hub.flagged.is_none() {
                hub.flagged = Some(Broken { invariant: Invariant::new(invariant), detail: detail() });
            }
        });
    }

    /// What a process's breaker is, as the process itself says.
    pub(super) fn breaker_state(&self, which: usize) -> Option<BreakerState> {
        self.app(which).map(|app| app.breaker_state())
    }

    /// Whether this effect is under the very lease it was handed out with.
    pub(super) fn leases(&self, effect: &Effect) -> bool {
        let mut is_leased = false;
        let read = self.store.read(&mut |q| {
            let row = q.effect(effect.effect_id).ok().flatten();
            is_leased = row.and_then(|row| row.lease) == Some(effect.lease);
        });
        read.is_ok() && is_leased
    }

    /// Whether such a call was tried in vain before.
    pub(super) fn was_tried(&self, ask: Ask, charge: &Charge) -> bool {
        let kind = match ask {
            Ask::Charge => "charge",
            Ask::Void => "void",
            Ask::Refund => "refund",
        };
        let mut was_tried = false;
        let read = self.store.read(&mut |q| {
            let row = q.effect_under(kind, charge.key).ok().flatten();
            was_tried = row.is_some_and(|row| row.attempts > 0);
        });
        read.is_ok() && was_tried
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.clock.elapsed()
    }

    fn sabotage(&self, consumer: &str, event: &Envelope) -> Result<(), ConsumeError> {
        let Some(at) = ["storage", "payment", "message", "view"].iter().position(|name| *name == consumer) else {
            return Ok(());
        };
        let number = event.sequence.get();
        let panics = self.hub(|hub| {
            if !hub.faults_on {
                return Ok(false);
            }
            match &mut hub.weather.sabotage[at] {
                Sabotaged::Not => Ok(false),
                Sabotaged::Unavailable(0) => {
                    hub.weather.sabotage[at] = Sabotaged::Not;
                    Ok(false)
                }
                Sabotaged::Unavailable(left) => {
                    *left -= 1;
                    hub.met.note("consumer inside unavailable after its effect");
                    Err(ConsumeError::Unavailable("sabotaged".to_owned()))
                }
                Sabotaged::Permanent(salt) if falls_on(*salt, number) => {
                    hub.met.note("consumer inside fails for good after its effect");
                    Err(ConsumeError::Permanent("sabotaged".to_owned()))
                }
                Sabotaged::Panics(salt) if falls_on(*salt, number) => {
                    hub.met.note("consumer inside panics after its effect");
                    Ok(true)
                }
                Sabotaged::Permanent(_) | Sabotaged::Panics(_) => Ok(false),
            }
        })?;
        if panics {
            resume_unwind(Box::new("sabotaged".to_owned()));
        }
        Ok(())
    }
}
