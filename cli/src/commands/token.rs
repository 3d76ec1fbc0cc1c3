//! `token`: mints a bearer token for development.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use serde::Serialize;
use storagerent::chrono::{DateTime, TimeDelta, Utc};
use storagerent::clock::SystemClock;
use storagerent::{Clock, InvalidValue};
use storagerent_http::token::{AUDIENCE, Role, Signer};

use crate::cli::Globals;
use crate::failure::Failure;

#[derive(Debug, Args)]
pub(crate) struct TokenArgs {
    /// Whose token it is
    #[arg(long, value_name = "manager|customer", value_enum, hide_possible_values = true)]
    role: RoleArg,
    /// The customer's name; the manager's, if it matters
    #[arg(long, visible_alias = "customer", value_name = "NAME")]
    subject: Option<String>,
    /// A private key in PEM (Ed25519 or RSA), or a file with a secret of 32 bytes or more on one line, which `serve` is
    /// given too
    #[arg(long, value_name = "FILE", env = "STORAGERENT_JWT_KEY", hide_env_values = true)]
    key: PathBuf,
    /// For so many minutes
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(i64).range(1..=525_600))]
    minutes: i64,
    /// For whom it is
    #[arg(long, value_name = "NAME", env = "STORAGERENT_AUDIENCE", hide_env_values = true, default_value = AUDIENCE)]
    audience: String,
    /// Who makes it
    #[arg(long, value_name = "NAME", env = "STORAGERENT_ISSUER", hide_env_values = true, default_value = AUDIENCE)]
    issuer: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum RoleArg {
    Manager,
    Customer,
}

/// A token and until when it is believed.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Minted {
    token: String,
    expires_at: DateTime<Utc>,
}

impl TokenArgs {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let (role, subject) = match (self.role, self.subject) {
            (RoleArg::Manager, name) => (Role::Manager, name.unwrap_or_else(|| "manager".to_owned())),
            (RoleArg::Customer, Some(name)) => (Role::Customer, name),
            (RoleArg::Customer, None) => {
                let (en, ko) = ("a customer has a name: --subject NAME", "고객 이름이 필요합니다: --subject 이름");
                return Err(InvalidValue::new("subject", en, ko).into());
            }
        };
        let key = std::fs::read(&self.key).map_err(|e| Failure::file(&self.key, e))?;
        let now = globals.now.unwrap_or_else(|| SystemClock::default().now());
        let signer = Signer::new(&key, &self.audience, &self.issuer).map_err(Failure::token)?;
        let token = signer.mint(role, &subject, now, self.minutes * 60).map_err(Failure::token)?;
        let minted = Minted { expires_at: now + TimeDelta::minutes(self.minutes), token };
        let sentence = minted.token.clone();
        globals.output().say(&minted, &sentence)
    }
}
