//! The OpenAPI document: made from the very routes that answer.

use axum::http::StatusCode;
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::Type;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Header, Object, OpenApi as Described, RefOr};
use utoipa::{Modify, OpenApi};

/// What the document says beside the routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "storagerent",
        description = "A reservation engine for rented storage space: reserve and pay in one step. Money in minor units, days half-open.",
        license(name = "MIT OR Apache-2.0")
    ),
    modifiers(&Bearer),
    security(("bearer" = []))
)]
pub(crate) struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = Http::builder().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

/// What a generator of clients asks for and the routes do not say: a name of its own for each operation, words for each answer, and
/// where a version may be held against something, that it is shown.
pub(crate) fn complete(document: &mut Described) {
    for path in document.paths.paths.values_mut() {
        let operations = [&mut path.get, &mut path.put, &mut path.post, &mut path.patch, &mut path.delete];
        let mut operations: Vec<_> = operations.into_iter().flatten().collect();
        let is_version = |given: &RefOr<Parameter>| matches!(given, RefOr::T(p) if p.name == "If-Match");
        let has_version = operations.iter().any(|o| o.parameters.iter().flatten().any(is_version));
        for operation in &mut operations {
            complete_operation(operation);
            if has_version && let Some(RefOr::T(shown)) = operation.responses.responses.get_mut("200") {
                let mut tag = Header::new(Object::with_type(Type::String));
                tag.description = Some("Its version, for `If-Match` and `If-None-Match`".to_owned());
                shown.headers.insert("ETag".to_owned(), RefOr::T(tag));
            }
        }
    }
}

fn complete_operation(operation: &mut Operation) {
    let tag = operation.tags.iter().flatten().next();
    if let (Some(name), Some(tag)) = (&operation.operation_id, tag) {
        operation.operation_id = Some(format!("{tag}_{name}"));
    }
    for (status, response) in &mut operation.responses.responses {
        if let RefOr::T(response) = response
            && response.description.is_empty()
        {
            let words = status.parse::<StatusCode>().ok().and_then(|status| status.canonical_reason());
            response.description = words.unwrap_or("Answered").to_owned();
        }
    }
}
