//! Scores over time to a decision.
//!
//! With boosted trees the evidence is the mean score of the last [`STEADY`] decisions. A window already speaks of the
//! last 64 to 256 exchanges and is judged against calm tenants at its count, so a long mean only comes late; but what
//! one decision shows by chance the next ones do not. On two calibrated operators of held-out texts with 484 customers
//! each, at 10 false ones the score itself found 24 and 29 % of 168 pure attackers, means over 4, 8, 12, 16 and 32 found
//! 29, 30, 32, 30, 32 and 31, 31, 31, 31, 30 %; of thin ones the score 9 and 13 %, the means 14, 14, 15, 13, 13 and 15,
//! 14, 14, 13, 12 %; at 20 false ones 39 and 39 % against 40 and 44 % of pure ones over 8. Sums of log-ratios, CUSUM and
//! betting martingales found a third and a hundred times later (`benches/README.md`, "Evidence").
//!
//! The score of a density is noisier and not related to the count. There the offset is modelled ([`offset`]):
//! calm units differ by lasting offsets, a plain sum of log-ratios would cross any threshold with time;
//! this saturates at what the mean score says about the kind of unit. Kept at four spans, so that late
//! starts are seen.
//!
//! Decisions fall at fixed exchange counts of a unit, never at batch borders. Cost: 0.2 µs a decision.

mod alarm;
mod offset;
mod pattern;

use serde::{Deserialize, Serialize};

use crate::feature::Row;
use crate::finding::{Kind, Seen};
use crate::model::Scored;
use crate::sketch::mean::weight;

pub use alarm::{alarm, reasons};
pub use offset::{Params, Side};

/// Exchanges of a unit before its first decision.
pub const FIRST: u64 = 8;
/// Every exchange decides up to here, then every fourth: the features speak of the last 64.
const EACH_UNTIL: u64 = 64;
const THEN_EVERY: u64 = 4;
/// Decisions that the evidence of trees is the mean of.
const STEADY: u32 = 8;
/// Decisions that each mean spans, where the offset is modelled.
const SPANS: [u32; 4] = [16, 64, 256, 1_024];

/// Whether a unit decides at this exchange count.
pub fn is_decision(exchanges: u64) -> bool {
    FIRST <= exchanges && (exchanges <= EACH_UNTIL || exchanges.is_multiple_of(THEN_EVERY))
}

/// Counts at which a unit's features are kept as a window: dense where a decision is early, since early is what counts.
const WINDOWS: [u64; 14] = [8, 10, 12, 15, 20, 30, 45, 64, 100, 152, 256, 400, 700, 1_024];
/// Beyond the last of them, every so many.
const THEN_A_WINDOW_EVERY: u64 = 512;

/// Whether a unit's features at this exchange count are a window: what models are fitted to and drift is told by.
pub fn is_window(exchanges: u64) -> bool {
    WINDOWS.contains(&exchanges)
        || exchanges > WINDOWS[WINDOWS.len() - 1] && exchanges.is_multiple_of(THEN_A_WINDOW_EVERY)
}

/// What has accumulated for a unit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    decisions: u32,
    means: [f32; SPANS.len()],
    level: f32,
}

/// Which unit decides.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Workload or tenant.
    pub kind: Kind,
    /// Keyed hash of account and frame; 0 for the tenant.
    pub workload: u64,
    /// The workload's account.
    pub account: Option<&'a str>,
}

/// One decision, as `replay --scores` and `train` see it.
#[derive(Debug)]
pub struct Decision<'a> {
    /// Which unit.
    pub subject: Subject<'a>,
    /// Its exchanges so far.
    pub exchanges: u64,
    /// The deciding exchange.
    pub at: Seen,
    /// Its features.
    pub row: &'a Row,
    /// What the model says of them.
    pub scored: &'a Scored,
    /// Evidence after this decision.
    pub evidence: f32,
}

impl Evidence {
    /// Takes the score of a decision of trees; the new evidence: the mean of the last few.
    pub fn steady(&mut self, score: f32) -> f32 {
        self.decisions = self.decisions.saturating_add(1);
        let mean = &mut self.means[0];
        *mean += weight(self.decisions, STEADY) * (score - *mean);
        self.level = *mean;
        self.level
    }

    /// Adds the score of a decision; the new evidence: the highest over the spans.
    pub fn add(&mut self, score: f32, params: &Params) -> f32 {
        self.decisions = self.decisions.saturating_add(1);
        let mut highest = f64::NEG_INFINITY;
        for (k, (mean, span)) in self.means.iter_mut().zip(SPANS).enumerate() {
            *mean += weight(self.decisions, span) * (score - *mean);
            // up to its span a mean equals the next shorter one's
            if k == 0 || self.decisions > SPANS[k - 1] {
                // a forgetting mean of weight 1/s is as certain as a plain mean of 2s − 1 values
                let values = self.decisions.min(2 * span - 1);
                highest = highest.max(params.log_ratio(f64::from(*mean), f64::from(values)));
            }
        }
        self.level = highest as f32;
        self.level
    }

    /// Evidence after the last decision; 0 before the first.
    pub fn level(&self) -> f32 {
        self.level
    }

    /// Back to the start: another model judges from here on.
    pub fn forget(&mut self) {
        *self = Evidence::default();
    }
}

#[cfg(test)]
mod tests;
