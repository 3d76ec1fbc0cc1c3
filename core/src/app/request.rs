//! Requests as data: what the command line, the page and REST send, and what they get.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::run_due::OUTSIDE_TIME_MAX;
use super::{App, Available, ConsumerStatus, EffectsDone, Error, RanDue, Settled, Status, Ticked, Verified};
use crate::consumer::{ConsumerRow, DeadLetter};
use crate::event::Envelope;
use crate::message::MessageRow;
use crate::payment::PaymentRow;
use crate::ports::{EventFilter, MessageFilter, Page, ReservationFilter, ReviewFilter, ViewFilter};
use crate::reservation::{
    CancelReservation, EndRental, Quote, QuoteStorage, ReservationRow, ReservationStatus, Reserve,
};
use crate::review::{AddReview, DeleteReview, ModifyReview, ReviewRow};
use crate::settings::Settings;
use crate::shared::{Caller, CorrelationId, CustomerId, DeadLetterId, PaymentId, ReservationId, StorageId};
use crate::storage::{
    DeleteStorage, ImportStorages, ModifyStorage, RegisterStorage, StorageRow, StorageStatus, manager_only,
};
use crate::storage_view::StorageViewRow;

/// Anything that changes something. As JSON, `command` says which: `{"command":"reserve","storageId":1}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(tag = "command", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Command {
    /// Offers a new storage.
    RegisterStorage(RegisterStorage),
    /// Offers many at once.
    ImportStorages(ImportStorages),
    /// Changes a storage.
    ModifyStorage(ModifyStorage),
    /// Takes a storage away.
    DeleteStorage(DeleteStorage),
    /// Reserves and pays.
    Reserve(Reserve),
    /// Cancels a reservation.
    CancelReservation(CancelReservation),
    /// Sets the end of a rental.
    EndRental(EndRental),
    /// Reviews a rental.
    AddReview(AddReview),
    /// Changes a review.
    ModifyReview(ModifyReview),
    /// Takes a review away.
    DeleteReview(DeleteReview),
    /// Makes a consumer wait.
    PauseConsumer {
        /// Which.
        name: String,
    },
    /// Lets a consumer go on.
    ResumeConsumer {
        /// Which.
        name: String,
    },
    /// Lets a consumer go through the log again.
    ReplayConsumer {
        /// Which.
        name: String,
    },
    /// Lets all consumers go on, one pass.
    RunConsumers,
    /// Tries a dead letter again.
    RetryDeadLetter {
        /// Which.
        dead_letter_id: DeadLetterId,
    },
    /// Gives a dead letter up.
    DiscardDeadLetter {
        /// Which.
        dead_letter_id: DeadLetterId,
        /// Why.
        reason: String,
    },
    /// Changes a setting.
    Set {
        /// Its name.
        key: String,
        /// Its value.
        value: String,
    },
    /// Writes what is due by the clock.
    Tick,
    /// Asks the gateway about charges whose outcome is not known.
    Settle,
    /// Does everything that is due.
    RunDue,
}

