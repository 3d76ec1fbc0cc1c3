//! Random sequences of commands against a model that knows nothing of events, effects or transactions.

use proptest::prelude::*;
use storagerent::chrono::{Days, NaiveDate};
use storagerent::payment::Behaviour;
use storagerent::*;
use storagerent_tests::{Kept, Site, customer};

const CUSTOMERS: [&str; 3] = ["kim", "lee", "park"];

#[derive(Debug, Clone)]
enum Step {
    Register,
    Withdraw(usize, bool),
    Delete(usize),
    Reserve { storage: usize, who: usize, from: i64, days: Option<u64>, card: Card },
    Cancel(usize, usize),
    End(usize, usize, i64),
    Review(usize, usize),
    Pass { minutes: u64 },
    Settle,
    PauseStorage(bool),
}

#[derive(Debug, Clone, Copy)]
enum Card {
    Good,
    Declined,
    Away,
    ReplyLost,
}

fn step() -> impl Strategy<Value = Step> {
    let card = prop_oneof![6 => Just(Card::Good), 1 => Just(Card::Declined), 1 => Just(Card::Away), 2 => Just(Card::ReplyLost)];
    prop_oneof![
        1 => Just(Step::Register),
        1 => (0..4usize, any::<bool>()).prop_map(|(s, on)| Step::Withdraw(s, on)),
        1 => (0..4usize).prop_map(Step::Delete),
        8 => (0..4usize, 0..3usize, -1..6i64, proptest::option::of(1..5u64), card)
            .prop_map(|(storage, who, from, days, card)| Step::Reserve { storage, who, from, days, card }),
        4 => (0..12usize, 0..3usize).prop_map(|(r, who)| Step::Cancel(r, who)),
        2 => (0..12usize, 0..3usize, -1..6i64).prop_map(|(r, who, on)| Step::End(r, who, on)),
        2 => (0..12usize, 0..3usize).prop_map(|(r, who)| Step::Review(r, who)),
        4 => (1..4_000u64).prop_map(|minutes| Step::Pass { minutes }),
        2 => Just(Step::Settle),
        1 => any::<bool>().prop_map(Step::PauseStorage),
    ]
}

#[derive(Debug, Clone)]
struct Rental {
    storage: usize,
    who: usize,
    from: NaiveDate,
    until: Option<NaiveDate>,
    status: ReservationStatus,
    lapses_at: i64,
    reviewed: bool,
    started: bool,
}

impl Rental {
    fn lives(&self) -> bool {
        matches!(
            self.status,
            ReservationStatus::ReqReserve | ReservationStatus::Reserved | ReservationStatus::ReqCancel
        )
    }

    fn meets(&self, from: NaiveDate, until: Option<NaiveDate>) -> bool {
        until.is_none_or(|u| self.from < u) && self.until.is_none_or(|u| from < u)
    }
}

/// What should be.
#[derive(Debug, Default)]
struct Model {
    minute: i64,
    today: NaiveDate,
    /// Withdrawn, deleted.
    storages: Vec<(bool, bool)>,
    rentals: Vec<Rental>,
}

impl Model {
    fn reserve(
        &mut self,
        storage: usize,
        who: usize,
        from: NaiveDate,
        until: Option<NaiveDate>,
        card: Card,
    ) -> Option<Kind> {
        let Some((withdrawn, false)) = self.storages.get(storage).copied() else { return Some(Kind::NotFound) };
        if from < self.today {
            return Some(Kind::Invalid);
        }
        let minute = self.minute;
        let mut blockers =
            self.rentals.iter_mut().filter(|r| r.storage == storage && r.lives() && r.meets(from, until));
        let taken = blockers.any(|r| !(r.status == ReservationStatus::ReqReserve && r.lapses_at <= minute));
        if withdrawn || taken {
            return Some(Kind::Conflict);
        }
        let (status, kind) = match card {
            Card::Good => (ReservationStatus::Reserved, None),
            Card::Declined => (ReservationStatus::Rejected, Some(Kind::Declined)),
            Card::Away => (ReservationStatus::Rejected, Some(Kind::Unavailable)),
            Card::ReplyLost => (ReservationStatus::ReqReserve, Some(Kind::Unavailable)),
        };
        let started = status == ReservationStatus::Reserved && from <= self.today;
        let lapses_at = self.minute + 10;
        self.rentals.push(Rental { storage, who, from, until, status, lapses_at, reviewed: false, started });
        kind
    }

    fn cancel(&mut self, rental: usize, who: usize) -> Option<Kind> {
        let today = self.today;
        let Some(rental) = self.rentals.get_mut(rental) else { return Some(Kind::NotFound) };
        if rental.who != who {
            return Some(Kind::NotAllowed);
        }
        match rental.status {
            ReservationStatus::Reserved if today <= rental.from => {
                rental.status = ReservationStatus::Cancelled;
                None
            }
            ReservationStatus::Cancelled => None,
            _ => Some(Kind::Conflict),
        }
    }

