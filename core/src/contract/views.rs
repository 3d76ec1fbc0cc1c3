//! Facts about the rows of the view.

use std::sync::Arc;

use super::world::{Stored, day, kept, new_storage_id, paged, seen};
use crate::payment::PaymentStatus;
use crate::ports::{Page, Store, ViewFilter};
use crate::reservation::ReservationStatus;
use crate::shared::{Currency, Description, Money, PaymentId, ReservationId, StorageId};
use crate::storage::{Rating, StorageStatus};
use crate::storage_view::StorageViewRow;

fn bare(id: StorageId) -> StorageViewRow {
    StorageViewRow {
        storage_id: id,
        storage_status: StorageStatus::Available,
        description: Description::new("강남 '소형' 1평").expect("a description"),
        price: Money::krw(59_000),
        reservation_id: None,
        reservation_status: None,
        from: None,
        until: None,
        payment_id: None,
        payment_status: None,
        review_cnt: 0,
        rating: None,
        occupant: None,
    }
}

fn full(id: StorageId, status: ReservationStatus, payment: PaymentStatus) -> StorageViewRow {
    StorageViewRow {
        storage_status: StorageStatus::Reserved,
        price: Money::new(18_900, Currency::USD),
        reservation_id: Some(ReservationId::new(7)),
        reservation_status: Some(status),
        from: Some(day(1)),
        until: Some(day(9)),
        payment_id: Some(PaymentId::new(8)),
        payment_status: Some(payment),
        review_cnt: 3,
        rating: Rating::average(14, 3),
        occupant: Some(ReservationId::new(9)),
        ..bare(id)
    }
}

fn ids(store: &Arc<dyn Store>, count: usize) -> Vec<StorageId> {
    kept(store, move |tx| (0..count).map(|_| new_storage_id(tx, "one")).collect::<Stored<_>>())
}

pub(super) fn view_rows_survive_with_every_field_or_none(store: &Arc<dyn Store>) {
    let id = ids(store, 1)[0];
    assert_eq!(seen(store, |q| q.view(id)), None, "the view is kept by its consumer, not by the storage");
    let mut rows = vec![bare(id)];
    rows.extend(ReservationStatus::ALL.map(|status| full(id, status, PaymentStatus::Paid)));
    rows.extend(PaymentStatus::ALL.map(|status| full(id, ReservationStatus::Reserved, status)));
    rows.push(StorageViewRow {
        until: None,
        rating: None,
        ..full(id, ReservationStatus::Reserved, PaymentStatus::Paid)
    });
    rows.push(bare(id));
    for row in rows {
        let put = row.clone();
        kept(store, move |tx| {
            tx.put_view(&put)?;
            assert_eq!(tx.view(id)?, Some(put), "a work reads what it put");
            Ok(())
        });
        assert_eq!(seen(store, |q| q.view(id)), Some(row));
    }
}

pub(super) fn view_rows_are_removed_filtered_and_paged(store: &Arc<dyn Store>) {
    let ids = ids(store, 35);
    let rows: Vec<_> = ids
        .iter()
        .map(|id| match id.get() % 2 {
            0 => full(*id, ReservationStatus::Reserved, PaymentStatus::Paid),
            _ => bare(*id),
        })
        .collect();
    let put = rows.clone();
    kept(store, {
        let put = put.clone();
        move |tx| put.iter().rev().step_by(3).try_for_each(|row| tx.put_view(row))
    });
    kept(store, move |tx| put.iter().rev().try_for_each(|row| tx.put_view(row)));
    for status in [None, Some(StorageStatus::Available), Some(StorageStatus::Reserved)] {
        let expected: Vec<_> =
            rows.iter().filter(|row| status.is_none_or(|s| s == row.storage_status)).cloned().collect();
        paged(store, &expected, |row| row.storage_id.get(), |q, page| q.views(&ViewFilter { status }, page));
    }
    let left = |expected: &[&StorageViewRow]| {
        let found = seen(store, |q| q.views(&ViewFilter::default(), Page::default()));
        assert_eq!(found.iter().collect::<Vec<_>>(), expected);
    };
    let removed = ids[1];
    kept(store, move |tx| {
        tx.remove_view(removed)?;
        tx.remove_view(StorageId::new(99))
    });
    left(&rows.iter().filter(|row| row.storage_id != removed).collect::<Vec<_>>());
    let others = ids.iter().filter(|id| **id != ids[2]).copied().collect::<Vec<_>>();
    kept(store, move |tx| others.iter().try_for_each(|id| tx.remove_view(*id)));
    left(&[&rows[2]]);
    kept(store, |tx| tx.clear_views());
    left(&[]);
    let (early, late, all) = (rows[2].clone(), rows[30].clone(), rows.clone());
    kept(store, move |tx| tx.put_view(&early));
    left(&[&rows[2]]);
    kept(store, move |tx| tx.put_view(&late));
    left(&[&rows[2], &rows[30]]);
    kept(store, move |tx| all.iter().try_for_each(|row| tx.put_view(row)));
    left(&rows.iter().collect::<Vec<_>>());
}
