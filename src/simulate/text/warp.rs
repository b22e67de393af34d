//! New text of the same structure: words exchanged for others of the same frequency, digits, case, punctuation,
//! script and lengths changed. What repeats still repeats, what is shared still is.
//!
//! Words and digits are exchanged alike in the whole log, so that tenants who share text still do; manners
//! are each workload's. Neither knows the side. Frames and ways to ask for reasoning stay as they are: they are
//! behaviour. Cost: one look-up a word.

use std::collections::{BTreeMap, HashMap};

use super::lexicon::Tongue;
use super::source::Source;
use crate::draw::{Draw, mix};

/// Words that are exchanged by rank; rarer ones are exchanged letter by letter.
const VOCABULARY: usize = 20_000;
const VOWELS: &[u8] = b"aeiou";
const CONSONANTS: &[u8] = b"bcdfghjklmnpqrstvwxyz";

/// One log's exchange of words, letters and digits. All three are bijections.
#[derive(Debug)]
pub(in crate::simulate) struct Exchange {
    /// Looked up, never iterated.
    ranks: HashMap<Box<str>, u32>,
    words: Vec<Box<str>>,
    /// What stands in for the word of a rank.
    instead: Vec<u32>,
    letters: [u8; 26],
    digits: [u8; 10],
}

/// How one side of a workload writes.
#[derive(Clone, Copy, Debug)]
pub(in crate::simulate) struct Manner {
    case: Case,
    script: Option<Script>,
    ends: bool,
    curly: bool,
    /// 256ths of its sentences that are left out, or told twice.
    shorter: u64,
    longer: u64,
    key: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Case {
    AsIs,
    Lower,
    Upper,
}

/// Scripts that Latin letters are written in, one letter for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::simulate) enum Script {
    Greek,
    Cyrillic,
    Fullwidth,
}

impl Exchange {
    pub(super) fn new(seed: u64, tongues: &[Tongue], sources: &[Source]) -> Self {
        let mut counts: BTreeMap<String, u64> = BTreeMap::new();
        for tongue in tongues {
            // As frequent as the generator makes them: half of its text is small words.
            for (rank, word) in (3..).zip(tongue.small) {
                *counts.entry((*word).to_owned()).or_default() += 60_000 / rank;
            }
            for (rank, word) in (3..).zip(&tongue.words) {
                *counts.entry(word.clone()).or_default() += 1 + 20_000 / rank;
            }
        }
        for source in sources {
            for row in source.rows.iter().step_by(1 + source.rows.len() / 1_500) {
                for text in core::iter::once(&row.prompt).chain(row.responses.first()) {
                    for word in text.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()) {
                        *counts.entry(word.to_lowercase()).or_default() += 1;
                    }
                }
            }
        }
        let mut counts: Vec<(String, u64)> = counts.into_iter().filter(|(_, n)| *n > 1).collect();
        counts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        counts.truncate(VOCABULARY);
        let words: Vec<Box<str>> = counts.into_iter().map(|(word, _)| word.into()).collect();
        let mut draw = Draw::new(mix(&[seed, 81]));
        let mut instead: Vec<u32> = (0..words.len() as u32).collect();
        // Bands of 8, 8, 16, 32 …: a word's stand-in is at most twice as frequent or rare as ranks go.
        let (mut from, mut to) = (0, 8);
        while from < instead.len() {
            let end = to.min(instead.len());
            shuffle(&mut instead[from..end], &mut draw);
            (from, to) = (end, to * 2);
        }
        let mut letters = core::array::from_fn(|i| i as u8);
        for class in [VOWELS, CONSONANTS] {
            let mut other = class.to_vec();
            shuffle(&mut other, &mut draw);
            for (a, b) in class.iter().zip(other) {
                letters[usize::from(a - b'a')] = b - b'a';
            }
        }
        let mut digits = core::array::from_fn(|i| i as u8);
        // 0 stays: a number keeps its length and its zeros.
        shuffle(&mut digits[1..], &mut draw);
        let ranks = (0..).zip(&words).map(|(rank, word)| (word.clone(), rank)).collect();
        Self { ranks, words, instead, letters, digits }
    }

    /// Writes `text` in other words after what stands in `out`; its first sentence always stays.
    pub(in crate::simulate) fn rewrite(&self, text: &str, manner: &Manner, out: &mut String) {
        let from = out.len();
        let mut lower = String::new();
        let mut said = String::new();
        for sentence in text.split_inclusive(['.', '?', '!', '\n']) {
            let is_prose = !sentence.ends_with('\n') && sentence.split(' ').count() >= 6;
            let bits =
                sentence.bytes().fold(manner.key, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)) >> 20;
            let is_rest = out.len() > from;
            if is_prose && is_rest && bits & 255 < manner.shorter {
                continue;
            }
            said.clear();
            self.words(sentence, &mut lower, &mut said);
            manner.write(&said, out);
            if is_prose && bits & 255 < manner.longer {
                // Told again in words of the same ranks: longer, and no copy.
                let once = core::mem::take(&mut said);
                self.words(&once, &mut lower, &mut said);
                out.push(' ');
                manner.write(said.trim_start(), out);
            }
        }
        if manner.ends {
            let written = out.get(from..).unwrap_or_default();
            out.truncate(from + written.trim_end_matches(['.', '?', '!', ' ']).len());
        }
    }

    fn words(&self, text: &str, lower: &mut String, out: &mut String) {
        for run in text.split_inclusive(|c: char| !c.is_alphabetic()) {
            let word = run.trim_end_matches(|c: char| !c.is_alphabetic());
            if !word.is_empty() {
                lower.clear();
                lower.extend(word.chars().flat_map(char::to_lowercase));
                let start = out.len();
                self.word(lower, out);
                restore_case(word, start, out);
            }
            for c in run.get(word.len()..).unwrap_or_default().chars() {
                out.push(match c {
                    '0'..='9' => char::from(b'0' + self.digits[c as usize - '0' as usize]),
                    _ => c,
                });
            }
        }
    }

    fn word(&self, word: &str, out: &mut String) {
        if let Some(rank) = self.ranks.get(word) {
            out.push_str(&self.words[self.instead[*rank as usize] as usize]);
            return;
        }
        if !word.is_ascii() {
            out.push_str(word);
            return;
        }
        // A known word must not come out, or two words would share a stand-in: walk on until it is none.
        let mut other: Vec<u8> = word.bytes().map(|b| b'a' + self.letters[usize::from(b - b'a')]).collect();
        while core::str::from_utf8(&other).is_ok_and(|w| self.ranks.contains_key(w)) {
            for b in &mut other {
                *b = b'a' + self.letters[usize::from(*b - b'a')];
            }
        }
        out.extend(other.into_iter().map(char::from));
    }
}

