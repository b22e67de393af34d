//! What a character beyond ASCII is to the word rule, from a table where one is worth its space.
//!
//! The standard library searches skip lists for every question; a log in Arabic or Hindi asks three per
//! character, and that was a fifth of the whole fold. The table covers all scripts below U+3000 in 24 KB;
//! the large blocks above it are ranges.

use std::sync::LazyLock;

/// What a character is to a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Letter {
    /// Ends a word.
    Separator,
    /// Belongs to a word, and this is its lower case.
    Plain(char),
    /// Belongs to a word, and its lower case is more than one character.
    Unfolds,
    /// A word of its own.
    Alone,
}

const COVERED: usize = 0x3000;

/// Codes of the table; every other number is the lower case itself, none of which is below U+0080.
const SEPARATOR: u16 = 0;
const UNFOLDS: u16 = 1;
const ALONE: u16 = 2;

static TABLE: LazyLock<Box<[u16]>> =
    LazyLock::new(|| (0..COVERED as u32).map(|code| char::from_u32(code).map_or(SEPARATOR, encode)).collect());

fn encode(character: char) -> u16 {
    match asked(character) {
        Letter::Separator => SEPARATOR,
        Letter::Alone => ALONE,
        Letter::Unfolds => UNFOLDS,
        // İ and Kelvin's K have lower cases in ASCII: rare enough for the long way
        Letter::Plain(lower) => u16::try_from(u32::from(lower)).ok().filter(|code| *code > 0x7f).unwrap_or(UNFOLDS),
    }
}

/// The answer of the standard library.
fn asked(character: char) -> Letter {
    if !character.is_alphanumeric() {
        return Letter::Separator;
    }
    if in_script_without_spaces(character) {
        return Letter::Alone;
    }
    let mut lower = character.to_lowercase();
    match (lower.next(), lower.next()) {
        (Some(one), None) => Letter::Plain(one),
        _ => Letter::Unfolds,
    }
}

/// Scripts written without spaces: kana, CJK ideographs, Thai and Lao.
fn in_script_without_spaces(character: char) -> bool {
    matches!(character, '\u{0e01}'..='\u{0eff}' | '\u{3041}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{3ffff}')
}

/// Looks characters up; made once for a text.
#[derive(Clone, Copy)]
pub(super) struct Letters(&'static [u16]);

impl Letters {
    pub(super) fn new() -> Letters {
        Letters(&TABLE)
    }

    #[inline]
    pub(super) fn of(self, character: char) -> Letter {
        match self.0.get(character as usize) {
            Some(&SEPARATOR) => Letter::Separator,
            Some(&UNFOLDS) => Letter::Unfolds,
            Some(&ALONE) => Letter::Alone,
            Some(&code) => char::from_u32(u32::from(code)).map_or(Letter::Separator, Letter::Plain),
            None => match character {
                '\u{4e00}'..='\u{9fff}' => Letter::Alone,
                '\u{ac00}'..='\u{d7a3}' => Letter::Plain(character),
                other => asked(other),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_character_is_what_the_standard_library_says() {
        let letters = Letters::new();
        for character in ('\u{80}'..=char::MAX).filter(|character| u32::from(*character) < 0x4_0000) {
            let (known, exact) = (letters.of(character), asked(character));
            // the long way through the standard library is always right
            assert!(known == exact || known == Letter::Unfolds, "U+{:04X}: {known:?}, {exact:?}", character as u32);
        }
    }
}
