//! Small deterministic streams of traces for tests: people, an honest pipeline, and a harvest.

use crate::finding::Seen;
use crate::record::{Exchange, Tier, Turns, Usage};
use crate::trace::slots::Typicality;
use crate::trace::{Trace, Tracer};
use crate::units::Millis;

/// Changes the `i`-th exchange of a stream.
pub(crate) type Tweak = fn(&mut Exchange<'_>, u64);

/// What a stream does. Tests change a field and compare twins.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "a test's switches")]
pub(crate) struct Habit {
    pub(crate) opening: &'static str,
    /// Different openings used in turn.
    pub(crate) openings: u64,
    pub(crate) topic_words: u64,
    /// Prompts per topic before the next.
    pub(crate) stay: u64,
    pub(crate) repeat_every: u64,
    pub(crate) follows: bool,
    pub(crate) session: bool,
    pub(crate) user: bool,
    pub(crate) refused: bool,
    pub(crate) probes: bool,
    pub(crate) extractive: bool,
    /// Prompts begin with what the last response said.
    pub(crate) quotes: bool,
    pub(crate) output: u32,
    pub(crate) reasoning: u32,
    pub(crate) gap_seconds: u64,
    pub(crate) even: bool,
    /// Pauses are a thousand times as long from this exchange on.
    pub(crate) slows_after: u64,
    /// Prompts begin with their number.
    pub(crate) numbered: bool,
    /// Exchanges of a past of three weeks, before the others.
    pub(crate) past: u64,
    /// Exchanges of the tenant elsewhere, before all of these.
    pub(crate) others: u64,
    /// What prompts are made of after the past, if of something else.
    pub(crate) then: Option<Then>,
    /// How far its slots are from calm ones, of all customers and of its group.
    pub(crate) usual: (f32, f32),
    pub(crate) account: &'static str,
    pub(crate) tweak: Tweak,
}

/// What prompts are made of.
#[derive(Clone, Copy)]
pub(crate) struct Then {
    pub(crate) topic_words: u64,
    /// The first words of the vocabulary each time, not any.
    pub(crate) in_turn: bool,
}

/// How long a past takes.
const PAST: i64 = 21 * Millis::DAY;

pub(crate) const PERSON: Habit = Habit {
    opening: "",
    openings: 1_000_000,
    topic_words: 40,
    stay: 6,
    repeat_every: 0,
    follows: true,
    session: true,
    user: true,
    refused: false,
    probes: false,
    extractive: false,
    quotes: false,
    output: 300,
    reasoning: 30,
    gap_seconds: 400,
    even: false,
    slows_after: u64::MAX,
    numbered: false,
    usual: (0.0, 0.0),
    past: 0,
    others: 0,
    then: None,
    account: "seat",
    tweak: |_, _| {},
};
pub(crate) const PIPELINE: Habit = Habit {
    opening: "Summarise the following customer report briefly:",
    openings: 1,
    topic_words: 4_000,
    stay: 1,
    follows: false,
    session: false,
    user: false,
    extractive: true,
    output: 120,
    gap_seconds: 60,
    account: "batch",
    ..PERSON
};
pub(crate) const HARVEST: Habit = Habit {
    opening: "Solve the problem step by step and show your reasoning:",
    openings: 1,
    topic_words: 1_000_000,
    stay: 1,
    follows: false,
    session: false,
    user: false,
    output: 1_500,
    reasoning: 900,
    gap_seconds: 20,
    even: true,
    account: "key",
    ..PERSON
};

pub(crate) fn scatter(value: u64) -> u64 {
    let mut x = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

fn words(seed: u64, vocabulary: u64, count: u64) -> String {
    let word = |i| format!("w{:x}", scatter(scatter(seed.wrapping_add(i)) % vocabulary) & 0xff_ffff);
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}

fn words_in_turn(vocabulary: u64, count: u64) -> String {
    let word = |i| format!("w{:x}", scatter(i % vocabulary) & 0xff_ffff);
    (0..count).map(word).collect::<Vec<_>>().join(" ")
}

/// The first `count` traces of a habit.
pub(crate) fn stream(habit: &Habit, seed: u64, count: u64) -> Vec<(Trace<'static>, Seen)> {
    let tracer = Tracer::new(b"secret for tests");
    let mut ts = Millis(1_780_000_000_000 + (scatter(seed) % 86_400_000) as i64);
    (0..count)
        .map(|i| {
            let random = scatter(seed ^ scatter(i));
            let asked = if habit.repeat_every > 0 { i % habit.repeat_every } else { i };
            let topic = scatter(seed ^ (asked / habit.stay));
            let usual = Then { topic_words: habit.topic_words, in_turn: false };
            let Then { topic_words: vocabulary, in_turn } = habit.then.filter(|_| i >= habit.past).unwrap_or(usual);
            let opening = if habit.openings == 1 {
                habit.opening.to_owned()
            } else {
                format!("{} {}", words(scatter(seed ^ (asked % habit.openings)), 1_000, 6), habit.opening)
            };
            let slot = if in_turn {
                words_in_turn(vocabulary, 30)
            } else {
                words(topic, vocabulary, 15) + " " + &words(topic ^ asked, vocabulary, 15)
            };
            let number = if habit.numbered { format!("{i}. ") } else { String::new() };
            let before = scatter(seed ^ scatter(i.wrapping_sub(1)));
            let quote = if habit.quotes { words(before, 100_000, 12) } else { String::new() };
            let prompt = format!("{number}{opening} {quote} {slot}");
            let response = if habit.extractive { slot } else { words(random, 100_000, 40) };
            let session = format!("s{}", asked / habit.stay);
            let gap =
                if habit.even { habit.gap_seconds } else { habit.gap_seconds * (random % 64) * (random % 64) / 1_000 };
            let gap = if i >= habit.slows_after { gap * 1_000 } else { gap };
            ts = ts.plus(if i < habit.past { PAST / habit.past as i64 } else { gap as i64 * 1_000 });
            let mut exchange = Exchange {
                tenant: "acme",
                account: Some(habit.account),
                user: habit.user.then_some("u"),
                session: habit.session.then_some(session.as_str()),
                prompt: Some(&prompt),
                response: Some(&response),
                turns: Turns {
                    messages: 3,
                    assistant: u32::from(habit.follows && i % habit.stay > 0),
                    ..Turns::default()
                },
                usage: Usage {
                    input: Some(60 + (random % 50) as u32),
                    output: Some(habit.output + (random % u64::from(habit.output)) as u32),
                    reasoning: Some(habit.reasoning),
                    cached: None,
                },
                finish: Some(if habit.refused && i % 2 == 0 { "content_filter" } else { "stop" }),
                tier: Tier::Content,
                ts,
                ..Exchange::default()
            };
            exchange.params.logprobs = Some(habit.probes);
            (habit.tweak)(&mut exchange, i);
            let trace = tracer.trace(&exchange);
            let mut trace = trace.renamed("acme", Some(habit.account));
            trace.typicality = Typicality { all: Some(habit.usual.0), group: Some(habit.usual.1) };
            (trace, Seen { ts, offset: i as i64 })
        })
        .collect()
}
