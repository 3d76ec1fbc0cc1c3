//! Verifying: is everything as the log says it should be?
//!
//! The log is held against its own hashes by the store; then it is replayed, and each row of state, view, messages and effects
//! is held against what it tells. What no event tells of (attempts, leases, settings, used keys) the store itself vouches for.

mod outside;
mod promises;
mod rows;
mod told;

use serde::Serialize;

use super::{App, Error};
use crate::ports::{Finding, Queries, StoreError};
use crate::shared::Sequence;
use told::Told;

/// So many findings are enough to know.
const FINDINGS_MAX: usize = 100;

/// What verifying came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "tsify", derive(tsify::Tsify), tsify(missing_as_null))]
#[serde(rename_all = "camelCase")]
pub struct Verified {
    /// Whether nothing was found.
    pub ok: bool,
    /// The events read.
    pub events: u64,
    /// The rows held against them.
    pub rows: u64,
    /// What is not as it should be, at most 100.
    pub findings: Vec<Finding>,
}

impl App {
    /// Holds everything stored against the log, and the log against its own hashes, in one snapshot.
    ///
    /// # Errors
    /// [`Error`] when the store cannot read at all; what is damaged is a finding.
    pub fn verify(&self) -> Result<Verified, Error> {
        self.read(|q| {
            let mut findings = Findings(q.check_log(FINDINGS_MAX)?);
            let view_cursor = q.consumer("view").map(|row| row.map_or(Sequence::ZERO, |c| c.cursor));
            let view_cursor = findings.unless_damaged("consumers", view_cursor)?.unwrap_or(Sequence::ZERO);
            let told = Told::replay(q, view_cursor, &mut findings);
            let told = findings.unless_damaged("events", told)?;
            let mut rows = 0;
            if let Some(told) = &told {
                let checks: [Check; 3] = [rows::compare, outside::messages, outside::effects];
                for check in checks {
                    let held = check(q, told, &mut findings);
                    rows += findings.unless_damaged("rows", held)?.unwrap_or(0);
                }
                let checked = outside::consumers(q, told, &mut findings);
                findings.unless_damaged("consumers", checked)?;
                promises::check(told, &mut findings);
            }
            let Findings(findings) = findings;
            Ok(Verified { ok: findings.is_empty(), events: told.map_or(0, |told| told.events), rows, findings })
        })
    }
}

/// Holds rows against what the log tells; answers how many.
type Check = fn(&mut dyn Queries, &Told, &mut Findings) -> Result<u64, StoreError>;

/// What was found, up to a bound.
struct Findings(Vec<Finding>);

impl Findings {
    fn add(&mut self, check: &str, subject: String, detail: String) {
        if self.0.len() < FINDINGS_MAX {
            self.0.push(Finding { check: check.to_owned(), subject, detail });
        }
    }

    /// What cannot be read is a finding; that others are in the way is not.
    fn unless_damaged<T>(&mut self, subject: &str, read: Result<T, StoreError>) -> Result<Option<T>, StoreError> {
        let error = match read {
            Ok(read) => return Ok(Some(read)),
            Err(busy @ StoreError::Busy { .. }) => return Err(busy),
            Err(StoreError::Corrupt(what)) => what,
            Err(error) => error.to_string(),
        };
        // A store that cannot read a row says which one.
        match error.split_once(": ").filter(|(row, _)| row.contains(" row ")) {
            Some((row, what)) => self.add("damage", row.to_owned(), what.to_owned()),
            None => self.add("damage", subject.to_owned(), format!("cannot be read to the end: {error}")),
        }
        Ok(None)
    }

    /// Holds a row against what the log tells. One that cannot be read hides no other.
    fn row<T: PartialEq + std::fmt::Debug>(
        &mut self,
        subject: String,
        told: &T,
        kept: Result<Option<T>, StoreError>,
    ) -> Result<(), StoreError> {
        if let Some(kept) = self.unless_damaged(&subject, kept)? {
            self.same(subject, Some(told), kept.as_ref());
        }
        Ok(())
    }

    fn same<T: PartialEq + std::fmt::Debug>(&mut self, subject: String, told: Option<&T>, kept: Option<&T>) {
        match (told, kept) {
            (Some(a), Some(b)) if a == b => {}
            (None, None) => {}
            (Some(_), None) => self.add("state", subject, "is missing".to_owned()),
            (None, Some(_)) => self.add("state", subject, "is not in the log".to_owned()),
            (Some(a), Some(b)) => {
                let (says, has) = differing(&format!("{a:?}"), &format!("{b:?}"));
                self.add("state", subject, format!("has {has}, the log says {says}"));
            }
        }
    }
}

/// The fields in which two rows differ, from the first such field to the last.
fn differing(one: &str, other: &str) -> (String, String) {
    let (one, other): (Vec<_>, Vec<_>) = (one.split(", ").collect(), other.split(", ").collect());
    let shorter = one.len().min(other.len());
    let head = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    let tail = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count().min(shorter - head);
    let between = |fields: &[&str]| match &fields[head..fields.len() - tail] {
        [] => "nothing there".to_owned(),
        // What the first is nested in is the same in both.
        [first, more @ ..] => {
            let first = first.rsplit("{ ").next().unwrap_or(first);
            let fields = [&[first], more].concat().join(", ");
            fields.trim_end_matches(" }").to_owned()
        }
    };
    (between(&one), between(&other))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_told() {
        for (one, other, expected) in [
            (
                "Row { id: 1, rate: Rate { price: 5, per: Day } }",
                "Row { id: 1, rate: Rate { price: 6, per: Day } }",
                ("price: 5", "price: 6"),
            ),
            ("Row { id: 1, until: None }", "Row { id: 2, until: None }", ("id: 1", "id: 2")),
            ("Row { id: 1, until: None }", "Row { id: 1, until: Some(2, 3) }", ("until: None", "until: Some(2, 3)")),
            (
                "Row { id: 1, rate: Rate { price: 5 } }",
                "Row { id: 2, rate: Rate { price: 6 } }",
                ("id: 1, rate: Rate { price: 5", "id: 2, rate: Rate { price: 6"),
            ),
            ("[1, 2]", "[1, 1, 2]", ("nothing there", "1")),
            ("[]", "[1]", ("[]", "[1]")),
        ] {
            let (says, has) = differing(one, other);
            assert_eq!((says.as_str(), has.as_str()), expected, "{one} and {other}");
        }
    }
}