    fn end(&mut self, rental: usize, who: usize, on: NaiveDate) -> Option<Kind> {
        let today = self.today;
        let Some(rental) = self.rentals.get_mut(rental) else { return Some(Kind::NotFound) };
        if rental.who != who {
            return Some(Kind::NotAllowed);
        }
        if rental.status != ReservationStatus::Reserved {
            return Some(Kind::Conflict);
        }
        if rental.until == Some(on) {
            return None;
        }
        if on < today || on <= rental.from || rental.until.is_some_and(|u| on > u) {
            return Some(Kind::Invalid);
        }
        rental.until = Some(on);
        if on == today {
            rental.status = ReservationStatus::Completed;
        }
        None
    }

    fn review(&mut self, rental: usize, who: usize) -> Option<Kind> {
        let today = self.today;
        let Some(rental) = self.rentals.get_mut(rental) else { return Some(Kind::NotFound) };
        if rental.who != who {
            return Some(Kind::NotAllowed);
        }
        let rented = matches!(rental.status, ReservationStatus::Reserved | ReservationStatus::Completed);
        if !rented || rental.from > today || rental.reviewed {
            return Some(Kind::Conflict);
        }
        rental.reviewed = true;
        None
    }

    fn tick(&mut self) {
        for rental in &mut self.rentals {
            if rental.status == ReservationStatus::ReqReserve && rental.lapses_at <= self.minute {
                rental.status = ReservationStatus::Expired;
            }
            if rental.status == ReservationStatus::Reserved {
                rental.started |= rental.from <= self.today;
                if rental.until.is_some_and(|u| u <= self.today) {
                    rental.status = ReservationStatus::Completed;
                }
            }
        }
    }

    fn settle(&mut self) {
        self.tick();
        for rental in &mut self.rentals {
            if rental.status == ReservationStatus::ReqReserve {
                rental.status = ReservationStatus::Reserved;
                rental.started = rental.from <= self.today;
            }
        }
    }

    fn occupied(&self, storage: usize) -> bool {
        let occupies = |r: &&Rental| r.storage == storage && r.started && r.status == ReservationStatus::Reserved;
        self.rentals.iter().any(|r| occupies(&r))
    }
}

struct Pair {
    site: Site,
    model: Model,
    storage_paused: bool,
}

impl Pair {
    fn new(kept: Kept) -> Self {
        let site = Site::new(kept);
        site.app.set(&Caller::manager(), "breakerFailures", "1000").unwrap();
        let model = Model { today: site.today(), ..Model::default() };
        let mut pair = Pair { site, model, storage_paused: false };
        (0..2).for_each(|_| pair.take(&Step::Register));
        pair
    }

    fn take(&mut self, step: &Step) {
        let (app, manager) = (self.site.app.clone(), Caller::manager());
        let rental_id = |r: usize| ReservationId::new(r as u64 + 1);
        let storage_id = |s: usize| StorageId::new(s as u64 + 1);
        let shifted = |today: NaiveDate, by: i64| {
            if by < 0 { today - Days::new(by.unsigned_abs()) } else { today + Days::new(by.unsigned_abs()) }
        };
        let (expected, found) = match *step {
            Step::Register => {
                self.site.storage(1_000);
                self.model.storages.push((false, false));
                (None, None)
            }
            Step::Withdraw(s, on) => {
                let mut change = ModifyStorage::new(storage_id(s));
                change.withdrawn = Some(on);
                let expected = match self.model.storages.get_mut(s) {
                    Some((withdrawn, false)) => {
                        *withdrawn = on;
                        None
                    }
                    _ => Some(Kind::NotFound),
                };
                (expected, app.modify(&manager, change).err().map(|e| e.kind()))
            }
            Step::Delete(s) => {
                let lives = self.model.rentals.iter().any(|r| r.storage == s && r.lives());
                let expected = match self.model.storages.get_mut(s) {
                    Some((_, false)) if lives => Some(Kind::Conflict),
                    Some((_, deleted @ false)) => {
                        *deleted = true;
                        None
                    }
                    _ => Some(Kind::NotFound),
                };
                (expected, app.delete(&manager, DeleteStorage { storage_id: storage_id(s) }).err().map(|e| e.kind()))
            }
            Step::Reserve { storage, who, from, days, card } => {
                let from = shifted(self.model.today, from);
                let until = days.map(|d| from + Days::new(d));
                let expected = self.model.reserve(storage, who, from, until, card);
                self.site.gateway.set_behaviour(match card {
                    Card::Good => Behaviour::Approve,
                    Card::Declined => Behaviour::Decline,
                    Card::Away => Behaviour::Down,
                    Card::ReplyLost => Behaviour::LostReply,
                });
                let command = Reserve { from: Some(from), until, ..Reserve::new(storage_id(storage)) };
                let found = app.reserve(&customer(CUSTOMERS[who]), command).err().map(|e| e.kind());
                self.site.gateway.set_behaviour(Behaviour::Approve);
                if expected.is_some_and(|k| k == Kind::Declined || k == Kind::Unavailable) || expected.is_none() {
                    // A hold in the way that had lapsed was written off by this reservation's first transaction.
                    let minute = self.model.minute;
                    let last = self.model.rentals.len() - 1;
                    for r in self.model.rentals[..last].iter_mut() {
                        let lapsed = r.status == ReservationStatus::ReqReserve && r.lapses_at <= minute;
                        if r.storage == storage && lapsed && r.meets(from, until) {
                            r.status = ReservationStatus::Expired;
                        }
                    }
                }
                (expected, found)
            }
            Step::Cancel(r, who) => {
                let expected = self.model.cancel(r, who);
                let cancel = CancelReservation { reservation_id: rental_id(r) };
                let found = app.cancel(&customer(CUSTOMERS[who]), cancel).err().map(|e| e.kind());
                app.run_effects(10).unwrap();
                (expected, found)
            }
            Step::End(r, who, on) => {
                let on = shifted(self.model.today, on);
                let expected = self.model.end(r, who, on);
                let end = EndRental { reservation_id: rental_id(r), on: Some(on) };
                (expected, app.end(&customer(CUSTOMERS[who]), end).err().map(|e| e.kind()))
            }
            Step::Review(r, who) => {
                let expected = self.model.review(r, who);
                let review = AddReview {
                    reservation_id: rental_id(r),
                    rate: Stars::new(4).unwrap(),
                    content: "좋아요".parse().unwrap(),
                };
                (expected, app.add_review(&customer(CUSTOMERS[who]), review).err().map(|e| e.kind()))
            }
            Step::Pass { minutes } => {
                self.site.clock.advance(std::time::Duration::from_secs(minutes * 60));
                self.model.minute += minutes as i64;
                self.model.today = self.site.today();
                self.model.tick();
                app.tick().unwrap();
                (None, None)
            }
            Step::Settle => {
                self.model.settle();
                self.site.rest();
                (None, None)
            }
            Step::PauseStorage(on) => {
                if on {
                    app.pause(&manager, "storage").unwrap()
                } else {
                    app.resume(&manager, "storage").unwrap()
                };
                self.storage_paused = on;
                app.run_consumers(10_000).unwrap();
                (None, None)
            }
        };
        assert_eq!(found, expected, "{step:?}");
        self.compare(step);
    }

