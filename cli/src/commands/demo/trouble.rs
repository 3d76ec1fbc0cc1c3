//! The story's other side: a declined card, a payment service that is down, a lost reply, and messages that wait.

use std::time::Duration;

use storagerent::payment::Behaviour;
use storagerent::{
    BreakerState, Caller, Error, Kind, MessageFilter, Money, Page, PaymentStatus, Per, ReservationError,
    ReservationRow, ReservationStatus, Reserve, StorageId,
};

use super::orders::refusal;
use super::scenes;
use super::stage::{Stage, customer};
use crate::failure::Failure;
use crate::output::words;

pub(super) fn declined(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.step(&scenes::DECLINED)?;
    let storage_id = stage.find(Per::Rental)?;
    stage.gateway.set_behaviour(Behaviour::Decline);
    let refused = stage.app.reserve(&customer("han")?, Reserve::new(storage_id));
    stage.gateway.set_behaviour(Behaviour::Approve);
    refusal(stage, "han", refused.err().map(Error::from), Kind::Declined)?;
    let row = last_of(stage, storage_id)?;
    stage.reservation(row.reservation_status == ReservationStatus::Rejected, &row)?;
    let free = stage.app.available(None, None, None, Page::default())?;
    let is_free = free.iter().any(|free| free.storage.storage_id == storage_id);
    stage.tell(is_free, &format!("storage {storage_id} is free"), &format!("창고 {storage_id}번은 비어 있습니다"))
}

fn last_of(stage: &Stage<'_>, storage_id: StorageId) -> Result<ReservationRow, Failure> {
    let filter = storagerent::ReservationFilter { storage_id: Some(storage_id), ..Default::default() };
    let rows = stage.app.reservations(&filter, Page::default())?;
    Ok(rows.into_iter().next_back().ok_or(ReservationError::StorageNotFound { storage_id })?)
}

pub(super) fn down(stage: &mut Stage<'_>) -> Result<ReservationRow, Failure> {
    stage.step(&scenes::DOWN)?;
    let storage_id = stage.find(Per::Rental)?;
    let settings = stage.app.settings()?;
    let (failures_max, open_seconds) = (settings.breaker_failures, settings.breaker_open_seconds);
    let calls_before = stage.gateway.calls().total();
    stage.gateway.set_behaviour(Behaviour::Down);
    let attempts = failures_max + 3;
    let mut refused = None;
    let mut unavailable = 0;
    for _ in 0..attempts {
        let error = stage.app.reserve(&customer("jung")?, Reserve::new(storage_id)).err().map(Error::from);
        unavailable += u32::from(error.as_ref().is_some_and(|e| e.kind() == Kind::Unavailable));
        refused = error.or(refused);
    }
    let called = stage.gateway.calls().total() - calls_before;
    stage.tell(
        unavailable == attempts && called == u64::from(failures_max),
        &format!(
            "{attempts} attempts, {called} of them reached the service, {} were spared it",
            u64::from(attempts) - called
        ),
        &format!(
            "시도 {attempts}번 중 {called}번만 서비스에 닿고 {}번은 차단기가 막았습니다",
            u64::from(attempts) - called
        ),
    )?;
    refusal(stage, "jung", refused, Kind::Unavailable)?;
    breaker(stage, BreakerState::Open)?;
    let held = last_of(stage, storage_id)?.reservation_status.is_live();
    stage.tell(
        !held,
        &format!("storage {storage_id}: nothing is held"),
        &format!("창고 {storage_id}번: 잡아 둔 예약이 없습니다"),
    )?;
    stage.clock.advance(Duration::from_secs(u64::from(open_seconds)));
    stage.gateway.set_behaviour(Behaviour::Approve);
    breaker(stage, BreakerState::HalfOpen)?;
    let row = stage.app.reserve(&customer("jung")?, Reserve::new(storage_id))?;
    stage.reservation(row.reservation_status == ReservationStatus::Reserved, &row)?;
    breaker(stage, BreakerState::Closed)?;
    Ok(row)
}

