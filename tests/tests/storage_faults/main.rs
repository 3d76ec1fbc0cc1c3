//! The store's faults: every call of the disk that fails, power cuts, locks, and bits that change.
//!
//! A test binary of its own, for SQLite's default VFS is replaced in it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod account;
mod cases;
mod commits;
mod cuts;
mod sweep;
