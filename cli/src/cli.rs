//! The root of the command line: the global options, and how a line becomes an exit code.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use clap::builder::{PossibleValuesParser, Resettable, Styles, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, CommandFactory, FromArgMatches, Parser};
use storagerent::Lang;
use storagerent::chrono::{DateTime, Utc};
use storagerent::payment::Behaviour;

use crate::commands::{self, Command, Unreadable};
use crate::failure::{self, Failure};
use crate::output::{self, Output};

const STYLES: Styles = Styles::styled()
    .header(Style::new().bold())
    .usage(Style::new().bold())
    .literal(AnsiColor::Cyan.on_default())
    .placeholder(Style::new().dimmed());

const AFTER_HELP: &str = "\
Exit codes:
  0  done
  1  anything not below
  2  usage, or an invalid value
  3  not found
  4  conflict: taken, price changed, wrong state
  5  not allowed
  6  payment declined
  7  unavailable, busy or outcome unknown: try later

Try `storagerent demo` first.";

/// A reservation engine for rented storage space (창고대여): one SQLite file, no server.
///
/// Register storages, reserve and pay in one step, cancel with a refund, review, and see everything on one screen. stdout is
/// data, stderr is words. Without --customer the caller is the manager.
#[derive(Debug, Parser)]
#[command(name = "storagerent", version, styles = STYLES, after_help = AFTER_HELP)]
pub(crate) struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// Options that every command takes, before or after its name.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Globals {
    /// The site's file, made if it is not there; if not given, storagerent/rent.db in the XDG data folder
    #[arg(long, global = true, value_name = "FILE", env = "STORAGERENT_DB", hide_env_values = true)]
    pub(crate) db: Option<PathBuf>,
    /// Print JSON, one compact line; errors too, on stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Speak this language; if not given, the locale's. A new file keeps it for its messages
    #[arg(long, global = true, value_name = "ko|en", value_parser = languages(), hide_possible_values = true)]
    pub(crate) lang: Option<Lang>,
    /// How the simulated payment service behaves for this one command; its books are FILE.books beside the database
    #[arg(
        long,
        global = true,
        value_name = "HOW",
        env = "STORAGERENT_PAYMENT",
        hide_env_values = true,
        default_value = "approve",
        value_parser = behaviours()
    )]
    pub(crate) payment: Behaviour,
    /// Whether that stands on the line, and not in the environment.
    #[arg(skip)]
    pub(crate) payment_on_the_line: bool,
    /// The time by which everything happens, RFC 3339: for tests, and for trying future dates
    #[arg(long, global = true, hide = true, value_name = "TIMESTAMP", value_parser = timestamp)]
    pub(crate) now: Option<DateTime<Utc>>,
}

impl Globals {
    /// The language asked for, else the locale's, else English.
    pub(crate) fn lang(&self) -> Lang {
        self.lang.unwrap_or_else(locale)
    }

    pub(crate) fn output(&self) -> Output {
        Output::new(self.json, self.lang())
    }
}

fn languages() -> impl TypedValueParser<Value = Lang> {
    PossibleValuesParser::new(["ko", "en"]).map(|code| Lang::parse(&code).unwrap_or_default())
}

pub(crate) fn behaviours() -> impl TypedValueParser<Value = Behaviour> {
    PossibleValuesParser::new(Behaviour::ALL.map(Behaviour::as_str)).map(|how| how.parse().unwrap_or_default())
}

fn timestamp(raw: &str) -> Result<DateTime<Utc>, Unreadable> {
    let parsed = DateTime::parse_from_rfc3339(raw);
    let (en, ko) = ("a time is written as 2026-11-22T09:00:00Z", "시각은 2026-11-22T09:00:00Z처럼 씁니다");
    parsed.map(|at| at.to_utc()).map_err(|_| Unreadable { en, ko })
}

/// The language of the environment, by the variable that counts.
fn locale() -> Lang {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let locale = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set).unwrap_or_default();
    let locale = locale.to_string_lossy();
    // `ko`, `ko_KR.UTF-8`; not `kok_IN`.
    let language = locale.split(['_', '-', '.', '@']).next().unwrap_or_default();
    if language.eq_ignore_ascii_case("ko") { Lang::Ko } else { Lang::En }
}

/// The command line as clap knows it: for completions and manual pages.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

