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
    high: &'static str,
    /// For a value below it; empty where "only" before the value says it.
    low: &'static str,
}

impl Phrase {
    /// The words of a feature by its name.
    pub(super) fn of(feature: &str) -> Phrase {
        PHRASES.iter().copied().find(|phrase| phrase.feature == feature).unwrap_or(UNSAID)
    }

    /// For a value above the calm median.
    pub(super) fn high(self) -> String {
        self.high.to_owned()
    }

    /// For a value below it.
    pub(super) fn low(self) -> String {
        if !self.low.is_empty() {
            return self.low.to_owned();
        }
        let said = if self.high.contains("about {value}") { "about {value}" } else { "{value}" };
        self.high.replacen(said, &format!("only {said}"), 1)
    }
}

const UNSAID: Phrase = phrase("", "the value is {value} in {lately}", "the value is only {value} in {lately}");

const PHRASES: &[Phrase] = &[
    plain("template_share", "{value} of the prompts in {lately} follow a template"),
    plain("frame_stays", "{value} of the prompts in {lately} come under the same frame as the one before"),
    plain("system_share", "{value} of the prompts in {lately} have a system prompt"),
    plain("prompt_words", "a typical prompt in {lately} has about {value} words"),
    plain("prompt_words_spread", "the lengths of the prompts in {lately} spread by {value} octaves"),
    plain("row_numbers", "{value} of the prompts in {lately} carry the number that follows the last one's"),
    plain("slot_novelty", "{value} of what the prompts in {lately} hold is new to this unit"),
    plain("known_share", "{value} of what the prompts in {lately} hold was asked for before by this tenant"),
    plain("novelty_lately", "the last prompts of {lately} bring {value} times as much new as those before"),
    plain("prompt_repeat", "{value} of the prompts in {lately} repeat a recent one"),
    plain("repeat_next", "{value} of the prompts in {lately} repeat the one before"),
    plain("asked_once", "{value} of the distinct prompts behind {lately} were asked just once"),
    plain("times_asked", "a distinct prompt behind {lately} was asked {value} times in the mean"),
    plain(
        "successive_similarity",
        "in {lately} two random prompts are {value} times as far apart as a prompt and the one before it",
    ),
    plain("new_subjects", "{value} of the prompts in {lately} are about none of the last four subjects"),
    plain("prompt_likeness", "two random prompts of {lately} are like each other by {value}"),
    phrase(
        "slot_typicality",
        "what the prompts in {lately} hold is more usual than other customers' by {value} deviations",
        "what the prompts in {lately} hold is as unusual among other customers' as {value} deviations",
    ),
    phrase(
        "group_typicality",
        "what is put into the template in {lately} is more usual than what others put there by {value} deviations",
        "what is put into the template in {lately} is as unusual there as {value} deviations",
    ),
    plain("elicitation_share", "{value} of the prompts in {lately} ask for the reasoning"),
    plain(
        "elicitation_forms",
        "{value} of the prompts in {lately} ask for the reasoning in another form than the last four",
    ),
    plain("reasoning_ratio", "{value} of the output tokens in {lately} are reasoning"),
    plain("reasoning_log2", "an answer in {lately} takes about {value} reasoning tokens"),
    plain("thoughts_share", "{value} of the responses in {lately} came with their reasoning text"),
    plain("effort_share", "{value} of {lately} ask for high reasoning effort"),
    plain("refusal_share", "{value} of {lately} were refused"),
    plain("extraction_share", "{value} of {lately} were refused as an extraction of reasoning"),
    plain("sealed_share", "{value} of the prompts in {lately} send sealed reasoning back"),
    plain(
        "sealed_elsewhere",
        "{value} of the prompts in {lately} send back sealed reasoning that was sent to another conversation before",
    ),
    plain("follow_up_share", "{value} of the prompts in {lately} go on from an answer"),
    plain("uptake_share", "{value} of the prompts in {lately} take up an earlier response"),
    plain("context_log2", "before a typical prompt of {lately} stand about {value} bytes of conversation"),
    plain("messages_log2", "a typical request of {lately} sends about {value} messages"),
    plain("record_share", "{value} of the prompts in {lately} ask for training records"),
    plain("judge_share", "{value} of the prompts in {lately} ask for a grade or a preference"),
    plain("response_overlap", "{value} of the words answered in {lately} stand in the prompt"),
    plain("answers_record", "{value} of the responses in {lately} are pieces of JSON"),
    plain("answers_code", "{value} of the responses in {lately} hold a block of code"),
    plain("tool_share", "{value} of {lately} offer tools"),
    plain("call_share", "{value} of {lately} ended in a tool call"),
    plain("benchmark_share", "{value} of the prompts in {lately} hold a question of a public test set"),
    plain("probe_share", "{value} of {lately} set parameters that read the model out"),
    plain("many_samples", "{value} of {lately} ask for several samples at once"),
    plain("logprob_share", "{value} of {lately} ask for log-probabilities"),
    plain("one_token_share", "{value} of {lately} ask for a single token"),
    plain("seed_share", "{value} of {lately} give a seed"),
    plain("prefill_share", "{value} of {lately} give the first words of the answer"),
    plain("stream_share", "{value} of {lately} are streamed"),
    plain("format_share", "{value} of {lately} ask for a fixed response format"),
    plain("limit_share", "{value} of {lately} set an output limit"),
    plain("limit_spread", "the output limits in {lately} spread by {value} octaves"),
    plain("temperature", "the temperature in {lately} is {value} in the mean"),
    plain("temperature_spread", "the temperatures in {lately} spread by {value}"),
    plain("parameter_changes", "{value} of {lately} come with parameters not used just before"),
    plain("part_of_tenant", "these exchanges are {value} of all its tenant's"),
    plain("gap_log2", "a typical pause between {lately} is about {value} seconds"),
    phrase(
        "gap_spread",
        "the pauses between {lately} are uneven (spread {value})",
        "the pauses between {lately} are even (spread {value})",
    ),
    plain("pace_lately", "the last pauses of {lately} differ from those before by {value} octaves"),
    plain("quick_share", "{value} of {lately} came within a second of the one before"),
    plain("active_hours", "exchanges of the last days came in {value} of the 24 hours of the day"),
    plain("weekend_share", "{value} of {lately} came at a weekend"),
    plain("fresh_model_share", "{value} of {lately} go to a model that the tenant took up within the last day"),
    plain("failure_share", "{value} of {lately} failed"),
    plain("retried_share", "after {value} of the failures in {lately} the same was asked again"),
    plain("input_log2", "a typical request in {lately} sends about {value} input tokens"),
    plain("input_spread", "the inputs of {lately} spread by {value} octaves"),
    phrase(
        "output_log2",
        "a typical answer in {lately} takes about {value} output tokens",
        "a typical answer in {lately} takes only about {value} output tokens",
    ),
    plain("output_spread", "the outputs of {lately} spread by {value} octaves"),
    phrase(
        "output_per_input",
        "in {lately} each input token brings about {value} output tokens",
        "in {lately} each input token brings only about {value} output tokens",
    ),
    plain("words_ratio", "{lately} bring about {value} words of response for each word of the prompt"),
    plain("response_variety", "{value} of the first words of the responses in {lately} are distinct"),
    plain("response_repeats", "{value} of the pairs of words in the responses of {lately} stood there before"),
    plain("response_lines", "the responses in {lately} hold {value} line breaks for each word"),
    plain("prompt_digits", "{value} of the bytes of the prompts in {lately} are digits"),
    plain("beyond_ascii", "{value} of the bytes of the prompts in {lately} are beyond ASCII"),
    plain("script_changes", "{value} of the prompts in {lately} are in another script than the one before"),
    plain("past_odd_share", "{value} of the prompts in {lately} are farther than usual from the tenant's own past"),
    plain(
        "past_typical_share",
        "{value} of the prompts in {lately} are nearer than usual to the middle of the tenant's own past",
    ),
    plain("truncated_share", "{value} of the answers in {lately} met their limit"),
    plain("cached_share", "{value} of {lately} had input from the cache"),
    plain("same_session_share", "{value} of {lately} belong to a recent session"),
    plain("user_share", "{value} of {lately} name a user"),
    plain("new_users", "{value} of {lately} come from another user than the last four"),
    plain("new_accounts", "{value} of {lately} come from another account than the tenant's last eight"),
    plain("new_models", "{value} of {lately} go to another model than the last four"),
    plain("new_networks", "{value} of {lately} come from another network than the last four"),
    plain("new_programs", "{value} of {lately} come from another program than the last four"),
    plain("new_countries", "{value} of {lately} come from another country than the last two"),
    plain("new_payments", "{value} of {lately} are paid by other means than the last two"),
    plain("frame_shared", "{value} of the prompts in {lately} come under a frame that another account used"),
    plain(
        "frame_handed_on",
        "{value} of the prompts in {lately} come under a frame that another account used just before",
    ),
    plain("prompt_shared", "{value} of the prompts in {lately} were asked by another account too"),
];

/// One whose low side is said with "only" before the value.
const fn plain(feature: &'static str, high: &'static str) -> Phrase {
    Phrase { feature, high, low: "" }
}

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
            for words in [phrase.high(), phrase.low()] {
                assert!(words.contains("{value}"), "{words}");
                let filled = words.replace("{value}", "").replace("{lately}", "");
                assert!(!filled.contains(['{', '}']), "{words}");
            }
        }
    }
}
