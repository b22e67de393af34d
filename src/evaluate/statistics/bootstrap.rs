//! Resampling of tenants: a tenant is drawn with all it did, since its exchanges depend on each other.

use rand_xoshiro::Xoshiro256PlusPlus;
use rand_xoshiro::rand_core::{RngCore, SeedableRng};

use super::Estimate;

/// Seed of all resampling: same input, same intervals.
const SEED: u64 = 0x5717_1a7c_4b00_7572;

/// Draws of so many tenants, with replacement, as how often each was drawn.
#[derive(Debug)]
pub struct Resampler(Xoshiro256PlusPlus);

impl Resampler {
    /// A row's own stream: rows may be added without moving the intervals of others.
    pub fn new(row: u64) -> Resampler {
        Resampler(Xoshiro256PlusPlus::seed_from_u64(SEED ^ row))
    }

    /// One draw of `n` from `n`.
    pub fn draw(&mut self, n: usize) -> Vec<u32> {
        let mut counts = vec![0; n];
        for _ in 0..n {
            counts[self.below(n)] += 1;
        }
        counts
    }

    /// Another order (Fisher and Yates).
    pub fn shuffle<T>(&mut self, values: &mut [T]) {
        for last in (1..values.len()).rev() {
            let place = self.below(last + 1);
            values.swap(last, place);
        }
    }

    /// A number below `n`: the high half of a product, whose bias of n / 2^64 is none.
    pub fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }
}

/// The middle 95 % of resampled values around the one of the whole; absent resamples are left out.
pub fn interval(value: f64, mut resampled: Vec<f64>) -> Estimate {
    resampled.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (share * resampled.len() as f64).ceil() as usize;
        resampled.get(place.max(1) - 1).copied().unwrap_or(value)
    };
    Estimate { value, low: at(0.025), high: at(0.975) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_add_up_and_repeat_with_the_row() {
        let (mut a, mut b, mut other) = (Resampler::new(1), Resampler::new(1), Resampler::new(2));
        let draw = a.draw(50);
        assert_eq!(draw.iter().sum::<u32>(), 50);
        assert_eq!(draw, b.draw(50));
        assert_ne!(draw, other.draw(50));
    }

    #[test]
    fn interval_of_a_mean_is_about_two_standard_errors() {
        // 40 of 100: standard error 0.049
        let values: Vec<f64> = (0..100).map(|i| f64::from(i < 40)).collect();
        let mut resampler = Resampler::new(3);
        let means = (0..2_000).map(|_| {
            let draw = resampler.draw(100);
            draw.iter().zip(&values).map(|(n, v)| f64::from(*n) * v).sum::<f64>() / 100.0
        });
        let got = interval(0.4, means.collect());
        assert!((got.low - 0.304).abs() < 0.02 && (got.high - 0.496).abs() < 0.02, "{got:?}");
    }
}
