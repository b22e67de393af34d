//! A prompt as a point of the shipped embedding: the place that the fold itself goes by, of length one.
//!
//! It is what the published query-distribution tests (PRADA, kernel two-sample) stand on here, so that they are
//! compared with the model on the same sight of a prompt.

use crate::trace::embed::{self, Slot, Table};
use crate::trace::words::each_word;

/// Dimensions.
pub const WIDTH: usize = embed::WIDTH;

/// A prompt's place.
pub type Embedding = [f32; WIDTH];

/// The place of a prompt; none if it has no words.
pub fn of(prompt: &str) -> Option<Embedding> {
    let mut slot = Slot::new();
    each_word(prompt, |word| {
        slot.word(word.hash);
        true
    });
    let place = Table::shipped().place(slot.buckets()).map(f32::from);
    let length = place.iter().map(|x| x * x).sum::<f32>().sqrt();
    (length > 0.0).then(|| place.map(|x| x / length))
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
