//! The whole system, as its users meet it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod bookings;
mod consumer_turns;
mod consumers;
mod error_codes;
mod examples;
mod faults;
mod files;
mod frail;
mod gateways;
mod hosts;
mod kill;
mod kill_tool;
mod layers;
mod model;
mod outages;
mod passes;
mod payment_told;
mod port_faults;
mod races;
mod regressions;
mod requests;
mod requirements;
mod snapshots;
mod stores;
mod subscribers;
mod time;
