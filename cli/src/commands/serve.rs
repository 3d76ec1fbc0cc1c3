//! `serve`: the REST gateway over the site's file, until it is told to end.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use axum::Router;
use clap::Args;
use serde::{Deserialize, Serialize};
use storagerent::{InvalidValue, Worker};
use storagerent_http::token::{AUDIENCE, Verifier};
use storagerent_http::{Ending, Limits, Options, router, serve};
use storagerent_remote::{GatewayConfig, HttpGateway, callback_router};
use tokio::net::TcpListener;

use super::payment_sim::secret;
use crate::cli::Globals;
use crate::failure::Failure;
use crate::output;
use crate::site::Site;

/// Where to listen, unless said otherwise.
const LISTEN: &str = "127.0.0.1:8080";

/// What is given on the line wins over the environment, that over the file, that over the defaults.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// A TOML file with the same options: listen, insecure, jwt-key, audience, issuer, allow-origin, payment-url, …, db
    #[arg(long, value_name = "FILE.toml", env = "STORAGERENT_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: ServeOptions,
}

/// The options of `serve`, from the line, the environment or the file.
#[derive(Debug, Default, Args, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub(crate) struct ServeOptions {
    /// The address to listen on; if not given, 127.0.0.1:8080. Port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS", env = "STORAGERENT_LISTEN", hide_env_values = true)]
    listen: Option<String>,
    /// Ask for no tokens: whoever reaches the port is the manager. Only on a loopback address
    #[arg(long)]
    insecure: bool,
    /// Believe tokens signed by this key: a public key in PEM (Ed25519 or RSA), or for development a secret of 32 bytes or more
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
    #[arg(long, value_name = "URL", env = "STORAGERENT_PAYMENT_URL", hide_env_values = true)]
    payment_url: Option<String>,
    /// A file with the bearer token for the payment service
    #[arg(long, value_name = "FILE", env = "STORAGERENT_PAYMENT_TOKEN_FILE", hide_env_values = true)]
    payment_token_file: Option<PathBuf>,
    /// A file with the secret the payment service signs its callbacks with: they are taken at /payment-callbacks
    #[arg(long, value_name = "FILE", env = "STORAGERENT_CALLBACK_SECRET_FILE", hide_env_values = true)]
    callback_secret_file: Option<PathBuf>,
    /// The site's file: --db on the line
    #[arg(skip)]
    db: Option<PathBuf>,
}

/// Where it is served.
#[derive(Serialize)]
struct Served {
    url: String,
}

impl ServeOptions {
    fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|e| Failure::file(path, e))?;
        toml::from_str(&text).map_err(|e| {
            let why = format!("{}: {}", path.display(), e.to_string().trim());
            InvalidValue::new("config", why.clone(), why).into()
        })
    }

    /// The same, with the file's where nothing was given.
    fn or(self, file: ServeOptions) -> Self {
        ServeOptions {
            listen: self.listen.or(file.listen),
            // One of the two is given in one place, and not completed from another.
            insecure: self.insecure || (file.insecure && self.jwt_key.is_none()),
            jwt_key: self.jwt_key.or(file.jwt_key.filter(|_| !self.insecure)),
            audience: self.audience.or(file.audience),
            issuer: self.issuer.or(file.issuer),
            allow_origin: if self.allow_origin.is_empty() { file.allow_origin } else { self.allow_origin },
            payment_url: self.payment_url.or(file.payment_url),
            payment_token_file: self.payment_token_file.or(file.payment_token_file),
            callback_secret_file: self.callback_secret_file.or(file.callback_secret_file),
            db: self.db.or(file.db),
        }
    }

    /// The payment service that is called, if one is named.
    fn outside(&self) -> Result<Option<storagerent::Options>, Failure> {
        let Some(url) = &self.payment_url else { return Ok(None) };
        let mut config = GatewayConfig::new(url);
        if let Some(path) = &self.payment_token_file {
            config = config.token(secret(path)?);
        }
        Ok(Some(storagerent::Options::new(HttpGateway::new(config)?)))
    }

    fn address(&self) -> Result<SocketAddr, Failure> {
        let listen = self.listen.as_deref().unwrap_or(LISTEN);
        let wrong = || {
            let (en, ko) = ("an address to listen on is written 127.0.0.1:8080", "주소는 127.0.0.1:8080처럼 씁니다");
            InvalidValue::new("listen", en, ko)
        };
        Ok(listen.replace("localhost:", "127.0.0.1:").parse().map_err(|_| wrong())?)
    }

    /// Who is let in.
    fn access(&self, address: SocketAddr) -> Result<Options, Failure> {
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
}

impl ServeArgs {
    pub(super) fn run(self, mut globals: Globals) -> Result<(), Failure> {
        let file = self.config.as_deref().map(ServeOptions::read).transpose()?.unwrap_or_default();
        let options = self.options.or(file);
        globals.db = globals.db.or(options.db.clone());
        let address = options.address()?;
        let access = options.access(address)?;
        let runtime = tokio::runtime::Runtime::new().map_err(|source| Failure::Listen { address, source })?;
        let app = Site::serving(&globals, options.outside()?)?;
        let worker =
            std::sync::Arc::new(Worker::spawn(app.clone()).map_err(|source| Failure::Listen { address, source })?);
        let callbacks = match &options.callback_secret_file {
            Some(path) => callback_router(app.clone(), secret(path)?),
            None => Router::new(),
        };
        let ending = Ending::default();
        let woken = std::sync::Arc::downgrade(&worker);
        let access = access
            .origins(options.allow_origin)
            .ending(ending.clone())
            .on_written(move || woken.upgrade().iter().for_each(|worker| worker.wake()));
        runtime.block_on(async {
            let listener = TcpListener::bind(address).await.map_err(|source| Failure::Listen { address, source })?;
            let address = listener.local_addr().map_err(|source| Failure::Listen { address, source })?;
            greet(&globals, address, options.insecure)?;
            let told = ending.clone();
            tokio::spawn(async move {
                stop_asked_for().await;
                told.end();
            });
            serve(listener, router(app, access).merge(callbacks), Limits::default(), ending).await;
            Ok::<_, Failure>(())
        })
    }
}

fn greet(globals: &Globals, address: SocketAddr, insecure: bool) -> Result<(), Failure> {
    let out = globals.output();
    let url = format!("http://{address}/");
    if insecure {
        output::words(out.lang().pick(
            "warning: no tokens are asked for: whoever reaches this port is the manager",
            "주의: 토큰을 묻지 않습니다. 이 포트에 닿는 누구나 관리자입니다",
        ));
    }
    let sentence = out.lang().pick(
        format!("served at {url} until this program is stopped; its documentation is at {url}swagger-ui/"),
        format!("{url} 에서 서비스합니다. 이 프로그램을 끝내면 닫힙니다. 문서: {url}swagger-ui/"),
    );
    out.say(&Served { url }, &sentence)
}

/// Ctrl-C, or SIGTERM.
async fn stop_asked_for() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminated.recv() => {}
            }
            return;
        }
    }
    let _no_signals = tokio::signal::ctrl_c().await;
}