/// Anything that is asked. As JSON, `query` says which: `{"query":"view","storageId":1}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(tag = "query", rename_all = "camelCase", rename_all_fields = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub enum Query {
    /// A storage.
    Storage {
        /// Which.
        storage_id: StorageId,
    },
    /// Storages.
    Storages {
        /// Which part of the list.
        #[serde(default)]
        page: Page,
    },
    /// What a period costs.
    Quote(QuoteStorage),
    /// What is free.
    Available {
        /// The first day; today if not given.
        #[serde(default)]
        from: Option<NaiveDate>,
        /// The first day after; open-ended if not given.
        #[serde(default)]
        until: Option<NaiveDate>,
        /// At most this total, in major units.
        #[serde(default)]
        max_price: Option<String>,
        /// Which part of the list.
        #[serde(default)]
        page: Page,
    },
    /// A reservation.
    Reservation {
        /// Which.
        reservation_id: ReservationId,
    },
    /// Reservations.
    Reservations {
        /// Of this customer.
        #[serde(default)]
        customer: Option<CustomerId>,
        /// Of this storage.
        #[serde(default)]
        storage_id: Option<StorageId>,
        /// In this state.
        #[serde(default)]
        status: Option<ReservationStatus>,
        /// Which part of the list.
        #[serde(default)]
        page: Page,
    },
    /// A payment.
    Payment {
        /// Which.
        payment_id: PaymentId,
    },
    /// Payments.
    Payments {
        /// Which part of the list.
        #[serde(default)]
        page: Page,
    },
    /// Messages.
    Messages {
        /// To this customer.
        #[serde(default)]
        customer: Option<CustomerId>,
        /// Which part of the list.
        #[serde(default)]
        page: Page,
    },
    /// Reviews.
    Reviews {
        /// Of this storage.
        #[serde(default)]
        storage_id: Option<StorageId>,
        /// Which part of the list.
        #[serde(default)]
        page: Page,
    },
    /// One row of the one screen.
    View {
        /// Of this storage.
        storage_id: StorageId,
    },
    /// The one screen.
    Views {
        /// In this state.
        #[serde(default)]
        status: Option<StorageStatus>,
        /// Which part of the list.
        #[serde(default)]
        page: Page,
    },
    /// Events.
    Events {
        /// Of this request.
        #[serde(default)]
        correlation_id: Option<CorrelationId>,
        /// Which part of the list.
        #[serde(default)]
        page: Page,
    },
    /// The consumers.
    Consumers,
    /// The open dead letters.
    DeadLetters {
        /// Which part of the list.
        #[serde(default)]
        page: Page,
    },
    /// The settings.
    Settings,
    /// How the site is.
    Status,
    /// Whether everything is as the log says.
    Verify,
}

/// What a request is answered with. Serialises as the row, list or report itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(untagged)]
#[non_exhaustive]
pub enum Answer {
    /// A storage.
    Storage(StorageRow),
    /// Ids given out.
    StorageIds(Vec<StorageId>),
    /// Storages.
    Storages(Vec<StorageRow>),
    /// A quote.
    Quote(Quote),
    /// Free storages.
    Available(Vec<Available>),
    /// A reservation.
    Reservation(ReservationRow),
    /// Reservations.
    Reservations(Vec<ReservationRow>),
    /// A payment.
    Payment(PaymentRow),
    /// Payments.
    Payments(Vec<PaymentRow>),
    /// Messages.
    Messages(Vec<MessageRow>),
    /// A review.
    Review(ReviewRow),
    /// Reviews.
    Reviews(Vec<ReviewRow>),
    /// A row of the one screen.
    View(Box<StorageViewRow>),
    /// The one screen.
    Views(Vec<StorageViewRow>),
    /// Events.
    Events(Vec<Envelope>),
    /// A consumer.
    Consumer(ConsumerRow),
    /// The consumers.
    Consumers(Vec<ConsumerStatus>),
    /// What a pass of the consumers took.
    Consumed {
        /// Events taken.
        consumed: u32,
        /// Effects done after it.
        effects: EffectsDone,
    },
    /// A dead letter.
    DeadLetter(DeadLetter),
    /// Dead letters.
    DeadLetters(Vec<DeadLetter>),
    /// The settings.
    Settings(Settings),
    /// What the clock brought.
    Ticked(Ticked),
    /// What settling wrote down.
    Settled(Settled),
    /// What was due.
    RanDue(RanDue),
    /// How the site is.
    Status(Status),
    /// Whether everything is as the log says.
    Verified(Verified),
}

