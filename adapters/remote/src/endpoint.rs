//! Where calls go.

use std::fmt;
use std::net::IpAddr;

use axum::http::Uri;

use crate::ConfigError;

/// An address as it is given: its path, or a password in it, may be a secret, so `Debug` shows nothing of it.
#[derive(Clone)]
pub(crate) struct Given(pub(crate) String);

impl fmt::Debug for Given {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

/// An address that may be called: encrypted, or this machine's own. Its path may be a secret, so `Debug` shows the host alone.
#[derive(Clone)]
pub(crate) struct Endpoint {
    url: String,
    host: String,
}

impl Endpoint {
    /// An address below which others lie.
    pub(crate) fn base(raw: &str, plain_allowed: bool) -> Result<Self, ConfigError> {
        let mut endpoint = Endpoint::exact(raw, plain_allowed)?;
        if endpoint.url.contains('?') {
            return Err(ConfigError::Address { why: "it has a query" });
        }
        while endpoint.url.ends_with('/') {
            endpoint.url.pop();
        }
        Ok(endpoint)
    }

    /// An address that is called as it is.
    pub(crate) fn exact(raw: &str, plain_allowed: bool) -> Result<Self, ConfigError> {
        let refuse = |why| Err(ConfigError::Address { why });
        if raw.contains('#') {
            return refuse("it has a fragment");
        }
        let Ok(uri) = raw.parse::<Uri>() else { return refuse("it is no URL") };
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return refuse("it is no URL that begins with https:// or http://");
        };
        if authority.as_str().contains('@') {
            return refuse("it has a name or password in it; give a token instead");
        }
        if authority.host().is_empty() || authority.port_u16() == Some(0) {
            return refuse("it names no host, or no port");
        }
        match scheme {
            "https" => {}
            "http" if plain_allowed || is_loopback(authority.host()) => {}
            "http" => return Err(ConfigError::PlainHttp { host: authority.host().to_owned() }),
            _ => return refuse("it begins with neither https:// nor http://"),
        }
        Ok(Endpoint { url: uri.to_string(), host: authority.to_string() })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// An address below it.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Endpoint({})", self.host)
    }
}

fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost") || bare.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_are_called_encrypted_or_by_explicit_leave() {
        for raw in
            ["http://10.0.0.1/", "http://pay.example", "http://127.0.0.1.evil.example", "http://localhost.evil.example"]
        {
            assert!(matches!(Endpoint::base(raw, false), Err(ConfigError::PlainHttp { .. })), "{raw}");
            assert!(Endpoint::base(raw, true).is_ok(), "{raw}");
        }
        for raw in ["https://pay.example/v1", "http://127.0.0.1:8090", "http://[::1]:8090", "http://localhost:1/"] {
            assert!(Endpoint::base(raw, false).is_ok(), "{raw}");
        }
    }

    #[test]
    fn what_is_no_address_or_holds_a_password_is_refused() {
        for raw in [
            "",
            "pay.example",
            "/payments",
            "ftp://127.0.0.1",
            "file:///etc/passwd",
            "https://a:b@pay.example",
            "https://",
            "https://x:0",
            "http://x y",
            "https://pay.example/#a",
        ] {
            let refused = Endpoint::exact(raw, true);
            assert!(matches!(refused, Err(ConfigError::Address { .. })), "{raw}: {refused:?}");
        }
        assert!(Endpoint::base("https://pay.example/?a=b", false).is_err());
        assert!(Endpoint::exact("https://pay.example/?a=b", false).is_ok());
    }

    #[test]
    fn paths_are_joined_by_one_slash_and_shown_nowhere() {
        for raw in ["https://pay.example/v1", "https://pay.example/v1//"] {
            let endpoint = Endpoint::base(raw, false).unwrap();
            assert_eq!(endpoint.at("/payments"), "https://pay.example/v1/payments");
            assert_eq!(format!("{endpoint:?}"), "Endpoint(pay.example)");
        }
    }
}
