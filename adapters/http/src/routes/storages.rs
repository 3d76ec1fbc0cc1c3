//! Storages: registered, changed and deleted by the manager, seen by all.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde::de::IgnoredAny;
use storagerent::{
    Command, Currency, DeleteStorage, Description, ImportStorages, InvalidValue, ModifyStorage, Money, Per, Rate,
    RegisterStorage, StorageId, StorageRow,
};
use utoipa::ToSchema;

use super::{IfMatch, Refusals};
use crate::asker::Asker;
use crate::hal::{Collection, Hal, created, plain, shown};
use crate::number::Number;
use crate::paging::{Asked, Paging};
use crate::problem::Refusal;
use crate::sent::{Object, Params, PathId, Sent};
use crate::state::{Site, through};

/// A storage as a client sends it. What the engine keeps by itself (status, reviews, ids) may be sent along and is not looked at.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(example = json!({ "description": "Gangnam small 3.3 m²", "price": 200_000 }))]
#[expect(dead_code, reason = "what is taken and not looked at")]
pub(crate) struct StorageSent {
    /// What it is called and where it is.
    #[schema(min_length = 1, max_length = 200)]
    description: Option<String>,
    /// In minor units, above 0; a number, or a string of its digits.
    #[schema(schema_with = crate::number::schema)]
    price: Option<Number<i64>>,
    /// KRW if not given; of a storage that is there, its own.
    #[schema(pattern = "^[A-Z]{3}$")]
    currency: Option<String>,
    /// What the price is for: the whole rental if not given.
    per: Option<Per>,
    /// Whether it is withdrawn from new reservations.
    withdrawn: Option<bool>,
    #[schema(ignore)]
    storage_id: Option<IgnoredAny>,
    #[schema(ignore)]
    storage_status: Option<IgnoredAny>,
    #[schema(ignore)]
    review_cnt: Option<IgnoredAny>,
    #[schema(ignore)]
    rating: Option<IgnoredAny>,
    #[schema(ignore)]
    last_action: Option<IgnoredAny>,
    #[serde(rename = "_links")]
    #[schema(ignore)]
    links: Option<IgnoredAny>,
}

/// Many storages at once.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "storages": [
    { "description": "Gangnam small 3.3 m²", "price": 200_000 },
    { "description": "Pangyo large 10 m²", "price": 15_000, "per": "day" },
] }))]
pub(crate) struct ImportSent {
    /// The storages, in the order their ids are given out.
    #[schema(max_items = 1000, value_type = Vec<StorageSent>)]
    storages: Vec<Object<StorageSent>>,
}

fn missing(field: &'static str) -> InvalidValue {
    InvalidValue::new(field, "it is missing", "빠졌습니다")
}

impl StorageSent {
    fn description(&self) -> Result<Option<Description>, InvalidValue> {
        self.description.as_deref().map(Description::new).transpose()
    }

    fn currency(&self) -> Result<Option<Currency>, InvalidValue> {
        let Some(code) = &self.currency else { return Ok(None) };
        Money::parse("0", code).map(|money| Some(money.currency()))
    }

    fn register(self) -> Result<RegisterStorage, InvalidValue> {
        if self.withdrawn == Some(true) {
            let (en, ko) = ("register it first, then withdraw it", "먼저 등록한 뒤 예약 중단으로 바꾸세요");
            return Err(InvalidValue::new("withdrawn", en, ko));
        }
        let description = self.description()?.ok_or_else(|| missing("description"))?;
        let Number(price) = self.price.ok_or_else(|| missing("price"))?;
        let price = Money::new(price, self.currency()?.unwrap_or(Currency::KRW));
        Ok(RegisterStorage { description, rate: Rate::new(price, self.per.unwrap_or_default())? })
    }

    /// What of a storage that is there it changes.
    fn modify(&self, now: &StorageRow) -> Result<ModifyStorage, InvalidValue> {
        let kept = now.rate.price();
        let currency = self.currency()?.unwrap_or(kept.currency());
        // The amount may have been changed since: a currency that stays is no price. Another one is refused.
        let is_priced = self.price.is_some() || currency != kept.currency();
        let price = self.price.map_or(kept.amount(), |Number(price)| price);
        Ok(ModifyStorage {
            description: self.description()?,
            price: is_priced.then(|| Money::new(price, currency)),
            per: self.per,
            withdrawn: self.withdrawn,
            ..ModifyStorage::new(now.storage_id)
        })
    }
}

