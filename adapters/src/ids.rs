//! Sources of keys: the operating system's randomness, and a sequence for tests.

use std::sync::atomic::{AtomicU64, Ordering};

use storagerent_core::ports::Ids;
use storagerent_core::shared::Key;

/// Keys of 128 bits: the millisecond, then 80 bits from the operating system.
///
/// Keys made one after the other are near each other in an index, where keys all random would each change a page of its own. In
/// the browser, which has one reservation at a time, all of a key is random.
#[derive(Debug, Clone, Copy, Default)]
pub struct RandomIds;

impl Ids for RandomIds {
    /// # Panics
    /// When the operating system gives no randomness: money must never move under a key that could be guessed or repeated.
    fn key(&self) -> Key {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).expect("the operating system gives randomness");
        Key::new(in_order(u128::from_be_bytes(bytes)))
    }
}

/// So many bits of a key stay random.
#[cfg(not(target_arch = "wasm32"))]
const RANDOM_BITS: u32 = 80;

#[cfg(not(target_arch = "wasm32"))]
fn in_order(random: u128) -> u128 {
    // A clock before 1970 only costs the order.
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    since.as_millis() << RANDOM_BITS | random & ((1 << RANDOM_BITS) - 1)
}

#[cfg(target_arch = "wasm32")]
fn in_order(random: u128) -> u128 {
    random
}

/// Keys that count up from a seed: the same run gives the same keys. For tests only.
#[derive(Debug)]
pub struct SequentialIds {
    seed: u64,
    given_out: AtomicU64,
}

impl SequentialIds {
    /// The keys of a seed; another seed has none in common with it.
    pub fn new(seed: u64) -> Self {
        SequentialIds { seed, given_out: AtomicU64::new(0) }
    }
}

impl Ids for SequentialIds {
    fn key(&self) -> Key {
        let number = self.given_out.fetch_add(1, Ordering::Relaxed) + 1;
        Key::new((u128::from(self.seed) << 64) | u128::from(number))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn random_keys_differ() {
        let keys: BTreeSet<Key> = (0..1_000).map(|_| RandomIds.key()).collect();
        assert_eq!(keys.len(), 1_000);
        assert!(keys.iter().any(|key| key.bits() >> (RANDOM_BITS - 1) & 1 == 1), "all 80 bits are random");
    }

    #[test]
    fn later_keys_are_larger() {
        let first = RandomIds.key();
        std::thread::sleep(std::time::Duration::from_millis(2));
        assert!(RandomIds.key() > first);
    }

    #[test]
    fn sequential_keys_repeat_with_their_seed() {
        let keys = |seed| {
            let ids = SequentialIds::new(seed);
            [ids.key(), ids.key()]
        };
        assert_eq!(keys(1), keys(1));
        assert_ne!(keys(1)[0], keys(1)[1]);
        assert!(keys(1).iter().all(|key| !keys(2).contains(key)));
    }
}
