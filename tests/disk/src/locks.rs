//! Who holds which lock, as the kernel would keep it.

use std::collections::BTreeMap;

/// The levels of a file's lock, by SQLite's numbers.
pub(crate) const SHARED: i32 = 1;
const RESERVED: i32 = 2;
const PENDING: i32 = 3;
const EXCLUSIVE: i32 = 4;

/// The locks on one file, by who holds them.
#[derive(Debug, Default)]
pub(crate) struct FileLocks(BTreeMap<u64, i32>);

impl FileLocks {
    /// Raises a lock; answers whether nobody was in the way.
    pub(crate) fn raise(&mut self, who: u64, to: i32) -> bool {
        let mine = self.0.get(&who).copied().unwrap_or(0);
        if mine >= to {
            return true;
        }
        let others = self.0.iter().filter(|(other, _)| **other != who).map(|(_, level)| *level).max().unwrap_or(0);
        let free = match to {
            SHARED => others < PENDING,
            RESERVED | PENDING => others < RESERVED,
            _ => others < SHARED,
        };
        let reached = match (free, to) {
            (true, to) => to,
            // Readers may finish; new ones may not come.
            (false, EXCLUSIVE) if others < RESERVED => PENDING,
            (false, _) => mine,
        };
        self.0.insert(who, reached);
        free
    }

    pub(crate) fn lower(&mut self, who: u64, to: i32) {
        if to == 0 {
            self.0.remove(&who);
        } else if let Some(level) = self.0.get_mut(&who) {
            *level = (*level).min(to);
        }
    }

    pub(crate) fn is_reserved(&self) -> bool {
        self.0.values().any(|level| *level >= RESERVED)
    }
}

/// The locks in the shared memory of one file: eight places, each shared by many or held by one.
#[derive(Debug, Default)]
pub(crate) struct MemoryLocks(BTreeMap<u64, (u32, u32)>);

impl MemoryLocks {
    pub(crate) fn take(&mut self, who: u64, places: u32, alone: bool) -> bool {
        let in_the_way = |(shared, held): &(u32, u32)| if alone { shared | held } else { *held };
        let others = self.0.iter().filter(|(other, _)| **other != who).fold(0, |all, (_, mine)| all | in_the_way(mine));
        if others & places != 0 {
            return false;
        }
        let mine = self.0.entry(who).or_default();
        if alone {
            mine.1 |= places;
        } else {
            mine.0 |= places;
        }
        true
    }

    pub(crate) fn give_back(&mut self, who: u64, places: u32) {
        if let Some((shared, held)) = self.0.get_mut(&who) {
            *shared &= !places;
            *held &= !places;
        }
    }

    pub(crate) fn leave(&mut self, who: u64) {
        self.0.remove(&who);
    }
}
