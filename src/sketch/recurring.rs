//! Which keys of a stream come back, where most never do.
//!
//! People begin every prompt in words of their own: counted with the rest, they push out of [`super::Top`] whatever is
//! rarer than they are. Here a key is counted from its second sight on, if that follows soon enough: the first is
//! remembered by a 16-bit fingerprint, for the last 256 keys, and 512 once the tenant has grown. What came back then has
//! a place until it is among the half longest unseen and one of those must go: what comes back a few times and is done
//! with goes, however often it came. Which of them goes is drawn by hash: were it always the oldest, of more keys in
//! rotation than there are places each would go just before it returns.
//! Promise: what was not among those is counted by chance once in 8,192 times at most, and what returns before half as
//! many others as there are places have returned is never lost.

use serde::{Deserialize, Serialize};

use super::{Quoted, print};
use crate::trace::words::mix;

/// Whole keys that are counted at once, and pieces of keys.
const WHOLES: usize = 48;
const PIECES: usize = 60;
/// Depth of the memory of the others: the last 512.
const ONCE: usize = 8;

/// A key that came back, by its print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    print: [u8; 3],
    count: u8,
}

/// In the order of their last sights, the latest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Counted<const N: usize>(Vec<Entry>);

/// Keys that came back, and those that may.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recurring {
    wholes: Counted<WHOLES>,
    /// Apart: each whole has several, and theirs come back where it does not.
    pieces: Counted<PIECES>,
    once: Quoted<ONCE>,
}

impl Recurring {
    /// Bytes at most, beside the struct itself.
    pub const MOST_BYTES: usize = (WHOLES + PIECES) * size_of::<Entry>() + Quoted::<ONCE>::MOST_BYTES;

    /// Counts one sight of a whole key, and says how often it was seen lately. `exchanges` counts the tenant's, and sets
    /// the room.
    pub fn add_whole(&mut self, key: u64, exchanges: u64) -> u32 {
        self.wholes.add(key, &mut self.once, exchanges)
    }

    /// The same of a piece.
    pub fn add_piece(&mut self, key: u64, exchanges: u64) -> u32 {
        self.pieces.add(key, &mut self.once, exchanges)
    }

    /// Whether a whole key came back and waits.
    pub fn counts_whole(&self, key: u64) -> bool {
        self.wholes.place(short(print(key))).is_some()
    }

    /// Drops a key: it got a place of its own.
    pub fn remove(&mut self, key: u64) {
        let print = short(print(key));
        self.wholes.0.retain(|entry| entry.print != print);
        self.pieces.0.retain(|entry| entry.print != print);
    }

    /// Bytes in use beside the struct itself.
    pub fn logical_bytes(&self) -> usize {
        (self.wholes.0.len() + self.pieces.0.len()) * size_of::<Entry>() + self.once.logical_bytes()
    }
}

impl<const N: usize> Counted<N> {
    fn add(&mut self, key: u64, once: &mut Quoted<ONCE>, exchanges: u64) -> u32 {
        let print = print(key);
        let entry = match self.place(short(print)) {
            Some(at) => self.0.remove(at),
            // it has one sight already
            None if once.holds_any(&[print]) => Entry { print: short(print), count: 1 },
            None => {
                once.remember(&[print], exchanges);
                return 1;
            }
        };
        while self.0.len() >= N {
            let of_older = mix(u64::from(print) ^ exchanges << 32, 0x9e37_79b9_7f4a_7c15) as usize % (N - N / 2);
            self.0.remove(N / 2 + of_older);
        }
        let count = entry.count.saturating_add(1);
        self.0.insert(0, Entry { count, ..entry });
        u32::from(count)
    }

    fn place(&self, print: [u8; 3]) -> Option<usize> {
        self.0.iter().position(|entry| entry.print == print)
    }
}

/// What of a print is kept: one of 60 others is the same once in 280,000.
fn short(print: u32) -> [u8; 3] {
    let [_, kept @ ..] = print.to_be_bytes();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sketch::Top;
    use crate::tenant::stream::scatter;

    #[test]
    fn one_in_two_hundred_is_counted_among_what_never_returns() {
        let (mut recurring, mut top) = (Recurring::default(), Top::<56>::default());
        let (mut seen, mut seen_by_top) = (0, 0);
        for i in 0..20_000_u64 {
            let key = if i % 200 == 0 { 7 } else { scatter(i) };
            let counts = (recurring.add_piece(key, i), top.add(key));
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
    fn what_comes_a_few_times_and_is_done_with_pushes_little_out() {
        // people stay with a matter for six prompts and say four other things once; every hundredth is somebody else's
        let mut recurring = Recurring::default();
        let mut seen = 0;
        for i in 0..5_000_u64 {
            let key = if i % 100 == 0 { 7 } else { scatter(i / 6) };
            (0..4).for_each(|k| assert!(recurring.add_piece(scatter(1 << 40 | i << 3 | k), i) <= 3));
            let count = recurring.add_piece(key, i);
            seen = if key == 7 { count.max(seen) } else { seen };
        }
        assert!(seen >= 16, "{seen} of 50 in one go");
    }

    #[test]
    fn more_in_rotation_than_there_are_places_are_counted_in_turn() {
        let mut recurring = Recurring::default();
        let mut counted = std::collections::BTreeSet::new();
        for i in 0..12_000_u64 {
            let key = scatter(i % 60);
            if recurring.add_whole(key, i) >= 8 {
                recurring.remove(key);
                counted.insert(key);
            }
        }
        assert!(counted.len() >= 25, "{}", counted.len());
    }

    #[test]
    fn counts_from_the_first_sight_on() {
        let mut recurring = Recurring::default();
        let counts: Vec<u32> = (0..4).map(|i| recurring.add_whole(9, i)).collect();
        assert_eq!(counts, [1, 2, 3, 4]);
        assert!(recurring.counts_whole(9) && !recurring.counts_whole(10));
        recurring.remove(9);
        assert_eq!(recurring.add_whole(9, 5), 2, "it was seen, and begins again");
    }
}
