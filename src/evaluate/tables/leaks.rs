//! How much the surface of the text alone gives away, by family. Between twins it must be near chance,
//! else attackers and innocents were made from different text, and every other figure flatters. A line
//! that never saw twins could not tell them apart whatever they leak, so one is fitted to the twins
//! themselves, and each pair is scored by a line that saw the others alone.
//!
//! A twin does innocent work in the harvest's place. Where there is none, the attacker's control stands in,
//! and the figure is an upper bound: a control has nothing in that place, so any further workload would show.

use std::collections::BTreeMap;

use serde::Serialize;

use super::comparison::area;
use super::{LEAST_TENANTS, View};
use crate::evaluate::statistics::Estimate;
use crate::evaluate::statistics::logistic::{Logistic, Sample};
use crate::evaluate::tenant::{SURFACE_MEANS, SURFACE_WIDTH};
use crate::evaluate::truth::Side;

/// One family.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LeakRow {
    /// Its name, or `all`.
    pub family: String,
    /// Tenants that only harvest.
    pub pure: usize,
    /// Surface-only area of them against all innocent tenants.
    pub against_innocents: Option<Estimate>,
    /// Attackers with an innocent twin.
    pub twins: usize,
    /// Surface-only area of attackers against their twins.
    pub against_twins: Option<Estimate>,
    /// The same by what texts are like in the mean, without how they spread: who comes back to the same spreads less,
    /// which is behaviour and no mark of a text.
    pub by_means: Option<Estimate>,
    /// What that says.
    pub verdict: Leak,
}

/// Whether the surface tells twins apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Leak {
    /// The interval holds a half.
    NotShown,
    /// It lies beside a half: so much of any recall may be text, not behaviour.
    ToldApart,
    /// Too few twins.
    NoStatementPossible,
}

impl Leak {
    fn of(area: Option<Estimate>) -> Leak {
        match area {
            None => Leak::NoStatementPossible,
            Some(area) if area.low <= 0.5 && 0.5 <= area.high => Leak::NotShown,
            Some(_) => Leak::ToldApart,
        }
    }

    /// In words.
    pub fn text(self) -> &'static str {
        match self {
            Leak::NotShown => "near chance",
            Leak::ToldApart => "told apart",
            Leak::NoStatementPossible => "no statement possible",
        }
    }
}

/// Attacker's and twin's score by the attacker's place.
type Scores = BTreeMap<usize, (f64, f64)>;

/// Folds of the line between twins.
const FOLDS: usize = 5;

/// All families together, then each; `view` shows the surface-only detector.
pub fn rows(view: &View<'_>) -> Vec<LeakRow> {
    let twins = twins(view);
    let both = [SURFACE_WIDTH, SURFACE_MEANS].map(|figures| scores(view, &twins, figures));
    let mut families = BTreeMap::<&str, Vec<usize>>::new();
    for (place, tenant) in view.tenants.iter().enumerate().filter(|(_, tenant)| tenant.is_attacker()) {
        families.entry("").or_default().push(place);
        families.entry(&tenant.truth.family).or_default().push(place);
    }
    families.into_iter().map(|(family, places)| row(view, family, &places, &both)).collect()
}

/// The innocent twin of each attacker that has one, else its control.
pub fn twins(view: &View<'_>) -> BTreeMap<usize, usize> {
    let by_name: BTreeMap<&str, usize> = view.tenants.iter().enumerate().map(|(i, t)| (t.name, i)).collect();
    let mut twins = BTreeMap::new();
    for (place, tenant) in view.tenants.iter().enumerate() {
        let Some(&other) = tenant.truth.twin.as_deref().and_then(|twin| by_name.get(twin)) else {
            continue;
        };
        let (attacker, innocent) = match (tenant.is_attacker(), view.tenants[other].is_attacker()) {
            (true, false) => (place, other),
            (false, true) => (other, place),
            _ => continue,
        };
        let stands_in = view.tenants[innocent].truth.side == Side::Control;
        if !stands_in || !twins.contains_key(&attacker) {
            twins.insert(attacker, innocent);
        }
    }
    twins
}

/// Out-of-fold scores of the first figures of each attacker's and its twin's surface, at their ends. A tenant too small
/// for a surface says nothing of it.
fn scores(view: &View<'_>, twins: &BTreeMap<usize, usize>, first: usize) -> Scores {
    let figures = |place: usize| Some(&view.tenants[place].seen.surfaces.last()?.figures[..first]);
    let of = |(attacker, twin): (&usize, &usize)| Some((*attacker, figures(*attacker)?, figures(*twin)?));
    let pairs: Vec<(usize, &[f64], &[f64])> = twins.iter().filter_map(of).collect();
    let mut scores = BTreeMap::new();
    for fold in 0..FOLDS {
        let others = pairs.iter().enumerate().filter(|(place, _)| place % FOLDS != fold);
        let samples: Vec<Sample<'_>> =
            others.flat_map(|(_, (_, attack, calm))| [(*attack, true, 1.0), (*calm, false, 1.0)]).collect();
        let Some(line) = Logistic::fit(&samples) else {
            continue;
        };
        let mine = pairs.iter().skip(fold).step_by(FOLDS);
        scores.extend(mine.map(|(place, attack, calm)| (*place, (line.score(attack), line.score(calm)))));
    }
    scores
}

fn row(view: &View<'_>, family: &str, places: &[usize], [whole, means]: &[Scores; 2]) -> LeakRow {
    let score = |place: usize| view.detector.tracks[place].highest;
    let pure: Vec<f64> = places.iter().filter(|p| view.tenants[**p].truth.is_pure()).map(|p| score(*p)).collect();
    let calm = (0..view.tenants.len()).filter(|place| view.tenants[*place].counts_as_innocent());
    let calm: Vec<f64> = calm.map(score).collect();
    let sides = |scores: &Scores| -> (Vec<f64>, Vec<f64>) {
        places.iter().filter_map(|place| scores.get(place)).copied().unzip()
    };
    let (attack, innocent) = sides(whole);
    let against_twins = area(&attack, &innocent, view.bootstrap, 1);
    let (attack_means, innocent_means) = sides(means);
    LeakRow {
        family: if family.is_empty() { "all".into() } else { family.to_owned() },
        pure: pure.len(),
        against_innocents: area(&pure, &calm, view.bootstrap, 2).filter(|_| pure.len() >= LEAST_TENANTS),
        twins: attack.len(),
        against_twins,
        by_means: area(&attack_means, &innocent_means, view.bootstrap, 3),
        verdict: Leak::of(against_twins),
    }
}
