//! What is usual among calm units: log-densities by stage, scores, feature ranges and tenant maxima.

use super::Baseline;
use super::artifact::{Body, CalmRange, STAGES, Stage};
use crate::feature::Needs;

/// Calm reference figures.
#[derive(Debug)]
pub(super) struct Calibration {
    stages: Vec<Vec<Stage>>,
    scores: Vec<f32>,
    range: CalmRange,
    maxima: Vec<f32>,
    tenants: usize,
}

/// Stage of a unit: small windows are noisy, so a row is compared with calm rows of like count.
pub(crate) fn stage(exchanges: u64) -> usize {
    (exchanges.max(8).ilog2() as usize - 3).min(STAGES - 1)
}

impl Calibration {
    pub(super) fn new(body: &Body) -> Calibration {
        Calibration {
            stages: body.stages.clone(),
            scores: body.score_quantiles.iter().map(|q| *q as f32).collect(),
            range: body.calm.clone(),
            maxima: body.calm_maxima.iter().map(|m| *m as f32).collect(),
            tenants: body.calm_tenants,
        }
    }

    /// How much less likely than the median calm row, in calm spreads.
    pub(super) fn excess(&self, log_density: f64, present: u8, exchanges: u64) -> f64 {
        let stage = self.stages[usize::from(present) % Needs::COMBINATIONS][stage(exchanges)];
        (stage.median - log_density) / stage.spread
    }

    /// Share of calm rows with a lower score.
    pub(super) fn rank(&self, score: f32) -> f32 {
        if self.scores.is_empty() {
            return 0.0;
        }
        self.scores.partition_point(|calm| *calm < score) as f32 / self.scores.len() as f32
    }

    pub(super) fn baseline(&self, feature: usize) -> Option<Baseline> {
        let median = *self.range.median.get(feature)?;
        Some(Baseline { median, p01: *self.range.p01.get(feature)?, p99: *self.range.p99.get(feature)? })
    }

    pub(super) fn p_value(&self, evidence: f32) -> f32 {
        let above = self.maxima.len() - self.maxima.partition_point(|calm| *calm < evidence);
        (1 + above) as f32 / (self.tenants + 1) as f32
    }
}
