//! How much of the response was in the prompt: a filter of the prompt's words, gone after the exchange.
//!
//! 8,192 bits: a prompt of 1,000 distinct words fills an eighth, which the share corrects for. Words
//! below four bytes are left out: every English text shares "the".

const WORDS: usize = 128;
const SHORTEST: u32 = 4;

/// Words of the prompt, and how many words of the response were among them.
pub(super) struct Overlap {
    bits: [u64; WORDS],
    set: u32,
    words: u32,
    found: u32,
}

impl Overlap {
    pub(super) fn new() -> Overlap {
        Overlap { bits: [0; WORDS], set: 0, words: 0, found: 0 }
    }

    #[inline]
    pub(super) fn prompt_word(&mut self, hash: u64, bytes: u32) {
        if bytes >= SHORTEST {
            let (word, bit) = place(hash);
            self.set += u32::from(self.bits[word] & bit == 0);
            self.bits[word] |= bit;
        }
    }

    #[inline]
    pub(super) fn response_word(&mut self, hash: u64, bytes: u32) {
        if bytes >= SHORTEST {
            let (word, bit) = place(hash);
            self.words += 1;
            self.found += u32::from(self.bits[word] & bit != 0);
        }
    }

    /// Share of the response's words that the prompt held, less what chance finds.
    pub(super) fn share(&self) -> f32 {
        let fill = self.set as f32 / (WORDS * 64) as f32;
        if self.words == 0 || fill >= 1.0 {
            return 0.0;
        }
        let share = self.found as f32 / self.words as f32;
        ((share - fill) / (1.0 - fill)).max(0.0)
    }
}

fn place(hash: u64) -> (usize, u64) {
    let bit = (hash >> 51) as usize;
    (bit / 64, 1 << (bit % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tenant::stream::scatter;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn follows_the_exact_share(prompt in 1u64..2_000, response in 100u64..600, shared in 0u64..100) {
            let mut overlap = Overlap::new();
            (0..prompt).for_each(|i| overlap.prompt_word(scatter(i), 5));
            let from_prompt = response * shared / 100;
            (0..response).for_each(|i| {
                let source = if i < from_prompt { i % prompt } else { 1_000_000 + i };
                overlap.response_word(scatter(source), 5);
            });
            let exact = from_prompt as f32 / response as f32;
            prop_assert!((overlap.share() - exact).abs() < 0.12, "{} against {exact}", overlap.share());
        }
    }
}
