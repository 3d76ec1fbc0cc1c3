//! The command line as a stranger meets it: the real program, run on files of its own.

#![expect(clippy::unwrap_used, reason = "what a test needs and does not get fails it")]

mod database;
mod demo;
mod exit_codes;
mod fields;
mod golden;
mod import_export;
mod language;
mod outcomes;
mod payment_sim;
mod safe;
mod serve;
mod simulate;
mod streams;
mod support;
mod time;
mod web;
