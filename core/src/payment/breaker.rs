//! The circuit breaker: after so many failures in a row the gateway is left in peace for a while, then tried once. Failures are counted
//! of calls made for the first time.
//!
//! Its time is the Clock port's `elapsed`; its state lives in one process.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// When the breaker opens, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerConfig {
    /// So many failures in a row open it; at least 1.
    pub failures_max: u32,
    /// So long it stays open before one probe is let through.
    pub open_for: Duration,
    /// A probe not answered after this long is given up, and another one let through.
    pub probe_max: Duration,
}

/// What the breaker does with calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub enum BreakerState {
    /// Lets every call through.
    Closed,
    /// Lets none through.
    Open,
    /// Lets one through, the probe.
    HalfOpen,
}

#[derive(Debug, Clone, Copy)]
enum Inner {
    Closed { failures: u32 },
    Open { until: Duration },
    Probing { since: Duration },
}

/// A circuit breaker; `elapsed` is monotonic time since the process began.
#[derive(Debug, Clone)]
pub struct Breaker {
    inner: Inner,
}

impl Default for Breaker {
    fn default() -> Self {
        Breaker { inner: Inner::Closed { failures: 0 } }
    }
}

impl Breaker {
    /// What it does with calls now.
    pub fn state(&self, elapsed: Duration) -> BreakerState {
        match self.inner {
            Inner::Closed { .. } => BreakerState::Closed,
            Inner::Open { until } if elapsed < until => BreakerState::Open,
            Inner::Open { .. } | Inner::Probing { .. } => BreakerState::HalfOpen,
        }
    }

    /// Whether a call would be let through now; if not, when to ask again.
    ///
    /// # Errors
    /// The time to wait.
    pub fn check(&self, config: BreakerConfig, elapsed: Duration) -> Result<(), Duration> {
        match self.inner {
            Inner::Closed { .. } => Ok(()),
            Inner::Open { until } if elapsed < until => Err(until - elapsed),
            Inner::Open { .. } => Ok(()),
            Inner::Probing { since } if elapsed.saturating_sub(since) < config.probe_max => {
                Err(config.probe_max - elapsed.saturating_sub(since))
            }
            Inner::Probing { .. } => Ok(()),
        }
    }

    /// Takes leave for one call; its outcome must be told. When half-open, this is the probe and no other is let through.
    ///
    /// # Errors
    /// The time to wait.
    pub fn acquire(&mut self, config: BreakerConfig, elapsed: Duration) -> Result<(), Duration> {
        self.check(config, elapsed)?;
        match self.inner {
            Inner::Closed { .. } => {}
            Inner::Open { .. } | Inner::Probing { .. } => self.inner = Inner::Probing { since: elapsed },
        }
        Ok(())
    }

    /// The gateway answered, whatever it said: a declined card is an answer.
    pub fn answered(&mut self) {
        self.inner = Inner::Closed { failures: 0 };
    }

    /// The gateway did not answer.
    pub fn failed(&mut self, config: BreakerConfig, elapsed: Duration) {
        self.inner = match self.inner {
            Inner::Closed { failures } if failures + 1 < config.failures_max => {
                Inner::Closed { failures: failures + 1 }
            }
            Inner::Closed { .. } | Inner::Probing { .. } => Inner::Open { until: elapsed + config.open_for },
            Inner::Open { until } => Inner::Open { until },
        };
    }

    /// The gateway did not answer a call that it has not answered before. Of others that says nothing: a refund that fails each time it
    /// is tried does not open the breaker for reservations. A probe that fails has failed.
    pub fn failed_again(&mut self, config: BreakerConfig, elapsed: Duration) {
        if !matches!(self.inner, Inner::Closed { .. }) {
            self.failed(config, elapsed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: BreakerConfig =
        BreakerConfig { failures_max: 3, open_for: Duration::from_secs(30), probe_max: Duration::from_secs(10) };

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn open_at(elapsed: Duration) -> Breaker {
        let mut breaker = Breaker::default();
        for _ in 0..3 {
            breaker.acquire(CONFIG, elapsed).unwrap();
            breaker.failed(CONFIG, elapsed);
        }
        breaker
    }

    #[test]
    fn it_opens_after_so_many_failures_in_a_row_and_not_before() {
        let mut breaker = Breaker::default();
        for _ in 0..2 {
            breaker.failed(CONFIG, s(0));
        }
        assert_eq!(breaker.state(s(0)), BreakerState::Closed);
        breaker.answered();
        for _ in 0..2 {
            breaker.failed(CONFIG, s(0));
        }
        assert_eq!(breaker.state(s(0)), BreakerState::Closed, "an answer in between starts the count anew");
        breaker.failed(CONFIG, s(0));
        assert_eq!(breaker.state(s(0)), BreakerState::Open);
    }

    #[test]
    fn what_fails_again_and_again_opens_it_for_nobody_else_but_a_probe_that_fails_has_failed() {
        let mut breaker = Breaker::default();
        (0..9).for_each(|_| breaker.failed_again(CONFIG, s(0)));
        (0..2).for_each(|_| breaker.failed(CONFIG, s(0)));
        assert_eq!(breaker.state(s(0)), BreakerState::Closed);
        let mut breaker = open_at(s(0));
        breaker.acquire(CONFIG, s(30)).unwrap();
        breaker.failed_again(CONFIG, s(31));
        assert_eq!(breaker.state(s(60)), BreakerState::Open);
    }

    #[test]
    fn open_it_lets_no_call_through_and_says_when_to_come_back() {
        let mut breaker = open_at(s(5));
        assert_eq!(breaker.acquire(CONFIG, s(10)), Err(s(25)));
        assert_eq!(breaker.acquire(CONFIG, s(34)), Err(s(1)));
    }

    #[test]
    fn half_open_it_lets_one_probe_through() {
        let mut breaker = open_at(s(0));
        assert_eq!(breaker.state(s(30)), BreakerState::HalfOpen);
        assert!(breaker.acquire(CONFIG, s(30)).is_ok());
        assert_eq!(breaker.state(s(31)), BreakerState::HalfOpen);
        assert_eq!(breaker.acquire(CONFIG, s(31)), Err(s(9)));
        breaker.answered();
        assert_eq!(breaker.state(s(31)), BreakerState::Closed);
    }

    #[test]
    fn a_failed_probe_opens_it_again() {
        let mut breaker = open_at(s(0));
        breaker.acquire(CONFIG, s(30)).unwrap();
        breaker.failed(CONFIG, s(31));
        assert_eq!(breaker.check(CONFIG, s(60)), Err(s(1)));
        assert!(breaker.check(CONFIG, s(61)).is_ok());
    }

    #[test]
    fn a_probe_that_never_answers_does_not_block_for_good() {
        let mut breaker = open_at(s(0));
        breaker.acquire(CONFIG, s(30)).unwrap();
        assert!(breaker.acquire(CONFIG, s(40)).is_ok());
    }

    #[test]
    fn a_late_failure_does_not_prolong_the_opening() {
        let mut breaker = open_at(s(0));
        breaker.failed(CONFIG, s(20));
        assert!(breaker.check(CONFIG, s(30)).is_ok());
    }
}
