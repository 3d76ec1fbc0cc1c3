//! `quote`: what a period costs.

use clap::Args;
use storagerent::{QuoteStorage, StorageId};

use super::args::{self, PeriodArgs};
use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::Site;

#[derive(Debug, Args)]
pub(crate) struct QuoteArgs {
    /// The storage
    #[arg(value_name = "STORAGE_ID", value_parser = args::id)]
    storage_id: u64,
    #[command(flatten)]
    period: PeriodArgs,
}

impl QuoteArgs {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let (from, until) = self.period.days()?;
        let ask = QuoteStorage { storage_id: StorageId::new(self.storage_id), from, until };
        Site::reading(globals, |site| site.out.show(&site.app.quote(ask)?))
    }
}
