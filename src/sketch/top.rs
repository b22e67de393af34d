//! Space-saving: the heaviest keys of a stream in a fixed number of entries (Metwally et al., 2005).
//!
//! Promise: an entry's true count lies between `count − error` and `count`, and every key that makes
//! up more than 1/N of the stream is held. Counts are taken down by what all
//! have in common before they end, and a key's own ends at 65,535.
//! Cost: one pass over at most N entries of 12 bytes; two keys share one by chance once in 4 billion pairs.

use serde::{Deserialize, Serialize};

use super::print;

/// One key with its bounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    key: u32,
    count: u16,
    error: u16,
    /// Ordinal of the last sight: of two equal counts the older goes.
    last: u32,
}

impl Entry {
    /// How often the key was seen at least.
    pub fn at_least(&self) -> u32 {
        u32::from(self.count.saturating_sub(self.error))
    }
}

/// The heaviest keys, in at most `N` entries.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Top<const N: usize> {
    entries: Vec<Entry>,
    ordinal: u32,
}

impl<const N: usize> Top<N> {
    /// Counts one sight of a key and says how often it was seen at least.
    /// Full: the key takes the place, and inherits the count, of the lightest entry.
    pub fn add(&mut self, key: u64) -> u32 {
        self.ordinal = self.ordinal.wrapping_add(1);
        let last = self.ordinal;
        let key = print(key);
        if let Some(entry) = self.entries.iter_mut().find(|entry| entry.key == key) {
            entry.count = entry.count.saturating_add(1);
            entry.last = last;
            return entry.at_least();
        }
        if self.entries.len() < N {
            self.entries.push(Entry { key, count: 1, error: 0, last });
            return 1;
        }
        let lightest = (0..self.entries.len()).min_by_key(|at| (self.entries[*at].count, self.entries[*at].last));
        let Some(lightest) = lightest else {
            return 0;
        };
        let mut error = self.entries[lightest].count;
        if error > u16::MAX / 2 {
            self.take_down(error - 1);
            error = 1;
        }
        self.entries[lightest] = Entry { key, count: error.saturating_add(1), error, last };
        1
    }

    /// Without it a newcomer's count would be its error, and nothing would ever be counted again.
    #[cold]
    fn take_down(&mut self, common: u16) {
        for entry in &mut self.entries {
            entry.count -= common;
            entry.error = entry.error.saturating_sub(common);
        }
    }

    /// Drops a key: it got a place of its own.
    pub fn remove(&mut self, key: u64) {
        if let Some(at) = self.entries.iter().position(|entry| entry.key == print(key)) {
            self.entries.swap_remove(at);
        }
    }

    /// Bytes at most, beside the struct itself.
    pub const MOST_BYTES: usize = N * size_of::<Entry>();

    /// Bytes in use beside the struct itself.
    pub fn logical_bytes(&self) -> usize {
        self.entries.len() * size_of::<Entry>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn keeps_its_promise(keys in prop::collection::vec(0u64..400, 1..2_000), heavy in 0u64..400) {
            // every fifth is the heavy key
            let keys: Vec<u64> = keys.into_iter().enumerate().map(|(i, k)| if i % 5 == 0 { heavy } else { k }).collect();
            let (mut top, mut exact) = (Top::<56>::default(), BTreeMap::<u64, u32>::new());
            for key in &keys {
                let at_least = top.add(*key);
                *exact.entry(*key).or_default() += 1;
                prop_assert!(at_least <= exact[key]);
            }
            for entry in &top.entries {
                // small keys are their own prints
                let count = exact[&u64::from(entry.key)];
                prop_assert!(entry.at_least() <= count && count <= u32::from(entry.count));
            }
            for (key, count) in exact {
                if count as usize > keys.len() / 56 {
                    let held = top.entries.iter().any(|entry| u64::from(entry.key) == key);
                    prop_assert!(held, "{key} with {count} is missing");
                }
            }
        }
    }

    #[test]
    fn counts_on_after_any_number_of_keys() {
        let mut top = Top::<4>::default();
        for round in 0..200_000_u64 {
            top.add(round % 5);
        }
        let counts: Vec<u32> = (0..8).map(|_| top.add(9)).collect();
        assert_eq!(counts, [1, 2, 3, 4, 5, 6, 7, 8]);
        assert!(top.entries.iter().all(|entry| entry.count < u16::MAX));
    }

    #[test]
    fn never_grows_beyond_its_capacity() {
        let mut top = Top::<56>::default();
        (0..10_000).for_each(|key| {
            top.add(key);
        });
        assert_eq!(top.logical_bytes(), Top::<56>::MOST_BYTES);
    }
}
