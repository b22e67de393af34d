//! One event of a finding, as far as it is compared. Unknown fields are passed over.

use serde::Deserialize;

use crate::finding::ocsf::CLASS_UID;
use crate::units::Millis;

/// Characters of a SHA-256 that tell models apart.
const OF_SHA256: usize = 12;

/// What is compared.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) tenant: String,
    pub(super) uid: String,
    /// The finding's uid and its revision.
    pub(super) event: String,
    pub(super) opened: Millis,
    pub(super) time: i64,
    pub(super) severity_id: u8,
    pub(super) exchanges: u64,
    pub(super) pattern: String,
    pub(super) model: String,
    pub(super) of_policy: bool,
    pub(super) shadow: bool,
}

#[derive(Deserialize)]
struct Wire {
    class_uid: u32,
    severity_id: u8,
    time: i64,
    metadata: Metadata,
    finding_info: Info,
    unmapped: Unmapped,
}

#[derive(Deserialize)]
struct Metadata {
    uid: String,
}

#[derive(Deserialize)]
struct Info {
    uid: String,
    created_time: i64,
}

#[derive(Deserialize)]
struct Unmapped {
    stillwatch: Ours,
}

#[derive(Deserialize)]
struct Ours {
    tenant: String,
    pattern: String,
    exchanges: u64,
    model: Model,
    #[serde(default)]
    policy: Vec<String>,
    #[serde(default)]
    shadow: bool,
}

#[derive(Deserialize)]
struct Model {
    name: String,
    sha256: String,
}

impl Told {
    /// Of a record's value; what is wrong with it, if anything.
    pub(super) fn read(payload: &[u8]) -> Result<Told, String> {
        let wire: Wire = serde_json::from_slice(payload).map_err(|error| error.to_string())?;
        if wire.class_uid != CLASS_UID {
            return Err(format!("`class_uid` is {}, not {CLASS_UID}", wire.class_uid));
        }
        // what a calendar can show
        if !(0..253_402_300_800_000).contains(&wire.finding_info.created_time) {
            return Err("`finding_info.created_time` is no time in epoch milliseconds".to_owned());
        }
        let ours = wire.unmapped.stillwatch;
        let sha256: String = ours.model.sha256.chars().take(OF_SHA256).collect();
        Ok(Told {
            tenant: ours.tenant,
            uid: wire.finding_info.uid,
            event: wire.metadata.uid,
            opened: Millis(wire.finding_info.created_time),
            time: wire.time,
            severity_id: wire.severity_id,
            exchanges: ours.exchanges,
            pattern: ours.pattern,
            model: format!("{} {sha256}", ours.model.name),
            of_policy: !ours.policy.is_empty(),
            shadow: ours.shadow,
        })
    }
}
