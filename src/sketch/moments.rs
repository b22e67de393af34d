//! Mean and variance of the places of a stretch of time, however many there are: 128 bytes.
//!
//! Of up to [`EXACT`] places each counts; from there on every second, fourth, … one, so that the weight of a place
//! never falls below 1/1,023 and 16 bits hold the sums. Steps are rounded up or down by turns (`turn`), since
//! rounding to the nearest would lose every step below half a unit; a deviation below about two units is noise. Integers: the same bits everywhere.
//! Cost: about 110 ns a place that counts.

use serde::{Deserialize, Serialize};

use crate::trace::embed::{Place, WIDTH};

/// Parts of a place's unit in which the mean is kept.
const FINE: i32 = 256;
/// Places of which each counts.
const EXACT: u32 = 1_023;
/// Parts of a place's unit, squared, in which the variance is kept: 4 × 127² fits 16 bits.
const QUARTERS: i32 = 4;

/// What places were like over some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moments {
    count: u32,
    mean: [i16; WIDTH],
    variance: [u16; WIDTH],
}

impl Moments {
    /// Adds a place. `turn` should be spread evenly over 16 bits from one to the next.
    pub fn add(&mut self, place: &Place, turn: u16) {
        self.count = self.count.saturating_add(1);
        let stride = 1 << (self.count / EXACT.div_ceil(2)).max(1).ilog2();
        if !self.count.is_multiple_of(stride) {
            return;
        }
        let weight = i64::from(self.count / stride).min(i64::from(EXACT));
        let share = (1i64 << 32) / weight; // one division, not 64
        let rounding = i64::from(turn) << 16;
        let part = |off: i32| ((i64::from(off) * share + rounding) >> 32) as i32;
        for ((mean, variance), value) in self.mean.iter_mut().zip(&mut self.variance).zip(place) {
            let off = i32::from(*value) * FINE - i32::from(*mean);
            let moved = (i32::from(*mean) + part(off)).clamp(i32::from(i16::MIN), i32::from(i16::MAX));
            let after = i32::from(*value) * FINE - moved;
            *mean = moved as i16;
            let square = (i64::from(off) * i64::from(after) * i64::from(QUARTERS) / i64::from(FINE * FINE)) as i32;
            let now = i32::from(*variance) + part(square - i32::from(*variance));
            *variance = now.clamp(0, i32::from(u16::MAX)) as u16;
        }
    }

    /// Places so far.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The mean, rounded to units of a place.
    pub fn mean(&self) -> [i8; WIDTH] {
        self.mean.map(|mean| (i32::from(mean) + FINE / 2).div_euclid(FINE).clamp(-127, 127) as i8)
    }

    /// The standard deviation in quarters of a unit: a place is seldom as much as 64 units off.
    pub fn deviation(&self) -> [u8; WIDTH] {
        // 4σ = √(16σ²) = √(4 · 4σ²)
        self.variance.map(|variance| (u32::from(variance) * 4).isqrt().min(255) as u8)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::stream::scatter;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn follows_the_exact_mean_and_deviation(seed in any::<u64>(), count in 20u64..6_000, reach in 12u64..60) {
            let mut moments = Moments::default();
            let centre = scatter(seed) % 60;
            let places = (0..count).map(|i| -> Place {
                core::array::from_fn(|d| (centre + scatter(seed ^ (i * 32 + d as u64)) % reach) as i8)
            });
            let places: Vec<Place> = places.collect();
            for (i, place) in places.iter().enumerate() {
                moments.add(place, (i as u16).wrapping_mul(40_503));
            }
            prop_assert_eq!(moments.count(), count as u32);
            for d in 0..WIDTH {
                let values = places.iter().map(|place| f64::from(place[d]));
                let mean = values.clone().sum::<f64>() / count as f64;
                let deviation = (values.map(|value| (value - mean).powi(2)).sum::<f64>() / count as f64).sqrt();
                // of a thinned stream about the standard error of 512 values, three-fold, and the rounding
                let loose = if count > u64::from(EXACT) { deviation * 0.13 } else { 0.02 * deviation };
                prop_assert!((f64::from(moments.mean()[d]) - mean).abs() <= 0.6 + loose);
                let found = f64::from(moments.deviation()[d]) / 4.0;
                prop_assert!((found - deviation).abs() <= 0.7 + loose, "{found} against {deviation}");
            }
        }
    }
}
