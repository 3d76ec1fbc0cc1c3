//! `tick`, `settle` and `run-due`: what is due, done on demand.

use serde::Serialize;
use storagerent::{Caller, EffectsDone, Lang, Settled};

use crate::cli::Globals;
use crate::failure::Failure;
use crate::output::{Field, Fields, Shown};
use crate::site::Site;

pub(super) fn tick(globals: &Globals) -> Result<(), Failure> {
    Site::ticking(globals, |site| site.out.show(&site.app.tick()?))
}

pub(super) fn run_due(globals: &Globals) -> Result<(), Failure> {
    Site::ticking(globals, |site| {
        // Whoever asks by hand means now, not when the next try is due.
        site.app.hurry(&Caller::manager())?;
        site.out.show(&site.app.run_due()?)?;
        site.remark_elsewhere();
        Ok(())
    })
}

/// What settling came to, the payment service's answers included.
#[derive(Serialize)]
struct SettledNow {
    #[serde(flatten)]
    settled: Settled,
    effects: EffectsDone,
}

impl Shown for SettledNow {
    fn fields(&self, lang: Lang) -> Vec<Field> {
        Fields::new(lang)
            .number("charges asked about", "확인한 결제", self.settled.asked)
            .number("effects done", "처리한 효과", self.effects.done)
            .number("effects failed", "실패한 효과", self.effects.failed)
            .done()
    }
}

pub(super) fn settle(globals: &Globals) -> Result<(), Failure> {
    Site::writing(globals, |site| {
        site.app.hurry(&Caller::manager())?;
        let settled = site.app.settle()?;
        // What was written down is asked at once, so that the next look at it knows.
        let effects = site.app.run_effects(u32::MAX)?;
        site.catch_up();
        site.out.show(&SettledNow { settled, effects })?;
        site.remark_elsewhere();
        Ok(())
    })
}
