//! The log of a server, on standard error: one line an occurrence, as text or as JSON. It has no secret, no body and no name of a
//! customer in it; requests are told by their route and correlation id.

use std::panic::PanicHookInfo;

use clap::ValueEnum;
use serde::Deserialize;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{NonBlockingBuilder, WorkerGuard};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, fmt, registry};

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    /// For people.
    #[default]
    Text,
    /// For programs: one JSON object a line.
    Json,
    /// Nothing is logged.
    None,
}

/// How much is logged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Level {
    /// All there is.
    Debug,
    /// Each request, too.
    #[default]
    Info,
    /// What went wrong.
    Warn,
}

impl From<Level> for LevelFilter {
    fn from(level: Level) -> Self {
        match level {
            Level::Debug => LevelFilter::DEBUG,
            Level::Info => LevelFilter::INFO,
            Level::Warn => LevelFilter::WARN,
        }
    }
}

/// Logs until what is returned is dropped. Whoever reads standard error too slowly loses lines, and holds up no request.
pub(crate) fn start(format: Format, level: Level) -> Option<WorkerGuard> {
    std::panic::set_hook(Box::new(panicked));
    if format == Format::None {
        return None;
    }
    let (writer, guard) =
        NonBlockingBuilder::default().lossy(true).thread_name("storagerent-log").finish(std::io::stderr());
    let ours = Targets::new().with_target("storagerent", level).with_default(LevelFilter::WARN);
    let lines = fmt::layer().with_writer(writer).with_ansi(false);
    let lines = match format {
        Format::Json => lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed(),
        Format::Text | Format::None => lines.boxed(),
    };
    registry().with(lines.with_filter(ours)).init();
    Some(guard)
}

/// Says where; and why, unless that was put together from values, which may be anybody's.
fn panicked(info: &PanicHookInfo<'_>) {
    let at = info.location().map(ToString::to_string).unwrap_or_default();
    let why = info.payload().downcast_ref::<&'static str>().copied().unwrap_or("see the code there");
    tracing::error!(at, why, "broke off");
}
