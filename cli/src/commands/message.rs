//! `message`: what customers were told.

use clap::{Args, Subcommand};
use storagerent::{CustomerId, MessageFilter};

use super::args::PageArgs;
use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::Site;

#[derive(Debug, Subcommand)]
pub(crate) enum MessageCommand {
    /// List messages
    List(ListArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only to this customer
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
    #[command(flatten)]
    page: PageArgs,
}

impl MessageCommand {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let MessageCommand::List(ListArgs { customer, page }) = self;
        let filter = MessageFilter { customer: customer.as_deref().map(CustomerId::new).transpose()? };
        let narrowed = page.narrows() || filter != MessageFilter::default();
        Site::reading(globals, |site| {
            site.out.list(&site.app.messages(&filter, page.page())?, narrowed)?;
            site.remark_behind("message", "not all may have been told yet", "아직 알리지 않은 것이 있을 수 있습니다");
            Ok(())
        })
    }
}
