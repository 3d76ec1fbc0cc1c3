//! `operations TOOL [--long] [SCENE …]`: the server as operators run it; see `storagerent_tests::operations`.

use std::process::ExitCode;

#[cfg(unix)]
fn main() -> ExitCode {
    use storagerent_tests::operations::{SCENES, Stage};
    let mut args = std::env::args().skip(1);
    let Some(tool) = args.next() else {
        eprintln!("usage: operations TOOL [--long] [SCENE …]");
        return ExitCode::from(2);
    };
    let (flags, wanted): (Vec<String>, Vec<String>) = args.partition(|arg| arg.starts_with("--"));
    let stage = Stage { tool: tool.into(), long: flags.iter().any(|flag| flag == "--long") };
    for (name, play) in SCENES.iter().filter(|(name, _)| wanted.is_empty() || wanted.iter().any(|w| w == name)) {
        match play(&stage) {
            Ok(lines) => lines.iter().for_each(|line| println!("{name}: {line}")),
            Err(error) => {
                eprintln!("{name} FAILED: {error}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!("processes are ended and sockets handed over as on Unix");
    ExitCode::FAILURE
}
