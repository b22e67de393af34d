//! Word 5-grams by which a later prompt is seen to take up an earlier response.
//!
//! Both sides keep the grams in a sixteenth of the range of the public hash, the first [`GRAMS`] of them: sampling
//! by hash is consistent, so what a prompt quotes is among what the response left, for the first 256 words or so.
//! The lowest sixteen would cover all of a long response, at 2.7 µs a record for keeping them in order.
//! A response's grams that its own prompt held are left out: else every answer that repeats its template would be
//! taken up by the next prompt of it. 5-grams because stock phrases of three or four words ("let me know if") are
//! shared by chance. Cost: about 1 ns a word.

/// Grams kept on each side.
pub const GRAMS: usize = 16;

const WORDS: usize = 5;
/// Bits of a hash that are zero in a sampled gram.
const SAMPLED: u32 = 4;
/// Words of the filter of the prompt's grams: 1,000 words fill a hundredth.
const FILTER: usize = 64;

/// The sampled grams of a prompt and of its response.
pub(super) struct Uptake {
    rolling: Rolling,
    own: [u64; FILTER],
    asked: Sample,
    answered: Sample,
}

impl Uptake {
    pub(super) fn new() -> Uptake {
        Uptake { rolling: Rolling::default(), own: [0; FILTER], asked: Sample::default(), answered: Sample::default() }
    }

    #[inline]
    pub(super) fn prompt_word(&mut self, hash: u64) {
        if let Some(gram) = self.rolling.next(hash) {
            let (word, bit) = place(gram);
            self.own[word] |= bit;
            self.asked.add(gram);
        }
    }

    /// The response begins.
    pub(super) fn turn(&mut self) {
        self.rolling = Rolling::default();
    }

    #[inline]
    pub(super) fn response_word(&mut self, hash: u64) {
        if let Some(gram) = self.rolling.next(hash) {
            let (word, bit) = place(gram);
            if self.own[word] & bit == 0 {
                self.answered.add(gram);
            }
        }
    }

    pub(super) fn asked(&self) -> &[u64] {
        self.asked.get()
    }

    pub(super) fn answered(&self) -> &[u64] {
        self.answered.get()
    }
}

/// The first few grams that are sampled.
#[derive(Default)]
struct Sample {
    grams: [u64; GRAMS],
    used: usize,
}

impl Sample {
    #[inline]
    fn add(&mut self, gram: u64) {
        if let Some(free) = self.grams.get_mut(self.used) {
            *free = gram;
            self.used += 1;
        }
    }

    fn get(&self) -> &[u64] {
        self.grams.get(..self.used).unwrap_or_default()
    }
}

/// Hash of the last five words: each is turned by its place, so their order counts.
#[derive(Default)]
pub(super) struct Rolling {
    /// The last eight: a ring, since moving five words at each cost more than the rest.
    last: [u64; 8],
    hash: u64,
    words: usize,
}

const TURN: u32 = 11;

impl Rolling {
    /// Takes a word; the gram it ends, if that is sampled.
    #[inline]
    fn next(&mut self, word: u64) -> Option<u64> {
        self.any(word).filter(|gram| gram >> (64 - SAMPLED) == 0)
    }

    /// The same, of all.
    #[inline]
    pub(super) fn any(&mut self, word: u64) -> Option<u64> {
        let oldest = self.last[self.words.wrapping_sub(WORDS) % 8];
        self.last[self.words % 8] = word;
        self.hash = self.hash.rotate_left(TURN) ^ word ^ oldest.rotate_left(TURN * WORDS as u32);
        self.words += 1;
        (self.words >= WORDS).then_some(self.hash)
    }
}

/// By low bits: the high ones are zero in all that are sampled.
fn place(gram: u64) -> (usize, u64) {
    ((gram >> 6) as usize % FILTER, 1 << (gram % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::stream::scatter;
    use proptest::prelude::*;

    /// Sampled grams in their order.
    fn exact(words: &[u64]) -> Vec<u64> {
        let gram = |five: &[u64]| five.iter().fold(0u64, |hash, word| hash.rotate_left(TURN) ^ word);
        words.windows(WORDS).map(gram).filter(|gram| gram >> (64 - SAMPLED) == 0).collect()
    }

    proptest! {
        #[test]
        fn keeps_the_first_sampled_grams_and_leaves_the_prompts_own_out(
            prompt in prop::collection::vec(0u64..40, 0..400), own in 0usize..50, new in prop::collection::vec(0u64..40, 0..200),
        ) {
            let hashes = |words: &[u64]| words.iter().map(|word| scatter(*word)).collect::<Vec<u64>>();
            let response = hashes(&[&prompt[..own.min(prompt.len())], &new].concat());
            let prompt = hashes(&prompt);
            let mut uptake = Uptake::new();
            for word in &prompt {
                uptake.prompt_word(*word);
            }
            uptake.turn();
            for word in &response {
                uptake.response_word(*word);
            }
            let (asked, answered) = (exact(&prompt), exact(&response));
            prop_assert_eq!(uptake.asked(), &asked[..asked.len().min(GRAMS)]);
            prop_assert!(uptake.answered().iter().all(|gram| answered.contains(gram) && !asked.contains(gram)));
            // the filter drops a few more by chance: a 4,096th for each prompt gram
            let left = answered.iter().filter(|gram| !asked.contains(gram)).count();
            prop_assert!(uptake.answered().len() + 2 >= left.min(GRAMS), "{} of {left}", uptake.answered().len());
        }
    }
}
