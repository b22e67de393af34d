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

/// From this offset of this partition on, this is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlRecord {
    /// Version of the format.
    pub v: u32,
    /// What changes: `model`, or `tenants`: what is known of them, and the policy.
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
}

/// What is known of tenants, and the policy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownTenants {
    /// The snapshot, if there is one.
    pub snapshot: Option<Artefact>,
    /// Whom policy excludes.
    pub policy: Policy,
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
        Wanted {
            model: Some(artefact(side.model.name(), side.model.sha256_hex())),
            tenants: Some(KnownTenants { snapshot, policy: side.policy.clone() }),
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
        };
        let mut records = Vec::new();
        if self.model != before.model {
            records.push(ControlRecord { model: self.model.clone(), ..record("model") });
        }
        // never spoken of is the same as nothing known
        let (now, before) = (self.tenants.clone().unwrap_or_default(), before.tenants.clone().unwrap_or_default());
        if now != before {
            let (tenants, policy) = (now.snapshot, Some(now.policy));
            records.push(ControlRecord { tenants, policy, ..record("tenants") });
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
            self.0.insert(0, (at, Wanted { model: Some(model), tenants: None }));
        }
    }

    /// What is wanted in the end.
    pub fn last(&self) -> Wanted {
        self.0.last().map(|(_, wanted)| wanted.clone()).unwrap_or_default()
    }

    /// The artefacts for records `from..to`. Where nothing was said of a model, or of tenants anywhere,
    /// `otherwise` holds; before the first word on tenants nothing is known of them.
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
            let side = SideInputs::new(Arc::clone(model), knowledge, policy.clone(), tracer);
            timeline.change(*begins, Arc::new(side));
        }
        Ok(timeline)
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::knowledge::Knowledge;
    use crate::knowledge::policy::Countries;
    use crate::model::Model;

    fn record(offset: i64, model: &Model) -> ControlRecord {
        let wanted = Wanted::of(&SideInputs::of_model(Arc::new(reload(model))));
        let record = wanted.records(&Wanted::default(), 3, offset).remove(0);
        ControlRecord::parse(&record.to_json()).unwrap()
    }

    fn reload(model: &Model) -> Model {
        if model.name() == "eager" { eager() } else { Model::embedded().unwrap() }
    }

    fn eager() -> Model {
        Model::load("fixtures/models/eager.json".as_ref()).unwrap()
    }

    #[test]
    fn a_history_sent_twice_is_the_same_history() {
        let (former, new) = (Model::embedded().unwrap(), eager());
        let mut once = History::default();
        once.take(record(5, &former));
        once.take(record(9, &new));
        let mut twice = once.clone();
        twice.take(record(5, &former));
        twice.take(record(9, &new));
        assert_eq!(once, twice);
        assert_eq!(once.last().model.unwrap().name, "eager");
    }

    #[test]
    fn each_offset_gets_the_model_that_was_in_force_there() {
        let (former, new) = (Model::embedded().unwrap(), eager());
        let mut history = History::default();
        history.take(record(5, &former));
        history.take(record(9, &new));
        let otherwise = SideInputs::of_model(Arc::new(eager()));
        let mut library = Library::default();
        library.add_model(Arc::new(eager()));
        // the former is needed up to 8 only
        let tracer = Tracer::new(b"secret for tests");
        assert!(history.resolve(&library, (9, 20), &otherwise, &tracer).is_ok());
        let missing = history.resolve(&library, (7, 20), &otherwise, &tracer).unwrap_err().to_string();
        for part in ["records 7 to 8", former.name(), &former.sha256_hex(), "from offset 5 on", "`model.known`"] {
            assert!(missing.contains(part), "{part}: {missing}");
        }
        library.add_model(Arc::new(Model::embedded().unwrap()));
        let timeline = history.resolve(&library, (7, 20), &otherwise, &tracer).unwrap();
        let name = |offset| timeline.at(offset).unwrap().model.name().to_owned();
        assert_eq!((name(7), name(8), name(9)), (former.name().to_owned(), former.name().to_owned(), "eager".into()));
    }

    #[test]
    fn after_a_clean_stop_no_former_model_is_needed() {
        let mut history = History::default();
        history.take(record(0, &Model::embedded().unwrap()));
        let (library, otherwise) = (Library::default(), SideInputs::of_model(Arc::new(eager())));
        let tracer = Tracer::new(b"secret for tests");
        assert!(history.resolve(&library, (9, 9), &otherwise, &tracer).unwrap().at(9).is_none());
        assert!(history.resolve(&library, (8, 9), &otherwise, &tracer).is_err(), "one record is to be judged again");
    }

    #[test]
    fn what_is_said_again_adds_nothing_and_a_first_word_on_tenants_leaves_the_state_s_model() {
        let mut history = History::default();
        history.take(record(5, &eager()));
        history.take(record(700, &eager()));
        assert_eq!(history.0.len(), 1);
        let mut history = History::default();
        let line = br#"{"v":1,"kind":"tenants","partition":3,"offset":4,"policy":{}}"#;
        history.take(ControlRecord::parse(line).unwrap());
        history.begin(9, "ab".into());
        assert_eq!(history.last().model.unwrap().sha256, "ab");
        let mixed =
            br#"{"v":1,"kind":"tenants","partition":3,"offset":4,"policy":{},"model":{"name":"m","sha256":"ab"}}"#;
        assert!(ControlRecord::parse(mixed).unwrap_err().to_string().contains("does not belong"));
    }

    #[test]
    fn where_records_are_gone_the_state_s_own_model_is_needed() {
        let tracer = Tracer::new(b"secret for tests");
        let (former, otherwise) = (Model::embedded().unwrap(), SideInputs::of_model(Arc::new(eager())));
        let mut history = History::default();
        history.take(record(9, &eager()));
        history.begin(9, former.sha256_hex());
        assert_eq!(history.0.len(), 1, "a record speaks of 9 already");
        history.begin(5, former.sha256_hex());
        let mut library = Library::default();
        library.add_model(Arc::new(eager()));
        let said = history.resolve(&library, (5, 20), &otherwise, &tracer).unwrap_err().to_string();
        assert!(said.contains("records 5 to 8") && said.contains(&former.sha256_hex()), "{said}");
    }

    #[test]
    fn before_the_first_word_on_tenants_nothing_is_known_of_them() {
        let tracer = Tracer::new(b"secret for tests");
        let knowledge = |line: &str| Arc::new(Knowledge::parse("t.jsonl", line.as_bytes()).unwrap());
        let (early, late) = (knowledge("{\"tenant\":\"a\"}"), knowledge("{\"tenant\":\"b\"}"));
        let model = Arc::new(eager());
        let policy = Policy { unsupported: Countries::parse("openai: CN").unwrap(), ..Policy::default() };
        let side = |knowledge: &Arc<Knowledge>| {
            SideInputs::new(Arc::clone(&model), Arc::clone(knowledge), policy.clone(), &tracer)
        };
        let mut library = Library::default();
        library.add_model(Arc::clone(&model));
        let mut history = History::default();
        history.take(record(0, &model));
        let resolve = |history: &History, library: &Library| {
            history.resolve(library, (0, 99), &side(&late), &tracer).map_err(|missing| missing.to_string())
        };
        let known = |timeline: &Timeline, offset| timeline.at(offset).unwrap().knowledge.sha256_hex();
        assert_eq!(known(&resolve(&history, &library).unwrap(), 0), late.sha256_hex(), "never spoken of");

        for (offset, snapshot) in [(5, &early), (9, &late)] {
            let before = history.last();
            for record in Wanted::of(&side(snapshot)).records(&before, 0, offset) {
                history.take(ControlRecord::parse(&record.to_json()).unwrap());
            }
        }
        let said = resolve(&history, &library).unwrap_err();
        assert!(said.contains("records 5 to 8 need the tenants' snapshot `t.jsonl`"), "{said}");
        assert!(said.contains("`tenants.known`"), "{said}");
        library.add_knowledge(Arc::clone(&early));
        library.add_knowledge(Arc::clone(&late));
        let timeline = resolve(&history, &library).unwrap();
        assert!(timeline.at(4).unwrap().knowledge.is_empty());
        assert_eq!(known(&timeline, 5), early.sha256_hex());
        assert_eq!(known(&timeline, 9), late.sha256_hex());
        assert_eq!(timeline.at(9).unwrap().policy, policy);
    }

    #[test]
    fn records_of_a_later_program_are_named_and_not_guessed_at() {
        let later = br#"{"v":2,"kind":"model","partition":0,"offset":1,"model":{"name":"a","sha256":"b"}}"#;
        let error = ControlRecord::parse(later).unwrap_err();
        assert_eq!(error, ControlError::Unknown { kind: "model".into(), v: 2 });
        let said = ControlRecord::parse(b"{}").unwrap_err().to_string();
        assert!(said.starts_with("not a control record"), "{said}");
    }
}
