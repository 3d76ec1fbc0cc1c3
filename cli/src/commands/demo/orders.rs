//! The story's ordinary side: storages, reservations, a cancellation, reviews, and days going by.

use std::time::{Duration, Instant};

use storagerent::chrono::{Days, NaiveDate};
use storagerent::{
    AddReview, Answer, Caller, CancelReservation, Command, CorrelationId, Error, ImportStorages, Kind, Page,
    PaymentStatus, Per, QuoteStorage, ReservationRow, ReservationStatus, Reserve, ReviewContent, Stars, StorageStatus,
    ViewFilter,
};

use super::stage::{Stage, customer};
use super::{generated, scenes};
use crate::failure::Failure;
use crate::output::words::{self, grouped};

pub(super) fn opening(stage: &mut Stage<'_>) -> Result<(), Failure> {
    stage.step(&scenes::OPENING)?;
    let began = Instant::now();
    let storages = generated::storages(stage.lang)?;
    let manager = Caller::manager().with_correlation_id(CorrelationId::new("opening")?);
    let answer = stage.app.execute(&manager, Command::ImportStorages(ImportStorages { storages }))?;
    let imported = if let Answer::StorageIds(ids) = &answer { ids.len() } else { 0 };
    stage.app.run_consumers(u32::MAX)?;
    let (events, millis) = (stage.log_length()?, began.elapsed().as_millis());
    stage.tell(
        imported == 1_000 && events == 1_000,
        &format!("{} storages imported in {millis} ms, {} events", grouped(imported as u64), grouped(events)),
        &format!("{millis}ms 만에 창고 {}개, 이벤트 {}건", grouped(imported as u64), grouped(events)),
    )?;
    let views = stage.app.views(&ViewFilter::default(), Page::default())?;
    let (first, last) = (views.first(), views.last());
    let named =
        |view: Option<&storagerent::StorageViewRow>| view.map_or_else(String::new, |v| v.description.to_string());
    let n = grouped(views.len() as u64);
    stage.tell(
        views.len() == 1_000,
        &format!("the view has {n} rows, from \"{}\" to \"{}\"", named(first), named(last)),
        &format!("뷰에 {n}행: \"{}\"부터 \"{}\"까지", named(first), named(last)),
    )
}

pub(super) fn kim_reserves(stage: &mut Stage<'_>) -> Result<ReservationRow, Failure> {
    stage.step(&scenes::KIM_RESERVES)?;
    let storage_id = stage.find(Per::Rental)?;
    let row = stage.app.reserve(&customer("kim")?, Reserve::new(storage_id))?;
    let paid = stage.app.payment(row.booking.payment_id)?.payment_status == PaymentStatus::Paid;
    stage.reservation(row.reservation_status == ReservationStatus::Reserved && paid, &row)?;
    let names = stage.trail(&row.correlation_id)?;
    let occupied = stage.app.storage(storage_id)?.storage_status == StorageStatus::Reserved;
    let told = messages_of(stage, &row)?;
    let words = told.first().cloned().unwrap_or_default();
    let as_promised = occupied && told.len() == 1 && names.contains(&"StorageReserved");
    stage.tell(as_promised, &format!("kim was told: {words}"), &format!("kim에게 알림: {words}"))?;
    Ok(row)
}

/// What the customer of a reservation was told of it.
fn messages_of(stage: &Stage<'_>, row: &ReservationRow) -> Result<Vec<String>, Failure> {
    let filter = storagerent::MessageFilter { customer: Some(row.booking.customer.clone()) };
    let messages = stage.app.messages(&filter, Page::default())?;
    let of_it = messages.into_iter().filter(|m| m.reservation_id == row.booking.reservation_id);
    Ok(of_it.map(|m| m.content).collect())
}

pub(super) fn lee_is_refused(stage: &mut Stage<'_>, kim: &ReservationRow) -> Result<(), Failure> {
    stage.step(&scenes::LEE_IS_REFUSED)?;
    let before = stage.log_length()?;
    let refused = stage.app.reserve(&customer("lee")?, Reserve::new(kim.booking.storage_id));
    refusal(stage, "lee", refused.err().map(Error::from), Kind::Conflict)?;
    let written = stage.log_length()? - before;
    stage.tell(written == 0, &format!("events written: {written}"), &format!("기록된 이벤트: {written}건"))
}

/// Tells a refusal that was to come, or that it did not come.
pub(super) fn refusal(stage: &mut Stage<'_>, who: &str, error: Option<Error>, kind: Kind) -> Result<(), Failure> {
    match error {
        Some(error) => stage.refused(error.kind() == kind, who, &error),
        None => stage.tell(false, &format!("{who} was not refused"), &format!("{who}: 거절되지 않았습니다")),
    }
}