impl App {
    /// Executes a command.
    ///
    /// # Errors
    /// Those of the use case.
    pub fn execute(&self, caller: &Caller, command: Command) -> Result<Answer, Error> {
        Ok(match command {
            Command::RegisterStorage(c) => Answer::Storage(self.register(caller, c)?),
            Command::ImportStorages(c) => Answer::StorageIds(self.import(caller, c)?),
            Command::ModifyStorage(c) => Answer::Storage(self.modify(caller, c)?),
            Command::DeleteStorage(c) => Answer::Storage(self.delete(caller, c)?),
            Command::Reserve(c) => Answer::Reservation(self.reserve(caller, c)?),
            Command::CancelReservation(c) => Answer::Reservation(self.cancel(caller, c)?),
            Command::EndRental(c) => Answer::Reservation(self.end(caller, c)?),
            Command::AddReview(c) => Answer::Review(self.add_review(caller, c)?),
            Command::ModifyReview(c) => Answer::Review(self.modify_review(caller, c)?),
            Command::DeleteReview(c) => Answer::Review(self.delete_review(caller, c)?),
            Command::PauseConsumer { name } => Answer::Consumer(self.pause(caller, &name)?),
            Command::ResumeConsumer { name } => Answer::Consumer(self.resume(caller, &name)?),
            Command::ReplayConsumer { name } => Answer::Consumer(self.replay(caller, &name)?),
            Command::RunConsumers => {
                manager_only(caller)?;
                let consumed = self.run_consumers(u32::MAX)?;
                Answer::Consumed { consumed, effects: self.run_effects_for(u32::MAX, Some(OUTSIDE_TIME_MAX))? }
            }
            Command::RetryDeadLetter { dead_letter_id } => {
                Answer::DeadLetter(self.retry_dead_letter(caller, dead_letter_id)?)
            }
            Command::DiscardDeadLetter { dead_letter_id, reason } => {
                Answer::DeadLetter(self.discard_dead_letter(caller, dead_letter_id, &reason)?)
            }
            Command::Set { key, value } => Answer::Settings(self.set(caller, &key, &value)?),
            Command::Tick => {
                manager_only(caller)?;
                Answer::Ticked(self.tick()?)
            }
            Command::Settle => {
                manager_only(caller)?;
                Answer::Settled(self.settle()?)
            }
            Command::RunDue => {
                manager_only(caller)?;
                Answer::RanDue(self.run_due()?)
            }
        })
    }

    /// Answers a query, whoever asks: who may see what, the host decides before.
    ///
    /// # Errors
    /// [`Error`]: not found, or the store cannot read.
    pub fn query(&self, query: Query) -> Result<Answer, Error> {
        Ok(match query {
            Query::Storage { storage_id } => Answer::Storage(self.storage(storage_id)?),
            Query::Storages { page } => Answer::Storages(self.storages(page)?),
            Query::Quote(ask) => Answer::Quote(self.quote(ask)?),
            Query::Available { from, until, max_price, page } => {
                Answer::Available(self.available(from, until, max_price.as_deref(), page)?)
            }
            Query::Reservation { reservation_id } => Answer::Reservation(self.reservation(reservation_id)?),
            Query::Reservations { customer, storage_id, status, page } => {
                Answer::Reservations(self.reservations(&ReservationFilter { customer, storage_id, status }, page)?)
            }
            Query::Payment { payment_id } => Answer::Payment(self.payment(payment_id)?),
            Query::Payments { page } => Answer::Payments(self.payments(page)?),
            Query::Messages { customer, page } => Answer::Messages(self.messages(&MessageFilter { customer }, page)?),
            Query::Reviews { storage_id, page } => Answer::Reviews(self.reviews(&ReviewFilter { storage_id }, page)?),
            Query::View { storage_id } => Answer::View(Box::new(self.view(storage_id)?)),
            Query::Views { status, page } => Answer::Views(self.views(&ViewFilter { status }, page)?),
            Query::Events { correlation_id, page } => {
                Answer::Events(self.events(&EventFilter { correlation_id }, page)?)
            }
            Query::Consumers => Answer::Consumers(self.consumers()?),
            Query::DeadLetters { page } => Answer::DeadLetters(self.dead_letters(page)?),
            Query::Settings => Answer::Settings(self.settings()?),
            Query::Status => Answer::Status(self.status()?),
            Query::Verify => Answer::Verified(self.verify()?),
        })
    }
}
