//! The application: one `App`, and its use cases, one file per family.
//!
//! Loads, decides by asking the aggregates and policies, saves with events. Rules never live here.

mod settings;

pub use settings::Settings;
