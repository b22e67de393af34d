//! How much better a mean score fits a harvest than a calm unit.

use serde::{Deserialize, Serialize};

/// Scores of one kind of unit: units differ in their mean, decisions within a unit around it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Side {
    /// Mean over units.
    pub mean: f64,
    /// Standard deviation between units.
    pub between: f64,
    /// Standard deviation within a unit.
    pub within: f64,
}

/// Calm and harvest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Params {
    /// Calm units.
    pub calm: Side,
    /// Harvesting units.
    pub harvest: Side,
    /// Correlation of successive scores within a unit.
    pub correlation: f64,
}

impl Params {
    /// log N(m; harvest) − log N(m; calm) for the mean `m` of `values` scores, made monotone in `m`.
    pub fn log_ratio(&self, mean: f64, values: f64) -> f64 {
        // the mean of n correlated values is never less certain than one value
        let share = ((1.0 + self.correlation) / (1.0 - self.correlation) / values).min(1.0);
        let variance = |side: &Side| side.between * side.between + side.within * side.within * share;
        let (calm, harvest) = (variance(&self.calm), variance(&self.harvest));
        // The ratio of two bells is a parabola: beyond its vertex a higher mean would count less, or a
        // lower one more. Between the calm mean and the vertex it rises, and there it is read.
        let vertex = (self.harvest.mean * calm - self.calm.mean * harvest) / (calm - harvest);
        let mut at = mean.max(self.calm.mean);
        if harvest < calm {
            at = at.min(vertex);
        } else if harvest > calm {
            at = at.max(vertex);
        }
        let (off_calm, off_harvest) = (at - self.calm.mean, at - self.harvest.mean);
        0.5 * (off_calm * off_calm / calm - off_harvest * off_harvest / harvest + libm::log(calm / harvest))
    }

    /// Whether no log-ratio can be NaN.
    pub fn is_proper(&self) -> bool {
        let sane = |side: &Side| {
            let positive = |value: f64| 1e-6 < value && value < 1e6;
            side.mean.abs() < 1e6 && positive(side.between) && positive(side.within)
        };
        let correlated = 0.0 <= self.correlation && self.correlation <= 0.999;
        sane(&self.calm) && sane(&self.harvest) && correlated && self.calm.mean < self.harvest.mean
    }
}
