//! The log: as pages, as Server-Sent Events, and by request. Customers are shown what happened, and whose it was only if it was theirs.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::sse::{Event as SseEvent, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::{self, Stream};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use storagerent::{CorrelationId, CustomerId, Envelope, EventFilter, Page};
use tokio::time::Instant;
use utoipa::{IntoParams, ToSchema};

use super::Refusals;
use crate::asker::Asker;
use crate::hal::{Collection, json};
use crate::number::Number;
use crate::paging::{Asked, Paging, SIZE_MAX};
use crate::problem::Refusal;
use crate::sent::{Params, PathName};
use crate::shares::Share;
use crate::state::Site;

/// An event, flat: its place in the log, and its own fields.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(value_type = Object)]
pub(crate) struct EventShown(Shown);

/// How much of it.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Shown {
    /// As it is in the log.
    Whole(Box<Envelope>),
    /// Without saying whose it is.
    Veiled(Value),
}

/// Which part of the log.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    /// Of this request.
    #[param(pattern = "^[A-Za-z0-9._-]{1,64}$")]
    correlation: Option<String>,
    /// Events after this sequence.
    #[param(value_type = Option<u64>, maximum = 999999999999999_u64)]
    after: Option<Number<u64>>,
    /// At most so many, 1 to 100; 20 if not given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    size: Option<Number<u32>>,
}

/// What says whose it is, or leads there, by which key the gateway knows their payment, and why it was not taken.
const VEILED: [&str; 8] =
    ["customer", "reservationId", "paymentId", "paymentKey", "correlationId", "causationId", "holdExpiresAt", "reason"];

/// The event as this asker may see it.
fn veiled(event: &Envelope, asker: Option<&CustomerId>) -> EventShown {
    let Some(customer) = asker else { return EventShown(Shown::Whole(Box::new(event.clone()))) };
    let mut shown = serde_json::to_value(event).unwrap_or_default();
    let is_theirs = shown.get("customer").and_then(Value::as_str) == Some(customer.as_str());
    if let (Some(fields), false) = (shown.as_object_mut(), is_theirs) {
        let of_booking = matches!(fields.get("aggregateKind").and_then(Value::as_str), Some("reservation" | "payment"));
        let names = VEILED.into_iter().chain(of_booking.then_some("aggregateId"));
        for name in names {
            if let Some(value) = fields.get_mut(name) {
                *value = Value::Null;
            }
        }
    }
    EventShown(Shown::Veiled(shown))
}

/// The log, in order of sequence: a page of it, or with `Accept: text/event-stream` all that follows, as it happens. A stream that
/// broke off resumes after `Last-Event-ID`.
#[utoipa::path(get, path = "/events", tag = "events", params(Which, ("Last-Event-ID" = Option<u64>, Header, description = "Resumes a stream after this sequence", maximum = 999999999999999_u64)),
    responses((status = 200, content((Collection<EventShown> = "application/hal+json"), (String = "text/event-stream"))), Refusals))]
pub(crate) async fn list(
    State(site): State<Arc<Site>>,
    asker: Asker,
    Params(which): Params<Which>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let wanted = which.correlation.as_deref().map(CorrelationId::new).transpose()?;
    if let (Some(id), Some(_)) = (&wanted, asker.customer()) {
        whole(&site, &asker, id).await?;
    }
    let filter = EventFilter { correlation_id: wanted };
    let resumed = headers.get("last-event-id").map(last_event_id).transpose()?;
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if accepts.contains("text/event-stream") {
        let place = site.stream(&asker.payer)?;
        let after = resumed.unwrap_or_else(|| which.after.map_or(0, |Number(after)| after));
        let head = site.aside(|app| Ok(app.head()?)).await?.get();
        if after > head {
            // It was of another file, or this one was restored: what follows would be missed without a word.
            let field = if resumed.is_some() { "Last-Event-ID" } else { "after" };
            let (en, ko) = (format!("the log ends at {head}"), format!("로그는 {head}번에서 끝납니다"));
            return Err(Refusal::field(field, en, ko));
        }
        return Ok(stream_after(site, filter, after, asker, place).into_response());
    }
    let asked = Asked::of(which.after, which.size)?;
    let page = asked.page();
    let rows = site.read(move |app| Ok(app.events(&filter, page)?)).await?;
    let customer = asker.customer();
    let filters = [("correlation", which.correlation)];
    let shown = asked.collection("events", "/events", &filters, rows, |e| e.sequence.get(), |e| veiled(&e, customer));
    Ok(json(axum::http::StatusCode::OK, &shown))
}

fn last_event_id(id: &axum::http::HeaderValue) -> Result<u64, Refusal> {
    let id = id.to_str().ok().map(str::trim).and_then(|id| id.parse().ok());
    id.filter(|id| *id <= crate::number::MAX.unsigned_abs()).ok_or_else(|| {
        Refusal::field("Last-Event-ID", "the id of an event is a whole number", "이벤트 id는 정수입니다")
    })
}

