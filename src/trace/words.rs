//! Words and their public hash: the one pass that reads text.
//!
//! A word is a maximal run of letters and digits, lower-cased; in scripts without spaces each
//! ideograph or kana is a word. The hash is public and versioned ([`VERSION`] is part of the feature
//! table's hash): it lives only inside `trace`; what leaves is keyed first.
//! Cost: about 0.4 ns a byte of ASCII.

use super::letters::{Letter, Letters};
use super::runs::{self, Run};

/// Version of the word rule and its hash.
pub const VERSION: u32 = 1;

const SEED: u64 = 0x243f_6a88_85a3_08d3;
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
const END: u64 = 0xd6e8_feb8_6659_fd93;

/// Folded multiplication: 128-bit product, high half xor low half.
#[inline]
pub fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// A word of a text.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    /// Its public hash.
    pub hash: u64,
    /// Its length in lower case.
    pub bytes: u32,
    /// Where it starts in the text; of a run with characters beyond ASCII, where the run does.
    pub start: usize,
}

/// A word in the making: eight bytes are packed, then mixed in.
#[derive(Clone, Copy)]
struct Making {
    hash: u64,
    packed: u64,
    bytes: u32,
}

impl Making {
    const EMPTY: Making = Making { hash: SEED, packed: 0, bytes: 0 };

    #[inline]
    fn push(&mut self, byte: u8) {
        self.packed = self.packed << 8 | u64::from(byte);
        self.bytes += 1;
        if self.bytes.is_multiple_of(8) {
            self.hash = mix(self.hash ^ self.packed, MIX);
            self.packed = 0;
        }
    }

    #[inline]
    fn finish(self) -> u64 {
        mix(self.hash ^ self.packed, END ^ u64::from(self.bytes))
    }
}

/// Calls `each` for every word of the text, until it returns false.
#[inline]
pub fn each_word(text: &str, mut each: impl FnMut(Word) -> bool) {
    let bytes = text.as_bytes();
    runs::of_letters(text, |run| {
        if run.odd {
            return odd_words(text, run, &mut each);
        }
        let hash = ascii_word(bytes, run.start, run.end);
        each(Word { hash, bytes: (run.end - run.start) as u32, start: run.start })
    });
}

/// Hash of an ASCII word: what [`Making`] gives for its bytes in lower case, eight bytes a step.
#[inline]
fn ascii_word(bytes: &[u8], start: usize, end: usize) -> u64 {
    // sets the bit that tells lower case in a letter, and that every digit has
    const LOWER: u64 = 0x2020_2020_2020_2020;
    let (mut hash, mut at) = (SEED, start);
    while end - at >= 8 {
        hash = mix(hash ^ (eight(bytes, at) | LOWER), MIX);
        at += 8;
    }
    let rest = (end - at) as u32;
    let packed = if rest == 0 { 0 } else { (eight(bytes, at) | LOWER) >> (64 - 8 * rest) };
    mix(hash ^ packed, END ^ (end - start) as u64)
}

/// Eight bytes, the first one highest; zeros where the text ends.
#[inline]
fn eight(bytes: &[u8], at: usize) -> u64 {
    if let Some(word) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        return u64::from_be_bytes(*word);
    }
    let mut word = [0; 8];
    word.iter_mut().zip(bytes.iter().skip(at)).for_each(|(to, from)| *to = *from);
    u64::from_be_bytes(word)
}

/// Words of a run that holds characters beyond ASCII; false if `each` has had enough.
fn odd_words(text: &str, run: Run, each: &mut impl FnMut(Word) -> bool) -> bool {
    let Run { start, end, .. } = run;
    let mut each = |hash, bytes| each(Word { hash, bytes, start });
    let letters = Letters::new();
    let mut word = Making::EMPTY;
    let mut buffer = [0; 4];
    for character in text.get(start..end).unwrap_or_default().chars() {
        if character.is_ascii() {
            word.push(character.to_ascii_lowercase() as u8);
            continue;
        }
        match letters.of(character) {
            Letter::Plain(lower) => lower.encode_utf8(&mut buffer).bytes().for_each(|byte| word.push(byte)),
            Letter::Unfolds => character
                .to_lowercase()
                .for_each(|lower| lower.encode_utf8(&mut buffer).bytes().for_each(|byte| word.push(byte))),
            Letter::Separator | Letter::Alone => {
                if word.bytes > 0 && !each(word.finish(), word.bytes) {
                    return false;
                }
                word = Making::EMPTY;
                if letters.of(character) == Letter::Alone {
                    let mut single = Making::EMPTY;
                    character.encode_utf8(&mut buffer).bytes().for_each(|byte| single.push(byte));
                    if !each(single.finish(), 4) {
                        return false;
                    }
                }
            }
        }
    }
    word.bytes == 0 || each(word.finish(), word.bytes)
}

