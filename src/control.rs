//! Control records: what takes effect at a named offset of a partition, so that re-fold and replay see
//! the same change at the same place.
//!
//! ```text
//! records of a partition ─► History (what was wanted from which offset on)
//!                              + Library ─► Timeline (the artefacts themselves), or what is missing, by name
//! ```
//!
//! Records name artefacts by content. They lie in the log's order: the last word on an offset counts, so a
//! record that was sent twice changes nothing.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::knowledge::Policy;
use crate::library::Library;
use crate::side_inputs::{SideInputs, Timeline};
use crate::trace::Tracer;

/// Version of the format.
const VERSION: u32 = 1;
/// The kind that speaks of verdicts; without a snapshot it takes all of them back.
const VERDICTS: &str = "verdicts";

/// From this offset of this partition on, this is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlRecord {
    /// Version of the format.
    pub v: u32,
    /// What changes: `model`, `tenants` (what is known of them, and the policy), or `verdicts`.
    pub kind: String,
    /// Input partition.
    pub partition: u32,
    /// The first offset for which it holds.
    pub offset: i64,
    /// The model, where that changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Artefact>,
    /// The snapshot of what is known of tenants; none: nothing is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenants: Option<Artefact>,
    /// The policy, whole: it is small.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Policy>,
    /// The snapshot of verdicts; none: nothing is decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdicts: Option<Artefact>,
}

/// A file by name and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artefact {
    /// Its name, for people.
    pub name: String,
    /// SHA-256 of its content, in hex.
    pub sha256: String,
}

/// What the records want to be in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// The model; none: no record has named one.
    pub model: Option<Artefact>,
    /// What is known of tenants, and the policy; none: no record has spoken of them.
    pub tenants: Option<KnownTenants>,
    /// What people have decided; none: no record has spoken of it.
    pub verdicts: Option<KnownVerdicts>,
}

/// What is known of tenants, and the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownTenants {
    /// The snapshot, if there is one.
    pub snapshot: Option<Artefact>,
    /// Whom policy excludes.
    pub policy: Policy,
}

/// What people have decided about findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownVerdicts {
    /// The snapshot, if there is one.
    pub snapshot: Option<Artefact>,
}

/// What was wanted in one partition, from which offsets on, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History(Vec<(i64, Wanted)>);

/// A record that is none.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ControlError {
    /// Other bytes.
    #[error("not a control record: {0}")]
    Malformed(String),
    /// Of a later program.
    #[error("control record of kind `{kind}` version {v} is unknown to this program")]
    Unknown {
        /// Its kind.
        kind: String,
        /// Its version.
        v: u32,
    },
}

/// An artefact that a range of records needs and that is not known.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "records {from} to {to} need the {what} `{}` (sha256 {}), in force from offset {begins} on, and no known file has that content: put it into the folder that `{key}` names",
    .artefact.name, .artefact.sha256
)]
pub struct Missing {
    what: &'static str,
    key: &'static str,
    artefact: Artefact,
    begins: i64,
    from: i64,
    to: i64,
}

impl ControlRecord {
    /// Reads one record.
    pub fn parse(bytes: &[u8]) -> Result<ControlRecord, ControlError> {
        let record: ControlRecord =
            serde_json::from_slice(bytes).map_err(|error| ControlError::Malformed(error.to_string()))?;
        match (record.v, record.kind.as_str()) {
            (VERSION, "model") if record.tenants.is_some() || record.policy.is_some() => {
                Err(ControlError::Malformed("`tenants` and `policy` do not belong to kind `model`".into()))
            }
            (VERSION, "tenants") if record.model.is_some() => {
                Err(ControlError::Malformed("`model` does not belong to kind `tenants`".into()))
            }
            (VERSION, "model") if record.model.is_some() => Ok(record),
            (VERSION, "tenants") if record.policy.is_some() => Ok(record),
            (VERSION, VERDICTS) => Ok(record),
            (VERSION, "tenants") => Err(ControlError::Malformed("`policy` is missing".into())),
            (VERSION, "model") => Err(ControlError::Malformed("`model` is missing".into())),
            _ => Err(ControlError::Unknown { kind: record.kind, v: record.v }),
        }
    }

