//! Doing a step, and what happens while the gateway is being called.

use std::sync::Arc;

use storagerent_core::app::App;
use storagerent_core::chrono::TimeDelta;
use storagerent_core::ports::{Clock, Page, ViewFilter};
use storagerent_core::reservation::QuoteStorage;
use storagerent_core::shared::StorageId;

use super::{Ack, Answer, Aside, Host, Step, TimeMove};
use crate::simulation::rng::Rng;
use crate::simulation::site::Site;
use std::time::Duration;

/// Does a step; may unwind where a process dies.
pub(in crate::simulation) fn perform(site: &Arc<Site>, host: &mut Host, step: &Step) -> Answer {
    let app = |which: usize| site.app(which);
    let none = || Answer::ok(Ack::Nothing);
    match step {
        Step::Reserve(a, caller, command) => {
            with(app(*a), |app| Answer::of(app.reserve(caller, *command), |row| Ack::Reservation(Box::new(row))))
        }
        Step::Cancel(a, caller, command) => {
            with(app(*a), |app| Answer::of(app.cancel(caller, *command), |row| Ack::Reservation(Box::new(row))))
        }
        Step::End(a, caller, command) => {
            with(app(*a), |app| Answer::of(app.end(caller, *command), |row| Ack::Reservation(Box::new(row))))
        }
        Step::AddReview(a, caller, command) => {
            with(app(*a), |app| Answer::of(app.add_review(caller, command.clone()), |row| Ack::Review(Box::new(row))))
        }
        Step::ModifyReview(a, caller, command) => with(app(*a), |app| {
            Answer::of(app.modify_review(caller, command.clone()), |row| Ack::Review(Box::new(row)))
        }),
        Step::DeleteReview(a, caller, command) => {
            with(app(*a), |app| Answer::of(app.delete_review(caller, *command), |row| Ack::Review(Box::new(row))))
        }
        Step::Register(a, caller, command) => {
            with(app(*a), |app| Answer::of(app.register(caller, command.clone()), |row| Ack::Storage(Box::new(row))))
        }
        Step::Import(a, caller, command) => {
            with(app(*a), |app| Answer::of(app.import(caller, command.clone()), Ack::Storages))
        }
        Step::Modify(a, caller, command) => {
            with(app(*a), |app| Answer::of(app.modify(caller, command.clone()), |row| Ack::Storage(Box::new(row))))
        }
        Step::Delete(a, caller, command) => {
            with(app(*a), |app| Answer::of(app.delete(caller, *command), |row| Ack::Storage(Box::new(row))))
        }
        Step::Set(a, caller, key, value) => {
            let answer = with(app(*a), |app| {
                Answer::of(app.set(caller, key, value), |settings| Ack::Settings(Box::new(settings)))
            });
            if *key == "zone" && answer.is_ok() {
                site.hub(|hub| hub.met.note("zone changed"));
            }
            answer
        }
        Step::Pause(a, caller, name) => with(app(*a), |app| Answer::of(app.pause(caller, name), |_| Ack::Nothing)),
        Step::Resume(a, caller, name) => with(app(*a), |app| Answer::of(app.resume(caller, name), |_| Ack::Nothing)),
        Step::Replay(a, caller, name) => with(app(*a), |app| Answer::of(app.replay(caller, name), |_| Ack::Nothing)),
        Step::RetryLetter(a, caller, id) => {
            with(app(*a), |app| Answer::of(app.retry_dead_letter(caller, *id), |_| Ack::Nothing))
        }
        Step::DiscardLetter(a, caller, id, why) => {
            with(app(*a), |app| Answer::of(app.discard_dead_letter(caller, *id, why), |_| Ack::Nothing))
        }
        Step::Tick(a) => with(app(*a), |app| Answer::of(app.tick(), |_| Ack::Ticked)),
        Step::Settle(a) => with(app(*a), |app| Answer::of(app.settle(), |_| Ack::Nothing)),
        Step::RunEffects(a) => with(app(*a), |app| Answer::of(app.run_effects(50), |_| Ack::Nothing)),
        Step::RunConsumers(a, limit) => with(app(*a), |app| Answer::of(app.run_consumers(*limit), |_| Ack::Nothing)),
        Step::RunDue(a) => with(app(*a), |app| Answer::of(app.run_due(), |_| Ack::Nothing)),
        Step::Look(a) => with(app(*a), |app| look(&app)),
        Step::HostTakes(limit) => host.take(site, *limit),
        Step::HostDoes(which, telling) => host.do_one(site, *which, *telling),
        Step::HostTells(a, which) => host.tell_again(site, *a, *which),
        Step::HostErrs(chance) => host.err(site, *chance),
        Step::Time(how) => {
            move_clock(site, *how);
            none()
        }
        Step::LateCapture(which) => {
            late_capture(site, *which);
            none()
        }
        Step::Weather(chance) => {
            let mut rng = Rng::of(*chance, 0);
            site.hub(|hub| hub.weather.change(&mut rng));
            none()
        }
        // The driver's to do: it must not be inside the application it ends.
        Step::Restart(_) => none(),
    }
}

