//! The mean of small signed numbers in 16 bits: starts exact and then forgets, as [`Mean`](super::Mean) does.
//!
//! Resolution 1/2,048; once it forgets it stands still within 1/64 of the truth. Integers: the same bits everywhere.

use serde::{Deserialize, Serialize};

use super::mean::SPAN;

/// Parts of one.
const FINE: f32 = 2_048.0;

/// A mean between -15 and 15.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offset(i16);

impl Offset {
    /// Adds the `n`-th value (1-based).
    pub fn add(&mut self, n: u32, value: f32) {
        let weight = n.clamp(1, SPAN) as i32;
        let off = (value.clamp(-15.0, 15.0) * FINE) as i32 - i32::from(self.0);
        self.0 = (i32::from(self.0) + (off + off.signum() * (weight / 2)) / weight) as i16;
    }

    /// The mean; 0 before the first value.
    pub fn get(self) -> f64 {
        f64::from(f32::from(self.0) / FINE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Mean;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn stays_near_the_exact_mean(values in prop::collection::vec(-8.0f32..8.0, 1..300)) {
            let (mut coarse, mut exact) = (Offset::default(), Mean::default());
            for (n, value) in (1..).zip(&values) {
                coarse.add(n, *value);
                exact.add(n, *value);
            }
            prop_assert!((coarse.get() - exact.get()).abs() < 0.05, "{} {}", coarse.get(), exact.get());
        }
    }
}
