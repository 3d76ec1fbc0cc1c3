//! What callers were told, held against what is written: 10, 13 and what nobody may.

use storagerent_core::reservation::{ReservationStatus, Reserve};
use storagerent_core::shared::{Caller, CustomerId, Kind, Who};

use super::Checker;
use super::fold::must;
use super::model::UsedKey;
use crate::simulation::report::Checked;
use crate::simulation::site::Hub;
use crate::simulation::steps::{Ack, Answer, Aside, Meanwhile, Step};

/// Answers that mean the engine broke, unless the store was made to.
const BREAKAGES: [&str; 6] = ["nested", "aborted", "newerSchema", "corrupt", "noApp", "panicked"];

fn used_key(caller: &Caller) -> Option<UsedKey> {
    let scope = match caller.who() {
        Who::Manager => "manager".to_owned(),
        Who::Customer(id) => format!("customer {id}"),
        Who::System => "system".to_owned(),
    };
    caller.idempotency_key().map(|key| UsedKey { scope, key: key.as_str().to_owned() })
}

fn may(caller: &Caller, owner: &CustomerId) -> bool {
    match caller.who() {
        Who::Customer(id) => id == owner,
        Who::Manager | Who::System => true,
    }
}

impl Checker {
    /// A request begins: what it makes under its correlation id is made under its idempotency key.
    pub(in crate::simulation) fn asks(&mut self, step: &Step) {
        self.stood = None;
        if let Step::Reserve(_, caller, command) = step {
            self.asks_for(caller, command);
            self.stood = used_key(caller).and_then(|key| self.standing(&key).first().copied());
        }
    }

    /// The same of what others ask meanwhile.
    pub(in crate::simulation) fn asks_meanwhile(&mut self, meanwhile: Option<&Meanwhile>) {
        for aside in meanwhile.into_iter().flat_map(|meanwhile| &meanwhile.0) {
            if let Aside::Reserve(_, caller, command) = aside {
                self.asks_for(caller, command);
            }
        }
    }

    fn asks_for(&mut self, caller: &Caller, command: &Reserve) {
        match (caller.correlation_id(), used_key(caller)) {
            (Some(id), Some(key)) => {
                self.model.requests.insert(id.as_str().to_owned(), (key, *command));
            }
            (None, Some(_)) => self.untraced += 1,
            (_, None) => {}
        }
    }

    pub(super) fn answer(&mut self, step: &Step, answer: &Answer, hub: &Hub, first_new: u64) -> Checked {
        self.counts.held(16);
        let codes = std::iter::once(&answer.code).chain(&hub.nested_codes);
        for code in codes {
            must!(16, !BREAKAGES.contains(code), "answered {code}: {}", answer.words);
            // Another process, which may have crashed, has the consumer of one's own that the letter is of.
            let is_held = *code == "busy" && matches!(step, Step::RetryLetter(..));
            let excused = hub.store_failed || is_held || !matches!(*code, "storeFailed" | "commitUnknown" | "busy");
            must!(16, excused, "answered {code} though the store did not fail: {}", answer.words);
        }
        let allowed = !step.is_for_managers() || step.asked_by().is_none_or(Caller::is_manager);
        must!(16, allowed || !answer.is_ok(), "a customer did what only the manager may: {step:?}");
        self.refused(step, answer, hub, first_new)?;
        match &answer.ack {
            Ack::Nothing => {}
            Ack::Reservation(row) => {
                self.counts.held(13);
                let id = row.booking.reservation_id.get();
                let now = self.model.reservations.get(&id);
                let there = now.is_some_and(|now| now.version > row.version || now == row.as_ref());
                must!(13, there, "reservation {id} was acknowledged as {row:?}, it is {now:?}");
                let caller = step.asked_by().is_none_or(|caller| may(caller, &row.booking.customer));
                must!(16, caller, "reservation {id} is another customer's: {step:?}");
            }
            Ack::Storage(row) => {
                self.counts.held(13);
                let id = row.storage_id.get();
                let now = self.model.storages.get(&id).or(self.model.gone.get(&id));
                let there = now.is_some_and(|now| now.version > row.version || now == row.as_ref());
                must!(13, there, "storage {id} was acknowledged as {row:?}, it is {now:?}");
            }
            Ack::Storages(ids) => {
                self.counts.held(13);
                let there = ids.iter().all(|id| self.model.storages.contains_key(&id.get()));
                must!(13, there, "storages {ids:?} were acknowledged");
            }
            Ack::Review(row) => {
                self.counts.held(13);
                let now = self.model.reviews.get(&row.review_id.get());
                let there = now.is_some_and(|now| now.version > row.version || now == row.as_ref());
                must!(13, there, "review {} was acknowledged as {row:?}, it is {now:?}", row.review_id);
                let by = step.asked_by().map(Caller::who);
                let own = matches!(by, Some(Who::Customer(id)) if *id == row.customer);
                let deletes = matches!(step, Step::DeleteReview(_, caller, _) if caller.is_manager());
                must!(16, own || deletes, "review {} is another's: {step:?}", row.review_id);
            }
            Ack::Settings(settings) => {
                self.counts.held(13);
                must!(13, hub.settings == **settings, "settings were acknowledged as {settings:?}");
            }
            Ack::Ticked => {}
        }
        self.replies(step, answer)
    }

