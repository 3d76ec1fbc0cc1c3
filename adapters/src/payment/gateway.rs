//! The simulated payment service.

use std::fmt;
#[cfg(feature = "sqlite")]
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use storagerent_core::effect::{Charge, Outcome};
use storagerent_core::ports::{GatewayBooks, PaymentGateway, StoreError};
use storagerent_core::shared::{Key, Money};

use super::Behaviour;
use super::books::{Books, RamBooks};
use super::ledger;

/// How often the service was called, whatever came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Calls {
    /// Calls of `charge`.
    pub charges: u64,
    /// Calls of `void`.
    pub voids: u64,
    /// Calls of `refund`.
    pub refunds: u64,
}

impl Calls {
    /// All calls.
    pub fn total(self) -> u64 {
        self.charges + self.voids + self.refunds
    }
}

/// A stand-in for a third party's payment service: it moves no money, but keeps books as one would, in RAM or in a file of
/// its own, and misbehaves as told.
///
/// It never waits: a deadline that passes is simulated by the answer [`Outcome::Unknown`].
pub struct SimulatedGateway {
    books: Box<dyn Books>,
    behaviour: Mutex<Behaviour>,
    charges: AtomicU64,
    voids: AtomicU64,
    refunds: AtomicU64,
}

impl SimulatedGateway {
    /// A service whose books are gone with the process: what was paid before can then neither be settled nor given back. Beside a file
    /// that stays, use [`SimulatedGateway::with_books`].
    pub fn in_memory(behaviour: Behaviour) -> Self {
        SimulatedGateway::keeping(Box::new(RamBooks::default()), behaviour)
    }

    /// A service whose books are a file, made if it is not there, readable by its owner alone. Many processes may share it.
    ///
    /// # Errors
    /// [`StoreError`] when the file cannot be opened, or is no such books.
    #[cfg(feature = "sqlite")]
    pub fn with_books(path: impl AsRef<Path>, behaviour: Behaviour) -> Result<Self, StoreError> {
        Ok(SimulatedGateway::keeping(Box::new(super::file::FileBooks::open(path.as_ref())?), behaviour))
    }

    fn keeping(books: Box<dyn Books>, behaviour: Behaviour) -> Self {
        let count = || AtomicU64::new(0);
        let behaviour = Mutex::new(behaviour);
        SimulatedGateway { books, behaviour, charges: count(), voids: count(), refunds: count() }
    }

    /// How it behaves.
    pub fn behaviour(&self) -> Behaviour {
        *self.behaviour.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Behaves so from the next call on.
    pub fn set_behaviour(&self, behaviour: Behaviour) {
        *self.behaviour.lock().unwrap_or_else(PoisonError::into_inner) = behaviour;
    }

    /// How often it was called through this value, whatever came of it.
    pub fn calls(&self) -> Calls {
        let count = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
        Calls { charges: count(&self.charges), voids: count(&self.voids), refunds: count(&self.refunds) }
    }

    /// Takes a charge, behaving so for this one call: for whoever serves many callers at once.
    ///
    /// A repeated charge of a key that was captured answers so again and captures nothing. With [`Behaviour::Down`] the
    /// answer is about this call alone: nobody may repeat a charge.
    pub fn charge_as(&self, charge: &Charge, deadline: Duration, behaviour: Behaviour) -> Outcome {
        self.charges.fetch_add(1, Ordering::SeqCst);
        if behaviour == Behaviour::Down {
            return Outcome::NotTaken { reason: refused_connection() };
        }
        let says_no = behaviour == Behaviour::Decline;
        let booked = self.books.book(charge.key, &mut |entry| ledger::charge(entry, charge, says_no));
        match (behaviour, booked) {
            // Whether it was booked before it failed is not known.
            (_, Err(error)) => Outcome::Unknown { reason: format!("the payment service failed: {error}") },
            (Behaviour::Slow, Ok(_)) => Outcome::Unknown {
                reason: format!("no answer from the payment service within {} s", deadline.as_secs_f64()),
            },
            (Behaviour::LostReply, Ok(_)) => {
                Outcome::Unknown { reason: "the connection to the payment service broke before its answer".to_owned() }
            }
            (Behaviour::Approve | Behaviour::Decline | Behaviour::Down, Ok(outcome)) => outcome,
        }
    }

    /// The entries, where the books can be read.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot.
    pub fn try_entries(&self) -> Result<Vec<(Key, Money, Money)>, StoreError> {
        let all = self.books.all()?;
        Ok(all.into_iter().filter_map(|(key, entry)| entry.moved().map(|(c, r)| (key, c, r))).collect())
    }
}

impl fmt::Debug for SimulatedGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (behaviour, calls) = (self.behaviour(), self.calls());
        f.debug_struct("SimulatedGateway").field("behaviour", &behaviour).field("calls", &calls).finish_non_exhaustive()
    }
}

impl PaymentGateway for SimulatedGateway {
    fn name(&self) -> &str {
        "simulated"
    }

    /// As [`SimulatedGateway::charge_as`], behaving as it was told to.
    fn charge(&self, charge: &Charge, deadline: Duration) -> Outcome {
        self.charge_as(charge, deadline, self.behaviour())
    }

    fn void(&self, charge: &Charge, _deadline: Duration) -> Outcome {
        self.voids.fetch_add(1, Ordering::SeqCst);
        if self.behaviour() == Behaviour::Down {
            return Outcome::Unavailable { reason: refused_connection() };
        }
        answered(self.books.book(charge.key, &mut |entry| ledger::void(entry, charge)))
    }

    fn refund(&self, charge: &Charge, _deadline: Duration) -> Outcome {
        self.refunds.fetch_add(1, Ordering::SeqCst);
        if self.behaviour() == Behaviour::Down {
            return Outcome::Unavailable { reason: refused_connection() };
        }
        answered(self.books.book(charge.key, &mut |entry| ledger::refund(entry, charge)))
    }
}

impl GatewayBooks for SimulatedGateway {
    /// # Panics
    /// When the books cannot be read: an empty answer would pass for "nothing was taken".
    fn entries(&self) -> Vec<(Key, Money, Money)> {
        self.try_entries().unwrap_or_else(|error| panic!("the payment service's books cannot be read: {error}"))
    }
}

/// A void or refund that failed may be repeated under its key.
fn answered(booked: Result<Outcome, StoreError>) -> Outcome {
    booked.unwrap_or_else(|error| Outcome::Unavailable { reason: format!("the payment service failed: {error}") })
}

fn refused_connection() -> String {
    "connection refused by the payment service".to_owned()
}

#[cfg(test)]
#[path = "gateway_tests.rs"]
mod tests;
