//! Measuring: how long each answer took, what was written, how much memory it took.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// What one run of one case came to: a line of JSON.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Figures {
    /// Who did it.
    pub(crate) who: String,
    /// What was done.
    pub(crate) case: String,
    /// How many storages there were.
    pub(crate) storages: u64,
    /// How often it was done.
    pub(crate) times: u64,
    /// In how many seconds.
    pub(crate) seconds: f64,
    /// How often in a second.
    pub(crate) per_second: f64,
    /// The median of one answer, in microseconds.
    pub(crate) p50_us: f64,
    /// The 99th percentile.
    pub(crate) p99_us: f64,
    /// Processor time of all threads, each time, in microseconds.
    pub(crate) cpu_us: f64,
    /// The most memory the process had, in MB.
    pub(crate) memory_mb: f64,
    /// Bytes handed to the operating system for writing, each time.
    pub(crate) bytes_written: f64,
}

/// A case being measured; time runs between `go` and `halt` only.
#[derive(Debug)]
pub(crate) struct Measure {
    took: Duration,
    written: u64,
    cpu_us: f64,
    answers: Vec<Duration>,
}

impl Measure {
    /// Nothing measured yet.
    pub(crate) fn new() -> Self {
        Measure { took: Duration::ZERO, written: 0, cpu_us: 0.0, answers: Vec::new() }
    }

    /// Measures one stretch, which answers how long each of its answers took.
    pub(crate) fn stretch(&mut self, f: impl FnOnce() -> Vec<Duration>) {
        let (before, cpu_before, begun) = (written(), cpu_us(), Instant::now());
        let answers = f();
        self.took += begun.elapsed();
        self.cpu_us += cpu_us() - cpu_before;
        self.written += written() - before;
        self.answers.extend(answers);
    }

    /// What it all came to.
    pub(crate) fn figures(mut self, who: &str, case: &str, storages: u64) -> Figures {
        self.answers.sort_unstable();
        let at = |share: f64| {
            let last = self.answers.len().saturating_sub(1);
            let micros = self.answers.get((last as f64 * share) as usize).map_or(0.0, |d| d.as_secs_f64() * 1e6);
            (micros * 10.0).round() / 10.0
        };
        let (times, seconds) = (self.answers.len() as u64, self.took.as_secs_f64());
        Figures {
            who: who.to_owned(),
            case: case.to_owned(),
            storages,
            times,
            seconds,
            per_second: (times as f64 / seconds).round(),
            p50_us: at(0.5),
            p99_us: at(0.99),
            cpu_us: (self.cpu_us / times as f64 * 10.0).round() / 10.0,
            memory_mb: memory_mb(),
            bytes_written: (self.written as f64 / times as f64).round(),
        }
    }
}

impl Default for Measure {
    fn default() -> Self {
        Measure::new()
    }
}

/// Does something so often and says how long each took.
pub(crate) fn each(times: u64, mut f: impl FnMut(u64)) -> Vec<Duration> {
    (0..times)
        .map(|n| {
            let begun = Instant::now();
            f(n);
            begun.elapsed()
        })
        .collect()
}

/// What this process has handed to the operating system for writing so far, in bytes.
fn written() -> u64 {
    field("/proc/self/io", "wchar:").unwrap_or(0)
}

/// Processor time this process has used so far, in microseconds; the kernel counts it in hundredths of a second.
fn cpu_us() -> f64 {
    let text = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * 1e4
}

/// The most memory this process ever had, in MB.
pub(crate) fn memory_mb() -> f64 {
    (field("/proc/self/status", "VmHWM:").unwrap_or(0) as f64 / 102.4).round() / 10.0
}

fn field(file: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}
