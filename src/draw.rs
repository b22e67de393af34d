//! Seeded draws with the same bits on every platform.
//!
//! `rand`'s distributions may change between versions, so only its raw `u64` stream is used; what is
//! made of it stands here, in integer or fixed-order arithmetic with `libm`.

use rand::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A stream of draws.
#[derive(Clone, Debug)]
pub(crate) struct Draw(Xoshiro256PlusPlus);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform below `n`; 0 when `n` is 0.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        ((u128::from(self.bits()) * n as u128) >> 64) as usize
    }

    /// Uniform in `lo..=hi`.
    pub(crate) fn range(&mut self, lo: usize, hi: usize) -> usize {
        lo + self.below(hi - lo + 1)
    }

    /// Uniform in `[0, 1)`.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    pub(crate) fn percent(&mut self, p: u8) -> bool {
        self.below(100) < usize::from(p)
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Exponential with mean 1.
    pub(crate) fn exp(&mut self) -> f64 {
        -libm::log(1.0 - self.unit())
    }

    pub(crate) fn normal(&mut self) -> f64 {
        let radius = (2.0 * self.exp()).sqrt();
        radius * libm::cos(2.0 * core::f64::consts::PI * self.unit())
    }

    pub(crate) fn log_normal(&mut self, median: f64, sigma: f64) -> f64 {
        median * libm::exp(sigma * self.normal())
    }

    /// Text length around `median` bytes, within a factor of 4.
    pub(crate) fn length(&mut self, median: usize) -> usize {
        let m = median as f64;
        self.log_normal(m, 0.55).clamp(m * 0.25, m * 4.0) as usize
    }

    /// `n` lower-case letters and digits.
    pub(crate) fn token(&mut self, n: usize) -> String {
        const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";
        (0..n).map(|_| char::from(ALPHABET[self.below(36)])).collect()
    }

    /// `n` hexadecimal digits.
    pub(crate) fn hex(&mut self, n: usize) -> String {
        (0..n).map(|_| char::from(b"0123456789abcdef"[self.below(16)])).collect()
    }
}

/// One seed out of several numbers; order matters.
pub(crate) fn mix(parts: &[u64]) -> u64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for part in parts {
        // The finaliser of SplitMix64 after every part: neighbouring seeds end far apart.
        state = state.wrapping_add(*part).wrapping_mul(0xbf58_476d_1ce4_e5b9).wrapping_add(0x94d0_49bb_1331_11eb);
        state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        state ^= state >> 31;
    }
    state
}

/// The seed of something named.
pub(crate) fn seed_of(seed: u64, name: &str) -> u64 {
    name.bytes().fold(mix(&[seed]), |state, byte| mix(&[state, u64::from(byte)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_never_changes() {
        let mut draw = Draw::new(seed_of(7, "acme"));
        let seen: Vec<usize> = (0..6).map(|_| draw.below(1_000)).collect();
        let again: Vec<usize> = {
            let mut draw = Draw::new(seed_of(7, "acme"));
            (0..6).map(|_| draw.below(1_000)).collect()
        };
        assert_eq!(seen, again);
        assert_ne!(seed_of(7, "acme"), seed_of(8, "acme"));
    }

    #[test]
    fn moments_are_right() {
        let mut draw = Draw::new(1);
        let n = 20_000;
        let (mut exp, mut normal, mut square) = (0.0, 0.0, 0.0);
        for _ in 0..n {
            exp += draw.exp();
            let z = draw.normal();
            normal += z;
            square += z * z;
        }
        let n = f64::from(n);
        assert!((exp / n - 1.0).abs() < 0.03);
        assert!((normal / n).abs() < 0.03);
        assert!((square / n - 1.0).abs() < 0.05);
    }
}
