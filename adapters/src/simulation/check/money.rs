//! The ledger against the bank's own books: 3 and 4.

use storagerent_core::payment::PaymentStatus;

use super::Checker;
use super::fold::must;
use crate::simulation::bank::{Ask, Bank, Entry, State};
use crate::simulation::report::{Checked, broken};

impl Checker {
    /// What the bank was asked since the last look, held against the ledger as it was before.
    pub(super) fn asked(&mut self, bank: &mut Bank, alone: bool) -> Checked {
        for (ask, key) in std::mem::take(&mut bank.asks) {
            let status = self.model.payment_of_key.get(&key).and_then(|id| self.model.payments.get(id));
            let again = status.is_some_and(|row| row.payment_status == PaymentStatus::Cancelled);
            must!(
                4,
                !(alone && ask == Ask::Refund && again),
                "a refund that is booked is asked for again, key {key:032x}"
            );
        }
        Ok(())
    }

    /// Every key that moved, here or there.
    pub(super) fn keys(&mut self, bank: &mut Bank) -> Checked {
        let ours = self.model.touched.payments.iter().filter_map(|id| self.model.payments.get(id));
        let mut keys: Vec<u128> = ours.map(|row| row.key.bits()).collect();
        keys.append(&mut bank.touched);
        for key in keys {
            self.counts.held(4);
            self.key(key, bank.entries.get(&key), bank.asked.contains_key(&key))?;
        }
        Ok(())
    }

    fn key(&self, key: u128, entry: Option<&Entry>, asked: bool) -> Checked {
        use PaymentStatus as P;
        let row = self.model.payment_of_key.get(&key).and_then(|id| self.model.payments.get(id));
        let Some(row) = row else {
            return match entry {
                Some(entry) => broken(6, format!("payment {} went to the bank before it was written", entry.payment)),
                None if asked => broken(6, format!("key {key:032x} went to the bank before it was written")),
                None => Ok(()),
            };
        };
        let (id, status, state) = (row.payment_id, row.payment_status, entry.map(|entry| entry.state));
        if let Some(entry) = entry {
            must!(4, entry.captures <= 1 && entry.refunds <= 1, "payment {id} moved more than once: {entry:?}");
            must!(4, entry.amount == row.price, "payment {id} is {}, the bank has {}", row.price, entry.amount);
            must!(4, entry.payment == id.get(), "payment {id} has the key of payment {}", entry.payment);
        }
        let fits = match status {
            P::Requested => state != Some(State::Refunded),
            P::Paid => matches!(state, Some(State::Captured | State::Refunded)),
            P::Cancelled => state == Some(State::Refunded),
            P::Declined => matches!(state, Some(State::Declined | State::Voided)),
            // Also when the breaker, or a refused connection, kept the charge from the bank.
            P::Voided => !matches!(state, Some(State::Captured | State::Refunded | State::Pending)),
        };
        must!(4, fits, "payment {id} is {status:?}, at the bank {state:?}");
        Ok(())
    }

    /// Captured less refunded is what stands and what awaits its refund.
    pub(super) fn sums(&mut self) -> Checked {
        for (currency, sums) in &self.model.sums {
            self.counts.held(3);
            let (kept, owed) = (sums.captured - sums.refunded, sums.standing + sums.late);
            must!(3, kept == owed, "{currency}: {kept} kept, {owed} owed: {sums:?}");
            let sane = 0 <= sums.refunded && sums.refunded <= sums.captured;
            must!(3, sane, "{currency}: {sums:?}");
        }
        Ok(())
    }

    /// At rest every won of the bank's is in the ledger, and nothing waits.
    pub(super) fn books_at_rest(&mut self, bank: &Bank) -> Checked {
        let mut at_the_bank = std::collections::BTreeMap::<&str, (i128, i128)>::new();
        for (key, entry) in &bank.entries {
            self.counts.held(4);
            self.key(*key, Some(entry), true)?;
            must!(4, entry.state != State::Pending, "at rest payment {} may yet be taken", entry.payment);
            let sums = at_the_bank.entry(entry.amount.currency().code()).or_default();
            sums.0 += i128::from(entry.captures) * i128::from(entry.amount.amount());
            sums.1 += i128::from(entry.refunds) * i128::from(entry.amount.amount());
        }
        for (currency, sums) in &self.model.sums {
            self.counts.held(3);
            let bank = at_the_bank.remove(currency).unwrap_or_default();
            must!(
                3,
                bank == (sums.captured, sums.refunded),
                "{currency}: at the bank {bank:?}, in the ledger {sums:?}"
            );
            must!(3, sums.late == 0, "{currency}: at rest {} taken late is not refunded", sums.late);
        }
        must!(4, at_the_bank.is_empty(), "at rest there is orphan money: {at_the_bank:?}");
        Ok(())
    }
}
