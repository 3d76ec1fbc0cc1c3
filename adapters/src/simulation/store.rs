//! The store as a process meets it: the real one, before and after whose calls the process may die, and which may be busy, fail,
//! or not know whether it committed.

use std::sync::Arc;
use std::time::Duration;

use storagerent_core::ports::{Queries, Store, StoreError, Transaction, Verdict, Work};

use super::faults::WriteFault;
use super::site::Site;

/// The store of one process.
pub(super) struct Faulty {
    app: usize,
    site: Arc<Site>,
}

impl Faulty {
    pub(super) fn new(app: usize, site: &Arc<Site>) -> Self {
        Faulty { app, site: Arc::clone(site) }
    }

    /// What strikes this write.
    fn write_fault(&self) -> Option<WriteFault> {
        let at = self.site.count_write();
        self.site.hub(|hub| {
            let struck = hub.step.writes.iter().flatten().find(|(call, _)| *call == at).map(|(_, fault)| *fault);
            let struck = struck.filter(|_| hub.faults_on)?;
            hub.met.note(match struck {
                WriteFault::Busy => "store busy",
                WriteFault::Failed => "store failed to write",
                WriteFault::UnknownKept => "commit said to have failed, and kept",
                WriteFault::UnknownLost => "commit failed, and lost",
            });
            hub.store_failed = true;
            Some(struck)
        })
    }
}

impl Store for Faulty {
    fn submit(&self, work: Vec<Box<dyn Work>>, wait_max: Duration) -> bool {
        self.site.port(self.app, "crash before a write");
        let error = match self.write_fault() {
            None => {
                self.site.hub(|hub| hub.commits += 1);
                return self.site.store.submit(self.watched(work, None), wait_max);
            }
            Some(WriteFault::Busy) => StoreError::Busy { retry_after: Duration::from_secs(1) },
            Some(WriteFault::Failed) => StoreError::Other("no space left".to_owned()),
            Some(fault @ (WriteFault::UnknownKept | WriteFault::UnknownLost)) => {
                self.site.hub(|hub| hub.commits += 1);
                return self.site.store.submit(self.watched(work, Some(fault == WriteFault::UnknownKept)), wait_max);
            }
        };
        work.into_iter().for_each(|work| work.done(Err(error.clone())));
        false
    }

    fn drive(&self) {
        self.site.store.drive();
        self.site.port(self.app, "crash after a commit, before its answer");
    }

    fn read(&self, f: &mut dyn FnMut(&mut dyn Queries)) -> Result<(), StoreError> {
        self.site.port(self.app, "crash before a read");
        let at = self.site.count_read();
        let fails = self.site.hub(|hub| {
            let fails = hub.faults_on && hub.step.read_at == Some(at);
            if fails {
                hub.met.note("store failed to read");
                hub.store_failed = true;
                // It may have been read to tell the breaker something.
                hub.breakers[self.app].mistrust();
            }
            fails
        });
        if fails {
            return Err(StoreError::Other("cannot be read".to_owned()));
        }
        self.site.store.read(f)
    }
}

impl Faulty {
    /// Works that are watched; `unknown` says whether they are kept and told they might not be, or lost.
    fn watched(&self, work: Vec<Box<dyn Work>>, unknown: Option<bool>) -> Vec<Box<dyn Work>> {
        let watch = |(at, work)| {
            let site = (at == 0 && unknown.is_none()).then(|| Arc::clone(&self.site));
            Box::new(Watched { work, site, unknown, saw: 0 }) as Box<dyn Work>
        };
        work.into_iter().enumerate().map(watch).collect()
    }
}

/// A work of which it is seen that nobody is told of it before it is committed.
struct Watched {
    work: Box<dyn Work>,
    site: Option<Arc<Site>>,
    unknown: Option<bool>,
    /// The end of the log when it was done.
    saw: u64,
}

impl Work for Watched {
    fn run(&mut self, tx: &mut dyn Transaction) -> Verdict {
        let verdict = self.work.run(tx);
        if self.unknown == Some(false) {
            return Verdict::Undo;
        }
        if verdict == Verdict::Keep && self.site.is_some() {
            self.saw = tx.head().map_or(0, |head| head.sequence.get());
        }
        verdict
    }

    fn rides_as(&self) -> Option<&'static str> {
        self.work.rides_as()
    }

    fn stand_for(&mut self, works: usize) {
        self.work.stand_for(works);
    }

    fn take_over(&self) -> bool {
        self.work.take_over()
    }

    fn done(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Watched { work, site, unknown, saw } = *self;
        if let (Some(site), true) = (site, outcome.is_ok() && saw > 0) {
            let mut committed = None;
            let read = site.store.read(&mut |q| committed = q.head().ok().map(|head| head.sequence.get()));
            if read.is_err() || committed.is_none_or(|head| head < saw) {
                site.flag(13, || {
                    format!("told of event {saw} when the log had committed {committed:?}: acknowledged before commit")
                });
            }
        }
        match unknown {
            Some(_) => work.done(outcome.and(Err(StoreError::OutcomeUnknown("the disk did not answer".to_owned())))),
            None => work.done(outcome),
        }
    }
}
