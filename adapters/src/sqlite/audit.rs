//! Auditing: are the log and the sealed rows as they were written, and is the file as SQLite expects it?

use rusqlite::{Connection, Row};
use storagerent_core::event::EventHash;
use storagerent_core::ports::{Finding, StoreError};

use super::error::store_error;
use super::statements::Db;
use super::tables::{events, head, storage_views};
use super::{migrations, seal};
use crate::log::StoredEvent;

/// Checks the log row by row, its head, the sealed rows, the schema, and SQLite's own structures.
pub(super) fn check_log(conn: &Connection, limit: usize) -> Result<Vec<Finding>, StoreError> {
    let mut findings = Findings { limit, found: Vec::new() };
    let walked = walk(conn, &mut findings);
    if let Err(error) = walked {
        findings.add("log", "events", told(&error));
    }
    if findings.found.is_empty() {
        // A damaged log does not say which causes are right.
        differing(conn, CAUSES, "storages", "its last cause is not that of its last event that has one", &mut findings);
        differing(conn, MISSED, "events", "is not found by its request", &mut findings);
        differing(conn, STRAY, "runs", "no run of that request begins there", &mut findings);
    }
    let views = storage_views::check(Db::of(conn), &mut |block, detail| findings.add("rows", block, detail));
    if let Err(error) = views {
        findings.add("rows", "storage_views", told(&error));
    }
    seal::check(conn, &mut |finding| findings.add(&finding.check, &finding.subject, finding.detail));
    match migrations::differences(conn) {
        Ok(differences) => differences.into_iter().for_each(|what| findings.add("schema", "file", what)),
        Err(error) => findings.add("schema", "file", told(&error)),
    }
    if let Err(error) = integrity(conn, &mut findings) {
        findings.add("integrity", "file", told(&error));
    }
    Ok(findings.found)
}

struct Findings {
    limit: usize,
    found: Vec<Finding>,
}

impl Findings {
    fn add(&mut self, check: &str, subject: &str, detail: String) {
        if !self.is_full() {
            self.found.push(Finding { check: check.to_owned(), subject: subject.to_owned(), detail });
        }
    }

    fn row(&mut self, sequence: i64, detail: &str) {
        let subject = format!("events row {sequence}");
        let detail = detail.strip_prefix(&format!("{subject}: ")).unwrap_or(detail);
        self.add("log", &subject, detail.to_owned());
    }

    fn is_full(&self) -> bool {
        self.found.len() >= self.limit
    }
}

/// How far the walk has come: the last row, and which hashes the next one may build upon.
struct Walk {
    sequence: i64,
    /// One hash after a good row. After a bad one two, what it says and what it should say, so that one changed bit, were it
    /// in the hash itself, is told of one row and not of all that follow. None where the row before is missing or unreadable.
    previous: Vec<EventHash>,
}

fn walk(conn: &Connection, findings: &mut Findings) -> Result<(), StoreError> {
    let mut walk = Walk { sequence: 0, previous: vec![EventHash::ZERO] };
    let mut statement = conn.prepare(events::EVERY).map_err(store_error)?;
    let mut rows = statement.query([]).map_err(store_error)?;
    while !findings.is_full() {
        let row = rows.next().map_err(|e| after(&walk, e))?;
        let Some(row) = row else { break };
        walk.step(row, findings).map_err(|e| after(&walk, e))?;
    }
    if !findings.is_full() {
        walk.check_head(conn, findings);
    }
    Ok(())
}

fn after(walk: &Walk, error: rusqlite::Error) -> StoreError {
    StoreError::Corrupt(format!("after row {} no further row can be read: {error}", walk.sequence))
}

impl Walk {
    fn step(&mut self, row: &Row<'_>, findings: &mut Findings) -> rusqlite::Result<()> {
        let sequence: i64 = row.get(0)?;
        let expected = self.sequence.saturating_add(1);
        if sequence != expected {
            let detail = match sequence.saturating_sub(1) {
                last if last == expected => "is missing".to_owned(),
                last if last > expected => format!("is missing, with all to row {last}"),
                _ => format!("is preceded by row {sequence}, which cannot be"),
            };
            findings.row(expected, &detail);
            self.previous.clear();
        }
        self.sequence = sequence;
        match events::stored(row) {
            Ok(stored) => self.check(stored, findings),
            Err(error) => {
                findings.row(sequence, &told(&error));
                self.previous.clear();
            }
        }
        Ok(())
    }

