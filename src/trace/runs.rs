//! Where words begin and end, 64 bytes at a time: a bit for each byte, words are runs of set bits.
//!
//! One mispredicted branch at each word's end cost more than its hash. The masks are eight bytes a step in
//! plain integers; what depends on a character beyond ASCII is asked per character, and a word that
//! holds one is marked so that the caller takes the long way for it alone.

use super::letters::{Letter, Letters};

const BLOCK: usize = 64;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x80 * ONES;

/// One bit a byte of a block.
struct Masks {
    /// Belongs to a word.
    word: u64,
    /// Makes the word need the long way.
    odd: u64,
}

/// A word's place.
#[derive(Clone, Copy)]
pub(super) struct Run {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Holds something that the short way can't read.
    pub(super) odd: bool,
}

/// Calls `each` for every run of letters and digits of any script, until it returns false.
#[inline]
pub(super) fn of_letters(text: &str, each: impl FnMut(Run) -> bool) {
    let letters = Letters::new();
    // bytes of a character that began in the block before, and whether they belong to a word
    let (mut spill, mut spill_is_word) = (0u32, false);
    runs(text.as_bytes(), each, |base, block| {
        let Ascii { alphanumeric, beyond, .. } = Ascii::of(block);
        let mut masks = Masks { word: alphanumeric, odd: 0 };
        if beyond == 0 {
            return masks;
        }
        let mut left = beyond;
        if spill > 0 {
            let bits = (1 << spill) - 1;
            left &= !bits;
            if spill_is_word {
                masks.word |= bits;
                masks.odd |= bits;
            }
            spill = 0;
        }
        while left != 0 {
            let at = left.trailing_zeros();
            let Some(character) = text.get(base + at as usize..).and_then(|rest| rest.chars().next()) else {
                break;
            };
            let bytes = character.len_utf8() as u32;
            let bits = ((1u64 << bytes) - 1) << at;
            left &= !bits;
            let is_word = letters.of(character) != Letter::Separator;
            if is_word {
                masks.word |= bits;
                masks.odd |= bits;
            }
            if at + bytes > BLOCK as u32 {
                spill = at + bytes - BLOCK as u32;
                spill_is_word = is_word;
            }
        }
        masks
    });
}

/// Calls `each` for every run of ASCII letters and digits and of bytes beyond ASCII, until it returns
/// false; a run with a digit or such a byte is odd.
#[inline]
pub(super) fn of_bytes(text: &str, each: impl FnMut(Run) -> bool) {
    runs(text.as_bytes(), each, |_, block| {
        let Ascii { alphanumeric, digits, beyond } = Ascii::of(block);
        Masks { word: alphanumeric | beyond, odd: digits | beyond }
    });
}

#[inline]
fn runs(bytes: &[u8], mut each: impl FnMut(Run) -> bool, mut masks: impl FnMut(usize, &[u8; BLOCK]) -> Masks) {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let mut last = [0; BLOCK];
    if let Some(head) = last.get_mut(..rest.len()) {
        head.copy_from_slice(rest);
    }
    let mut open: Option<Run> = None;
    for (index, block) in blocks.iter().chain(core::iter::once(&last)).enumerate() {
        let base = index * BLOCK;
        let Masks { mut word, odd } = masks(base, block);
        if let Some(run) = open {
            let length = word.trailing_ones();
            let mine = ones(length);
            let run = Run { end: base + length as usize, odd: run.odd || odd & mine != 0, ..run };
            if length == BLOCK as u32 {
                open = Some(run);
                continue;
            }
            open = None;
            word &= !mine;
            if !each(run) {
                return;
            }
        }
        while word != 0 {
            let first = word.trailing_zeros();
            let length = (word >> first).trailing_ones();
            let mine = ones(length) << first;
            word &= !mine;
            let start = base + first as usize;
            let run = Run { start, end: start + length as usize, odd: odd & mine != 0 };
            if first + length == BLOCK as u32 {
                open = Some(run);
            } else if !each(run) {
                return;
            }
        }
    }
    // the last block is never full, so that it closes every run
}

#[inline]
fn ones(count: u32) -> u64 {
    if count >= 64 { u64::MAX } else { (1 << count) - 1 }
}

/// Classes of ASCII bytes.
struct Ascii {
    alphanumeric: u64,
    digits: u64,
    beyond: u64,
}

impl Ascii {
    #[inline]
    fn of(block: &[u8; BLOCK]) -> Ascii {
        let mut ascii = Ascii { alphanumeric: 0, digits: 0, beyond: 0 };
        let (words, _) = block.as_chunks::<8>();
        for (index, word) in words.iter().enumerate() {
            let word = u64::from_le_bytes(*word);
            let low = word & !HIGH;
            // the sum's high bit says "at least"; no byte carries into the next, all are below 0x80
            let at_least = |bytes: u64, least: u8| bytes + u64::from(0x80 - least) * ONES;
            let lower = low | (0x20 * ONES);
            let letters = at_least(lower, b'a') & !at_least(lower, b'z' + 1);
            let digits = at_least(low, b'0') & !at_least(low, b'9' + 1) & !word & HIGH;
            let alphanumeric = (letters & !word & HIGH) | digits;
            let shift = index * 8;
            ascii.alphanumeric |= gather(alphanumeric) << shift;
            ascii.digits |= gather(digits) << shift;
            ascii.beyond |= gather(word & HIGH) << shift;
        }
        ascii
    }
}

/// The high bits of eight bytes as one byte.
#[inline]
fn gather(high_bits: u64) -> u64 {
    (high_bits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn spans(text: &str, find: fn(&str, &mut dyn FnMut(Run) -> bool)) -> Vec<(usize, usize, bool)> {
        let mut all = Vec::new();
        find(text, &mut |run| {
            all.push((run.start, run.end, run.odd));
            true
        });
        all
    }

    /// Runs by the definition, one character at a time.
    fn exact(text: &str, is_word: impl Fn(char) -> bool, is_odd: impl Fn(char) -> bool) -> Vec<(usize, usize, bool)> {
        let mut all: Vec<(usize, usize, bool)> = Vec::new();
        let mut open = false;
        for (at, character) in text.char_indices() {
            let end = at + character.len_utf8();
            if !is_word(character) {
                open = false;
                continue;
            }
            match all.last_mut().filter(|_| open) {
                Some(run) => *run = (run.0, end, run.2 || is_odd(character)),
                None => all.push((at, end, is_odd(character))),
            }
            open = true;
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]
        #[test]
        fn runs_are_the_maximal_ones(text in "([a-zA-Z0-9]{1,70}|[ .,@`{\\[/:\u{7f}]{1,3}|[éßЖابक度]{1,30}|[—’…🙂]{1,3}|\\PC){0,30}") {
            let beyond = |c: char| !c.is_ascii();
            prop_assert_eq!(
                spans(&text, |text, each| of_letters(text, each)),
                exact(&text, char::is_alphanumeric, beyond)
            );
            prop_assert_eq!(
                spans(&text, |text, each| of_bytes(text, each)),
                exact(&text, |c| beyond(c) || c.is_ascii_alphanumeric(), |c| beyond(c) || c.is_ascii_digit())
            );
        }
    }
}
