//! The gateway, asked over HTTP: who may what, the calls of the first storagerent, streams under load, and hostile requests.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod bearers;
mod ending;
mod events;
mod fuzz;
mod house;
mod matrix;
mod promises;
mod running;
mod seed;
mod surface;