    fn check(&mut self, stored: StoredEvent<'_>, findings: &mut Findings) {
        let sequence = self.sequence;
        let (says, should_say) = (stored.hash, self.previous.first().map(|hash| stored.hash_after(*hash)));
        let holds = |hash: &EventHash| stored.check(*hash).is_ok();
        if self.previous.is_empty() || self.previous.iter().any(holds) {
            self.previous = vec![says];
            if let Err(error) = stored.into_envelope() {
                findings.row(sequence, &told(&error));
            }
        } else {
            findings.row(sequence, "its hash does not match its content and the hash of the row before it");
            self.previous = [says].into_iter().chain(should_say).collect();
        }
    }

    fn check_head(&self, conn: &Connection, findings: &mut Findings) {
        let head = match head::find(Db::of(conn)) {
            Ok(head) => head,
            Err(error) => return findings.add("log", "head row 1", told(&error)),
        };
        if i64::try_from(head.sequence.get()) != Ok(self.sequence) {
            let detail = format!("says the log has {} events, its last row is {}", head.sequence, self.sequence);
            findings.add("log", "head row 1", detail);
        } else if !self.previous.is_empty() && !self.previous.contains(&head.hash) {
            findings.add("log", "head row 1", "does not have the hash of the last row".to_owned());
        }
    }
}

/// Storages that do not know the latest event that caused one of their own.
const CAUSES: &str = "SELECT storage_id FROM storages LEFT JOIN \
    (SELECT aggregate_id, max(causation_id) AS cause FROM events WHERE aggregate_kind = 'storage' \
     AND causation_id IS NOT NULL GROUP BY aggregate_id) ON aggregate_id = storage_id \
    WHERE last_cause IS NOT cause ORDER BY storage_id LIMIT ?1";

/// Events that begin a run of their request and are not found by it.
const MISSED: &str = "SELECT here.sequence FROM events AS here \
    LEFT JOIN events AS before ON before.sequence = here.sequence - 1 \
    WHERE before.correlation_id IS NOT here.correlation_id AND NOT EXISTS \
    (SELECT 1 FROM runs WHERE runs.correlation_id = here.correlation_id AND runs.first = here.sequence) \
    ORDER BY here.sequence LIMIT ?1";

/// Runs that begin with no event of their request, or with one that goes on.
const STRAY: &str = "SELECT first FROM runs LEFT JOIN events AS here ON here.sequence = first \
    LEFT JOIN events AS before ON before.sequence = first - 1 \
    WHERE here.correlation_id IS NOT runs.correlation_id OR before.correlation_id IS here.correlation_id \
    ORDER BY first LIMIT ?1";

/// Tells of each row of a table that the statement finds.
fn differing(conn: &Connection, sql: &str, table: &str, detail: &str, findings: &mut Findings) {
    let limit = i64::try_from(findings.limit).unwrap_or(i64::MAX);
    let found = conn.prepare(sql).and_then(|mut statement| {
        let mut rows = statement.query([limit])?;
        while let Some(row) = rows.next()? {
            let id: i64 = row.get(0)?;
            findings.add("rows", &format!("{table} row {id}"), detail.to_owned());
        }
        Ok(())
    });
    if let Err(error) = found {
        findings.add("rows", table, told(&store_error(error)));
    }
}

/// What SQLite finds: damaged pages, indexes that miss rows, values of a type their column does not take. A stranger's tables
/// are left out: to check them would run what they compute.
fn integrity(conn: &Connection, findings: &mut Findings) -> Result<(), StoreError> {
    match migrations::tables_among_others(conn)? {
        None => pragma_check(conn, "PRAGMA integrity_check", findings),
        Some(tables) => tables
            .iter()
            .try_for_each(|table| pragma_check(conn, &format!("PRAGMA integrity_check({table})"), findings)),
    }
}

fn pragma_check(conn: &Connection, pragma: &str, findings: &mut Findings) -> Result<(), StoreError> {
    let mut statement = conn.prepare(pragma).map_err(store_error)?;
    let mut rows = statement.query([]).map_err(store_error)?;
    while let Some(row) = rows.next().map_err(store_error)? {
        let line: String = row.get(0).map_err(store_error)?;
        if line != "ok" {
            findings.add("integrity", "file", line);
        }
    }
    Ok(())
}

/// The error without the words a finding makes superfluous.
fn told(error: &StoreError) -> String {
    match error {
        StoreError::Corrupt(what) | StoreError::Other(what) => what.clone(),
        other => other.to_string(),
    }
}
