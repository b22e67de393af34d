//! How unevenly API clients work from ten minutes to ten minutes: a compact fit of 238 real ones, or those
//! clients themselves where a folder of corpora has them.
//!
//! Tenants of both sides draw from the same list; only what their behaviour demands is changed afterwards.

use std::sync::Arc;

use crate::draw::{Draw, mix};

/// Milliseconds of a step of the fit, as in the data.
pub(super) const STEP: i64 = 600_000;

/// A client's rate over time.
#[derive(Clone, Debug)]
pub(super) enum Client {
    /// On and off by blocks of steps, with noise on the logarithm of the rate while on.
    Fitted { active: f64, block: i64, sigma: f64 },
    /// A recorded client: its rate in each step, mean 1, again and again.
    Recorded(Arc<Recorded>),
}

/// A recorded client.
#[derive(Debug)]
pub(in crate::simulate) struct Recorded {
    pub(in crate::simulate) weights: Vec<f64>,
    /// Spread of pauses within a step, in relation to their mean.
    pub(in crate::simulate) cv: f64,
}

/// Share of time at work, steps in a row, spread of the log-rate, spread of pauses: the medians of quarters of
/// the clients by share of time at work. The first quarter's share is 0.007, raised so that a log of days has
/// several blocks of it; the last quarter's spread of 1.2 holds hours of the day, which are elsewhere here.
const FIT: [(f64, i64, f64, f64); 4] =
    [(0.05, 2, 1.1, 2.6), (0.063, 5, 1.4, 1.6), (0.417, 13, 1.0, 1.07), (1.0, 1, 0.8, 1.24)];

impl Client {
    /// One of the recorded clients, or one of the fit, with its spread of pauses.
    pub(super) fn drawn(recorded: &[Arc<Recorded>], seed: u64) -> (Self, f64) {
        let mut draw = Draw::new(seed);
        if recorded.is_empty() {
            let (active, block, sigma, cv) = draw.pick(&FIT);
            return (Client::Fitted { active, block, sigma }, cv);
        }
        let client = Arc::clone(&recorded[draw.below(recorded.len())]);
        let cv = client.cv;
        (Client::Recorded(client), cv)
    }

    /// Relative rate in a step; the mean is 1.
    pub(super) fn weight(&self, step: i64, seed: u64) -> f64 {
        match self {
            Client::Fitted { active, block, sigma } => {
                let on = (mix(&[seed, 1, step.div_euclid(*block) as u64]) >> 11) as f64 / (1_u64 << 53) as f64;
                if on >= *active {
                    return 0.0;
                }
                // Part of the noise lasts two hours: rates of neighbouring steps correlate by about 0.6.
                let slow = Draw::new(mix(&[seed, 2, step.div_euclid(12) as u64])).normal();
                let fast = Draw::new(mix(&[seed, 3, step as u64])).normal();
                let z = 0.8 * slow + 0.6 * fast;
                libm::exp(sigma * z - sigma * sigma / 2.0) / active
            }
            Client::Recorded(client) => {
                // Whole days, so that the client's hours stay its hours.
                let n = client.weights.len() as i64;
                let days = (n / 144).max(1);
                client.weights[(step + (seed % days as u64) as i64 * 144).rem_euclid(n) as usize]
            }
        }
    }

    /// Whether it brings hours and days of its own.
    pub(super) fn has_hours(&self) -> bool {
        matches!(self, Client::Recorded(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fit_keeps_its_mean_and_its_share_of_time() {
        for (active, block, sigma, _) in FIT {
            let client = Client::Fitted { active, block, sigma };
            let steps: Vec<f64> = (0..40_000).map(|s| client.weight(s, 9)).collect();
            let mean = steps.iter().sum::<f64>() / 40_000.0;
            let on = steps.iter().filter(|w| **w > 0.0).count() as f64 / 40_000.0;
            assert!((mean - 1.0).abs() < 0.2, "{active}: {mean}");
            assert!((on / active - 1.0).abs() < 0.15, "{active}: {on}");
        }
    }
}