fn with(app: Option<App>, f: impl FnOnce(App) -> Answer) -> Answer {
    match app {
        Some(app) => f(app),
        None => Answer { code: "noApp", kind: None, ack: Ack::Nothing, words: "the process is not there".to_owned() },
    }
}

fn look(app: &App) -> Answer {
    let looked = (|| {
        app.status()?;
        app.views(&ViewFilter::default(), Page::first(20))?;
        app.available(None, None, Some("100000"), Page::first(5))?;
        app.quote(QuoteStorage { storage_id: StorageId::new(1), from: None, until: None })?;
        Ok::<_, storagerent_core::Error>(())
    })();
    Answer::of(looked, |()| Ack::Nothing)
}

fn move_clock(site: &Site, how: TimeMove) {
    match how {
        TimeMove::Forward { seconds } => {
            if seconds >= 24 * 3_600 {
                site.hub(|hub| hub.met.note("clock jumps ahead"));
            }
            site.clock.advance(Duration::from_secs(seconds));
        }
        TimeMove::Back { seconds } => {
            site.hub(|hub| hub.met.note("clock set back"));
            // Never before 2020: the engine's own days have an end, too.
            let back = site.clock.now() - TimeDelta::seconds(seconds);
            if back.timestamp() > 1_577_836_800 {
                site.clock.set(back);
            }
        }
    }
}

fn late_capture(site: &Site, which: u64) {
    if site.bank(|bank| bank.capture_late(which)) {
        site.hub(|hub| hub.met.note("money taken late"));
    }
}

impl Site {
    /// What others do while a call outside is under way: once per step, and not while they are at it.
    pub(in crate::simulation) fn do_meanwhile(self: &Arc<Self>) {
        let Some(meanwhile) = self.hub(|hub| hub.meanwhile.take()) else { return };
        self.hub(|hub| {
            hub.nested = true;
            hub.met.note("others act during a call outside");
        });
        for aside in meanwhile.0 {
            let answer = match aside {
                Aside::Minutes(minutes) => {
                    self.clock.advance(Duration::from_secs(minutes * 60));
                    Answer::ok(Ack::Nothing)
                }
                Aside::Tick(a) => with(self.app(a), |app| Answer::of(app.tick(), |_| Ack::Nothing)),
                Aside::Settle(a) => with(self.app(a), |app| Answer::of(app.settle(), |_| Ack::Nothing)),
                Aside::RunDue(a) => with(self.app(a), |app| Answer::of(app.run_due(), |_| Ack::Nothing)),
                Aside::Reserve(a, caller, command) => {
                    with(self.app(a), |app| Answer::of(app.reserve(&caller, command), |_| Ack::Nothing))
                }
                Aside::LateCapture(which) => {
                    late_capture(self, which);
                    Answer::ok(Ack::Nothing)
                }
            };
            self.hub(|hub| hub.nested_codes.push(answer.code));
        }
    }
}
