//! Facts about effects.

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::world::{
    Stored, at, correlation, day, kept, new_rental, new_storage_id, paged, period, refused_as_corrupt, seen, told,
};
use crate::effect::{Action, EffectRow, EffectStatus, Lease};
use crate::ports::{Backlog, EffectFilter, Page, Store, Transaction};
use crate::shared::{EffectId, Key, MessageId, PaymentId, Sequence};

/// What an effect is made of, as far as the facts care.
struct Made {
    action: Action,
    status: EffectStatus,
    due_at: i64,
    lease_until: Option<i64>,
}

fn made(action: Action, status: EffectStatus, due_at: i64, lease_until: Option<i64>) -> Made {
    Made { action, status, due_at, lease_until }
}

fn charge() -> Action {
    Action::Charge { payment_id: PaymentId::new(1) }
}

fn void() -> Action {
    Action::Void { payment_id: PaymentId::new(1) }
}

fn refund() -> Action {
    Action::Refund { payment_id: PaymentId::new(1) }
}

fn deliver() -> Action {
    Action::Deliver { message_id: MessageId::new(1), channel: "mail".to_owned() }
}

fn row(effect_id: EffectId, made: Made) -> EffectRow {
    EffectRow {
        effect_id,
        key: Key::new(u128::MAX - u128::from(effect_id.get())),
        action: made.action,
        status: made.status,
        attempts: 3,
        due_at: at(made.due_at),
        lease: made.lease_until.map(|until| Lease { owner: Key::new(1 << 127), until: at(until) }),
        correlation_id: correlation("kim"),
        causation_id: Sequence::new(2),
    }
}

/// Puts effects, each under a key of its own, with a rental they could belong to.
fn put(tx: &mut dyn Transaction, all: Vec<Made>) -> Stored<Vec<EffectRow>> {
    let id = new_storage_id(tx, "one")?;
    let rental = new_rental(tx, id, "kim", period(1, None), day(1))?;
    told(tx, &rental)?;
    let mut rows = Vec::new();
    for made in all {
        let row = row(tx.next_effect_id()?, made);
        tx.put_effect(&row)?;
        rows.push(row);
    }
    Ok(rows)
}

pub(super) fn effects_survive_in_every_state(store: &Arc<dyn Store>) {
    use EffectStatus::{Done, Due, Leased, Parked, Unknown};
    let rows = kept(store, |tx| {
        let rows = vec![
            made(charge(), Leased, 0, Some(60)),
            made(void(), Due, -86_400 * 30_000, None),
            made(refund(), Parked, 0, None),
            made(deliver(), Done, 0, None),
            made(charge(), Unknown, 0, None),
        ];
        put(tx, rows)
    });
    for expected in &rows {
        assert_eq!(seen(store, |q| q.effect(expected.effect_id)).as_ref(), Some(expected));
        let under = |kind: &str| seen(store, |q| q.effect_under(kind, expected.key));
        assert_eq!(under(expected.action.kind()).as_ref(), Some(expected));
        for kind in ["charge", "void", "refund", "deliver"].iter().filter(|kind| **kind != expected.action.kind()) {
            assert_eq!(under(kind), None);
        }
    }
    assert_eq!(seen(store, |q| q.effect(EffectId::new(99))), None);
    assert_eq!(seen(store, |q| q.effect_under("charge", Key::new(0))), None);

    let leased = Lease { owner: Key::new(5), until: at(7) };
    for (status, lease) in [(Leased, Some(leased)), (Unknown, None), (Done, None), (Parked, None), (Due, None)] {
        let changed = EffectRow { status, lease, attempts: u32::MAX, due_at: at(9), ..rows[0].clone() };
        let put = changed.clone();
        kept(store, move |tx| {
            tx.put_effect(&put)?;
            assert_eq!(tx.effect(put.effect_id)?, Some(put), "a work reads what it put");
            Ok(())
        });
        assert_eq!(seen(store, |q| q.effect(changed.effect_id)), Some(changed), "an effect is changed in place");
    }
}

pub(super) fn a_second_effect_of_a_kind_under_a_key_is_refused(store: &Arc<dyn Store>) {
    let first = kept(store, |tx| put(tx, vec![made(charge(), EffectStatus::Done, 0, None)])).remove(0);
    let second = EffectRow { status: EffectStatus::Due, ..first.clone() };
    refused_as_corrupt(store, "a second charge under one key", {
        let second = second.clone();
        move |tx| {
            let row = EffectRow { effect_id: tx.next_effect_id()?, ..second };
            tx.put_effect(&row)
        }
    });
    for action in [void(), refund()] {
        let second = second.clone();
        kept(store, move |tx| {
            let row = EffectRow { effect_id: tx.next_effect_id()?, action, ..second };
            tx.put_effect(&row)
        });
    }
    let under = |kind: &str| seen(store, |q| q.effect_under(kind, first.key)).map(|row| row.effect_id.get());
    assert_eq!([under("charge"), under("void"), under("refund")], [Some(1), Some(2), Some(3)]);
}

