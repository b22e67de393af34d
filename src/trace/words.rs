//! Words and their public hash: the one pass that reads text.
//!
//! A word is a maximal run of letters and digits, lower-cased; in scripts without spaces each
//! ideograph or kana is a word. The hash is public and versioned ([`VERSION`] is part of the feature
//! table's hash): it lives only inside `trace`; what leaves is keyed first.
//! Cost: about 0.6 ns a byte of ASCII.

/// Version of the word rule and its hash.
pub const VERSION: u32 = 1;

const SEED: u64 = 0x243f_6a88_85a3_08d3;
const MIX: u64 = 0x9e37_79b9_7f4a_7c15;
const END: u64 = 0xd6e8_feb8_6659_fd93;

/// Class of a byte: 0 separates, 1 starts a character beyond ASCII, else the lower-cased byte.
static CLASS: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0u8; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        table[byte] = if b >= 0x80 {
            1
        } else if b.is_ascii_alphanumeric() {
            b.to_ascii_lowercase()
        } else {
            0
        };
        byte += 1;
    }
    table
}

/// Folded multiplication: 128-bit product, high half xor low half.
#[inline]
pub fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

/// A word in the making: eight bytes are packed, then mixed in.
#[derive(Clone, Copy)]
struct Word {
    hash: u64,
    packed: u64,
    bytes: u32,
}

impl Word {
    const EMPTY: Word = Word { hash: SEED, packed: 0, bytes: 0 };

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

/// Calls `each(hash, bytes)` for every word of the text, until it returns false.
#[inline]
pub fn each_word(text: &str, mut each: impl FnMut(u64, u32) -> bool) {
    let bytes = text.as_bytes();
    let mut word = Word::EMPTY;
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let class = CLASS[usize::from(byte)];
        if class > 1 {
            word.push(class);
            at += 1;
            continue;
        }
        if class == 0 {
            if word.bytes > 0 {
                if !each(word.finish(), word.bytes) {
                    return;
                }
                word = Word::EMPTY;
            }
            at += 1;
            continue;
        }
        let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) else {
            return;
        };
        at += character.len_utf8();
        let alone = stands_alone(character);
        if character.is_alphanumeric() && !alone {
            for lower in character.to_lowercase() {
                let mut buffer = [0u8; 4];
                lower.encode_utf8(&mut buffer).bytes().for_each(|byte| word.push(byte));
            }
            continue;
        }
        if word.bytes > 0 {
            if !each(word.finish(), word.bytes) {
                return;
            }
            word = Word::EMPTY;
        }
        if alone {
            let mut single = Word::EMPTY;
            let mut buffer = [0u8; 4];
            character.encode_utf8(&mut buffer).bytes().for_each(|byte| single.push(byte));
            if !each(single.finish(), 4) {
                return;
            }
        }
    }
    if word.bytes > 0 {
        each(word.finish(), word.bytes);
    }
}

/// Scripts written without spaces: kana, CJK ideographs, Thai and Lao.
fn stands_alone(character: char) -> bool {
    matches!(character, '\u{0e01}'..='\u{0eff}' | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
        && character.is_alphanumeric()
}

/// Hash of at most `limit` first words, every run of digits read as one `0`: texts that differ by
/// numbers and dates alone are the same template.
pub fn folded(text: &str, limit: usize) -> u64 {
    let mut hash = SEED;
    let mut words = 0;
    let mut word = Word::EMPTY;
    for &byte in text.as_bytes() {
        let class = CLASS[usize::from(byte)];
        if class == 0 {
            if word.bytes > 0 {
                hash = mix(hash ^ word.finish(), MIX);
                word = Word::EMPTY;
                words += 1;
                if words == limit {
                    return hash;
                }
            }
            continue;
        }
        // beyond ASCII the bytes themselves are enough: no case to fold in most scripts
        let folded = if class == 1 {
            byte
        } else if class.is_ascii_digit() {
            b'0'
        } else {
            class
        };
        if folded == b'0' && word.packed & 0xff == u64::from(b'0') && word.bytes > 0 {
            continue;
        }
        word.push(folded);
    }
    if word.bytes > 0 {
        hash = mix(hash ^ word.finish(), MIX);
    }
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn words(text: &str) -> Vec<u64> {
        let mut all = Vec::new();
        each_word(text, |hash, _| {
            all.push(hash);
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
