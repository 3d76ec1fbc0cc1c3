//! What callers, operators, hosts, the clock and the weather do: one step each, drawn by `choose`, done by `perform`.

mod choose;
mod host;
mod perform;

use storagerent_core::app::Error;
use storagerent_core::effect::{Effect, Outcome};
use storagerent_core::reservation::{CancelReservation, EndRental, ReservationRow, Reserve};
use storagerent_core::review::{AddReview, DeleteReview, ModifyReview, ReviewRow};
use storagerent_core::settings::Settings;
use storagerent_core::shared::{Caller, DeadLetterId, Kind, StorageId};
use storagerent_core::storage::{DeleteStorage, ImportStorages, ModifyStorage, RegisterStorage, StorageRow};

pub(super) use choose::{Chooser, choose};
pub(super) use host::Host;
pub(super) use perform::perform;

/// What others do while a call of the gateway is under way.
#[derive(Debug, Clone)]
pub(super) struct Meanwhile(pub(super) Vec<Aside>);

/// One thing that happens meanwhile.
#[derive(Debug, Clone)]
pub(super) enum Aside {
    Minutes(u64),
    Tick(usize),
    Settle(usize),
    RunDue(usize),
    Reserve(usize, Caller, Reserve),
    LateCapture(u64),
}

/// How a host tells what came of an effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Telling {
    Now,
    Twice,
    Later,
    Never,
}

/// How the clock moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeMove {
    Forward {
        seconds: u64,
    },
    /// The machine's clock is set back; monotonic time goes on.
    Back {
        seconds: i64,
    },
}

/// A step.
#[derive(Debug, Clone)]
pub(super) enum Step {
    Reserve(usize, Caller, Reserve),
    Cancel(usize, Caller, CancelReservation),
    End(usize, Caller, EndRental),
    AddReview(usize, Caller, AddReview),
    ModifyReview(usize, Caller, ModifyReview),
    DeleteReview(usize, Caller, DeleteReview),
    Register(usize, Caller, RegisterStorage),
    Import(usize, Caller, ImportStorages),
    Modify(usize, Caller, ModifyStorage),
    Delete(usize, Caller, DeleteStorage),
    Set(usize, Caller, &'static str, String),
    Pause(usize, Caller, &'static str),
    Resume(usize, Caller, &'static str),
    Replay(usize, Caller, &'static str),
    RetryLetter(usize, Caller, DeadLetterId),
    DiscardLetter(usize, Caller, DeadLetterId, &'static str),
    Tick(usize),
    Settle(usize),
    RunEffects(usize),
    RunConsumers(usize, u32),
    RunDue(usize),
    Look(usize),
    HostTakes(u32),
    HostDoes(u64, Telling),
    HostTells(usize, u64),
    HostErrs(u64),
    Time(TimeMove),
    LateCapture(u64),
    Weather(u64),
    Restart(usize),
}

/// What an application acknowledged.
#[derive(Debug, Clone)]
pub(super) enum Ack {
    Nothing,
    Reservation(Box<ReservationRow>),
    Storage(Box<StorageRow>),
    Storages(Vec<StorageId>),
    Review(Box<ReviewRow>),
    Settings(Box<Settings>),
    /// All that was due by the clock is written.
    Ticked,
}

/// What came of a step.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    /// `ok`, the stable code of a refusal, or how the process ended.
    pub(super) code: &'static str,
    /// Of a refusal.
    pub(super) kind: Option<Kind>,
    pub(super) ack: Ack,
    /// The refusal in words.
    pub(super) words: String,
}

impl Answer {
    pub(super) fn ok(ack: Ack) -> Self {
        Answer { code: "ok", kind: None, ack, words: String::new() }
    }

    pub(super) fn of<T, E: Into<Error>>(result: Result<T, E>, ack: impl FnOnce(T) -> Ack) -> Self {
        match result {
            Ok(told) => Answer::ok(ack(told)),
            Err(e) => {
                let e = e.into();
                Answer { code: e.code(), kind: Some(e.kind()), ack: Ack::Nothing, words: e.to_string() }
            }
        }
    }

    /// The process died.
    pub(super) fn crashed() -> Self {
        Answer { code: "crashed", kind: None, ack: Ack::Nothing, words: String::new() }
    }

    pub(super) fn is_ok(&self) -> bool {
        self.code == "ok"
    }
}

/// An effect a host did, and what came of it.
#[derive(Debug, Clone)]
pub(super) struct DoneOutside {
    pub(super) effect: Effect,
    pub(super) outcome: Outcome,
}

impl Step {
    /// Whose doing it is, and in whose name.
    pub(super) fn asked_by(&self) -> Option<&Caller> {
        match self {
            Step::Reserve(_, caller, _)
            | Step::Cancel(_, caller, _)
            | Step::End(_, caller, _)
            | Step::AddReview(_, caller, _)
            | Step::ModifyReview(_, caller, _)
            | Step::DeleteReview(_, caller, _)
            | Step::Register(_, caller, _)
            | Step::Import(_, caller, _)
            | Step::Modify(_, caller, _)
            | Step::Delete(_, caller, _)
            | Step::Set(_, caller, ..)
            | Step::Pause(_, caller, _)
            | Step::Resume(_, caller, _)
            | Step::Replay(_, caller, _)
            | Step::RetryLetter(_, caller, _)
            | Step::DiscardLetter(_, caller, ..) => Some(caller),
            Step::Tick(_)
            | Step::Settle(_)
            | Step::RunEffects(_)
            | Step::RunConsumers(..)
            | Step::RunDue(_)
            | Step::Look(_)
            | Step::HostTakes(_)
            | Step::HostDoes(..)
            | Step::HostTells(..)
            | Step::HostErrs(_)
            | Step::Time(_)
            | Step::LateCapture(_)
            | Step::Weather(_)
            | Step::Restart(_) => None,
        }
    }

    /// Whether only the manager may do it.
    pub(super) fn is_for_managers(&self) -> bool {
        matches!(
            self,
            Step::Register(..)
                | Step::Import(..)
                | Step::Modify(..)
                | Step::Delete(..)
                | Step::Set(..)
                | Step::Pause(..)
                | Step::Resume(..)
                | Step::Replay(..)
                | Step::RetryLetter(..)
                | Step::DiscardLetter(..)
        )
    }
}
