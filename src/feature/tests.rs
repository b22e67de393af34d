#![expect(clippy::unwrap_used, reason = "tests")]
use core::fmt::Write as _;

use super::*;
use crate::tenant::memory::{Memory, Told};
use crate::tenant::stream::{HARVEST, Habit, PERSON, PIPELINE, Then, Tweak, stream};

fn value(name: &str, habit: &Habit) -> f64 {
    let (mut unit, mut memory) = (Unit::default(), Memory::default());
    for (ordinal, (trace, at)) in (habit.others..).zip(stream(habit, 7, habit.past + 120)) {
        let told = memory.observe(&trace, at, ordinal);
        unit.fold(&trace, told, at);
    }
    let feature = TABLE.iter().find(|feature| feature.name == name);
    feature.and_then(|feature| feature.value(&unit)).unwrap_or(f64::NAN)
}

/// Twins: of each feature two streams that differ in one habit, the second of which must read higher.
#[expect(clippy::too_many_lines, reason = "a table: one pair for each feature")]
fn twins() -> Vec<(&'static str, Habit, Habit)> {
    let tweak = |tweak: Tweak| Habit { tweak, ..PERSON };
    let asks = |opening| Habit { opening, ..PIPELINE };
    let both = |name, more: Tweak| (name, PERSON, tweak(more));
    vec![
        ("template_share", PERSON, Habit { openings: 1, opening: "Tell me in a few words about", ..PERSON }),
        ("frame_stays", PERSON, PIPELINE),
        both("system_share", |e, _| e.system = Some("You help.")),
        ("prompt_words", PERSON, Habit { opening: LONG, ..PERSON }),
        (
            "prompt_words_spread",
            PIPELINE,
            Habit {
                tweak: |e, i| {
                    if i % 2 == 0 {
                        e.prompt = Some("Say one word.");
                    }
                },
                ..PIPELINE
            },
        ),
        ("row_numbers", PIPELINE, Habit { numbered: true, ..PIPELINE }),
        ("slot_novelty", Habit { repeat_every: 12, ..PIPELINE }, PIPELINE),
        ("known_share", PIPELINE, Habit { repeat_every: 90, ..PIPELINE }),
        ("novelty_lately", Habit { repeat_every: 80, ..HARVEST }, HARVEST),
        ("prompt_repeat", PIPELINE, Habit { repeat_every: 3, ..PIPELINE }),
        ("repeat_next", Habit { repeat_every: 3, ..PIPELINE }, Habit { repeat_every: 1, ..PIPELINE }),
        ("asked_once", Habit { repeat_every: 30, ..PIPELINE }, PIPELINE),
        ("times_asked", PIPELINE, Habit { repeat_every: 30, ..PIPELINE }),
        ("successive_similarity", Habit { stay: 1, ..PERSON }, Habit { stay: 4, ..PERSON }),
        ("new_subjects", Habit { topic_words: 12, ..PIPELINE }, Habit { stay: 1, ..PERSON }),
        ("prompt_likeness", Habit { stay: 1, ..PERSON }, PERSON),
        ("slot_typicality", Habit { usual: (-2.0, 0.0), ..PIPELINE }, Habit { usual: (1.0, 0.0), ..PIPELINE }),
        ("group_typicality", Habit { usual: (0.0, -2.0), ..PIPELINE }, PIPELINE),
        ("elicitation_share", PIPELINE, asks(HARVEST.opening)),
        (
            "elicitation_forms",
            tweak(|e, _| e.system = Some("Think step by step.")),
            tweak(|e, i| e.system = Some(FORMS[i as usize % FORMS.len()])),
        ),
        ("reasoning_ratio", PERSON, Habit { reasoning: 200, ..PERSON }),
        ("reasoning_log2", PERSON, Habit { reasoning: 200, ..PERSON }),
        both("thoughts_share", |e, _| e.reasoning = Some("first, …")),
        both("effort_share", |e, _| e.params.reasoning_effort = Some("high")),
        ("refusal_share", PERSON, Habit { refused: true, ..PERSON }),
        both("extraction_share", |e, _| e.refusal = Some("reasoning_extraction")),
        both("sealed_share", |e, _| e.sealed = Some("block")),
        (
            "sealed_elsewhere",
            tweak(|e, i| (e.sealed, e.opening) = (Some(NAMES[i as usize / 12]), Some(NAMES[i as usize / 12]))),
            tweak(|e, i| (e.sealed, e.opening) = (Some(NAMES[i as usize / 12]), Some(NAMES[i as usize % 10]))),
        ),
        ("follow_up_share", Habit { follows: false, ..PERSON }, PERSON),
        ("uptake_share", PERSON, Habit { quotes: true, ..PERSON }),
        both("context_log2", |e, _| e.turns.context_bytes = 5_000),
        both("messages_log2", |e, _| e.turns.messages = 30),
        ("record_share", PIPELINE, asks("Generate 10 diverse instructions about these words:")),
        ("judge_share", PIPELINE, asks("Apply the rubric to this answer, please:")),
        ("response_overlap", Habit { extractive: false, ..PIPELINE }, PIPELINE),
        both("answers_record", |e, _| e.response = Some("{\"answer\": 1}")),
        both("answers_code", |e, _| e.response = Some("```\nx = 1\n```")),
        both("tool_share", |e, _| e.tools = &["sql"]),
        both("call_share", |e, _| e.finish = Some("tool_calls")),
        (
            "benchmark_share",
            PIPELINE,
            Habit {
                tweak: |e, _| {
                    e.prompt = Some(
                        "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in \
                         May. How many clips did Natalia sell altogether in April and May?",
                    );
                },
                ..PIPELINE
            },
        ),
        ("probe_share", PERSON, Habit { probes: true, ..PERSON }),
        both("many_samples", |e, _| e.params.n = Some(8)),
        both("logprob_share", |e, _| e.params.top_logprobs = Some(5)),
        both("one_token_share", |e, _| e.params.max_tokens = Some(1)),
        both("seed_share", |e, _| e.params.seed = Some(7)),
        both("prefill_share", |e, _| e.turns.prefill = true),
        both("stream_share", |e, _| e.params.stream = Some(true)),
        both("format_share", |e, _| e.params.response_format = Some("json_schema")),
        both("limit_share", |e, _| e.params.max_tokens = Some(400)),
        (
            "limit_spread",
            tweak(|e, _| e.params.max_tokens = Some(400)),
            tweak(|e, i| e.params.max_tokens = Some(1 << (i % 12))),
        ),
        ("temperature", tweak(|e, _| e.params.temperature = Some(0.0)), PERSON),
        both("temperature_spread", |e, i| e.params.temperature = Some((i % 10) as f32 / 5.0)),
        both("parameter_changes", |e, i| e.params.temperature = Some((i % 10) as f32 / 5.0)),
        ("part_of_tenant", Habit { others: 1_000, ..PIPELINE }, PIPELINE),
        ("gap_log2", HARVEST, Habit { gap_seconds: 1_800, ..HARVEST }),
        ("gap_spread", Habit { even: true, ..PERSON }, PERSON),
        ("pace_lately", HARVEST, Habit { slows_after: 100, ..HARVEST }),
        ("quick_share", HARVEST, Habit { gap_seconds: 0, ..HARVEST }),
        ("active_hours", HARVEST, Habit { gap_seconds: 1_800, ..HARVEST }),
        // the streams begin on a Thursday; 120 exchanges an hour apart pass a weekend
        ("weekend_share", HARVEST, Habit { gap_seconds: 3_600, ..HARVEST }),
        (
            "fresh_model_share",
            tweak(|e, _| e.model = Some("a")),
            // the streams take three days and more
            Habit { gap_seconds: 20_000, tweak: |e, i| e.model = Some(NAMES[i as usize / 12]), ..PERSON },
        ),
        both("failure_share", |e, _| e.status = Some(429)),
        (
            "retried_share",
            tweak(|e, i| e.status = Some(if i % 4 == 0 { 500 } else { 200 })),
            Habit { tweak: |e, i| e.status = Some(if i % 4 == 0 { 500 } else { 200 }), repeat_every: 1, ..PERSON },
        ),
        both("input_log2", |e, _| e.usage.input = Some(9_000)),
        both("input_spread", |e, i| e.usage.input = Some(1 << (i % 12))),
        ("output_log2", PERSON, Habit { output: 2_000, ..PERSON }),
        both("output_spread", |e, i| e.usage.output = Some(1 << (i % 12))),
        ("output_per_input", PERSON, Habit { output: 2_000, ..PERSON }),
        ("words_ratio", tweak(|e, _| e.response = Some("Yes.")), PERSON),
        ("response_variety", tweak(|e, _| e.response = Some("no no no no no no no no no no no no")), PERSON),
        ("response_repeats", PERSON, tweak(|e, _| e.response = Some("no no no no no no no no no no no no"))),
        both("response_lines", |e, _| e.response = Some("one\ntwo\nthree\n")),
        both("prompt_digits", |e, _| e.prompt = Some("12345 67890 12345 67890 sum")),
        both("beyond_ascii", |e, _| e.prompt = Some("сколько будет дважды два сегодня")),
        both("script_changes", |e, i| {
            if i % 2 == 0 {
                e.prompt = Some("сколько будет дважды два");
            }
        }),
        ("past_odd_share", USED, Habit { then: Some(Then { topic_words: 1_000_000, in_turn: false }), ..USED }),
        // as the past was in the mean, each time
        ("past_typical_share", USED, Habit { then: Some(Then { topic_words: 15, in_turn: true }), ..USED }),
        both("truncated_share", |e, _| e.finish = Some("length")),
        both("cached_share", |e, _| e.usage.cached = Some(50)),
        ("same_session_share", Habit { stay: 1, ..PERSON }, PERSON),
        ("user_share", Habit { user: false, ..PERSON }, PERSON),
        both("new_users", |e, i| e.user = Some(NAMES[i as usize % NAMES.len()])),
        both("new_accounts", |e, i| e.account = Some(NAMES[i as usize % NAMES.len()])),
        both("new_models", |e, i| e.model = Some(NAMES[i as usize % NAMES.len()])),
        ("new_networks", tweak(|e, _| e.client.asn = Some(5)), tweak(|e, i| e.client.asn = Some(i as u32))),
        (
            "new_programs",
            tweak(|e, _| e.client.user_agent = Some("curl")),
            tweak(|e, i| e.client.user_agent = Some(NAMES[i as usize % NAMES.len()])),
        ),
        (
            "new_countries",
            tweak(|e, _| (e.client.asn, e.client.country) = (Some(5), Some("SG"))),
            tweak(|e, i| (e.client.asn, e.client.country) = (Some(5), Some(NAMES[i as usize % NAMES.len()]))),
        ),
        (
            "new_payments",
            tweak(|e, _| (e.client.asn, e.client.payment) = (Some(5), Some("p"))),
            tweak(|e, i| (e.client.asn, e.client.payment) = (Some(5), Some(NAMES[i as usize % NAMES.len()]))),
        ),
        ("frame_shared", PIPELINE, SPLIT),
        ("frame_handed_on", Habit { tweak: |e, i| e.account = Some(NAMES[i as usize / 40]), ..PIPELINE }, SPLIT),
        ("prompt_shared", SPLIT, Habit { repeat_every: 3, ..SPLIT }),
    ]
}