impl Manner {
    pub(in crate::simulate) fn new(seed: u64) -> Self {
        let mut draw = Draw::new(seed);
        let case = match draw.below(20) {
            0..6 => Case::Lower,
            6 => Case::Upper,
            _ => Case::AsIs,
        };
        let script = draw.percent(8).then(|| draw.pick(&[Script::Greek, Script::Cyrillic, Script::Fullwidth]));
        let length = draw.below(3);
        Self {
            case,
            script,
            ends: draw.percent(25),
            curly: draw.percent(15),
            shorter: if length == 1 { draw.range(20, 140) as u64 } else { 0 },
            longer: if length == 2 { draw.range(20, 200) as u64 } else { 0 },
            key: draw.bits(),
        }
    }

    fn write(&self, text: &str, out: &mut String) {
        for c in text.chars() {
            let c = match (self.case, c) {
                (Case::Lower, c) if c.is_ascii() => c.to_ascii_lowercase(),
                (Case::Upper, c) if c.is_ascii() => c.to_ascii_uppercase(),
                (_, c) => c,
            };
            let c = match c {
                '\'' if self.curly => '\u{2019}',
                c => c,
            };
            out.push(self.script.map_or(c, |script| script.letter(c)));
        }
    }
}

impl Script {
    /// A Latin letter in this script; anything else as it is.
    pub(in crate::simulate) fn letter(self, c: char) -> char {
        const GREEK: &[char; 26] = &[
            'α', 'β', 'ψ', 'δ', 'ε', 'φ', 'γ', 'η', 'ι', 'ξ', 'κ', 'λ', 'μ', 'ν', 'ο', 'π', 'ϙ', 'ρ', 'σ', 'τ', 'θ',
            'ω', 'ς', 'χ', 'υ', 'ζ',
        ];
        const CYRILLIC: &[char; 26] = &[
            'а', 'б', 'ц', 'д', 'е', 'ф', 'г', 'х', 'и', 'й', 'к', 'л', 'м', 'н', 'о', 'п', 'я', 'р', 'с', 'т', 'у',
            'в', 'ш', 'щ', 'ы', 'з',
        ];
        let table = match self {
            Script::Greek => GREEK,
            Script::Cyrillic => CYRILLIC,
            Script::Fullwidth => {
                let wide = c.is_ascii_alphabetic().then(|| char::from_u32(c as u32 + 0xFEE0));
                return wide.flatten().unwrap_or(c);
            }
        };
        match c {
            'a'..='z' => table[c as usize - 'a' as usize],
            'A'..='Z' => table[c as usize - 'A' as usize].to_uppercase().next().unwrap_or(c),
            _ => c,
        }
    }
}

