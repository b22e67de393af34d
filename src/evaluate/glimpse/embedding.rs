//! A prompt as a point: a signed, hashed bag of words in 32 dimensions, of length one.
//!
//! Coarse on purpose: it is what the published query-distribution tests (PRADA, kernel two-sample)
//! stand on here, the same for all of them, and needs no model. Collisions are what the sign is for:
//! they cancel on average.

use crate::trace::words::{each_word, mix};

/// Dimensions.
pub const WIDTH: usize = 32;

/// A prompt's place.
pub type Embedding = [f32; WIDTH];

/// The place of a prompt; none if it has no words, or all of them cancel.
pub fn of(prompt: &str) -> Option<Embedding> {
    let mut sums = [0.0f32; WIDTH];
    each_word(prompt, |word| {
        let spread = mix(word.hash, 0xa076_1d64_78bd_642f);
        let sign = if spread & 1 == 0 { 1.0 } else { -1.0 };
        sums[(spread >> 32) as usize % WIDTH] += sign;
        true
    });
    let length = sums.iter().map(|x| x * x).sum::<f32>().sqrt();
    (length > 0.0).then(|| sums.map(|x| x / length))
}

/// Squared distance of two places.
pub fn squared_distance(a: &Embedding, b: &Embedding) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn same_words_same_place_and_length_one() {
        let a = of("Translate the second paragraph into French").unwrap();
        let b = of("translate the SECOND paragraph, into French!").unwrap();
        let c = of("Sum up this quarter's numbers by region").unwrap();
        assert_eq!(squared_distance(&a, &b), 0.0);
        assert!(squared_distance(&a, &c) > 0.5);
        assert!((a.iter().map(|x| x * x).sum::<f32>() - 1.0).abs() < 1e-5);
        assert_eq!(of("… !"), None);
    }
}
