//! Rules against counts worked out by hand.

use super::*;
use crate::tenant::stream::{HARVEST, PERSON, stream};
use crate::units::Millis;

const BLIND: Glimpse = Glimpse {
    surface: None,
    embedding: None,
    fields: [f32::NAN; super::super::glimpse::fields::WIDTH],
    names: [0; super::super::glimpse::fields::NAMES.len()],
};

/// A rule's values of one exchange after the other: a trace each, and the minute it comes in.
fn values<'t>(
    mut add: impl FnMut(Step<'_, '_>, &mut Track),
    exchanges: impl IntoIterator<Item = (i64, &'t Trace<'static>)>,
) -> Vec<f64> {
    let mut values = Vec::new();
    for (exchanges, (minute, trace)) in (1..).zip(exchanges) {
        let at = Moment { ts: Millis(minute * Millis::MINUTE), exchanges, ..Moment::default() };
        let mut track = Track::default();
        add(Step { trace, glimpse: &BLIND, at: &at, harvested: false }, &mut track);
        values.push(track.highest);
    }
    values
}

fn traces(habit: &crate::tenant::stream::Habit, count: u64) -> Vec<Trace<'static>> {
    stream(habit, 3, count).into_iter().map(|(trace, _)| trace).collect()
}

#[test]
fn volume_counts_the_calls_of_an_hour() {
    let (mut rule, calls) = (volume::Volume::default(), traces(&PERSON, 4));
    let said = values(|step, track| rule.add(step, track), [0, 30, 59, 60].into_iter().zip(&calls));
    assert_eq!(said, [1.0, 2.0, 3.0, 3.0], "the first is an hour old");
}

#[test]
fn all_three_parts_of_the_token_product_count() {
    let said = |input: u32, output: u32| {
        let mut call = traces(&PERSON, 1)[0];
        (call.input_tokens, call.output_tokens) = (input, output);
        let mut rule = token_product::TokenProduct::default();
        values(|step, track| rule.add(step, track), [0; 11].into_iter().chain([60]).map(|minute| (minute, &call)))
    };
    let all = said(6_000, 600);
    assert!(all[9] < token_product::THRESHOLD && all[10] >= token_product::THRESHOLD, "{all:?}");
    assert_eq!(all[11], 0.1, "another hour");
    for (input, output) in [(5_000, 600), (6_000, 500)] {
        assert!(said(input, output).iter().all(|value| *value < token_product::THRESHOLD));
    }
}

#[test]
fn phrases_are_counted_among_the_last_hundred() {
    let (harvest, people) = (traces(&HARVEST, 120), traces(&PERSON, 60));
    let mut rule = phrases::PhraseRule::default();
    let said = values(|step, track| rule.add(step, track), harvest.iter().chain(&people).map(|trace| (0, trace)));
    assert_eq!((said[0], said[119], said[179]), (1.0, 100.0, 40.0));
}

#[test]
fn prompts_of_one_beginning_are_counted_once_each() {
    let harvest = traces(&HARVEST, 30);
    let mut rule = prefix::PrefixRule::default();
    let twice = harvest.iter().chain(&harvest).map(|trace| (0, trace));
    let said = values(|step, track| rule.add(step, track), twice);
    assert_eq!((said[29], said[59]), (30.0, 30.0));
    let mut rule = prefix::PrefixRule::default();
    let people = traces(&PERSON, 30);
    let said = values(|step, track| rule.add(step, track), people.iter().map(|trace| (0, trace)));
    assert!(said.iter().all(|value| *value < 5.0), "no beginning is fixed: {said:?}");
}
