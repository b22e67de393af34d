//! What the product publishes. An [`Alarm`] is what a unit says when its evidence passes the threshold;
//! the lifecycle turns alarms into [`Event`]s (create, update, close); `render` writes the wire format.
//!
//! Pure: same events, same bytes. No text: ids, numbers and keyed hashes only.

pub mod lifecycle;
pub mod policy;
pub mod grade;
mod reasons;
mod opinions;
mod phrases;
mod reading;
mod known;
mod atlas;
pub(crate) mod number;
pub(crate) mod ocsf;
mod unmapped;
mod cloudevents;
pub mod render;
pub mod explain;

use serde::{Deserialize, Serialize};

use crate::knowledge::Breaches;
use crate::model::opinion::Opinions;
use crate::units::{Millis, Position};

/// A reason of a workload in a sentence, for those who look at one without a finding.
pub fn sentence(reason: &Reason, exchanges: u64) -> String {
    reasons::says(reason, Kind::Workload, exchanges)
}

/// The unit a finding is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// A part of a tenant's traffic that shares an account and a frame.
    Workload,
    /// The whole tenant.
    Tenant,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 2] = [Kind::Workload, Kind::Tenant];

    /// The name on the wire.
    pub fn label(self) -> &'static str {
        match self {
            Kind::Workload => "workload",
            Kind::Tenant => "tenant",
        }
    }
}

/// What the exchanges look like, as far as the features can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Pattern {
    /// Step-by-step answers collected at volume.
    ReasoningHarvest,
    /// A sweep of always-new instructions through one frame.
    InstructionSweep,
    /// Questions of a test set, many samples each.
    BenchmarkSweep,
    /// Grading and preference pairs.
    JudgeFarm,
    /// Tool-using trajectories collected for training.
    AgentTrajectories,
    /// Log-probabilities, biases and one-token answers.
    LogitExtraction,
    /// Other people's prompts passed on.
    Relay,
    /// The same reasoning block shown again elsewhere.
    ReplayedReasoning,
    /// None of these stands out.
    Unknown,
}

impl Pattern {
    /// All of them.
    pub const ALL: [Pattern; 9] = [
        Pattern::ReasoningHarvest,
        Pattern::InstructionSweep,
        Pattern::BenchmarkSweep,
        Pattern::JudgeFarm,
        Pattern::AgentTrajectories,
        Pattern::LogitExtraction,
        Pattern::Relay,
        Pattern::ReplayedReasoning,
        Pattern::Unknown,
    ];

    /// The pattern of a name on the wire.
    pub fn of_label(label: &str) -> Option<Pattern> {
        Pattern::ALL.into_iter().find(|pattern| pattern.label() == label)
    }

    /// The name on the wire.
    pub fn label(self) -> &'static str {
        match self {
            Pattern::ReasoningHarvest => "reasoning_harvest",
            Pattern::InstructionSweep => "instruction_sweep",
            Pattern::BenchmarkSweep => "benchmark_sweep",
            Pattern::JudgeFarm => "judge_farm",
            Pattern::AgentTrajectories => "agent_trajectories",
            Pattern::LogitExtraction => "logit_extraction",
            Pattern::Relay => "relay",
            Pattern::ReplayedReasoning => "replayed_reasoning",
            Pattern::Unknown => "unknown",
        }
    }
}

/// Where and when an exchange was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Event time.
    pub ts: Millis,
    /// Offset in the input partition.
    pub offset: i64,
}

/// One feature's part in a finding.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// Row of the feature table.
    pub feature: u16,
    /// The unit's value.
    pub value: f32,
    /// Median of calm units.
    pub baseline_median: f32,
    /// The end of the calm range on the side of the value: 99th percentile, or 1st when the value is low.
    pub baseline_p99: f32,
    /// Share of the surprise, 0 to 1.
    pub weight: f32,
}

/// What a unit says at a decision whose evidence passes the threshold.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Alarm {
    /// Workload or tenant.
    pub kind: Kind,
    /// Keyed hash of account and frame; 0 for the tenant as a whole.
    pub workload: u64,
    /// Account, if the unit has one. At most 64 bytes; longer ones are cut by `trace`.
    pub account: Option<Box<str>>,
    /// What the exchanges look like.
    pub pattern: Pattern,
    /// Exchanges of the unit so far, and the output tokens they took.
    pub exchanges: u64,
    /// Output tokens of the unit so far.
    pub output_tokens: u64,
    /// First exchange of the unit.
    pub first: Seen,
    /// The exchange that decided.
    pub last: Seen,
    /// How odd the window is among calm ones, 0 to 1.
    pub score: f32,
    /// Accumulated evidence and the threshold it passed.
    pub evidence: f32,
    /// The threshold in force.
    pub threshold: f32,
    /// Share of calm reference tenants whose maximum is at least this evidence.
    pub p_value: f32,
    /// At most [`Alarm::MAX_REASONS`], strongest first.
    pub reasons: Vec<Reason>,
    /// What the parts of the model say that did not decide.
    pub opinions: Opinions,
}

impl Alarm {
    /// Five reasons can be read; more are noise.
    pub const MAX_REASONS: usize = 5;
}

/// Why a finding ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum CloseReason {
    /// No alarm for the configured time.
    Calm,
    /// The tenant's state was evicted by the memory limit.
    Evicted,
}

impl CloseReason {
    /// The name on the wire.
    pub fn label(self) -> &'static str {
        match self {
            CloseReason::Calm => "calm",
            CloseReason::Evicted => "evicted",
        }
    }
}

/// A step in the life of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Activity {
    /// First event.
    Create,
    /// The finding grew or changed.
    Update,
    /// Last event.
    Close(CloseReason),
}

/// One event of a finding, complete: every event repeats the whole finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// Create, update or close.
    pub activity: Activity,
    /// Keyed hash of (kind, tenant, workload, opening time): the finding's identity.
    pub uid: u128,
    /// 0 for the create, then one more per event.
    pub revision: u32,
    /// The tenant's name.
    pub tenant: Box<str>,
    /// When the finding was opened, in event time.
    pub opened: Millis,
    /// Event time of this event: the deciding exchange's, or the due time of a close.
    pub time: Millis,
    /// The record whose folding brought this event about.
    pub at: Position,
    /// The latest alarm.
    pub alarm: Alarm,
    /// What policy the tenant breaks, where the finding is of that.
    pub breaches: Breaches,
}
