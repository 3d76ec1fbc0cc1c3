//! Pages by key: rows after an id, which stays fast however many there are.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use storagerent::Page;
use utoipa::{IntoParams, ToSchema};

use crate::hal::{Collection, Link, PageInfo, Resource, hal, json};
use crate::number::Number;
use crate::problem::Refusal;

/// So many rows a page has, unless another number is asked for.
const SIZE: u32 = 20;
/// So many it has at most.
pub const SIZE_MAX: u32 = 100;

/// Which page.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Paging {
    /// Rows with ids above this one; 0, the first page, if not given.
    #[param(value_type = Option<u64>, maximum = 999999999999999_u64)]
    pub(crate) after: Option<Number<u64>>,
    /// At most so many rows, 1 to 100; 20 if not given.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100)]
    pub(crate) size: Option<Number<u32>>,
}

/// A page that was asked for, checked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    after: u64,
    size: u32,
}

impl Asked {
    pub(crate) fn of(after: Option<Number<u64>>, size: Option<Number<u32>>) -> Result<Self, Refusal> {
        let size = size.map_or(SIZE, |Number(size)| size);
        if !(1..=SIZE_MAX).contains(&size) {
            return Err(Refusal::field("size", "a page has 1 to 100 rows", "한 페이지는 1~100행입니다"));
        }
        Ok(Asked { after: after.map_or(0, |Number(after)| after), size })
    }

    /// What to read: one row more than is shown, which tells whether there is a next page.
    pub(crate) fn page(self) -> Page {
        Page { after: self.after, limit: Some(self.size + 1) }
    }

    /// Shows a page. `path` and `filters` lead back to it.
    pub(crate) fn shown<T: Resource + Serialize + ToSchema>(
        self,
        path: &str,
        filters: &[(&str, Option<String>)],
        rows: Vec<T>,
    ) -> Response {
        json(StatusCode::OK, &self.collection(T::REL, path, filters, rows, Resource::id, hal))
    }

    /// The same of whatever has ids.
    pub(crate) fn collection<R, T>(
        self,
        rel: &'static str,
        path: &str,
        filters: &[(&str, Option<String>)],
        mut rows: Vec<R>,
        id: impl Fn(&R) -> u64,
        show: impl Fn(R) -> T,
    ) -> Collection<T> {
        let has_more = rows.len() > self.size as usize;
        rows.truncate(self.size as usize);
        let next_after = rows.last().map(id).filter(|_| has_more);
        let at = |after: u64| {
            let mut query = form_urlencoded::Serializer::new(String::new());
            for (name, value) in filters {
                if let Some(value) = value {
                    query.append_pair(name, value);
                }
            }
            query.append_pair("after", &after.to_string()).append_pair("size", &self.size.to_string());
            Link { href: format!("{path}?{}", query.finish()) }
        };
        let next = next_after.map(|after| ("next", at(after)));
        let links = BTreeMap::from_iter([("self", at(self.after)), ("first", at(0))].into_iter().chain(next));
        let page = PageInfo { size: self.size, count: rows.len(), after: self.after, next_after };
        Collection { embedded: BTreeMap::from([(rel, rows.into_iter().map(show).collect())]), links, page }
    }
}
