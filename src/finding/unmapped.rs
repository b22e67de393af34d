//! Our own part of a finding, `unmapped.stillwatch`: stable, used by tools. Absent values are null, so
//! that every finding has the same fields; only `close_reason` is of closes alone, `policy` of policy findings,
//! `declared` and `distillation_allowed` of tenants of whom that is known, `second_opinions` of models that hold some, and
//! `shadow` of runs that alert nobody.

use std::borrow::Cow;

use serde::Serialize;

use super::ocsf::Reference;

/// The version of this part. Goes up when a field changes its meaning or goes away.
pub(super) const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
pub(super) struct Unmapped<'a> {
    pub(super) v: u32,
    pub(super) kind: &'static str,
    pub(super) pattern: &'static str,
    pub(super) tenant: &'a str,
    pub(super) account: Option<&'a str>,
    pub(super) workload: Option<&'a str>,
    /// A workload or tenant finding has one member; the count is there for campaigns cut at 500.
    pub(super) members: [&'a str; 1],
    pub(super) member_count: u32,
    pub(super) exchanges: u64,
    pub(super) output_tokens: u64,
    pub(super) window: Window,
    pub(super) score: f32,
    pub(super) evidence: f32,
    pub(super) threshold: f32,
    pub(super) budget: Budget,
    pub(super) reasons: Vec<ReasonOut>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) second_opinions: Vec<OpinionOut>,
    pub(super) benign_reading: Cow<'static, str>,
    pub(super) refs: [Reference<'a>; 1],
    pub(super) model: ModelOut<'a>,
    pub(super) log_position: LogPosition<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) close_reason: Option<&'static str>,
    /// What policy is broken, the gravest first; of policy findings alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) policy: Vec<&'static str>,
    /// What the tenant has declared, as the provider knows it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) declared: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) distillation_allowed: Option<bool>,
    /// This is what a run in shadow mode would have raised.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) shadow: Option<bool>,
}

#[derive(Debug, Serialize)]
pub(super) struct Window {
    pub(super) first_ts: String,
    pub(super) last_ts: String,
}

/// Without calibration on the provider's own traffic no budget is claimed.
#[derive(Debug, Serialize)]
pub(super) struct Budget {
    pub(super) per_1000_tenant_months: Option<f64>,
    pub(super) p_value: f32,
    pub(super) status: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct ReasonOut {
    pub(super) feature: &'static str,
    pub(super) value: f32,
    pub(super) baseline_median: f32,
    pub(super) baseline_p99: f32,
    pub(super) weight: f32,
    pub(super) says: String,
}

/// `value` is a probability of `logistic`, log-odds of `density`; the calm end is in the same unit.
#[derive(Debug, Serialize)]
pub(super) struct OpinionOut {
    pub(super) by: &'static str,
    pub(super) value: f32,
    pub(super) baseline_p99: f32,
    pub(super) says: String,
}

#[derive(Debug, Serialize)]
pub(super) struct ModelOut<'a> {
    pub(super) name: &'a str,
    pub(super) sha256: &'a str,
}

#[derive(Debug, Serialize)]
pub(super) struct LogPosition<'a> {
    pub(super) topic: &'a str,
    pub(super) partition: u32,
    pub(super) offset: i64,
}
