//! Phrases that harvesters write, found as word n-grams while the text pass reads the words.
//!
//! A phrase is no proof: calm traffic asks for step-by-step answers too. The flags become shares in
//! the feature table and are judged against calm units. Case and punctuation do not matter; where they
//! do (`<think>`, `"instruction"`), the bytes on both sides of the word are looked at. Cost: two bits
//! looked up per word, of it and of it after the one before; nearly every word stops there.

use super::words::{Word, each_word, mix};

/// Groups of phrases as bits.
pub(super) const REASONING: u8 = 1;
/// Records for a data set.
pub(super) const RECORD: u8 = 2;
/// Grading and preference pairs.
pub(super) const JUDGE: u8 = 4;
/// Cleaning of traces.
pub(super) const CLEAN: u8 = 8;

const REASONING_PHRASES: &[&str] = &[
    "step by step",
    "chain of thought",
    "think aloud",
    "think out loud",
    "show your work",
    "show your reasoning",
    "explain your reasoning",
    "reasoning process",
    "thought process",
    "internal reasoning",
    "hidden reasoning",
    "full reasoning",
    "complete reasoning",
    "detailed reasoning",
    "all reasoning",
    "inner monologue",
    "<think>",
    "<thinking>",
    "<reasoning>",
    "<scratchpad>",
    "<rationale>",
    "before answering",
    "let's think",
    "reason carefully",
    "intermediate steps",
    "every step",
    "keep every line",
    "一步一步",
    "逐步",
    "思维链",
    "推理过程",
    "思考过程",
];
const RECORD_PHRASES: &[&str] = &[
    "question answer pair",
    "question answer pairs",
    "question and answer pair",
    "question and answer pairs",
    "qa pair",
    "qa pairs",
    "q&a pair",
    "q&a pairs",
    "jsonl",
    "\"instruction\"",
    "instruction following",
    "training example",
    "training examples",
    "training data",
    "training sample",
    "training samples",
    "training set",
    "fine tune",
    "fine tuned",
    "fine tuning",
    "finetune",
    "finetuned",
    "finetuning",
    "synthetic data",
    "synthetic dataset",
    "synthetic example",
    "synthetic examples",
    "dataset entry",
    "dataset entries",
    "dataset record",
    "dataset records",
    "for a dataset",
    "self instruct",
    "seed task",
    "seed tasks",
    "diverse instructions",
    "diverse examples",
    "diverse questions",
    "generate 5",
    "generate 10",
    "generate 20",
    "generate 50",
    "generate 100",
    "generate five",
    "generate ten",
    "generate twenty",
    "write 10",
    "create 10",
    "write ten",
    "训练数据",
    "数据集",
];
const JUDGE_PHRASES: &[&str] = &[
    "rubric",
    "rubrics",
    "on a scale of",
    "score from 1",
    "score from 0",
    "rate the following",
    "rate each",
    "which response is better",
    "which answer is better",
    "response a",
    "assistant a",
    "preference pair",
    "preference pairs",
    "chosen and rejected",
    "pairwise",
    "grade the",
    "impartial judge",
    "act as a judge",
    "reward model",
    "[a]",
    "helpfulness",
];
const CLEAN_PHRASES: &[&str] = &[
    "clean up the trace",
    "clean the trace",
    "clean up the reasoning",
    "clean up this reasoning",
    "rewrite the reasoning",
    "polish the reasoning",
    "rewrite the solution",
    "rewrite the trace",
    "condense the reasoning",
    "remove redundant steps",
    "fix the reasoning",
    "reconstruct the reasoning",
];
const GROUPS: [(u8, &[&str]); 4] =
    [(REASONING, REASONING_PHRASES), (RECORD, RECORD_PHRASES), (JUDGE, JUDGE_PHRASES), (CLEAN, CLEAN_PHRASES)];

/// Words of the longest phrase.
const LONGEST: usize = 4;
/// Bits of the filter over last words or pairs: 110 of them let one other word in 20 through to the table.
const FILTER_BITS: u32 = 12;

/// The table of phrases.
#[derive(Clone)]
pub(super) struct Phrases {
    filter: [u64; 1 << (FILTER_BITS - 6)],
    /// By hash, for a binary search.
    table: Vec<Phrase>,
}

#[derive(Clone, Copy)]
struct Phrase {
    /// Of its words, from the last to the first.
    hash: u64,
    group: u8,
    /// Bytes that must stand on both sides, if any.
    between: Option<(u8, u8)>,
}

/// The last words read, and what was found so far. One for each text.
pub(super) struct Search<'p> {
    phrases: &'p Phrases,
    text: &'p [u8],
    /// The words before, newest first.
    before: [u64; LONGEST - 1],
    found: u8,
    form: u8,
}

