//! `man`: manual pages, one per command.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use crate::cli;
use crate::failure::Failure;
use crate::output::Output;

#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The folder, made if it is not there
    #[arg(value_name = "DIR")]
    dir: PathBuf,
}

/// What was written.
#[derive(Serialize)]
struct Written {
    dir: String,
    pages: usize,
}

impl ManArgs {
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        let dir = self.dir.as_path();
        std::fs::create_dir_all(dir).map_err(|e| Failure::file(dir, e))?;
        clap_mangen::generate_to(cli::command(), dir).map_err(|e| Failure::file(dir, e))?;
        let mut root = cli::command();
        root.build();
        let pages = count(&root);
        let dir = dir.display().to_string();
        let sentence = out
            .lang()
            .pick(format!("{pages} manual pages written to {dir}"), format!("{dir}에 매뉴얼 {pages}쪽을 썼습니다"));
        out.say(&Written { dir, pages }, &sentence)
    }
}

fn count(command: &clap::Command) -> usize {
    1 + command.get_subcommands().filter(|c| !c.is_hide_set() && c.get_name() != "help").map(count).sum::<usize>()
}
