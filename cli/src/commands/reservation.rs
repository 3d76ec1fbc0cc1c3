//! `reservation`: looking at reservations.

use clap::{Args, Subcommand};
use storagerent::{CustomerId, ReservationFilter, ReservationId, ReservationStatus, StorageId};

use super::args::{self, PageArgs};
use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::Site;

#[derive(Debug, Subcommand)]
pub(crate) enum ReservationCommand {
    /// Show a reservation
    Show {
        /// The reservation
        #[arg(value_name = "ID", value_parser = args::id)]
        id: u64,
    },
    /// List reservations
    List(ListArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only of this customer
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
    /// Only of this storage
    #[arg(long, value_name = "ID", value_parser = args::id)]
    storage: Option<u64>,
    /// Only in this state
    #[arg(long, value_name = "STATUS", value_parser = args::reservation_statuses())]
    status: Option<ReservationStatus>,
    #[command(flatten)]
    page: PageArgs,
}

impl ReservationCommand {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        match self {
            ReservationCommand::Show { id } => {
                Site::reading(globals, |site| site.out.show(&site.app.reservation(ReservationId::new(id))?))
            }
            ReservationCommand::List(args) => args.run(globals),
        }
    }
}

impl ListArgs {
    fn run(self, globals: &Globals) -> Result<(), Failure> {
        let customer = self.customer.as_deref().map(CustomerId::new).transpose()?;
        let filter = ReservationFilter { customer, storage_id: self.storage.map(StorageId::new), status: self.status };
        let narrowed = self.page.narrows() || filter != ReservationFilter::default();
        Site::reading(globals, |site| site.out.list(&site.app.reservations(&filter, self.page.page())?, narrowed))
    }
}