impl Phrases {
    pub(super) fn new() -> Phrases {
        let mut phrases = Phrases { filter: [0; 1 << (FILTER_BITS - 6)], table: Vec::new() };
        for (group, list) in GROUPS {
            for phrase in list {
                let mut words = Vec::new();
                each_word(phrase, |word| {
                    words.push(word.hash);
                    true
                });
                // not the last word alone: every other text has "the" and "a"
                let (slot, bit) = place(match words.as_slice() {
                    [.., before, last] => pair(*before, *last),
                    [only] => *only,
                    [] => continue,
                });
                phrases.filter[slot] |= bit;
                let between = match (phrase.bytes().next(), phrase.bytes().next_back()) {
                    (Some(b'<'), Some(b'>')) => Some((b'<', b'>')),
                    (Some(b'"'), Some(b'"')) => Some((b'"', b'"')),
                    (Some(b'['), Some(b']')) => Some((b'[', b']')),
                    _ => None,
                };
                let hash = words.iter().rev().fold(0, |hash, word| longer(hash, *word));
                phrases.table.push(Phrase { hash, group, between });
            }
        }
        phrases.table.sort_by_key(|phrase| phrase.hash);
        phrases
    }

    #[inline]
    fn may_end(&self, hash: u64) -> bool {
        let (slot, bit) = place(hash);
        self.filter[slot] & bit != 0
    }

    pub(super) fn search<'p>(&'p self, text: &'p str) -> Search<'p> {
        Search { phrases: self, text: text.as_bytes(), before: [0; LONGEST - 1], found: 0, form: 0 }
    }
}

impl Search<'_> {
    /// Takes the next word.
    #[inline]
    pub(super) fn word(&mut self, word: Word) {
        let [first, second, _] = self.before;
        if self.phrases.may_end(word.hash) || self.phrases.may_end(pair(first, word.hash)) {
            self.look_up(word);
        }
        self.before = [word.hash, first, second];
    }

    /// The groups found.
    pub(super) fn found(&self) -> u8 {
        self.found
    }

    /// Which phrase asks for reasoning, of several one; 0: none.
    pub(super) fn form(&self) -> u8 {
        self.form
    }

    #[cold]
    fn look_up(&mut self, word: Word) {
        let mut hash = longer(0, word.hash);
        let table = &self.phrases.table;
        for length in 0..LONGEST {
            if let Ok(at) = table.binary_search_by_key(&hash, |phrase| phrase.hash)
                && table[at].between.is_none_or(|between| self.stands_between(word, between))
            {
                self.found |= table[at].group;
                if table[at].group == REASONING {
                    self.form = self.form.max(at as u8 + 1);
                }
            }
            match self.before.get(length) {
                Some(before) if *before != 0 => hash = longer(hash, *before),
                _ => return,
            }
        }
    }

    fn stands_between(&self, word: Word, (before, after): (u8, u8)) -> bool {
        let end = word.start + word.bytes as usize;
        word.start.checked_sub(1).and_then(|at| self.text.get(at)) == Some(&before)
            && self.text.get(end) == Some(&after)
    }
}

fn longer(hash: u64, word: u64) -> u64 {
    mix(hash.rotate_left(17) ^ word, 0xc2b2_ae3d_27d4_eb4f)
}

/// Of two words in their order, for the filter.
fn pair(before: u64, last: u64) -> u64 {
    before.rotate_left(29) ^ last
}

fn place(hash: u64) -> (usize, u64) {
    let bit = (hash >> (64 - FILTER_BITS)) as usize;
    (bit / 64, 1 << (bit % 64))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    impl Phrases {
        /// The groups that have a phrase in the text.
        fn find(&self, text: &str) -> u8 {
            let mut search = self.search(text);
            each_word(text, |word| {
                search.word(word);
                true
            });
            search.found()
        }
    }

    #[test]
    fn each_group_is_found_in_any_case() {
        let phrases = Phrases::new();
        assert_eq!(phrases.find("Please THINK OUT LOUD now"), REASONING);
        assert_eq!(phrases.find("Work step-by-step."), REASONING);
        assert_eq!(phrases.find("Generate 20 diverse instructions"), RECORD);
        assert_eq!(phrases.find("use this Rubric"), JUDGE);
        assert_eq!(phrases.find("now rewrite the trace"), CLEAN);
        assert_eq!(phrases.find("what is the weather in Lyon?"), 0);
        assert_eq!(phrases.find("请逐步思考"), REASONING);
    }

    #[test]
    fn marks_need_their_brackets() {
        let phrases = Phrases::new();
        assert_eq!(phrases.find("I think so"), 0);
        assert_eq!(phrases.find("write into <think> tags"), REASONING);
        assert_eq!(phrases.find("verdict: [[A]]"), JUDGE);
        assert_eq!(phrases.find("a plan"), 0);
        assert_eq!(phrases.find(r#"{"instruction": 1}"#), RECORD);
        assert_eq!(phrases.find("the instruction"), 0);
    }

    #[test]
    fn every_phrase_is_found_and_no_two_share_a_hash() {
        let phrases = Phrases::new();
        for (group, list) in GROUPS {
            for phrase in list {
                let text = format!("now {phrase} then");
                assert_eq!(phrases.find(&text) & group, group, "{phrase}");
            }
        }
        let hashes: BTreeSet<u64> = phrases.table.iter().map(|phrase| phrase.hash).collect();
        assert_eq!(hashes.len(), GROUPS.iter().map(|(_, list)| list.len()).sum::<usize>());
    }

    #[test]
    fn no_phrase_is_longer_than_the_search_looks_back() {
        for (_, list) in GROUPS {
            for phrase in list {
                let mut words = 0;
                each_word(phrase, |_| {
                    words += 1;
                    true
                });
                assert!((1..=LONGEST).contains(&words), "{phrase}");
            }
        }
    }
}
