//! Reading the log ahead: whoever folds all of it, batch by batch, finds the beginning of the next batch read, by a thread that did
//! so meanwhile, and reads the rest: neither of them waits for the other.
//!
//! What is committed to the log never changes, so that it does not matter when it was read.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use rusqlite::Connection;
use storagerent_core::event::Envelope;
use storagerent_core::ports::{EventFilter, Page};

use super::connect;
use super::statements::Db;
use super::tables::events;

/// A shorter page is read by whoever asks for it.
const PAGE_MIN: u32 = 4_096;

/// What is read ahead of one file's writer. Waits for its thread when dropped.
pub(super) struct Ahead {
    path: PathBuf,
    reading: Option<Reading>,
    /// The thread's connection, while there is none.
    idle: Option<Connection>,
}

/// A thread at work.
struct Reading {
    page: Page,
    enough: Arc<AtomicBool>,
    thread: JoinHandle<Option<(Connection, Vec<Envelope>)>>,
}

impl Reading {
    /// What it has read so far.
    fn end(self) -> Option<(Connection, Vec<Envelope>)> {
        self.enough.store(true, Ordering::Relaxed);
        self.thread.join().ok()?
    }
}

impl std::fmt::Debug for Ahead {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ahead")
            .field("page", &self.reading.as_ref().map(|reading| reading.page))
            .finish_non_exhaustive()
    }
}

impl Ahead {
    pub(super) fn of(path: PathBuf) -> Self {
        Ahead { path, reading: None, idle: None }
    }

    /// Whether a page of the log may be one of many.
    pub(super) fn is_for(filter: &EventFilter, page: Page) -> bool {
        filter.correlation_id.is_none() && page.limit.is_some_and(|limit| limit >= PAGE_MIN)
    }

    /// What was read ahead of the beginning of a page, if there is any; whoever reads the rest meets what trouble there was. Has the
    /// page after this one read, if the log goes on to there, unless that is under way.
    pub(super) fn take(&mut self, page: Page, head: u64) -> Option<Vec<Envelope>> {
        let after = next(page, page.limit.unwrap_or(u32::MAX));
        if self.reading.as_ref().is_some_and(|reading| reading.page.after == after) {
            return None;
        }
        let taken = self.reading.take().and_then(|reading| self.taken(reading, page));
        if after < head {
            self.start(page);
        }
        taken
    }

    /// Forgets what was read: somebody else has changed the file, who may have put another one's pages in its place.
    pub(super) fn forget(&mut self) {
        if let Some(reading) = self.reading.take()
            && let Some((conn, _)) = reading.end()
        {
            self.idle = Some(conn);
        }
    }

    fn taken(&mut self, reading: Reading, page: Page) -> Option<Vec<Envelope>> {
        let read = reading.page;
        let (conn, events) = reading.end()?;
        self.idle = Some(conn);
        let fits = page.limit.is_some_and(|limit| events.len() <= limit as usize);
        (read.after == page.after && fits && !events.is_empty()).then_some(events)
    }

    fn start(&mut self, page: Page) {
        let Some(limit) = page.limit else { return };
        let page = Page { after: next(page, limit), limit: Some(limit) };
        let (path, idle) = (self.path.clone(), self.idle.take());
        let enough = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&enough);
        let read = move || {
            let conn = match idle {
                Some(conn) => conn,
                None => connect::read_only(connect::open(&path).ok()?).ok()?,
            };
            let events = events::list_until(Db::of(&conn), page, || asked.load(Ordering::Relaxed)).ok()?;
            Some((conn, events))
        };
        // Without a thread nothing is read ahead.
        let thread = std::thread::Builder::new().name("read ahead".to_owned()).spawn(read).ok();
        self.reading = thread.map(|thread| Reading { page, enough, thread });
    }
}

impl Drop for Ahead {
    fn drop(&mut self) {
        self.forget();
    }
}

fn next(page: Page, limit: u32) -> u64 {
    page.after.saturating_add(limit.into())
}

#[cfg(test)]
mod tests {
    use storagerent_core::ImportStorages;
    use storagerent_core::shared::{Caller, Money, Rate};
    use storagerent_core::storage::RegisterStorage;

    use super::*;
    use crate::payment::{Behaviour, SimulatedGateway};

