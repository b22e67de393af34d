//! OCSF 1.8 Detection Finding (2004) as plain structs. Field order here is field order on the wire,
//! and part of the promise that the same event gives the same bytes: append, never reorder.
//!
//! Only what `contracts` names is written, with the optional times and types of `finding_info`.
//! Captions beside ids (`severity`, `status`, …) are left to consumers: they follow from the ids. A verdict has
//! its caption: consumers without the incident profile don't know the ids.

use serde::Serialize;

use super::atlas::Attack;
use super::unmapped::Unmapped;

pub(crate) const CLASS_UID: u32 = 2004;
pub(super) const CATEGORY_UID: u32 = 2;
/// The version of the schema that findings keep to.
pub(super) const OCSF_VERSION: &str = "1.8.0";
/// `analytic.type_id`: Learning (ML/DL). The model is fitted to calm traffic.
pub(super) const LEARNING: u8 = 4;

/// `analytic.type_id` of policy findings: Statistical. A rule's own id, 1, is not in the contract.
pub(super) const STATISTICAL: u8 = 3;

/// `status_id`: findings have a list of their own.
pub(super) const NEW: u8 = 1;
pub(super) const IN_PROGRESS: u8 = 2;
pub(super) const SUPPRESSED: u8 = 3;
pub(super) const RESOLVED: u8 = 4;

/// The profile that brings `verdict_id` and `verdict`; named where they are written.
pub(super) const INCIDENT: &str = "incident";

#[derive(Debug, Serialize)]
pub(super) struct DetectionFinding<'a> {
    pub(super) activity_id: u32,
    pub(super) category_uid: u32,
    pub(super) class_uid: u32,
    pub(super) type_uid: u32,
    pub(super) severity_id: u8,
    pub(super) time: i64,
    pub(super) metadata: Metadata<'a>,
    pub(super) finding_info: FindingInfo<'a>,
    pub(super) confidence_score: u8,
    pub(super) confidence_id: u8,
    pub(super) risk_score: u8,
    pub(super) count: u32,
    pub(super) status_id: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) status_detail: Option<&'static str>,
    pub(super) is_alert: bool,
    pub(super) message: String,
    pub(super) start_time: i64,
    pub(super) end_time: i64,
    pub(super) anomaly_analyses: Vec<AnomalyAnalysis<'a>>,
    pub(super) evidences: [Evidence<'a>; 1],
    pub(super) remediation: Remediation,
    pub(super) unmapped: Ours<'a>,
    /// What a person decided; of the incident profile.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verdict_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) verdict: Option<&'static str>,
}

/// The name under which our own part stands in `unmapped`.
#[derive(Debug, Serialize)]
pub(super) struct Ours<'a> {
    pub(super) stillwatch: Unmapped<'a>,
}

#[derive(Debug, Serialize)]
pub(super) struct Metadata<'a> {
    pub(super) version: &'static str,
    pub(super) uid: &'a str,
    pub(super) product: Product,
    pub(super) tenant_uid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) profiles: Option<[&'static str; 1]>,
}

#[derive(Debug, Serialize)]
pub(super) struct Product {
    pub(super) name: &'static str,
    pub(super) vendor_name: &'static str,
    pub(super) version: &'static str,
}

impl Product {
    pub(super) const THIS: Product =
        Product { name: "stillwatch", vendor_name: "stillwatch", version: env!("CARGO_PKG_VERSION") };
}

#[derive(Debug, Serialize)]
pub(super) struct FindingInfo<'a> {
    pub(super) uid: &'a str,
    pub(super) title: String,
    pub(super) desc: String,
    pub(super) types: [&'static str; 1],
    pub(super) created_time: i64,
    pub(super) modified_time: i64,
    pub(super) first_seen_time: i64,
    pub(super) last_seen_time: i64,
    pub(super) analytic: Analytic,
    pub(super) attacks: &'static [Attack],
}

#[derive(Debug, Serialize)]
pub(super) struct Analytic {
    pub(super) type_id: u8,
    pub(super) name: &'static str,
    pub(super) uid: &'static str,
    pub(super) version: String,
}

#[derive(Debug, Serialize)]
pub(super) struct AnomalyAnalysis<'a> {
    pub(super) analysis_targets: [AnalysisTarget<'a>; 1],
    pub(super) anomalies: [Measured; 1],
    pub(super) baselines: [Measured; 2],
}

#[derive(Debug, Serialize)]
pub(super) struct AnalysisTarget<'a> {
    pub(super) name: &'a str,
    #[serde(rename = "type")]
    pub(super) target_type: &'static str,
}

/// An OCSF `anomaly` or `baseline`: the two have the same shape.
#[derive(Debug, Serialize)]
pub(super) struct Measured {
    pub(super) observation_parameter: &'static str,
    pub(super) observations: [Observation; 1],
    pub(super) observation_type: &'static str,
    pub(super) observed_pattern: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct Observation {
    /// A string by the schema.
    pub(super) value: String,
    pub(super) count: u32,
}

#[derive(Debug, Serialize)]
pub(super) struct Evidence<'a> {
    pub(super) name: &'static str,
    pub(super) data: Reference<'a>,
}

/// Where the exchanges of a finding are in the log: what an investigator reads, with the rights for it.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Reference<'a> {
    pub(super) topic: &'a str,
    pub(super) partition: u32,
    pub(super) from: i64,
    pub(super) to: i64,
    pub(super) n: u64,
}

#[derive(Debug, Serialize)]
pub(super) struct Remediation {
    pub(super) desc: &'static str,
}

/// OCSF's `integer_t` is a signed 32-bit number in the stores that findings end in.
pub(super) fn integer(count: u64) -> u32 {
    count.min(i32::MAX as u64) as u32
}
