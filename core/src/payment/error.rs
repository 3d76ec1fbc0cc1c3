//! Why something about a payment was refused.

use std::time::Duration;

use crate::ports::StoreError;
use crate::shared::{Kind, PaymentId};

/// Why something about a payment was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PaymentError {
    /// No such payment.
    #[error("there is no payment {payment_id}")]
    NotFound {
        /// The id asked for.
        payment_id: PaymentId,
    },
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl PaymentError {
    /// What sort of refusal it is.
    pub fn kind(&self) -> Kind {
        match self {
            PaymentError::NotFound { .. } => Kind::NotFound,
            PaymentError::Store(e) => e.kind(),
        }
    }

    /// The stable code that programs match on.
    pub fn code(&self) -> &'static str {
        match self {
            PaymentError::NotFound { .. } => "paymentNotFound",
            PaymentError::Store(e) => e.code(),
        }
    }

    /// When trying again makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        if let PaymentError::Store(e) = self { e.retry_after() } else { None }
    }
}
