//! `consumer`: the consumers of events, and how far behind they are.

use clap::{Args, Subcommand};
use storagerent::{Answer, Caller, Command, ConsumerStatus, OperationError};

use crate::cli::Globals;
use crate::failure::Failure;
use crate::site::Site;

#[derive(Debug, Subcommand)]
pub(crate) enum ConsumerCommand {
    /// List the consumers
    List(ListArgs),
    /// Make a consumer wait, in every process, until it is resumed; what it misses it gets then
    Pause(ConsumerArg),
    /// Let a paused consumer go on
    Resume(ConsumerArg),
    /// Let a consumer go through the log again, at once unless it is paused
    Replay(ConsumerArg),
    /// Let all consumers go on, one pass
    Run,
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// At most so many; all if not given
    #[arg(long, value_name = "N")]
    limit: Option<usize>,
    /// Only what comes after this name
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    after: String,
}

#[derive(Debug, Args)]
pub(crate) struct ConsumerArg {
    /// storage, payment, message or view
    #[arg(value_name = "NAME")]
    name: String,
}

impl ConsumerCommand {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let manager = Caller::manager();
        match self {
            ConsumerCommand::List(ListArgs { limit, after }) => Site::reading(globals, |site| {
                let mut all = site.app.consumers()?;
                all.retain(|consumer| consumer.row.name > after);
                all.truncate(limit.unwrap_or(usize::MAX));
                site.out.list(&all, limit.is_some() || !after.is_empty())
            }),
            ConsumerCommand::Pause(ConsumerArg { name }) => Site::writing(globals, |site| {
                site.app.pause(&manager, &name)?;
                show(site, &name)
            }),
            ConsumerCommand::Resume(ConsumerArg { name }) => Site::writing(globals, |site| {
                site.app.resume(&manager, &name)?;
                show(site, &name)
            }),
            ConsumerCommand::Replay(ConsumerArg { name }) => Site::writing(globals, |site| {
                site.app.replay(&manager, &name)?;
                show(site, &name)
            }),
            ConsumerCommand::Run => Site::writing(globals, |site| {
                site.app.hurry(&manager)?;
                let answer = site.app.execute(&manager, Command::RunConsumers)?;
                let consumed = if let Answer::Consumed { consumed, .. } = &answer { *consumed } else { 0 };
                let lang = site.out.lang();
                let sentence =
                    lang.pick(format!("{consumed} events consumed"), format!("이벤트 {consumed}건을 처리했습니다"));
                site.out.say(&answer, &sentence)
            }),
        }
    }
}

/// Shows a consumer as it is once it has caught up as far as it may.
fn show(site: &Site, name: &str) -> Result<(), Failure> {
    site.catch_up();
    let all: Vec<ConsumerStatus> = site.app.consumers()?;
    match all.iter().find(|consumer| consumer.row.name == name) {
        Some(consumer) => site.out.show(consumer),
        None => Err(OperationError::ConsumerNotFound { name: name.to_owned() }.into()),
    }
}
