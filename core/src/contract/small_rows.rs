//! Facts about settings, consumers, channels, idempotency keys, and the counts of everything.

use std::sync::Arc;

use super::world::{
    Stored, asked, at, day, kept, new_hold, new_rental, new_review, new_storage, new_storage_id, period, seen, step,
    told,
};
use crate::consumer::{ConsumerRow, DeadLetter, DeadSubject};
use crate::effect::{Action, EffectRow, EffectStatus, Lease};
use crate::message::INBOX;
use crate::ports::{Counts, IdempotencyRow, Store, Transaction};
use crate::reservation::ReservationStatus;
use crate::settings::Settings;
use crate::shared::{IdempotencyKey, Key, Lang, PaymentId, ReservationId, Sequence, StorageId};

pub(super) fn settings_survive(store: &Arc<dyn Store>) {
    assert_eq!(seen(store, |q| q.settings()), Settings::default(), "a new store has the defaults");
    let changed = Settings {
        zone: "America/Argentina/Buenos_Aires".to_owned(),
        hold_minutes: 1,
        breaker_failures: 2,
        breaker_open_seconds: 3,
        deadline_seconds: 4,
        language: Lang::En,
        gateway: "acme-pay".to_owned(),
    };
    for settings in [changed, Settings::default()] {
        let put = settings.clone();
        kept(store, move |tx| {
            tx.put_settings(&put)?;
            assert_eq!(tx.settings()?, put, "a work reads what it put");
            Ok(())
        });
        assert_eq!(seen(store, |q| q.settings()), settings);
    }
}

pub(super) fn consumers_survive_in_order_of_name(store: &Arc<dyn Store>) {
    let full = ConsumerRow {
        cursor: Sequence::new(u64::from(u32::MAX)),
        paused: true,
        attempts: 7,
        retry_at: Some(at(30)),
        last_error: Some("없음 'x'".to_owned()),
        lease: Some(Lease { owner: Key::new(u128::MAX), until: at(60) }),
        ..ConsumerRow::new("view")
    };
    let rows = [full.clone(), ConsumerRow::new("a-b-2"), ConsumerRow::new("storage")];
    kept(store, move |tx| rows.iter().try_for_each(|row| tx.put_consumer(row)));
    assert_eq!(seen(store, |q| q.consumer("view")), Some(full.clone()));
    assert_eq!(seen(store, |q| q.consumer("storage")), Some(ConsumerRow::new("storage")));
    assert_eq!(seen(store, |q| q.consumer("nobody")), None);
    let bare = ConsumerRow::new("view");
    let put = bare.clone();
    kept(store, move |tx| {
        tx.put_consumer(&put)?;
        assert_eq!(tx.consumer("view")?, Some(put), "a work reads what it put");
        Ok(())
    });
    let expected = [ConsumerRow::new("a-b-2"), ConsumerRow::new("storage"), bare];
    assert_eq!(seen(store, |q| q.consumers()), expected);
}

pub(super) fn channels_are_kept_once_in_order_of_name(store: &Arc<dyn Store>) {
    assert_eq!(seen(store, |q| q.channels()), [INBOX], "every site has the inbox");
    for name in ["mail", "chat", "mail", INBOX] {
        kept(store, move |tx| tx.add_channel(name));
    }
    assert_eq!(seen(store, |q| q.channels()), ["chat", INBOX, "mail"]);
}

