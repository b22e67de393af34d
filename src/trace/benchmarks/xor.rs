//! A static set in about 20 bits a key: the xor filter of Graf and Lemire (2020) with 16-bit fingerprints.
//!
//! Three places a key, one in each third of the table; their fingerprints xored are the key's own. It knows every
//! key it was built from, and takes one other key in 65,536 for one of them. Lookup: three loads.

use crate::trace::words::mix;

/// Seeds tried before giving up; each fails in about one case in a hundred, of a few keys in more.
const SEEDS: u64 = 1_000;

/// The filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Xor {
    pub(super) seed: u64,
    pub(super) table: Vec<u16>,
}

impl Xor {
    /// Of distinct keys. None if no seed fits, which does not happen to keys that are hashes.
    pub(super) fn build(keys: &[u64]) -> Option<Xor> {
        let third = (keys.len() * 41 / 100 + 12).next_multiple_of(4);
        (1..=SEEDS).find_map(|seed| Xor::attempt(keys, seed, third))
    }

    /// Whether it is (nearly) surely one of the keys.
    #[inline]
    pub(super) fn has(&self, key: u64) -> bool {
        let third = self.table.len() / 3;
        if third == 0 {
            return false;
        }
        let hash = mix(key ^ self.seed, SCATTER);
        let at = |place: usize| self.table.get(place).copied().unwrap_or_default();
        let [a, b, c] = places(hash, third);
        at(a) ^ at(b) ^ at(c) == fingerprint(hash)
    }

    /// Takes places off that only one key has, one after the other, then fills them backwards.
    fn attempt(keys: &[u64], seed: u64, third: usize) -> Option<Xor> {
        let hashes: Vec<u64> = keys.iter().map(|key| mix(key ^ seed, SCATTER)).collect();
        let mut held = vec![(0u32, 0u64); 3 * third];
        for hash in &hashes {
            for place in places(*hash, third) {
                let (count, sum) = held.get_mut(place)?;
                (*count, *sum) = (*count + 1, *sum ^ hash);
            }
        }
        let mut alone: Vec<usize> =
            (0..held.len()).filter(|place| held.get(*place).is_some_and(|h| h.0 == 1)).collect();
        let mut order = Vec::with_capacity(keys.len());
        while let Some(place) = alone.pop() {
            let (count, hash) = *held.get(place)?;
            if count != 1 {
                continue;
            }
            order.push((place, hash));
            for other in places(hash, third) {
                let (count, sum) = held.get_mut(other)?;
                (*count, *sum) = (*count - 1, *sum ^ hash);
                if *count == 1 {
                    alone.push(other);
                }
            }
        }
        if order.len() != keys.len() {
            return None;
        }
        let mut table = vec![0u16; 3 * third];
        for (place, hash) in order.into_iter().rev() {
            let others = places(hash, third).into_iter().filter(|other| *other != place);
            let others = others.fold(0, |sum, other| sum ^ table.get(other).copied().unwrap_or_default());
            *table.get_mut(place)? = fingerprint(hash) ^ others;
        }
        Some(Xor { seed, table })
    }
}

const SCATTER: u64 = 0xff51_afd7_ed55_8ccd;

#[inline]
fn places(hash: u64, third: usize) -> [usize; 3] {
    // 21 bits each would do for two million keys; 32 overlapping ones do for all that are allowed
    let of = |turn: u32| ((u64::from(hash.rotate_left(turn) as u32) * third as u64) >> 32) as usize;
    [of(0), third + of(21), 2 * third + of(42)]
}

#[inline]
fn fingerprint(hash: u64) -> u16 {
    (mix(hash, 0xc4ce_b9fe_1a85_ec53) >> 16) as u16
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_stranger_in_65536_is_taken_for_a_key() {
        let keys: Vec<u64> = (0..50_000).map(|n| mix(n, 0x1234_5678_9abc_def1)).collect();
        let filter = Xor::build(&keys).unwrap();
        assert!(keys.iter().all(|key| filter.has(*key)));
        let taken = (0..2_000_000).filter(|n| filter.has(mix(n ^ 0xffff_0000, 0x0fed_cba9_8765_4321))).count();
        assert!((10..60).contains(&taken), "{taken} of 2,000,000, about 31 expected");
        assert!(filter.table.len() * 16 < keys.len() * 20, "{} places", filter.table.len());
    }

    proptest! {
        #[test]
        fn knows_every_key(keys in prop::collection::btree_set(any::<u64>(), 0..200)) {
            let keys: Vec<u64> = keys.into_iter().collect();
            let filter = Xor::build(&keys).unwrap();
            prop_assert!(keys.iter().all(|key| filter.has(*key)));
        }
    }
}
