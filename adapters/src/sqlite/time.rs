//! Waiting, natively; in the browser nothing may wait, and the clock of `std` does not run.

use std::time::Duration;

/// Whether this build can wait at all.
pub(super) const CAN_WAIT: bool = !cfg!(target_arch = "wasm32");

/// A moment until which something is worth waiting for; `None` never comes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Deadline(#[cfg(not(target_arch = "wasm32"))] Option<std::time::Instant>);

#[cfg(not(target_arch = "wasm32"))]
impl Deadline {
    /// So long from now.
    pub(super) fn after(wait_max: Duration) -> Self {
        Deadline(std::time::Instant::now().checked_add(wait_max))
    }

    pub(super) fn is_over(self) -> bool {
        self.0.is_some_and(|at| at <= std::time::Instant::now())
    }
}

#[cfg(target_arch = "wasm32")]
impl Deadline {
    /// Never: whoever comes is served at once.
    pub(super) fn after(_: Duration) -> Self {
        Deadline()
    }

    pub(super) fn is_over(self) -> bool {
        false
    }
}

/// A moment in the past.
#[derive(Debug, Clone, Copy)]
pub(super) struct Since(#[cfg(not(target_arch = "wasm32"))] std::time::Instant);

#[cfg(not(target_arch = "wasm32"))]
impl Since {
    pub(super) fn now() -> Self {
        Since(std::time::Instant::now())
    }

    pub(super) fn elapsed(self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(target_arch = "wasm32")]
impl Since {
    pub(super) fn now() -> Self {
        Since()
    }

    /// Always: nothing is worth waiting for.
    pub(super) fn elapsed(self) -> Duration {
        Duration::MAX
    }
}

/// Pauses between attempts: short at first, so that a lock held for one small transaction costs little.
#[derive(Debug, Default)]
pub(super) struct Pauses {
    taken: usize,
}

impl Pauses {
    const MILLIS: [u64; 6] = [1, 2, 3, 5, 8, 10];

    /// Pauses once more; nothing where nothing may wait.
    pub(super) fn pause(&mut self) {
        let millis = Self::MILLIS[self.taken.min(Self::MILLIS.len() - 1)];
        self.taken += 1;
        #[cfg(not(target_arch = "wasm32"))]
        std::thread::sleep(Duration::from_millis(millis));
        #[cfg(target_arch = "wasm32")]
        let _ = millis;
    }
}
