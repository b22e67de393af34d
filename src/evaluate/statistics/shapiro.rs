//! Shapiro and Wilk's W: how close to normal a sample is, 1 for as close as can be.
//!
//! Weights by Royston's approximation (Applied Statistics R94, 1995), good for 12 to 2,000 values.

use super::halve;

/// Corrections of the two outermost weights, as polynomials in 1/√n.
const OUTERMOST: [f64; 6] = [0.0, 0.221_157, -0.147_981, -2.071_19, 4.434_685, -2.706_056];
const NEXT: [f64; 6] = [0.0, 0.042_981, -0.293_762, -1.752_461, 5.682_633, -3.582_633];
/// Fewer values say nothing.
const LEAST: usize = 12;

/// W of a sample; none if it is too small or all its values are one.
pub fn w(values: &[f64]) -> Option<f64> {
    let n = values.len();
    if n < LEAST {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let mean = sorted.iter().sum::<f64>() / n as f64;
    let spread: f64 = sorted.iter().map(|x| (x - mean) * (x - mean)).sum();
    if spread <= 1e-18 * n as f64 {
        return None;
    }
    let weights = weights(n);
    // the weights are antisymmetric: the largest value minus the smallest, and inwards
    let slope: f64 = weights.iter().enumerate().map(|(i, a)| a * (sorted[n - 1 - i] - sorted[i])).sum();
    Some((slope * slope / spread).min(1.0))
}

/// Weights of the upper half, outermost first.
fn weights(n: usize) -> Vec<f64> {
    let half = n / 2;
    let scores: Vec<f64> = (0..half).map(|i| upper_quantile((i as f64 + 0.625) / (n as f64 + 0.25))).collect();
    let squares = 2.0 * scores.iter().map(|m| m * m).sum::<f64>();
    let (root, u) = (squares.sqrt(), 1.0 / (n as f64).sqrt());
    let first = polynomial(&OUTERMOST, u) + scores[0] / root;
    let second = polynomial(&NEXT, u) + scores[1] / root;
    let rest = (squares - 2.0 * (scores[0] * scores[0] + scores[1] * scores[1]))
        / (1.0 - 2.0 * (first * first + second * second));
    let mut weights: Vec<f64> = scores.iter().map(|m| m / rest.sqrt()).collect();
    (weights[0], weights[1]) = (first, second);
    weights
}

fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// The normal deviate that is exceeded with this chance of at most a half, by halving: exact to 1e-12.
fn upper_quantile(chance: f64) -> f64 {
    halve((0.0, 10.0), 45, |x| libm::erfc(x / core::f64::consts::SQRT_2) / 2.0 > chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values() {
        // the two samples that the tests of SciPy and R's swilk agree on
        let skewed = [11, 787, 461, 1014, 795, 314, 46, 443, 21, 475, 71, 152, 324, 93, 42, 497, 953, 455, 47, 666];
        let plain = [136, 114, 292, 255, 146, 106, 527, -111, 348, 110, 88, -51, 146, 52, 620, 169, 8, 367, 281, 349];
        let near = |hundredths: &[i32], known: f64| {
            let values: Vec<f64> = hundredths.iter().map(|x| f64::from(*x) / 100.0).collect();
            w(&values).is_some_and(|w| (w - known).abs() < 2e-6)
        };
        assert!(near(&skewed, 0.900_473));
        assert!(near(&plain, 0.959_027));
    }

    #[test]
    fn order_place_and_scale_do_not_matter_and_constants_have_none() {
        let values: Vec<f64> = (0..100).map(|i| f64::from((i * 37) % 100)).collect();
        let moved: Vec<f64> = values.iter().rev().map(|x| 3.0 * x - 7.0).collect();
        assert!(w(&values).zip(w(&moved)).is_some_and(|(a, b)| (a - b).abs() < 1e-12));
        // evenly spread: known to be near 0.95 for 100 values
        assert!(w(&values).is_some_and(|w| (0.94..0.97).contains(&w)), "{:?}", w(&values));
        assert_eq!((w(&[1.0; 50]), w(&[1.0, 2.0])), (None, None));
    }
}
