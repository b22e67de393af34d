//! Control records: what takes effect at a named offset of a partition, so that re-fold and replay see
//! the same change at the same place. For now one kind: the model's identity.

use serde::{Deserialize, Serialize};

use super::publish::Message;
use super::restore::NotReady;
use crate::model::Model;

/// From this offset of this partition on, this model is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ControlRecord {
    /// Version of the format.
    pub v: u32,
    /// What changes: `model`.
    pub kind: String,
    /// Input partition.
    pub partition: u32,
    /// The first offset for which it holds.
    pub offset: i64,
    /// The model.
    pub model: ModelIdentity,
}

/// A model by name and content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelIdentity {
    /// Its name.
    pub name: String,
    /// SHA-256 of its artefact, in hex.
    pub sha256: String,
}

/// The history of models of a partition, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InForce(Vec<(i64, ModelIdentity)>);

/// Takes key and value of one record.
pub type Take<'t> = dyn FnMut(&[u8], Option<&[u8]>) -> Result<(), NotReady> + 't;

/// Reading a whole partition of a topic, as the restore thread can.
pub trait ReadTopic {
    /// Name of the control topic.
    fn control_topic(&self) -> &str;

    /// Calls `take` with key and value of every committed record, in order.
    fn read_to_end(&self, topic: &str, partition: i32, take: &mut Take<'_>) -> Result<(), NotReady>;
}

/// The control records of an input partition. `None`: there are none yet.
pub fn read(from: &impl ReadTopic, partition: i32) -> Result<Option<InForce>, NotReady> {
    let mut history = InForce::default();
    let topic = from.control_topic();
    from.read_to_end(topic, partition, &mut |_, value| {
        let record: ControlRecord = serde_json::from_slice(value.unwrap_or_default())
            .map_err(|e| NotReady::Stopped(format!("topic `{topic}` partition {partition}: not a control record: {e}")))?;
        if record.v != 1 || record.kind != "model" {
            return Err(NotReady::Stopped(format!(
                "topic `{topic}` partition {partition}: control record of kind `{}` version {} is unknown to this program",
                record.kind, record.v
            )));
        }
        history.0.push((record.offset, record.model));
        Ok(())
    })?;
    Ok((!history.0.is_empty()).then_some(history))
}

/// Refuses a re-fold of `from..to` that needs another model than the one loaded.
pub fn must_know(history: &Option<InForce>, from: i64, to: i64, model: &Model) -> Result<(), String> {
    let Some(InForce(history)) = history else { return Ok(()) };
    let needed = history.iter().enumerate().filter(|(i, (begins, _))| {
        let ends = history.get(i + 1).map_or(i64::MAX, |(next, _)| *next);
        *begins < to && from < ends
    });
    for (_, (begins, needs)) in needed {
        if needs.sha256 != model.sha256_hex() {
            return Err(format!(
                "records {from} to {} were folded by model `{}` (sha256 {}) from offset {begins} on, and the loaded model is `{}` (sha256 {}): start once with the former (model.path) and stop it with SIGTERM, then change",
                to - 1,
                needs.name,
                needs.sha256,
                model.name(),
                model.sha256_hex()
            ));
        }
    }
    Ok(())
}

/// The record that puts `model` in force from `offset` on; none if it already is.
pub fn announce(
    topic: &str,
    partition: u32,
    offset: i64,
    model: &Model,
    in_force: Option<&InForce>,
) -> Option<Message> {
    let identity = ModelIdentity { name: model.name().to_owned(), sha256: model.sha256_hex() };
    if in_force.and_then(|history| history.0.last()).is_some_and(|(_, last)| *last == identity) {
        return None;
    }
    let record = ControlRecord { v: 1, kind: "model".into(), partition, offset, model: identity };
    // strings and integers always serialise
    let value = serde_json::to_vec(&record).unwrap_or_default();
    Some(Message {
        topic: topic.to_owned(),
        partition: Some(partition as i32),
        key: Some(partition.to_string().into_bytes()),
        value: Some(value),
        headers: Vec::new(),
        note: None,
    })
}
