//! Which pages may call: those of listed origins, and where no tokens are asked for, no other page and no borrowed name.

use std::net::IpAddr;

use axum::http::uri::{Authority, Scheme, Uri};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use storagerent::InvalidValue;

use crate::problem::Refusal;

/// The origin of a page, as browsers send it: `https://app.example`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin(HeaderValue);

impl Origin {
    pub(crate) fn header(&self) -> HeaderValue {
        self.0.clone()
    }

    /// Reads an origin; a slash at its end and the scheme's own port are left out, as browsers do.
    pub(crate) fn parse(raw: &str) -> Result<Self, InvalidValue> {
        let wrong = || {
            InvalidValue::new(
                "allow-origin",
                format!("{raw:?} is no origin of a page: it is written https://app.example or http://127.0.0.1:3000"),
                format!(
                    "{raw:?}은(는) 페이지의 출처가 아닙니다. https://app.example이나 http://127.0.0.1:3000처럼 씁니다"
                ),
            )
        };
        let uri: Uri = raw.trim().parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else { return Err(wrong()) };
        let usual = match scheme {
            s if *s == Scheme::HTTPS => 443,
            s if *s == Scheme::HTTP => 80,
            _ => return Err(wrong()),
        };
        let is_bare = uri.path() == "/" && uri.query().is_none() && !authority.as_str().contains('@');
        if !is_bare || authority.host().is_empty() || authority.host().contains('*') {
            return Err(wrong());
        }
        let host = authority.host().to_ascii_lowercase();
        let written = match authority.port_u16().filter(|port| *port != usual) {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        HeaderValue::from_str(&written).map(Origin).map_err(|_| wrong())
    }
}

/// Refuses what a page of somebody else's had the browser on this machine send: without tokens nothing else tells it from its user.
/// Such a page is of another origin, or it has its own name lead here.
pub(crate) fn must_be_from_here(uri: &Uri, headers: &HeaderMap, listed: &[Origin]) -> Result<(), Refusal> {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok())
        .or_else(|| uri.authority().map(Authority::as_str));
    if host.is_some_and(|host| !is_this_machine(host)) {
        return Err(refused(
            "without tokens this is served to this machine alone, and not under another name",
            "토큰 없이는 이 컴퓨터에서 이 컴퓨터의 이름으로만 쓸 수 있습니다",
        )
        .hint(
            "call it as localhost or 127.0.0.1, or ask for tokens: --jwt-key",
            "localhost나 127.0.0.1로 부르거나, --jwt-key로 토큰을 쓰세요",
        ));
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return Ok(()) };
    let own = |origin: &str| Some(origin.split_once("://")?.1 == host?);
    let is_own = origin.to_str().ok().and_then(own) == Some(true);
    if is_own || listed.iter().any(|listed| listed.0 == *origin) {
        return Ok(());
    }
    Err(refused("pages of this origin may not call", "이 출처의 페이지는 부를 수 없습니다")
        .hint("list it: --allow-origin", "--allow-origin으로 허용하세요"))
}

fn refused(en: &str, ko: &str) -> Refusal {
    Refusal::own(StatusCode::FORBIDDEN, "otherOrigin", en, ko)
}

/// Any other name may be had to lead here, one without a dot too.
fn is_this_machine(host: &str) -> bool {
    let Ok(authority) = host.parse::<Authority>() else { return false };
    let name = authority.host().trim_start_matches('[').trim_end_matches(']');
    name.parse::<IpAddr>().map_or(name.eq_ignore_ascii_case("localhost"), |address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_as_browsers_send_them() {
        for (raw, sent) in [
            ("https://app.example", "https://app.example"),
            ("https://App.Example:443/", "https://app.example"),
            ("http://127.0.0.1:3000", "http://127.0.0.1:3000"),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(Origin::parse(raw).unwrap().header(), sent, "{raw}");
        }
        for raw in [
            "*",
            "",
            "app.example",
            "https://*.example",
            "https://a/b",
            "https://a?b",
            "https://u@a",
            "null",
            "ftp://a",
            "a b",
        ] {
            assert!(Origin::parse(raw).is_err(), "{raw}");
        }
    }

    #[test]
    fn without_tokens_only_this_machines_own_pages_and_listed_ones_may_call() {
        let listed = [Origin::parse("https://app.example").unwrap()];
        let may = |host: Option<&'static str>, origin: Option<&'static str>| {
            let named = |name, value: Option<&'static str>| value.map(|value| (name, HeaderValue::from_static(value)));
            let headers = [named(header::HOST, host), named(header::ORIGIN, origin)].into_iter().flatten().collect();
            must_be_from_here(&Uri::from_static("/status"), &headers, &listed).is_ok()
        };
        for host in ["localhost:8080", "LOCALHOST", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080"] {
            assert!(may(Some(host), None), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:8080",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "box:80",
            "evilhost:18082",
            "10.0.0.1",
            "[2001:db8::1]",
            "",
        ] {
            assert!(!may(Some(host), None), "{host}");
        }
        assert!(may(None, None));
        assert!(may(Some("127.0.0.1:8080"), Some("http://127.0.0.1:8080")), "its own pages");
        assert!(may(Some("127.0.0.1:8080"), Some("https://app.example")));
        for origin in ["https://evil.example", "null", "http://127.0.0.1:3000", "http://evil.example:8080"] {
            assert!(!may(Some("127.0.0.1:8080"), Some(origin)), "{origin}");
        }
    }
}
