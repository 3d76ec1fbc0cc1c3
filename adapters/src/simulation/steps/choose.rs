//! Which step comes next: drawn from the step's own stream of chance and what there is to act on.

use storagerent_core::chrono::{Days, NaiveDate};
use storagerent_core::ports::Clock;
use storagerent_core::reservation::{CancelReservation, EndRental, ReservationStatus, Reserve};
use storagerent_core::review::{AddReview, DeleteReview, ModifyReview, Stars};
use storagerent_core::shared::{
    Caller, CorrelationId, CustomerId, DeadLetterId, Description, IdempotencyKey, Money, Per, Rate, ReservationId,
    ReviewContent, ReviewId, StorageId,
};
use storagerent_core::storage::{DeleteStorage, ImportStorages, ModifyStorage, RegisterStorage};

use super::{Aside, Meanwhile, Step, Telling, TimeMove};
use crate::simulation::check::Model;
use crate::simulation::rng::Rng;
use crate::simulation::site::{APPS, HOST, Site};

/// Storages are few, so that callers get into each other's way.
const STORAGES_WANTED: usize = 6;
const STORAGES_MAX: usize = 14;
const CONSUMERS: [&str; 7] = ["storage", "payment", "message", "view", "books", "audit", "nobody"];
const ZONES: [&str; 5] = ["Asia/Seoul", "America/New_York", "Pacific/Kiritimati", "UTC", "Mars/Olympus"];

/// Everything a choice looks at.
pub(in crate::simulation) struct Chooser<'a> {
    pub(in crate::simulation) rng: &'a mut Rng,
    pub(in crate::simulation) model: &'a Model,
    pub(in crate::simulation) site: &'a Site,
    pub(in crate::simulation) step: u64,
    /// Tells the requests of one step apart in the log.
    pub(in crate::simulation) tag: &'static str,
    /// Requests that may be repeated.
    pub(in crate::simulation) asked: &'a [(Caller, Reserve)],
}

/// The next step, and what others do meanwhile.
pub(in crate::simulation) fn choose(mut c: Chooser<'_>) -> (Step, Option<Meanwhile>) {
    let step = c.step();
    let meanwhile = if c.rng.percent(14) { Some(c.meanwhile(&step)) } else { None };
    (step, meanwhile)
}

