//! The floor: the same job in a HashMap, kept nowhere. Nothing that keeps its promises can be faster.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::time::Duration;

use crate::measure::each;
use crate::site;

/// Reserves in a map, and answers how long each took.
pub(crate) fn reserve(storages: u64, times: u64) -> Vec<Duration> {
    let mut taken: HashMap<u64, (u64, String)> = HashMap::new();
    let mut log: Vec<String> = Vec::new();
    each(times, |n| {
        let (storage, customer) = (site::storage(n, storages), site::customer(n));
        if let Entry::Vacant(free) = taken.entry(storage) {
            log.push(format!("{n} {storage} {customer}"));
            free.insert((n, customer));
        }
    })
}
