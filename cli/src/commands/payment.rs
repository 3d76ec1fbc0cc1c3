//! `payment`: looking at payments.

use clap::Subcommand;
use storagerent::PaymentId;

use super::args::{self, PageArgs};
use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::Site;

#[derive(Debug, Subcommand)]
pub(crate) enum PaymentCommand {
    /// Show a payment
    Show {
        /// The payment
        #[arg(value_name = "ID", value_parser = args::id)]
        id: u64,
    },
    /// List payments
    List(PageArgs),
}

impl PaymentCommand {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        match self {
            PaymentCommand::Show { id } => {
                Site::reading(globals, |site| site.out.show(&site.app.payment(PaymentId::new(id))?))
            }
            PaymentCommand::List(page) => {
                Site::reading(globals, |site| site.out.list(&site.app.payments(page.page())?, page.narrows()))
            }
        }
    }
}
