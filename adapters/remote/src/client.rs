//! One call over HTTP: blocking, within a deadline, bounded, and honest about what is known when it fails.

use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use ureq::config::Config;
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector, DefaultConnector};
use ureq::{Agent, Error};

use crate::ConfigError;
use crate::sent::{Watch, watched};

/// Longer replies are not read on.
pub(crate) const BODY_BYTES_MAX: usize = 64 * 1024;
/// So many connections are kept open for the next calls.
const IDLE_MAX: usize = 64;

/// Calls services. Its connections are kept open between calls.
#[derive(Debug)]
pub(crate) struct Client {
    agent: Agent,
}

/// What a service answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Whether it says that it is JSON.
    pub(crate) is_json: bool,
    pub(crate) body: Vec<u8>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoReply {
    /// No byte of the request left: refused, no such host, no trust.
    NotSent(String),
    /// It may have been received: whether it was acted on is not known.
    Lost(String),
}

impl NoReply {
    pub(crate) fn reason(self) -> String {
        match self {
            NoReply::NotSent(reason) | NoReply::Lost(reason) => reason,
        }
    }
}

impl Client {
    /// Trusts the public authorities, or only those of the PEM text.
    pub(crate) fn new(roots_pem: Option<&[u8]>) -> Result<Self, ConfigError> {
        let root_certs = match roots_pem {
            Some(pem) => RootCerts::from(certificates(pem)?),
            None => RootCerts::WebPki,
        };
        let tls = TlsConfig::builder()
            .root_certs(root_certs)
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .build();
        let config = Config::builder()
            .tls_config(tls)
            // Neither a proxy of the environment nor a redirect decides who sees tokens and money.
            .proxy(None)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .http_status_as_error(false)
            .max_response_header_size(BODY_BYTES_MAX)
            // As many as call at a time on a busy site.
            .max_idle_connections(IDLE_MAX)
            .max_idle_connections_per_host(IDLE_MAX)
            .user_agent(concat!("storagerent/", env!("CARGO_PKG_VERSION")))
            .build();
        let connector = DefaultConnector::new().chain(Watch);
        Ok(Client { agent: Agent::with_parts(config, connector, DefaultResolver::default()) })
    }

    /// Posts JSON, once. The deadline is that of the whole call, the reply's last byte included.
    pub(crate) fn post(
        &self,
        url: &str,
        headers: &[(HeaderName, HeaderValue)],
        body: &[u8],
        deadline: Duration,
    ) -> Result<Reply, NoReply> {
        let mut request = self.agent.post(url).content_type("application/json").header("accept", "application/json");
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let (answer, sent) = watched(|| {
            let response = request.config().timeout_global(Some(deadline)).build().send(body)?;
            let (status, mime) = (response.status().as_u16(), response.body().mime_type().map(is_json));
            let body = response.into_body().into_with_config().limit(BODY_BYTES_MAX as u64).read_to_vec()?;
            Ok(Reply { status, is_json: mime.unwrap_or_default(), body })
        });
        answer.map_err(|error: Error| match error {
            Error::Timeout(_) => NoReply::Lost(format!("no answer within {} s", deadline.as_secs_f64())),
            error if sent => NoReply::Lost(error.to_string()),
            // Told to customers: the kind of trouble, not the numbers of an operating system.
            Error::Io(error) if error.raw_os_error().is_some() => NoReply::NotSent(error.kind().to_string()),
            Error::Io(error) => NoReply::NotSent(error.to_string()),
            error => NoReply::NotSent(error.to_string()),
        })
    }
}

fn is_json(mime: &str) -> bool {
    mime.eq_ignore_ascii_case("application/json") || mime.eq_ignore_ascii_case("application/problem+json")
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, ConfigError> {
    let mut found = Vec::new();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => found.push(certificate),
            Ok(_) => {}
            Err(error) => return Err(ConfigError::Certificates { why: error.to_string() }),
        }
    }
    if found.is_empty() {
        return Err(ConfigError::Certificates { why: "there is none in the PEM text".to_owned() });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_without_certificates_is_no_trust() {
        for pem in ["", "-----BEGIN CERTIFICATE-----\nnonsense\n", "hello"] {
            assert!(matches!(Client::new(Some(pem.as_bytes())), Err(ConfigError::Certificates { .. })), "{pem}");
        }
        assert!(Client::new(None).is_ok());
    }
}
