//! The breaker as the gateway sees it: from the calls that arrive and what they were answered, nothing else.

use std::time::Duration;

use storagerent_core::payment::{BreakerConfig, BreakerState};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed(u32),
    Open(Duration),
    Probing(Duration),
}

/// What one process's breaker must be.
#[derive(Debug, Clone)]
pub(in crate::simulation) struct Breaker {
    state: State,
    /// Whether the process could always be told what it has to know.
    trusted: bool,
}

impl Default for Breaker {
    fn default() -> Self {
        Breaker { state: State::Closed(0), trusted: true }
    }
}

impl Breaker {
    /// From now on, until the process starts anew, nothing is asked of it.
    pub(in crate::simulation) fn mistrust(&mut self) {
        self.trusted = false;
    }

    /// A call arrives.
    pub(in crate::simulation) fn begins(&mut self, config: BreakerConfig, elapsed: Duration) -> Result<(), String> {
        if !self.trusted {
            return Ok(());
        }
        match self.state {
            State::Closed(_) => Ok(()),
            State::Open(until) if elapsed < until => Err(format!("its breaker is open for {:?} yet", until - elapsed)),
            State::Probing(since) if elapsed.saturating_sub(since) < config.probe_max => {
                Err(format!("its probe is under way since {:?}", elapsed.saturating_sub(since)))
            }
            State::Open(_) | State::Probing(_) => {
                self.state = State::Probing(elapsed);
                Ok(())
            }
        }
    }

    /// A call was answered, or not; one that was tried in vain before says nothing of others, unless it was the probe.
    pub(in crate::simulation) fn ends(
        &mut self,
        config: BreakerConfig,
        elapsed: Duration,
        answered: bool,
        again: bool,
    ) {
        self.state = match (answered, self.state) {
            (true, _) => State::Closed(0),
            (false, State::Closed(before)) if again => State::Closed(before),
            (false, State::Closed(before)) if before + 1 < config.failures_max => State::Closed(before + 1),
            (false, State::Closed(_) | State::Probing(_)) => State::Open(elapsed + config.open_for),
            (false, State::Open(until)) => State::Open(until),
        };
    }

    /// What is wrong with what the process says of itself.
    pub(in crate::simulation) fn compare(&self, says: BreakerState, elapsed: Duration) -> Result<(), String> {
        let is = match self.state {
            State::Closed(_) => BreakerState::Closed,
            State::Open(until) if elapsed < until => BreakerState::Open,
            State::Open(_) | State::Probing(_) => BreakerState::HalfOpen,
        };
        if self.trusted && is != says { Err(format!("is {says:?}, by its calls it must be {is:?}")) } else { Ok(()) }
    }
}