    /// What is refused leaves nothing behind.
    fn refused(&self, step: &Step, answer: &Answer, hub: &Hub, first_new: u64) -> Checked {
        let Some(id) = step.asked_by().and_then(Caller::correlation_id) else { return Ok(()) };
        let for_good = matches!(answer.kind, Some(Kind::Invalid | Kind::NotFound | Kind::Conflict | Kind::NotAllowed));
        // After a replay or a retry of letters, a refusal does not undo what was done before it.
        let tells_all = for_good && answer.code != "holdLapsed" && answer.code != "failedAgain" && !hub.nested;
        if !tells_all {
            return Ok(());
        }
        let left = (first_new..=self.model.head()).find(|n| {
            let event = self.model.event(*n);
            event.is_some_and(|event| event.correlation_id == *id && event.causation_id.is_none())
        });
        must!(13, left.is_none(), "refused as {}, and event {left:?} is there", answer.code);
        Ok(())
    }

    /// What a reserve was told fits what is written.
    fn replies(&mut self, step: &Step, answer: &Answer) -> Checked {
        let Step::Reserve(_, caller, command) = step else { return Ok(()) };
        let Some(key) = used_key(caller) else { return Ok(()) };
        let standing = self.standing(&key);
        self.counts.held(10);
        if let Ack::Reservation(row) = &answer.ack {
            // Without a correlation id of its own a request cannot be told from others in the log.
            let id = row.booking.reservation_id.get();
            let known = caller.correlation_id().is_some();
            must!(10, !known || standing == [id], "{key:?} was answered with {id}, under it stands {standing:?}");
            must!(10, row.booking.storage_id == command.storage_id, "{key:?} was answered with another storage");
        }
        // What stood before and stands yet is what the request is about, or about what the key was used for.
        if let Some(id) = self.stood.filter(|id| standing == [*id]) {
            let same = self.model.asked_as.get(&id) == Some(command);
            let fits = match answer.code {
                "busy" | "storeFailed" | "commitUnknown" | "crashed" => true,
                "ok" | "outcomeUnknown" => same,
                "idempotencyKeyReused" => !same,
                _ => false,
            };
            must!(10, fits, "{key:?} stands for reservation {id} and is answered {}", answer.code);
        }
        if answer.code == "idempotencyKeyReused" && self.untraced == 0 {
            must!(10, !standing.is_empty(), "{key:?} is said to be used, under it stands nothing");
        }
        Ok(())
    }

    /// What a key made that is neither rejected nor expired.
    fn standing(&self, key: &UsedKey) -> Vec<u64> {
        let made = self.model.under_key.get(key).into_iter().flatten();
        made.filter_map(|id| self.model.reservations.get(id))
            .filter(|row| !matches!(row.reservation_status, ReservationStatus::Rejected | ReservationStatus::Expired))
            .map(|row| row.booking.reservation_id.get())
            .collect()
    }
}
