//! Connections, shared out: one address has a part of them at most, or whoever opens them all and says nothing keeps everybody out.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;

use crate::admission::Payer;

/// One address has at most this part of all connections.
const SHARE: usize = 8;

/// And so many in any case.
const SHARE_MIN: usize = 8;

/// How many connections each address has.
pub(crate) struct Shares {
    open: Arc<Mutex<HashMap<Payer, usize>>>,
    max: usize,
    /// Who brings many clients.
    proxies: Vec<IpNet>,
}

/// A connection's part of its address's share, free again when dropped.
pub(crate) struct Part {
    payer: Payer,
    open: Arc<Mutex<HashMap<Payer, usize>>>,
}

impl Shares {
    pub(crate) fn new(connections_max: usize, proxies: Vec<IpNet>) -> Self {
        Shares { open: Arc::default(), max: (connections_max / SHARE).max(SHARE_MIN), proxies }
    }

    /// One connection more of this address; `Err` with how many it has, if that is its share. This machine's own and listed proxies
    /// have no bound of their own.
    pub(crate) fn enter(&self, address: IpAddr) -> Result<Option<Part>, usize> {
        let address = address.to_canonical();
        if address.is_loopback() || self.proxies.iter().any(|net| net.contains(&address)) {
            return Ok(None);
        }
        let payer = Payer::peer(address);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.get(&payer).copied().unwrap_or(0);
        if own >= self.max {
            return Err(own);
        }
        open.insert(payer.clone(), own + 1);
        drop(open);
        Ok(Some(Part { payer, open: Arc::clone(&self.open) }))
    }
}

impl Drop for Part {
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

    fn address(raw: &str) -> IpAddr {
        raw.parse().unwrap()
    }

    #[test]
    fn one_address_has_a_part_of_the_connections_and_gives_it_back() {
        let shares = Shares::new(80, Vec::new());
        let mut parts: Vec<_> = (0..10).map(|_| shares.enter(address("203.0.113.9")).unwrap()).collect();
        assert_eq!(shares.enter(address("::ffff:203.0.113.9")).err(), Some(10), "the same address");
        assert!(shares.enter(address("203.0.113.10")).is_ok());
        parts.pop();
        assert!(shares.enter(address("203.0.113.9")).is_ok());
        drop(parts);
        assert!(shares.open.lock().unwrap().is_empty(), "nobody is remembered who has gone");
        let few = Shares::new(1, Vec::new());
        let _eight: Vec<_> = (0..8).map(|_| few.enter(address("2001:db8::1")).unwrap()).collect();
        assert_eq!(few.enter(address("2001:db8::2")).err(), Some(8), "one household");
    }

    #[test]
    fn this_machine_and_proxies_have_no_bound_of_their_own() {
        let shares = Shares::new(8, vec!["10.0.0.0/8".parse().unwrap()]);
        for many in ["127.0.0.1", "::1", "10.1.1.1", "::ffff:10.1.1.1"] {
            assert!((0..100).all(|_| matches!(shares.enter(address(many)), Ok(None))), "{many}");
        }
    }
}
