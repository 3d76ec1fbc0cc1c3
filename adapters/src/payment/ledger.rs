//! The bookkeeping of the simulated payment service: what one call does to the entry of its key, and the true answer.

use storagerent_core::effect::{Charge, Outcome};
use storagerent_core::shared::Money;

/// What the service has under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) amount: Money,
    pub(super) state: EntryState,
}

/// What became of the money of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryState {
    /// Refused when it was asked for; nothing was taken.
    Declined,
    /// Never taken, and never to be: the tombstone a void leaves.
    Voided,
    /// Taken.
    Captured,
    /// Taken and given back.
    Refunded,
}

impl EntryState {
    #[cfg(feature = "sqlite")]
    pub(super) fn as_str(self) -> &'static str {
        match self {
            EntryState::Declined => "declined",
            EntryState::Voided => "voided",
            EntryState::Captured => "captured",
            EntryState::Refunded => "refunded",
        }
    }

    #[cfg(feature = "sqlite")]
    pub(super) fn parse(raw: &str) -> Option<Self> {
        [EntryState::Declined, EntryState::Voided, EntryState::Captured, EntryState::Refunded]
            .into_iter()
            .find(|s| s.as_str() == raw)
    }
}

impl Entry {
    fn new(amount: Money, state: EntryState) -> Self {
        Entry { amount, state }
    }

    /// What was captured, and what of it was refunded; `None` where no money moved.
    pub(super) fn moved(self) -> Option<(Money, Money)> {
        match self.state {
            EntryState::Declined | EntryState::Voided => None,
            EntryState::Captured => Some((self.amount, Money::zero(self.amount.currency()))),
            EntryState::Refunded => Some((self.amount, self.amount)),
        }
    }
}

/// The entry to write, if any, and the answer.
pub(super) type Booked = (Option<Entry>, Outcome);

/// Takes the money, once; `says_no` is what a new charge meets, a repeated one gets the answer it got.
pub(super) fn charge(entry: Option<Entry>, charge: &Charge, says_no: bool) -> Booked {
    match entry {
        Some(entry) if entry.amount != charge.amount => {
            (None, not_taken(format!("the key was used for {} before; {} are not taken", entry.amount, charge.amount)))
        }
        Some(Entry { state: EntryState::Voided, .. }) => (None, not_taken("the key was voided".to_owned())),
        Some(Entry { state: EntryState::Captured | EntryState::Refunded, .. }) => (None, Outcome::Captured),
        Some(Entry { state: EntryState::Declined, .. }) => (None, declined()),
        None if says_no => (Some(Entry::new(charge.amount, EntryState::Declined)), declined()),
        None => (Some(Entry::new(charge.amount, EntryState::Captured)), Outcome::Captured),
    }
}

/// Says whether the money was taken; if not, promises never to take it under that key.
pub(super) fn void(entry: Option<Entry>, charge: &Charge) -> Booked {
    let promise = || not_taken("voided: never taken, and never to be under this key".to_owned());
    match entry.map(|e| e.state) {
        None | Some(EntryState::Declined) => (Some(Entry::new(charge.amount, EntryState::Voided)), promise()),
        Some(EntryState::Voided) => (None, promise()),
        Some(EntryState::Captured | EntryState::Refunded) => (None, Outcome::Captured),
    }
}

/// Gives the money back, once.
pub(super) fn refund(entry: Option<Entry>, charge: &Charge) -> Booked {
    match entry {
        Some(Entry { state: EntryState::Captured | EntryState::Refunded, amount }) if amount != charge.amount => {
            let reason = format!("{amount} was captured under the key; {} is another amount", charge.amount);
            (None, Outcome::Refused { reason })
        }
        Some(Entry { state: EntryState::Captured, amount }) => {
            (Some(Entry::new(amount, EntryState::Refunded)), Outcome::Refunded)
        }
        Some(Entry { state: EntryState::Refunded, .. }) => (None, Outcome::Refunded),
        Some(Entry { state: EntryState::Declined | EntryState::Voided, .. }) | None => {
            (None, Outcome::Refused { reason: "nothing was captured under the key".to_owned() })
        }
    }
}

fn declined() -> Outcome {
    Outcome::Declined { reason: "card declined".to_owned() }
}

fn not_taken(reason: String) -> Outcome {
    Outcome::NotTaken { reason }
}
