//! The stage the story is told on: numbered steps, what was expected of each, and the trail of events it left.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Instant;

use serde::Serialize;
use storagerent::clock::ManualClock;
use storagerent::payment::SimulatedGateway;
use storagerent::{
    App, Caller, CorrelationId, Currency, CustomerId, Envelope, Error, EventFilter, Lang, Money, Page, Per,
    ReservationRow, Sequence, StorageId, StorageViewRow, Verified, explain,
};

use super::scenes::{self, Scene};
use crate::failure::Failure;
use crate::output::{self, Output, Tone, safe, words};

/// The story and what it is played with.
pub(super) struct Stage<'a> {
    pub(super) app: &'a App,
    pub(super) clock: &'a ManualClock,
    pub(super) gateway: &'a SimulatedGateway,
    pub(super) lang: Lang,
    out: &'a Output,
    step: Step,
    /// The steps before, if they are told at the end.
    steps: Vec<Step>,
    came_true: bool,
    /// The storages the story is about, for the board.
    cast: Vec<StorageId>,
}

/// One step, as JSON tells it.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Step {
    step: u32,
    title: String,
    why: String,
    /// Whether all came about as the story promises.
    ok: bool,
    lines: Vec<String>,
    /// What it left in the log, where it shows a trail.
    events: Vec<Envelope>,
}

/// The whole story, as JSON tells it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Story<'a> {
    steps: &'a [Step],
    board: &'a [StorageViewRow],
    verified: &'a Verified,
    ok: bool,
    elapsed_ms: u128,
}

impl<'a> Stage<'a> {
    pub(super) fn new(app: &'a App, clock: &'a ManualClock, gateway: &'a SimulatedGateway, out: &'a Output) -> Self {
        let step = Step::default();
        let (steps, cast) = (Vec::new(), Vec::new());
        Stage { app, clock, gateway, lang: out.lang(), out, step, steps, came_true: true, cast }
    }

    pub(super) fn opening(&self, path: &Path, kept: bool) -> Result<(), Failure> {
        if self.out.is_json() {
            return Ok(());
        }
        let name = self.out.paint(Tone::Strong, "storagerent 창고대여");
        let path = path.display().to_string();
        let file =
            if kept { path } else { self.lang.pick(format!("{path} (temporary)"), format!("{path} (임시 파일)")) };
        output::data(&format!("{name}  {}\n", self.out.paint(Tone::Faint, &safe::line(&file))))
    }

    /// Begins a step; the one before is over.
    pub(super) fn step(&mut self, scene: &Scene) -> Result<(), Failure> {
        let (title, why) = (scene.title(self.lang).to_owned(), scene.why(self.lang).to_owned());
        let next = Step { step: self.step.step + 1, title, why, ok: true, ..Step::default() };
        self.close(next);
        if self.out.is_json() {
            return Ok(());
        }
        let (number, title) = (self.step.step, self.out.paint(Tone::Strong, &self.step.title));
        let by_hand = self.out.paint(Tone::Faint, &format!("$ storagerent {}", scene.by_hand));
        output::data(&format!("\n{number:>2}  {title}\n    {}\n    {by_hand}\n", self.step.why))
    }

    /// Ends the step that is being told.
    fn close(&mut self, next: Step) {
        let told = std::mem::replace(&mut self.step, next);
        if told.step > 0 && self.out.is_json() {
            self.steps.push(told);
        }
    }

    /// Tells what came about, and holds it against what was promised.
    pub(super) fn tell(&mut self, as_promised: bool, en: &str, ko: &str) -> Result<(), Failure> {
        let line = self.lang.pick(en, ko);
        self.step.lines.push(line.to_owned());
        self.step.ok &= as_promised;
        self.came_true &= as_promised;
        if self.out.is_json() {
            return Ok(());
        }
        let mark = if as_promised { self.out.paint(Tone::Good, "✓") } else { self.out.paint(Tone::Bad, "✗") };
        output::data(&format!("    {mark} {}\n", safe::line(line)))
    }

    /// Tells a refusal in the engine's own words.
    pub(super) fn refused(&mut self, as_promised: bool, who: &str, error: &Error) -> Result<(), Failure> {
        let line = format!("{who}: {}", explain(error, self.lang).message);
        self.tell(as_promised, &line, &line)
    }

    /// Tells a reservation as it is.
    pub(super) fn reservation(&mut self, as_promised: bool, row: &ReservationRow) -> Result<(), Failure> {
        let booking = &row.booking;
        let status = words::reservation(row.reservation_status, self.lang).0;
        let (id, storage) = (booking.reservation_id, booking.storage_id);
        let (customer, span, price) = (&booking.customer, words::span(&booking.period), booking.price);
        self.tell(
            as_promised,
            &format!("reservation {id} of storage {storage} for {customer}, {span}, {price}: {status}"),
            &format!("예약 {id}번, 창고 {storage}번, {customer}, {span}, {price}: {status}"),
        )
    }

