//! `serve`: the REST gateway over the site's file, until it is told to end.

mod log;
mod options;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::{ArgMatches, Args};
use serde::Serialize;
use storagerent::{App, Worker};
use storagerent_http::{Ending, Limits, router, serve};

use crate::cli::Globals;
use crate::failure::Failure;
use crate::output;
use crate::site::Site;
use options::ServeOptions;

/// After the drain, calls of the payment service under way have so long to come back, and their answers to be written down.
const CALLS_END: Duration = Duration::from_secs(5);

/// So often it is looked whether the breaker or the worker is in another state, to log it.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// What is given on the line wins over the environment, that over the file, that over the defaults.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// A TOML file with the same options: listen, insecure, jwt-key, audience, issuer, allow-origin, payment-url, …, db
    #[arg(long, value_name = "FILE.toml", env = "STORAGERENT_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
    #[command(flatten)]
    options: ServeOptions,
}

/// Where it is served.
#[derive(Serialize)]
struct Served {
    url: String,
}

impl ServeArgs {
    /// Takes notice of what was given on the line, and what in the environment.
    pub(crate) fn heed_the_line(&mut self, line: &ArgMatches) {
        self.options.heed_the_line(line);
    }

    pub(super) fn run(self, mut globals: Globals) -> Result<(), Failure> {
        let file = self.config.as_deref().map(ServeOptions::read).transpose()?.unwrap_or_default();
        let options = self.options.or(file);
        globals.db = globals.db.or(options.db.clone());
        if globals.payment_on_the_line && options.calls_a_service() {
            return Err(Failure::otherwise_simulated(globals.lang()));
        }
        let address = options.address()?;
        let handed = handed_over().map_err(|source| Failure::Listen { address, source })?;
        let address = handed.as_ref().map_or(address, |(_, address)| *address);
        let cannot = |source| Failure::Listen { address, source };
        let access = options.access(address)?;
        let limits = Limits { trusted_proxies: options.proxies()?, ..options.limits() };
        // Before the site is opened, or made: whoever cannot listen leaves nothing behind.
        let listener = match handed {
            Some((listener, _)) => listener,
            None => TcpListener::bind(address).map_err(cannot)?,
        };
        let app = Site::serving(&globals, |simulated| options.wiring(simulated))?;
        let callbacks = options.callbacks(&app)?;
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        let runtime = runtime.enable_all().max_blocking_threads(options.threads_max()).build().map_err(cannot)?;
        let worker = Arc::new(Worker::spawn(app.clone()).map_err(cannot)?);
        let ending = Ending::default();
        let woken = Arc::downgrade(&worker);
        let access = access
            .also(callbacks)
            .ending(ending.clone())
            .on_written(move || woken.upgrade().iter().for_each(|worker| worker.wake()));
        let (format, level) = options.logged();
        let served = runtime.block_on(async {
            listener.set_nonblocking(true).map_err(cannot)?;
            let listener = tokio::net::TcpListener::from_std(listener).map_err(cannot)?;
            let address = listener.local_addr().map_err(cannot)?;
            // Whoever has read where it is served may end it.
            let asked = stop_asked_for();
            greet(&globals, address, options.insecure)?;
            let log = log::start(format, level);
            tracing::info!(%address, version = env!("CARGO_PKG_VERSION"), "serving");
            tokio::spawn(end_when_told(asked, ending.clone(), options.linger()));
            tokio::spawn(look(app.clone(), Arc::downgrade(&worker)));
            serve(listener, router(app, access), limits, ending.clone()).await;
            Ok::<_, Failure>(log)
        });
        // Not of the calls alone, but of what is written down of their answers.
        let end = Instant::now() + CALLS_END;
        let settled = runtime.block_on(async { tokio::time::timeout(CALLS_END, ending.settled()).await });
        match (&served, settled) {
            (Ok(_), Ok(())) => tracing::info!("ended"),
            (Ok(_), Err(_)) => tracing::warn!("ended with changes under way"),
            (Err(_), _) => {}
        }
        runtime.shutdown_timeout(end.saturating_duration_since(Instant::now()));
        drop(worker);
        served.map(drop)
    }
}

/// The socket that systemd, or the process before this one, listens on for us: whoever connects meanwhile waits in it.
fn handed_over() -> io::Result<Option<(TcpListener, SocketAddr)>> {
    let Some(listener) = listenfd::ListenFd::from_env().take_tcp_listener(0)? else { return Ok(None) };
    let address = listener.local_addr()?;
    Ok(Some((listener, address)))
}

/// Told to end, it says at once that it is not ready, lingers, and ends; told again, it lingers no longer; and again, it waits for no
/// request either, and only for changes under way.
async fn end_when_told(asked: impl Future<Output = ()>, ending: Ending, linger: Duration) {
    asked.await;
    tracing::info!(linger_seconds = linger.as_secs(), "told to end");
    ending.leave();
    tokio::select! {
        () = tokio::time::sleep(linger) => {}
        () = stop_asked_for() => {}
    }
    let asked = stop_asked_for();
    ending.end();
    asked.await;
    tracing::warn!("told to end at once");
    ending.break_off();
}

/// Logs when the breaker changes, and when what is due cannot be done.
async fn look(app: App, worker: std::sync::Weak<Worker>) {
    let (mut breaker, mut trouble) = (app.breaker_state(), None);
    let mut every = tokio::time::interval(LOOK_EVERY);
    while let Some(worker) = worker.upgrade() {
        let now = (app.breaker_state(), worker.last_error().map(|error| error.code()));
        drop(worker);
        if now.0 != breaker {
            tracing::warn!(before = ?breaker, now = ?now.0, "the circuit breaker changed");
        }
        match now.1 {
            Some(code) if now.1 != trouble => tracing::error!(code, "what is due cannot be done"),
            None if trouble.is_some() => tracing::info!("what is due is done again"),
            Some(_) | None => {}
        }
        (breaker, trouble) = now;
        every.tick().await;
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

/// Ctrl-C, or SIGTERM, from the call of this on, and not only when it is waited for.
fn stop_asked_for() -> impl Future<Output = ()> + Send {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let asked = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
        async move {
            match asked {
                [Ok(mut interrupted), Ok(mut terminated)] => {
                    tokio::select! {
                        _ = interrupted.recv() => {}
                        _ = terminated.recv() => {}
                    }
                }
                // Without handlers a signal ends the process at once.
                [Err(_), _] | [_, Err(_)] => std::future::pending().await,
            }
        }
    }
    #[cfg(not(unix))]
    async {
        let _no_signals = tokio::signal::ctrl_c().await;
    }
}