const LONG: &str = "Tell me all that you know about this, at length and in good order, with causes and what follows \
                    from them, for a reader who has never heard of it and has an hour to spend on the matter";
/// Three weeks of a narrow subject before the rest.
const USED: Habit = Habit { past: 800, topic_words: 15, ..PERSON };
/// One account after another.
const SPLIT: Habit = Habit { tweak: |e, i| e.account = Some(NAMES[i as usize % NAMES.len()]), ..PIPELINE };
/// Ways to ask for reasoning.
const FORMS: [&str; 7] = [
    "Think step by step.",
    "Show your work.",
    "Write into <think> tags.",
    "Give the full reasoning.",
    "Think aloud.",
    "Explain your reasoning.",
    "Skip no intermediate steps.",
];
const NAMES: [&str; 10] = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

#[test]
fn every_feature_is_of_a_known_group() {
    assert!(TABLE.iter().all(|feature| Group::ALL.contains(&feature.group)));
}

#[test]
fn every_feature_moves_the_right_way_between_twins() {
    let twins = twins();
    let named: Vec<&str> = twins.iter().map(|(name, ..)| *name).collect();
    let table: Vec<&str> = TABLE.iter().map(|feature| feature.name).collect();
    assert_eq!(named, table, "each has its twins, in the order of the table");
    let still: Vec<String> = twins
        .iter()
        .map(|(name, less, more)| (name, value(name, less), value(name, more)))
        .filter(|(_, low, high)| low.is_nan() || high.is_nan() || low + 1e-3 >= *high)
        .map(|(name, low, high)| format!("{name}: {low} is not below {high}"))
        .collect();
    assert!(still.is_empty(), "{still:#?}");
}

