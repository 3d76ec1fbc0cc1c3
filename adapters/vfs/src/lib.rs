#![doc = include_str!("../README.md")]

#[expect(unsafe_code, reason = "SQLite is told of a VFS by C structures, and calls it with raw pointers")]
mod layer;
mod piece;

use std::ffi::CStr;

use rusqlite::Connection;

/// The name by which SQLite knows the layer: a connection opened under it has its WAL written in pieces.
pub const NAME: &CStr = c"storagerent";

/// Makes the layer known to SQLite, once for the process; further calls change nothing. It lies over whatever is SQLite's default
/// at the moment a file is opened, and never becomes the default itself.
///
/// # Errors
/// SQLite's words, when it takes no further layer.
pub fn register() -> Result<(), String> {
    layer::register()
}

/// Calls `commit`; what SQLite writes to a WAL meanwhile, on this thread and by a connection opened under [`NAME`], is gathered and
/// written in one piece: when the frame that ends the transaction is there, when SQLite syncs, reads or cuts the file,
/// or when 64 KiB have come together.
///
/// `commit` must be the COMMIT (or ROLLBACK) of such a connection's transaction, which has SQLite's write lock until then, and nothing
/// else: what an unfinished COMMIT leaves behind is never written. A transaction that went on after this would lack what it
/// wrote meanwhile, and the file be damaged.
pub fn in_one_piece<T>(commit: impl FnOnce() -> T) -> T {
    piece::gather(commit)
}

/// Syncs a connection's database file, whatever connection has written to it: a checkpoint does so only if nothing was committed
/// meanwhile.
///
/// # Errors
/// SQLite's words, when the file cannot be synced.
pub fn sync(conn: &Connection) -> Result<(), String> {
    layer::sync_database(conn)
}

#[cfg(test)]
mod tests;
