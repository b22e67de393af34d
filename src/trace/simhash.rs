//! Simhash of a prompt (Charikar, 2002): 64 bits, each the majority of that bit over the word hashes.
//!
//! Counted in bit slices: eight words hold the 64 counters, so a word costs about 24 operations and no table.
//! Only the first [`LIMIT`] words vote: counters of eight bits.

/// Words that vote.
pub(super) const LIMIT: u32 = 255;

/// 64 counters of eight bits, as eight slices.
pub(super) struct Simhash {
    slices: [u64; 8],
    words: u32,
}

impl Simhash {
    pub(super) fn new() -> Simhash {
        Simhash { slices: [0; 8], words: 0 }
    }

    #[inline]
    pub(super) fn add(&mut self, hash: u64) {
        if self.words == LIMIT {
            return;
        }
        self.words += 1;
        let mut carry = hash;
        for slice in &mut self.slices {
            let next = *slice & carry;
            *slice ^= carry;
            carry = next;
        }
    }

    /// Bits whose counter is above half of the words.
    pub(super) fn finish(&self) -> u64 {
        // compare all 64 counters with half at once, from the highest slice down
        let half = self.words / 2;
        let (mut above, mut equal) = (0u64, u64::MAX);
        for (bit, slice) in self.slices.iter().enumerate().rev() {
            if half >> bit & 1 == 0 {
                above |= equal & slice;
                equal &= !slice;
            } else {
                equal &= slice;
            }
        }
        above
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn is_the_majority_of_each_bit(hashes in prop::collection::vec(any::<u64>(), 0..255)) {
            let mut simhash = Simhash::new();
            for hash in &hashes {
                simhash.add(*hash);
            }
            let mut exact = 0u64;
            for bit in 0..64 {
                let ones = hashes.iter().filter(|hash| *hash >> bit & 1 == 1).count();
                exact |= u64::from(ones > hashes.len() / 2) << bit;
            }
            prop_assert_eq!(simhash.finish(), exact);
        }
    }
}