pub(super) fn idempotency_rows_are_replaced_under_their_key(store: &Arc<dyn Store>) {
    let key = |raw: &str| IdempotencyKey::new(raw).expect("a key");
    let row = |scope: &str, command: &str, raw: &str, id| IdempotencyRow {
        scope: scope.to_owned(),
        command: command.to_owned(),
        key: key(raw),
        body: format!("storage=1 '{id}' -"),
        reservation_id: ReservationId::new(id),
    };
    kept(store, |tx| {
        let id = new_storage_id(tx, "one")?;
        (0..5).try_for_each(|n| new_hold(tx, id, "kim", period(n, Some(n + 1)), at(600)).map(drop))
    });
    let rows = [
        row("manager", "reserve", "k~1", 1),
        row("customer:김", "reserve", "k~1", 2),
        row("manager", "other", "k~1", 3),
        row("manager", "reserve", "k~2", 4),
    ];
    let put = rows.clone();
    kept(store, move |tx| put.iter().try_for_each(|row| tx.put_idempotency(row)));
    let found = |row: &IdempotencyRow| seen(store, |q| q.idempotency(&row.scope, &row.command, &row.key));
    assert!(rows.iter().all(|row| found(row).as_ref() == Some(row)));
    assert_eq!(found(&row("system", "reserve", "k~1", 1)), None);
    assert_eq!(found(&row("manager", "other", "k~2", 4)), None, "of another command");
    let replaced = row("manager", "reserve", "k~1", 5);
    let put = replaced.clone();
    kept(store, move |tx| tx.put_idempotency(&put));
    assert_eq!(found(&rows[0]), Some(replaced), "another body and reservation under the same key");
    assert!(rows[1..].iter().all(|row| found(row).as_ref() == Some(row)));
}

fn some_of_everything(tx: &mut dyn Transaction) -> Stored<()> {
    let id = new_storage_id(tx, "one")?;
    let mut deleted = new_storage(tx, "two")?;
    let event = deleted.delete();
    tx.save_storage(&deleted, event.into(), &asked("delete"))?;
    new_storage_id(tx, "three")?;
    new_hold(tx, id, "kim", period(1, Some(2)), at(600))?;
    let (mut rejected, _) = new_hold(tx, id, "kim", period(2, Some(3)), at(600))?;
    let event = rejected.reject("no money");
    step(tx, &rejected, event)?;
    let rentals = [
        new_rental(tx, id, "kim", period(3, Some(4)), day(3))?,
        new_rental(tx, id, "kim", period(4, Some(5)), day(4))?,
    ];
    let mut review = new_review(tx, &rentals[0], 5)?;
    let event = review.delete();
    tx.save_review(&review, event.into(), &asked("delete"))?;
    new_review(tx, &rentals[1], 4)?;
    told(tx, &rentals[0])?;
    use EffectStatus::{Done, Due, Leased, Parked, Unknown};
    for (n, status) in [Due, Leased, Unknown, Done, Parked].into_iter().enumerate() {
        let owner = Key::new(9);
        let effect = EffectRow {
            effect_id: tx.next_effect_id()?,
            key: Key::new(n as u128),
            action: Action::Charge { payment_id: PaymentId::new(1) },
            status,
            attempts: 0,
            due_at: at(0),
            lease: (status == Leased).then_some(Lease { owner, until: at(1) }),
            correlation_id: asked("kim").correlation_id,
            causation_id: Sequence::new(5),
        };
        tx.put_effect(&effect)?;
    }
    for closed_at in [None, Some(at(1)), None] {
        let letter = DeadLetter {
            dead_letter_id: tx.next_dead_letter_id()?,
            subject: DeadSubject::Event {
                consumer: "view".to_owned(),
                sequence: Sequence::new(1),
                key: format!("storage:{}", StorageId::new(1)),
            },
            reason: "no".to_owned(),
            parked_at: at(0),
            closed_at,
            resolution: closed_at.map(|_| "discarded".to_owned()),
        };
        tx.put_dead_letter(&letter)?;
    }
    Ok(())
}

pub(super) fn everything_is_counted(store: &Arc<dyn Store>) {
    let reservations = |count: fn(ReservationStatus) -> u64| {
        ReservationStatus::ALL.iter().map(|status| (status.as_str().to_owned(), count(*status))).collect()
    };
    let nothing = Counts { reservations: reservations(|_| 0), ..Counts::default() };
    assert_eq!(seen(store, |q| q.counts()), nothing, "every status is named, even with none of it");
    kept(store, some_of_everything);
    let expected = Counts {
        storages: 2,
        reservations: reservations(|status| match status {
            ReservationStatus::Reserved => 2,
            ReservationStatus::ReqReserve | ReservationStatus::Rejected => 1,
            ReservationStatus::ReqCancel
            | ReservationStatus::Cancelled
            | ReservationStatus::Completed
            | ReservationStatus::Expired => 0,
        }),
        reviews: 1,
        messages: 1,
        effects_open: 3,
        dead_letters: 2,
    };
    assert_eq!(seen(store, |q| q.counts()), expected);
}
