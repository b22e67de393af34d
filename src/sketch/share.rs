//! The share of exchanges that had something, in 16 bits: starts exact and then forgets, as
//! [`Mean`](super::Mean) does.
//!
//! Integer arithmetic: the same bits everywhere. Resolution once it forgets: 0.0005. A unit has forty of
//! these, so half the size of a float is what lets it have them all from its first exchange.

use serde::{Deserialize, Serialize};

use super::mean::SPAN;

const ONE: i32 = u16::MAX as i32;

/// A share that forgets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Share(u16);

impl Share {
    /// Adds the `n`-th exchange (1-based).
    pub fn add(&mut self, n: u32, holds: bool) {
        self.near(n, if holds { ONE } else { 0 });
    }

    /// The same of an exchange that has it in part.
    pub fn add_part(&mut self, n: u32, part: f32) {
        self.near(n, (part.clamp(0.0, 1.0) * ONE as f32 + 0.5) as i32);
    }

    fn near(&mut self, n: u32, value: i32) {
        let weight = n.clamp(1, SPAN) as i32;
        let off = value - i32::from(self.0);
        let step = (off + off.signum() * (weight / 2)) / weight;
        self.0 = (i32::from(self.0) + step).clamp(0, ONE) as u16;
    }

    /// The share; 0 before the first exchange.
    pub fn get(self) -> f64 {
        f64::from(self.0) / f64::from(ONE)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Mean;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn follows_the_mean(seen in prop::collection::vec(any::<bool>(), 1..400)) {
            let (mut share, mut mean) = (Share::default(), Mean::default());
            for (i, holds) in seen.iter().enumerate() {
                share.add(i as u32 + 1, *holds);
                mean.add(i as u32 + 1, f32::from(u8::from(*holds)));
            }
            prop_assert!((share.get() - mean.get()).abs() < 2e-3, "{} against {}", share.get(), mean.get());
        }
    }

    proptest! {
        #[test]
        fn parts_follow_the_mean(seen in prop::collection::vec(0.0f32..1.0, 1..400)) {
            let (mut share, mut mean) = (Share::default(), Mean::default());
            for (i, part) in seen.iter().enumerate() {
                share.add_part(i as u32 + 1, *part);
                mean.add(i as u32 + 1, *part);
            }
            prop_assert!((share.get() - mean.get()).abs() < 2e-3, "{} against {}", share.get(), mean.get());
        }
    }

    #[test]
    fn all_and_none_are_exact() {
        let (mut all, mut none) = (Share::default(), Share::default());
        for n in 1..=300 {
            all.add(n, true);
            none.add(n, false);
        }
        assert_eq!((all.get(), none.get()), (1.0, 0.0));
    }
}
