//! Listening, and ending well.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::{PaymentSim, router};
use crate::ConfigError;

/// So long calls under way may still take once it is told to stop.
const DRAIN: Duration = Duration::from_secs(5);

/// Listens on an address: without a token, only where nobody but this machine can call.
///
/// # Errors
/// [`ConfigError::OpenToAll`] as an I/O error, and those of listening.
pub async fn listen(address: SocketAddr, sim: &PaymentSim) -> io::Result<TcpListener> {
    if !address.ip().is_loopback() && sim.token.is_none() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, ConfigError::OpenToAll));
    }
    TcpListener::bind(address).await
}

/// Serves until told to stop; calls under way are answered, for at most 5 s more.
///
/// # Errors
/// Those of accepting connections.
pub async fn serve(
    listener: TcpListener,
    sim: PaymentSim,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let (stopping, stopped) = oneshot::channel();
    let serving = axum::serve(listener, router(sim)).with_graceful_shutdown(async move {
        stop.await;
        // Nobody waits for it any more when serving has failed before.
        let _ = stopping.send(());
    });
    let drained = async move {
        let asked = stopped.await;
        match asked {
            Ok(()) => tokio::time::sleep(DRAIN).await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        ended = serving => ended,
        () = drained => Ok(()),
    }
}

/// Listens, says where, and serves until ctrl-c or SIGTERM: a whole process's work, on a runtime of its own.
///
/// # Errors
/// Those of [`listen`], of `told`, and of [`serve`].
pub fn run(address: SocketAddr, sim: PaymentSim, told: impl FnOnce(SocketAddr) -> io::Result<()>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let ended = runtime.block_on(async {
        let listener = listen(address, &sim).await?;
        // Listened to before it is said, so that whoever acts on the saying is not too early.
        let stop = stop_signal()?;
        told(listener.local_addr()?)?;
        serve(listener, sim, stop).await
    });
    // A slow booking keeps nobody from leaving: it is on disk or it is not.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

/// Comes to its end at ctrl-c or SIGTERM. The signals are caught from this call on.
///
/// # Errors
/// When the signals cannot be caught.
pub fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let (mut interrupt, mut terminate) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
        Ok(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
        })
    }
    #[cfg(not(unix))]
    Ok(async {
        // Where it cannot be caught, the process ends by it.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}
