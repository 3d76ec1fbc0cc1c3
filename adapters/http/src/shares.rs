//! What is shared out, such as connections and streams of events: each payer has a part of it at most, or whoever takes all of it
//! keeps everybody else out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::admission::Payer;

/// So many payers have so many each.
type Open = Arc<Mutex<HashMap<Payer, usize>>>;

/// How many each payer has open.
pub(crate) struct Shares {
    open: Open,
    own_max: usize,
    max: usize,
}

/// One of them, free again when dropped.
pub(crate) struct Share {
    payer: Payer,
    open: Open,
}

/// Why there is none.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// All are taken.
    All,
    /// This payer has so many, which is its part.
    Own(usize),
}

impl Shares {
    /// At most so many of each payer, and so many of all.
    pub(crate) fn new(own_max: usize, max: usize) -> Self {
        Shares { open: Arc::default(), own_max, max }
    }

    /// One more of this payer.
    pub(crate) fn enter(&self, payer: Payer) -> Result<Share, Full> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.values().sum::<usize>() >= self.max {
            return Err(Full::All);
        }
        let own = open.get(&payer).copied().unwrap_or(0);
        if own >= self.own_max {
            return Err(Full::Own(own));
        }
        open.insert(payer.clone(), own + 1);
        drop(open);
        Ok(Share { payer, open: Arc::clone(&self.open) })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.payer) {
            Some(own) if *own > 1 => *own -= 1,
            Some(_) | None => drop(open.remove(&self.payer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_has_more_than_a_part_and_each_gives_its_place_back() {
        let shares = Shares::new(2, 3);
        let (kim, lee) = (Payer::Customer("kim".parse().unwrap()), Payer::Manager);
        let first = shares.enter(kim.clone()).unwrap();
        let second = shares.enter(kim.clone()).unwrap();
        assert_eq!(shares.enter(kim.clone()).err(), Some(Full::Own(2)));
        drop(first);
        let again = shares.enter(kim).unwrap();
        let other = shares.enter(lee.clone()).unwrap();
        assert_eq!(shares.enter(lee).err(), Some(Full::All), "there are three in all");
        drop((second, again, other));
        assert!(shares.open.lock().unwrap().is_empty(), "nobody is remembered who has gone");
    }
}
