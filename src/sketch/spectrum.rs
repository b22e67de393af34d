//! How often things come back: counts of the ten distinct values with the lowest keyed hashes.
//!
//! Which values are watched depends on their hashes alone, so they are a fair sample of the distinct
//! values, however often each came; a value watched now has been watched since it first came, since the
//! lowest ten only ever get lower. So "asked once" and "asked eight times each" are read from 52 bytes,
//! at any distance: over days for an evaluation, at once for many samples per question.

use serde::{Deserialize, Serialize};

const WATCHED: usize = 10;

/// Counts of a sample of the distinct values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spectrum {
    /// Ascending.
    hashes: [u32; WATCHED],
    counts: [u8; WATCHED],
    used: u8,
}

impl Spectrum {
    /// Counts one value.
    pub fn observe(&mut self, hash: u32) {
        let used = usize::from(self.used).min(WATCHED);
        let at = self.hashes[..used].partition_point(|held| *held < hash);
        if at < used && self.hashes[at] == hash {
            self.counts[at] = self.counts[at].saturating_add(1);
            return;
        }
        if at == WATCHED {
            return;
        }
        let end = used.min(WATCHED - 1);
        self.hashes.copy_within(at..end, at + 1);
        self.counts.copy_within(at..end, at + 1);
        self.hashes[at] = hash;
        self.counts[at] = 1;
        self.used = (used + 1).min(WATCHED) as u8;
    }

    /// Share of the distinct values that came once; 1 before the first.
    pub fn singletons(&self) -> f64 {
        let counts = self.counts();
        if counts.is_empty() {
            return 1.0;
        }
        memchr::memchr_iter(1, counts).count() as f64 / counts.len() as f64
    }

    /// Mean over the distinct values of how often each came, up to 255; 1 before the first.
    pub fn mean_count(&self) -> f64 {
        let counts = self.counts();
        if counts.is_empty() {
            return 1.0;
        }
        counts.iter().map(|count| f64::from(*count)).sum::<f64>() / counts.len() as f64
    }

    fn counts(&self) -> &[u8] {
        // a damaged state record must not be able to bring the process down
        self.counts.get(..usize::from(self.used)).unwrap_or(&self.counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::stream::scatter;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn counts_the_lowest_exactly(values in prop::collection::vec(0u32..60, 0..400)) {
            let mut spectrum = Spectrum::default();
            let mut exact = BTreeMap::<u32, u8>::new();
            for value in &values {
                let hash = scatter(u64::from(*value)) as u32;
                spectrum.observe(hash);
                let count = exact.entry(hash).or_default();
                *count = count.saturating_add(1);
            }
            let lowest: Vec<(u32, u8)> = exact.into_iter().take(WATCHED).collect();
            let held: Vec<(u32, u8)> =
                spectrum.hashes.iter().copied().zip(spectrum.counts().iter().copied()).collect();
            prop_assert_eq!(held, lowest);
        }
    }

    #[test]
    fn once_each_and_eight_times_each_are_apart() {
        let (mut once, mut often) = (Spectrum::default(), Spectrum::default());
        for i in 0..800u64 {
            once.observe(scatter(i) as u32);
            often.observe(scatter(i / 8) as u32);
        }
        assert_eq!((once.singletons(), once.mean_count()), (1.0, 1.0));
        assert_eq!((often.singletons(), often.mean_count()), (0.0, 8.0));
    }
}
