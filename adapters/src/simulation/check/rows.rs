//! Rows as they are kept, held against the events: 1, 6, 8, and everything at once now and then.

use storagerent_core::payment::PaymentStatus;
use storagerent_core::ports::{Page, Queries, ReservationFilter, ViewFilter};
use storagerent_core::reservation::ReservationStatus;

use super::Checker;
use super::fold::must;
use super::model::Touched;
use super::view;
use crate::simulation::report::{Checked, broken};

/// Unless they are the same, what is kept is not what the events tell.
macro_rules! same {
    ($number:literal, $what:expr, $kept:expr, $told:expr) => {
        match ($kept, $told) {
            (kept, told) if kept != told => {
                return broken($number, format!("{} is kept as {kept:?}, events tell {told:?}", $what));
            }
            _ => {}
        }
    };
}

impl Checker {
    /// The rows of everything that events reached.
    pub(super) fn touched_rows(&mut self, q: &mut dyn Queries, touched: &Touched) -> Checked {
        for id in &touched.storages {
            self.counts.held(6);
            let told = self.model.storages.get(id).or(self.model.gone.get(id));
            same!(6, format!("storage {id}"), q.storage((*id).into())?.as_ref(), told);
        }
        for id in &touched.reservations {
            self.counts.held(6);
            let told = self.model.reservations.get(id);
            same!(6, format!("reservation {id}"), q.reservation((*id).into())?.as_ref(), told);
            self.is_paid(*id)?;
        }
        for id in &touched.payments {
            self.counts.held(6);
            same!(6, format!("payment {id}"), q.payment((*id).into())?.as_ref(), self.model.payments.get(id));
        }
        for id in &touched.reviews {
            self.counts.held(6);
            same!(6, format!("review {id}"), q.review((*id).into())?.as_ref(), self.model.reviews.get(id));
        }
        Ok(())
    }

    /// What stands is paid for in full.
    fn is_paid(&mut self, id: u64) -> Checked {
        use PaymentStatus as P;
        use ReservationStatus as R;
        self.counts.held(1);
        let Some(row) = self.model.reservations.get(&id) else { return Ok(()) };
        let payment = self.model.payments.get(&row.booking.payment_id.get());
        let status = payment.map(|p| p.payment_status);
        let fits = match row.reservation_status {
            R::ReqReserve => status == Some(P::Requested),
            R::Reserved | R::ReqCancel | R::Completed => status == Some(P::Paid),
            R::Cancelled => status == Some(P::Cancelled),
            R::Rejected => matches!(status, Some(P::Declined | P::Voided)),
            R::Expired => status.is_some(),
        };
        must!(1, fits, "reservation {id} is {:?}, its payment {status:?}", row.reservation_status);
        let in_full = payment.is_some_and(|p| p.price == row.booking.price);
        must!(1, in_full, "reservation {id} costs {}, its payment is {payment:?}", row.booking.price);
        Ok(())
    }

    /// Everything kept is everything told, the chain holds, and the view is the same byte for byte.
    pub(super) fn whole(&mut self, q: &mut dyn Queries) -> Checked {
        self.counts.held(6);
        if let Some(finding) = q.check_log(1)?.first() {
            return broken(6, format!("{}: {}: {}", finding.check, finding.subject, finding.detail));
        }
        let all = Page::default();
        let model = &self.model;
        let rows = q.storages(all)?;
        same!(6, "the list of storages", rows.iter().collect::<Vec<_>>(), model.storages.values().collect::<Vec<_>>());
        let rows = q.reservations(&ReservationFilter::default(), all)?;
        let told: Vec<_> = model.reservations.values().collect();
        same!(6, "the list of reservations", rows.iter().collect::<Vec<_>>(), told);
        let payments = q.payments(all)?;
        let told: Vec<_> = model.payments.values().collect();
        same!(6, "the list of payments", payments.iter().collect::<Vec<_>>(), told);
        let rows = q.reviews(&Default::default(), all)?;
        let told: Vec<_> = model.reviews.values().filter(|row| !row.deleted).collect();
        same!(6, "the list of reviews", rows.iter().collect::<Vec<_>>(), told);
        let messages = q.counts()?.messages;
        let told: u32 = model.told.iter().map(|channels| channels.count_ones()).sum();
        same!(7, "the number of messages", messages, u64::from(told));
        for (currency, sums) in &model.sums {
            let of = payments.iter().filter(|row| row.price.currency().code() == *currency);
            let total = |statuses: &[PaymentStatus]| -> i128 {
                let some = of.clone().filter(|row| statuses.contains(&row.payment_status));
                some.map(|row| i128::from(row.price.amount())).sum()
            };
            let captured = total(&[PaymentStatus::Paid, PaymentStatus::Cancelled]);
            same!(
                3,
                format!("the sum in {currency}"),
                (captured, total(&[PaymentStatus::Cancelled])),
                (sums.captured, sums.refunded)
            );
        }
        self.counts.held(3);
        self.whole_view(q)
    }

    /// The view from zero.
    fn whole_view(&mut self, q: &mut dyn Queries) -> Checked {
        if !self.model.view_known {
            return Ok(());
        }
        self.counts.held(8);
        let cursor = self.model.consumers.get("view").map_or(0, |row| row.cursor.get());
        let mut told = std::collections::BTreeMap::new();
        for event in self.model.events.iter().take(usize::try_from(cursor).unwrap_or(usize::MAX)) {
            if self.model.holds_back("view", event.sequence.get()) {
                continue;
            }
            let storage = event.event.storage_id().get();
            if let Some(row) = view::fold(told.remove(&storage), &event.event) {
                told.insert(storage, row);
            }
        }
        let json =
            |rows: &[storagerent_core::storage_view::StorageViewRow]| serde_json::to_string(rows).unwrap_or_default();
        let kept = json(&q.views(&ViewFilter::default(), Page::default())?);
        let told = json(&told.into_values().collect::<Vec<_>>());
        must!(8, kept == told, "the view is {kept}, folded from zero it is {told}");
        Ok(())
    }
}
