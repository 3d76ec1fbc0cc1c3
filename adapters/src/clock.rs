//! Clocks: the machine's, and one that stands still until it is told to move.
//!
//! Decides what a zone's days are, by the IANA tables compiled in. Never decides which zone counts: that is a setting.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono_tz::Tz;
use storagerent_core::chrono::{
    DateTime, LocalResult, NaiveDate, NaiveTime, SubsecRound, TimeDelta, TimeZone, Utc, offset::Offset,
};
use storagerent_core::ports::Clock;
use storagerent_core::shared::InvalidValue;

/// No zone is further than this from UTC.
const FURTHEST: TimeDelta = TimeDelta::hours(15);

/// The machine's clock.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock {
    #[cfg(not(target_arch = "wasm32"))]
    began: std::time::Instant,
}

impl SystemClock {
    /// A clock whose `elapsed` begins now.
    pub fn new() -> Self {
        SystemClock {
            #[cfg(not(target_arch = "wasm32"))]
            began: std::time::Instant::now(),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        SystemClock::new()
    }
}

impl Clock for SystemClock {
    /// Whole microseconds, as many as stores keep: what was written is what is read.
    fn now(&self) -> DateTime<Utc> {
        whole_micros(Utc::now())
    }

    #[cfg(not(target_arch = "wasm32"))]
    fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// The browser's instance has no monotonic clock of its own: the time since 1970, which may jump.
    #[cfg(target_arch = "wasm32")]
    fn elapsed(&self) -> Duration {
        Duration::from_micros(u64::try_from(Utc::now().timestamp_micros()).unwrap_or(0))
    }

    fn day_at(&self, at: DateTime<Utc>, zone: &str) -> Result<NaiveDate, InvalidValue> {
        day_at(at, zone)
    }

    fn start_of(&self, day: NaiveDate, zone: &str) -> Result<DateTime<Utc>, InvalidValue> {
        start_of(day, zone)
    }
}

/// A clock that moves only when told: for tests, and for trying future dates. Its clones are the same clock.
#[derive(Debug, Clone)]
pub struct ManualClock {
    time: Arc<Mutex<Time>>,
}

#[derive(Debug)]
struct Time {
    now: DateTime<Utc>,
    elapsed: Duration,
}

impl ManualClock {
    /// A clock that stands at this moment, `elapsed` being nothing.
    pub fn at(now: DateTime<Utc>) -> Self {
        ManualClock { time: Arc::new(Mutex::new(Time { now: whole_micros(now), elapsed: Duration::ZERO })) }
    }

    /// Puts `now` anywhere, back too; `elapsed` stays, as when a machine's clock is corrected.
    pub fn set(&self, now: DateTime<Utc>) {
        self.with(|time| time.now = whole_micros(now));
    }

    /// Lets time pass: `now` and `elapsed` move along. At the end of chrono's time `now` stays.
    pub fn advance(&self, by: Duration) {
        self.with(|time| {
            let later = TimeDelta::from_std(by).ok().and_then(|by| time.now.checked_add_signed(by));
            time.now = later.map_or(time.now, whole_micros);
            time.elapsed = time.elapsed.saturating_add(by);
        });
    }

    /// Lets so many times 24 hours pass.
    pub fn advance_days(&self, days: u32) {
        self.advance(Duration::from_secs(u64::from(days) * 24 * 60 * 60));
    }

    fn with<R>(&self, f: impl FnOnce(&mut Time) -> R) -> R {
        f(&mut self.time.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        self.with(|time| time.now)
    }

    fn elapsed(&self) -> Duration {
        self.with(|time| time.elapsed)
    }

    fn day_at(&self, at: DateTime<Utc>, zone: &str) -> Result<NaiveDate, InvalidValue> {
        day_at(at, zone)
    }

    fn start_of(&self, day: NaiveDate, zone: &str) -> Result<DateTime<Utc>, InvalidValue> {
        start_of(day, zone)
    }
}

/// The machine's clock, ahead of it by as much as it was moved; or one that stands, and moves only when told. For demonstrations.
/// Its clones are the same clock.
#[derive(Debug, Clone, Default)]
pub struct MovableClock {
    machine: SystemClock,
    moved: Arc<Mutex<Moved>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Moved {
    stands_at: Option<DateTime<Utc>>,
    ahead: Duration,
}

impl MovableClock {
    /// Stands at this moment, `elapsed` being nothing.
    pub fn stand_at(&self, now: DateTime<Utc>) {
        *self.moved() = Moved { stands_at: Some(now), ahead: Duration::ZERO };
    }

