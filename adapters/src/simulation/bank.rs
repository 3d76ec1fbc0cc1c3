//! The payment service, with books of its own. It keeps its word under a key, and misbehaves as the weather tells it.

use std::collections::BTreeMap;

use storagerent_core::chrono::{DateTime, Utc};
use storagerent_core::effect::{Charge, Outcome};
use storagerent_core::shared::Money;

use super::faults::{AfterMood, ChargeMood};

/// What became of the money under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Asked for, and taken some time or other, unless voided before.
    Pending,
    Captured,
    Refunded,
    Declined,
    /// Never to be taken.
    Voided,
}

/// What the bank has under a key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) amount: Money,
    pub(super) payment: u64,
    pub(super) state: State,
    pub(super) captures: u32,
    pub(super) refunds: u32,
}

/// What is asked of the bank.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Ask {
    Charge,
    Void,
    Refund,
}

/// The bank's books.
#[derive(Debug, Default)]
pub(super) struct Bank {
    pub(super) entries: BTreeMap<u128, Entry>,
    /// Charges asked for, by key, whether they arrived or not; of which payment.
    pub(super) asked: BTreeMap<u128, u64>,
    /// Keys that changed since the checker looked.
    pub(super) touched: Vec<u128>,
    pub(super) under_way: Vec<(Ask, u128, DateTime<Utc>)>,
    /// What it was asked since the checker looked.
    pub(super) asks: Vec<(Ask, u128)>,
}

impl Bank {
    fn put(&mut self, charge: &Charge, state: State) {
        let key = charge.key.bits();
        let fresh = Entry {
            amount: charge.amount,
            payment: charge.payment_id.get(),
            state: State::Pending,
            captures: 0,
            refunds: 0,
        };
        let entry = self.entries.entry(key).or_insert(fresh);
        entry.captures += u32::from(state == State::Captured);
        entry.refunds += u32::from(state == State::Refunded);
        entry.state = state;
        self.touched.push(key);
    }

    fn state(&self, charge: &Charge) -> Option<State> {
        self.entries.get(&charge.key.bits()).map(|entry| entry.state)
    }

    /// A captured reply that was lost, or money that is taken late: the n-th of those pending.
    pub(super) fn capture_late(&mut self, nth: u64) -> bool {
        let pending: Vec<u128> =
            self.entries.iter().filter(|(_, e)| e.state == State::Pending).map(|(key, _)| *key).collect();
        let Some(key) = pending.get((nth % (pending.len().max(1) as u64)) as usize) else { return false };
        if let Some(entry) = self.entries.get_mut(key) {
            entry.state = State::Captured;
            entry.captures += 1;
        }
        self.touched.push(*key);
        true
    }

    /// How it does what it is asked. `Slow` is for the caller to wait out.
    pub(super) fn charge(&mut self, charge: &Charge, mood: ChargeMood) -> Outcome {
        let lost = |reason: &str| Outcome::Unknown { reason: reason.to_owned() };
        if mood == ChargeMood::Down {
            return Outcome::NotTaken { reason: "connection refused".to_owned() };
        }
        let answer = match self.state(charge) {
            Some(State::Voided) => Outcome::NotTaken { reason: "voided".to_owned() },
            Some(State::Captured | State::Refunded) => Outcome::Captured,
            Some(State::Declined) => declined(),
            Some(State::Pending) | None => match mood {
                ChargeMood::Late => {
                    self.put(charge, State::Pending);
                    lost("no reply yet")
                }
                ChargeMood::Declines | ChargeMood::DeclineLost => {
                    self.put(charge, State::Declined);
                    declined()
                }
                ChargeMood::Approves | ChargeMood::ReplyLost | ChargeMood::Slow | ChargeMood::Down => {
                    self.put(charge, State::Captured);
                    Outcome::Captured
                }
            },
        };
        match mood {
            ChargeMood::ReplyLost | ChargeMood::DeclineLost => lost("the reply was lost"),
            ChargeMood::Slow => lost("no answer within the deadline"),
            ChargeMood::Approves | ChargeMood::Declines | ChargeMood::Down | ChargeMood::Late => answer,
        }
    }