    fn compare(&self, step: &Step) {
        let rows = self.site.app.reservations(&ReservationFilter::default(), Page::default()).unwrap();
        let found: Vec<_> = rows.iter().map(|r| (r.reservation_status, r.booking.period.until())).collect();
        let expected: Vec<_> = self.model.rentals.iter().map(|r| (r.status, r.until)).collect();
        assert_eq!(found, expected, "after {step:?}");
        if self.storage_paused {
            return;
        }
        for row in self.site.app.storages(Page::default()).unwrap() {
            let n = row.storage_id.get() as usize - 1;
            assert!(!self.model.storages[n].1, "a deleted storage is listed");
            assert_eq!(
                row.storage_status == StorageStatus::Reserved,
                self.model.occupied(n),
                "storage {n} after {step:?}"
            );
            let reviews = self.model.rentals.iter().filter(|r| r.storage == n && r.reviewed).count();
            assert_eq!(row.review_cnt as usize, reviews);
            assert_eq!(self.site.app.view(row.storage_id).unwrap().storage_status, row.storage_status);
        }
    }

    fn finish(mut self) {
        self.take(&Step::PauseStorage(false));
        self.take(&Step::Settle);
        self.site.assert_clean();
        let books = self.site.gateway.entries();
        let kept: i64 = books.iter().map(|(_, captured, refunded)| captured.amount() - refunded.amount()).sum();
        let stands = |r: &&Rental| matches!(r.status, ReservationStatus::Reserved | ReservationStatus::Completed);
        assert_eq!(kept, 1_000 * self.model.rentals.iter().filter(stands).count() as i64, "no orphan money");
        let told = self.site.app.messages(&MessageFilter::default(), Page::default()).unwrap();
        let mut facts: Vec<_> = told.iter().map(|m| (m.event_sequence, m.channel.clone())).collect();
        facts.sort();
        facts.dedup();
        assert_eq!(facts.len(), told.len(), "one message per event and channel");
    }
}

fn play(kept: Kept, steps: &[Step]) {
    let mut pair = Pair::new(kept);
    steps.iter().for_each(|step| pair.take(step));
    pair.finish();
}

/// So many cases, unless `PROPTEST_CASES` says otherwise.
fn config(cases: u32) -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(cases);
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn in_memory_the_engine_does_what_the_model_says(steps in proptest::collection::vec(step(), 1..60)) {
        play(Kept::Memory, &steps);
    }
}

proptest! {
    #![proptest_config(config(24))]

    #[test]
    fn on_a_file_the_engine_does_what_the_model_says(steps in proptest::collection::vec(step(), 1..60)) {
        play(Kept::File, &steps);
    }
}
