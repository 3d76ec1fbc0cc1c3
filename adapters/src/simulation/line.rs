//! The lines of the processes to the bank: where they may die, what the weather does, and who acts meanwhile.

use std::sync::Arc;
use std::time::Duration;

use storagerent_core::effect::{Charge, Outcome};
use storagerent_core::ports::{Clock, PaymentGateway};

use super::bank::Ask;
use super::faults::{AfterMood, ChargeMood};
use super::site::Site;

/// The line of one process to the bank.
pub(super) struct Line {
    app: usize,
    site: Arc<Site>,
}

impl Line {
    pub(super) fn new(app: usize, site: &Arc<Site>) -> Self {
        Line { app, site: Arc::clone(site) }
    }

    fn call(&self, ask: Ask, charge: &Charge, deadline: Duration) -> Outcome {
        self.site.port(self.app, "crash before a call of the gateway");
        let again = self.site.was_tried(ask, charge);
        self.site.call_begins(self.app, ask, charge);
        self.site.do_meanwhile();
        let outcome = self.site.at_the_bank(ask, charge, deadline);
        self.site.call_over(ask, charge);
        self.site.breaker_told(self.app, ask, again, &outcome);
        self.site.port(self.app, "crash after a call of the gateway");
        outcome
    }
}

impl PaymentGateway for Line {
    fn charge(&self, charge: &Charge, deadline: Duration) -> Outcome {
        self.call(Ask::Charge, charge, deadline)
    }

    fn void(&self, charge: &Charge, deadline: Duration) -> Outcome {
        self.call(Ask::Void, charge, deadline)
    }

    fn refund(&self, charge: &Charge, deadline: Duration) -> Outcome {
        self.call(Ask::Refund, charge, deadline)
    }
}

impl Site {
    /// A call of the gateway begins: the breaker must let it, and nobody may have made it before.
    pub(super) fn call_begins(&self, app: usize, ask: Ask, charge: &Charge) {
        self.breaker_acquired(app);
        self.call_arrives(ask, charge, true);
    }

    pub(super) fn breaker_acquired(&self, app: usize) {
        let elapsed = self.elapsed();
        let refused = self.hub(|hub| {
            let config = hub.settings.breaker();
            hub.breakers[app].begins(config, elapsed)
        });
        if let Err(why) = refused {
            self.flag(14, || format!("process {app} calls the gateway though {why}"));
        }
    }

    /// The bank is called; `leased` unless it is a host that may have taken its time.
    pub(super) fn call_arrives(&self, ask: Ask, charge: &Charge, leased: bool) {
        let now = self.clock.now();
        if let Some(objection) = self.bank(|bank| bank.object(ask, charge, now, leased)) {
            self.flag(4, || objection);
        }
    }

    pub(super) fn call_over(&self, ask: Ask, charge: &Charge) {
        self.bank(|bank| bank.over(ask, charge));
    }

    /// What came of a call, which may have been tried in vain before.
    pub(super) fn breaker_told(&self, app: usize, ask: Ask, again: bool, outcome: &Outcome) {
        let elapsed = self.elapsed();
        let no_answer = matches!(outcome, Outcome::Unknown { .. } | Outcome::Unavailable { .. })
            || (ask == Ask::Charge && matches!(outcome, Outcome::NotTaken { .. }));
        self.hub(|hub| {
            let config = hub.settings.breaker();
            hub.breakers[app].ends(config, elapsed, !no_answer, again);
        });
    }

    /// What the bank does about it, in the present weather.
    pub(super) fn at_the_bank(&self, ask: Ask, charge: &Charge, deadline: Duration) -> Outcome {
        let (charge_mood, after_mood) = self.hub(|hub| {
            if !hub.faults_on {
                return Default::default();
            }
            let weather = hub.weather;
            let moods = match ask {
                Ask::Charge => (hub.step.charge.take().unwrap_or(weather.charge), AfterMood::Answers),
                Ask::Void | Ask::Refund => (ChargeMood::Approves, hub.step.after.take().unwrap_or(weather.after)),
            };
            for name in [charge_mood_name(moods.0), after_mood_name(moods.1)].into_iter().flatten() {
                hub.met.note(name);
            }
            moods
        });
        if charge_mood == ChargeMood::Slow {
            self.clock.advance(deadline * 3);
        }
        self.bank(|bank| match ask {
            Ask::Charge => bank.charge(charge, charge_mood),
            Ask::Void => bank.void(charge, after_mood),
            Ask::Refund => bank.refund(charge, after_mood),
        })
    }
}

fn charge_mood_name(mood: ChargeMood) -> Option<&'static str> {
    match mood {
        ChargeMood::Approves => None,
        ChargeMood::Declines => Some("gateway declines"),
        ChargeMood::Down => Some("gateway down"),
        ChargeMood::ReplyLost => Some("gateway takes the money, its reply is lost"),
        ChargeMood::DeclineLost => Some("gateway declines, its reply is lost"),
        ChargeMood::Late => Some("gateway takes the money later"),
        ChargeMood::Slow => Some("gateway slow"),
    }
}

fn after_mood_name(mood: AfterMood) -> Option<&'static str> {
    match mood {
        AfterMood::Answers => None,
        AfterMood::Down => Some("gateway down for voids and refunds"),
        AfterMood::ReplyLost => Some("reply of a void or refund lost"),
        AfterMood::Refuses => Some("void or refund refused for good"),
    }
}
