//! How a stream moves among topics: the last place, and the mean of all places so far.
//!
//! The likeness of a place to the mean of those before it is the mean likeness of random pairs, whatever
//! their number: the mean stands for all past places in 64 bytes, where eight past places would take 256
//! and be a noisier sample. It forgets as [`Mean`](super::Mean) does. Integers: the same bits everywhere.

use serde::{Deserialize, Serialize};

use super::mean::SPAN;
use crate::trace::embed::{Place, WIDTH, likeness};

/// Parts of a place's unit in which the mean is kept.
const FINE: i32 = 256;

/// Where a stream was, and where it is in the mean. 96 bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wander {
    last: Place,
    mean: [i16; WIDTH],
}

/// What a place is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Like {
    /// The one before.
    pub previous: f32,
    /// Those before, in the mean.
    pub past: f32,
}

impl Wander {
    /// Moves to the `n`-th place (1-based); says how like it is to the past, if there is one.
    pub fn step(&mut self, n: u32, place: &Place) -> Option<Like> {
        let like = (n > 1).then(|| Like { previous: likeness(&self.last, place), past: self.past(place) });
        let weight = n.clamp(1, SPAN) as i32;
        for (mean, value) in self.mean.iter_mut().zip(place) {
            let off = i32::from(*value) * FINE - i32::from(*mean);
            *mean = (i32::from(*mean) + (off + off.signum() * (weight / 2)) / weight) as i16;
        }
        self.last = *place;
        like
    }

    /// Mean likeness of a place to the past ones.
    pub fn past(&self, place: &Place) -> f32 {
        let dot: i32 = self.mean.iter().zip(place).map(|(mean, value)| i32::from(*mean) * i32::from(*value)).sum();
        dot as f32 / (127 * 127 * FINE) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::embed::{BUCKETS, Table};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn likeness_to_the_mean_is_the_mean_likeness(words in prop::collection::vec(0..BUCKETS as u16, 4..240)) {
            let places: Vec<Place> = words.chunks(4).map(|words| Table::shipped().place(words)).collect();
            let mut wander = Wander::default();
            for (index, place) in places.iter().enumerate() {
                let before = &places[..index];
                let exact = before.iter().map(|past| likeness(past, place)).sum::<f32>() / index.max(1) as f32;
                let like = wander.step(index as u32 + 1, place);
                prop_assert_eq!(like.is_some(), index > 0);
                if let Some(like) = like {
                    prop_assert!((like.past - exact).abs() < 0.02, "{} against {exact}", like.past);
                    prop_assert_eq!(like.previous, likeness(&before[index - 1], place));
                }
            }
        }
    }
}