    pub(super) fn void(&mut self, charge: &Charge, mood: AfterMood) -> Outcome {
        if let Some(refusal) = not_now(mood) {
            return refusal;
        }
        let answer = match self.state(charge) {
            Some(State::Captured | State::Refunded) => Outcome::Captured,
            Some(State::Pending | State::Declined | State::Voided) | None => {
                self.put(charge, State::Voided);
                Outcome::NotTaken { reason: "never taken, never to be".to_owned() }
            }
        };
        unless_lost(mood, answer)
    }

    pub(super) fn refund(&mut self, charge: &Charge, mood: AfterMood) -> Outcome {
        if let Some(refusal) = not_now(mood) {
            return refusal;
        }
        let answer = match self.state(charge) {
            Some(State::Captured) => {
                self.put(charge, State::Refunded);
                Outcome::Refunded
            }
            Some(State::Refunded) => Outcome::Refunded,
            Some(State::Pending | State::Declined | State::Voided) | None => {
                Outcome::Refused { reason: "nothing was captured under the key".to_owned() }
            }
        };
        unless_lost(mood, answer)
    }

    /// What is wrong with being asked this at all.
    pub(super) fn object(&mut self, ask: Ask, charge: &Charge, now: DateTime<Utc>, leased: bool) -> Option<String> {
        let key = charge.key.bits();
        let (payment, reservation) = (charge.payment_id, charge.reservation_id);
        let twice = self.under_way.iter().find(|(kind, other, began)| {
            *kind == ask && *other == key && (now - *began).num_seconds().unsigned_abs() < 10
        });
        let objection = if leased && twice.is_some() {
            Some(format!("{ask:?} of payment {payment} is made twice at one time, under one lease"))
        } else if ask == Ask::Charge && self.asked.contains_key(&key) {
            Some(format!("payment {payment} of reservation {reservation} is charged a second time"))
        } else if ask == Ask::Charge && self.asked.values().any(|other| *other == charge.payment_id.get()) {
            Some(format!("payment {payment} is charged under a second key"))
        } else if ask == Ask::Refund && !matches!(self.state(charge), Some(State::Captured | State::Refunded)) {
            Some(format!("payment {payment} is to be refunded and was never captured"))
        } else if self.entries.get(&key).is_some_and(|entry| entry.amount != charge.amount) {
            Some(format!("payment {payment} is now to be {} under the same key", charge.amount))
        } else {
            None
        };
        if ask == Ask::Charge {
            self.asked.insert(key, charge.payment_id.get());
        }
        if leased {
            self.under_way.push((ask, key, now));
        }
        self.asks.push((ask, key));
        objection
    }

    pub(super) fn over(&mut self, ask: Ask, charge: &Charge) {
        let key = charge.key.bits();
        if let Some(at) = self.under_way.iter().rposition(|(kind, other, _)| *kind == ask && *other == key) {
            self.under_way.remove(at);
        }
    }
}

fn declined() -> Outcome {
    Outcome::Declined { reason: "card declined".to_owned() }
}

fn not_now(mood: AfterMood) -> Option<Outcome> {
    match mood {
        AfterMood::Down => Some(Outcome::Unavailable { reason: "connection refused".to_owned() }),
        AfterMood::Refuses => Some(Outcome::Refused { reason: "refused for good".to_owned() }),
        AfterMood::Answers | AfterMood::ReplyLost => None,
    }
}

fn unless_lost(mood: AfterMood, answer: Outcome) -> Outcome {
    match mood {
        AfterMood::ReplyLost => Outcome::Unavailable { reason: "the reply was lost".to_owned() },
        AfterMood::Answers | AfterMood::Down | AfterMood::Refuses => answer,
    }
}
