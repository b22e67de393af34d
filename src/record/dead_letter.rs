//! A rejected record as it goes to the dead letters: by reference (the default), or with its own bytes
//! and the reference as headers. The reference names where the record is and what was wrong, and holds
//! nothing of what it said.

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::Reject;
use crate::source::Record;
use crate::units::hex;

/// What is known of a rejected record without its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Bytes of the payload; 0 for a tombstone.
    pub length: usize,
    /// SHA-256 of the payload, in hex.
    pub sha256: String,
    /// Why it was rejected.
    pub reason: &'static str,
    /// Where it is: topic.
    pub topic: String,
    /// Partition.
    pub partition: u32,
    /// Offset.
    pub offset: i64,
}

impl DeadLetter {
    /// The reference to a rejected record.
    pub fn new(record: &Record<'_>, reason: Reject, topic: &str) -> DeadLetter {
        let payload = record.payload.unwrap_or_default();
        DeadLetter {
            length: payload.len(),
            sha256: hex(&Sha256::digest(payload)),
            reason: reason.label(),
            topic: topic.to_owned(),
            partition: record.at.partition,
            offset: record.at.offset,
        }
    }

    /// The same for a record whose bytes were hashed and dropped while they were read.
    #[must_use]
    pub fn of_dropped(self, length: u64, sha256: &[u8; 32]) -> DeadLetter {
        DeadLetter { length: length as usize, sha256: hex(sha256), ..self }
    }

    /// The reference as one line of JSON.
    pub fn to_json(&self) -> Vec<u8> {
        // strings and integers always serialise
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The reference as headers, beside the original bytes.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("stillwatch_reason", self.reason.to_owned()),
            ("stillwatch_length", self.length.to_string()),
            ("stillwatch_sha256", self.sha256.clone()),
            ("stillwatch_topic", self.topic.clone()),
            ("stillwatch_partition", self.partition.to_string()),
            ("stillwatch_offset", self.offset.to_string()),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::units::Position;

    #[test]
    fn a_reference_says_where_and_why_and_nothing_of_what() {
        let record = Record {
            at: Position { partition: 3, offset: 17 },
            broker_ts: None,
            header: None,
            key: None,
            payload: Some(b"{\"prompt\":\"my secret plan"),
        };
        let json = String::from_utf8(DeadLetter::new(&record, Reject::NotJson, "llm.exchanges").to_json());
        let json = json.unwrap_or_default();
        assert!(json.starts_with("{\"length\":25,\"sha256\":\""), "{json}");
        assert!(
            json.ends_with("\"reason\":\"not_json\",\"topic\":\"llm.exchanges\",\"partition\":3,\"offset\":17}"),
            "{json}"
        );
        assert!(!json.contains("secret"));
    }
}
