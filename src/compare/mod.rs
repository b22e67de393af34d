//! Two sets of findings over the same log, tenant by tenant: what a run raises now, and what a shadow would.
//!
//! ```text
//!  lines of findings ─► read::Told ─► Side (by tenant: first finding, gravest severity) ─┐
//!                                                                  Side of the other ────┴─► Comparison
//! ```
//!
//! Reads the wire format, from `replay` or as `kcat -J` dumps a topic; what was compacted away or cut off is made up
//! for by what every event repeats. Policy findings rest on no model and are left out. It can't know which part of the
//! log either run saw: give both the same, or a time from which on both were there.
//! Deterministic; memory grows with the tenants that have findings.

mod read;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use bumpalo::Bump;
use serde::Serialize;

use crate::source::envelope;
use crate::source::files::{FileError, Line};
use crate::source::pass::pass;
use crate::units::Millis;

use read::Told;

/// A finding is a few KB; a longer line is something else.
pub const LARGEST: usize = 1 << 20;

/// Why two sets can't be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// A file can't be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// A line of it is no finding.
    #[error("{} line {line}: not a finding: {why}", path.display())]
    NotAFinding {
        /// Which file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        why: String,
    },
}

/// Findings opened from the first time on and before the second.
#[derive(Clone, Copy, Debug, Default)]
pub struct Span {
    /// From here on.
    pub from: Option<Millis>,
    /// Before this.
    pub to: Option<Millis>,
}

/// One set.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Side {
    /// Events that count.
    pub events: u64,
    /// Their findings.
    pub findings: usize,
    /// Tenants that they are of.
    pub tenants: usize,
    /// Events marked as a shadow's.
    pub marked_shadow: u64,
    /// Events of policy findings, left out.
    pub policy: u64,
    /// Events that were there already, left out.
    pub repeats: u64,
    /// Records without a value, left out.
    pub tombstones: u64,
    /// Models that made them, by name and the beginning of their SHA-256.
    pub models: BTreeSet<String>,
    /// When the first of them was opened.
    pub first_opened: Option<Millis>,
    /// When the last of them was opened.
    pub last_opened: Option<Millis>,
    #[serde(skip)]
    by_tenant: BTreeMap<String, Found>,
    #[serde(skip)]
    seen: BTreeSet<String>,
    #[serde(skip)]
    uids: BTreeSet<String>,
}

/// What one set says of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// When its first finding was opened.
    pub opened: Millis,
    /// Exchanges that were taken by then, or at the first event of it that is there.
    pub exchanges: u64,
    /// The gravest severity of all its events.
    pub severity_id: u8,
    /// Pattern of the first finding.
    pub pattern: String,
    /// Findings.
    pub findings: usize,
    /// Of the first: its uid, and the time of the event that tells of it.
    #[serde(skip)]
    first: (String, i64),
}

/// Which of the two has findings of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The shadow alone.
    OnlyShadow,
    /// What raises now, alone.
    OnlyNow,
    /// Both.
    Both,
}

/// One tenant.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The customer's id.
    pub tenant: String,
    /// Who has findings of it.
    pub found_by: By,
    /// What is raised now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub now: Option<Found>,
    /// What the shadow would raise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<Found>,
}

/// Both sets, and how they differ.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// What is raised now.
    pub now: Side,
    /// What the shadow would raise.
    pub shadow: Side,
    /// Tenants by who has findings of them.
    pub both: usize,
    /// Only what raises now has some.
    pub only_now: usize,
    /// Only the shadow has some.
    pub only_shadow: usize,
    /// Of both: the shadow was first, at the same time, last.
    pub shadow_first: [usize; 3],
    /// Of both: the shadow is graver, as grave, milder.
    pub shadow_graver: [usize; 3],
    /// By who has findings, then when the first was opened, then the name.
    pub tenants: Vec<Row>,
}

