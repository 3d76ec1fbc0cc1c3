//! Who may call what: one table. What is not in it is refused.

use axum::http::Method;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Anybody, without a token.
    Anybody,
    /// Whoever shows a token; customers see and change only their own.
    Both,
    /// The manager.
    Manager,
    /// Customers: what only an author can do.
    Customer,
}

/// One route and who may call it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// The method.
    pub method: &'static str,
    /// The path, as the router knows it.
    pub path: &'static str,
    /// Who may.
    pub who: Who,
}

const fn rule(method: &'static str, path: &'static str, who: Who) -> Rule {
    Rule { method, path, who }
}

/// Every route there is. A test holds router, table and OpenAPI document together.
pub const TABLE: &[Rule] = &[
    rule("GET", "/livez", Who::Anybody),
    rule("GET", "/readyz", Who::Anybody),
    rule("GET", "/actuator/health", Who::Anybody),
    rule("GET", "/metrics", Who::Manager),
    rule("GET", "/storages", Who::Both),
    rule("POST", "/storages", Who::Manager),
    rule("POST", "/storages/import", Who::Manager),
    rule("GET", "/storages/{id}", Who::Both),
    rule("PUT", "/storages/{id}", Who::Manager),
    rule("PATCH", "/storages/{id}", Who::Manager),
    rule("DELETE", "/storages/{id}", Who::Manager),
    rule("GET", "/reservations", Who::Both),
    rule("POST", "/reservations", Who::Both),
    rule("GET", "/reservations/{id}", Who::Both),
    rule("PATCH", "/reservations/{id}", Who::Both),
    rule("POST", "/reservations/{id}/end", Who::Both),
    rule("GET", "/me/reservations", Who::Both),
    rule("GET", "/payments", Who::Both),
    rule("GET", "/payments/{id}", Who::Both),
    rule("GET", "/reviews", Who::Both),
    rule("POST", "/reviews", Who::Customer),
    rule("GET", "/reviews/{id}", Who::Both),
    rule("PUT", "/reviews/{id}", Who::Customer),
    rule("PATCH", "/reviews/{id}", Who::Customer),
    rule("DELETE", "/reviews/{id}", Who::Both),
    rule("GET", "/messages", Who::Both),
    rule("GET", "/messages/{id}", Who::Both),
    rule("GET", "/storageviews", Who::Both),
    rule("GET", "/storageviews/{id}", Who::Both),
    rule("GET", "/check/chkAndReqReserve", Who::Both),
    rule("GET", "/quote", Who::Both),
    rule("GET", "/available", Who::Both),
    rule("GET", "/events", Who::Both),
    rule("GET", "/correlations/{id}", Who::Both),
    rule("GET", "/consumers", Who::Manager),
    rule("POST", "/consumers/run", Who::Manager),
    rule("POST", "/consumers/{name}/pause", Who::Manager),
    rule("POST", "/consumers/{name}/resume", Who::Manager),
    rule("POST", "/consumers/{name}/replay", Who::Manager),
    rule("GET", "/dead-letters", Who::Manager),
    rule("POST", "/dead-letters/{id}/retry", Who::Manager),
    rule("POST", "/dead-letters/{id}/discard", Who::Manager),
    rule("GET", "/settings", Who::Manager),
    rule("PUT", "/settings/{key}", Who::Manager),
    rule("GET", "/status", Who::Manager),
    rule("GET", "/verify", Who::Manager),
    rule("POST", "/tick", Who::Manager),
    rule("POST", "/settle", Who::Manager),
    rule("POST", "/run-due", Who::Manager),
];

/// The rule of a route; HEAD is GET without its body.
pub fn rule_of(method: &Method, path: &str) -> Option<Rule> {
    let method = if method == Method::HEAD { "GET" } else { method.as_str() };
    TABLE.iter().copied().find(|rule| rule.method == method && rule.path == path)
}
