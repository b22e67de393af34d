//! How much of what arrives is new: a linear counter (bitmap) that rotates.
//!
//! Two bitmaps of 512 bits: values are set in the younger; when half of its bits are set it becomes
//! the elder and an empty one takes its place. So a unit remembers its last 355 to 710 values.
//! A new value falls on a set bit by accident with probability `fill`; counting each unset bit as
//! 1 / (1 − fill) makes the share unbiased, however full the map is.

use serde::{Deserialize, Serialize};

const WORDS: usize = 8;
const BITS: u32 = WORDS as u32 * 64;

/// A rotating bitmap of seen hashes. 136 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Novelty {
    young: [u64; WORDS],
    old: [u64; WORDS],
    /// Bits set in `young`, and in either.
    young_bits: u16,
    either_bits: u16,
}

impl Novelty {
    /// Share of the hashes that were never seen, corrected for chance; then remembers them.
    /// 0 for an empty slice. May pass 1 by what the correction adds.
    pub fn observe(&mut self, hashes: &[u64]) -> f32 {
        let Some(share) = self.share_new(hashes) else {
            return 0.0;
        };
        for hash in hashes {
            self.remember(*hash);
        }
        share
    }

    fn share_new(&self, hashes: &[u64]) -> Option<f32> {
        if hashes.is_empty() {
            return None;
        }
        let new = hashes.iter().filter(|hash| !self.seen(**hash)).count();
        let free = 1.0 - f32::from(self.either_bits.min(500)) / BITS as f32;
        Some(new as f32 / hashes.len() as f32 / free)
    }

    fn place(hash: u64) -> (usize, u64) {
        let bit = (hash >> 55) as usize; // the top 9 bits: sampled hashes are small in none of them after keying
        (bit / 64, 1 << (bit % 64))
    }

    fn seen(&self, hash: u64) -> bool {
        let (word, bit) = Self::place(hash);
        (self.young[word] | self.old[word]) & bit != 0
    }

    fn remember(&mut self, hash: u64) {
        let (word, bit) = Self::place(hash);
        if self.young[word] & bit != 0 {
            return;
        }
        if self.old[word] & bit == 0 {
            self.either_bits += 1;
        }
        self.young[word] |= bit;
        self.young_bits += 1;
        if u32::from(self.young_bits) >= BITS / 2 {
            self.old = self.young;
            self.either_bits = self.young_bits;
            self.young = [0; WORDS];
            self.young_bits = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::stream::scatter;
    use proptest::prelude::*;
    use std::collections::HashSet;

    proptest! {
        #[test]
        fn follows_the_exact_share(seed in any::<u64>(), vocabulary in 50u64..5_000, rounds in 20usize..70) {
            let (mut filter, mut seen) = (Novelty::default(), HashSet::new());
            let (mut estimated, mut exact) = (0.0f64, 0.0f64);
            for round in 0..rounds {
                let hashes: Vec<u64> = (0..5).map(|i| scatter(seed ^ (scatter(round as u64 * 5 + i) % vocabulary))).collect();
                let new: HashSet<u64> = hashes.iter().copied().filter(|h| !seen.contains(h)).collect();
                exact += hashes.iter().filter(|h| new.contains(h)).count() as f64 / 5.0;
                estimated += f64::from(filter.observe(&hashes));
                seen.extend(hashes);
            }
            // 350 values at most: nothing is forgotten yet. Standard error of the corrected share is below 4 %.
            prop_assert!((estimated - exact).abs() / (rounds as f64) < 0.15, "{estimated} against {exact}");
        }

        #[test]
        fn counts_its_bits(values in prop::collection::vec(any::<u64>(), 0..3_000)) {
            let mut filter = Novelty::default();
            for value in values {
                filter.observe(&[value]);
                let young: u32 = filter.young.iter().map(|w| w.count_ones()).sum();
                let either: u32 = filter.young.iter().zip(filter.old).map(|(a, b)| (a | b).count_ones()).sum();
                prop_assert_eq!(u32::from(filter.young_bits), young);
                prop_assert_eq!(u32::from(filter.either_bits), either);
                prop_assert!(young < BITS / 2);
            }
        }
    }

    #[test]
    fn a_stream_of_new_values_stays_near_one_after_many_rotations() {
        let mut filter = Novelty::default();
        let mut sum = 0.0;
        for i in 0..20_000_u64 {
            sum += f64::from(filter.observe(&[scatter(i)]));
        }
        assert!((sum / 20_000.0 - 1.0).abs() < 0.03, "{}", sum / 20_000.0);
    }
}