pub(super) fn park_books_days(stage: &mut Stage<'_>) -> Result<ReservationRow, Failure> {
    stage.step(&scenes::PARK_BOOKS)?;
    let storage_id = stage.find(Per::Month)?;
    let today = stage.app.status()?.today;
    let (from, until) = (after(today, 10), after(today, 50));
    let quote = stage.app.quote(QuoteStorage { storage_id, from: Some(from), until: Some(until) })?;
    let (span, total, months) = (words::span(&quote.period), quote.total, quote.months.unwrap_or(0));
    let part = quote.part_month.map_or_else(|| "0".to_owned(), |part| format!("{}/{}", part.days, part.of));
    stage.tell(
        quote.months.is_some(),
        &format!("quote: {span}, {months} month + {part} = {total}"),
        &format!("견적: {span}, {months}개월 + {part} = {total}"),
    )?;
    let dated = Reserve::new(storage_id).from(from).until(until);
    let row = stage.app.reserve(&customer("park")?, dated.at_price(total.amount()))?;
    let free_until_then = stage.app.storage(storage_id)?.storage_status == StorageStatus::Available;
    stage.reservation(row.reservation_status == ReservationStatus::Reserved && free_until_then, &row)?;
    let overlapping =
        stage.app.reserve(&customer("choi")?, Reserve::new(storage_id).from(after(until, 0) - Days::new(1)));
    refusal(stage, "choi", overlapping.err().map(Error::from), Kind::Conflict)?;
    let next = stage.app.reserve(&customer("choi")?, Reserve::new(storage_id).from(until))?;
    stage.reservation(next.reservation_status == ReservationStatus::Reserved, &next)?;
    Ok(row)
}

fn after(day: NaiveDate, days: u64) -> NaiveDate {
    day.checked_add_days(Days::new(days)).unwrap_or(day)
}

pub(super) fn kim_cancels(stage: &mut Stage<'_>, kim: &ReservationRow) -> Result<(), Failure> {
    stage.step(&scenes::KIM_CANCELS)?;
    let reservation_id = kim.booking.reservation_id;
    let request = CorrelationId::new("kim-cancels")?;
    let caller = customer("kim")?.with_correlation_id(request.clone());
    let (_, refunded_before) = stage.booked()?;
    let accepted = stage.app.cancel(&caller, CancelReservation { reservation_id })?;
    stage.reservation(accepted.reservation_status == ReservationStatus::ReqCancel, &accepted)?;
    stage.app.run_due()?;
    let cancelled = stage.app.reservation(reservation_id)?;
    stage.reservation(cancelled.reservation_status == ReservationStatus::Cancelled, &cancelled)?;
    stage.trail(&request)?;
    let refunded = stage.booked()?.1 - refunded_before;
    let amount = storagerent::Money::krw(refunded);
    stage.tell(
        refunded == kim.booking.price.amount(),
        &format!("the payment service's own books: {amount} given back"),
        &format!("결제 서비스의 장부: {amount} 환불"),
    )
}

pub(super) fn reviews(stage: &mut Stage<'_>, jung: &ReservationRow, park: &ReservationRow) -> Result<(), Failure> {
    stage.step(&scenes::REVIEWS)?;
    let content = ReviewContent::new(
        stage.lang.pick("Dry, clean, and the lift works.", "건조하고 깨끗해요. 승강기도 잘 됩니다."),
    )?;
    let review = |of: &ReservationRow| -> Result<AddReview, Failure> {
        let reservation_id = of.booking.reservation_id;
        Ok(AddReview { reservation_id, rate: Stars::new(5)?, content: content.clone() })
    };
    let row = stage.app.add_review(&customer("jung")?, review(jung)?)?;
    let storage = stage.app.storage(jung.booking.storage_id)?;
    let rating = storage.rating.map_or_else(|| "-".to_owned(), |rating| rating.to_string());
    stage.tell(
        storage.review_cnt == 1,
        &format!("review {} of storage {}: \"{}\", rated {rating}", row.review_id, row.storage_id, row.content),
        &format!("후기 {}번, 창고 {}번: \"{}\", 평점 {rating}", row.review_id, row.storage_id, row.content),
    )?;
    let twice = stage.app.add_review(&customer("jung")?, review(jung)?);
    refusal(stage, "jung", twice.err().map(Error::from), Kind::Conflict)?;
    let early = stage.app.add_review(&customer("park")?, review(park)?);
    refusal(stage, "park", early.err().map(Error::from), Kind::Conflict)?;
    let foreign = stage.app.add_review(&customer("lee")?, review(jung)?);
    refusal(stage, "lee", foreign.err().map(Error::from), Kind::NotAllowed)
}

pub(super) fn days_go_by(stage: &mut Stage<'_>, park: &ReservationRow) -> Result<(), Failure> {
    stage.step(&scenes::DAYS_GO_BY)?;
    let id = park.booking.reservation_id;
    for (days, promised) in [(10, ReservationStatus::Reserved), (40, ReservationStatus::Completed)] {
        stage.clock.advance(Duration::from_secs(days * 24 * 60 * 60));
        let ran = stage.app.run_due()?;
        let today = stage.app.status()?.today;
        let (row, storage) = (stage.app.reservation(id)?, stage.app.storage(park.booking.storage_id)?);
        let status = words::reservation(row.reservation_status, stage.lang).0;
        let occupied = storage.storage_status == StorageStatus::Reserved;
        let (started, ended) = (ran.ticked.started, ran.ticked.ended);
        let of_storage = words::storage(storage.storage_status, stage.lang).0;
        stage.tell(
            row.reservation_status == promised && occupied,
            &format!("{today}: {started} started, {ended} ended; park's is {status}, the storage {of_storage}"),
            &format!("{today}: 시작 {started}건, 종료 {ended}건. park의 예약은 {status}, 창고는 {of_storage}"),
        )?;
    }
    Ok(())
}