    /// Its bytes on the topic.
    pub fn to_json(&self) -> Vec<u8> {
        // strings and integers always serialise
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl Wanted {
    /// What these side inputs are, by name and content.
    pub fn of(side: &SideInputs) -> Wanted {
        let knowledge = &side.knowledge;
        let artefact = |name: &str, sha256| Artefact { name: name.to_owned(), sha256 };
        let snapshot = knowledge.is_loaded().then(|| artefact(knowledge.name(), knowledge.sha256_hex()));
        let verdicts = &side.verdicts;
        let decided = verdicts.is_loaded().then(|| artefact(verdicts.name(), verdicts.sha256_hex()));
        Wanted {
            model: Some(artefact(side.model.name(), side.model.sha256_hex())),
            tenants: Some(KnownTenants { snapshot, policy: side.policy.clone() }),
            verdicts: Some(KnownVerdicts { snapshot: decided }),
        }
    }

    /// The records that put this in force from `offset` on, where `before` was.
    pub fn records(&self, before: &Wanted, partition: u32, offset: i64) -> Vec<ControlRecord> {
        let record = |kind: &str| ControlRecord {
            v: VERSION,
            kind: kind.to_owned(),
            partition,
            offset,
            model: None,
            tenants: None,
            policy: None,
            verdicts: None,
        };
        let mut records = Vec::new();
        if self.model != before.model {
            records.push(ControlRecord { model: self.model.clone(), ..record("model") });
        }
        // never spoken of is the same as nothing known
        let tenants = |wanted: &Wanted| wanted.tenants.clone().unwrap_or_default();
        if tenants(self) != tenants(before) {
            let KnownTenants { snapshot, policy } = tenants(self);
            records.push(ControlRecord { tenants: snapshot, policy: Some(policy), ..record("tenants") });
        }
        let decided = |wanted: &Wanted| wanted.verdicts.clone().unwrap_or_default();
        if decided(self) != decided(before) {
            records.push(ControlRecord { verdicts: decided(self).snapshot, ..record(VERDICTS) });
        }
        records
    }
}

impl History {
    /// Takes the next record of the partition, in log order.
    pub fn take(&mut self, record: ControlRecord) {
        self.0.retain(|(begins, _)| *begins <= record.offset);
        let before = self.last();
        let mut wanted = before.clone();
        wanted.model = record.model.or(wanted.model);
        if let Some(policy) = record.policy {
            wanted.tenants = Some(KnownTenants { snapshot: record.tenants, policy });
        }
        if record.kind == VERDICTS {
            wanted.verdicts = Some(KnownVerdicts { snapshot: record.verdicts });
        }
        if wanted == before && !self.0.is_empty() {
            return; // said again, so that the topic does not forget it
        }
        self.0.retain(|(begins, _)| *begins < record.offset);
        self.0.push((record.offset, wanted));
    }

    /// State of `at` was judged by this model: what the state itself says, where records say nothing any more.
    pub fn begin(&mut self, at: i64, sha256: String) {
        let model = Artefact { name: "of the checkpoint".into(), sha256 };
        for (_, wanted) in &mut self.0 {
            // records speak of tenants before they first speak of a model: that was the state's own
            wanted.model.get_or_insert_with(|| model.clone());
        }
        if self.0.first().is_none_or(|(begins, _)| *begins > at) {
            self.0.insert(0, (at, Wanted { model: Some(model), ..Wanted::default() }));
        }
    }

    /// What is wanted in the end.
    pub fn last(&self) -> Wanted {
        self.0.last().map(|(_, wanted)| wanted.clone()).unwrap_or_default()
    }

    /// The artefacts for records `from..to`. Where nothing was said of a model, or of tenants or verdicts
    /// anywhere, `otherwise` holds; before the first word on tenants nothing is known of them, and before the
    /// first on verdicts nothing is decided.
    pub fn resolve(
        &self,
        library: &Library,
        (from, to): (i64, i64),
        otherwise: &SideInputs,
        tracer: &Tracer,
    ) -> Result<Timeline, Missing> {
        let mut timeline = Timeline::default();
        if to <= from {
            return Ok(timeline); // nothing to judge again: after a clean stop no former artefact is needed
        }
        let nothing_said = KnownTenants::default();
        let speaks_of_tenants = self.0.iter().any(|(_, wanted)| wanted.tenants.is_some());
        let speaks_of_verdicts = self.0.iter().any(|(_, wanted)| wanted.verdicts.is_some());
        for (i, (begins, wanted)) in self.0.iter().enumerate() {
            let ends = self.0.get(i + 1).map_or(i64::MAX, |(next, _)| *next);
            if to <= *begins || ends <= from {
                continue;
            }
            let missing = |(what, key), artefact: &Artefact| Missing {
                what,
                key,
                artefact: artefact.clone(),
                begins: *begins,
                from: from.max(*begins),
                to: to.min(ends) - 1,
            };
            let model = match &wanted.model {
                None => &otherwise.model,
                Some(named) => library.model(&named.sha256).ok_or_else(|| missing(("model", "model.known"), named))?,
            };
            let (knowledge, policy) = if speaks_of_tenants {
                let KnownTenants { snapshot, policy } = wanted.tenants.as_ref().unwrap_or(&nothing_said);
                let found = snapshot.as_ref().map(|named| {
                    let known = library.knowledge(&named.sha256);
                    known.map(Arc::clone).ok_or_else(|| missing(("tenants' snapshot", "tenants.known"), named))
                });
                (found.transpose()?.unwrap_or_default(), policy)
            } else {
                (Arc::clone(&otherwise.knowledge), &otherwise.policy)
            };
            let verdicts = if speaks_of_verdicts {
                let snapshot = wanted.verdicts.as_ref().and_then(|known| known.snapshot.as_ref());
                let found = snapshot.map(|named| {
                    let known = library.verdicts(&named.sha256);
                    known.map(Arc::clone).ok_or_else(|| missing(("verdicts", "verdicts.known"), named))
                });
                found.transpose()?.unwrap_or_default()
            } else {
                Arc::clone(&otherwise.verdicts)
            };
            let side = SideInputs::new(Arc::clone(model), knowledge, policy.clone(), tracer);
            timeline.change(*begins, Arc::new(side.with_verdicts(verdicts)));
        }
        Ok(timeline)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests;
