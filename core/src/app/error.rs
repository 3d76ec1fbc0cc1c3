//! The umbrella error: what any use case may answer.

use std::time::Duration;

use crate::payment::PaymentError;
use crate::ports::StoreError;
use crate::reservation::ReservationError;
use crate::review::ReviewError;
use crate::shared::{DeadLetterId, EffectId, InvalidValue, Kind, Money, NotAllowed};
use crate::storage::StorageError;

/// Why an operator's command was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OperationError {
    /// No such consumer.
    #[error("there is no consumer {name:?}")]
    ConsumerNotFound {
        /// The name asked for.
        name: String,
    },
    /// The consumer is registered by another program.
    #[error("consumer {name} is not part of this program, it cannot be run here")]
    ConsumerElsewhere {
        /// Its name.
        name: String,
    },
    /// No such dead letter, or it is closed.
    #[error("there is no open dead letter {dead_letter_id}")]
    DeadLetterNotFound {
        /// The id asked for.
        dead_letter_id: DeadLetterId,
    },
    /// Retried, and it failed again; it stays.
    #[error("dead letter {dead_letter_id} failed again: {reason}")]
    FailedAgain {
        /// The letter that failed.
        dead_letter_id: DeadLetterId,
        /// Why.
        reason: String,
    },
    /// A refund or a void is never given up.
    #[error("dead letter {dead_letter_id} holds a {action}: money is never given up")]
    MoneyNotDiscarded {
        /// The letter.
        dead_letter_id: DeadLetterId,
        /// `refund` or `void`.
        action: String,
    },
    /// No such effect.
    #[error("there is no effect {effect_id}")]
    EffectNotFound {
        /// The id given.
        effect_id: EffectId,
    },
    /// No payment of that much was ever asked for under that key.
    #[error("no payment of {amount} was asked for under that key")]
    PaymentKeyNotFound {
        /// How much was told of.
        amount: Money,
    },
    /// An outcome that this kind of effect cannot have.
    #[error("a {action} cannot have the outcome {outcome}")]
    WrongOutcome {
        /// The kind of effect.
        action: &'static str,
        /// What was told.
        outcome: String,
    },
    /// The site's payments are in another gateway's books. If that one has handed them over, or has none: open without a gateway, set
    /// `gateway` to the new one's name, and open with it.
    #[error("the payments of this site are in the books of the gateway {kept:?}, not of {asked:?}")]
    OtherGateway {
        /// Whose books they are in.
        kept: String,
        /// The gateway that was offered.
        asked: String,
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

impl OperationError {
    /// What sort of refusal it is.
    pub fn kind(&self) -> Kind {
        match self {
            OperationError::ConsumerNotFound { .. }
            | OperationError::DeadLetterNotFound { .. }
            | OperationError::PaymentKeyNotFound { .. }
            | OperationError::EffectNotFound { .. } => Kind::NotFound,
            OperationError::ConsumerElsewhere { .. }
            | OperationError::FailedAgain { .. }
            | OperationError::MoneyNotDiscarded { .. }
            | OperationError::OtherGateway { .. } => Kind::Conflict,
            OperationError::WrongOutcome { .. } | OperationError::Invalid(_) => Kind::Invalid,
            OperationError::NotAllowed(_) => Kind::NotAllowed,
            OperationError::Store(e) => e.kind(),
        }
    }

    /// The stable code that programs match on.
    pub fn code(&self) -> &'static str {
        match self {
            OperationError::ConsumerNotFound { .. } => "consumerNotFound",
            OperationError::ConsumerElsewhere { .. } => "consumerElsewhere",
            OperationError::DeadLetterNotFound { .. } => "deadLetterNotFound",
            OperationError::FailedAgain { .. } => "failedAgain",
            OperationError::MoneyNotDiscarded { .. } => "moneyNotDiscarded",
            OperationError::OtherGateway { .. } => "otherGateway",
            OperationError::EffectNotFound { .. } => "effectNotFound",
            OperationError::PaymentKeyNotFound { .. } => "paymentKeyNotFound",
            OperationError::WrongOutcome { .. } => "wrongOutcome",
            OperationError::Invalid(_) => "invalidValue",
            OperationError::NotAllowed(_) => "notAllowed",
            OperationError::Store(e) => e.code(),
        }
    }

    /// When trying again makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        if let OperationError::Store(e) = self { e.retry_after() } else { None }
    }
}

/// What any use case may answer; command line, page and REST map these alone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// About storages.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// About reservations.
    #[error(transparent)]
    Reservation(#[from] ReservationError),
    /// About payments.
    #[error(transparent)]
    Payment(#[from] PaymentError),
    /// About reviews.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// About running the site.
    #[error(transparent)]
    Operation(#[from] OperationError),
    /// A value was not well formed.
    #[error(transparent)]
    Invalid(#[from] InvalidValue),
    /// The caller may not.
    #[error(transparent)]
    NotAllowed(#[from] NotAllowed),
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Error {
    /// What sort of refusal it is.
    pub fn kind(&self) -> Kind {
        match self {
            Error::Storage(e) => e.kind(),
            Error::Reservation(e) => e.kind(),
            Error::Payment(e) => e.kind(),
            Error::Review(e) => e.kind(),
            Error::Operation(e) => e.kind(),
            Error::Invalid(_) => Kind::Invalid,
            Error::NotAllowed(_) => Kind::NotAllowed,
            Error::Store(e) => e.kind(),
        }
    }

    /// The stable code that programs match on.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Storage(e) => e.code(),
            Error::Reservation(e) => e.code(),
            Error::Payment(e) => e.code(),
            Error::Review(e) => e.code(),
            Error::Operation(e) => e.code(),
            Error::Invalid(_) => "invalidValue",
            Error::NotAllowed(_) => "notAllowed",
            Error::Store(e) => e.code(),
        }
    }

    /// When trying again makes sense.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::Storage(e) => e.retry_after(),
            Error::Reservation(e) => e.retry_after(),
            Error::Payment(e) => e.retry_after(),
            Error::Review(e) => e.retry_after(),
            Error::Operation(e) => e.retry_after(),
            Error::Store(e) => e.retry_after(),
            Error::Invalid(_) | Error::NotAllowed(_) => None,
        }
    }
}
