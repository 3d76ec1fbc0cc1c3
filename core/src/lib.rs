//! # storagerent-core
//!
//! The reservation engine for rented storage space (창고대여): rules, events, use cases and ports, without any I/O.
//!
//! Applications depend on the package `storagerent`, which re-exports this one and brings stores, clocks and gateways.
//!
//! Architecture invariants: nothing here reads a clock, a file, a socket or a random number, and nothing here starts a
//! thread; what is outside comes in through [`ports`]. A context's folder is reached by others through its events only.

pub mod app;
pub mod consumer;
#[cfg(feature = "contract")]
pub mod contract;
pub mod effect;
pub mod event;
pub mod message;
pub mod payment;
pub mod ports;
pub mod reservation;
pub mod review;
pub mod settings;
pub mod shared;
pub mod storage;
pub mod storage_view;
pub mod words;

pub use chrono;

pub use app::{
    Answer, App, Available, Command, ConsumerStatus, EffectsDone, Error, OpenEffects, OperationError, Parts, Query,
    RanDue, Reserving, Sabotage, Settled, Status, Ticked, Verified,
};
pub use consumer::{ConsumerRow, DeadLetter, DeadSubject};
pub use effect::{Action, Charge, Effect, EffectRow, EffectStatus, Lease, Outcome, Task};
pub use event::{Aggregate, AggregateKind, Envelope, Event, EventHash, Trace};
pub use message::MessageRow;
pub use payment::{
    BreakerConfig, BreakerState, PaymentApproved, PaymentCancelled, PaymentDeclined, PaymentError, PaymentEvent,
    PaymentRequested, PaymentRow, PaymentStatus, PaymentVoided,
};
pub use ports::{
    Clock, ConsumeError, Consumer, EventFilter, Finding, GatewayBooks, Ids, MessageFilter, Notifier, Page,
    PaymentGateway, ReservationFilter, ReviewFilter, Store, StoreError, ViewFilter,
};
pub use reservation::{
    CancelReservation, EndRental, PartMonth, Quote, QuoteStorage, RentalEndSet, RentalEnded, RentalStarted,
    ReservationCancelRequested, ReservationCancelled, ReservationConfirmed, ReservationCreated, ReservationError,
    ReservationEvent, ReservationExpired, ReservationRejected, ReservationRow, ReservationStatus, Reserve,
};
pub use review::{
    AddReview, DeleteReview, ModifyReview, ReviewCreated, ReviewDeleted, ReviewError, ReviewEvent, ReviewModified,
    ReviewRow, Stars,
};
pub use settings::Settings;
pub use shared::{
    Booking, By, Caller, CorrelationId, Currency, CustomerId, DeadLetterId, Description, EffectId, IdempotencyKey,
    InvalidValue, Key, Kind, Lang, MessageId, Money, NotAllowed, PaymentId, Per, Period, Rate, ReservationId,
    ReviewContent, ReviewId, Sequence, StorageId, Version, Who,
};
pub use storage::{
    DeleteStorage, ImportStorages, ModifyStorage, Rating, RegisterStorage, StorageCancelled, StorageDeleted,
    StorageError, StorageEvent, StorageModified, StorageRegistered, StorageReserved, StorageRow, StorageStatus,
};
pub use storage_view::StorageViewRow;
pub use words::{Explained, InBoth, Told, explain, tell};