fn breaker(stage: &mut Stage<'_>, promised: BreakerState) -> Result<(), Failure> {
    let state = stage.app.breaker_state();
    let word = words::breaker(state, stage.lang).0;
    let time = words::moment(stage.app.now());
    stage.tell(state == promised, &format!("breaker: {word} ({time})"), &format!("회로 차단기: {word} ({time})"))
}

pub(super) fn lost_reply(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.step(&scenes::LOST_REPLY)?;
    let storage_id = stage.find(Per::Rental)?;
    let (captured_before, _) = stage.booked()?;
    stage.gateway.set_behaviour(Behaviour::LostReply);
    let refused = stage.app.reserve(&customer("yoon")?, Reserve::new(storage_id));
    stage.gateway.set_behaviour(Behaviour::Approve);
    refusal(stage, "yoon", refused.err().map(Error::from), Kind::Unavailable)?;
    let held = last_of(stage, storage_id)?;
    let waits = stage.app.payment(held.booking.payment_id)?.payment_status == PaymentStatus::Requested;
    stage.reservation(held.reservation_status == ReservationStatus::ReqReserve && waits, &held)?;
    let settled = stage.app.settle()?;
    let effects = stage.app.run_effects(u32::MAX)?;
    stage.app.run_consumers(u32::MAX)?;
    let (asked, done) = (settled.asked, effects.done);
    stage.tell(
        asked == 1 && done == 1,
        &format!("settle: {asked} asked about, {done} answered"),
        &format!("settle: {asked}건을 물어 {done}건의 답을 받았습니다"),
    )?;
    let row = stage.app.reservation(held.booking.reservation_id)?;
    stage.reservation(row.reservation_status == ReservationStatus::Reserved, &row)?;
    stage.trail(&row.correlation_id)?;
    let taken = stage.booked()?.0 - captured_before;
    let money = Money::krw(taken);
    stage.tell(
        taken == row.booking.price.amount(),
        &format!("the payment service's own books: {money} taken, once"),
        &format!("결제 서비스의 장부: {money} 한 번만 결제"),
    )
}

pub(super) fn messages_paused(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.step(&scenes::MESSAGES_PAUSED)?;
    let manager = Caller::manager();
    stage.app.pause(&manager, "message")?;
    let before = told(stage)?.len();
    let mut expected = Vec::new();
    for name in ["seo", "kwon", "hwang"] {
        let storage_id = stage.find(Per::Rental)?;
        let row = stage.app.reserve(&customer(name)?, Reserve::new(storage_id))?;
        stage.reservation(row.reservation_status == ReservationStatus::Reserved, &row)?;
        expected.push(row.booking.reservation_id);
    }
    let waiting = told(stage)?.len() - before;
    stage.tell(waiting == 0, &format!("paused: {waiting} of 3 told"), &format!("멈춤: 3명 중 {waiting}명에게 알림"))?;
    stage.app.resume(&manager, "message")?;
    stage.app.run_consumers(u32::MAX)?;
    let messages = told(stage)?;
    let caught_up: Vec<_> = messages.iter().skip(before).map(|m| m.reservation_id).collect();
    let n = caught_up.len();
    stage.tell(
        caught_up == expected,
        &format!("resumed: {n} of 3 told, in order"),
        &format!("재개: 3명 중 {n}명에게 순서대로 알림"),
    )?;
    for message in messages.iter().skip(before) {
        stage.tell(
            true,
            &format!("{}: {}", message.customer, message.content),
            &format!("{}: {}", message.customer, message.content),
        )?;
    }
    Ok(())
}

fn told(stage: &Stage<'_>) -> Result<Vec<storagerent::MessageRow>, Failure> {
    Ok(stage.app.messages(&MessageFilter::default(), Page::default())?)
}
