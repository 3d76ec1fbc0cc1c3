//! `completions`: for shells.

use clap::Args;
use clap_complete::Shell;

use crate::failure::Failure;
use crate::{cli, output};

#[derive(Debug, Args)]
#[command(after_help = "For bash: source <(storagerent completions bash)")]
pub(crate) struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

impl CompletionsArgs {
    pub(super) fn run(self) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut cli::command(), "storagerent", &mut script);
        output::bytes(&script)
    }
}
