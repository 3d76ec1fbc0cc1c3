//! Why a storage command was refused.

use std::time::Duration;

use crate::ports::StoreError;
use crate::shared::{InvalidValue, Kind, NotAllowed, ReservationId, StorageId, Version};

/// Why a storage command was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// No such storage, or it was deleted.
    #[error("there is no storage {storage_id}")]
    NotFound {
        /// The id asked for.
        storage_id: StorageId,
    },
    /// It has something live or to come.
    #[error("storage {storage_id} cannot be deleted: reservation {reservation_id} is live or still to come")]
    HasBookings {
        /// The storage.
        storage_id: StorageId,
        /// The first such reservation.
        reservation_id: ReservationId,
    },
    /// It was changed since the caller looked.
    #[error("storage {storage_id} was changed meanwhile: it is in version {found}, not {expected}")]
    Changed {
        /// The storage.
        storage_id: StorageId,
        /// The version the caller had in mind.
        expected: Version,
        /// The version it is in.
        found: Version,
    },
    /// A value was not well formed.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
    /// Only the manager may.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl StorageError {
    /// What sort of refusal it is.
    pub fn kind(&self) -> Kind {
        match self {
            StorageError::NotFound { .. } => Kind::NotFound,
            StorageError::HasBookings { .. } | StorageError::Changed { .. } => Kind::Conflict,
            StorageError::Invalid(_) => Kind::Invalid,
            StorageError::NotAllowed(_) => Kind::NotAllowed,
            StorageError::Store(e) => e.kind(),
        }
    }

    /// The stable code that programs match on.
    pub fn code(&self) -> &'static str {
        match self {
            StorageError::NotFound { .. } => "storageNotFound",
            StorageError::HasBookings { .. } => "storageHasBookings",
            StorageError::Changed { .. } => "storageChanged",
            StorageError::Invalid(_) => "invalidValue",
            StorageError::NotAllowed(_) => "notAllowed",
            StorageError::Store(e) => e.code(),
        }
    }

    /// When trying again makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        if let StorageError::Store(e) = self { e.retry_after() } else { None }
    }
}
