//! Storages (창고): what can be rented, at what rate, and whether it is occupied.
//!
//! Decides what a storage offers and when it counts as occupied. Never decides whether a period is free: that is the
//! reservation context's.

mod aggregate;
mod commands;
mod error;
mod events;
mod policy;

pub use aggregate::{Rating, Storage, StorageRow, StorageStatus};
pub use commands::{DeleteStorage, ImportStorages, ModifyStorage, RegisterStorage};
pub use error::StorageError;
pub use events::{StorageCancelled, StorageDeleted, StorageEvent, StorageModified, StorageRegistered, StorageReserved};
pub use policy::{Reaction, react};
pub(crate) use policy::{manager_only, may_delete};
