//! Mean and spread that start exact and then forget: the weight of a new value is 1/n for the first
//! [`SPAN`] values and 1/[`SPAN`] from then on.
//!
//! The count is kept by the owner, since many means share one. Cost: two or five flops a value.

use serde::{Deserialize, Serialize};

/// Values that count: a unit's features speak of about its last 64 exchanges.
pub const SPAN: u32 = 64;

/// The weight of the `n`-th value (1-based).
pub fn weight(n: u32, span: u32) -> f32 {
    1.0 / n.clamp(1, span) as f32
}

/// A mean that forgets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mean(f32);

impl Mean {
    /// Adds the `n`-th value.
    pub fn add(&mut self, n: u32, value: f32) {
        self.add_over(n, SPAN, value);
    }

    /// The same over another span than [`SPAN`].
    pub fn add_over(&mut self, n: u32, span: u32, value: f32) {
        self.0 += weight(n, span) * (value - self.0);
    }

    /// The mean; 0 before the first value.
    pub fn get(self) -> f64 {
        f64::from(self.0)
    }
}

/// Mean and variance that forget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Spread {
    mean: f32,
    variance: f32,
}

impl Spread {
    /// Adds the `n`-th value.
    pub fn add(&mut self, n: u32, value: f32) {
        let weight = weight(n, SPAN);
        let off = value - self.mean;
        let step = weight * off;
        self.mean += step;
        self.variance = (1.0 - weight) * (self.variance + off * step);
    }

    /// The mean.
    pub fn mean(self) -> f64 {
        f64::from(self.mean)
    }

    /// The standard deviation (population form).
    pub fn deviation(self) -> f64 {
        f64::from(self.variance.max(0.0)).sqrt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Weights of the exact counterpart, newest last.
    fn exact(values: &[f32]) -> (f64, f64) {
        let mut weights: Vec<f64> = Vec::new();
        for n in 1..=values.len() {
            let newest = f64::from(weight(n as u32, SPAN));
            for w in &mut weights {
                *w *= 1.0 - newest;
            }
            weights.push(newest);
        }
        let mean: f64 = values.iter().zip(&weights).map(|(v, w)| f64::from(*v) * w).sum();
        let variance: f64 = values.iter().zip(&weights).map(|(v, w)| w * (f64::from(*v) - mean).powi(2)).sum();
        (mean, variance.sqrt())
    }

    proptest! {
        #[test]
        fn mean_and_spread_follow_the_weighted_sums(values in prop::collection::vec(-100.0f32..100.0, 1..300)) {
            let (mut mean, mut spread) = (Mean::default(), Spread::default());
            for (i, value) in values.iter().enumerate() {
                mean.add(i as u32 + 1, *value);
                spread.add(i as u32 + 1, *value);
            }
            let (m, s) = exact(&values);
            prop_assert!((mean.get() - m).abs() < 1e-3, "{} against {m}", mean.get());
            prop_assert!((spread.mean() - m).abs() < 1e-3);
            prop_assert!((spread.deviation() - s).abs() < 2e-2, "{} against {s}", spread.deviation());
        }
    }
}