    /// Shows all events of a request, each under the one that caused it.
    pub(super) fn trail(&mut self, correlation_id: &CorrelationId) -> Result<Vec<&'static str>, Failure> {
        let filter = EventFilter { correlation_id: Some(correlation_id.clone()) };
        let events = self.app.events(&filter, Page::default())?;
        if !self.out.is_json() {
            let id = correlation_id.as_str();
            let head = self.lang.pick(format!("events of request {id}"), format!("요청 {id}의 이벤트"));
            let head = self.out.paint(Tone::Faint, &head);
            let mut depths: BTreeMap<Sequence, usize> = BTreeMap::new();
            let mut text = format!("      {head}\n");
            for event in &events {
                let depth = event.causation_id.and_then(|cause| depths.get(&cause)).map_or(0, |depth| depth + 1);
                depths.insert(event.sequence, depth);
                text.push_str(&self.trail_line(event, depth));
            }
            output::data(&text)?;
        }
        let names = events.iter().map(|event| event.event.event_type()).collect();
        self.step.events.extend(events);
        Ok(names)
    }

    fn trail_line(&self, event: &Envelope, depth: usize) -> String {
        let name = words::event(event.event.event_type(), self.lang);
        let branch = if depth == 0 { String::new() } else { format!("{}└ ", "  ".repeat(depth - 1)) };
        let shown = format!("{branch}{name}");
        match event.causation_id {
            None => format!("      {:>5}  {shown}\n", event.sequence),
            Some(cause) => {
                let cause = self.out.paint(Tone::Faint, &format!("← {cause}"));
                format!("      {:>5}  {}{cause}\n", event.sequence, words::padded(&shown, &shown, 36))
            }
        }
    }

    /// The first free storage priced so, from today on and open-ended, or by the day for a day; it joins the cast.
    pub(super) fn find(&mut self, per: Per) -> Result<StorageId, Failure> {
        let today = self.app.status()?.today;
        let until = if per == Per::Day { today.succ_opt() } else { None };
        let free = self.app.available(None, until, None, Page::default())?;
        let found =
            free.iter().map(|free| &free.storage).find(|s| s.rate.per() == per && !self.cast.contains(&s.storage_id));
        let id =
            found.map(|s| s.storage_id).ok_or(storagerent::StorageError::NotFound { storage_id: StorageId::new(0) })?;
        self.cast.push(id);
        Ok(id)
    }

    /// How many events there are.
    pub(super) fn log_length(&self) -> Result<u64, Failure> {
        Ok(self.app.status()?.events.get())
    }

    /// What the payment service itself says it took and gave back, in won.
    pub(super) fn booked(&self) -> Result<(i64, i64), Failure> {
        let entries = self.gateway.try_entries()?;
        let sum = |money: fn(&(storagerent::Key, Money, Money)) -> Money| {
            entries.iter().map(money).filter(|m| m.currency() == Currency::KRW).map(Money::amount).sum()
        };
        Ok((sum(|entry| entry.1), sum(|entry| entry.2)))
    }

    /// The board, the last look at everything, and the end.
    pub(super) fn board(&mut self, began: Instant, kept: Option<&Path>) -> Result<(), Failure> {
        self.step(&scenes::BOARD)?;
        self.app.run_due()?;
        let rows = self.cast.iter().map(|id| self.app.view(*id)).collect::<Result<Vec<_>, _>>()?;
        if !self.out.is_json() {
            output::data(&format!("\n{}\n", self.out.table(&rows)))?;
        }
        let verified = self.app.verify()?;
        let (captured, refunded) = self.booked()?;
        let standing = self.paid()?;
        let (events, checked) = (words::grouped(verified.events), words::grouped(verified.rows));
        self.tell(
            verified.ok,
            &format!("verify: {events} events and {checked} rows, {} findings", verified.findings.len()),
            &format!("검증: 이벤트 {events}건, {checked}행, 문제 {}건", verified.findings.len()),
        )?;
        let (left, paid) = (Money::krw(captured - refunded), Money::krw(standing));
        self.tell(
            left == paid,
            &format!("the payment service keeps {left}, and paid reservations cost {paid}"),
            &format!("결제 서비스에 남은 돈 {left}, 결제된 예약의 합계 {paid}"),
        )?;
        let elapsed = began.elapsed();
        let seconds = elapsed.as_secs_f64();
        self.tell(true, &format!("all of this took {seconds:.1} s"), &format!("전체 {seconds:.1}초 걸렸습니다"))?;
        self.close(Step::default());
        let ok = self.came_true;
        if self.out.is_json() {
            let (steps, elapsed_ms) = (&self.steps, elapsed.as_millis());
            self.out.json(&Story { steps, board: &rows, verified: &verified, ok, elapsed_ms })?;
        } else {
            let file = kept.map_or_else(|| "FILE".to_owned(), |path| path.display().to_string());
            let (look, keep) = (format!("storagerent --db {file} view"), format!("storagerent --db {file} demo"));
            let next = match kept {
                Some(_) => self.lang.pick(format!("look around: {look}"), format!("둘러보기: {look}")),
                None => self.lang.pick(format!("to keep the file: {keep}"), format!("파일을 남기려면: {keep}")),
            };
            output::data(&format!("\n    {}\n", self.out.paint(Tone::Faint, &safe::line(&next))))?;
        }
        if ok { Ok(()) } else { Err(Failure::Found) }
    }

    /// What all paid payments come to.
    fn paid(&self) -> Result<i64, Failure> {
        let payments = self.app.payments(Page::default())?;
        let paid = payments.iter().filter(|p| p.payment_status == storagerent::PaymentStatus::Paid);
        Ok(paid.map(|p| p.price.amount()).sum())
    }
}

/// A customer of the story, and the request they make.
pub(super) fn customer(name: &str) -> Result<Caller, Failure> {
    Ok(Caller::customer(CustomerId::new(name)?))
}
