//! `review`: what customers say of what they rented.

use clap::{ArgGroup, Args, Subcommand};
use storagerent::{
    AddReview, DeleteReview, InvalidValue, ModifyReview, ReservationId, ReviewContent, ReviewFilter, ReviewId, Stars,
    StorageId,
};

use super::args::{self, PageArgs};
use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::{Site, caller};

#[derive(Debug, Subcommand)]
pub(crate) enum ReviewCommand {
    /// Review a rental, once, from its first day on
    Add(AddArgs),
    /// Change one's own review
    Modify(ModifyArgs),
    /// Take a review away: its author may, and the manager
    Delete(DeleteArgs),
    /// List reviews
    List(ListArgs),
}

#[derive(Debug, Args)]
pub(crate) struct AddArgs {
    /// The reservation
    #[arg(value_name = "RESERVATION_ID", value_parser = args::id)]
    reservation_id: u64,
    /// Who reviews: the customer of that reservation
    #[arg(long, value_name = "NAME")]
    customer: String,
    /// 1 to 5
    #[arg(long, value_name = "1..5", allow_negative_numbers = true)]
    rating: String,
    /// What there is to say, 1 to 2,000 characters
    #[arg(long, value_name = "TEXT")]
    content: String,
}

#[derive(Debug, Args)]
#[command(group = ArgGroup::new("change").required(true).multiple(true))]
pub(crate) struct ModifyArgs {
    /// The review
    #[arg(value_name = "ID", value_parser = args::id)]
    id: u64,
    /// Its author
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
    /// 1 to 5
    #[arg(long, value_name = "1..5", allow_negative_numbers = true, group = "change")]
    rating: Option<String>,
    /// What there is to say
    #[arg(long, value_name = "TEXT", group = "change")]
    content: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct DeleteArgs {
    /// The review
    #[arg(value_name = "ID", value_parser = args::id)]
    id: u64,
    /// Its author; the manager if not given
    #[arg(long, value_name = "NAME")]
    customer: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only of this storage
    #[arg(long, value_name = "ID", value_parser = args::id)]
    storage: Option<u64>,
    #[command(flatten)]
    page: PageArgs,
}

/// Reads a rating; what is no number is refused as one out of range is.
fn stars(raw: &str) -> Result<Stars, InvalidValue> {
    match raw.parse() {
        Ok(rate) => Stars::new(rate),
        Err(_) => Err(InvalidValue::new(
            "rating",
            format!("{raw:?} is not a rating; ratings are 1 to 5"),
            format!("{raw:?}은(는) 평점이 아닙니다. 평점은 1~5입니다"),
        )),
    }
}

impl ReviewCommand {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        match self {
            ReviewCommand::Add(args) => {
                let caller = caller(Some(&args.customer))?;
                let (rate, content) = (stars(&args.rating)?, ReviewContent::new(&args.content)?);
                let command = AddReview { reservation_id: ReservationId::new(args.reservation_id), rate, content };
                Site::writing(globals, |site| site.out.show(&site.app.add_review(&caller, command)?))
            }
            ReviewCommand::Modify(args) => {
                let caller = caller(args.customer.as_deref())?;
                let rate = args.rating.as_deref().map(stars).transpose()?;
                let content = args.content.as_deref().map(ReviewContent::new).transpose()?;
                let command = ModifyReview { review_id: ReviewId::new(args.id), rate, content };
                Site::writing(globals, |site| site.out.show(&site.app.modify_review(&caller, command)?))
            }
            ReviewCommand::Delete(args) => {
                let caller = caller(args.customer.as_deref())?;
                let command = DeleteReview { review_id: ReviewId::new(args.id) };
                Site::writing(globals, |site| site.out.show(&site.app.delete_review(&caller, command)?))
            }
            ReviewCommand::List(ListArgs { storage, page }) => {
                let filter = ReviewFilter { storage_id: storage.map(StorageId::new) };
                let narrowed = page.narrows() || filter != ReviewFilter::default();
                Site::reading(globals, |site| site.out.list(&site.app.reviews(&filter, page.page())?, narrowed))
            }
        }
    }
}