fn some_of_all(tx: &mut dyn Transaction) -> Stored<Vec<EffectRow>> {
    use EffectStatus::{Done, Due, Leased, Parked, Unknown};
    let rows = vec![
        made(charge(), Due, 0, None),
        made(charge(), Leased, 0, Some(100)),
        made(charge(), Unknown, 0, None),
        made(charge(), Done, 0, None),
        made(void(), Due, 50, None),
        made(refund(), Leased, 55, Some(60)),
        made(deliver(), Due, 30, None),
        made(deliver(), Parked, 0, None),
        made(charge(), Due, 1_000, None),
        made(void(), Done, 0, None),
    ];
    put(tx, rows)
}

fn numbers(rows: &[EffectRow]) -> Vec<u64> {
    rows.iter().map(|row| row.effect_id.get()).collect()
}

pub(super) fn open_effects_are_due_or_their_lease_is_over(store: &Arc<dyn Store>) {
    let rows = kept(store, some_of_all);
    let open = |now| numbers(&seen(store, |q| q.open_effects(&EffectFilter::ALL, at(now), None)));
    assert_eq!(open(-1), [0; 0]);
    assert_eq!(open(0), [1], "from the moment itself on");
    assert_eq!(open(29), [1]);
    assert_eq!(open(30), [1, 7]);
    assert_eq!(open(59), [1, 7, 5], "who has waited longest comes first; a live lease is another's");
    assert_eq!(open(60), [1, 7, 5, 6], "a lease that is over is nobody's");
    assert_eq!(open(999), [1, 7, 5, 6], "a charge is handed out once, whatever became of its lease");
    assert_eq!(open(1_000), [1, 7, 5, 6, 9]);
    let expected: Vec<_> = [1, 7, 5, 6].map(|id: usize| rows[id - 1].clone()).into();
    for limit in 0..=5 {
        let first = seen(store, |q| q.open_effects(&EffectFilter::ALL, at(999), Some(limit)));
        assert_eq!(first, expected[..expected.len().min(limit as usize)]);
    }
    let of = |gateway, channels: Option<&[&str]>| {
        let channels = channels.map(|those| those.iter().map(|name| (*name).to_owned()).collect());
        let filter = EffectFilter { gateway, channels };
        numbers(&seen(store, |q| q.open_effects(&filter, at(999), None)))
    };
    assert_eq!(of(true, Some(&[])), [1, 5, 6], "calls of the gateway");
    assert_eq!(of(false, None), [7], "deliveries");
    assert_eq!(of(false, Some(&["no \"such", "mail"])), [7], "over one of the channels");
    assert_eq!(of(false, Some(&["no \"such"])), [0; 0]);
    assert_eq!(of(false, Some(&[])), [0; 0]);
    assert_eq!(of(true, Some(&["mail"])), [1, 7, 5, 6]);
    let a_moment_before = at(1_000) - TimeDelta::microseconds(1);
    assert_eq!(numbers(&seen(store, |q| q.open_effects(&EffectFilter::ALL, a_moment_before, None))), [1, 7, 5, 6]);
}

pub(super) fn open_effects_come_in_order_of_when_they_were_ready(store: &Arc<dyn Store>) {
    use EffectStatus::{Due, Leased};
    kept(store, |tx| {
        let rows = vec![
            made(refund(), Leased, 0, Some(90)),
            made(deliver(), Due, 40, None),
            made(void(), Due, 40, None),
            made(deliver(), Leased, 70, Some(80)),
            made(refund(), Due, 30, None),
            made(charge(), Due, 40, None),
        ];
        put(tx, rows)
    });
    let open = |gateway, limit| {
        let filter = EffectFilter { gateway, channels: None };
        numbers(&seen(store, |q| q.open_effects(&filter, at(90), limit)))
    };
    assert_eq!(
        open(true, None),
        [5, 2, 3, 6, 4, 1],
        "by the end of the lease where there was one, and by id within a moment"
    );
    assert_eq!([open(false, Some(1)), open(false, Some(2))], [vec![2], vec![2, 4]], "so many of those that are wanted");
    let calls = EffectFilter { gateway: true, channels: Some(Vec::new()) };
    assert_eq!(numbers(&seen(store, |q| q.open_effects(&calls, at(90), Some(2)))), [5, 3]);
}

