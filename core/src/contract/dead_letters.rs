//! Facts about dead letters.

use std::sync::Arc;

use super::world::{at, correlation, day, kept, new_rental, new_storage_id, paged, period, seen};
use crate::consumer::{DeadLetter, DeadSubject};
use crate::effect::{Action, EffectRow, EffectStatus};
use crate::ports::{Page, Store};
use crate::shared::{DeadLetterId, EffectId, Key, PaymentId, Sequence};

fn letter(id: u64, subject: DeadSubject) -> DeadLetter {
    DeadLetter {
        dead_letter_id: DeadLetterId::new(id),
        subject,
        reason: "거절 'for good'".to_owned(),
        parked_at: at(id as i64),
        closed_at: None,
        resolution: None,
    }
}

fn event(consumer: &str, sequence: u64, key: &str) -> DeadSubject {
    DeadSubject::Event { consumer: consumer.to_owned(), sequence: Sequence::new(sequence), key: key.to_owned() }
}

fn effect(id: u64) -> DeadSubject {
    DeadSubject::Effect { effect_id: EffectId::new(id), action: "refund".to_owned() }
}

fn refund(effect_id: EffectId, key: u128) -> EffectRow {
    EffectRow {
        effect_id,
        key: Key::new(key),
        action: Action::Refund { payment_id: PaymentId::new(1) },
        status: EffectStatus::Parked,
        attempts: 0,
        due_at: at(0),
        lease: None,
        correlation_id: correlation("kim"),
        causation_id: Sequence::new(1),
    }
}

/// Puts dead letters, with as many events and effects as they speak of.
fn put(store: &Arc<dyn Store>, subjects: Vec<DeadSubject>) -> Vec<DeadLetter> {
    kept(store, move |tx| {
        let id = new_storage_id(tx, "one")?;
        new_rental(tx, id, "kim", period(1, None), day(1))?;
        for n in 0..9 {
            new_storage_id(tx, "another")?;
            let effect_id = tx.next_effect_id()?;
            tx.put_effect(&refund(effect_id, n))?;
        }
        let mut letters = Vec::new();
        for subject in subjects {
            let letter = letter(tx.next_dead_letter_id()?.get(), subject);
            tx.put_dead_letter(&letter)?;
            letters.push(letter);
        }
        Ok(letters)
    })
}

fn close(store: &Arc<dyn Store>, letter: &DeadLetter) -> DeadLetter {
    let closed =
        DeadLetter { closed_at: Some(at(99)), resolution: Some("discarded: 그냥".to_owned()), ..letter.clone() };
    let put = closed.clone();
    kept(store, move |tx| {
        tx.put_dead_letter(&put)?;
        assert_eq!(tx.dead_letter(put.dead_letter_id.get())?, Some(put), "a work reads what it put");
        Ok(())
    });
    closed
}

pub(super) fn dead_letters_survive_open_and_closed(store: &Arc<dyn Store>) {
    let mut letters =
        put(store, vec![event("view", 3, "storage:3"), effect(7), event("message", 4, "reservation:1"), effect(8)]);
    paged(store, &letters, |row| row.dead_letter_id.get(), |q, page| q.dead_letters(page));
    for n in [0, 3] {
        letters[n] = close(store, &letters[n]);
    }
    for letter in &letters {
        let found = seen(store, |q| q.dead_letter(letter.dead_letter_id.get()));
        assert_eq!(found.as_ref(), Some(letter), "closed ones can be looked up");
    }
    assert_eq!(seen(store, |q| q.dead_letter(99)), None);
    paged(store, &letters[1..3], |row| row.dead_letter_id.get(), |q, page| q.dead_letters(page));
    let reopened = DeadLetter { closed_at: None, resolution: None, ..letters[0].clone() };
    kept(store, move |tx| tx.put_dead_letter(&reopened));
    assert_eq!(seen(store, |q| q.dead_letters(Page::default())).len(), 3);
}

pub(super) fn dead_events_come_in_order_of_event(store: &Arc<dyn Store>) {
    let subjects = vec![
        event("view", 5, "storage:1"),
        event("view", 2, "storage:2"),
        event("view", 3, "storage:1"),
        event("storage", 1, "storage:1"),
        effect(1),
        event("view", 4, "storage:1"),
    ];
    let has = |consumer: &str| seen(store, |q| q.has_dead_events(consumer));
    assert!(!has("view") && !has("storage"));
    let letters = put(store, subjects);
    close(store, &letters[5]);
    assert!(has("view") && has("storage") && !has("payment"));
    let dead = |consumer: &str, key| -> Vec<u64> {
        let rows = seen(store, |q| q.dead_events(consumer, key, None));
        rows.iter().map(|row| row.dead_letter_id.get()).collect()
    };
    assert_eq!(dead("view", None), [2, 3, 1]);
    assert_eq!(dead("view", Some("storage:1")), [3, 1]);
    assert_eq!(dead("view", Some("storage:2")), [2]);
    assert_eq!(dead("view", Some("storage:9")), [0; 0]);
    assert_eq!(dead("storage", None), [4]);
    assert_eq!(dead("payment", None), [0; 0]);
    for (key, first) in [(None, 2), (Some("storage:1"), 3)] {
        let rows = seen(store, |q| q.dead_events("view", key, Some(1)));
        assert_eq!(rows.iter().map(|row| row.dead_letter_id.get()).collect::<Vec<_>>(), [first], "the first");
    }
    close(store, &letters[3]);
    assert!(has("view") && !has("storage"), "closed ones do not count");
}
