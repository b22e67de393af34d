//! What a text looks like, apart from its words: digits, scripts, numbers, lines.
//!
//! Each is a pass that the compiler turns into vector instructions: together about 0.3 ns a byte.

use super::words::mix;

/// Bytes at the start of a prompt in which a row number would stand.
const NUMBERED: usize = 64;
/// Digits of a row number at most; longer runs are ids.
const MOST_DIGITS: usize = 9;
/// Words of a response whose variety is taken: of longer ones it falls with the length alone.
const VARIETY_WORDS: u32 = 128;

/// Shares of the bytes of a text.
#[derive(Clone, Copy, Default)]
pub(super) struct Look {
    pub(super) digits: f32,
    pub(super) beyond_ascii: f32,
    /// Block of the first character beyond Latin, if such bytes are a fifth; 0 for Latin script.
    pub(super) script: u8,
    /// The first number near the start.
    pub(super) number: Option<u32>,
}

impl Look {
    pub(super) fn of(text: &str) -> Look {
        let bytes = text.as_bytes();
        if bytes.is_empty() {
            return Look::default();
        }
        let share = |count: usize| count as f32 / bytes.len() as f32;
        let beyond = share(bytes.iter().filter(|byte| **byte >= 0x80).count());
        // above U+024F: what stands below is accents on Latin letters
        let script = if beyond < 0.2 { None } else { text.chars().find(|c| u32::from(*c) > 0x24f) };
        Look {
            digits: share(bytes.iter().filter(|byte| byte.is_ascii_digit()).count()),
            beyond_ascii: beyond,
            script: script.map_or(0, |c| (u32::from(c) >> 8).min(255) as u8),
            number: number(bytes.get(..NUMBERED).unwrap_or(bytes)),
        }
    }
}

fn number(start: &[u8]) -> Option<u32> {
    let from = start.iter().position(u8::is_ascii_digit)?;
    let run = start.get(from..)?;
    let digits = run.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(run.len());
    let value = |run: &[u8]| run.iter().fold(0, |sum: u32, digit| sum * 10 + u32::from(digit - b'0'));
    (digits <= MOST_DIGITS).then(|| value(run.get(..digits).unwrap_or_default()))
}

/// Line breaks of a text.
pub(super) fn lines(text: &str) -> usize {
    memchr::memchr_iter(b'\n', text.as_bytes()).count()
}

/// Whether a text is a piece of JSON, judged by its first character.
pub(super) fn is_record(text: &str) -> bool {
    matches!(text.trim_start().as_bytes().first(), Some(b'{' | b'['))
}

/// Whether a text holds a block of code.
pub(super) fn has_code(text: &str) -> bool {
    memchr::memmem::find(text.as_bytes(), b"```").is_some()
}

/// How many of the first words are distinct, and how many pairs of them stood there before: what a compressor would
/// make short.
#[derive(Default)]
pub(super) struct Variety {
    seen: [u64; 16],
    pairs: [u64; 32],
    last: u64,
    words: u32,
    distinct: u32,
    again: u32,
}

impl Variety {
    #[inline]
    pub(super) fn word(&mut self, hash: u64) {
        if self.words == VARIETY_WORDS {
            return;
        }
        self.words += 1;
        let bit = (hash >> 54) as usize;
        let (slot, bit) = (bit / 64, 1 << (bit % 64));
        self.distinct += u32::from(self.seen[slot] & bit == 0);
        self.seen[slot] |= bit;
        if self.words > 1 {
            let bit = (mix(self.last, hash) >> 53) as usize;
            let (slot, bit) = (bit / 64, 1 << (bit % 64));
            self.again += u32::from(self.pairs[slot] & bit != 0);
            self.pairs[slot] |= bit;
        }
        self.last = hash;
    }

    /// Pairs that stood there before ÷ pairs; 127 distinct ones read as 0.03, since some share a bit.
    pub(super) fn repeats(&self) -> f32 {
        self.again as f32 / self.words.saturating_sub(1).max(1) as f32
    }

    /// Distinct words ÷ words; 128 distinct ones read as 0.94, since some share a bit.
    pub(super) fn share(&self) -> f32 {
        self.distinct as f32 / self.words.max(1) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_scripts_and_numbers_are_read() {
        let look = Look::of("Row 17: add 25");
        assert_eq!((look.number, look.script, look.beyond_ascii), (Some(17), 0, 0.0));
        assert!((look.digits - 4.0 / 14.0).abs() < 1e-6);
        assert_eq!(Look::of("id 12345678901 is no row").number, None);
        assert_eq!(Look::of("no number at all, not near the start of this text here anyway .... 5").number, None);
        assert_eq!(Look::of("naïve façade").script, 0);
        assert_eq!(Look::of("что это").script, 4);
        assert_eq!(Look::of("").number, None);
    }

    #[test]
    fn variety_falls_with_repeats() {
        let words = |vocabulary: u64| {
            let mut variety = Variety::default();
            (0..300).for_each(|i| variety.word(crate::tenant::stream::scatter(i % vocabulary)));
            variety.share()
        };
        assert!(words(1_000) > 0.9 && words(8) < 0.1);
    }

    #[test]
    fn pairs_come_again_where_lines_do_and_not_where_words_do() {
        let repeats = |word: fn(u64) -> u64| {
            let mut variety = Variety::default();
            (0..300).for_each(|i| variety.word(crate::tenant::stream::scatter(word(i))));
            variety.repeats()
        };
        assert!(repeats(|i| i) < 0.05, "all new");
        assert!(repeats(|i| i % 12) > 0.85, "one line again and again");
        assert!(repeats(|i| crate::tenant::stream::scatter(i) % 20) < 0.4, "a few words in any order");
    }

    #[test]
    fn records_code_and_lines_are_seen() {
        assert!(is_record("  [1]") && is_record("{}") && !is_record("see {}") && !is_record(""));
        assert!(has_code("so:\n```py\nx\n```") && !has_code("``"));
        assert_eq!(lines("a\nb\n"), 2);
    }
}
