use super::*;
use crate::tenant::stream::{HARVEST, Habit, PERSON, PIPELINE, stream};

fn value(name: &str, habit: &Habit) -> f64 {
    let mut unit = Unit::default();
    for (trace, at) in stream(habit, 7, 120) {
        unit.fold(&trace, at);
    }
    let feature = TABLE.iter().find(|feature| feature.name == name);
    feature.and_then(|feature| feature.value(&unit)).unwrap_or(f64::NAN)
}

/// `more` differs from `less` in one habit and must read higher.
fn rises(name: &str, less: Habit, more: Habit) {
    let (low, high) = (value(name, &less), value(name, &more));
    assert!(low < high, "{name}: {low} is not below {high}");
}

#[test]
fn template_share_rises_with_one_opening() {
    rises("template_share", PERSON, Habit { openings: 1, opening: "Tell me in a few words about", ..PERSON });
}

#[test]
fn slot_novelty_rises_with_new_content() {
    rises("slot_novelty", Habit { repeat_every: 12, ..PIPELINE }, PIPELINE);
}

#[test]
fn prompt_repeat_rises_with_repeats() {
    rises("prompt_repeat", PIPELINE, Habit { repeat_every: 3, ..PIPELINE });
}

#[test]
fn successive_similarity_rises_when_subjects_last() {
    rises("successive_similarity", Habit { stay: 1, ..PERSON }, Habit { stay: 4, ..PERSON });
}

#[test]
fn follow_up_share_rises_with_conversation() {
    rises("follow_up_share", Habit { follows: false, ..PERSON }, PERSON);
}

#[test]
fn elicitation_share_rises_when_reasoning_is_asked_for() {
    rises("elicitation_share", PIPELINE, Habit { opening: HARVEST.opening, ..PIPELINE });
}

#[test]
fn reasoning_ratio_rises_with_reasoning_tokens() {
    rises("reasoning_ratio", PERSON, Habit { reasoning: 200, ..PERSON });
}

#[test]
fn refusal_share_rises_with_refusals() {
    rises("refusal_share", PERSON, Habit { refused: true, ..PERSON });
}

#[test]
fn record_share_rises_with_requests_for_records() {
    rises(
        "record_share",
        PIPELINE,
        Habit { opening: "Generate 10 diverse instructions about these words:", ..PIPELINE },
    );
}

#[test]
fn judge_share_rises_with_rubrics() {
    rises("judge_share", PIPELINE, Habit { opening: "Apply the rubric to this answer, please:", ..PIPELINE });
}

#[test]
fn response_overlap_rises_with_extraction() {
    rises("response_overlap", Habit { extractive: false, ..PIPELINE }, PIPELINE);
}

#[test]
fn probe_share_rises_with_log_probabilities() {
    rises("probe_share", PERSON, Habit { probes: true, ..PERSON });
}

#[test]
fn gap_spread_rises_with_uneven_pace() {
    rises("gap_spread", Habit { even: true, ..PERSON }, PERSON);
}

#[test]
fn active_hours_rise_around_the_clock() {
    rises("active_hours", HARVEST, Habit { gap_seconds: 1_800, ..HARVEST });
}

#[test]
fn output_rises_with_longer_answers() {
    rises("output_log2", PERSON, Habit { output: 2_000, ..PERSON });
    rises("output_per_input", PERSON, Habit { output: 2_000, ..PERSON });
}

#[test]
fn same_session_share_rises_with_conversations() {
    rises("same_session_share", Habit { stay: 1, ..PERSON }, PERSON);
}

#[test]
fn user_share_rises_with_users() {
    rises("user_share", Habit { user: false, ..PERSON }, PERSON);
}

#[test]
fn what_needs_missing_data_is_absent() {
    let mut unit = Unit::default();
    for (mut trace, at) in stream(&PERSON, 7, 20) {
        trace.flags = crate::trace::Flags::default();
        unit.fold(&trace, at);
    }
    let row = Row::of(&unit);
    for (index, feature) in TABLE.iter().enumerate() {
        assert_eq!(row.get(index).is_some(), feature.needs == Needs::Metadata, "{}", feature.name);
        assert_eq!(row.get(index), feature.value(&unit));
    }
}

#[test]
fn rows_are_named_once_and_explained() {
    for (index, feature) in TABLE.iter().enumerate() {
        assert!(TABLE[..index].iter().all(|other| other.name != feature.name));
        assert!(feature.why.len() > 30 && !feature.unit.is_empty() && feature.version > 0);
    }
    assert!(table_hash() != [0; 32]);
}
