//! The trace: one number that says whether two runs were the same.

use std::fmt;

use serde::{Serialize, Serializer};

/// A hash over every step, its answer and the log after it; written as 16 lowercase hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceHash(u64);

impl TraceHash {
    /// Before the first step.
    pub(super) fn start(seed: u64) -> Self {
        TraceHash(0xcbf2_9ce4_8422_2325).with_number(seed)
    }

    /// The hash with one more word.
    #[must_use]
    pub(super) fn with_number(self, word: u64) -> Self {
        let mixed = (self.0 ^ word).wrapping_mul(0x9fb2_1c65_1e98_df25);
        TraceHash((mixed ^ (mixed >> 32)).rotate_left(23))
    }

    /// The hash with some more bytes.
    #[must_use]
    pub(super) fn with_bytes(self, bytes: &[u8]) -> Self {
        bytes.chunks(8).fold(self.with_number(bytes.len() as u64), |hash, chunk| {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            hash.with_number(u64::from_le_bytes(word))
        })
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for TraceHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl Serialize for TraceHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_content_count() {
        let start = TraceHash::start(1);
        assert_ne!(start.with_bytes(b"ab").with_bytes(b"c"), start.with_bytes(b"a").with_bytes(b"bc"));
        assert_ne!(start.with_number(1).with_number(2), start.with_number(2).with_number(1));
        assert_eq!(start.to_string().len(), 16);
    }
}