/// Reads a line and does what it says.
pub(crate) fn run(line: Vec<OsString>) -> ExitCode {
    match read(&line) {
        Ok(Cli { globals, command }) => {
            let output = globals.output();
            match commands::run(command, &globals, &output) {
                Ok(()) => ExitCode::SUCCESS,
                Err(failure) => failure::tell(&failure, &output),
            }
        }
        Err(refusal) => refuse(&refusal, &line),
    }
}

/// Reads a line. What stands on it is heeded or refused; what the environment says is for whatever command has a use for it.
fn read(line: &[OsString]) -> Result<Cli, clap::Error> {
    // What the environment sets to nothing is not set.
    let is_nothing = |arg: &Arg| arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
    let root = command().mut_args(|arg| if is_nothing(&arg) { arg.env(Resettable::Reset) } else { arg });
    let matches = root.try_get_matches_from(line)?;
    let mut cli = Cli::from_arg_matches(&matches)?;
    let on_the_line = |id: &str| matches.value_source(id) == Some(ValueSource::CommandLine);
    cli.globals.payment_on_the_line = on_the_line("payment");
    if let (Command::Serve(args), Some((_, given))) = (&mut cli.command, matches.subcommand()) {
        args.heed_the_line(given);
    }
    let useless: &[(&str, Option<&str>)] = match &cli.command {
        Command::PaymentSim(_) => &[("payment", Some("--behaviour"))],
        Command::Web(_) => &[("db", None), ("payment", None)],
        _ => &[],
    };
    match useless.iter().find(|(id, _)| on_the_line(id)) {
        Some((id, instead)) => Err(unknown(&matches, id, *instead)),
        None => Ok(cli),
    }
}

/// An option of every command that this one has no use for.
fn unknown(matches: &ArgMatches, id: &str, instead: Option<&str>) -> clap::Error {
    let text = |text: &str| ContextValue::String(text.to_owned());
    let mut root = command();
    root.build();
    let named = matches.subcommand_name().and_then(|name| root.find_subcommand(name));
    let mut refusal = clap::Error::new(ErrorKind::UnknownArgument).with_cmd(named.unwrap_or(&root));
    refusal.insert(ContextKind::InvalidArg, text(&format!("--{id}")));
    if let Some(instead) = instead {
        refusal.insert(ContextKind::SuggestedArg, text(instead));
    }
    refusal
}

/// The language that a line asks for which cannot be read, else the locale's.
fn asked_for(words: &[&OsStr]) -> Lang {
    let text = |word: &OsStr| word.to_string_lossy().into_owned();
    let next = words.windows(2).find(|pair| pair[0] == "--lang").map(|pair| text(pair[1]));
    let code = next.or_else(|| words.iter().find_map(|word| text(word).strip_prefix("--lang=").map(str::to_owned)));
    code.and_then(|code| Lang::parse(&code)).unwrap_or_else(locale)
}

/// Help and version go to stdout; what could not be read is told in clap's own words, or in Korean.
fn refuse(refusal: &clap::Error, line: &[OsString]) -> ExitCode {
    let words: Vec<_> = line.iter().skip(1).map(OsString::as_os_str).take_while(|word| *word != "--").collect();
    let json = words.iter().any(|word| *word == "--json");
    let lang = asked_for(&words);
    if !refusal.use_stderr() {
        // clap colours for whoever says so in the environment, too.
        let told = match io::stdout().is_terminal() {
            true => refusal.print().map_err(Failure::stdout),
            false => output::data(&refusal.to_string()),
        };
        return match told {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => failure::tell(&failure, &Output::new(json, lang)),
        };
    }
    if json || lang == Lang::Ko {
        return failure::tell(&Failure::usage(refusal, lang), &Output::new(json, lang));
    }
    let environment = ["STORAGERENT_DB", "STORAGERENT_PAYMENT"].into_iter().filter_map(std::env::var_os);
    let safe = line.iter().cloned().chain(environment).all(|word| !output::safe::needed(&word.to_string_lossy()));
    if safe && io::stderr().is_terminal() {
        // A terminal that is gone changes nothing about the exit code.
        let _ = refusal.print();
    } else {
        output::words(output::safe::lines(&refusal.to_string()).trim_end());
    }
    ExitCode::from(failure::USAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        command().debug_assert();
    }
}
