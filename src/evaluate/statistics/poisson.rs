//! Exact bounds of a Poisson mean (Garwood), each one-sided.

use super::{Estimate, gamma, halve};

/// Confidence of each bound.
const CONFIDENCE: f64 = 0.95;

/// The mean that would give `count` or more with 5 %: smaller ones are ruled out.
pub fn low(count: u64) -> f64 {
    if count == 0 { 0.0 } else { solve(count as f64, 1.0 - CONFIDENCE) }
}

/// The mean that would give `count` or fewer with 5 %: greater ones are ruled out.
pub fn high(count: u64) -> f64 {
    solve(count as f64 + 1.0, CONFIDENCE)
}

/// Events per exposure with both bounds; none without exposure.
pub fn rate(count: u64, exposure: f64) -> Option<Estimate> {
    (exposure > 0.0).then(|| Estimate {
        value: count as f64 / exposure,
        low: low(count) / exposure,
        high: high(count) / exposure,
    })
}

/// x with P(a, x) = p, by halving: P grows with x.
fn solve(a: f64, p: f64) -> f64 {
    halve((0.0, a + 10.0 * a.sqrt() + 20.0), 200, |x| gamma::lower(a, x) < p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_the_published_ones() {
        // half of the 5 % and 95 % quantiles of chi-squared with 2k and 2k + 2 degrees of freedom
        let known = [(0, 0.0, 2.9957), (1, 0.0513, 4.7439), (2, 0.3554, 6.2958), (10, 5.4254, 16.9622)];
        for (count, low_known, high_known) in known {
            assert!((low(count) - low_known).abs() < 1e-4, "low of {count}: {}", low(count));
            assert!((high(count) - high_known).abs() < 1e-4, "high of {count}: {}", high(count));
        }
    }

    #[test]
    fn exposure_for_the_budget_is_as_the_design_says() {
        // no false finding in 2,995.7 tenant-months rules out more than 1 per 1,000
        let rate = rate(0, 2.9957).map(|rate| rate.high);
        assert!(rate.is_some_and(|high| (high - 1.0).abs() < 1e-4), "{rate:?}");
        assert_eq!(super::rate(3, 0.0), None);
    }
}
