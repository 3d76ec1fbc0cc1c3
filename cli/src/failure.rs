//! What can go wrong, and how it is told: words in the caller's language or one line of JSON, and the exit code.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;
use storagerent::{
    Error, InvalidValue, Kind, Lang, NotAllowed, OperationError, PaymentError, ReservationError, ReservationRow,
    ReviewError, StorageError, StoreError, explain,
};

use crate::commands::RefusedLine;
use crate::output::{self, Output, json, safe};

/// The exit code for a line that cannot be read, and for values that are none.
pub(crate) const USAGE: u8 = 2;

/// So many refused lines of an import are told to people; JSON tells all.
const REFUSED_LINES_TOLD_MAX: usize = 50;

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
    ImportRefused { refused: Vec<RefusedLine> },
    /// A file could not be read or written.
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// There is a file where none may be.
    #[error("{} exists already", path.display())]
    FileExists { path: PathBuf },
    /// A file is in use where nobody may use it.
    #[error("{} is in use", path.display())]
    FileInUse { path: PathBuf },
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
    pub(crate) fn usage(refusal: &clap::Error) -> Self {
        let text = refusal.to_string();
        let text = text.strip_prefix("error: ").unwrap_or(&text);
        let (message, rest) = text.split_once("\n\n").unwrap_or((text, ""));
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Failure::Usage { message: one_line(message), hint: Some(one_line(rest)).filter(|hint| !hint.is_empty()) }
    }

    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Failure::File { path: path.to_owned(), source }
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
            Failure::Usage { .. } | Failure::ImportRefused { .. } => USAGE,
            Failure::FileExists { .. } => 4,
            Failure::FileInUse { .. } => 7,
            Failure::File { .. } | Failure::NoDataFolder | Failure::Stdout(_) | Failure::Found => 1,
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
            Failure::NoDataFolder => "noDataFolder",
            Failure::Stdout(_) | Failure::Closed => "stdoutFailed",
            Failure::Found => "found",
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
            | Failure::NoDataFolder
            | Failure::Stdout(_)
            | Failure::Closed
            | Failure::Found => None,
        }
    }

    /// What happened and why, and what to do.
    fn words(&self, lang: Lang) -> (String, Option<String>) {
        let say = |message: String, en: &str, ko: &str| (message, Some(lang.pick(en, ko).to_owned()));
        match self {
            Failure::Engine(error) => {
                let told = explain(error, lang);
                (told.message, Some(told.hint))
            }
            Failure::Usage { message, hint } => (message.clone(), hint.clone()),
            Failure::ImportRefused { refused } => {
                let n = refused.len();
                let en =
                    format!("{n} {} refused; nothing was imported", if n == 1 { "line was" } else { "lines were" });
                let message = lang.pick(en, format!("{n}개 줄이 잘못되어 아무것도 가져오지 않았습니다"));
                say(
                    message,
                    "correct the file, or let --skip-bad leave those lines out",
                    "파일을 고치거나 --skip-bad로 잘못된 줄을 건너뛰세요",
                )
            }
            Failure::File { path, source } => {
                let path = path.display();
                let message = lang.pick(format!("{path}: {source}"), format!("{path} 파일 오류: {source}"));
                say(message, "check the path and its permissions", "경로와 권한을 확인하세요")
            }
            Failure::FileExists { path } => {
                let path = path.display();
                let message = lang.pick(
                    format!("{path} exists already; it is left as it is"),
                    format!("{path} 파일이 이미 있어 그대로 두었습니다"),
                );
                say(message, "name a file that does not exist", "없는 파일 이름을 주세요")
            }
            Failure::FileInUse { path } => {
                let path = path.display();
                let message = lang.pick(
                    format!("{path} is in use by another process; nothing was changed"),
                    format!("{path} 파일을 다른 프로세스가 쓰고 있어 아무것도 바꾸지 않았습니다"),
                );
                say(
                    message,
                    "stop everything that uses the file, then try again",
                    "이 파일을 쓰는 프로그램을 모두 끝낸 뒤 다시 시도하세요",
                )
            }
            Failure::NoDataFolder => say(
                lang.pick(
                    "there is no data folder to keep a site in: HOME is not set",
                    "데이터 폴더가 없습니다: HOME이 설정되지 않았습니다",
                )
                .to_owned(),
                "name a file: --db FILE, or STORAGERENT_DB",
                "--db FILE 또는 STORAGERENT_DB로 파일을 지정하세요",
            ),
            Failure::Stdout(error) => say(
                lang.pick(format!("stdout cannot be written: {error}"), format!("표준 출력에 쓸 수 없습니다: {error}")),
                "what was asked for is done; look at it again with show or list",
                "요청한 일은 처리되었습니다. show나 list로 다시 확인하세요",
            ),
            Failure::Closed => ("stdout was closed".to_owned(), None),
            Failure::Found => say(
                lang.pick("something is not as it should be", "올바르지 않은 것이 있습니다").to_owned(),
                "keep a copy of the file, and restore a backup: `db restore FILE`",
                "파일을 따로 보관하고 백업에서 복원하세요: db restore FILE",
            ),
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

/// An error as JSON.
#[derive(Serialize)]
struct Told<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    code: &'a str,
    message: &'a str,
    hint: Option<&'a str>,
    /// Whole seconds, rounded up.
    retry_after: Option<u64>,
    /// Only where an import was refused: the lines, and why.
    #[serde(skip_serializing_if = "Option::is_none")]
    refused: Option<&'a [RefusedLine]>,
}

/// Tells a failure on stderr and answers with its exit code.
pub(crate) fn tell(failure: &Failure, output: &Output) -> ExitCode {
    let code = ExitCode::from(failure.exit_code());
    if matches!(failure, Failure::Closed) {
        return code;
    }
    if let Some(reservation) = failure.reservation() {
        // The error is told and exits with its own code whether or not anybody still reads stdout.
        let _ = output.show(reservation);
    }
    let lang = output.lang();
    let (message, hint) = failure.words(lang);
    let refused = match failure {
        Failure::ImportRefused { refused } => Some(refused.as_slice()),
        _ => None,
    };
    if output.is_json() {
        if !matches!(failure, Failure::Found) {
            let retry_after = failure.retry_after().map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
            let hint = hint.as_deref();
            let body = Body { code: failure.code(), message: &message, hint, retry_after, refused };
            output::words(&json::line(&Told { error: body }));
        }
        return code;
    }
    if let Some(refused) = refused {
        tell_refused(refused, lang);
    }
    let (error, help) = (lang.pick("error:", "오류:"), lang.pick("hint:", "안내:"));
    output::error_line(error, &safe::line(&message));
    if let Some(hint) = hint {
        output::hint_line(help, &safe::line(&hint));
    }
    code
}

/// Lists refused lines on stderr, for people.
pub(crate) fn tell_refused(refused: &[RefusedLine], lang: Lang) {
    for RefusedLine { line, reason } in refused.iter().take(REFUSED_LINES_TOLD_MAX) {
        let reason = safe::line(reason);
        output::words(&lang.pick(format!("line {line}: {reason}"), format!("{line}번째 줄: {reason}")));
    }
    if let Some(more) = refused.len().checked_sub(REFUSED_LINES_TOLD_MAX).filter(|more| *more > 0) {
        output::words(&lang.pick(format!("… and {more} more"), format!("… 그리고 {more}줄 더")));
    }
}
