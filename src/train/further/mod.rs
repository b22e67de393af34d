//! Further models, judged where `--ablate` asks: what they find alone, and what they would add to the trees.
//!
//! Those of calm windows alone: how much of a window its principal components leave over, how far it is outside of
//! what a one-class support vector machine holds, how soon an isolation forest cuts it off. A line through single
//! exchanges. And a stack: the line through
//! what all parts say, fitted on one half of the tenants held back and judged on the other. None is part of an artefact:
//! a model that adds nothing goes, and the card says with which number.

pub(super) mod exchanges;
mod isolation;
mod parts;

use std::collections::BTreeMap;

use ndarray::Array2;

use super::TrainError;
use super::fit::{self, LINE_ROWS, drawn, windows};
use super::part::{Part, most};
use super::survey::{Side, Surveyed, Window, place};
use super::worth::{Bench, Found};
use crate::model::Model;
use crate::model::artifact::Body;

/// Which half a tenant is of.
const HALVES: u64 = 0x2f6e_2b1d_9b8a_1a35;

/// What each further model finds at the bench's budget, and what all parts find together.
pub(super) fn further(
    body: &Body,
    model: &Model,
    calm: &[&Surveyed],
    bench: &Bench<'_>,
    opinions: &[&Part<'_>],
    seed: u64,
) -> Result<Vec<(&'static str, Found)>, TrainError> {
    let calm = windows(calm, Side::Calm);
    let rows = |most: usize| fit::rows(body, &drawn(&calm, most));
    let standard = |window: &Window| crate::model::opinion::standard(&window.row, &body.center, &body.scale);
    let mut parts: Vec<Part<'_>> = Vec::new();
    // where linfa finds none there is none to judge
    if let Some(left_over) = parts::left_over(&rows(parts::COMPONENTS_ROWS)) {
        parts.push(Part::new("principal components", bench, move |window| left_over(&standard(window)))?);
    }
    if let Some(outside) = parts::outside(rows(parts::MACHINE_ROWS)) {
        parts.push(Part::new("one-class SVM", bench, move |window| outside(&standard(window)))?);
    }
    let forest = isolation::Isolation::new(&rows(isolation::ROWS), seed);
    parts.push(Part::new("isolation forest", bench, move |window| forest.oddness(&standard(window)))?);
    let mut judging = bench.calm.iter().chain(&bench.attackers).flat_map(|tenant| &tenant.windows);
    if judging.all(|window| window.by_exchange.is_some()) {
        let odds = |window: &Window| window.by_exchange.map_or(0.0, f64::from);
        parts.push(Part::new("exchange classifier", bench, odds)?);
    }
    let alone = |part: &Part<'_>| (part.name, Found::total(part.found(bench).values()));
    let mut found: Vec<(&'static str, Found)> = parts.iter().map(alone).collect();

    let all: Vec<&Part<'_>> = parts.iter().chain(opinions.iter().copied()).collect();
    let says = |window: &Window| {
        let trees = f64::from(model.score_row(&window.row, window.exchanges).score);
        std::iter::once(trees).chain(all.iter().map(|part| part.says(window))).collect::<Vec<f64>>()
    };
    found.extend(stacked(bench, all.len() + 1, says).map(|stack| ("stack of all", Found::total(stack.values()))));
    Ok(found)
}

/// Each half is judged by the line that the other half gave; none where linfa finds none.
fn stacked(bench: &Bench<'_>, width: usize, says: impl Fn(&Window) -> Vec<f64>) -> Option<BTreeMap<String, Found>> {
    let half = |tenant: &Surveyed| (place(&tenant.name, HALVES) % 2) as usize;
    let of = |tenants: &[&Surveyed], side, which: usize| {
        windows(&tenants.iter().copied().filter(|tenant| half(tenant) == which).collect::<Vec<_>>(), side)
    };
    let mut lines = Vec::new();
    for which in 0..2 {
        let (calm, harvest) = (of(&bench.calm, Side::Calm, which), of(&bench.attackers, Side::Harvest, which));
        let (calm, harvest) = (drawn(&calm, LINE_ROWS), drawn(&harvest, LINE_ROWS));
        let mut rows = Array2::<f64>::zeros((calm.len() + harvest.len(), width));
        for (mut row, window) in rows.rows_mut().into_iter().zip(calm.iter().chain(&harvest)) {
            row.iter_mut().zip(says(window)).for_each(|(cell, value)| *cell = value);
        }
        lines.push(fit::line_of(rows, calm.len()).ok()?);
    }
    let odds = |tenant: &Surveyed, window: &Window| {
        let line = &lines[1 - half(tenant)];
        line.intercept + line.weights.iter().zip(says(window)).map(|(weight, value)| weight * value).sum::<f64>()
    };
    // the parts were related to calm windows already: what they say together is compared as it is
    Some(bench.found(|tenant| most(tenant, |window| odds(tenant, window))))
}
