//! How each feature of the table is said: the words that a reason's sentence begins with.
//!
//! Findings quote these, so they are short, plain and true of the number alone: no motive, no
//! accusation. `{value}` is filled in as the table shows it, `{lately}` with the exchanges that the
//! feature speaks of: means forget, so these are the last ones, not all. A test keeps this list and the
//! feature table equal.

/// The words of one feature.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phrase {
    feature: &'static str,
    /// For a value above the calm median.
    pub(super) high: &'static str,
    /// For a value below it.
    pub(super) low: &'static str,
}

impl Phrase {
    /// The words of a feature by its name.
    pub(super) fn of(feature: &str) -> Phrase {
        PHRASES.iter().copied().find(|phrase| phrase.feature == feature).unwrap_or(UNSAID)
    }
}

const UNSAID: Phrase = phrase("", "the value is {value} in {lately}", "the value is only {value} in {lately}");

const PHRASES: &[Phrase] = &[
    phrase(
        "template_share",
        "{value} of the prompts in {lately} follow a template",
        "only {value} of the prompts in {lately} follow a template",
    ),
    phrase(
        "slot_novelty",
        "{value} of what the prompts in {lately} hold is new to this unit",
        "only {value} of what the prompts in {lately} hold is new to this unit",
    ),
    phrase(
        "prompt_repeat",
        "{value} of the prompts in {lately} repeat a recent one",
        "only {value} of the prompts in {lately} repeat a recent one",
    ),
    phrase(
        "successive_similarity",
        "in {lately} a prompt is {value} times as like the one before it as those further back",
        "in {lately} a prompt is only {value} times as like the one before it as those further back",
    ),
    phrase(
        "follow_up_share",
        "{value} of the prompts in {lately} go on from an answer",
        "only {value} of the prompts in {lately} go on from an answer",
    ),
    phrase(
        "elicitation_share",
        "{value} of the prompts in {lately} ask for the reasoning",
        "only {value} of the prompts in {lately} ask for the reasoning",
    ),
    phrase(
        "reasoning_ratio",
        "{value} of the output tokens in {lately} are reasoning",
        "only {value} of the output tokens in {lately} are reasoning",
    ),
    phrase("refusal_share", "{value} of {lately} were refused", "only {value} of {lately} were refused"),
    phrase(
        "record_share",
        "{value} of the prompts in {lately} ask for training records",
        "only {value} of the prompts in {lately} ask for training records",
    ),
    phrase(
        "judge_share",
        "{value} of the prompts in {lately} ask for a grade or a preference",
        "only {value} of the prompts in {lately} ask for a grade or a preference",
    ),
    phrase(
        "response_overlap",
        "{value} of the words answered in {lately} stand in the prompt",
        "only {value} of the words answered in {lately} stand in the prompt",
    ),
    phrase(
        "probe_share",
        "{value} of {lately} set parameters that read the model out",
        "only {value} of {lately} set parameters that read the model out",
    ),
    phrase(
        "gap_spread",
        "the pauses between {lately} are uneven (spread {value})",
        "the pauses between {lately} are even (spread {value})",
    ),
    phrase(
        "active_hours",
        "exchanges of the last days came in {value} of the 24 hours of the day",
        "exchanges of the last days came in only {value} of the 24 hours of the day",
    ),
    phrase(
        "output_log2",
        "a typical answer in {lately} takes about {value} output tokens",
        "a typical answer in {lately} takes only about {value} output tokens",
    ),
    phrase(
        "output_per_input",
        "in {lately} each input token brings about {value} output tokens",
        "in {lately} each input token brings only about {value} output tokens",
    ),
    phrase(
        "same_session_share",
        "{value} of {lately} belong to a recent session",
        "only {value} of {lately} belong to a recent session",
    ),
    phrase("user_share", "{value} of {lately} name a user", "only {value} of {lately} name a user"),
];

const fn phrase(feature: &'static str, high: &'static str, low: &'static str) -> Phrase {
    Phrase { feature, high, low }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature::TABLE;

    #[test]
    fn every_feature_has_its_words_and_no_other_has() {
        let table: Vec<&str> = TABLE.iter().map(|feature| feature.name).collect();
        let mut said: Vec<&str> = PHRASES.iter().map(|phrase| phrase.feature).collect();
        assert_eq!(said, table, "in the order of the table");
        said.dedup();
        assert_eq!(said.len(), PHRASES.len());
    }

    #[test]
    fn every_phrase_shows_its_value_and_nothing_unfilled() {
        for phrase in PHRASES.iter().chain([&UNSAID]) {
            for words in [phrase.high, phrase.low] {
                assert!(words.contains("{value}"), "{words}");
                let filled = words.replace("{value}", "").replace("{lately}", "");
                assert!(!filled.contains(['{', '}']), "{words}");
            }
        }
    }
}
