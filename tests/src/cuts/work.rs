//! Random work, and what of it was acknowledged.

use std::time::Duration;

use storagerent::payment::Behaviour;
use storagerent::*;

use super::Trial;
use crate::customer;
use crate::on_disk::Opened;

const CUSTOMERS: [&str; 3] = ["kim", "lee", "park"];
const CONSUMERS: [&str; 4] = ["view", "message", "storage", "payment"];

impl Trial {
    /// Does something; says whether it was acknowledged.
    pub(super) fn work(&mut self, site: &Opened) -> bool {
        let app = &site.app;
        let kim = customer(CUSTOMERS[self.dice.below(3) as usize]);
        match self.dice.below(14) {
            0 => app.register(&Caller::manager(), storage("한 칸")).is_ok(),
            1 => self.import(app),
            2..=4 => self.reserve(app, &kim),
            5 | 6 => match self.any_reservation(app) {
                Some(reservation_id) => app.cancel(&Caller::manager(), CancelReservation { reservation_id }).is_ok(),
                None => false,
            },
            7 => match self.any_reservation(app) {
                Some(reservation_id) => app.end(&Caller::manager(), EndRental { reservation_id, on: None }).is_ok(),
                None => false,
            },
            8 => self.review(app),
            9 => self.change_storage(app),
            10 => {
                let minutes = 1 + self.dice.below(60) as u32;
                self.acknowledged.hold_minutes_asked = Some(minutes);
                let set = app.set(&Caller::manager(), "holdMinutes", &minutes.to_string()).is_ok();
                if set && !self.site.disk.is_off() {
                    self.acknowledged.hold_minutes = Some(minutes);
                    self.acknowledged.hold_minutes_asked = None;
                }
                set
            }
            11 => app.replay(&Caller::manager(), CONSUMERS[self.dice.below(4) as usize]).is_ok(),
            _ => {
                let seconds = *self.dice.pick(&[1, 60, 900, 90_000]);
                self.site.clock.advance(Duration::from_secs(seconds));
                app.run_due().is_ok()
            }
        }
    }

    fn import(&mut self, app: &App) -> bool {
        let name = format!("import-{}", self.imports.len());
        let count = 1 + self.dice.below(20) as usize;
        self.imports.insert(name.clone(), count);
        let Ok(correlation) = CorrelationId::new(&name) else { return false };
        let storages = vec![storage("묶음"); count];
        app.import(&Caller::manager().with_correlation_id(correlation), ImportStorages { storages }).is_ok()
    }

    fn reserve(&mut self, app: &App, who: &Caller) -> bool {
        let usual = [Behaviour::Approve; 5];
        let all = [&usual[..], &[Behaviour::Decline, Behaviour::LostReply, Behaviour::Down]].concat();
        self.site.gateway.set_behaviour(*self.dice.pick(&all));
        let storages = app.storages(Page::default()).unwrap_or_default();
        if storages.is_empty() {
            return false;
        }
        let reserve = Reserve::new(self.dice.pick(&storages).storage_id);
        let key = IdempotencyKey::new(&format!("key-{}", self.dice.throw())).ok().filter(|_| self.dice.one_in(2));
        let caller = key.map_or_else(|| who.clone(), |key| who.clone().with_idempotency_key(key));
        let answer = app.reserve(&caller, reserve);
        self.site.gateway.set_behaviour(Behaviour::Approve);
        match answer {
            Ok(row) if caller.idempotency_key().is_some() && !self.site.disk.is_off() => {
                self.acknowledged.keys.push((caller, reserve, row.booking.reservation_id));
                true
            }
            answer => answer.is_ok(),
        }
    }

    fn any_reservation(&mut self, app: &App) -> Option<ReservationId> {
        let all = app.reservations(&ReservationFilter::default(), Page::default()).ok()?;
        (!all.is_empty()).then(|| self.dice.pick(&all).booking.reservation_id)
    }

    fn review(&mut self, app: &App) -> bool {
        let reviews = app.reviews(&ReviewFilter::default(), Page::default()).unwrap_or_default();
        let content = || ReviewContent::new("좋아요").ok();
        let stars = Stars::new(1 + self.dice.below(5) as i64).ok();
        if !reviews.is_empty() && self.dice.one_in(2) {
            let review = self.dice.pick(&reviews).clone();
            if self.dice.one_in(2) {
                return app.delete_review(&Caller::manager(), DeleteReview { review_id: review.review_id }).is_ok();
            }
            let modify = ModifyReview { review_id: review.review_id, rate: stars, content: content() };
            return app.modify_review(&Caller::customer(review.customer), modify).is_ok();
        }
        let Some(reservation_id) = self.any_reservation(app) else { return false };
        let (Some(rate), Some(content), Ok(row)) = (stars, content(), app.reservation(reservation_id)) else {
            return false;
        };
        let caller = Caller::customer(row.booking.customer);
        app.add_review(&caller, AddReview { reservation_id, rate, content }).is_ok()
    }

    fn change_storage(&mut self, app: &App) -> bool {
        let storages = app.storages(Page::default()).unwrap_or_default();
        if storages.is_empty() {
            return false;
        }
        let storage_id = self.dice.pick(&storages).storage_id;
        if self.dice.one_in(4) {
            return app.delete(&Caller::manager(), DeleteStorage { storage_id }).is_ok();
        }
        let description = format!("창고 {}", self.dice.below(1_000)).parse().ok();
        app.modify(&Caller::manager(), ModifyStorage { description, ..ModifyStorage::new(storage_id) }).is_ok()
    }
}

fn storage(description: &str) -> RegisterStorage {
    RegisterStorage {
        description: description.parse().expect("it is well formed"),
        rate: Rate::flat(Money::krw(59_000)).expect("the price is above 0"),
    }
}