pub(super) fn loose_charges_have_no_live_lease(store: &Arc<dyn Store>) {
    let rows = kept(store, some_of_all);
    let loose = |now| numbers(&seen(store, |q| q.loose_charges(at(now), Page::default())));
    assert_eq!(loose(99), [1, 3, 9], "due ones, whenever they are due, and those not known");
    let a_moment_before = at(100) - TimeDelta::microseconds(1);
    assert_eq!(numbers(&seen(store, |q| q.loose_charges(a_moment_before, Page::default()))), [1, 3, 9]);
    assert_eq!(loose(100), [1, 2, 3, 9], "and those whose lease is over");
    let expected: Vec<_> = rows.into_iter().filter(|row| [1, 2, 3, 9].contains(&row.effect_id.get())).collect();
    paged(store, &expected, |row| row.effect_id.get(), |q, page| q.loose_charges(at(100), page));
}

pub(super) fn the_next_effect_is_the_earliest_due_or_lease_end(store: &Arc<dyn Store>) {
    let next = |after| seen(store, |q| q.next_effect_at(&EffectFilter::ALL, after));
    assert_eq!(next(DateTime::<Utc>::MIN_UTC), None);
    kept(store, some_of_all);
    let of = |gateway, channels: Option<&[&str]>| {
        let channels = channels.map(|those| those.iter().map(|name| (*name).to_owned()).collect());
        seen(store, |q| q.next_effect_at(&EffectFilter { gateway, channels }, DateTime::<Utc>::MIN_UTC))
    };
    assert_eq!([of(true, Some(&[])), of(true, Some(&["mail"]))], [Some(at(0)); 2], "a call of the gateway comes first");
    assert_eq!([of(false, None), of(false, Some(&["no \"such", "mail"]))], [Some(at(30)); 2], "of the deliveries");
    assert_eq!([of(false, Some(&[])), of(false, Some(&["no \"such"]))], [None; 2]);
    let later = [-1, 0, 29, 30, 99, 100, 999, 1_000].map(|after| next(at(after)));
    let expected = [Some(0), Some(30), Some(30), Some(50), Some(100), Some(1_000), Some(1_000), None];
    assert_eq!(later, expected.map(|next| next.map(at)), "the first that is ready later than that");
    assert_eq!(next(at(30) - TimeDelta::microseconds(1)), Some(at(30)));
    for (id, ready) in [(1, 0), (7, 30), (5, 50), (6, 60), (2, 100), (9, 1_000)] {
        assert_eq!(next(DateTime::<Utc>::MIN_UTC), Some(at(ready)), "before effect {id} is done");
        kept(store, move |tx| {
            let row = tx.effect(EffectId::new(id))?.expect("it is there");
            tx.put_effect(&EffectRow { status: EffectStatus::Done, lease: None, ..row })
        });
    }
    assert_eq!(next(DateTime::<Utc>::MIN_UTC), None, "unknown, done and parked ones wait for nothing");
}

pub(super) fn the_backlog_is_what_is_not_done_by_kind(store: &Arc<dyn Store>) {
    assert_eq!(seen(store, |q| q.backlog()), []);
    let rows = kept(store, some_of_all);
    let expected: Vec<_> = ["charge", "deliver", "refund", "void"]
        .into_iter()
        .map(|kind| {
            let open = rows.iter().filter(|row| {
                let is_open = !matches!(row.status, EffectStatus::Done | EffectStatus::Parked);
                is_open && row.action.kind() == kind
            });
            Backlog { kind: kind.to_owned(), open: open.count() as u64, oldest: Sequence::new(2) }
        })
        .collect();
    assert_eq!(expected.iter().map(|kind| kind.open).collect::<Vec<_>>(), [4, 1, 1, 1]);
    assert_eq!(seen(store, |q| q.backlog()), expected);
    kept(store, move |tx| {
        for row in rows.into_iter().filter(|row| row.action.kind() != "refund") {
            tx.put_effect(&EffectRow { status: EffectStatus::Done, lease: None, ..row })?;
        }
        let refund = tx.effect(EffectId::new(6))?.expect("it is there");
        tx.put_effect(&EffectRow { causation_id: Sequence::new(1), ..refund })
    });
    assert_eq!(
        seen(store, |q| q.backlog()),
        [Backlog { kind: "refund".to_owned(), open: 1, oldest: Sequence::new(1) }]
    );
}
