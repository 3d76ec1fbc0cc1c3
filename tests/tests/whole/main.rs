//! The whole system, as its users meet it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bookings;
mod consumers;
mod examples;
mod faults;
mod files;
mod kill;
mod layers;
mod model;
mod outages;
mod races;
mod requirements;
mod snapshots;
mod subscribers;
mod time;