impl Chooser<'_> {
    fn step(&mut self) -> Step {
        if self.model.storages.len() < 3 || (self.model.offered() < STORAGES_WANTED && self.rng.percent(20)) {
            return self.register();
        }
        match self.rng.below(100) {
            0..=27 => self.reserve(),
            28..=31 => self.repeat(),
            32..=38 => self.cancel(),
            39..=42 => self.end(),
            43..=48 => self.review(),
            49..=53 => self.manage(),
            54..=58 => self.operate(),
            59..=69 => self.time(),
            70..=73 => Step::Weather(self.rng.next()),
            74 | 75 => Step::LateCapture(self.rng.next()),
            76..=80 => Step::RunDue(self.app()),
            81..=83 => Step::Tick(self.app()),
            84 | 85 => Step::Settle(self.app()),
            86 | 87 => Step::RunEffects(self.app()),
            88 | 89 => Step::RunConsumers(self.app(), 1 + self.rng.below(20) as u32),
            90..=92 => Step::HostTakes(1 + self.rng.below(4) as u32),
            93 | 94 => Step::HostDoes(self.rng.next(), self.telling()),
            95 | 96 => Step::HostTells(self.app(), self.rng.next()),
            97 => Step::HostErrs(self.rng.next()),
            98 => Step::Look(self.app()),
            _ => Step::Restart(self.app()),
        }
    }

    fn app(&mut self) -> usize {
        self.rng.weighted(&[(5, 0), (3, 1), (2, HOST)], 0).min(APPS - 1)
    }

    fn telling(&mut self) -> Telling {
        self.rng
            .weighted(&[(5, Telling::Now), (2, Telling::Twice), (3, Telling::Later), (1, Telling::Never)], Telling::Now)
    }

    fn today(&self) -> NaiveDate {
        let zone = self.site.hub(|hub| hub.settings.zone.clone());
        self.site.clock.day_at(self.site.clock.now(), &zone).unwrap_or_default()
    }

    fn in_days(&mut self, from: NaiveDate, at_most: u64) -> NaiveDate {
        from.checked_add_days(Days::new(self.rng.below(at_most + 1))).unwrap_or(from)
    }

    fn traced(&mut self, caller: Caller) -> Caller {
        match CorrelationId::new(&format!("s{}{}", self.step, self.tag)) {
            Ok(id) if self.rng.percent(85) || caller.idempotency_key().is_some() => caller.with_correlation_id(id),
            Ok(_) | Err(_) => caller,
        }
    }

    fn some_customer(&mut self) -> Caller {
        let name = format!("c{}", self.rng.below(5));
        let caller = CustomerId::new(&name).map_or(Caller::manager(), Caller::customer);
        self.traced(caller)
    }

    /// Mostly the manager; sometimes somebody who plays at being one.
    fn manager(&mut self) -> Caller {
        if self.rng.percent(7) {
            return self.some_customer();
        }
        let caller = if self.rng.percent(5) { Caller::system() } else { Caller::manager() };
        self.traced(caller)
    }

    /// Mostly the owner; sometimes the manager or a stranger.
    fn owner(&mut self, of: &CustomerId) -> Caller {
        match self.rng.below(10) {
            0 => self.some_customer(),
            1 => self.manager(),
            _ if *of == CustomerId::guest() => self.manager(),
            _ => self.traced(Caller::customer(of.clone())),
        }
    }

    fn storage(&mut self) -> StorageId {
        let ids = &self.model.storages;
        let nth = self.rng.below(ids.len() as u64) as usize;
        let known = ids.keys().nth(nth).copied().unwrap_or(1);
        StorageId::new(if self.rng.percent(1) { 9_999 } else { known })
    }

    /// One of the latest reservations, rather one that can still be acted on.
    fn reservation(&mut self) -> ReservationId {
        let latest = self.model.reservations.keys().next_back().copied().unwrap_or(0);
        for _ in 0..4 {
            let id = latest.saturating_sub(self.rng.below(14));
            let live = self.model.reservations.get(&id).is_some_and(|row| row.reservation_status.is_live());
            if live || self.rng.percent(20) {
                return ReservationId::new(id);
            }
        }
        ReservationId::new(latest + self.rng.below(2))
    }

    fn customer_of(&self, id: ReservationId) -> CustomerId {
        self.model.reservations.get(&id.get()).map_or_else(CustomerId::guest, |row| row.booking.customer.clone())
    }

    fn wish(&mut self) -> Reserve {
        let today = self.today();
        let mut wish = Reserve::new(self.storage());
        wish.from = match self.rng.below(20) {
            0..=8 => None,
            9 => today.pred_opt(),
            _ => Some(self.in_days(today, 9)),
        };
        let from = wish.from.unwrap_or(today);
        wish.until = match self.rng.below(20) {
            0 | 1 => None,
            2 => Some(from),
            3 => Some(self.in_days(from, 75)),
            _ => Some(self.in_days(from, 6)).filter(|until| *until > from).or_else(|| from.succ_opt()),
        };
        if self.rng.percent(15) {
            let quoted = self.model.quote(wish.storage_id.get(), from, wish.until).map(|(total, _)| total.amount());
            wish.price = Some(quoted.unwrap_or(1) + i64::from(self.rng.percent(30)));
        }
        wish
    }

    fn reserve(&mut self) -> Step {
        let mut caller = if self.rng.percent(12) { self.manager() } else { self.some_customer() };
        if self.rng.percent(40)
            && let Ok(key) = IdempotencyKey::new(&format!("k{}", self.rng.below(6)))
        {
            caller = caller.with_idempotency_key(key);
            caller = self.traced(caller);
        }
        Step::Reserve(self.app(), caller, self.wish())
    }

    /// The same request again, under its key; sometimes another one under it.
    fn repeat(&mut self) -> Step {
        let nth = self.rng.below(self.asked.len() as u64) as usize;
        let Some((caller, mut command)) = self.asked.get(nth).cloned() else { return self.reserve() };
        if self.rng.percent(12) {
            command = self.wish();
        }
        let caller = self.traced(caller);
        Step::Reserve(self.app(), caller, command)
    }

    fn cancel(&mut self) -> Step {
        let reservation_id = self.reservation();
        let owner = self.customer_of(reservation_id);
        Step::Cancel(self.app(), self.owner(&owner), CancelReservation { reservation_id })
    }

    fn end(&mut self) -> Step {
        let reservation_id = self.reservation();
        let owner = self.customer_of(reservation_id);
        let on = match self.rng.below(4) {
            0 => None,
            1 => Some(self.today()),
            2 => self.today().pred_opt(),
            _ => Some(self.in_days(self.today(), 8)),
        };
        Step::End(self.app(), self.owner(&owner), EndRental { reservation_id, on })
    }

    fn review(&mut self) -> Step {
        let app = self.app();
        let stars = Stars::new(1 + self.rng.below(5) as i64).ok();
        let content = ReviewContent::new(["좋아요", "넓고 깨끗해요", "그저 그래요"][self.rng.below(3) as usize]).ok();
        let latest = self.model.reviews.keys().next_back().copied().unwrap_or(0);
        let review_id = ReviewId::new(latest.saturating_sub(self.rng.below(5)));
        let author = self.model.reviews.get(&review_id.get()).map(|row| row.customer.clone());
        let author = author.unwrap_or_else(CustomerId::guest);
        match (self.rng.below(10), stars, content) {
            (0..=5, Some(rate), Some(content)) => {
                let rented = self.model.reservations.values().rev().take(40).find(|row| {
                    matches!(row.reservation_status, ReservationStatus::Reserved | ReservationStatus::Completed)
                        && !self.model.review_of.contains_key(&row.booking.reservation_id.get())
                });
                let rented = rented.map(|row| row.booking.reservation_id);
                let reservation_id = rented.filter(|_| self.rng.percent(75)).unwrap_or_else(|| self.reservation());
                let owner = self.customer_of(reservation_id);
                Step::AddReview(app, self.owner(&owner), AddReview { reservation_id, rate, content })
            }
            (6..=8, rate, content) => {
                let content = content.filter(|_| self.rng.percent(50));
                Step::ModifyReview(app, self.owner(&author), ModifyReview { review_id, rate, content })
            }
            _ => Step::DeleteReview(app, self.owner(&author), DeleteReview { review_id }),
        }
    }

    fn rate(&mut self) -> Option<Rate> {
        let won = (1 + self.rng.below(90) as i64) * 1_000 + self.rng.below(2) as i64;
        let per = self.rng.weighted(&[(4, Per::Rental), (3, Per::Day), (3, Per::Month)], Per::Rental);
        let money =
            if self.rng.percent(15) { Money::parse(&format!("{won}.50"), "USD").ok()? } else { Money::krw(won) };
        Rate::new(money, per).ok()
    }

    fn offer(&mut self) -> Option<RegisterStorage> {
        let description = Description::new(&format!("창고 {}", self.step)).ok()?;
        Some(RegisterStorage { description, rate: self.rate()? })
    }

    fn register(&mut self) -> Step {
        let (app, caller) = (self.app(), self.manager());
        if self.rng.percent(10) {
            let storages = (0..3).filter_map(|_| self.offer()).collect();
            return Step::Import(app, caller, ImportStorages { storages });
        }
        match self.offer() {
            Some(offer) => Step::Register(app, caller, offer),
            None => Step::Look(app),
        }
    }

    fn manage(&mut self) -> Step {
        let (app, caller) = (self.app(), self.manager());
        let storage_id = self.storage();
        match self.rng.below(10) {
            0 if self.model.storages.len() < STORAGES_MAX => self.register(),
            0..=2 => Step::Delete(app, caller, DeleteStorage { storage_id }),
            3..=6 => {
                let mut change = ModifyStorage::new(storage_id);
                change.price = self.rate().map(Rate::price).filter(|_| self.rng.percent(60));
                change.per = Some(Per::Day).filter(|_| self.rng.percent(15));
                change.withdrawn = [None, Some(true), Some(false), Some(false)][self.rng.below(4) as usize];
                Step::Modify(app, caller, change)
            }
            7 => Step::Set(app, caller, "zone", ZONES[self.rng.below(5) as usize].to_owned()),
            _ => {
                let (key, values): (_, [&str; 4]) = [
                    ("holdMinutes", ["10", "1", "30", "0"]),
                    ("breakerFailures", ["5", "1", "3", "1001"]),
                    ("breakerOpenSeconds", ["30", "300", "1", "-1"]),
                    ("deadlineSeconds", ["5", "1", "60", "x"]),
                    ("language", ["ko", "en", "en", "fr"]),
                ][self.rng.below(5) as usize];
                Step::Set(app, caller, key, values[self.rng.below(4) as usize].to_owned())
            }
        }
    }

    fn operate(&mut self) -> Step {
        let (app, caller) = (self.app(), self.manager());
        let name = CONSUMERS[self.rng.below(7) as usize];
        let letters = &self.model.letters.open;
        let nth = self.rng.below(letters.len() as u64) as usize;
        let letter = letters.keys().nth(nth).copied();
        match (self.rng.below(10), letter) {
            (0 | 1, _) => Step::Pause(app, caller, name),
            (2..=4, _) => Step::Resume(app, caller, self.model.paused.first().copied().unwrap_or(name)),
            (5, _) => Step::Replay(app, caller, name),
            (6 | 7, Some(id)) => Step::DiscardLetter(app, caller, DeadLetterId::new(id), "고객과 통화함"),
            (6, None) => Step::DiscardLetter(app, caller, DeadLetterId::new(self.rng.below(9)), " "),
            (_, Some(id)) => Step::RetryLetter(app, caller, DeadLetterId::new(id)),
            (_, None) => Step::RetryLetter(app, caller, DeadLetterId::new(self.rng.below(9))),
        }
    }

    fn time(&mut self) -> Step {
        const MINUTE: u64 = 60;
        const DAY: u64 = 24 * 60 * MINUTE;
        Step::Time(match self.rng.below(40) {
            0..=11 => TimeMove::Forward { seconds: 1 + self.rng.below(MINUTE) },
            12..=22 => TimeMove::Forward { seconds: self.rng.below(25 * MINUTE) },
            23..=27 => TimeMove::Forward { seconds: self.rng.below(DAY / 2) },
            28..=33 => TimeMove::Forward { seconds: DAY },
            34 => TimeMove::Forward { seconds: self.rng.below(40) * DAY },
            35..=37 => TimeMove::Back { seconds: self.rng.below(20 * MINUTE) as i64 },
            38 => TimeMove::Back { seconds: self.rng.below(2 * DAY) as i64 },
            _ => TimeMove::Back { seconds: (self.rng.below(30) * DAY) as i64 },
        })
    }

    fn meanwhile(&mut self, step: &Step) -> Meanwhile {
        let so_many = 1 + self.rng.below(3);
        self.tag = "-meanwhile";
        Meanwhile((0..so_many).map(|_| self.aside(step)).collect())
    }

    fn aside(&mut self, step: &Step) -> Aside {
        match (self.rng.below(8), step) {
            (0 | 1, _) => Aside::Minutes(1 + self.rng.below(30)),
            (2, _) => Aside::Tick(self.app()),
            (3, _) => Aside::Settle(self.app()),
            (4, _) => Aside::RunDue(self.app()),
            (5, _) => Aside::LateCapture(self.rng.next()),
            // The impatient customer, and the rival.
            (6, Step::Reserve(_, caller, command)) => Aside::Reserve(self.app(), caller.clone(), *command),
            (_, Step::Reserve(_, _, command)) => Aside::Reserve(self.app(), self.some_customer(), *command),
            _ => Aside::Reserve(self.app(), self.some_customer(), self.wish()),
        }
    }
}
