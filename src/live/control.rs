//! The control topic: what was in force in a partition, and the messages that change it. They are published
//! in the transaction that also holds what was folded up to there.

use super::publish::Message;
use super::restore::NotReady;
use crate::control::{ControlRecord, History, Wanted};

/// Takes key and value of one record.
pub type Take<'t> = dyn FnMut(&[u8], Option<&[u8]>) -> Result<(), NotReady> + 't;

/// Reading a whole partition of a topic, as the restore thread can.
pub trait ReadTopic {
    /// Name of the control topic.
    fn control_topic(&self) -> &str;

    /// Calls `take` with key and value of every committed record, in order.
    fn read_to_end(&self, topic: &str, partition: i32, take: &mut Take<'_>) -> Result<(), NotReady>;
}

/// The control records of an input partition.
pub fn read(from: &impl ReadTopic, partition: i32) -> Result<History, NotReady> {
    let mut history = History::default();
    let topic = from.control_topic();
    from.read_to_end(topic, partition, &mut |_, value| {
        let record = ControlRecord::parse(value.unwrap_or_default())
            .map_err(|error| NotReady::Stopped(format!("topic `{topic}` partition {partition}: {error}")))?;
        if i64::from(record.partition) != i64::from(partition) {
            let of = record.partition;
            return Err(NotReady::Stopped(format!(
                "topic `{topic}` partition {partition}: a record of partition {of}"
            )));
        }
        history.take(record);
        Ok(())
    })?;
    Ok(history)
}

/// The messages that put `now` in force from `offset` on, where `before` was; none if nothing changes.
pub fn announce(topic: &str, partition: i32, offset: i64, before: &Wanted, now: &Wanted) -> Vec<Message> {
    let records = now.records(before, partition as u32, offset);
    let message = |record: ControlRecord| Message {
        topic: topic.to_owned(),
        partition: Some(partition),
        key: Some(partition.to_string().into_bytes()),
        value: Some(record.to_json()),
        headers: Vec::new(),
        time: None,
        note: None,
    };
    records.into_iter().map(message).collect()
}