/// Gives the word at `start` the capitals of `like`.
fn restore_case(like: &str, start: usize, out: &mut String) {
    let mut capitals = like.chars().map(char::is_uppercase);
    if capitals.next() != Some(true) {
        return;
    }
    let word = out.split_off(start);
    if like.len() > 1 && capitals.all(|c| c) {
        out.extend(word.chars().flat_map(char::to_uppercase));
    } else {
        let mut chars = word.chars();
        out.extend(chars.next().into_iter().flat_map(char::to_uppercase));
        out.push_str(chars.as_str());
    }
}

fn shuffle<T>(list: &mut [T], draw: &mut Draw) {
    for i in (1..list.len()).rev() {
        list.swap(i, draw.below(i + 1));
    }
}

#[cfg(test)]
#[expect(clippy::expect_used, reason = "tests")]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use super::*;
    use crate::simulate::text::World;

    const PLAIN: Manner =
        Manner { case: Case::AsIs, script: None, ends: false, curly: false, shorter: 0, longer: 0, key: 1 };

    fn exchange(seed: u64) -> Exchange {
        let world = World::new(seed, Arc::default());
        Exchange::new(seed, &world.tongues, &[])
    }

    fn rewrite(exchange: &Exchange, text: &str) -> String {
        let mut out = String::new();
        exchange.rewrite(text, &PLAIN, &mut out);
        out
    }

    #[test]
    fn words_are_exchanged_one_for_one_within_their_band() {
        let exchange = exchange(3);
        let known: Vec<&str> = exchange.words.iter().map(|w| &**w).collect();
        let unknown = ["xylograph", "qwertz", "zzyzx", "brillig", "slithy", "toves", "gyre", "wabe"];
        let mut seen = BTreeSet::new();
        for word in known.iter().copied().chain(unknown) {
            let mut out = String::new();
            exchange.word(word, &mut out);
            assert!(seen.insert(out.clone()), "{word} and another word both became {out}");
        }
        for (rank, other) in exchange.instead.iter().enumerate() {
            let band = |r: usize| (r.max(8) / 8).ilog2() + u32::from(r >= 8);
            assert_eq!(band(rank), band(*other as usize), "{rank} became {other}");
        }
    }

    #[test]
    fn only_what_is_written_is_cut() {
        let exchange = exchange(4);
        let terse = Manner { shorter: 256, ends: true, ..PLAIN };
        let mut out = String::from("Question: ");
        exchange.rewrite("...", &terse, &mut out);
        assert_eq!(out, "Question: ");
        exchange.rewrite("one two three four five six. seven eight nine ten eleven twelve.", &terse, &mut out);
        assert!(out.starts_with("Question: ") && out.split(' ').count() == 7 && !out.ends_with('.'), "{out}");
    }

    #[test]
    fn repeats_capitals_and_numbers_keep_their_shape() {
        let exchange = exchange(4);
        let text = "The cost of 1050 units is high. The cost of 1050 units is high.\nNASA (2024): {\"a\": 7}";
        let other = rewrite(&exchange, text);
        assert_ne!(text, other);
        let (first, rest) = other.split_once(". ").expect("two sentences");
        assert!(rest.starts_with(first), "{other}");
        assert!(other.starts_with(|c: char| c.is_uppercase()));
        let shape = |t: &str| t.chars().filter(|c| !c.is_alphanumeric()).collect::<String>();
        assert_eq!(shape(text), shape(&other));
        let zeros = |t: &str| t.matches('0').count();
        assert_eq!(zeros(text), zeros(&other));
        assert_eq!(rewrite(&exchange, text), other);
        assert_ne!(rewrite(&self::exchange(5), text), other);
    }

    #[test]
    fn scripts_are_one_letter_for_one() {
        for script in [Script::Greek, Script::Cyrillic, Script::Fullwidth] {
            let letters: BTreeSet<char> = ('a'..='z').map(|c| script.letter(c)).collect();
            assert_eq!(letters.len(), 26, "{script:?}");
            assert!(letters.iter().all(|c| !c.is_ascii()));
        }
    }
}
