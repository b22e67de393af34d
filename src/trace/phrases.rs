//! Phrases that harvesters write: one automaton over all groups, ASCII case does not matter.
//!
//! A phrase is no proof: calm traffic asks for step-by-step answers too. The flags become shares in
//! the feature table and are judged against calm units. Cost: about 1 ns a byte.

use aho_corasick::{AhoCorasick, AhoCorasickKind, BuildError};

/// Groups of phrases as bits.
pub(super) const REASONING: u8 = 1;
/// Records for a data set.
pub(super) const RECORD: u8 = 2;
/// Grading and preference pairs.
pub(super) const JUDGE: u8 = 4;
/// Cleaning of traces.
pub(super) const CLEAN: u8 = 8;
const ALL: u8 = REASONING | RECORD | JUDGE | CLEAN;

const REASONING_PHRASES: &[&str] = &[
    "step by step",
    "step-by-step",
    "chain of thought",
    "chain-of-thought",
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
    "question-answer pair",
    "question and answer pair",
    "qa pair",
    "q&a pair",
    "jsonl",
    "\"instruction\":",
    "instruction-following",
    "training example",
    "training data",
    "training sample",
    "training set",
    "fine-tun",
    "finetun",
    "synthetic data",
    "synthetic example",
    "dataset entry",
    "dataset record",
    "for a dataset",
    "self-instruct",
    "seed task",
    "diverse instructions",
    "diverse examples",
    "diverse questions",
    "generate 5 ",
    "generate 10 ",
    "generate 20 ",
    "generate 50 ",
    "generate 100 ",
    "generate five ",
    "generate ten ",
    "generate twenty ",
    "write 10 ",
    "create 10 ",
    "write ten ",
    "训练数据",
    "数据集",
];
const JUDGE_PHRASES: &[&str] = &[
    "rubric",
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
    "chosen and rejected",
    "pairwise",
    "grade the",
    "impartial judge",
    "act as a judge",
    "reward model",
    "[[a]]",
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

/// The automaton and the group of each phrase.
#[derive(Clone)]
pub(super) struct Phrases {
    automaton: AhoCorasick,
    groups: Vec<u8>,
}

impl Phrases {
    pub(super) fn new() -> Result<Phrases, BuildError> {
        let all = || GROUPS.iter().flat_map(|(group, phrases)| phrases.iter().map(move |phrase| (*group, *phrase)));
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .kind(Some(AhoCorasickKind::DFA))
            .build(all().map(|(_, phrase)| phrase))?;
        Ok(Phrases { automaton, groups: all().map(|(group, _)| group).collect() })
    }

    /// The groups that have a phrase in the text.
    pub(super) fn find(&self, text: &str) -> u8 {
        let mut found = 0;
        for hit in self.automaton.find_iter(text) {
            found |= self.groups[hit.pattern().as_usize()];
            if found == ALL {
                break;
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn each_group_is_found_in_any_case() {
        let phrases = Phrases::new().unwrap();
        assert_eq!(phrases.find("Please THINK OUT LOUD now"), REASONING);
        assert_eq!(phrases.find("Generate 20 diverse instructions"), RECORD);
        assert_eq!(phrases.find("use this Rubric"), JUDGE);
        assert_eq!(phrases.find("now rewrite the trace"), CLEAN);
        assert_eq!(phrases.find("what is the weather in Lyon?"), 0);
        assert_eq!(phrases.find("请逐步思考"), REASONING);
    }

    #[test]
    fn every_phrase_is_found_and_no_phrase_hides_another() {
        let phrases = Phrases::new().unwrap();
        for (group, list) in GROUPS {
            for phrase in list {
                assert_eq!(phrases.find(phrase) & group, group, "{phrase}");
            }
        }
    }
}