struct Cursor {
    site: Arc<Site>,
    filter: EventFilter,
    after: u64,
    read: std::collections::VecDeque<Envelope>,
    head: tokio::sync::watch::Receiver<u64>,
    customer: Option<CustomerId>,
    /// When the token's time is over, and with it the stream.
    over: Option<Instant>,
    _place: Share,
}

/// Pages by sequence and holds no snapshot between pages. It goes on for as long as the asker's token is believed.
fn stream_after(
    site: Arc<Site>,
    filter: EventFilter,
    after: u64,
    asker: Asker,
    place: Share,
) -> Sse<impl Stream<Item = Result<SseEvent, Infallible>>> {
    let head = site.feed.follow();
    let left = asker.until.map(|until| (until - site.app.now()).to_std().unwrap_or_default());
    let over = left.and_then(|left| Instant::now().checked_add(left));
    let customer = asker.customer().cloned();
    let cursor = Cursor { site, filter, after, read: Default::default(), head, customer, over, _place: place };
    let events = stream::unfold(cursor, |mut cursor| async move {
        let event = cursor.next().await?;
        let data = serde_json::to_string(&veiled(&event, cursor.customer.as_ref())).unwrap_or_default();
        let told = SseEvent::default().id(event.sequence.to_string()).event(event.event.event_type()).data(data);
        Some((Ok(told), cursor))
    });
    Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

impl Cursor {
    /// The next event, as soon as there is one; `None` when the server goes, the token's time is over, or the file cannot be read:
    /// the client comes back.
    async fn next(&mut self) -> Option<Envelope> {
        let over = self.over;
        let expired = async move {
            match over {
                Some(over) => tokio::time::sleep_until(over).await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(expired);
        loop {
            // Before what is read already: whoever reads slowly would hold the end up, and comes back for the rest.
            if self.site.options.ending.has_come() || over.is_some_and(|over| Instant::now() >= over) {
                return None;
            }
            if let Some(event) = self.read.pop_front() {
                self.after = event.sequence.get();
                return Some(event);
            }
            self.head.borrow_and_update();
            let page = Page { after: self.after, limit: Some(SIZE_MAX) };
            let filter = self.filter.clone();
            self.read = self.site.read(move |app| Ok(app.events(&filter, page)?)).await.ok()?.into();
            if self.read.is_empty() {
                tokio::select! {
                    grown = self.head.changed() => grown.ok()?,
                    () = self.site.options.ending.come() => return None,
                    () = &mut expired => return None,
                }
            }
        }
    }
}

/// All that came of one request: to the manager, and to the customer whose request it was.
#[utoipa::path(get, path = "/correlations/{id}", tag = "events", params(("id" = String, Path, pattern = "^[A-Za-z0-9._-]{1,64}$"), Paging),
    responses((status = 200, body = Collection<EventShown>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn correlation(
    State(site): State<Arc<Site>>,
    asker: Asker,
    PathName(id): PathName,
    Params(paging): Params<Paging>,
) -> Result<Response, Refusal> {
    let asked = Asked::of(paging.after, paging.size)?;
    let none = || Refusal::not_found("request", "요청", "under this correlation id");
    let id = CorrelationId::new(&id).map_err(|_| none())?;
    whole(&site, &asker, &id).await?;
    let (filter, page) = (EventFilter { correlation_id: Some(id.clone()) }, asked.page());
    let rows = site.read(move |app| Ok(app.events(&filter, page)?)).await?;
    let customer = asker.customer();
    let path = format!("/correlations/{id}");
    let shown = asked.collection("events", &path, &[], rows, |e| e.sequence.get(), |e| veiled(&e, customer));
    Ok(json(axum::http::StatusCode::OK, &shown))
}

/// Refuses requests that are none, or somebody else's.
async fn whole(site: &Site, asker: &Asker, id: &CorrelationId) -> Result<(), Refusal> {
    let filter = EventFilter { correlation_id: Some(id.clone()) };
    let first = site.read(move |app| Ok(app.events(&filter, Page::first(SIZE_MAX))?)).await?;
    let is_theirs = |customer: &CustomerId| {
        first.iter().any(|event| {
            let owner = serde_json::to_value(event).ok().and_then(|e| Some(e.get("customer")?.as_str()?.to_owned()));
            owner.as_deref() == Some(customer.as_str())
        })
    };
    let may_see = match asker.customer() {
        None => !first.is_empty(),
        Some(customer) => is_theirs(customer),
    };
    if may_see { Ok(()) } else { Err(Refusal::not_found("request under the correlation id", "상관관계", id)) }
}
