//! `dead-letter`: what could not be done and waits for a decision.

use clap::Subcommand;
use storagerent::{Caller, DeadLetter, DeadLetterId, Page};

use super::args::{self, PageArgs};
use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::Site;

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLetterCommand {
    /// List the dead letters that are open
    List(PageArgs),
    /// Try a dead letter again, with all that waits behind it
    Retry {
        /// The dead letter
        #[arg(value_name = "ID", value_parser = args::id)]
        id: u64,
    },
    /// Give a dead letter up; a refund or a void is never given up
    Discard {
        /// The dead letter
        #[arg(value_name = "ID", value_parser = args::id)]
        id: u64,
        /// Why
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

impl DeadLetterCommand {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let manager = Caller::manager();
        match self {
            DeadLetterCommand::List(page) => {
                Site::reading(globals, |site| site.out.list(&site.app.dead_letters(page.page())?, page.narrows()))
            }
            DeadLetterCommand::Retry { id } => Site::writing(globals, |site| {
                let letter = site.app.retry_dead_letter(&manager, DeadLetterId::new(id))?;
                site.out.show(&letter)?;
                site.catch_up();
                remark_parked_again(site, &letter)
            }),
            DeadLetterCommand::Discard { id, reason } => Site::writing(globals, |site| {
                site.out.show(&site.app.discard_dead_letter(&manager, DeadLetterId::new(id), &reason)?)
            }),
        }
    }
}

/// Says, if that is so, that what was tried again has failed again: it is another dead letter now.
fn remark_parked_again(site: &Site, tried: &DeadLetter) -> Result<(), Failure> {
    let open = site.app.dead_letters(Page::default())?;
    if let Some(again) = open.iter().find(|open| open.subject == tried.subject) {
        let (id, reason) = (again.dead_letter_id, &again.reason);
        site.out.remark(&site.out.lang().pick(
            format!("it failed again and is dead letter {id} now: {reason}"),
            format!("다시 실패하여 데드레터 {id}번이 되었습니다: {reason}"),
        ));
    }
    Ok(())
}