/// Storages, in order of id.
#[utoipa::path(get, path = "/storages", tag = "storages", params(Paging),
    responses((status = 200, body = Collection<Hal<StorageRow>>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn list(State(site): State<Arc<Site>>, Params(paging): Params<Paging>) -> Result<Response, Refusal> {
    let asked = Asked::of(paging.after, paging.size)?;
    Ok(asked.shown("/storages", &[], site.read(move |app| Ok(app.storages(asked.page())?)).await?))
}

/// Registers a storage.
#[utoipa::path(post, path = "/storages", tag = "storages", request_body = StorageSent,
    responses((status = 201, body = Hal<StorageRow>, content_type = "application/hal+json",
        headers(("Location" = String, description = "Where it is"))), Refusals))]
pub(crate) async fn register(
    State(site): State<Arc<Site>>,
    asker: Asker,
    Sent(sent): Sent<StorageSent>,
) -> Result<Response, Refusal> {
    let command = sent.register()?;
    through(site.begin(), async move {
        let row = site.app.register_async(&asker.caller(), command).await?;
        site.written();
        Ok(created(StatusCode::CREATED, row))
    })
    .await
}

/// Registers many storages in one transaction: all, or none.
#[utoipa::path(post, path = "/storages/import", tag = "storages", request_body = ImportSent,
    responses((status = 201, body = Vec<StorageId>, content_type = "application/json"), Refusals))]
pub(crate) async fn import(
    State(site): State<Arc<Site>>,
    asker: Asker,
    Sent(sent): Sent<ImportSent>,
) -> Result<Response, Refusal> {
    let storages = sent.storages.into_iter().enumerate().map(|(at, Object(sent))| {
        sent.register().map_err(|e| Refusal::field(format!("storages[{at}].{}", e.field), e.reason, e.reason_ko))
    });
    let storages = storages.collect::<Result<_, _>>()?;
    let command = Command::ImportStorages(ImportStorages { storages });
    let ids = site.aside(move |app| Ok(app.execute(&asker.caller(), command)?)).await?;
    site.written();
    Ok(plain(StatusCode::CREATED, &ids))
}

/// A storage.
#[utoipa::path(get, path = "/storages/{id}", tag = "storages", params(("id" = u64, Path)),
    responses((status = 200, body = Hal<StorageRow>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn show(State(site): State<Arc<Site>>, PathId(id): PathId) -> Result<Response, Refusal> {
    Ok(shown(site.app.storage(id.into())?))
}

/// Sets description and price anew, and what else is given. With `If-Match` only if nobody changed it meanwhile.
#[utoipa::path(put, path = "/storages/{id}", tag = "storages", params(("id" = u64, Path), IfMatch), request_body = StorageSent,
    responses((status = 200, body = Hal<StorageRow>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn replace(
    state: State<Arc<Site>>,
    id: PathId,
    asker: Asker,
    Sent(sent): Sent<StorageSent>,
) -> Result<Response, Refusal> {
    if sent.description.is_none() {
        return Err(missing("description").into());
    }
    if sent.price.is_none() {
        return Err(missing("price").into());
    }
    modify(state, id, asker, Sent(sent)).await
}

/// Changes what is given. With `If-Match` only if nobody changed it meanwhile.
#[utoipa::path(patch, path = "/storages/{id}", tag = "storages", params(("id" = u64, Path), IfMatch), request_body = StorageSent,
    responses((status = 200, body = Hal<StorageRow>, content_type = "application/hal+json"), Refusals))]
pub(crate) async fn modify(
    State(site): State<Arc<Site>>,
    PathId(id): PathId,
    asker: Asker,
    Sent(sent): Sent<StorageSent>,
) -> Result<Response, Refusal> {
    // The currency of a storage never changes, so it may be looked up before.
    let command = sent.modify(&site.app.storage(id.into())?)?;
    through(site.begin(), async move {
        let row = site.app.modify_async(&asker.caller(), command).await?;
        site.written();
        Ok(shown(row))
    })
    .await
}

/// Deletes a storage, unless anything is live or to come.
#[utoipa::path(delete, path = "/storages/{id}", tag = "storages", params(("id" = u64, Path), IfMatch),
    responses((status = 204), Refusals))]
pub(crate) async fn delete(
    State(site): State<Arc<Site>>,
    PathId(id): PathId,
    asker: Asker,
) -> Result<Response, Refusal> {
    through(site.begin(), async move {
        site.app.delete_async(&asker.caller(), DeleteStorage { storage_id: id.into() }).await?;
        site.written();
        Ok(StatusCode::NO_CONTENT.into_response())
    })
    .await
}