impl Side {
    /// Reads a file of findings: JSONL, `.gz`, `.zst`, `-`.
    pub fn read(path: &Path, span: Span) -> Result<Side, CompareError> {
        let (mut side, mut line, mut arena) = (Side::default(), 0, Bump::new());
        pass(&[path.to_owned()], LARGEST, |path, batch, _| {
            arena.reset();
            for bytes in batch.iter() {
                line += 1;
                let wrong = |why: String| CompareError::NotAFinding { path: path.to_owned(), line, why };
                let too_long = || wrong(format!("it is longer than a finding can be ({LARGEST} bytes)"));
                let Line::Whole(bytes) = bytes else { return Err(too_long()) };
                let payload = envelope::parse(bytes, &arena).map_or(Some(bytes), |envelope| envelope.record.payload);
                match payload {
                    None => side.tombstones += 1,
                    Some(blank) if blank.iter().all(u8::is_ascii_whitespace) => {}
                    Some(payload) if payload.len() > LARGEST => return Err(too_long()),
                    Some(payload) => side.add(Told::read(payload).map_err(wrong)?, span),
                }
            }
            Ok::<(), CompareError>(())
        })?;
        (side.findings, side.tenants) = (side.uids.len(), side.by_tenant.len());
        Ok(side)
    }

    fn add(&mut self, told: Told, span: Span) {
        if span.from.is_some_and(|from| told.opened < from) || span.to.is_some_and(|to| to <= told.opened) {
            return;
        }
        if told.of_policy {
            self.policy += 1;
            return;
        }
        if !self.seen.insert(told.event.clone()) {
            self.repeats += 1;
            return;
        }
        self.events += 1;
        self.marked_shadow += u64::from(told.shadow);
        self.models.insert(told.model.clone());
        self.first_opened = Some(self.first_opened.map_or(told.opened, |first| first.min(told.opened)));
        self.last_opened = Some(self.last_opened.map_or(told.opened, |last| last.max(told.opened)));
        let is_new = self.uids.insert(told.uid.clone());
        match self.by_tenant.get_mut(&told.tenant) {
            Some(found) => found.add(told, is_new),
            None => {
                self.by_tenant.insert(told.tenant.clone(), Found::of(told));
            }
        }
    }
}

impl Found {
    fn of(told: Told) -> Found {
        Found {
            opened: told.opened,
            exchanges: told.exchanges,
            severity_id: told.severity_id,
            pattern: told.pattern,
            findings: 1,
            first: (told.uid, told.time),
        }
    }

    fn add(&mut self, told: Told, is_new: bool) {
        let findings = self.findings + usize::from(is_new);
        let severity_id = self.severity_id.max(told.severity_id);
        if (told.opened, (&told.uid, told.time)) < (self.opened, (&self.first.0, self.first.1)) {
            *self = Found::of(told);
        }
        (self.findings, self.severity_id) = (findings, severity_id);
    }
}

impl Comparison {
    /// Sets them side by side.
    pub fn of(mut now: Side, mut shadow: Side) -> Comparison {
        let mut others = std::mem::take(&mut shadow.by_tenant);
        let mut tenants: Vec<Row> = Vec::new();
        for (tenant, found) in std::mem::take(&mut now.by_tenant) {
            let other = others.remove(&tenant);
            let found_by = if other.is_some() { By::Both } else { By::OnlyNow };
            tenants.push(Row { tenant, found_by, now: Some(found), shadow: other });
        }
        let alone = |(tenant, found)| Row { tenant, found_by: By::OnlyShadow, now: None, shadow: Some(found) };
        tenants.extend(others.into_iter().map(alone));
        let opened = |row: &Row| row.now.iter().chain(&row.shadow).map(|found| found.opened).min();
        tenants.sort_by(|a, b| {
            (a.found_by, opened(a)).cmp(&(b.found_by, opened(b))).then_with(|| a.tenant.cmp(&b.tenant))
        });
        let count = |by| tenants.iter().filter(|row| row.found_by == by).count();
        let (mut shadow_first, mut shadow_graver) = ([0; 3], [0; 3]);
        for (now, shadow) in tenants.iter().filter_map(|row| row.now.as_ref().zip(row.shadow.as_ref())) {
            shadow_first[place(shadow.opened.cmp(&now.opened))] += 1;
            shadow_graver[place(now.severity_id.cmp(&shadow.severity_id))] += 1;
        }
        Comparison {
            both: count(By::Both),
            only_now: count(By::OnlyNow),
            only_shadow: count(By::OnlyShadow),
            shadow_first,
            shadow_graver,
            tenants,
            now,
            shadow,
        }
    }
}

/// Before, at, behind.
fn place(order: Ordering) -> usize {
    match order {
        Ordering::Less => 0,
        Ordering::Equal => 1,
        Ordering::Greater => 2,
    }
}

#[cfg(test)]
mod tests;
