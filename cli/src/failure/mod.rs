//! What can go wrong, and how it is told: words in the caller's language or one line of JSON, and the exit code.

mod tell;
mod usage;
mod words;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use storagerent::{
    Error, InvalidValue, Kind, Lang, NotAllowed, OperationError, PaymentError, ReservationError, ReservationRow,
    ReviewError, StorageError, StoreError,
};

use storagerent_http::token::TokenError;

use crate::commands::RefusedLine;

pub(crate) use tell::{tell, tell_refused};

/// The exit code for a line that cannot be read, and for values that are none.
pub(crate) const USAGE: u8 = 2;

/// Why a command did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The engine refused.
    #[error(transparent)]
    Engine(Error),
    /// The line could not be read.
    #[error("{message}")]
    Usage { message: String, hint: Option<String> },
    /// An import was refused as a whole.
    #[error("{} lines were refused", refused.len())]
    ImportRefused {
        refused: Vec<RefusedLine>,
        /// Whether the file can be read without those lines.
        skips: bool,
    },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// There is a file where none may be.
    #[error("{} exists already", path.display())]
    FileExists { path: PathBuf },
    /// A backup is not as its own log says.
    #[error("{} is not as it should be: {first}", path.display())]
    BackupFound { path: PathBuf, findings: usize, first: String },
    /// A file is in use where nobody may use it.
    #[error("{} is in use", path.display())]
    FileInUse { path: PathBuf },
    /// This build has no page in it.
    #[error("this build has no page")]
    NoPage,
    /// The port cannot be listened on.
    #[error("port {port}: {source}")]
    Port { port: u16, source: io::Error },
    /// The address cannot be listened on.
    #[error("{address}: {source}")]
    Listen { address: SocketAddr, source: io::Error },
    /// A key or token is not taken.
    #[error(transparent)]
    Token(TokenError),
    /// What is called or served over HTTP cannot be, as configured.
    #[error(transparent)]
    Remote(#[from] storagerent_remote::ConfigError),
    /// There is no home to keep the site's file in.
    #[error("no data folder")]
    NoDataFolder,
    /// stdout could not be written.
    #[error("stdout: {0}")]
    Stdout(io::Error),
    /// Whoever read stdout has gone: no error.
    #[error("stdout was closed")]
    Closed,
    /// Something was found wrong; stdout says what.
    #[error("something was found wrong")]
    Found,
}

macro_rules! from_the_engine {
    ($($error:ty),+ $(,)?) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Failure::Engine(error.into())
            }
        }
    )+};
}

from_the_engine!(
    Error,
    StorageError,
    ReservationError,
    PaymentError,
    ReviewError,
    OperationError,
    InvalidValue,
    NotAllowed,
    StoreError,
);

impl Failure {
    /// A line clap could not read; clap colours nothing here.
    pub(crate) fn usage(refusal: &clap::Error, lang: Lang) -> Self {
        let text = refusal.to_string();
        if refusal.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
            let usage = text.lines().find_map(|line| line.strip_prefix("Usage: "));
            let hint = usage.map(|usage| format!("{} {usage}", lang.pick("Usage:", "사용법:")));
            return Failure::Usage {
                message: lang.pick("a command is missing", "명령이 빠졌습니다").to_owned(), hint
            };
        }
        if lang == Lang::Ko
            && let Some((message, hint)) = usage::in_korean(refusal)
        {
            return Failure::Usage { message, hint };
        }
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        let (message, rest) = text.split_once("\n\n").unwrap_or((text, ""));
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Failure::Usage { message: one_line(message), hint: Some(one_line(rest)).filter(|hint| !hint.is_empty()) }
    }

    /// How the simulated payment service behaves was said where another one is called.
    pub(crate) fn otherwise_simulated(lang: Lang) -> Self {
        let message = lang.pick(
            "--payment says how the simulated payment service behaves, and --payment-url names another one",
            "--payment는 시뮬레이션 결제 서비스의 동작을 정하는데, --payment-url로 다른 서비스를 지정했습니다",
        );
        let hint = lang.pick("leave one of the two out", "둘 중 하나를 빼세요");
        Failure::Usage { message: message.to_owned(), hint: Some(hint.to_owned()) }
    }

    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Failure::File { path: path.to_owned(), source }
    }

    pub(crate) fn token(error: TokenError) -> Self {
        match error {
            TokenError::Customer(error) => error.into(),
            error => Failure::Token(error),
        }
    }

    pub(crate) fn stdout(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Failure::Closed } else { Failure::Stdout(error) }
    }

    fn exit_code(&self) -> u8 {
        match self {
            Failure::Engine(error) => match error.kind() {
                Kind::Invalid => USAGE,
                Kind::NotFound => 3,
                Kind::Conflict => 4,
                Kind::NotAllowed => 5,
                Kind::Declined => 6,
                Kind::Unavailable => 7,
                Kind::Internal => 1,
            },
            Failure::Usage { .. } | Failure::ImportRefused { .. } | Failure::Token(_) | Failure::Remote(_) => USAGE,
            Failure::FileExists { .. } => 4,
            Failure::FileInUse { .. } | Failure::Port { .. } | Failure::Listen { .. } => 7,
            Failure::File { .. }
            | Failure::BackupFound { .. }
            | Failure::NoPage
            | Failure::NoDataFolder
            | Failure::Stdout(_)
            | Failure::Found => 1,
            Failure::Closed => 0,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Failure::Engine(error) => error.code(),
            Failure::Usage { .. } => "usage",
            Failure::ImportRefused { .. } => "importRefused",
            Failure::File { .. } => "fileFailed",
            Failure::FileExists { .. } => "fileExists",
            Failure::FileInUse { .. } => "fileInUse",
            Failure::NoPage => "noPage",
            Failure::Port { .. } => "portFailed",
            Failure::Listen { .. } => "listenFailed",
            Failure::Token(_) => "badKey",
            Failure::Remote(_) => "invalidValue",
            Failure::NoDataFolder => "noDataFolder",
            Failure::Stdout(_) | Failure::Closed => "stdoutFailed",
            Failure::Found | Failure::BackupFound { .. } => "findings",
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Failure::Engine(error) => error.retry_after(),
            Failure::FileInUse { .. } => Some(Duration::from_secs(1)),
            Failure::Usage { .. }
            | Failure::ImportRefused { .. }
            | Failure::File { .. }
            | Failure::FileExists { .. }
            | Failure::BackupFound { .. }
            | Failure::NoPage
            | Failure::Port { .. }
            | Failure::Listen { .. }
            | Failure::Token(_)
            | Failure::Remote(_)
            | Failure::NoDataFolder
            | Failure::Stdout(_)
            | Failure::Closed
            | Failure::Found => None,
        }
    }

    /// The reservation whose outcome is not known: it goes to stdout all the same.
    fn reservation(&self) -> Option<&ReservationRow> {
        match self {
            Failure::Engine(Error::Reservation(ReservationError::OutcomeUnknown { reservation, .. })) => {
                Some(reservation)
            }
            _ => None,
        }
    }
}