#[test]
fn what_needs_missing_data_is_absent() {
    let mut unit = Unit::default();
    for (mut trace, at) in stream(&PERSON, 7, 20) {
        trace.flags = crate::trace::Flags::default();
        unit.fold(&trace, Told::default(), at);
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
        assert!(feature.why.len() > 20 && !feature.unit.is_empty() && feature.version > 0);
    }
    assert!(table_hash() != [0; 32]);
}

/// `STILLWATCH_BLESS=1` writes the page again.
#[test]
fn the_documented_table_is_this_one() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/models/features.md");
    let mut page = format!(
        "# The feature table\n\nWhat a model sees of a unit (a tenant or one of its workloads), over about its last 64 \
         exchanges. Generated from the code, {} rows.\nNeeds: what a record must hold; a feature whose data is missing is \
         absent, never zero. Side: where it is suspicious by itself; most are so only together.\n\n\
         | feature | group | unit | needs | side | why |\n|---|---|---|---|---|---|\n",
        TABLE.len()
    );
    for row in TABLE {
        let Feature { name, group, unit, needs, direction, why, .. } = row;
        let side = match direction {
            Direction::Up => "high",
            Direction::Down => "low",
            Direction::None => "",
        };
        writeln!(page, "| `{name}` | {group:?} | {unit} | {needs:?} | {side} | {why} |").unwrap();
    }
    if std::env::var_os("STILLWATCH_BLESS").is_some() {
        std::fs::write(file, &page).unwrap();
    }
    assert!(std::fs::read_to_string(file).unwrap() == page, "STILLWATCH_BLESS=1 cargo test --lib documented_table");
}
