//! The second opinions: parts of the model that never judge, told beside a finding.
//!
//! *Logistic*: a line through standardised features, fitted by linfa, where conjunctions are out of reach; what
//! even a line sees is plain to everybody. *Density*: how much likelier a row is among harvests than among calm
//! windows, by linfa's mixtures. Both are log-odds beside what 99 % of calm windows of the same tier stay under.
//! Scored by our own fixed-order loops. Cost: 0.1 and 30 µs, only where an alarm is raised.

use serde::{Deserialize, Serialize};

use super::artifact::Line;
use super::density::Scratch;
use super::relation::{TIERS, tier};
use super::{Model, Row, WIDTH};
use crate::feature::TABLE;

/// Standard deviations beyond which a value is as odd for the line as any further one.
pub(crate) const FARTHEST: f64 = 10.0;

/// What one part says of a row.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Opinion {
    /// Log-odds of harvest, as the part sees them.
    pub log_odds: f32,
    /// What 99 % of calm windows of the row's tier stay under.
    pub calm_p99: f32,
}

/// What the parts say that do not judge; none where the model lacks the part or its calm reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Opinions {
    /// Of the line.
    pub logistic: Option<Opinion>,
    /// Of the mixtures.
    pub density: Option<Opinion>,
}

/// A row in standard deviations from the calm mean; what is absent is average.
pub(crate) fn standard(row: &Row, center: &[f64], scale: &[f64]) -> [f64; WIDTH] {
    let mut standard = [0.0; WIDTH];
    for (feature, slot) in standard.iter_mut().enumerate() {
        if TABLE[feature].needs.met_by(row.present) {
            *slot = ((row.values[feature] - center[feature]) / scale[feature]).clamp(-FARTHEST, FARTHEST);
        }
    }
    standard
}

/// The line's log-odds of a standardised row.
pub(crate) fn log_odds(line: &Line, standard: &[f64; WIDTH]) -> f64 {
    let mut sum = line.intercept;
    for (weight, value) in line.weights.iter().zip(standard) {
        sum += weight * value;
    }
    sum
}

/// Log-odds as a probability.
pub fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}

impl Model {
    /// The second opinions on a row. A model whose densities judge has no further one.
    pub fn opinions(&self, row: &Row) -> Opinions {
        if self.boosted.is_none() {
            return Opinions::default();
        }
        let beside = |log_odds: Option<f64>, calm: Option<&[f64; TIERS]>| {
            Some(Opinion { log_odds: log_odds? as f32, calm_p99: calm?[tier(row.present)] as f32 })
        };
        let density = self.density_p99.as_ref().and_then(|_| self.density_ratio(row));
        Opinions {
            logistic: beside(self.line_odds(row), self.line_p99.as_ref()),
            density: beside(density, self.density_p99.as_ref()),
        }
    }

    /// Log-odds by the line, where there is one.
    pub fn line_odds(&self, row: &Row) -> Option<f64> {
        let line = self.line.as_ref()?;
        Some(log_odds(line, &standard(row, &self.center, &self.scale)))
    }

    /// Log-density under harvest less that under calm, where there are both.
    pub fn density_ratio(&self, row: &Row) -> Option<f64> {
        let standard = self.standard(row);
        let harvest = self.harvest.as_ref()?.log_density(&standard, row.present, &mut Scratch::default());
        Some(harvest - self.density.log_density(&standard, row.present, &mut Scratch::default()))
    }
}