/// What [`folded`] says of a text without words.
pub const NO_WORDS: u64 = SEED;

/// Hash of at most `limit` first words, every run of digits read as one `0`: texts that differ by
/// numbers and dates alone are the same template.
pub fn folded(text: &str, limit: usize) -> u64 {
    let bytes = text.as_bytes();
    let (mut hash, mut words) = (SEED, 0);
    runs::of_bytes(text, |run| {
        let word = if run.odd {
            folded_word(bytes.get(run.start..run.end).unwrap_or_default())
        } else {
            ascii_word(bytes, run.start, run.end)
        };
        hash = mix(hash ^ word, MIX);
        words += 1;
        words < limit
    });
    hash
}

/// Hash of a word with digits, or with bytes beyond ASCII: those themselves are enough, most scripts have
/// no case to fold.
fn folded_word(bytes: &[u8]) -> u64 {
    let mut word = Making::EMPTY;
    for byte in bytes {
        let folded = if byte.is_ascii_digit() { b'0' } else { byte.to_ascii_lowercase() };
        if folded == b'0' && word.packed & 0xff == u64::from(b'0') && word.bytes > 0 {
            continue;
        }
        word.push(folded);
    }
    word.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<u64> {
        let mut all = Vec::new();
        each_word(text, |word| {
            all.push(word.hash);
            true
        });
        all
    }

    fn one(word: &str) -> u64 {
        words(word)[0]
    }

    #[test]
    fn case_and_punctuation_do_not_matter() {
        assert_eq!(words("Hello, World! 42"), words("hello world 42"));
        assert_eq!(words("Ärger—ÜBER alles").len(), 3);
        assert_eq!(words("ÄRGER"), words("ärger"));
        assert_eq!(words("…  ").len(), 0);
    }

    #[test]
    fn each_ideograph_is_a_word() {
        assert_eq!(words("逐步思考abc").len(), 5);
        assert_eq!(words("한국어 문장").len(), 2);
    }

    #[test]
    fn folding_hides_numbers_only() {
        assert_eq!(folded("Item 17 of 2026-07-24: go", 99), folded("item 9 of 1999-1-2: go", 99));
        assert_ne!(folded("item 17 of x", 99), folded("item of x", 99));
        assert_eq!(folded("a b c d e f g", 6), folded("a b c d e f h", 6));
        assert_eq!(folded("12345678901", 6), folded("1", 6));
    }

    #[test]
    fn the_short_way_is_the_long_way() {
        for word in ["a", "Seven77", "EightBit", "NineBytes", "sixteenbytes1234", "Seventeen00000017Q"] {
            let mut long = Making::EMPTY;
            word.bytes().for_each(|byte| long.push(byte.to_ascii_lowercase()));
            assert_eq!(words(&format!("… {word}, then")), [long.finish(), one("then")], "{word}");
            assert_eq!(one(word), long.finish(), "{word} at the text's end");
        }
    }

    proptest! {
        #[test]
        fn words_are_the_maximal_alphanumeric_runs(parts in prop::collection::vec("[a-zA-Z0-9]{1,20}", 0..30), gap in "[ ,.;:!?\n—]{1,3}") {
            let text = parts.join(&gap);
            let expect: Vec<u64> = parts.iter().map(|part| one(&part.to_lowercase())).collect();
            prop_assert_eq!(words(&text), expect);
        }

        #[test]
        fn any_text_is_read_without_panic(text in "\\PC*") {
            words(&text);
            folded(&text, 6);
        }
    }
}
