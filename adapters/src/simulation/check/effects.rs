//! Effects: each wanted by an event, at most one of a kind per key, done only when what it was for is done.

use storagerent_core::effect::{Action, EffectRow, EffectStatus};
use storagerent_core::payment::PaymentStatus;
use storagerent_core::ports::Queries;

use super::Checker;
use super::consumers::goes_back;
use super::fold::must;
use super::model::Wish;
use crate::simulation::outside::Outside;
use crate::simulation::report::{Checked, broken};
use crate::simulation::site::CHANNELS;

/// So many unfinished effects are looked at per step; the others' turn comes.
const LOOKED_AT_MAX: usize = 24;

impl Checker {
    pub(super) fn effects(&mut self, q: &mut dyn Queries, outside: &Outside) -> Checked {
        let mut next = self.model.wishes.keys().next_back().copied().unwrap_or(0) + 1;
        let mut new = Vec::new();
        while let Some(row) = q.effect(next.into())? {
            self.new_effect(&row)?;
            self.model.unfinished.push(next);
            new.push(row);
            next += 1;
        }
        for row in &new {
            self.effect_is(row, outside)?;
        }
        self.unfinished(q, outside, LOOKED_AT_MAX)?;
        self.wanted_effects()
    }

    /// Some that were not done when last looked at.
    pub(super) fn unfinished(&mut self, q: &mut dyn Queries, outside: &Outside, at_most: usize) -> Checked {
        let so_many = self.model.unfinished.len().min(at_most);
        for _ in 0..so_many {
            self.turn = if self.turn == 0 { self.model.unfinished.len() } else { self.turn } - 1;
            let at = self.turn.min(self.model.unfinished.len() - 1);
            let id = self.model.unfinished[at];
            let Some(row) = q.effect(id.into())? else {
                return broken(6, format!("effect {id} is gone"));
            };
            self.effect_is(&row, outside)?;
            if row.status == EffectStatus::Done {
                self.model.unfinished.swap_remove(at);
                if self.model.unfinished.is_empty() {
                    break;
                }
            }
        }
        Ok(())
    }

    fn new_effect(&mut self, row: &EffectRow) -> Checked {
        self.counts.held(4);
        self.counts.held(11);
        let (id, kind, key) = (row.effect_id.get(), row.action.kind(), row.key.bits());
        let other = self.model.wish_under.insert((kind, key), id);
        must!(4, other.is_none(), "effects {other:?} and {id} are both {kind} under one key");
        let Some(event) = self.model.event(row.causation_id.get()) else {
            return broken(6, format!("effect {id} is wanted by event {}, which is not there", row.causation_id));
        };
        must!(11, event.correlation_id == row.correlation_id, "effect {id} carries {}", row.correlation_id);
        let payment = row.action.payment_id().map(|id| id.get());
        let mut message = None;
        match &row.action {
            Action::Charge { .. } | Action::Void { .. } => {
                let right =
                    event.event.event_type() == "PaymentRequested" && Some(event.event.aggregate().id) == payment;
                must!(11, right, "effect {id}, {kind}, is wanted by event {}", row.causation_id);
            }
            Action::Refund { .. } => {
                must!(4, goes_back(event) == payment, "effect {id} refunds {payment:?} for event {}", row.causation_id);
            }
            Action::Deliver { message_id, channel } => {
                message = Some(message_id.get());
                let known = CHANNELS.contains(&channel.as_str()) && message_id.get() <= self.model.last_message;
                must!(7, known, "effect {id} delivers message {message_id} over {channel}");
                let second = self.model.delivery_of.insert(message_id.get(), id);
                must!(7, second.is_none(), "message {message_id} is delivered by effects {second:?} and {id}");
            }
        }
        if let Some(payment) = payment {
            let right = self.model.payments.get(&payment).is_some_and(|row| row.key.bits() == key);
            must!(4, right, "effect {id}, {kind}, is under another key than its payment {payment}");
        }
        let wish = Wish { kind, key, payment, message, status: row.status };
        self.model.wishes.insert(id, wish);
        Ok(())
    }

    /// Where an effect may stand.
    fn effect_is(&mut self, row: &EffectRow, outside: &Outside) -> Checked {
        self.counts.held(6);
        let id = row.effect_id.get();
        let Some(wish) = self.model.wishes.get_mut(&id) else { return Ok(()) };
        must!(6, (wish.kind, wish.key) == (row.action.kind(), row.key.bits()), "effect {id} became another one");
        wish.status = row.status;
        let (kind, payment, message) = (wish.kind, wish.payment, wish.message);
        let money = payment.and_then(|id| self.model.payments.get(&id)).map(|row| row.payment_status);
        match (kind, row.status) {
            ("charge", EffectStatus::Parked) => return broken(4, format!("effect {id}, a charge, is parked")),
            ("charge", EffectStatus::Done) => {
                // Done, or overtaken by its void.
                let overtaken = self.model.wish_under.contains_key(&("void", row.key.bits()));
                let known = money != Some(PaymentStatus::Requested);
                must!(6, overtaken || known, "effect {id}, a charge, is done and its payment is {money:?}");
            }
            ("void", EffectStatus::Done) => {
                must!(6, money != Some(PaymentStatus::Requested), "effect {id}, a void, is done and nothing is known");
            }
            ("refund", EffectStatus::Done) => {
                must!(
                    6,
                    money == Some(PaymentStatus::Cancelled),
                    "effect {id}, a refund, is done, its payment {money:?}"
                );
            }
            ("deliver", EffectStatus::Done) => {
                let message = message.unwrap_or(0);
                let told = (0..CHANNELS.len()).any(|at| outside.delivered[at].values().any(|id| *id == message));
                let given_up = self.model.letters.undelivered.contains(&message);
                must!(7, told || given_up, "effect {id} is done, message {message} was never delivered");
            }
            (_, EffectStatus::Parked) => {
                let held = self.model.letters.open.values().any(|letter| {
                    matches!(&letter.subject, storagerent_core::consumer::DeadSubject::Effect { effect_id, .. }
                        if effect_id.get() == id)
                });
                must!(6, held, "effect {id}, {kind}, is parked without a dead letter");
            }
            (_, EffectStatus::Unknown) => must!(6, kind == "charge", "effect {id}, {kind}, is unknown"),
            (_, _) => {}
        }
        Ok(())
    }

    /// What new payments and messages want.
    fn wanted_effects(&mut self) -> Checked {
        for payment in &self.model.touched.payments {
            let key = self.model.payments.get(payment).map_or(0, |row| row.key.bits());
            let charged = self.model.wish_under.contains_key(&("charge", key));
            must!(6, charged, "payment {payment} is requested without its charge");
        }
        Ok(())
    }
}
