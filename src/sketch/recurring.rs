//! Which keys of a stream come back, where most never do.
//!
//! People begin every prompt in words of their own: counted with the rest, they push out of [`Top`] whatever is
//! rarer than they are. Here a key is counted from its second sight on, if that follows soon enough: the first is
//! remembered by a 16-bit fingerprint, for the last 256 keys, and 512 once the tenant has grown.
//! Promise: what was not among those is counted by chance once in 8,192 times at most. Cost: about 40 ns a key.

use serde::{Deserialize, Serialize};

use super::{Quoted, Top};

/// Keys that are counted at once.
const KEYS: usize = 20;
/// Depth of the memory of the others: the last 512.
const ONCE: usize = 8;

/// Keys that came back, and those that may.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurring {
    counted: Top<KEYS>,
    once: Quoted<ONCE>,
}

impl Recurring {
    /// Bytes at most, beside the struct itself.
    pub const MOST_BYTES: usize = Top::<KEYS>::MOST_BYTES + Quoted::<ONCE>::MOST_BYTES;

    /// Counts one sight of a key, and says how often it was seen lately. `exchanges` counts the tenant's, and sets
    /// the room.
    pub fn add(&mut self, key: u64, exchanges: u64) -> u32 {
        let print = [(key >> 32) as u32 ^ key as u32];
        if self.counted.holds(key) || self.once.holds_any(&print) {
            return self.counted.add(key).saturating_add(1);
        }
        self.once.remember(&print, exchanges);
        1
    }

    /// Drops a key: it got a place of its own.
    pub fn remove(&mut self, key: u64) {
        self.counted.remove(key);
    }

    /// Bytes in use beside the struct itself.
    pub fn logical_bytes(&self) -> usize {
        self.counted.logical_bytes() + self.once.logical_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::stream::scatter;

    #[test]
    fn one_in_two_hundred_is_counted_among_what_never_returns() {
        let (mut recurring, mut top) = (Recurring::default(), Top::<56>::default());
        let (mut seen, mut seen_by_top) = (0, 0);
        for i in 0..20_000_u64 {
            let key = if i % 200 == 0 { 7 } else { scatter(i) };
            let counts = (recurring.add(key, i), top.add(key));
            if key == 7 {
                (seen, seen_by_top) = counts;
            } else {
                assert!(counts.0 <= 3, "what comes once is not counted, but for a chance");
            }
        }
        assert!(seen >= 80, "{seen} of 100");
        assert_eq!(seen_by_top, 1, "pushed out ever again");
        assert!(recurring.logical_bytes() <= Recurring::MOST_BYTES);
    }

    #[test]
    fn counts_from_the_first_sight_on() {
        let mut recurring = Recurring::default();
        let counts: Vec<u32> = (0..4).map(|i| recurring.add(9, i)).collect();
        assert_eq!(counts, [1, 2, 3, 4]);
        recurring.remove(9);
        assert_eq!(recurring.add(9, 5), 2, "it was seen, and begins again");
    }
}
