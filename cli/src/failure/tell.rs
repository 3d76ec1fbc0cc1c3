//! Telling a failure: words for people or one line of JSON, on stderr.

use std::process::ExitCode;

use serde::Serialize;
use storagerent::Lang;

use super::Failure;
use crate::commands::RefusedLine;
use crate::output::{self, Output, json, safe};

/// So many refused lines of an import are told to people; JSON tells all.
const REFUSED_LINES_TOLD_MAX: usize = 50;

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
        Failure::ImportRefused { refused, .. } => Some(refused.as_slice()),
        _ => None,
    };
    if output.is_json() {
        let retry_after = failure.retry_after().map(|wait| wait.as_secs() + u64::from(wait.subsec_nanos() > 0));
        let hint = hint.as_deref();
        let body = Body { code: failure.code(), message: &message, hint, retry_after, refused };
        output::words(&json::line(&Told { error: body }));
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
