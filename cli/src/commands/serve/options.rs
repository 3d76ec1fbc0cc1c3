//! The options of `serve`: from the line, the environment or the file.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::Router;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, value_parser};
use serde::Deserialize;
use storagerent::{App, InvalidValue};
use storagerent_http::token::{AUDIENCE, Verifier};
use storagerent_http::{IpNet, Limits, Options};
use storagerent_remote::{GatewayConfig, HttpGateway, WebhookConfig, WebhookNotifier, callback_router};

use super::log::{Format, Level};
use crate::commands::payment_sim::secret;
use crate::failure::Failure;

/// Where to listen, unless said otherwise.
const LISTEN: &str = "127.0.0.1:8080";

/// So many threads wait for others at once besides those that call the payment service, as tokio has it.
const THREADS_ASIDE: usize = 512;

/// So many reservations of one customer may await their payment, unless said otherwise.
const HOLDS_MAX: u32 = 20;

// What a limit may be, wherever it is given.
const ADMISSION: RangeInclusive<i64> = 1..=100_000;
const CALLS: RangeInclusive<i64> = 1..=100_000;
const CONNECTIONS: RangeInclusive<i64> = 1..=1_000_000;
const NONE_IS_NO_LIMIT: RangeInclusive<i64> = 1..=u32::MAX as i64;
const SECONDS: RangeInclusive<u64> = 0..=3_600;

