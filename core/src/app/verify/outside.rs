//! Messages and effects, held against the events that want them; and how far the consumers have come.

use std::collections::BTreeSet;

use super::Findings;
use super::told::Told;
use crate::consumer::{DeadLetter, DeadSubject};
use crate::effect::{Action, EffectRow, EffectStatus};
use crate::event::{Envelope, Event};
use crate::message::{INBOX, MessageRow, message_of};
use crate::payment::{PaymentEvent, PaymentStatus, refund_due};
use crate::ports::{EventFilter, MessageFilter, Page, Queries, StoreError};
use crate::shared::{DeadLetterId, EffectId, Lang, Sequence};

/// So many rows are read at a time.
const PAGE: u32 = 1_000;

/// Each message says what its event calls for, in either language, and each event has its message in the inbox.
pub(super) fn messages(q: &mut dyn Queries, told: &Told, findings: &mut Findings) -> Result<u64, StoreError> {
    let channels = q.channels()?;
    let mut page = Page::first(PAGE);
    let mut held = 0;
    loop {
        let rows = q.messages(&MessageFilter::default(), page)?;
        let Some(last) = rows.last() else { break };
        page.after = last.message_id.get();
        for row in &rows {
            held += 1;
            let event = event_at(q, row.event_sequence)?;
            let fits = event.is_some_and(|event| tells(row, &event)) && channels.contains(&row.channel);
            let mut add = |detail: &str| {
                findings.add("message", format!("messages row {}", row.message_id), detail.to_owned());
            };
            if !fits {
                add("is not what its event calls for");
            }
            if row.message_id.get() != held {
                add("does not follow the one before it, ids have no gaps");
            }
        }
    }
    let cursor = q.consumer("message")?.map_or(Sequence::ZERO, |row| row.cursor);
    let parked = parked(&letters(q)?, "message");
    let passed = |sequence: &Sequence| *sequence <= cursor && !parked.contains(sequence);
    for (sequence, of) in told.tellings.iter().filter(|(sequence, _)| passed(sequence)) {
        if !q.was_told(*of, *sequence, INBOX)? {
            let detail = format!("event {sequence} was passed without a message");
            findings.add("message", "consumers row message".to_owned(), detail);
        }
    }
    Ok(held)
}

fn tells(row: &MessageRow, event: &Envelope) -> bool {
    [Lang::Ko, Lang::En].into_iter().filter_map(|lang| message_of(event, lang)).any(|(booking, words)| {
        row.content == words
            && row.kind == event.event.event_type()
            && row.correlation_id == event.correlation_id
            && row.reservation_id == booking.reservation_id
            && row.storage_id == booking.storage_id
            && row.customer == booking.customer
    })
}

/// Each effect is wanted by its event and stands where its payment stands; each payment has its charge, and its refund when due.
pub(super) fn effects(q: &mut dyn Queries, told: &Told, findings: &mut Findings) -> Result<u64, StoreError> {
    let letters = letters(q)?;
    let mut held = 0;
    while let Some(row) = q.effect(EffectId::new(held + 1))? {
        held += 1;
        let event = event_at(q, row.causation_id)?;
        let wanted =
            event.as_ref().is_some_and(|event| row.correlation_id == event.correlation_id && wants(event, &row));
        let is_its = match &row.action {
            Action::Charge { payment_id } | Action::Void { payment_id } | Action::Refund { payment_id } => {
                told.payments.get(payment_id).is_some_and(|payment| payment.key == row.key)
            }
            Action::Deliver { message_id, channel } => q
                .message(*message_id)?
                .is_some_and(|message| message.event_sequence == row.causation_id && message.channel == *channel),
        };
        let mut add =
            |detail: &str| findings.add("effect", format!("effects row {}", row.effect_id), detail.to_owned());
        if !wanted || !is_its {
            add("is not what its event calls for");
        }
        if row.lease.is_some() != (row.status == EffectStatus::Leased) {
            add("is leased by its lease or by its status, not by both");
        }
        if row.status == EffectStatus::Parked && !letters.iter().any(|letter| holds_open(letter, row.effect_id)) {
            add("is parked without a dead letter");
        }
    }
    payments(q, told, &letters, findings)?;
    Ok(held)
}

