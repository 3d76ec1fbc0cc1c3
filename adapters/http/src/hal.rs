//! Bodies in HAL: a resource with its links, and a page of them.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use storagerent::{Available, MessageRow, PaymentRow, ReservationRow, ReviewRow, StorageRow, StorageViewRow, Version};
use utoipa::ToSchema;

/// Where something is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Link {
    /// The path on this server.
    pub href: String,
}

/// Links by what they lead to; `self` is always there.
pub type Links = BTreeMap<&'static str, Link>;

/// Something that is shown with links.
pub(crate) trait Resource: Serialize {
    /// What a collection of it is called.
    const REL: &'static str;
    /// Its id: pages go on after it.
    fn id(&self) -> u64;
    /// What it is about.
    fn related(&self) -> Vec<(&'static str, String)> {
        Vec::new()
    }
    /// The version a client may hold against it.
    fn version(&self) -> Option<Version> {
        None
    }
}

/// A row with its links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Hal<T> {
    /// The row: the fields of the command line.
    #[serde(flatten)]
    pub row: T,
    /// Where it is, and what it is about.
    #[serde(rename = "_links")]
    #[schema(value_type = BTreeMap<String, Link>)]
    pub links: Links,
}

/// The row with its links.
pub(crate) fn hal<T: Resource>(row: T) -> Hal<T> {
    let href = format!("/{}/{}", T::REL, row.id());
    let about = row.related().into_iter().map(|(rel, href)| (rel, Link { href }));
    let links = about.chain([("self", Link { href })]).collect();
    Hal { row, links }
}

/// How a page lies in its list: rows after an id, at most so many. Give the id of the last row as `after` for the next page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PageInfo {
    /// So many rows at most.
    pub size: u32,
    /// So many rows there are on it.
    pub count: usize,
    /// The id after which it begins.
    pub after: u64,
    /// The id after which the next page begins; `null` on the last.
    pub next_after: Option<u64>,
}

/// A page of rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Collection<T> {
    /// The rows, under the name of their kind.
    #[serde(rename = "_embedded")]
    #[schema(value_type = BTreeMap<String, Vec<T>>)]
    pub embedded: BTreeMap<&'static str, Vec<T>>,
    /// This page, and the next.
    #[serde(rename = "_links")]
    #[schema(value_type = BTreeMap<String, Link>)]
    pub links: Links,
    /// How it lies in the list.
    pub page: PageInfo,
}

/// One row.
pub(crate) fn shown<T: Resource>(row: T) -> Response {
    let version = row.version();
    let mut response = json(StatusCode::OK, &hal(row));
    if let Some(tag) = version.and_then(|version| HeaderValue::from_str(&format!("\"{version}\"")).ok()) {
        response.headers_mut().insert(header::ETAG, tag);
    }
    response
}

/// One row that was made, or, for an outcome that is not known yet, is on its way.
pub(crate) fn created<T: Resource>(status: StatusCode, row: T) -> Response {
    let place = HeaderValue::from_str(&format!("/{}/{}", T::REL, row.id())).ok();
    let mut response = shown(row);
    *response.status_mut() = status;
    if let Some(place) = place {
        response.headers_mut().insert(header::LOCATION, place);
    }
    response
}

/// A body that has no links.
pub(crate) fn plain(status: StatusCode, body: &impl Serialize) -> Response {
    (status, Json(body)).into_response()
}

/// A body in HAL.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let mut response = (status, Json(body)).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/hal+json"));
    response
}

impl Resource for StorageRow {
    const REL: &'static str = "storages";
    fn id(&self) -> u64 {
        self.storage_id.get()
    }
    fn related(&self) -> Vec<(&'static str, String)> {
        vec![("storageview", format!("/storageviews/{}", self.storage_id))]
    }
    fn version(&self) -> Option<Version> {
        Some(self.version)
    }
}

impl Resource for Available {
    const REL: &'static str = "storages";
    fn id(&self) -> u64 {
        self.storage.storage_id.get()
    }
}

impl Resource for ReservationRow {
    const REL: &'static str = "reservations";
    fn id(&self) -> u64 {
        self.booking.reservation_id.get()
    }
    fn related(&self) -> Vec<(&'static str, String)> {
        vec![
            ("storage", format!("/storages/{}", self.booking.storage_id)),
            ("payment", format!("/payments/{}", self.booking.payment_id)),
            ("correlation", format!("/correlations/{}", self.correlation_id)),
        ]
    }
    fn version(&self) -> Option<Version> {
        Some(self.version)
    }
}

impl Resource for PaymentRow {
    const REL: &'static str = "payments";
    fn id(&self) -> u64 {
        self.payment_id.get()
    }
    fn related(&self) -> Vec<(&'static str, String)> {
        vec![("reservation", format!("/reservations/{}", self.reservation_id))]
    }
}

impl Resource for ReviewRow {
    const REL: &'static str = "reviews";
    fn id(&self) -> u64 {
        self.review_id.get()
    }
    fn related(&self) -> Vec<(&'static str, String)> {
        vec![("storage", format!("/storages/{}", self.storage_id))]
    }
}

impl Resource for MessageRow {
    const REL: &'static str = "messages";
    fn id(&self) -> u64 {
        self.message_id.get()
    }
    fn related(&self) -> Vec<(&'static str, String)> {
        vec![("reservation", format!("/reservations/{}", self.reservation_id))]
    }
}

impl Resource for StorageViewRow {
    const REL: &'static str = "storageviews";
    fn id(&self) -> u64 {
        self.storage_id.get()
    }
    fn related(&self) -> Vec<(&'static str, String)> {
        vec![("storage", format!("/storages/{}", self.storage_id))]
    }
}