/// The options of `serve`.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ServeOptions {
    /// The address to listen on; if not given, 127.0.0.1:8080. Port 0 takes any that is free. A socket handed over by systemd
    /// (LISTEN_FDS) is taken in its place
    #[arg(long, value_name = "ADDRESS", env = "STORAGERENT_LISTEN", hide_env_values = true)]
    listen: Option<String>,
    /// Ask for no tokens: whoever reaches the port is the manager. Only on a loopback address
    #[arg(long)]
    pub(super) insecure: bool,
    /// Believe tokens signed by this key: a public key in PEM (Ed25519 or RSA), or for development a secret of 32 bytes or more
    /// on one line
    #[arg(long, value_name = "FILE", env = "STORAGERENT_JWT_KEY", hide_env_values = true)]
    jwt_key: Option<PathBuf>,
    /// For whom tokens must be; if not given, storagerent
    #[arg(long, value_name = "NAME", env = "STORAGERENT_AUDIENCE", hide_env_values = true)]
    audience: Option<String>,
    /// By whom tokens must be made; if not given, storagerent
    #[arg(long, value_name = "NAME", env = "STORAGERENT_ISSUER", hide_env_values = true)]
    issuer: Option<String>,
    /// Let pages of this origin call; may be given again
    #[arg(
        long,
        value_name = "ORIGIN",
        env = "STORAGERENT_ALLOW_ORIGIN",
        hide_env_values = true,
        value_delimiter = ','
    )]
    allow_origin: Vec<String>,
    /// Take payments by the service at this address (see `payment-sim`); if not given, they are simulated in FILE.books
    #[arg(
        long,
        value_name = "URL",
        env = "STORAGERENT_PAYMENT_URL",
        hide_env_values = true,
        help_heading = "Payment and messages"
    )]
    payment_url: Option<String>,
    /// A file with the bearer token for the payment service
    #[arg(
        long,
        value_name = "FILE",
        env = "STORAGERENT_PAYMENT_TOKEN_FILE",
        hide_env_values = true,
        help_heading = "Payment and messages"
    )]
    payment_token_file: Option<PathBuf>,
    /// A file with the secret the payment service signs its callbacks with: they are taken at /payment-callbacks
    #[arg(
        long,
        value_name = "FILE",
        env = "STORAGERENT_CALLBACK_SECRET_FILE",
        hide_env_values = true,
        help_heading = "Payment and messages"
    )]
    callback_secret_file: Option<PathBuf>,
    /// Post each message to this address, too, signed
    #[arg(
        long,
        value_name = "URL",
        env = "STORAGERENT_WEBHOOK_URL",
        hide_env_values = true,
        help_heading = "Payment and messages"
    )]
    webhook_url: Option<String>,
    /// A file with the secret that those posts are signed with
    #[arg(
        long,
        value_name = "FILE",
        env = "STORAGERENT_WEBHOOK_SECRET_FILE",
        hide_env_values = true,
        help_heading = "Payment and messages"
    )]
    webhook_secret_file: Option<PathBuf>,
    /// Let so many changes in at once and turn further ones away with 503; if not given, 256
    #[arg(long, value_name = "N", env = "STORAGERENT_ADMISSION", hide_env_values = true, value_parser = value_parser!(u32).range(ADMISSION), help_heading = "Limits")]
    admission: Option<u32>,
    /// Answer so many requests a second for each token, or else each address, and turn further ones away with 429; if not given, any number
    #[arg(long, value_name = "N", env = "STORAGERENT_RATE_LIMIT", hide_env_values = true, value_parser = value_parser!(u32).range(NONE_IS_NO_LIMIT), help_heading = "Limits")]
    rate_limit: Option<u32>,
    /// Believe these proxies when they say by X-Forwarded-For who asks: an address or a net, such as 10.0.0.0/8; may be given again
    #[arg(
        long,
        value_name = "NET",
        env = "STORAGERENT_TRUSTED_PROXIES",
        hide_env_values = true,
        value_delimiter = ',',
        help_heading = "Limits"
    )]
    trusted_proxies: Vec<String>,
    /// Serve so many connections at once; further ones wait. Two thirds of them may be streams of events, and an eighth of one
    /// address, but for this machine's own and for --trusted-proxies. If not given, 900
    #[arg(long, value_name = "N", env = "STORAGERENT_CONNECTIONS", hide_env_values = true, value_parser = value_parser!(u32).range(CONNECTIONS), help_heading = "Limits")]
    connections: Option<u32>,
    /// Let so many reservations call the payment service at once and turn further ones away with 503; if not given, 64
    #[arg(long, value_name = "N", env = "STORAGERENT_PAYMENT_CALLS", hide_env_values = true, value_parser = value_parser!(u32).range(CALLS), help_heading = "Limits")]
    payment_calls: Option<u32>,
    /// Let so many reservations of one customer await their payment at once; if not given, 20
    #[arg(long, value_name = "N", env = "STORAGERENT_HOLDS_PER_CUSTOMER", hide_env_values = true, value_parser = value_parser!(u32).range(NONE_IS_NO_LIMIT), help_heading = "Limits")]
    holds_per_customer: Option<u32>,
    /// Told to end, be unready but go on serving for so long; if not given, 0
    #[arg(long, value_name = "N", env = "STORAGERENT_LINGER_SECONDS", hide_env_values = true, value_parser = value_parser!(u64).range(SECONDS), help_heading = "Limits")]
    linger_seconds: Option<u64>,
    /// Then let requests under way finish for so long; if not given, 15
    #[arg(long, value_name = "N", env = "STORAGERENT_DRAIN_SECONDS", hide_env_values = true, value_parser = value_parser!(u64).range(SECONDS), help_heading = "Limits")]
    drain_seconds: Option<u64>,
    /// How the log on standard error is written; if not given, text
    #[arg(long, value_name = "FORMAT", env = "STORAGERENT_LOG", hide_env_values = true, help_heading = "Log")]
    log: Option<Format>,
    /// How much is logged; if not given, info: each request, too
    #[arg(long, value_name = "LEVEL", env = "STORAGERENT_LOG_LEVEL", hide_env_values = true, help_heading = "Log")]
    log_level: Option<Level>,
    /// The site's file: --db on the line
    #[arg(skip)]
    pub(super) db: Option<PathBuf>,
}

