//! The tables, one file each: their columns, how a row is read back, and the statements that find and keep it.

pub(super) mod consumers;
pub(super) mod dead_letters;
pub(super) mod effects;
pub(super) mod events;
pub(super) mod head;
pub(super) mod messages;
pub(super) mod older;
pub(super) mod payments;
pub(super) mod reservations;
pub(super) mod reviews;
pub(super) mod site;
pub(super) mod storage_views;
pub(super) mod storages;
