//! What an observer sees who asks nobody but Kafka: the group's lag, and findings as they are committed.

use std::collections::HashSet;
use std::time::Duration;

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::message::Headers as _;
use rdkafka::{Message as _, Offset, TopicPartitionList};

use crate::read;
use crate::topics::Names;

const LIMIT: Duration = Duration::from_secs(5);

/// The group from outside.
pub struct Watch {
    group: BaseConsumer,
    input: String,
    partitions: i32,
    findings: BaseConsumer,
    ids: HashSet<Vec<u8>>,
    repeated: u64,
}

impl Watch {
    pub fn new(bootstrap: &str, names: &Names, partitions: i32) -> Watch {
        let group = ClientConfig::new()
            .set("bootstrap.servers", bootstrap)
            .set("group.id", &names.group)
            // read_committed would wait for the open transaction of a killed instance
            .set("isolation.level", "read_uncommitted")
            .create()
            .expect("consumer");
        let findings = read::follow(bootstrap, &names.findings);
        Watch { group, input: names.input.clone(), partitions, findings, ids: HashSet::new(), repeated: 0 }
    }

    /// Records between the group's committed offsets and the ends of the input; `None` while the broker does not answer.
    pub fn lag(&self) -> Option<i64> {
        let mut asked = TopicPartitionList::new();
        for partition in 0..self.partitions {
            asked.add_partition(&self.input, partition);
        }
        let committed = self.group.committed_offsets(asked, LIMIT).ok()?;
        let mut lag = 0;
        for entry in committed.elements() {
            entry.error().ok()?;
            let (low, high) = self.group.fetch_watermarks(&self.input, entry.partition(), LIMIT).ok()?;
            let next = if let Offset::Offset(next) = entry.offset() { next } else { low };
            lag += high - next;
        }
        Some(lag)
    }

    /// Takes the findings committed since: how many events there are in all, and how many of them had been there before.
    pub fn findings(&mut self) -> (usize, u64) {
        while let Some(polled) = self.findings.poll(Duration::ZERO) {
            let Ok(message) = polled else { continue };
            let id = message.headers().and_then(|all| all.iter().find(|h| h.key == "ce_id")?.value.map(<[u8]>::to_vec));
            if !self.ids.insert(id.expect("a finding has an id")) {
                self.repeated += 1;
            }
        }
        (self.ids.len(), self.repeated)
    }
}
