//! The gateway, asked over HTTP: who may what, the calls of the first storagerent, streams under load, and hostile requests.

mod bearers;
mod events;
mod fuzz;
mod house;
mod matrix;
mod promises;
mod seed;
mod surface;