    /// A file whose log has so many events, and the application that has it open.
    fn with_events(path: &std::path::Path, events: u32) -> storagerent_core::app::App {
        let app = crate::open(path, SimulatedGateway::in_memory(Behaviour::Approve)).unwrap();
        let rate = Rate::flat(Money::krw(5)).unwrap();
        let one = |n| RegisterStorage { description: format!("storage {n}").parse().unwrap(), rate };
        let storages = (0..events).map(one).collect();
        app.import(&Caller::manager(), ImportStorages { storages }).unwrap();
        app
    }

    fn page(after: u64, limit: u32) -> Page {
        Page { after, limit: Some(limit) }
    }

    /// Waits until the page under way is read as far as the log goes.
    fn until_read(ahead: &Ahead) {
        while ahead.reading.as_ref().is_some_and(|reading| !reading.thread.is_finished()) {
            std::thread::yield_now();
        }
    }

    #[test]
    fn the_page_after_the_one_asked_for_is_read_ahead_and_no_other_is_taken_for_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let app = with_events(&path, 9_000);
        let (mut ahead, head) = (Ahead::of(path.clone()), 9_000);
        let second = u64::from(PAGE_MIN);
        let conn = connect::open(&path).unwrap();
        let read = |page| events::list(Db::of(&conn), &EventFilter::default(), page).unwrap();
        assert_eq!(ahead.take(page(0, PAGE_MIN), head), None, "nobody has asked yet");
        assert_eq!(ahead.take(page(96, PAGE_MIN - 96), head), None, "the rest of this page is read by whoever asks");
        until_read(&ahead);
        assert_eq!(ahead.take(page(second, PAGE_MIN), head).unwrap(), read(page(second, PAGE_MIN)));
        until_read(&ahead);
        let taken = ahead.take(page(2 * second, PAGE_MIN), head).unwrap();
        assert_eq!((taken.len(), &taken), (9_000 - 2 * PAGE_MIN as usize, &read(page(2 * second, PAGE_MIN))));
        assert!(ahead.reading.is_none(), "there the log ends");
        for other in [page(0, PAGE_MIN), page(1, PAGE_MIN)] {
            assert_eq!(ahead.take(page(0, PAGE_MIN), head), None);
            until_read(&ahead);
            assert_eq!(ahead.take(other, head), None, "that is no page that was read");
        }
        assert_eq!(ahead.take(page(0, PAGE_MIN), head), None);
        until_read(&ahead);
        assert_eq!(ahead.take(page(second, PAGE_MIN / 2), head), None, "more was read than is asked for");
        assert_eq!(ahead.take(page(0, PAGE_MIN), head), None);
        ahead.forget();
        assert_eq!(ahead.take(page(second, PAGE_MIN), head), None);
        drop((ahead, conn, app));
    }

    #[test]
    fn whoever_asks_too_soon_is_given_what_was_read_so_far() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let app = with_events(&path, 9_000);
        let conn = connect::open(&path).unwrap();
        let read = |enough: bool| events::list_until(Db::of(&conn), page(7, 9_000), || enough).unwrap();
        assert_eq!(read(false).len(), 8_993);
        assert_eq!(read(true), read(false)[..1]);
        drop((conn, app));
    }

    #[test]
    fn only_long_pages_of_the_whole_log_are_read_ahead() {
        let all = EventFilter::default();
        assert!(Ahead::is_for(&all, page(0, PAGE_MIN)));
        assert!(!Ahead::is_for(&all, page(0, PAGE_MIN - 1)));
        assert!(!Ahead::is_for(&all, Page { after: 0, limit: None }));
        let of_one = EventFilter { correlation_id: Some("req-1".parse().unwrap()) };
        assert!(!Ahead::is_for(&of_one, page(0, PAGE_MIN)));
    }

    #[test]
    fn a_view_folded_from_many_pages_is_the_fold_of_the_log() {
        let folder = tempfile::tempdir().unwrap();
        let app = with_events(&folder.path().join("a.db"), 40_000);
        let view = app.replay(&Caller::manager(), "view").unwrap();
        assert_eq!(app.verify().unwrap().findings, []);
        assert_eq!(view.cursor.get(), 40_000);
    }
}
