//! Dead letters: trying again what was parked, or giving it up.

use super::consumers::{InFile, holds, trouble};
use super::folding::Views;
use super::guard::hand;
use super::outside::{A_WHILE, Turn};
use super::settle::{payment_of, void_of};
use super::{App, OperationError};
use crate::consumer::{DeadLetter, DeadSubject};
use crate::effect::{Action, EffectRow, EffectStatus};
use crate::event::Envelope;
use crate::ports::{ConsumeError, EventFilter, Page, Queries, StoreError, Transaction};
use crate::shared::{Caller, DeadLetterId, InvalidValue, Sequence, first_unsafe};
use crate::storage::manager_only;

/// A reason for discarding may be at most this long.
const REASON_CHARS_MAX: usize = 500;

impl App {
    /// Tries a dead letter again. An event's goes with all that waits behind and before it, in order; an effect becomes due. Of a
    /// charge about which the gateway has contradicted itself it is asked anew, by a void under the same key; if that contradicts
    /// what is booked, too, there is a new letter.
    ///
    /// # Errors
    /// [`OperationError`]: not found, not the manager, or it failed again.
    pub fn retry_dead_letter(&self, caller: &Caller, id: DeadLetterId) -> Result<DeadLetter, OperationError> {
        manager_only(caller)?;
        let letter = self.open_letter(id)?;
        match letter.subject.clone() {
            DeadSubject::Effect { effect_id, .. } => self.write_alone(move |app, tx| {
                // Asked again: tried meanwhile, it may have been refused anew, which has a letter of its own.
                still_open(tx, id)?;
                let effect = tx.effect(effect_id)?.ok_or(OperationError::EffectNotFound { effect_id })?;
                // Whoever had it before may have told meanwhile that it is done: it is not done again.
                if effect.status == EffectStatus::Parked {
                    let again = app.to_try_again(tx, effect)?;
                    let due_at = app.now();
                    tx.put_effect(&EffectRow { status: EffectStatus::Due, attempts: 0, due_at, lease: None, ..again })?;
                }
                close(app, tx, id, "retried")
            }),
            DeadSubject::Event { consumer, key, .. } => {
                let mut closed = None;
                let released = self.release_key(&consumer, &key, |letter| {
                    if letter.dead_letter_id == id {
                        closed = Some(letter);
                    }
                });
                // Once this one is closed, what waits behind it fails under its own number.
                match closed {
                    Some(letter) => Ok(letter),
                    None => released.and_then(|()| self.letter(id)),
                }
            }
        }
    }

    /// A charge is never repeated: whether it took money is asked.
    fn to_try_again(&self, tx: &mut dyn Transaction, effect: EffectRow) -> Result<EffectRow, OperationError> {
        if !matches!(effect.action, Action::Charge { .. }) {
            return Ok(effect);
        }
        let (payment, moment) = (payment_of(tx, &effect)?, self.moment::<_, OperationError>(tx)?);
        let void = void_of(tx, &effect, &payment, &moment)?;
        tx.put_effect(&EffectRow { status: EffectStatus::Done, lease: None, ..effect })?;
        Ok(void)
    }

    /// Gives a dead letter up, saying why; what waited behind it goes on. A refund or a void is never given up.
    ///
    /// # Errors
    /// [`OperationError`]: not found, not the manager, no reason, or money.
    pub fn discard_dead_letter(
        &self,
        caller: &Caller,
        id: DeadLetterId,
        reason: &str,
    ) -> Result<DeadLetter, OperationError> {
        manager_only(caller)?;
        let reason = reason.trim().to_owned();
        if reason.is_empty() || reason.chars().count() > REASON_CHARS_MAX || first_unsafe(&reason).is_some() {
            return Err(InvalidValue::new(
                "reason",
                format!("say why, in 1 to {REASON_CHARS_MAX} characters on one line"),
                format!("이유를 한 줄 1~{REASON_CHARS_MAX}자로 적어 주세요"),
            )
            .into());
        }
        let letter = self.open_letter(id)?;
        let subject = letter.subject.clone();
        let closed = self.write_alone(move |app, tx| {
            // Asked again: a retry may have made it due, or handed it out, meanwhile.
            still_open(tx, id)?;
            let money =
                |action: &str| OperationError::MoneyNotDiscarded { dead_letter_id: id, action: action.to_owned() };
            match &letter.subject {
                DeadSubject::Effect { effect_id, action } => {
                    let effect_id = *effect_id;
                    let effect = tx.effect(effect_id)?.ok_or(OperationError::EffectNotFound { effect_id })?;
                    match effect.action {
                        Action::Deliver { .. } => {
                            tx.put_effect(&EffectRow { status: EffectStatus::Done, lease: None, ..effect })?;
                        }
                        Action::Charge { .. } | Action::Void { .. } | Action::Refund { .. } => {
                            return Err(money(action));
                        }
                    }
                }
                // What the payment consumer could not take is a refund that is not written down yet.
                DeadSubject::Event { consumer, .. } if InFile::named(consumer) == Some(InFile::Payment) => {
                    return Err(money("refund"));
                }
                DeadSubject::Event { .. } => {}
            }
            close(app, tx, id, &format!("discarded: {reason}"))
        })?;
        if let DeadSubject::Event { consumer, key, .. } = subject {
            // What waited behind it goes on; if that fails, it stays parked under its own number, and this one is given up all the same.
            let _ = self.release_key(&consumer, &key, |_| {});
        }
        Ok(closed)
    }

