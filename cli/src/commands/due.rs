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
        remark_under_way(site)
    })
}

/// Says how many charges are still open: who has called for one, and may be waiting for its answer, is not overtaken.
fn remark_under_way(site: &Site) -> Result<(), Failure> {
    let open = site.app.backlog()?.into_iter().filter(|kind| kind.kind == "charge").map(|kind| kind.open).sum::<u64>();
    if open > 0 && site.elsewhere.is_none() {
        site.out.remark(&site.out.lang().pick(
            format!("charges still open: {open}; one that a process may be waiting for is asked about once its time is over: try again in a minute"),
            format!("아직 열린 결제 {open}건: 다른 프로세스가 기다리고 있을 수 있는 결제는 시간이 지난 뒤에 확인합니다. 1분 뒤 다시 시도하세요"),
        ));
    }
    Ok(())
}