fn wants(event: &Envelope, row: &EffectRow) -> bool {
    match (&row.action, &event.event) {
        (
            Action::Charge { payment_id } | Action::Void { payment_id },
            Event::Payment(PaymentEvent::PaymentRequested(e)),
        ) => e.booking.payment_id == *payment_id,
        (Action::Refund { payment_id }, event) => refund_due(event) == Some(*payment_id),
        (Action::Deliver { .. }, _) => message_of(event, Lang::En).is_some(),
        (Action::Charge { .. } | Action::Void { .. }, _) => false,
    }
}

fn payments(
    q: &mut dyn Queries,
    told: &Told,
    letters: &[DeadLetter],
    findings: &mut Findings,
) -> Result<(), StoreError> {
    let cursor = q.consumer("payment")?.map_or(Sequence::ZERO, |row| row.cursor);
    let parked = parked(letters, "payment");
    for (id, payment) in &told.payments {
        let mut add = |detail: &str| findings.add("effect", format!("payments row {id}"), detail.to_owned());
        let mut status = |kind| q.effect_under(kind, payment.key).map(|row| row.map(|row| row.status));
        let (charge, void, refund) = (status("charge")?, status("void")?, status("refund")?);
        let is_open = payment.payment_status == PaymentStatus::Requested;
        match charge {
            None => add("has no charge"),
            Some(EffectStatus::Done) if is_open && matches!(void, None | Some(EffectStatus::Done)) => {
                add("is not settled, and nobody will ask the payment service any more");
            }
            Some(EffectStatus::Due | EffectStatus::Leased | EffectStatus::Unknown) if !is_open => {
                add("is settled, yet its charge is to be made");
            }
            Some(_) => {}
        }
        if (payment.payment_status == PaymentStatus::Cancelled) != (refund == Some(EffectStatus::Done)) {
            add("is refunded by its status or by its refund, not by both");
        }
        let due = told.refunds.get(id).filter(|event| **event <= cursor && !parked.contains(*event));
        if due.is_some() && refund.is_none() {
            add("is to be refunded, and no refund is written down");
        }
    }
    Ok(())
}

/// No consumer has seen more than there is.
pub(super) fn consumers(q: &mut dyn Queries, told: &Told, findings: &mut Findings) -> Result<(), StoreError> {
    for row in q.consumers()?.into_iter().filter(|row| row.cursor.get() > told.events) {
        let detail = format!("has seen {} events, there are {}", row.cursor, told.events);
        findings.add("consumer", format!("consumers row {}", row.name), detail);
    }
    Ok(())
}

fn event_at(q: &mut dyn Queries, sequence: Sequence) -> Result<Option<Envelope>, StoreError> {
    let Some(after) = sequence.get().checked_sub(1) else { return Ok(None) };
    let found = q.events(&EventFilter::default(), Page { after, limit: Some(1) })?.pop();
    Ok(found.filter(|event| event.sequence == sequence))
}

/// All dead letters, closed ones too; their ids have no gaps.
fn letters(q: &mut dyn Queries) -> Result<Vec<DeadLetter>, StoreError> {
    let mut letters = Vec::new();
    while let Some(letter) = q.dead_letter(DeadLetterId::new(letters.len() as u64 + 1).get())? {
        letters.push(letter);
    }
    Ok(letters)
}

/// The events a consumer passed without acting on them: parked, or given up.
fn parked(letters: &[DeadLetter], name: &str) -> BTreeSet<Sequence> {
    let of = |letter: &DeadLetter| match &letter.subject {
        DeadSubject::Event { consumer, sequence, .. } => (consumer == name).then_some(*sequence),
        DeadSubject::Effect { .. } => None,
    };
    letters.iter().filter_map(of).collect()
}

fn holds_open(letter: &DeadLetter, id: EffectId) -> bool {
    letter.closed_at.is_none() && matches!(&letter.subject, DeadSubject::Effect { effect_id, .. } if *effect_id == id)
}
