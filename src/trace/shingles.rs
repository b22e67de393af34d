//! Sampled word n-grams: the few with the lowest public hash.
//!
//! Sampling by hash is consistent: two prompts that share text share samples, whatever surrounds it.

use super::words::mix;

/// Word 3-grams kept per prompt.
pub const SAMPLES: usize = 16;

/// The lowest distinct hashes seen, ascending.
pub(super) struct Lowest<const N: usize> {
    hashes: [u64; N],
    used: usize,
}

impl<const N: usize> Lowest<N> {
    pub(super) fn new() -> Lowest<N> {
        Lowest { hashes: [u64::MAX; N], used: 0 }
    }

    #[inline]
    pub(super) fn add(&mut self, hash: u64) {
        if hash >= self.hashes[N - 1] {
            return;
        }
        let at = self.hashes.partition_point(|held| *held < hash);
        if self.hashes[at] == hash {
            return;
        }
        self.hashes.copy_within(at..N - 1, at + 1);
        self.hashes[at] = hash;
        self.used = (self.used + 1).min(N);
    }

    pub(super) fn get(&self) -> &[u64] {
        &self.hashes[..self.used]
    }
}

/// Hash of three words in their order.
#[inline]
pub(super) fn gram(first: u64, second: u64, third: u64) -> u64 {
    mix(first ^ second.rotate_left(21) ^ third.rotate_left(42), 0xa076_1d64_78bd_642f)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn keeps_the_lowest(hashes in prop::collection::vec(0u64..200, 0..100)) {
            let mut lowest = Lowest::<SAMPLES>::new();
            for hash in &hashes {
                lowest.add(*hash);
            }
            let exact: Vec<u64> = hashes.into_iter().collect::<BTreeSet<_>>().into_iter().take(SAMPLES).collect();
            prop_assert_eq!(lowest.get(), exact.as_slice());
        }
    }

    #[test]
    fn order_matters() {
        assert_ne!(gram(1, 2, 3), gram(3, 2, 1));
    }
}
