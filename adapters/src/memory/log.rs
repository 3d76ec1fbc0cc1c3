//! The log in memory. Events go through the stored shape once, so that what could not be read again is refused at once.

use std::sync::Arc;

use imbl::{OrdMap, Vector};
use storagerent_core::event::{AggregateKind, Envelope, Event, EventHash, Trace};
use storagerent_core::ports::{EventFilter, Finding, Head, Page, StoreError};
use storagerent_core::shared::{CorrelationId, Sequence, StorageId, Version};

use super::index::Index;
use super::state::{at_most, corrupt};
use crate::log::StoredEvent;

/// The events, that of sequence `n` at `n - 1`.
#[derive(Clone)]
pub(super) struct Log {
    events: Vector<Arc<Envelope>>,
    head: Head,
    by_request: Index<CorrelationId>,
    /// The latest event that caused one of a storage's own.
    last_causes: OrdMap<u64, u64>,
}

impl Default for Log {
    fn default() -> Self {
        Log {
            events: Vector::new(),
            head: Head { sequence: Sequence::ZERO, hash: EventHash::ZERO },
            by_request: Index::default(),
            last_causes: OrdMap::new(),
        }
    }
}

impl Log {
    pub(super) fn head(&self) -> Head {
        self.head
    }

    /// Adds an event; one of a storage comes after the last cause of that storage, if it has a cause.
    pub(super) fn append(&mut self, event: &Event, version: Version, trace: &Trace) -> Result<Sequence, StoreError> {
        let cause = trace
            .causation_id
            .filter(|_| event.aggregate().kind == AggregateKind::Storage)
            .map(|cause| (event.aggregate().id, cause.get()));
        if cause.is_some_and(|(id, cause)| self.last_causes.get(&id).is_some_and(|last| *last >= cause)) {
            return Err(corrupt(format!("{} has an event by that cause, or a later one, already", event.aggregate())));
        }
        let sequence = self.head.sequence.next();
        let envelope = StoredEvent::new(sequence, event, version, trace, self.head.hash)?.into_envelope()?;
        self.last_causes.extend(cause);
        self.by_request.put(sequence.get(), None, Some(envelope.correlation_id.clone()));
        self.head = Head { sequence, hash: envelope.hash };
        self.events.push_back(Arc::new(envelope));
        Ok(sequence)
    }

    pub(super) fn list(&self, filter: &EventFilter, page: Page) -> Vec<Envelope> {
        let found = |sequence: u64| self.events.get(usize::try_from(sequence).ok()?.checked_sub(1)?);
        match &filter.correlation_id {
            Some(request) => at_most(page.limit, self.by_request.under(request, page.after).filter_map(found)),
            None => at_most(page.limit, (page.after.saturating_add(1)..=self.head.sequence.get()).filter_map(found)),
        }
    }

    pub(super) fn last_storage_cause(&self, id: StorageId, since: Sequence) -> Option<Sequence> {
        self.last_causes.get(&id.get()).filter(|cause| **cause >= since.get()).map(|cause| Sequence::new(*cause))
    }

    /// Computes the chain anew from the events themselves.
    pub(super) fn check(&self, limit: usize) -> Result<Vec<Finding>, StoreError> {
        let mut findings = Vec::new();
        let mut previous = Head { sequence: Sequence::ZERO, hash: EventHash::ZERO };
        for event in &self.events {
            if event.sequence != previous.sequence.next() {
                findings.push(finding("sequence", event.sequence, format!("it comes after {}", previous.sequence)));
            }
            let trace = Trace {
                correlation_id: event.correlation_id.clone(),
                causation_id: event.causation_id,
                occurred_at: event.occurred_at,
            };
            let version = event.aggregate_version;
            let anew = StoredEvent::new(event.sequence, &event.event, version, &trace, previous.hash)?;
            if let Err(error) = (StoredEvent { hash: event.hash, ..anew }).check(previous.hash) {
                findings.push(finding("chain", event.sequence, error.to_string()));
            }
            previous = Head { sequence: event.sequence, hash: event.hash };
        }
        if previous != self.head {
            findings.push(finding("head", self.head.sequence, "it is not the end of the log".to_owned()));
        }
        findings.truncate(limit);
        Ok(findings)
    }
}

fn finding(check: &str, sequence: Sequence, detail: String) -> Finding {
    Finding { check: check.to_owned(), subject: format!("events {sequence}"), detail }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::tests::samples;

    fn log() -> Log {
        let mut log = Log::default();
        for (n, event) in samples().iter().enumerate() {
            let trace = Trace {
                correlation_id: CorrelationId::new("req-1").unwrap(),
                causation_id: (n > 0).then(|| Sequence::new(n as u64)),
                occurred_at: storagerent_core::chrono::DateTime::UNIX_EPOCH,
            };
            log.append(event, Version::new(1), &trace).unwrap();
        }
        log
    }

    #[test]
    fn a_whole_log_has_no_findings() {
        assert_eq!(log().check(9), Ok(Vec::new()));
    }

    #[test]
    fn a_changed_lost_or_cut_event_is_found() {
        let mut changed = log();
        Arc::make_mut(changed.events.get_mut(3).unwrap()).aggregate_version = Version::new(9);
        assert_eq!(changed.check(9).unwrap()[0].subject, "events 4");

        let mut lost = log();
        lost.events.remove(3);
        assert!(lost.check(9).unwrap().len() >= 2, "a gap, and a broken chain");
        assert_eq!(lost.check(1).unwrap().len(), 1);

        let mut cut = log();
        cut.events.pop_back();
        assert_eq!(cut.check(9).unwrap()[0].check, "head");
    }
}
