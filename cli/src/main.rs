//! `storagerent`: the reservation engine on the command line.
//!
//! Decides how a line is read and how an answer looks: stdout is data, stderr is words. Never decides a rule: that is core's.
//!
//! Architecture invariants: this program talks to `storagerent` and what serves it over HTTP alone; only `output` writes to stdout, and nothing reaches a
//! terminal that was not made safe first; only `failure` knows exit codes.

mod cli;
mod commands;
mod failure;
mod output;
mod site;

fn main() -> std::process::ExitCode {
    cli::run(std::env::args_os().collect())
}
