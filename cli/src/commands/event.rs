//! `event`: the log, and what is added to it.

use std::time::Duration;

use clap::{Args, Subcommand};
use storagerent::{CorrelationId, Envelope, EventFilter, Lang, Page};

use crate::cli::Globals;
use crate::failure::Failure;
use crate::output::{self, Tone, json, words};
use crate::site::Site;

/// So many events are read at a time: the log may be long.
const AT_A_TIME: u32 = 1_000;
/// How often the log is looked at when following it.
const POLL_EVERY: Duration = Duration::from_millis(200);
/// So wide is a line with all there is to tell of an event.
const FULL_WIDTH: u16 = 130;

#[derive(Debug, Subcommand)]
pub(crate) enum EventCommand {
    /// List events, in order; with --json one object per line
    List(ListArgs),
}

#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Only what comes after this sequence number
    #[arg(long, value_name = "SEQ", default_value_t = 0, hide_default_value = true)]
    after: u64,
    /// At most so many; all if not given
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Only what belongs to this request
    #[arg(long, value_name = "ID")]
    correlation: Option<String>,
    /// Go on with new events as they happen, doing what is due meanwhile
    #[arg(long)]
    follow: bool,
}

impl EventCommand {
    pub(super) fn run(self, globals: &Globals) -> Result<(), Failure> {
        let EventCommand::List(args) = self;
        let correlation_id = args.correlation.as_deref().map(CorrelationId::new).transpose()?;
        let narrowed = args.after > 0 || args.limit.is_some() || correlation_id.is_some();
        let mut reader =
            Reader { filter: EventFilter { correlation_id }, after: args.after, left: args.limit.unwrap_or(u64::MAX) };
        Site::reading(globals, |site| {
            let some = reader.print_new(site)?;
            if args.follow {
                return reader.follow(site);
            }
            if !some && !site.out.is_json() {
                let lang = site.out.lang();
                output::words(match narrowed {
                    true => lang.pick("nothing matches", "해당하는 이벤트가 없습니다"),
                    false => lang.pick("no events yet: nothing has happened", "아직 이벤트가 없습니다"),
                });
            }
            Ok(())
        })
    }
}

/// How far the log was read.
struct Reader {
    filter: EventFilter,
    after: u64,
    left: u64,
}

impl Reader {
    /// Prints what is new; says whether anything was.
    fn print_new(&mut self, site: &Site) -> Result<bool, Failure> {
        let mut some = false;
        while self.left > 0 {
            let limit = u32::try_from(self.left).unwrap_or(u32::MAX).min(AT_A_TIME);
            let events = site.app.events(&self.filter, Page { after: self.after, limit: Some(limit) })?;
            let Some(last) = events.last() else { break };
            self.after = last.sequence.get();
            self.left -= events.len() as u64;
            some = true;
            output::data(&events.iter().map(|event| line(event, site)).collect::<String>())?;
        }
        Ok(some)
    }

    /// Goes on until enough was printed, or nobody reads any more.
    fn follow(&mut self, site: &Site) -> Result<(), Failure> {
        while self.left > 0 && reader_still_there(POLL_EVERY) {
            // What cannot be written now is due still at the next look.
            if site.app.tick().is_ok() {
                site.catch_up();
            }
            self.print_new(site)?;
        }
        Ok(())
    }
}

fn line(event: &Envelope, site: &Site) -> String {
    if site.out.is_json() {
        return json::line(event) + "\n";
    }
    let (out, lang) = (&site.out, site.out.lang());
    let word = words::event(event.event.event_type(), lang);
    let name = words::padded(&out.paint(Tone::Strong, word), word, 26);
    let about = about(event, lang);
    let cause = event.causation_id.map_or_else(String::new, |cause| format!("← {cause}"));
    let at = event.occurred_at;
    if out.width().is_some_and(|width| width < FULL_WIDTH) {
        let at = at.format("%m-%d %H:%M:%S");
        return format!("{:>6} {at} {name} {cause:<6} {about}\n", event.sequence);
    }
    let correlation = out.paint(Tone::Faint, event.correlation_id.as_str());
    let about = words::padded(&about, &about, 27);
    format!("{:>6}  {}  {name}  {cause:<7}  {about}  {correlation}\n", event.sequence, words::moment(at))
}

/// What an event is about, by number.
fn about(event: &Envelope, lang: Lang) -> String {
    let storage = event.event.storage_id();
    match event.event.reservation_id() {
        Some(id) => lang.pick(format!("storage {storage}, reservation {id}"), format!("창고 {storage}번, 예약 {id}번")),
        None => lang.pick(format!("storage {storage}"), format!("창고 {storage}번")),
    }
}

/// Waits; answers at once, and with no, when whoever reads stdout has gone.
#[cfg(unix)]
fn reader_still_there(wait: Duration) -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdout = std::io::stdout();
    let mut watched = [PollFd::new(&stdout, PollFlags::empty())];
    let timeout = Timespec { tv_sec: 0, tv_nsec: i64::from(wait.subsec_nanos()) };
    // An interrupted wait is a short one.
    let _ = poll(&mut watched, Some(&timeout));
    !watched[0].revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL)
}

/// Waits; whether anybody reads shows at the next line.
#[cfg(not(unix))]
fn reader_still_there(wait: Duration) -> bool {
    std::thread::sleep(wait);
    true
}
