//! Numbers from a seed, the same everywhere; or from a fuzzer's bytes while they last.

/// Makes every choice; the same seed makes the same ones.
pub(super) struct Dice {
    rest: storagerent_disk::Dice,
    /// What a fuzzer chose, last byte first; empty without one.
    chosen: Vec<u8>,
}

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Dice { rest: storagerent_disk::Dice::new(seed.wrapping_mul(0xD134_2543_DE82_EF95)), chosen: Vec::new() }
    }

    /// Choices as a fuzzer makes them, and from a fixed seed after that.
    pub(super) fn chosen(bytes: &[u8]) -> Self {
        Dice { chosen: bytes.iter().rev().copied().collect(), ..Dice::new(0) }
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.rest.throw()
    }

    /// From 0, below `bound`, which is above 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        // One byte of a fuzzer's for each choice it is enough for, so that a changed byte is a changed choice.
        if bound <= 256
            && let Some(byte) = self.chosen.pop()
        {
            return usize::from(byte) % bound;
        }
        (self.bits() % bound as u64) as usize
    }

    pub(super) fn byte(&mut self) -> u8 {
        self.chosen.pop().unwrap_or_else(|| self.bits() as u8)
    }

    /// True once in so many times.
    pub(super) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// Small numbers mostly, sometimes up to the bound.
    pub(super) fn few(&mut self, bound: usize) -> usize {
        let bound = if self.one_in(8) { bound } else { bound.min(4) };
        1 + self.below(bound.max(1))
    }
}
