//! `settings`: what the site is run by.

use clap::{Args, Subcommand};
use storagerent::Caller;

use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::Site;

#[derive(Debug, Subcommand)]
pub(crate) enum SettingsCommand {
    /// Show all settings
    Show,
    /// Change one setting
    Set(SetArgs),
}

#[derive(Debug, Args)]
#[command(after_help = "\
Settings:
  zone                IANA time zone whose days count, such as Asia/Seoul
  holdMinutes         how long a hold blocks its days, 1 to 1440
  breakerFailures     so many failures in a row open the breaker, 1 to 1000
  breakerOpenSeconds  so long it stays open before a probe, 1 to 3600
  deadlineSeconds     so long a call of the payment service may take, 1 to 120
  language            of messages to customers, ko or en
  gateway             whose books the payments are in; no other payment service
                      is let near them: set it only when one takes over another's")]
pub(crate) struct SetArgs {
    /// Its name
    #[arg(value_name = "KEY")]
    key: String,
    /// Its new value
    #[arg(value_name = "VALUE", allow_hyphen_values = true)]
    value: String,
}

impl SettingsCommand {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        match self {
            SettingsCommand::Show => Site::reading(globals, |site| site.out.show(&site.app.settings()?)),
            SettingsCommand::Set(SetArgs { key, value }) => {
                Site::writing(globals, |site| site.out.show(&site.app.set(&Caller::manager(), &key, &value)?))
            }
        }
    }
}
