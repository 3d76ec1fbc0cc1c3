//! The source of randomness.

use crate::shared::Key;

/// Gives out random 128-bit keys: for payments, deliveries, correlation and lease owners.
pub trait Ids: Send + Sync {
    /// A key never given out before.
    fn key(&self) -> Key;
}
