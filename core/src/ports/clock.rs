//! The only source of time.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};

use crate::shared::InvalidValue;

/// Says what time it is, in the world and on the site.
pub trait Clock: Send + Sync {
    /// The time now. It may jump, forward and back; order is the log's `sequence`, never this.
    fn now(&self) -> DateTime<Utc>;

    /// Monotonic time since some fixed moment: for the breaker, and for how long a pass has taken.
    fn elapsed(&self) -> Duration;

    /// The site's day at a moment, in a zone such as `Asia/Seoul`.
    ///
    /// # Errors
    /// [`InvalidValue`] for a zone that is not known.
    fn day_at(&self, at: DateTime<Utc>, zone: &str) -> Result<NaiveDate, InvalidValue>;

    /// The first moment of a day in a zone.
    ///
    /// # Errors
    /// [`InvalidValue`] for a zone that is not known.
    fn start_of(&self, day: NaiveDate, zone: &str) -> Result<DateTime<Utc>, InvalidValue>;
}
