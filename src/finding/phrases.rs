//! How each feature of the table is said: the words that a reason's sentence begins with.
//!
//! Findings quote these, so they are short, plain and true of the number alone: no motive, no
//! accusation. A row without words here is said by its name.

use super::reasons::{FeatureText, Shown};

/// The words of a feature by its name and the unit of its value.
pub(crate) fn text(name: &'static str, shown: Shown) -> FeatureText {
    let found = PHRASES.iter().find(|(phrase_of, _, _)| *phrase_of == name);
    let (high, low) = found.map_or((UNSAID_HIGH, UNSAID_LOW), |&(_, high, low)| (high, low));
    FeatureText {
        name,
        shown,
        high,
        low,
    }
}

const UNSAID_HIGH: &str = "{name} is {value}";
const UNSAID_LOW: &str = "{name} is only {value}";

/// Name, words for a high value, words for a low value. `{value}` as the table shows it, `{n}` the
/// exchanges of the unit.
const PHRASES: &[(&str, &str, &str)] = &[
    (
        "template_share",
        "{value} of the prompts among {n} exchanges follow a template",
        "only {value} of the prompts among {n} exchanges follow a template",
    ),
    (
        "slot_novelty",
        "{value} of what the prompts of {n} exchanges hold had not been asked for before",
        "only {value} of what the prompts of {n} exchanges hold had not been asked for before",
    ),
    (
        "prompt_repeat",
        "{value} of the prompts among {n} exchanges repeat an earlier one",
        "only {value} of the prompts among {n} exchanges repeat an earlier one",
    ),
    (
        "successive_similarity",
        "a prompt is {value} as like the one before it as earlier ones",
        "a prompt is only {value} as like the one before it as earlier ones: subjects are shuffled",
    ),
    (
        "follow_up_share",
        "{value} of the prompts among {n} exchanges go on from an answer",
        "only {value} of the prompts among {n} exchanges go on from an answer",
    ),
    (
        "elicitation_share",
        "{value} of the prompts among {n} exchanges ask for the reasoning",
        "only {value} of the prompts among {n} exchanges ask for the reasoning",
    ),
    (
        "reasoning_ratio",
        "{value} of the output tokens are reasoning",
        "only {value} of the output tokens are reasoning",
    ),
    (
        "refusal_share",
        "{value} of {n} exchanges were refused",
        "only {value} of {n} exchanges were refused",
    ),
    (
        "record_share",
        "{value} of the prompts among {n} exchanges ask for training records",
        "only {value} of the prompts among {n} exchanges ask for training records",
    ),
    (
        "judge_share",
        "{value} of the prompts among {n} exchanges ask for a grade or a preference",
        "only {value} of the prompts among {n} exchanges ask for a grade or a preference",
    ),
    (
        "response_overlap",
        "{value} of the words of the answers stand in their prompts",
        "only {value} of the words of the answers stand in their prompts",
    ),
    (
        "probe_share",
        "{value} of {n} exchanges set parameters that read the model out",
        "only {value} of {n} exchanges set parameters that read the model out",
    ),
    (
        "gap_spread",
        "the pauses between exchanges are uneven (spread {value})",
        "the pauses between exchanges are even (spread {value})",
    ),
    (
        "active_hours",
        "exchanges come in {value} of the 24 hours of the day",
        "exchanges come in only {value} of the 24 hours of the day",
    ),
    (
        "output_log2",
        "a typical answer takes {value} output tokens",
        "a typical answer takes only {value} output tokens",
    ),
    (
        "output_per_input",
        "each input token brings {value} output tokens",
        "each input token brings only {value} output tokens",
    ),
    (
        "same_session_share",
        "{value} of {n} exchanges belong to a recent session",
        "only {value} of {n} exchanges belong to a recent session",
    ),
    (
        "user_share",
        "{value} of {n} exchanges name a user",
        "only {value} of {n} exchanges name a user",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_shows_its_value_and_nothing_unfilled() {
        for (name, high, low) in PHRASES {
            for phrase in [high, low] {
                assert!(phrase.contains("{value}"), "{name}");
                let filled = phrase.replace("{value}", "").replace("{n}", "");
                assert!(!filled.contains(['{', '}']), "{name}: {phrase}");
            }
        }
    }

    #[test]
    fn a_feature_without_words_is_said_by_its_name() {
        assert_eq!(text("brand_new", Shown::Number).high, UNSAID_HIGH);
        assert_eq!(
            text("refusal_share", Shown::Share).low,
            "only {value} of {n} exchanges were refused"
        );
    }
}
