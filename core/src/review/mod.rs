//! Reviews (후기): what customers say of what they rented.
//!
//! Decides who may review what, and when. Never counts: the storage consumer does, from the reviews themselves.

mod aggregate;
mod commands;
mod error;
mod events;
mod policy;

pub use aggregate::{Review, ReviewRow, Stars};
pub use commands::{AddReview, DeleteReview, ModifyReview};
pub use error::ReviewError;
pub use events::{ReviewCreated, ReviewDeleted, ReviewEvent, ReviewModified};
pub(crate) use policy::{ReviewCase, author_only, author_or_manager, may_review};