    /// Takes the parked events of one key in order, each with its letter's closing, which is told, until one fails or none is left.
    fn release_key(&self, consumer: &str, key: &str, mut closed: impl FnMut(DeadLetter)) -> Result<(), OperationError> {
        loop {
            let (name, of_key) = (consumer.to_owned(), key.to_owned());
            let next = self.read(|q| {
                let letter = q.dead_events(&name, Some(&of_key), Some(1))?.pop();
                Ok::<_, OperationError>(match letter {
                    Some(letter) => Some((event_of(q, &letter)?, letter)),
                    None => None,
                })
            })?;
            let Some((event, letter)) = next else { return Ok(()) };
            let id = letter.dead_letter_id;
            let letter = match InFile::named(consumer) {
                Some(insider) => self.take_inside(insider, id, event)?,
                None => Some(self.take_outside(consumer, id, &event)?),
            };
            letter.into_iter().for_each(&mut closed);
        }
    }

    /// `None`: somebody else has closed it meanwhile.
    fn take_inside(
        &self,
        consumer: InFile,
        id: DeadLetterId,
        event: Envelope,
    ) -> Result<Option<DeadLetter>, OperationError> {
        let tried = self.write(move |app, tx| {
            match still_open(tx, id) {
                Err(OperationError::DeadLetterNotFound { .. }) => return Ok(None),
                still => drop(still?),
            }
            let mut views = Views::default();
            app.apply(tx, consumer, &event, &mut views)
                .and_then(|()| views.keep(tx).map_err(trouble))
                .map_err(|e| failed_again(id, &e))?;
            close(app, tx, id, "retried").map(Some)
        });
        tried.map_err(|e| match e {
            // It panicked, as it may have when it was parked.
            OperationError::Store(StoreError::Aborted(why)) => failed_again(id, &ConsumeError::Permanent(why)),
            e => e,
        })
    }

    fn take_outside(&self, name: &str, id: DeadLetterId, event: &Envelope) -> Result<DeadLetter, OperationError> {
        let consumer = self
            .parts()
            .consumers
            .iter()
            .find(|c| c.name() == name)
            .ok_or_else(|| OperationError::ConsumerElsewhere { name: name.to_owned() })?;
        // One thread at a time hands it events.
        let Some(_turn) = Turn::take(self, name) else { return Err(StoreError::Busy { retry_after: A_WHILE }.into()) };
        let owned = name.to_owned();
        // Whoever had it before may have taken it.
        self.write_alone(move |app, tx| still_open(tx, id).and_then(|_| app.hold_outside(tx, &owned)))?;
        let handed = hand(consumer, event);
        let owned = name.to_owned();
        self.write_alone(move |app, tx| {
            app.let_go_outside(tx, &owned)?;
            Ok::<_, OperationError>(match handed {
                Ok(()) => Ok(close(app, tx, id, "retried")?),
                Err(e) => Err(failed_again(id, &e)),
            })
        })?
    }

    fn open_letter(&self, id: DeadLetterId) -> Result<DeadLetter, OperationError> {
        self.read(|q| still_open(q, id))
    }

    fn letter(&self, id: DeadLetterId) -> Result<DeadLetter, OperationError> {
        self.read(|q| q.dead_letter(id.get())?.ok_or(OperationError::DeadLetterNotFound { dead_letter_id: id }))
    }
}

/// The letter, if nobody has decided on it yet.
fn still_open<Q: Queries + ?Sized>(q: &mut Q, id: DeadLetterId) -> Result<DeadLetter, OperationError> {
    let letter = q.dead_letter(id.get())?.filter(|letter| letter.closed_at.is_none());
    letter.ok_or(OperationError::DeadLetterNotFound { dead_letter_id: id })
}

fn event_of(q: &mut dyn Queries, letter: &DeadLetter) -> Result<Envelope, OperationError> {
    let id = letter.dead_letter_id;
    let missing = || StoreError::Corrupt(format!("the event of dead letter {id} is not in the log"));
    let DeadSubject::Event { sequence, .. } = &letter.subject else { return Err(missing().into()) };
    let before = Sequence::new(sequence.get().saturating_sub(1));
    let page = Page { after: before.get(), limit: Some(1) };
    let event = q.events(&EventFilter::default(), page)?.pop();
    Ok(event.filter(|event| holds(letter, event.sequence)).ok_or_else(missing)?)
}

fn failed_again(id: DeadLetterId, error: &ConsumeError) -> OperationError {
    OperationError::FailedAgain { dead_letter_id: id, reason: error.to_string() }
}

fn close(
    app: &App,
    tx: &mut dyn Transaction,
    id: DeadLetterId,
    resolution: &str,
) -> Result<DeadLetter, OperationError> {
    let letter = tx.dead_letter(id.get())?.ok_or(OperationError::DeadLetterNotFound { dead_letter_id: id })?;
    let closed = DeadLetter { closed_at: Some(app.now()), resolution: Some(resolution.to_owned()), ..letter };
    tx.put_dead_letter(&closed)?;
    Ok(closed)
}
