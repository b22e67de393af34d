//! How often each of sixteen buckets came, and the smoothed p-value that they give.
//!
//! What falls in the same bucket as the value counts in part, by turns: over many turns p is uniform for values drawn
//! as the counted ones were, whatever the buckets. 32 bytes. Integers: the same bits everywhere.

use serde::{Deserialize, Serialize};

/// Buckets.
pub(super) const BUCKETS: usize = 16;
/// What a distribution is scaled to.
const ALL: u32 = 16_384;

/// Counts of the buckets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Tally([u16; BUCKETS]);

impl Tally {
    /// Full: all are halved, so what came later weighs more.
    pub(super) fn add(&mut self, bucket: usize) {
        let Some(count) = self.0.get_mut(bucket) else { return };
        *count = count.saturating_add(1);
        if *count == u16::MAX {
            self.0 = self.0.map(|count| count / 2);
        }
    }

    /// The same distribution over [`ALL`].
    pub(super) fn scaled(self) -> Tally {
        let all = self.0.iter().map(|count| u32::from(*count)).sum::<u32>().max(1);
        Tally(self.0.map(|count| (u32::from(count) * ALL / all) as u16))
    }

    /// The share of a bucket and those above it, of its own only the part that `turn` is of 65,536.
    pub(super) fn share_above(self, bucket: usize, turn: u16) -> Option<u64> {
        let all = self.0.iter().map(|count| u64::from(*count)).sum::<u64>();
        let own = u64::from(*self.0.get(bucket)?);
        let above = self.0.iter().skip(bucket + 1).map(|count| u64::from(*count)).sum::<u64>();
        (above * 65_536 + own * u64::from(turn)).checked_div(all)
    }

    pub(super) fn counts(self) -> [u16; BUCKETS] {
        self.0
    }

    pub(super) fn counts_mut(&mut self) -> impl Iterator<Item = &mut u16> {
        self.0.iter_mut()
    }
}

/// Spread evenly over 16 bits from one exchange to the next, at any distance: multiples of the golden section.
pub(super) fn turn(ordinal: u64) -> u16 {
    (ordinal.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 48) as u16
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_p_value_is_uniform_over_turns(counts in prop::array::uniform16(0u16..500), bucket in 0usize..16) {
            let tally = Tally(counts);
            prop_assume!(counts.iter().any(|count| *count > 0));
            let all: f64 = counts.iter().map(|count| f64::from(*count)).sum();
            let above: f64 = counts[bucket + 1..].iter().map(|count| f64::from(*count)).sum();
            let exact = (above + f64::from(counts[bucket]) / 2.0) / all;
            let turns = (0..1_000).filter_map(|i| tally.share_above(bucket, turn(i)));
            let mean = turns.map(|p| p as f64 / 65_536.0).sum::<f64>() / 1_000.0;
            prop_assert!((mean - exact).abs() < 0.01);
        }
    }
}
