//! What an account's last responses said, as fingerprints: "does this prompt take one of them up?".
//!
//! 64 buckets of 16-bit fingerprints, the newest first; six more bits of the hash choose the bucket. A filter
//! of bits would have to be nearly empty to tell: at half full, a prompt of sixteen grams hits one in two of
//! them by chance. Here a gram that was never seen hits once in 65,536 ÷ depth.
//! It begins with room for about 16 responses (512 B) and deepens with its tenant, to 128 (4 KB, at a depth of 32): many people
//! who talk at once push each other's responses out. Cost: about 5 ns a gram.

use serde::{Deserialize, Serialize};

const BUCKETS: usize = 64;
const SHALLOW: usize = 4;
/// Exchanges of the tenant after which the room first doubles; from there with every fourfold.
const FIRST_GROWTH: u64 = 128;

/// Fingerprints of what was said last.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quoted<const DEEP: usize = 32> {
    /// `BUCKETS` runs of equal length; 0 is an empty place.
    prints: Vec<u16>,
}

impl<const DEEP: usize> Quoted<DEEP> {
    /// Bytes at most.
    pub const MOST_BYTES: usize = BUCKETS * DEEP * 2;

    /// Whether one of these was said lately.
    pub fn holds_any(&self, grams: &[u32]) -> bool {
        let depth = self.prints.len() / BUCKETS;
        grams.iter().any(|gram| {
            let (bucket, print) = place(*gram);
            let held = self.prints.get(bucket * depth..(bucket + 1) * depth);
            held.is_some_and(|held| held.contains(&print))
        })
    }

    /// Remembers what was said. `exchanges` counts the tenant's, and sets the room. Full: the oldest goes.
    pub fn remember(&mut self, grams: &[u32], exchanges: u64) {
        if grams.is_empty() {
            return;
        }
        let depth = depth_at(exchanges).min(DEEP);
        if self.prints.len() != BUCKETS * depth {
            self.deepen(depth);
        }
        for gram in grams {
            let (bucket, print) = place(*gram);
            if let Some(held) = self.prints.get_mut(bucket * depth..(bucket + 1) * depth)
                && held.first() != Some(&print)
            {
                held.copy_within(..depth - 1, 1);
                held[0] = print;
            }
        }
    }

    /// Bytes in use.
    pub fn logical_bytes(&self) -> usize {
        self.prints.len() * 2
    }

    #[cold]
    fn deepen(&mut self, depth: usize) {
        let old = core::mem::take(&mut self.prints);
        self.prints = vec![0; BUCKETS * depth];
        let before = (old.len() / BUCKETS).max(1);
        for (new, old) in self.prints.chunks_exact_mut(depth).zip(old.chunks_exact(before)) {
            new.iter_mut().zip(old).for_each(|(new, old)| *new = *old);
        }
    }
}

fn depth_at(exchanges: u64) -> usize {
    let fourfolds = (exchanges / FIRST_GROWTH).checked_ilog2().map_or(0, |log2| 1 + log2 / 2);
    SHALLOW << fourfolds.min(8)
}

fn place(gram: u32) -> (usize, u16) {
    ((gram >> 16) as usize % BUCKETS, (gram as u16).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::stream::scatter;
    use proptest::prelude::*;

    fn grams(of: u64) -> Vec<u32> {
        (0..16).map(|i| scatter(of * 16 + i) as u32).collect()
    }

    proptest! {
        #[test]
        fn the_last_responses_are_held_and_strangers_are_not(count in 1u64..3_000) {
            let mut quoted = Quoted::<32>::default();
            (0..count).for_each(|i| quoted.remember(&grams(i), i));
            // half of the room: buckets fill unevenly
            let sure = (quoted.logical_bytes() / 2 / 16 / 2) as u64;
            for i in count.saturating_sub(sure)..count {
                prop_assert!(quoted.holds_any(&grams(i)), "{i} of {count}");
            }
            let strangers = (10_000..11_000).filter(|i| quoted.holds_any(&grams(*i))).count();
            prop_assert!(strangers <= 25, "{strangers} in 1,000");
        }
    }

    #[test]
    fn it_grows_by_what_its_tenant_sends_and_keeps_what_it_holds() {
        let mut quoted = Quoted::<32>::default();
        assert_eq!(quoted.logical_bytes(), 0);
        quoted.remember(&grams(0), 1);
        assert_eq!(quoted.logical_bytes(), 512);
        quoted.remember(&grams(1), 5_000_000);
        assert_eq!(quoted.logical_bytes(), Quoted::<32>::MOST_BYTES);
        assert!(quoted.holds_any(&grams(0)) && quoted.holds_any(&grams(1)) && !quoted.holds_any(&grams(2)));
    }
}