impl ServeOptions {
    pub(super) fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|e| Failure::file(path, e))?;
        let read: ServeOptions = toml::from_str(&text).map_err(|e| {
            // The rest of its text shows the line itself, over several lines.
            let place = e.to_string().lines().next().unwrap_or_default().to_owned();
            let why = format!("{}: {place}: {}", path.display(), e.message());
            InvalidValue::new("config", why.clone(), why)
        })?;
        read.must_be_in_range()?;
        Ok(read)
    }

    /// Refuses limits that would be refused on the line, too.
    fn must_be_in_range(&self) -> Result<(), InvalidValue> {
        let seconds = *SECONDS.start() as i64..=*SECONDS.end() as i64;
        for (name, given, range) in [
            ("admission", self.admission.map(i64::from), ADMISSION),
            ("rate-limit", self.rate_limit.map(i64::from), NONE_IS_NO_LIMIT),
            ("payment-calls", self.payment_calls.map(i64::from), CALLS),
            ("connections", self.connections.map(i64::from), CONNECTIONS),
            ("holds-per-customer", self.holds_per_customer.map(i64::from), NONE_IS_NO_LIMIT),
            ("linger-seconds", self.linger_seconds.map(clamped), seconds.clone()),
            ("drain-seconds", self.drain_seconds.map(clamped), seconds),
        ] {
            if let Some(n) = given.filter(|n| !range.contains(n)) {
                let (from, to) = range.into_inner();
                let (en, ko) =
                    (format!("{n} is not in {from} to {to}"), format!("{n}은(는) {from}~{to} 사이가 아닙니다"));
                return Err(InvalidValue::new(name, en, ko));
            }
        }
        Ok(())
    }

    /// The same, with the file's where nothing was given.
    pub(super) fn or(self, file: ServeOptions) -> Self {
        fn some<T>(given: Vec<T>, file: Vec<T>) -> Vec<T> {
            if given.is_empty() { file } else { given }
        }
        ServeOptions {
            listen: self.listen.or(file.listen),
            // One of the two is given in one place, and not completed from another.
            insecure: self.insecure || (file.insecure && self.jwt_key.is_none()),
            jwt_key: self.jwt_key.or(file.jwt_key.filter(|_| !self.insecure)),
            audience: self.audience.or(file.audience),
            issuer: self.issuer.or(file.issuer),
            allow_origin: some(self.allow_origin, file.allow_origin),
            payment_url: self.payment_url.or(file.payment_url),
            payment_token_file: self.payment_token_file.or(file.payment_token_file),
            callback_secret_file: self.callback_secret_file.or(file.callback_secret_file),
            webhook_url: self.webhook_url.or(file.webhook_url),
            webhook_secret_file: self.webhook_secret_file.or(file.webhook_secret_file),
            admission: self.admission.or(file.admission),
            rate_limit: self.rate_limit.or(file.rate_limit),
            trusted_proxies: some(self.trusted_proxies, file.trusted_proxies),
            connections: self.connections.or(file.connections),
            payment_calls: self.payment_calls.or(file.payment_calls),
            holds_per_customer: self.holds_per_customer.or(file.holds_per_customer),
            linger_seconds: self.linger_seconds.or(file.linger_seconds),
            drain_seconds: self.drain_seconds.or(file.drain_seconds),
            log: self.log.or(file.log),
            log_level: self.log_level.or(file.log_level),
            db: self.db.or(file.db),
        }
    }

    /// How the log is written, and how much of it.
    pub(super) fn logged(&self) -> (Format, Level) {
        (self.log.unwrap_or_default(), self.log_level.unwrap_or_default())
    }

    /// The payment service that is called, if one is named; the given one if not. With where messages go, and how much a customer holds.
    pub(super) fn wiring(
        &self,
        simulated: impl FnOnce() -> storagerent::Options,
    ) -> Result<storagerent::Options, Failure> {
        let mut wiring = match &self.payment_url {
            Some(url) => {
                let mut config = GatewayConfig::new(url);
                if let Some(path) = &self.payment_token_file {
                    config = config.token(secret(path)?);
                }
                storagerent::Options::new(HttpGateway::new(config)?)
            }
            None => simulated(),
        };
        match (&self.webhook_url, &self.webhook_secret_file) {
            (Some(url), Some(path)) => {
                wiring = wiring.notifier(WebhookNotifier::new(WebhookConfig::new(url, secret(path)?))?);
            }
            (None, None) => {}
            (Some(_), None) | (None, Some(_)) => {
                let (en, ko) = (
                    "a webhook needs both an address and a secret: --webhook-url and --webhook-secret-file",
                    "웹훅에는 주소와 비밀이 모두 필요합니다: --webhook-url, --webhook-secret-file",
                );
                return Err(InvalidValue::new("webhook-url", en, ko).into());
            }
        }
        Ok(wiring.holds_max(self.holds_per_customer.unwrap_or(HOLDS_MAX)))
    }

    /// What the payment service tells unasked, if it is listened to.
    pub(super) fn callbacks(&self, app: &App) -> Result<Router, Failure> {
        Ok(match &self.callback_secret_file {
            Some(path) => callback_router(app.clone(), secret(path)?),
            None => Router::new(),
        })
    }

    pub(super) fn address(&self) -> Result<SocketAddr, Failure> {
        let listen = self.listen.as_deref().unwrap_or(LISTEN);
        let wrong = || {
            let (en, ko) = ("an address to listen on is written 127.0.0.1:8080", "주소는 127.0.0.1:8080처럼 씁니다");
            InvalidValue::new("listen", en, ko)
        };
        Ok(listen.replace("localhost:", "127.0.0.1:").parse().map_err(|_| wrong())?)
    }

    /// Who is let in, and how much of it.
    pub(super) fn access(&self, address: SocketAddr) -> Result<Options, Failure> {
        let mut options = self.bearers(address)?.origins(self.allow_origin.iter().cloned())?;
        if let Some(max) = self.admission {
            options = options.changes_max(usize::try_from(max).unwrap_or(usize::MAX));
        }
        if let Some(max) = self.payment_calls {
            options = options.calls_max(usize::try_from(max).unwrap_or(usize::MAX));
        }
        if let Some(per_second) = self.rate_limit {
            options = options.rate_max(per_second);
        }
        options = options.streams_max(self.limits().connections_max / 3 * 2);
        Ok(options.trusted_proxies(self.proxies()?))
    }

    /// The proxies that are believed, and bring many clients.
    pub(super) fn proxies(&self) -> Result<Vec<IpNet>, InvalidValue> {
        self.trusted_proxies.iter().map(|net| listed(net)).collect()
    }

    fn bearers(&self, address: SocketAddr) -> Result<Options, Failure> {
        match (&self.jwt_key, self.insecure) {
            (Some(path), false) => {
                let key = std::fs::read(path).map_err(|e| Failure::file(path, e))?;
                let named = |name: &Option<String>| name.clone().unwrap_or_else(|| AUDIENCE.to_owned());
                let verifier = Verifier::new(&key, &named(&self.audience), &named(&self.issuer));
                Ok(Options::new(verifier.map_err(Failure::token)?))
            }
            (None, true) if address.ip().is_loopback() => Ok(Options::insecure()),
            (None, true) => Err(InvalidValue::new(
                "insecure",
                format!("without tokens it is served to this machine alone, and {address} is not a loopback address"),
                format!("토큰 없이는 이 컴퓨터에서만 쓸 수 있는데, {address}는 루프백 주소가 아닙니다"),
            )
            .into()),
            (Some(_), true) => {
                let (en, ko) = ("give a key or --insecure, not both", "키와 --insecure 중 하나만 주세요");
                Err(InvalidValue::new("jwt-key", en, ko).into())
            }
            (None, false) => Err(InvalidValue::new(
                "jwt-key",
                "say who may call: --jwt-key FILE, or --insecure for this machine alone",
                "누가 부를 수 있는지 정하세요: --jwt-key 파일, 또는 이 컴퓨터에서만 쓸 때 --insecure",
            )
            .into()),
        }
    }

    /// How much of a client's slowness is borne, and how long the end takes.
    pub(super) fn limits(&self) -> Limits {
        let usual = Limits::default();
        Limits {
            connections_max: self
                .connections
                .map_or(usual.connections_max, |n| usize::try_from(n).unwrap_or(usize::MAX)),
            drain_deadline: self.drain_seconds.map_or(usual.drain_deadline, Duration::from_secs),
            ..usual
        }
    }

    /// So many threads may wait for others: each call of the payment service takes one, and what else is done aside finds its own.
    pub(super) fn threads_max(&self) -> usize {
        THREADS_ASIDE + self.payment_calls.map_or(0, |n| usize::try_from(n).unwrap_or(usize::MAX))
    }

    /// Leaves a key out that the environment names, where the line says that none is asked for.
    pub(super) fn heed_the_line(&mut self, line: &ArgMatches) {
        let is_of_the_line = line.value_source("jwt_key") == Some(ValueSource::CommandLine);
        if self.insecure && !is_of_the_line {
            self.jwt_key = None;
        }
    }

    /// Whether a payment service is named: none is simulated then.
    pub(super) fn calls_a_service(&self) -> bool {
        self.payment_url.is_some()
    }

    /// How long it goes on serving when it is told to end.
    pub(super) fn linger(&self) -> Duration {
        Duration::from_secs(self.linger_seconds.unwrap_or(0))
    }
}

fn clamped(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A net, or one address.
fn listed(net: &str) -> Result<IpNet, InvalidValue> {
    let net = net.trim();
    net.parse().or_else(|_| net.parse::<std::net::IpAddr>().map(IpNet::from)).map_err(|_| {
        let (en, ko) = (
            format!("{net:?} is neither an address nor a net such as 10.0.0.0/8"),
            format!("{net:?}은(는) 주소도, 10.0.0.0/8 같은 네트워크도 아닙니다"),
        );
        InvalidValue::new("trusted-proxies", en, ko)
    })
}