    /// Moves ahead; `now` and `elapsed` alike.
    pub fn advance(&self, by: Duration) {
        let mut moved = self.moved();
        moved.ahead = moved.ahead.saturating_add(by);
    }

    fn moved(&self) -> MutexGuard<'_, Moved> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for MovableClock {
    fn now(&self) -> DateTime<Utc> {
        let Moved { stands_at, ahead } = *self.moved();
        let from = stands_at.unwrap_or_else(|| self.machine.now());
        let later = TimeDelta::from_std(ahead).ok().and_then(|ahead| from.checked_add_signed(ahead));
        whole_micros(later.unwrap_or(from))
    }

    fn elapsed(&self) -> Duration {
        let Moved { stands_at, ahead } = *self.moved();
        if stands_at.is_some() { ahead } else { self.machine.elapsed().saturating_add(ahead) }
    }

    fn day_at(&self, at: DateTime<Utc>, zone: &str) -> Result<NaiveDate, InvalidValue> {
        day_at(at, zone)
    }

    fn start_of(&self, day: NaiveDate, zone: &str) -> Result<DateTime<Utc>, InvalidValue> {
        start_of(day, zone)
    }
}

fn whole_micros(at: DateTime<Utc>) -> DateTime<Utc> {
    at.trunc_subsecs(6)
}

fn zone_named(zone: &str) -> Result<Tz, InvalidValue> {
    zone.parse().map_err(|_| {
        InvalidValue::new(
            "zone",
            format!("{zone:?} is no IANA time zone; an example is Asia/Seoul"),
            format!("{zone:?}은(는) IANA 시간대가 아닙니다. 예: Asia/Seoul"),
        )
    })
}

fn day_at(at: DateTime<Utc>, zone: &str) -> Result<NaiveDate, InvalidValue> {
    Ok(local_day(at, zone_named(zone)?))
}

fn local_day(at: DateTime<Utc>, zone: Tz) -> NaiveDate {
    let offset = zone.offset_from_utc_datetime(&at.naive_utc()).fix();
    at.naive_utc().checked_add_offset(offset).unwrap_or(at.naive_utc()).date()
}

/// Midnight, the earlier one if the clocks are put back over it; without a midnight, the moment they are put forward.
fn start_of(day: NaiveDate, zone: &str) -> Result<DateTime<Utc>, InvalidValue> {
    let zone = zone_named(zone)?;
    let midnight = day.and_time(NaiveTime::MIN);
    match zone.from_local_datetime(&midnight) {
        LocalResult::Single(at) | LocalResult::Ambiguous(at, _) => Ok(at.to_utc()),
        LocalResult::None => Ok(first_moment_from(day, zone, midnight.and_utc())),
    }
}

/// The earliest second at which the zone's day is `day` or later: a zone that crosses the date line leaves a day out.
fn first_moment_from(day: NaiveDate, zone: Tz, near: DateTime<Utc>) -> DateTime<Utc> {
    let (mut before, mut reached) = (near - FURTHEST, near + FURTHEST);
    while reached - before > TimeDelta::seconds(1) {
        let middle = before + TimeDelta::seconds((reached - before).num_seconds() / 2);
        if local_day(middle, zone) < day {
            before = middle;
        } else {
            reached = middle;
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_day_begins_at_the_sites_midnight() {
        let clock = SystemClock::new();
        assert_eq!(clock.start_of(day("2026-11-22"), "Asia/Seoul"), Ok(at("2026-11-21T15:00:00Z")));
        assert_eq!(clock.day_at(at("2026-11-21T14:59:59.999999Z"), "Asia/Seoul"), Ok(day("2026-11-21")));
        assert_eq!(clock.day_at(at("2026-11-21T15:00:00Z"), "Asia/Seoul"), Ok(day("2026-11-22")));
        assert_eq!(clock.start_of(day("2026-11-22"), "UTC"), Ok(at("2026-11-22T00:00:00Z")));
    }

    #[test]
    fn a_day_without_midnight_begins_when_the_clocks_go_forward() {
        // São Paulo went from 23:59:59 straight to 01:00:00.
        assert_eq!(start_of(day("2018-11-04"), "America/Sao_Paulo"), Ok(at("2018-11-04T03:00:00Z")));
        assert_eq!(day_at(at("2018-11-04T02:59:59Z"), "America/Sao_Paulo"), Ok(day("2018-11-03")));
        assert_eq!(day_at(at("2018-11-04T03:00:00Z"), "America/Sao_Paulo"), Ok(day("2018-11-04")));
    }

    #[test]
    fn a_day_with_two_midnights_begins_at_the_first() {
        // Havana goes from 00:59:59 back to 00:00:00.
        assert_eq!(start_of(day("2024-11-03"), "America/Havana"), Ok(at("2024-11-03T04:00:00Z")));
        // São Paulo went from 23:59:59 back to 23:00:00: one midnight, an hour later.
        assert_eq!(start_of(day("2019-02-17"), "America/Sao_Paulo"), Ok(at("2019-02-17T03:00:00Z")));
    }

    #[test]
    fn a_day_left_out_begins_with_the_next() {
        // Samoa had no 30 December 2011.
        assert_eq!(start_of(day("2011-12-30"), "Pacific/Apia"), Ok(at("2011-12-30T10:00:00Z")));
        assert_eq!(start_of(day("2011-12-31"), "Pacific/Apia"), Ok(at("2011-12-30T10:00:00Z")));
        assert_eq!(day_at(at("2011-12-30T10:00:00Z"), "Pacific/Apia"), Ok(day("2011-12-31")));
    }

    #[test]
    fn every_day_of_every_zone_begins_on_that_day() {
        for zone in chrono_tz::TZ_VARIANTS {
            for date in day("2026-01-01").iter_days().take(365) {
                let start = start_of(date, zone.name()).unwrap();
                assert_eq!(local_day(start, zone), date, "{zone}");
                assert!(local_day(start - TimeDelta::microseconds(1), zone) < date, "{zone} {date}");
            }
        }
    }

    #[test]
    fn an_unknown_zone_is_refused_in_both_languages() {
        for zone in ["Mars/Olympus", "", "asia/seoul", "+09:00"] {
            let refusal = day_at(Utc::now(), zone).unwrap_err();
            assert_eq!(refusal.field, "zone");
            assert!(refusal.reason.contains("IANA") && refusal.reason_ko.contains("시간대"));
            assert!(start_of(day("2026-01-01"), zone).is_err());
        }
    }

    #[test]
    fn clocks_tell_whole_microseconds() {
        assert_eq!(SystemClock::new().now().timestamp_subsec_nanos() % 1000, 0);
        let clock = ManualClock::at(at("2026-01-01T00:00:00.123456789Z"));
        assert_eq!(clock.now(), at("2026-01-01T00:00:00.123456Z"));
    }

    #[test]
    fn the_machines_elapsed_never_runs_back() {
        let clock = SystemClock::new();
        let first = clock.elapsed();
        assert!(clock.elapsed() >= first);
    }

    #[test]
    fn a_movable_clock_runs_ahead_of_the_machines_or_stands() {
        let clock = MovableClock::default();
        let same = clock.clone();
        same.advance(Duration::from_secs(86_400));
        let ahead = clock.now() - SystemClock::new().now();
        assert!((86_399..=86_400).contains(&ahead.num_seconds()), "{ahead}");
        assert!(clock.elapsed() >= Duration::from_secs(86_400));
        same.stand_at(at("2026-01-01T00:00:00Z"));
        assert_eq!((clock.now(), clock.elapsed()), (at("2026-01-01T00:00:00Z"), Duration::ZERO));
        clock.advance(Duration::from_secs(60));
        assert_eq!((same.now(), same.elapsed()), (at("2026-01-01T00:01:00Z"), Duration::from_secs(60)));
    }

    #[test]
    fn a_manual_clock_moves_only_when_told() {
        let clock = ManualClock::at(at("2026-01-01T00:00:00Z"));
        let same = clock.clone();
        same.advance(Duration::from_secs(60));
        assert_eq!((clock.now(), clock.elapsed()), (at("2026-01-01T00:01:00Z"), Duration::from_secs(60)));
        clock.advance_days(2);
        assert_eq!(clock.now(), at("2026-01-03T00:01:00Z"));
        clock.set(at("2025-01-01T00:00:00Z"));
        assert_eq!(clock.elapsed(), Duration::from_secs(60 + 2 * 86_400), "a correction is no passing of time");
        clock.advance(Duration::MAX);
        assert_eq!(clock.now(), at("2025-01-01T00:00:00Z"));
    }
}
