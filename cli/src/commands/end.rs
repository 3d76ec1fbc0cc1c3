//! `end`: move-out.

use clap::Args;
use storagerent::{EndRental, ReservationId};

use super::args;
use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::{Site, caller};

#[derive(Debug, Args)]
pub(crate) struct EndArgs {
    /// The reservation
    #[arg(value_name = "RESERVATION_ID", value_parser = args::id)]
    reservation_id: u64,
    /// The first day that is free again, YYYY-MM-DD; tomorrow if not given
    #[arg(long, value_name = "DATE")]
    on: Option<String>,
    /// Who ends it; the manager if not given
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
}

impl EndArgs {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let caller = caller(self.customer.as_deref())?;
        let on = args::maybe_day("on", self.on.as_deref())?;
        let reservation_id = ReservationId::new(self.reservation_id);
        Site::writing(globals, |site| site.out.show(&site.app.end(&caller, EndRental { reservation_id, on })?))
    }
}
