//! What SQLite's failures mean to the store's callers.

use std::time::Duration;

use rusqlite::{Error, ErrorCode};
use storagerent_core::ports::StoreError;

/// When to come back after the file was found locked.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Whether another connection was in the way, so that the same call may succeed later.
pub(super) fn is_busy(error: &Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::FileLockingProtocolFailed)
    )
}

pub(super) fn busy() -> StoreError {
    StoreError::Busy { retry_after: RETRY_AFTER }
}

/// Says in the store's words what went wrong.
pub(super) fn store_error(error: Error) -> StoreError {
    if is_busy(&error) {
        return busy();
    }
    let corrupt = match &error {
        // What a row holds contradicts the schema or the row's neighbours.
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..) => true,
        other => matches!(
            other.sqlite_error_code(),
            Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt | ErrorCode::ConstraintViolation)
        ),
    };
    if corrupt {
        return StoreError::Corrupt(error.to_string());
    }
    // What readers and writers share beside the file (`-shm`) could not be made longer. SQLite's own words say less.
    let is_full = error.sqlite_error().is_some_and(|e| e.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE);
    StoreError::Other(if is_full { "database or disk is full".to_owned() } else { error.to_string() })
}
