//! Wilson's interval of a share: honest at 0 and 1, where resampling says "certain".

use super::Estimate;

/// 97.5 % point of the normal distribution: two-sided 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// `hits` of `all` with its two-sided 95 % interval; none of none.
pub fn share(hits: usize, all: usize) -> Option<Estimate> {
    if all == 0 {
        return None;
    }
    let (n, p) = (all as f64, hits as f64 / all as f64);
    let (scale, middle) = (1.0 + Z * Z / n, p + Z * Z / (2.0 * n));
    let half = Z * (p * (1.0 - p) / n + Z * Z / (4.0 * n * n)).sqrt();
    // at the ends the bound is exact: rounding must not move it past the value
    let low = if hits == 0 { 0.0 } else { (middle - half) / scale };
    let high = if hits == all { 1.0 } else { (middle + half) / scale };
    Some(Estimate { value: p, low, high })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_examples() {
        // Newcombe 1998, method 3: 81 of 263 and 0 of 20
        let near = |got: Option<Estimate>, low: f64, high: f64| {
            got.is_some_and(|got| (got.low - low).abs() < 5e-5 && (got.high - high).abs() < 5e-5)
        };
        assert!(near(share(81, 263), 0.2553, 0.3662), "{:?}", share(81, 263));
        assert!(near(share(0, 20), 0.0, 0.1611), "{:?}", share(0, 20));
        assert_eq!(share(0, 0), None);
        assert_eq!(share(0, 3).map(|share| share.low), Some(0.0));
        assert_eq!(share(3, 3).map(|share| share.high), Some(1.0));
    }
}
