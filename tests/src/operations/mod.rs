//! The server as operators run it, in processes of their own: too many callers, restarts, kills, a payment service in trouble, slow
//! and forging clients, and whether anything secret is told. Each scene prints its figures, and fails on what must not happen.

mod client;
mod forwarded;
mod kill;
mod overload;
mod payment;
mod process;
mod restart;
mod secrets;
mod slow;

use std::error::Error;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a scene comes to: its figures, or what must not have happened.
pub type Outcome = Result<Vec<String>, Box<dyn Error + Send + Sync>>;

/// How much of a scene is played.
#[derive(Debug, Clone)]
pub struct Stage {
    /// The tool.
    pub tool: PathBuf,
    /// In full, or the short form.
    pub long: bool,
}

impl Stage {
    /// The one or the other figure.
    fn pick<T>(&self, long: T, short: T) -> T {
        if self.long { long } else { short }
    }
}

/// A scene's name, and how it is played.
pub type Scene = (&'static str, fn(&Stage) -> Outcome);

/// All scenes.
pub const SCENES: &[Scene] = &[
    ("overload", overload::play),
    ("restart", restart::play),
    ("kill", kill::play),
    ("payment", payment::play),
    ("slow", slow::play),
    ("forwarded", forwarded::play),
    ("secrets", secrets::play),
];

/// What must not happen.
fn wrong<T>(what: impl Into<String>) -> Result<T, Box<dyn Error + Send + Sync>> {
    Err(what.into().into())
}

/// What callers share, whether or not one of them broke off while it held it.
fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
