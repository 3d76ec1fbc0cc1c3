//! `payment-sim`: a simulated payment service as a process of its own.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use storagerent::InvalidValue;
use storagerent::payment::{Behaviour, SimulatedGateway};
use storagerent_remote::payment_sim::{self, CallbackConfig, Faults, PaymentSim, Switches};
use storagerent_remote::{ConfigError, Secret};

use crate::cli::behaviours;
use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct PaymentSimArgs {
    /// Where to listen; other than this machine's own addresses only with --token-file. Port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:8090")]
    listen: SocketAddr,
    /// The service's books, made if they are not there
    #[arg(long, value_name = "FILE")]
    books: PathBuf,
    /// How it behaves at first; PUT /faults changes it while it runs
    #[arg(long, value_name = "HOW", default_value = "approve", value_parser = behaviours())]
    behaviour: Behaviour,
    /// So many milliseconds later it answers each call; a slow one is 10 s late if this is not given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(..=600_000))]
    delay_ms: Option<u64>,
    /// A file with the bearer token that callers must show
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// Where the outcome of a charge is told, signed, when its reply is lost or late
    #[arg(long, value_name = "URL", requires = "secret_file")]
    callback: Option<String>,
    /// A file with the secret that callbacks are signed with
    #[arg(long, value_name = "FILE", requires = "callback")]
    secret_file: Option<PathBuf>,
}

/// Where the service is.
#[derive(Serialize)]
struct Served {
    url: String,
}

impl PaymentSimArgs {
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        let sim = self.sim()?;
        let mut said = Ok(());
        let served = payment_sim::run(self.listen, sim, |address| {
            let url = format!("http://{address}");
            let sentence = out.lang().pick(
                format!("the payment service is at {url} until this program is stopped"),
                format!("결제 서비스 주소는 {url} 입니다. 이 프로그램을 끝내면 닫힙니다"),
            );
            said = out.say(&Served { url }, &sentence);
            // Nobody would know where it is.
            if said.is_ok() { Ok(()) } else { Err(io::ErrorKind::BrokenPipe.into()) }
        });
        said?;
        served.map_err(|source| Failure::Listen { address: self.listen, source })
    }

    fn sim(&self) -> Result<PaymentSim, Failure> {
        let address = self.listen;
        if self.token_file.is_none() && !address.ip().is_loopback() {
            return Err(InvalidValue::new(
                "token-file",
                format!("without a token it is served to this machine alone, and {address} is not a loopback address"),
                format!("토큰 없이는 이 컴퓨터에서만 쓸 수 있는데, {address}는 루프백 주소가 아닙니다"),
            )
            .into());
        }
        let books = SimulatedGateway::with_books(&self.books, self.behaviour)?;
        let delay = self.delay_ms.map(Duration::from_millis);
        let switches = Switches::new(Faults { behaviour: self.behaviour, delay });
        let mut sim = PaymentSim::new(Arc::new(books), switches);
        if let Some(path) = &self.token_file {
            sim = sim.token(secret(path)?);
        }
        if let (Some(url), Some(path)) = (&self.callback, &self.secret_file) {
            sim = sim.callback(CallbackConfig::new(url, secret(path)?))?;
        }
        Ok(sim)
    }
}

pub(super) fn secret(path: &Path) -> Result<Secret, Failure> {
    Secret::read(path).map_err(|error| match error {
        ConfigError::SecretFile { path, source } => Failure::File { path, source },
        other => other.into(),
    })
}
