//! # storagerent-core
//!
//! The reservation engine for rented storage space (창고대여): rules, events, use cases and ports, without any I/O.
//!
//! Applications depend on the package `storagerent`, which re-exports this one and brings stores, clocks and gateways.
//!
//! Architecture invariants: nothing here reads a clock, a file, a socket or a random number, and nothing here starts a
//! thread; what is outside comes in through [`ports`]. A context's folder is reached by others through its events only.

pub mod app;
pub mod consumer;
pub mod effect;
pub mod event;
pub mod message;
pub mod payment;
pub mod ports;
pub mod reservation;
pub mod review;
pub mod shared;
pub mod storage;
pub mod storage_view;
pub mod words;

pub use chrono;
